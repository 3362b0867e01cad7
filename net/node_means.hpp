// What a node shakes hands with: its key and certificates, and the overlay's shared secret where there is
// one; which of them is used depends on the configuration document.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "net/handshake_host.hpp"
#include "reload/result.hpp"

namespace ringway::net {

struct NodeMeans {
  TlsContextPtr certificates;  // this node's
  TlsContextPtr datagrams;     // the same for DTLS
  std::shared_ptr<const security::Signer> signer;
  TlsContextPtr shared_key;  // null: not in shared-secret mode

  // Wipes the key's text.
  static Result<NodeMeans> make(std::string& private_key_pem, const std::string& certificates_pem);
  // Of none, out of shared-secret mode.
  Outcome<> key_with(const std::string& overlay_name, std::optional<std::string> secret);
  HandshakeMeans chosen() const {
    return shared_key ? HandshakeMeans{shared_key, signer} : HandshakeMeans{certificates, nullptr, datagrams};
  }
};

}  // namespace ringway::net
