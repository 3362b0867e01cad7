// What the connections of one AppLinks share besides their flows: whom they trust, what they shake hands
// with, and which of them stand, so that those of nodes that are not trusted any more can be ended.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "net/app_links/app_links.hpp"
#include "net/handshake.hpp"
#include "net/node_means.hpp"
#include "net/phones/connection.hpp"
#include "net/phones/flow_hub.hpp"

namespace ringway::net::app_links {

class PeerPipe;

class AppHub : public HandshakeHost {
 public:
  AppHub(AppLinkSettings settings, NodeMeans means, security::TrustPtr trust,
         std::shared_ptr<phones::PhoneEvents> listener);

  const AppLinkSettings& settings() const { return settings_; }
  const std::shared_ptr<phones::FlowHub>& flows() const { return flows_; }

  // HandshakeHost
  HandshakeMeans means() const override;
  security::TrustPtr trust() const override;
  Duration handshake_timeout() const override { return settings_.handshake_timeout; }
  Stoppables& sockets() override { return flows_->stoppables; }
  void note_failed_handshake() override { ++handshakes_failed_; }

  void replace_trust(security::TrustPtr trust);
  Outcome<> replace_shared_secret(std::optional<std::string> secret);
  Outcome<> replace_credentials(std::string private_key_pem, const std::string& certificates_pem);

  // A connection that has begun; what it is for the pipe. Ends with the pipe.
  void enter(const PeerPipe* pipe, const std::shared_ptr<phones::Connection>& connection);
  // Its handshake is done. Fails when the trust has changed meanwhile, and does not accept it.
  Outcome<> admit(const PeerPipe* pipe, const Authenticated& peer);
  void leave(const PeerPipe* pipe);

  AppLinkCounters counters() const;

 private:
  struct Member {
    std::weak_ptr<phones::Connection> connection;
    security::CertificatePtr certificate;  // null: not admitted yet
    std::vector<SharedBytes> chain_der;
  };

  void name_protocol(const NodeMeans& means) const;

  const AppLinkSettings settings_;
  const std::shared_ptr<phones::FlowHub> flows_;

  mutable std::mutex mutex_;  // of the next three
  NodeMeans means_;
  security::TrustPtr trust_;
  std::unordered_map<const PeerPipe*, Member> members_;

  std::atomic<std::uint64_t> handshakes_failed_{0}, no_longer_trusted_{0};
};

}  // namespace ringway::net::app_links
