// What handshakes need of whoever has them made: the key to shake hands with, whom to trust, how long it may
// take, and how they are stopped.
#pragma once

#include <memory>

#include "net/stoppables.hpp"
#include "net/tls_context.hpp"
#include "reload/security/signer.hpp"
#include "reload/security/trust.hpp"
#include "reload/time.hpp"

namespace ringway::net {

// In shared-secret mode `tls` holds the overlay's key, and `prover` what each end proves itself with
// afterwards; else `tls` holds this node's certificate.
struct HandshakeMeans {
  TlsContextPtr tls;
  std::shared_ptr<const security::Signer> prover;
  TlsContextPtr dtls = nullptr;  // for links over datagrams; null in shared-secret mode, which has none
};

class HandshakeHost {
 public:
  virtual ~HandshakeHost() = default;
  virtual HandshakeMeans means() const = 0;
  virtual security::TrustPtr trust() const = 0;
  virtual Duration handshake_timeout() const = 0;
  virtual Stoppables& sockets() = 0;
  virtual void note_failed_handshake() = 0;
};

}  // namespace ringway::net
