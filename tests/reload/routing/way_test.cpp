// Requests of one question that are to take different ways (routing::SendRequest::Way).
#include <gtest/gtest.h>

#include <set>

#include "tests/reload/routing/lone_peer.hpp"

namespace ringway::routing::test {
namespace {

using namespace std::chrono_literals;
using ringway::test::node_id;
using wire::MessageCode;
using wire::to_node;
using wire::to_resource;

class Ways : public ::testing::Test {
 protected:
  static constexpr std::uint8_t k_point = 0x70;
  SentList ask(wire::DestinationList destination, std::uint32_t rank) {
    SendRequest request;
    request.origin = Origin::storage;
    request.token = ++token;
    request.destination = std::move(destination);
    request.code = MessageCode::ping_req;
    request.body = SharedBytes{wire::encode(wire::PingReq{})};
    request.way = {node_id(k_point), rank};
    request.deadline = 9s;
    return peer.input(std::move(request));
  }
  const RequestFailure* failure() const {
    return peer.done.empty() ? nullptr : std::get_if<RequestFailure>(&peer.done.back().outcome);
  }

  LonePeer peer;  // at 0x40
  const Remote nearest = peer.neighbor(node_id(0x60));
  const Remote before = peer.neighbor(node_id(0x50));
  const Remote beyond = peer.neighbor(node_id(0x90));
  std::uint64_t token = 0;
};

TEST_F(Ways, EachRankHasAFirstHopOfItsOwn) {
  const wire::DestinationList to{to_resource(node_id(k_point))};
  const LinkId expected[] = {nearest.link, before.link, beyond.link};
  for (std::uint32_t rank = 0; rank < 3; ++rank) {
    const auto sent = ask(to, rank);
    ASSERT_EQ(sent.size(), 1U) << rank;
    EXPECT_EQ(sent[0].link, expected[rank]) << rank;
    EXPECT_EQ(sent[0].header().destination_list, to);
  }
  EXPECT_TRUE(ask(to, 3).empty());
  ASSERT_NE(failure(), nullptr);
  EXPECT_TRUE(failure()->local);
  EXPECT_EQ(failure()->code, wire::ErrorCode::not_found);
}

TEST_F(Ways, ARepetitionTakesTheSameHopWhateverHasCome) {
  const auto first = ask({to_resource(node_id(k_point))}, 0);
  ASSERT_EQ(first.size(), 1U);
  peer.neighbor(node_id(0x68));  // would be the first now
  std::set<std::uint64_t> links;
  for (const auto& one : peer.advance(8s))
    if (one.header().transaction_id == first[0].header().transaction_id) links.insert(one.link.number);
  EXPECT_EQ(links, std::set<std::uint64_t>{nearest.link.number});
}

TEST_F(Ways, AHopThatHasGoneEndsTheRequest) {
  ask({to_resource(node_id(k_point))}, 0);
  peer.input(LinkDown{nearest.link, 0, "reset"});
  peer.advance(1s);
  ASSERT_NE(failure(), nullptr);
  EXPECT_EQ(failure()->code, wire::ErrorCode::not_found);
}

TEST_F(Ways, ANodeWithALinkIsReachedOverIt) {
  const auto sent = ask({to_node(beyond.id)}, 0);
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].link, beyond.link);
}

TEST_F(Ways, AWayThatLeadsBackHereIsNone) {
  const auto sent = ask({to_resource(node_id(k_point))}, 2);
  ASSERT_EQ(sent.size(), 1U);
  auto header = sent[0].header();
  header.via_list = {to_node(peer.id())};
  EXPECT_TRUE(peer.receive(beyond, LonePeer::message(nearest, header, MessageCode::ping_req,
                                                     wire::encode(wire::PingReq{})))
                  .empty());
  ASSERT_NE(failure(), nullptr);
  EXPECT_EQ(failure()->code, wire::ErrorCode::loop_detected);
}

}  // namespace
}  // namespace ringway::routing::test
