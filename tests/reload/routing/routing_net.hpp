// A few routing components and the links between them, in one thread: links deliver in order and at once,
// signatures are real, time is the test's. Storage is a stand-in that answers every Fetch with an empty
// FetchAns and lets the test look.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "reload/random.hpp"
#include "reload/routing/routing_component.hpp"
#include "reload/security/inspector.hpp"
#include "reload/topology/peer_table.hpp"
#include "tests/support/test_authority.hpp"

namespace ringway::routing::test {

using ringway::test::TestAuthority;

class CountingRandom : public Random {
 public:
  explicit CountingRandom(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() override {  // splitmix64
    std::uint64_t z = (state_ += 0x9E3779B97F4A7C15ULL);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
  }

 private:
  std::uint64_t state_;
};

// A request that the sender has made itself, as the tap of a RoutingNet sees it.
struct OwnRequest {
  wire::MessageCode code;
  wire::DestinationList destination;
  SharedBytes body;
};
std::optional<OwnRequest> own_request(const Bytes& header, const SharedBytes& payload);

class RoutingNet {
 public:
  struct Node {
    NodeId id;
    std::shared_ptr<const security::Signer> signer;
    wire::IpAddressPort address;
    std::unique_ptr<RoutingComponent> routing;
    std::vector<DeliverRequest> delivered;
    std::vector<RequestDone> done;
    std::vector<std::string> channels;  // "up 40", "40 says hello", "down 40: idle"
    bool left = false;
    bool alive = true;
    bool hand_over_holds = false;  // the test says HandOverReport itself
    std::vector<HandOver> hand_overs;
  };

  explicit RoutingNet(std::function<void(config::Configuration&)> configure = {});

  // Adds and starts a peer; the first one forms the ring, the others bootstrap at the first.
  std::size_t add(const NodeId& id, std::function<void(RoutingSettings&)> adjust = {});
  Node& at(std::size_t index) { return *nodes_[index]; }
  std::size_t size() const { return nodes_.size(); }

  void input(std::size_t to, Input input);
  // Delivers everything that is on its way, then moves time to the next timer, until `limit` has passed.
  void run(Duration limit);
  bool run_until(const std::function<bool()>& condition, Duration limit);
  void kill(std::size_t index);  // its links go down at the other ends
  void leave(std::size_t index);
  bool one_ring();  // every living peer's neighbours are the right ones
  // Sends a request as storage would; the outcome lands in at(from).done.
  void request(std::size_t from, wire::DestinationList destination, wire::MessageCode code, Bytes body,
               std::uint64_t token);
  // Changes or drops (returns false) what a link carries; called for each transmission.
  std::function<bool(const NodeId& from, const NodeId& to, Bytes& header, SharedBytes& payload)> tap;
  Now now() const { return now_; }
  const config::ConfigurationPtr& configuration() const { return configuration_; }
  TestAuthority& authority() { return authority_; }

 private:
  struct End {
    std::size_t node;
    LinkId link;
  };
  void perform(std::size_t index, Outputs& outputs);
  void deliver_pending();
  std::optional<MonoTime> next_timer() const;

  TestAuthority authority_;
  config::ConfigurationPtr configuration_;
  std::shared_ptr<const config::Kinds> kinds_;
  std::unique_ptr<security::Inspector> inspector_;
  std::vector<std::unique_ptr<Node>> nodes_;
  std::map<std::uint64_t, std::pair<End, End>> links_;  // by either end's link number
  std::deque<std::pair<std::size_t, Input>> queue_;
  std::uint64_t next_link_ = 1;
  Now now_{MonoTime{1000}, ringway::test::k_now_ms};
};

}  // namespace ringway::routing::test
