// The TLS of the server, and what a client showed in the handshake.
#pragma once

#include <openssl/ssl.h>

#include <vector>

#include "net/tls_context.hpp"
#include "reload/bytes.hpp"
#include "services/enrolld/http/server.hpp"

namespace ringway::enrolld_http {

Result<net::TlsContextPtr> make_server_tls(const ServerSettings& settings,
                                           const ServerCredentials& credentials);

// The leaf first; empty when there is none.
std::vector<SharedBytes> client_certificates(const SSL* ssl);

}  // namespace ringway::enrolld_http
