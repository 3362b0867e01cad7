// What a connection is for, said in its handshake (ALPN, RFC 7301): one of an application names it, a RELOAD
// link offers no protocol. So the listener can tell them apart before a byte is read, and neither can pass
// for the other.
#pragma once

#include <openssl/ssl.h>

#include <optional>
#include <string>

#include "reload/result.hpp"
#include "reload/routing/messages.hpp"

namespace ringway::net {

// "ringway/61441", say: the Application-ID.
std::string protocol_name(routing::Application application);

// Of a server: accepts the names of our applications, and refuses every other in the handshake.
void accept_protocol_names(SSL_CTX* context);
// Of a client, before the handshake; none: a RELOAD link.
Outcome<> offer_protocol_name(SSL* ssl, std::optional<routing::Application> application);
// What both ends have agreed on, after the handshake; a failure when it is no application of ours.
Result<std::optional<routing::Application>> agreed_application(const SSL* ssl);

}  // namespace ringway::net
