// What all handshakes of a peer share: its key and certificates, and which TLS is spoken at all. There is no
// clear-text mode and none without authentication (SEC-26, SEC-27).
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <memory>
#include <string_view>

#include "reload/result.hpp"

namespace ringway::net {

using TlsContextPtr = std::shared_ptr<boost::asio::ssl::context>;

// What is common to all TLS spoken here: versions, suites, no resumption. It has no credentials and asks for
// the other side's certificate; who uses it for anything but links says how that is judged.
Result<TlsContextPtr> make_bare_tls_context();
// The same of DTLS, 1.2 only.
Result<TlsContextPtr> make_bare_dtls_context();
// `certificates_pem`: the own certificate, then its chain.
Outcome<> use_credentials(boost::asio::ssl::context& context, std::string_view private_key_pem,
                          std::string_view certificates_pem);

// `certificates_pem`: the node's certificate, then its chain. Serves both sides of a link.
Result<TlsContextPtr> make_tls_context(std::string_view private_key_pem, std::string_view certificates_pem);

}  // namespace ringway::net
