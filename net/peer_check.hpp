// Whether the other side of a handshake is who it must be: asked by OpenSSL in place of its own verification,
// answered by security::Trust (SEC-27) and, when we know whom we called, by the Node-ID (SEC-28).
#pragma once

#include <openssl/ssl.h>

#include <optional>
#include <string>
#include <vector>

#include "reload/security/certificate.hpp"
#include "reload/security/trust.hpp"

namespace ringway::net {

// One handshake's question and answer.
struct PeerCheck {
  security::TrustPtr trust;
  std::optional<NodeId> expected;  // none: any trusted node (BOOT-05)

  security::CertificatePtr certificate;  // set when the other side is accepted
  std::vector<SharedBytes> chain_der;    // what it sent besides
  std::string refusal;                   // why it is not
};

// The same question about a certificate that came otherwise. False: `refusal` says why.
bool judge_certificate(PeerCheck& check, const SharedBytes& leaf_der, std::vector<SharedBytes> others_der);

// All handshakes of this context ask the PeerCheck of their SSL; without one they fail.
void install_peer_check(SSL_CTX* context);
// `check` must live as long as the handshake.
void set_peer_check(SSL* ssl, PeerCheck* check);

}  // namespace ringway::net
