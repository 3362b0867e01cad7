// What a connection is for, said in its handshake (ALPN, RFC 7301): one of an application names it, a RELOAD
// link offers no protocol. So the listener can tell them apart before a byte is read, and neither can pass
// for the other.
#pragma once

#include <openssl/ssl.h>

#include <optional>
#include <string>
#include <string_view>

#include "reload/result.hpp"
#include "reload/routing/messages.hpp"

namespace ringway::net {

// "ringway/61441", say: the Application-ID. Empty: of a RELOAD link.
std::string protocol_name(std::optional<routing::Application> application);
// None also for a name that is not of an application of ours.
std::optional<routing::Application> application_named(std::string_view protocol);

// Of a server: accepts the names of our applications, and refuses every other in the handshake.
void accept_protocol_names(SSL_CTX* context);
// In place of these the one name, which is kept as long as the context.
void accept_protocol_name(SSL_CTX* context, const std::string& name);
// Of a client, before the handshake; empty: offers none.
Outcome<> offer_protocol_name(SSL* ssl, const std::string& name);
// What both ends have agreed on, after the handshake; empty when nothing was offered, or taken.
std::string agreed_protocol_name(const SSL* ssl);

}  // namespace ringway::net
