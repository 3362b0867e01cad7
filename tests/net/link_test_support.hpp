// Peers' ends of links for the tests of net/: what happens to them is recorded, and waited for with a limit.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "net/io_pool.hpp"
#include "net/tls_links.hpp"
#include "tests/support/test_authority.hpp"

namespace ringway::net::test {

inline constexpr std::chrono::seconds k_patience{20};

wire::IpAddressPort loopback(std::uint16_t port = 0);
// A message of `size_bytes` that starts with its number.
Bytes numbered(std::uint32_t number, std::size_t size_bytes = 4);
std::uint32_t number_of(BytesView message);

// Keeps every event of one peer. Gives credits back at once unless told otherwise.
class Recorder : public LinkEvents {
 public:
  void link_up(routing::LinkUp event) override;
  void link_down(routing::LinkDown event) override;
  void link_suspected(routing::LinkSuspected event) override;
  void link_messages(link::LinkId link, std::vector<SharedBytes> messages) override;

  struct Seen {
    std::vector<routing::LinkUp> ups;
    std::vector<routing::LinkDown> downs;
    std::vector<routing::LinkSuspected> suspicions;
    std::vector<std::pair<link::LinkId, SharedBytes>> messages;
    std::string order;  // a letter for each event: u, d, s (suspected), t (trusted again), m
    std::size_t events = 0;
  };
  Seen seen() const;
  // True once `enough` is; false when that takes too long.
  bool wait(const std::function<bool(const Seen&)>& enough,
            std::chrono::milliseconds at_most = k_patience) const;

  void credit_to(TlsLinks* links);  // null: keep the credits

 private:
  template <typename Change>
  void change(char letter, const Change& change);

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  Seen seen_;
  TlsLinks* credit_to_ = nullptr;
};

// One peer: its credentials, whom it trusts, its links.
struct TestPeerOptions {
  std::optional<ringway::test::Credentials> credentials = {};  // default: issued by the authority
  security::TrustPtr trust = {};                               // default: the authority's
  std::function<void(LinkSettings&)> change = {};
  bool give_credits = true;
};
class TestPeer {
 public:
  TestPeer(IoPool& pool, const ringway::test::TestAuthority& authority, const NodeId& node,
           const TestPeerOptions& options = {});
  ~TestPeer();
  TestPeer(const TestPeer&) = delete;
  TestPeer& operator=(const TestPeer&) = delete;

  TlsLinks& links() { return *links_; }
  Recorder& events() { return *events_; }
  Recorder::Seen seen() const { return events_->seen(); }
  wire::IpAddressPort address() const { return links_->listening_on(); }
  void open(std::uint64_t attempt, const wire::IpAddressPort& address, std::optional<NodeId> expected = {});
  // Waits for the first link; nothing when there is none in time.
  std::optional<link::LinkId> first_link() const;
  void send(link::LinkId link, Bytes message);

 private:
  std::shared_ptr<Recorder> events_ = std::make_shared<Recorder>();
  std::shared_ptr<TlsLinks> links_;
};

// Two threads, an authority, two Node-IDs: what most tests start from.
struct LinkWorld {
  IoPool pool{2};
  ringway::test::TestAuthority authority;
  NodeId alice = ringway::test::node_id(0x0a);
  NodeId bob = ringway::test::node_id(0x0b);
};

}  // namespace ringway::net::test
