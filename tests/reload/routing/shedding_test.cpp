// What becomes of requests when too many wait for storage (ROUTE-34).
#include <gtest/gtest.h>

#include "tests/reload/routing/lone_peer.hpp"

namespace ringway::routing::test {
namespace {

using ringway::test::node_id;
using wire::MessageCode;

class Shedding : public ::testing::Test {
 protected:
  Shedding() {
    LonePeer::Setup setup;
    setup.settings = [](RoutingSettings& settings) { settings.max_served_requests = 2; };
    peer_.emplace(setup);
    neighbor_ = peer_->neighbor(node_id(0x80));
  }
  // A Store that storage does not answer yet; says how many have been handed to it so far.
  std::size_t store(const wire::ForwardingHeader& header) {
    const auto body = wire::encode(wire::StoreReq{copy_of(peer_->id().view()), 0, {}});
    peer_->receive(neighbor_, header, MessageCode::store_req, body);
    return peer_->delivered.size();
  }
  wire::ForwardingHeader to_us() { return peer_->header_to({wire::to_node(peer_->id())}); }

  std::optional<LonePeer> peer_;
  Remote neighbor_;
};

TEST_F(Shedding, WhatDoesNotFitIsDroppedAndTakenWhenItComesAgain) {
  // Shows: ROUTE-34, ROUTE-17.
  const auto first = to_us();
  EXPECT_EQ(store(first), 1U);
  EXPECT_EQ(store(to_us()), 2U);
  const auto third = to_us();
  EXPECT_EQ(store(third), 2U);
  EXPECT_EQ(store(first), 2U);  // known: a repetition, not one too many
  EXPECT_EQ(peer_->status().duplicates, 1U);
  peer_->input(SendAnswer{peer_->delivered[0].request, MessageCode::store_ans, {}, {}});
  EXPECT_EQ(store(third), 3U);  // its sender's repetition is the first that is seen
}

TEST_F(Shedding, ReadsAreNotRemembered) {
  // Shows: ROUTE-17.
  const auto header = to_us();
  const auto body = wire::encode(wire::FetchReq{copy_of(peer_->id().view()), {}});
  for (std::size_t i = 1; i <= 2; ++i) {
    peer_->receive(neighbor_, header, MessageCode::fetch_req, body);
    ASSERT_EQ(peer_->delivered.size(), i);
    peer_->input(SendAnswer{peer_->delivered.back().request, MessageCode::fetch_ans, {}, {}});
  }
  const auto ping = to_us();
  for (std::size_t i = 1; i <= 2; ++i)
    peer_->receive(neighbor_, ping, MessageCode::ping_req, wire::encode(wire::PingReq{}));
  EXPECT_EQ(peer_->status().duplicates, 0U);
}

}  // namespace
}  // namespace ringway::routing::test
