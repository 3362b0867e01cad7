// What a peer tells and asks the others to keep the ring whole (RFC 6940 §6.4.1, §10.6, §10.7): to whom its
// Updates go and when, and through whom its Attaches.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "tests/reload/routing/lone_peer.hpp"
#include "tests/reload/routing/routing_net.hpp"

namespace ringway::routing::test {
namespace {

using namespace std::chrono_literals;
using ringway::test::node_id;
using wire::MessageCode;
using wire::to_node;

NodeId spread(std::size_t index) {
  CountingRandom random(index + 100);
  NodeId id;
  for (auto& byte : id.bytes) byte = static_cast<std::uint8_t>(random.next());
  return id;
}

// ---- the way of an Attach
// ----------------------------------------------------------------------------------------------

TEST(WayOfAnAttach, ANeighbourIsReachedThroughWhoToldOfIt) {
  // Shows: TOPO-19.
  LonePeer peer;
  const Remote before = peer.neighbor(node_id(0x20));
  const Remote after = peer.neighbor(node_id(0x80));
  std::uint8_t told = 0x50;
  for (const Remote& teller : {before, after}) {
    const NodeId node = node_id(told++);  // the ring's own way there is over 0x80
    const wire::ChordUpdate update{1, wire::ChordUpdateType::neighbors, {}, {node}, {}};
    const auto sent = peer.receive(teller, peer.header_to({to_node(peer.id())}), MessageCode::update_req,
                                   wire::encode(update));
    const auto attach = std::find_if(sent.begin(), sent.end(),
                                     [](const Sent& one) { return one.code() == MessageCode::attach_req; });
    ASSERT_NE(attach, sent.end());
    EXPECT_EQ(attach->link, teller.link);
    EXPECT_EQ(attach->header().destination_list, (wire::DestinationList{to_node(teller.id), to_node(node)}));
  }
}

TEST(WayOfAnAttach, InAGrowingAndAShrinkingRing) {
  // Shows: TOPO-19.
  RoutingNet net;
  std::map<NodeId, std::map<NodeId, std::set<NodeId>>> told;  // whom, by whom, of whom
  std::size_t to_neighbours = 0;
  std::size_t to_fingers = 0;
  net.tap = [&](const NodeId& from, const NodeId& to, Bytes& header, SharedBytes& payload) {
    const auto request = own_request(header, payload);
    if (!request) return true;
    if (request->code == MessageCode::update_req) {
      const auto update = wire::decode<wire::ChordUpdate>(request->body);
      for (const auto* list : {&update->predecessors, &update->successors})
        told[to][from].insert(list->begin(), list->end());
    }
    if (request->code != MessageCode::attach_req) return true;
    const auto& way = request->destination;
    const auto* node = std::get_if<wire::NodeDestination>(&way.back());
    if (node == nullptr) {
      EXPECT_EQ(way.size(), 1U) << "an Attach to a resource with a way of its own";
      ++to_fingers;
      return true;
    }
    ++to_neighbours;
    EXPECT_EQ(way.size(), 2U);
    const auto* teller = std::get_if<wire::NodeDestination>(&way.front());
    EXPECT_TRUE(teller != nullptr && told[from][teller->node].contains(node->node))
        << from.hex() << " attaches to " << node->node.hex();
    return true;
  };
  for (std::size_t i = 0; i < 20; ++i) net.add(spread(i));
  ASSERT_TRUE(net.run_until([&] { return net.one_ring(); }, 120s));
  EXPECT_GT(to_neighbours, 40U);
  EXPECT_GT(to_fingers, 20U);
  to_neighbours = 0;
  for (const std::size_t dead : {3U, 7U, 11U, 12U}) net.kill(dead);
  ASSERT_TRUE(net.run_until([&] { return net.one_ring(); }, 120s));
  EXPECT_GT(to_neighbours, 0U);
}

// ---- the check for partitions
// -------------------------------------------------------------------------------------------------

class PartitionCheck : public ::testing::Test {
 protected:
  PartitionCheck() {
    LonePeer::Setup setup;
    setup.settings = [](RoutingSettings& settings) {
      settings.bootstrap = {{wire::AddressType::ipv4, {198, 51, 100, 7}, 6084}};
    };
    peer.emplace(setup);  // at 0x40
    for (const OpenLink& open : std::exchange(peer->opened, {}))
      peer->input(LinkDown{LinkId{}, open.attempt, "refused"});
    peer->advance(20s);  // nobody is there: it begins a ring of its own
    before = peer->neighbor(node_id(0x20));
    after = peer->neighbor(node_id(0x80));
    peer->opened.clear();
    while (peer->opened.empty()) peer->advance(1s);
    const OpenLink open = peer->opened.front();
    bootstrap = {node_id(0xC0), peer->authority().issue("bootstrap@example.org", node_id(0xC0)), LinkId{500}};
    const auto sent = peer->input(
        LinkUp{bootstrap.link, open.attempt, bootstrap.signer->certificate(), open.addresses.front()});
    for (const Sent& one : sent)
      if (one.code() == MessageCode::ping_req) ping = one;
  }
  // How often it goes out again.
  std::size_t repetitions() {
    std::size_t count = 0;
    for (const Sent& one : peer->advance(60s))
      if (one.header().transaction_id == ping->header().transaction_id) ++count;
    return count;
  }

