// Forwarding options and message extensions (RFC 6940 §6.3.2.3, §6.3.3): none is known to this program, so
// their flags say what becomes of a message that has one.
#include <gtest/gtest.h>

#include "tests/reload/routing/lone_peer.hpp"

namespace ringway::routing::test {
namespace {

using ringway::test::node_id;
using wire::ErrorCode;
using wire::MessageCode;

constexpr std::uint8_t k_unknown_type = 77;
constexpr std::uint8_t k_all_flags =
    wire::k_option_forward_critical | wire::k_option_destination_critical | wire::k_option_response_copy;
constexpr std::uint8_t k_foreign_flag = 0x80;

class Options : public ::testing::Test {
 protected:
  LonePeer peer_;
  Remote before_ = peer_.neighbor(node_id(0x20));
  Remote after_ = peer_.neighbor(node_id(0x80));

  Sent ping(const NodeId& to, std::uint8_t flags) {
    auto header = peer_.header_to({wire::to_node(to)});
    header.options = {{k_unknown_type, flags, {1, 2, 3}}};
    const auto sent = peer_.ping(before_, header);
    EXPECT_EQ(sent.size(), 1U);
    return sent.empty() ? Sent{} : sent.front();
  }
};

TEST_F(Options, UncriticalOnesTravelUntouchedAndAreIgnored) {
  // Shows: FWD-06, WIRE-22.
  const auto passed_on = ping(after_.id, k_foreign_flag);
  EXPECT_EQ(passed_on.link, after_.link);
  const std::vector<wire::ForwardingOption> as_sent{{k_unknown_type, k_foreign_flag, {1, 2, 3}}};
  EXPECT_EQ(passed_on.header().options, as_sent);
  const auto answer = ping(peer_.id(), 0);
  EXPECT_EQ(answer.code(), MessageCode::ping_ans);
  EXPECT_TRUE(answer.header().options.empty());
}

TEST_F(Options, ForwardCriticalOnesStopAtTheForwarder) {
  // Shows: FWD-02.
  const auto refusal = ping(after_.id, wire::k_option_forward_critical);
  EXPECT_EQ(refusal.link, before_.link);
  EXPECT_EQ(refusal.error(), ErrorCode::unsupported_forwarding_option);
  EXPECT_EQ(ping(peer_.id(), wire::k_option_forward_critical).code(), MessageCode::ping_ans);
}

TEST_F(Options, DestinationCriticalOnesStopAtTheDestination) {
  // Shows: FWD-03.
  EXPECT_EQ(ping(after_.id, wire::k_option_destination_critical).link, after_.link);
  EXPECT_EQ(ping(peer_.id(), wire::k_option_destination_critical).error(),
            ErrorCode::unsupported_forwarding_option);
}

TEST_F(Options, CopiesInAnswersHaveNoneOfTheThreeFlags) {
  // Shows: FWD-04, FWD-05.
  const std::vector<wire::ForwardingOption> copy{{k_unknown_type, 0, {1, 2, 3}}};
  const auto answer = ping(peer_.id(), wire::k_option_response_copy | wire::k_option_forward_critical);
  EXPECT_EQ(answer.code(), MessageCode::ping_ans);
  EXPECT_EQ(answer.header().options, copy);
  const auto error = ping(peer_.id(), k_all_flags);
  EXPECT_EQ(error.code(), MessageCode::error);
  EXPECT_EQ(error.header().options, copy);
}

TEST_F(Options, CopiesLeaveOtherFlagsAsTheyCame) {
  // Shows: FWD-04.
  const auto answer = ping(peer_.id(), wire::k_option_response_copy | k_foreign_flag);
  ASSERT_EQ(answer.header().options.size(), 1U);
  EXPECT_EQ(answer.header().options[0].flags, k_foreign_flag);
}

TEST_F(Options, CriticalExtensionsAreRefusedOthersIgnored) {
  // Shows: WIRE-26.
  for (const bool critical : {true, false}) {
    const auto sent =
        peer_.receive(before_, LonePeer::message(before_, peer_.header_to({wire::to_node(peer_.id())}),
                                                 MessageCode::ping_req, wire::encode(wire::PingReq{}),
                                                 {{0x7001, critical, {9}}}));
    ASSERT_EQ(sent.size(), 1U);
    EXPECT_EQ(sent[0].error(), critical ? ErrorCode::unknown_extension : ErrorCode::invalid);
  }
}

}  // namespace
}  // namespace ringway::routing::test
