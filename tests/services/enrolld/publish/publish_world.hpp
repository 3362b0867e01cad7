// What the tests of publishing share: an overlay's authority and its signed documents, and peers at the other
// end of real links.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include "net/io_pool.hpp"
#include "net/tls_links.hpp"
#include "reload/config/configuration.hpp"
#include "reload/routing/routing_component.hpp"
#include "tests/support/test_authority.hpp"

namespace ringway::enrolld::test {

using ringway::test::node_id;

class CountingRandom : public Random {
 public:
  std::uint64_t next() override { return ++last_; }

 private:
  std::uint64_t last_ = 0;
};

struct World {
  using Change = std::function<void(config::Configuration&)>;

  // Signed by the signer whom documents name, unless told otherwise.
  SharedBytes document(std::uint16_t sequence, const Change& change = {},
                       const ringway::test::SignerPtr& signed_by = nullptr) const;
  config::ConfigurationPtr parsed(std::uint16_t sequence, const Change& change = {}) const;

  ringway::test::TestAuthority authority;
  ringway::test::SignerPtr signer = authority.issue("signer@example.org", node_id(0xD0));
};

wire::IpAddressPort loopback(std::uint16_t port = 0);

// A peer that is alone in its ring: what a peer has for links and routing, without its actors.
class RunningPeer : public net::LinkEvents {
 public:
  static std::shared_ptr<RunningPeer> start(net::IoPool& pool, const World& world, const NodeId& node,
                                            config::ConfigurationPtr document,
                                            const ringway::test::IssueOptions& issue = {});
  void stop();

  wire::IpAddressPort address() const { return links_->listening_on(); }
  const NodeId& node() const { return node_; }
  std::uint16_t sequence() const;
  // True once no link is up; false when that takes too long.
  bool all_links_gone() const;

  void link_up(routing::LinkUp event) override;
  void link_down(routing::LinkDown event) override;
  void link_suspected(routing::LinkSuspected event) override { input(event); }
  void link_messages(link::LinkId link, std::vector<SharedBytes> messages) override;

 private:
  RunningPeer(const World& world, const NodeId& node, const config::ConfigurationPtr& document,
              const ringway::test::SignerPtr& signer);
  void input(routing::Input what);
  void carry_out(routing::Outputs& outputs);

  const NodeId node_;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  security::Inspector inspector_;
  routing::RoutingComponent routing_;
  std::size_t links_up_ = 0;
  bool stopped_ = false;
  std::shared_ptr<net::TlsLinks> links_;
};

// Takes links and messages, and never says anything.
class SilentPeer {
 public:
  SilentPeer(net::IoPool& pool, const ringway::test::TestAuthority& authority, const NodeId& node);
  ~SilentPeer() { links_->stop(); }
  SilentPeer(const SilentPeer&) = delete;
  SilentPeer& operator=(const SilentPeer&) = delete;
  wire::IpAddressPort address() const { return links_->listening_on(); }
  // True once it was sent something; false when that takes too long.
  bool was_asked() const;

 private:
  struct Ears;
  std::shared_ptr<Ears> ears_;
  std::shared_ptr<net::TlsLinks> links_;
};

}  // namespace ringway::enrolld::test