  std::optional<LonePeer> peer;
  Remote before, after, bootstrap;
  std::optional<Sent> ping;
};

TEST_F(PartitionCheck, AsksThroughTheBootstrapNodeUntilThereIsAnAnswer) {
  // Shows: TOPO-33.
  ASSERT_TRUE(ping);
  EXPECT_EQ(ping->link, bootstrap.link);
  EXPECT_EQ(repetitions(), 4U);
}

TEST_F(PartitionCheck, IsOverWhenTheRingLeadsItBackHere) {
  // Shows: TOPO-33.
  ASSERT_TRUE(ping);
  auto header = ping->header();
  header.destination_list.erase(header.destination_list.begin());
  header.via_list = {to_node(peer->id()), to_node(bootstrap.id)};
  EXPECT_TRUE(peer->receive(before, LonePeer::message(bootstrap, header, MessageCode::ping_req,
                                                      wire::encode(wire::PingReq{})))
                  .empty())
      << "its answer would name this peer twice";
  EXPECT_EQ(repetitions(), 0U);
}

TEST_F(PartitionCheck, AnAnswerOfSomebodyElseIsFollowed) {
  // Shows: TOPO-33.
  ASSERT_TRUE(ping);
  const Remote other{node_id(0x60), peer->authority().issue("other@example.org", node_id(0x60)), {}};
  auto header = peer->header_to({to_node(peer->id())});
  header.transaction_id = ping->header().transaction_id;
  const auto sent = peer->receive(
      bootstrap, LonePeer::message(other, header, MessageCode::ping_ans, wire::encode(wire::PingAns{1, 1})));
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].code(), MessageCode::attach_req);
  EXPECT_EQ(sent[0].header().destination_list,
            (wire::DestinationList{to_node(bootstrap.id), to_node(other.id)}));
}

// ---- Updates when the range changes
// ------------------------------------------------------------------------------------

// A peer with all its neighbours, two peers that are none, and two clients. The parameter: chord-reactive.
class RangeChange : public ::testing::TestWithParam<bool> {
 protected:
  RangeChange() {
    LonePeer::Setup setup;
    setup.configuration = [](config::Configuration& values) { values.chord_reactive = GetParam(); };
    peer_.emplace(setup);
    for (const int first : {0x38, 0x30, 0x28, 0x20, 0x48, 0x50, 0x58, 0x60, 0x90, 0xA0})
      add(peer_->neighbor(node_id(static_cast<std::uint8_t>(first))));
    add(peer_->client(node_id(0xC0)));
    add(peer_->client(node_id(0x3C)));
    rest();
  }
  void add(const Remote& remote) { remotes_[remote.id.bytes[0]] = remote; }
  // Until nothing of what has been sent is sent again.
  void rest() { peer_->advance(60s); }
  std::set<std::uint8_t> all() const {
    std::set<std::uint8_t> first_bytes;
    for (const auto& [first, remote] : remotes_) first_bytes.insert(first);
    return first_bytes;
  }
  // Whom the peer has sent an Update by now or does so within a second, and what each of them says about
  // where its range begins.
  std::set<std::uint8_t> updated(const SentList& so_far, const NodeId& predecessor) {
    SentList sent = so_far;
    for (auto& one : peer_->advance(1s)) sent.push_back(std::move(one));
    std::set<std::uint8_t> first_bytes;
    for (const Sent& one : sent) {
      if (one.code() != MessageCode::update_req) continue;
      const auto update = wire::decode<wire::ChordUpdate>(one.message.contents.body);
      if (!update.ok() || update->predecessors.empty() || update->predecessors[0] != predecessor) continue;
      for (const auto& [first, remote] : remotes_)
        if (remote.link == one.link) first_bytes.insert(first);
    }
    return first_bytes;
  }
  SentList say(std::uint8_t who, MessageCode code, const Bytes& body) {
    return peer_->receive(remotes_.at(who), peer_->header_to({to_node(peer_->id())}), code, body);
  }
  SentList lose(std::uint8_t who) {
    const LinkId link = remotes_.at(who).link;
    remotes_.erase(who);
    return peer_->input(LinkDown{link, 0, "reset"});
  }

  std::optional<LonePeer> peer_;
  std::map<std::uint8_t, Remote> remotes_;
};

TEST_P(RangeChange, ByALostPredecessorIsToldToEveryConnection) {
  // Shows: TOPO-25.
  const auto sent = lose(0x38);
  EXPECT_EQ(updated(sent, node_id(0x30)), all());
}

