// Rings of real routing components: joining, failures, leaving, and messages across them.
#include <gtest/gtest.h>

#include "tests/reload/routing/routing_net.hpp"

namespace ringway::routing::test {
namespace {

using namespace std::chrono_literals;

NodeId spread(std::size_t index) {
  CountingRandom random(index + 100);
  NodeId id;
  for (auto& byte : id.bytes) byte = static_cast<std::uint8_t>(random.next());
  return id;
}

void grow(RoutingNet& net, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) net.add(spread(i));
  ASSERT_TRUE(net.run_until([&] { return net.one_ring(); }, 60s));
}

// The answer's signer for token 1, or nothing.
std::optional<NodeId> answerer(RoutingNet& net, std::size_t from) {
  for (const auto& done : net.at(from).done)
    if (const auto* message = std::get_if<std::shared_ptr<const security::InspectedMessage>>(&done.outcome))
      return (*message)->signer_node;
  return std::nullopt;
}

NodeId owner_of(RoutingNet& net, const RingId& point) {
  NodeId best = net.at(0).id;
  bool any = false;
  for (std::size_t i = 0; i < net.size(); ++i) {
    if (!net.at(i).alive || net.at(i).left) continue;
    if (!any || ring_distance(point, net.at(i).id) < ring_distance(point, best)) best = net.at(i).id;
    any = true;
  }
  return best;
}

TEST(Ring, FirstPeerIsAloneAndOwnsEverything) {
  // Shows: TOPO-42, TOPO-46.
  RoutingNet net;
  net.add(spread(0));
  net.run(1s);
  const auto view = net.at(0).routing->status().view;
  EXPECT_TRUE(view->joined);
  EXPECT_TRUE(view->alone());
  EXPECT_TRUE(view->responsible_for(spread(5)));
}

TEST(Ring, OrdinaryPeerWithoutARingStaysOutside) {
  // Shows: TOPO-42.
  RoutingNet net;
  net.add(spread(0), [](RoutingSettings& s) { s.first_peer = false; });
  net.run(60s);
  EXPECT_FALSE(net.at(0).routing->status().view->joined);
}

class RingOf : public ::testing::TestWithParam<std::size_t> {};

TEST_P(RingOf, StartedAtOnceBecomesOneRing) {
  // Shows: BOOT-01, BOOT-02, BOOT-06, BOOT-08, TOPO-05, TOPO-06, TOPO-07, TOPO-10, TOPO-11, TOPO-15, TOPO-16,
  // TOPO-46.
  RoutingNet net;
  for (std::size_t i = 0; i < GetParam(); ++i) net.add(spread(i));
  EXPECT_TRUE(net.run_until([&] { return net.one_ring(); }, 120s));
}
INSTANTIATE_TEST_SUITE_P(Sizes, RingOf, ::testing::Values(2, 3, 4, 5, 8, 16, 32));

TEST(Ring, ResourceRequestsReachTheOwnerFromEverywhere) {
  // Shows: ROUTE-03, ROUTE-07, ROUTE-08, ROUTE-10, ROUTE-22, ROUTE-29, TOPO-04, SEC-14.
  RoutingNet net;
  grow(net, 12);
  for (std::size_t from = 0; from < net.size(); ++from) {
    const RingId point = spread(1000 + from);
    net.at(from).done.clear();
    net.request(from, {wire::to_resource(point)}, wire::MessageCode::ping_req, wire::encode(wire::PingReq{}),
                1);
    ASSERT_TRUE(net.run_until([&] { return !net.at(from).done.empty(); }, 20s));
    EXPECT_EQ(answerer(net, from), owner_of(net, point)) << "from " << from;
  }
}

TEST(Ring, NodeRequestsAreAnsweredByThatNode) {
  // Shows: ROUTE-04, SEC-13, WIRE-16, WIRE-25, WIRE-30.
  RoutingNet net;
  grow(net, 8);
  net.request(1, {wire::to_node(net.at(6).id)}, wire::MessageCode::ping_req, wire::encode(wire::PingReq{}),
              1);
  ASSERT_TRUE(net.run_until([&] { return !net.at(1).done.empty(); }, 20s));
  EXPECT_EQ(answerer(net, 1), net.at(6).id);
}

TEST(Ring, CompressedAndFullViaListsWorkOnOnePath) {
  // Shows: ROUTE-12, ROUTE-13, WIRE-20.
  RoutingNet net;
  for (std::size_t i = 0; i < 24; ++i)
    net.add(spread(i), [i](RoutingSettings& s) { s.compress_via_lists = i % 2 == 0; });
  ASSERT_TRUE(net.run_until([&] { return net.one_ring(); }, 120s));
  std::size_t compressed = 0;
  net.tap = [&](const NodeId&, const NodeId&, Bytes& header, SharedBytes& payload) {
    Bytes whole = header;
    append(whole, payload);
    const auto parsed = wire::parse_header(whole);
    if (parsed && !parsed->header.via_list.empty() &&
        std::holds_alternative<wire::CompressedDestination>(parsed->header.via_list.front()))
      ++compressed;
    return true;
  };
  for (std::size_t from = 0; from < net.size(); ++from) {
    for (std::size_t k = 0; k < 4; ++k) {
      net.at(from).done.clear();
      net.request(from, {wire::to_resource(spread(2000 + from * 4 + k))}, wire::MessageCode::ping_req,
                  wire::encode(wire::PingReq{}), 1);
      ASSERT_TRUE(net.run_until([&] { return !net.at(from).done.empty(); }, 20s));
      EXPECT_TRUE(answerer(net, from).has_value());
    }
  }
  EXPECT_GT(compressed, 0U);
}

TEST(Ring, TwoNeighboursKilledAtOnceLeaveOneRing) {
  // Shows: TOPO-26, TOPO-41, LINK-19.
  RoutingNet net;
  grow(net, 16);
  const auto view = net.at(3).routing->status().view;
  for (std::size_t i = 0; i < net.size(); ++i)
    if (net.at(i).id == view->successors[0] || net.at(i).id == view->successors[1]) net.kill(i);
  EXPECT_TRUE(net.run_until([&] { return net.one_ring(); }, 60s));
}

TEST(Ring, LeavingIsToldToTheNeighbours) {
  // Shows: TOPO-40, TOPO-41.
  RoutingNet net;
  grow(net, 8);
  net.leave(4);
  ASSERT_TRUE(net.run_until([&] { return net.at(4).left; }, 5s));
  net.kill(4);
  EXPECT_TRUE(net.run_until([&] { return net.one_ring(); }, 30s));
}

TEST(Ring, LostMessagesAreSentAgainFiveTimesInAll) {
  // Shows: ROUTE-15, ROUTE-16, WIRE-16.
  RoutingNet net;
  grow(net, 3);
  std::map<TransactionId, int> seen;
  net.tap = [&](const NodeId& from, const NodeId&, Bytes& header, SharedBytes& payload) {
    Bytes whole = header;
    append(whole, payload);
    const auto parsed = wire::parse_header(whole);
    const bool ping = payload.size() > 1 && payload.view()[1] == 0x17;
    if (ping && from == net.at(1).id &&
        parsed->header.destination_list.size() == 1)  // not of a partition check
      ++seen[parsed->header.transaction_id];
    return !ping;
  };
  const Now start = net.now();
  net.request(1, {wire::to_node(net.at(2).id)}, wire::MessageCode::ping_req, wire::encode(wire::PingReq{}),
              1);
  ASSERT_TRUE(net.run_until([&] { return !net.at(1).done.empty(); }, 60s));
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen.begin()->second, 5);
  EXPECT_EQ((net.now().mono - start.mono).count(), 15'000);
  const auto* failure = std::get_if<RequestFailure>(&net.at(1).done.front().outcome);
  ASSERT_NE(failure, nullptr);
  EXPECT_TRUE(failure->local);
}

TEST(Ring, RepeatedRequestIsCarriedOutOnceAndAnsweredAlike) {
  // Shows: ROUTE-17, STORE-49.
  RoutingNet net;
  grow(net, 2);
  int answers_lost = 1;
  net.tap = [&](const NodeId& from, const NodeId&, Bytes&, SharedBytes& payload) {
    const bool answer = payload.size() > 1 && payload.view()[1] == 0x08;
    return !(answer && from == net.at(1).id && answers_lost-- > 0);
  };
  const auto point = net.at(1).id;
  net.request(0, {wire::to_resource(point)}, wire::MessageCode::store_req,
              wire::encode(wire::StoreReq{copy_of(point.view()), 0, {}}), 1);
  ASSERT_TRUE(net.run_until([&] { return !net.at(0).done.empty(); }, 20s));
  EXPECT_EQ(net.at(1).delivered.size(), 1U);
  EXPECT_EQ(net.at(1).routing->status().duplicates, 1U);
}

TEST(Ring, AlteredMessageIsDropped) {
  // Shows: SEC-09, SEC-15, FM-03.
  RoutingNet net;
  grow(net, 2);
  int altered = 1;
  net.tap = [&](const NodeId& from, const NodeId&, Bytes&, SharedBytes& payload) {
    if (from == net.at(0).id && altered-- > 0) {
      Bytes bent = copy_of(payload);
      bent[8] ^= 1;  // inside the contents
      payload = SharedBytes(std::move(bent));
    }
    return true;
  };
  net.request(0, {wire::to_node(net.at(1).id)}, wire::MessageCode::ping_req,
              wire::encode(wire::PingReq{Bytes(32, 1)}), 1);
  ASSERT_TRUE(net.run_until([&] { return !net.at(0).done.empty(); }, 20s));
  EXPECT_EQ(net.at(1).routing->status().bad_signatures, 1U);
  EXPECT_EQ(answerer(net, 0), net.at(1).id);  // by retransmission
}

TEST(Ring, ARequestInAnotherUsersNameIsSignedByHimAndAnsweredToThePeer) {
  // Shows: STORE-09, FM-06.
  RoutingNet net;
  grow(net, 8);
  const auto user = net.authority().issue("alice@example.org", ringway::test::node_id(0x99));
  for (std::size_t i = 0; i < 4; ++i) {
    const ResourceId point = as_resource(spread(50 + i));
    const NodeId owner = owner_of(net, point);
    SendRequest request;
    request.origin = Origin::storage;
    request.token = i + 1;
    request.destination = {wire::to_resource(point)};
    request.code = wire::MessageCode::stat_req;
    request.signer = user;
    net.input(0, std::move(request));
    ASSERT_TRUE(net.run_until([&] { return net.at(0).done.size() == i + 1; }, 10s));
    const auto* answer =
        std::get_if<std::shared_ptr<const security::InspectedMessage>>(&net.at(0).done.back().outcome);
    ASSERT_NE(answer, nullptr);
    EXPECT_EQ((*answer)->signer_node, owner);
    for (std::size_t n = 0; n < net.size(); ++n) {
      if (net.at(n).id != owner) continue;
      EXPECT_EQ(net.at(n).delivered.back().message->signer_node, user->node_id());
      EXPECT_EQ(net.at(n).delivered.back().message->signer->user_name(), "alice@example.org");
    }
  }
}

}  // namespace
}  // namespace ringway::routing::test
