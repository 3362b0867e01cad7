// TLS towards phones, and towards the servers that we connect to for them.
#pragma once

#include <memory>
#include <string>

#include "net/sockets.hpp"
#include "net/tls_context.hpp"
#include "reload/result.hpp"

namespace ringway::net::phones {

struct PhoneSettings;

struct PhoneTls {
  TlsContextPtr server;  // null: without files there is none
  TlsContextPtr client;
};

// Reads the files of the settings.
Result<PhoneTls> load_phone_tls(const PhoneSettings& settings);

// Before the handshake of a client: the server's certificate has to be for `name` (RFC 5922 §7), a domain or
// an address. Why it is refused is in `refusal`, which lives as long as the stream.
Outcome<> expect_server(TlsStream& stream, const std::string& name, std::shared_ptr<std::string> refusal);

}  // namespace ringway::net::phones
