// Peers' ends of connections of applications for tests: what happens to them is recorded, and waited for with
// a limit.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "net/app_links/app_links.hpp"
#include "net/io_pool.hpp"
#include "tests/support/test_authority.hpp"

namespace ringway::net::app_links::test {

inline constexpr std::chrono::seconds k_patience{20};

wire::IpAddressPort loopback(std::uint16_t port = 0);

class Recorder : public phones::PhoneEvents {
 public:
  void flow_up(phones::FlowUp event) override;
  void received(phones::Received event) override;
  void drained(FlowId flow) override;
  void flow_down(phones::FlowDown event) override;

  struct Seen {
    std::vector<phones::FlowUp> ups;
    std::vector<phones::Received> received;
    std::vector<FlowId> drained;
    std::vector<phones::FlowDown> downs;

    std::string text_of(FlowId flow) const;  // all that came over it
    bool is_down(FlowId flow) const;
    std::string why_down(FlowId flow) const;
  };
  Seen seen() const;
  // True once `enough` is; false when that takes too long.
  bool wait(const std::function<bool(const Seen&)>& enough) const;
  void credit_to(AppLinks* links);  // null: keep the credits

 private:
  template <typename Change>
  void change(const Change& change);

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  Seen seen_;
  AppLinks* credit_to_ = nullptr;
};

struct PeerOptions {
  std::optional<ringway::test::Credentials> credentials = {};  // default: issued by the authority
  security::TrustPtr trust = {};                               // default: the authority's
  std::function<void(AppLinkSettings&)> change = {};
};

// One peer's end of everything.
class Peer {
 public:
  Peer(IoPool& pool, const ringway::test::TestAuthority& authority, const NodeId& node,
       const std::string& user, const PeerOptions& options = {});
  ~Peer();
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  AppLinks& links() { return *links_; }
  Recorder& events() { return *events_; }
  Recorder::Seen seen() const { return events_->seen(); }
  wire::IpAddressPort address() const { return links_->listening_on(); }
  FlowId connect(const Peer& other, const NodeId& node);
  // The flow that came up as number `index`; gives up after the usual patience.
  phones::FlowUp flow(std::size_t index = 0) const;
  bool wait_down(FlowId flow) const;
  // Once there are so many; the other side may hear of a refusal before it is counted.
  std::uint64_t handshakes_failed(std::uint64_t at_least) const;
  bool wait_text(FlowId flow, const std::string& text) const;
  void send(FlowId flow, const std::string& text);

 private:
  std::shared_ptr<Recorder> events_ = std::make_shared<Recorder>();
  std::shared_ptr<AppLinks> links_;
};

struct AppLinkWorld {
  IoPool pool{2};
  ringway::test::TestAuthority authority;
  NodeId alice = ringway::test::node_id(0x0a);
  NodeId bob = ringway::test::node_id(0x0b);

  std::unique_ptr<Peer> peer(const NodeId& node, const PeerOptions& options = {}) {
    const std::string user = (node == alice ? "alice@" : "bob@") + authority.overlay_name();
    return std::make_unique<Peer>(pool, authority, node, user, options);
  }
};

PeerOptions changed(std::function<void(AppLinkSettings&)> change);
PeerOptions with_shared_secret(bool used, const std::string& secret = "");

}  // namespace ringway::net::app_links::test
