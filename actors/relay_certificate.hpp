// The certificate that a relay's clients over TLS see. Another can take its place while the relay listens:
// each handshake looks here for the present one.
#pragma once

#include <memory>
#include <mutex>
#include <string_view>

#include "net/tls_context.hpp"
#include "reload/result.hpp"

namespace ringway::actors {

class RelayCertificate {
 public:
  static Result<std::shared_ptr<RelayCertificate>> make(std::string_view private_key_pem,
                                                        std::string_view certificates_pem);
  RelayCertificate() = default;
  RelayCertificate(const RelayCertificate&) = delete;
  RelayCertificate& operator=(const RelayCertificate&) = delete;

  // For later handshakes. Where it fails, the one before stays.
  Outcome<> replace(std::string_view private_key_pem, std::string_view certificates_pem);
  // For the sockets; this object outlives them.
  net::TlsContextPtr listening() const { return listening_; }
  // As handshakes find it.
  net::TlsContextPtr present() const;

 private:
  mutable std::mutex mutex_;
  net::TlsContextPtr present_;
  net::TlsContextPtr listening_;
};

}  // namespace ringway::actors
