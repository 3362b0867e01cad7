#include "reload/wire/codes.hpp"

#include <gtest/gtest.h>

namespace ringway::wire {
namespace {

TEST(MessageCode, RequestsAreOddAndAnswersFollowThem) {
  // Shows: WIRE-24, WIRE-25.
  EXPECT_TRUE(is_request(MessageCode::store_req));
  EXPECT_FALSE(is_answer(MessageCode::store_req));
  EXPECT_TRUE(is_answer(MessageCode::store_ans));
  EXPECT_FALSE(is_request(MessageCode::store_ans));
  EXPECT_EQ(answer_to(MessageCode::store_req), MessageCode::store_ans);
  EXPECT_EQ(answer_to(MessageCode::config_update_req), MessageCode::config_update_ans);
  EXPECT_EQ(answer_to(MessageCode::path_track_req), MessageCode::path_track_ans);
}

TEST(MessageCode, EdgesOfTheSpace) {
  // Shows: WIRE-24.
  for (const int number : {0x0000, 0x8000, 0x8001, 0xFFFE}) {
    EXPECT_FALSE(is_request(static_cast<MessageCode>(number))) << number;
    EXPECT_FALSE(is_answer(static_cast<MessageCode>(number))) << number;
  }
  EXPECT_TRUE(is_request(static_cast<MessageCode>(0x7FFF)));
  EXPECT_TRUE(is_answer(MessageCode::error));
  EXPECT_FALSE(is_request(MessageCode::error));
}

TEST(Names, AreThoseOfTheRfc) {
  EXPECT_EQ(name_of(MessageCode::probe_req), "probe_req");
  EXPECT_EQ(name_of(MessageCode::error), "error");
  EXPECT_EQ(name_of(ErrorCode::ttl_exceeded), "Error_TTL_Exceeded");
  EXPECT_EQ(name_of(ErrorCode::incompatible_with_overlay), "Error_Incompatible_with_Overlay");
}

TEST(Names, ExperimentalCodesHaveNone) {
  // Shows: WIRE-29.
  for (const int number : {0x23, 0x24, 0x25, 0x26})
    EXPECT_EQ(name_of(static_cast<MessageCode>(number)), "unknown");
}

TEST(OptionFlags, AreTheBitsOfTheRfc) {
  // Shows: FWD-01.
  EXPECT_EQ(k_option_forward_critical, 0x01);
  EXPECT_EQ(k_option_destination_critical, 0x02);
  EXPECT_EQ(k_option_response_copy, 0x04);
}

}  // namespace
}  // namespace ringway::wire