TEST_P(RangeChange, ByAPredecessorThatLeavesIsToldToEveryConnection) {
  // Shows: TOPO-25.
  const wire::LeaveReq leave{node_id(0x38),
                             wire::encode(wire::ChordLeaveData{wire::ChordLeaveType::from_pred, {}})};
  auto sent = say(0x38, MessageCode::leave_req, wire::encode(leave));
  remotes_.erase(0x38);
  EXPECT_EQ(updated(sent, node_id(0x30)), all());
}

TEST_P(RangeChange, ByANearerPeerIsToldToEveryConnection) {
  // Shows: TOPO-25.
  add(peer_->neighbor(node_id(0x3A)));
  EXPECT_EQ(updated({}, node_id(0x3A)), all());
}

TEST_P(RangeChange, ByAHandOverIsToldToEveryConnection) {
  // Shows: TOPO-25.
  const Bytes join = wire::encode(wire::JoinReq{node_id(0x3C), {}});
  say(0x3C, MessageCode::join_req, join);
  rest();
  EXPECT_EQ(updated(peer_->input(HandOverReport{1, HandOverReport::State::complete}), node_id(0x3C)), all());
  // It has joined, and starts over: until it is handed over again, the range is ours.
  say(0x3C, MessageCode::update_req,
      wire::encode(wire::ChordUpdate{1, wire::ChordUpdateType::peer_ready, {}, {}, {}}));
  rest();
  EXPECT_EQ(updated(say(0x3C, MessageCode::join_req, join), node_id(0x38)), all());
}

TEST_P(RangeChange, WhileAnotherJoinsIsToldToItAsWell) {
  // Shows: TOPO-25.
  say(0x3C, MessageCode::join_req, wire::encode(wire::JoinReq{node_id(0x3C), {}}));
  const auto sent = lose(0x38);
  EXPECT_EQ(updated(sent, node_id(0x30)), all());
}

TEST_P(RangeChange, OtherChangesAreToldInReactiveModeOnly) {
  // Shows: TOPO-25.
  const auto told = updated(lose(0x48), node_id(0x38));
  EXPECT_EQ(told.empty(), !GetParam());
}

INSTANTIATE_TEST_SUITE_P(Modes, RangeChange, ::testing::Bool(),
                         [](const auto& mode) { return mode.param ? "Reactive" : "Periodic"; });

// ---- periodic Updates
// --------------------------------------------------------------------------------------------------

class PeriodicUpdates : public ::testing::TestWithParam<std::chrono::seconds> {};

TEST_P(PeriodicUpdates, GoToEveryNeighbourAtTimesOfTheirOwn) {
  // Shows: TOPO-31.
  const Duration interval = GetParam();
  RoutingNet net([](config::Configuration& values) { values.chord_update_interval = GetParam(); });
  for (std::size_t i = 0; i < 12; ++i) net.add(spread(i));
  ASSERT_TRUE(net.run_until([&] { return net.one_ring(); }, 120s));
  net.run(3 * interval);
  // From here on nothing changes: what is sent is sent because it is time to.
  std::map<NodeId, std::map<NodeId, std::vector<MonoTime>>> sent;  // by whom, to whom
  net.tap = [&](const NodeId& from, const NodeId& to, Bytes& header, SharedBytes& payload) {
    const auto request = own_request(header, payload);
    if (request && request->code == MessageCode::update_req) sent[from][to].push_back(net.now().mono);
    return true;
  };
  const MonoTime start = net.now().mono;
  net.run(20 * interval);
  std::multiset<std::int64_t> rounds;  // of all peers, in seconds
  for (std::size_t i = 0; i < net.size(); ++i) {
    const auto view = net.at(i).routing->status().view;
    std::set<NodeId> neighbours(view->predecessors.begin(), view->predecessors.end());
    neighbours.insert(view->successors.begin(), view->successors.end());
    ASSERT_EQ(neighbours.size(), 8U);
    std::set<std::int64_t> gaps;
    for (const NodeId& neighbour : neighbours) {
      MonoTime last = start;
      const auto& times = sent[net.at(i).id][neighbour];
      EXPECT_GE(times.size(), 16U);
      for (const MonoTime at : times) {
        if (last != start) {
          EXPECT_GE((at - last).count(), interval.count() * 3 / 4);
          gaps.insert((at - last).count());
        }
        EXPECT_LE((at - last).count(), interval.count() * 5 / 4);
        last = at;
      }
    }
    EXPECT_GT(gaps.size(), 10U) << "peer " << i << " does not vary its interval";
    for (const MonoTime at : sent[net.at(i).id][*neighbours.begin()])
      rounds.insert((at - start).count() * 100 / interval.count());
  }
  // In no hundredth of an interval is it the turn of many at once.
  for (const auto hundredth : rounds) EXPECT_LE(rounds.count(hundredth), 3U) << hundredth;
}
INSTANTIATE_TEST_SUITE_P(Intervals, PeriodicUpdates,
                         ::testing::Values(config::Configuration{}.chord_update_interval,  // 600 s
                                           std::chrono::seconds{20}));

}  // namespace
}  // namespace ringway::routing::test
