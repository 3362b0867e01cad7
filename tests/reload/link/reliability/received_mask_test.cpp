#include "reload/link/reliability/received_mask.hpp"

#include <gmock/gmock.h>

#include "reload/link/framed_link.hpp"

namespace ringway::link {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// Feeds what a receiver says that puts distance d at the bit `bit_of(d)`, of a connection where nothing is
// lost.
template <typename BitOf>
void listen_to(ReceivedMask& mask, std::uint32_t frames, const BitOf& bit_of) {
  for (std::uint32_t n = 0; n < frames; ++n) {
    wire::AckFrame ack{n, 0};
    for (std::uint32_t d = 1; d <= 31 && d <= n; ++d) ack.received |= bit_of(d);
    mask.reported(ack, n);
  }
}

TEST(ReceivedMask, BelievesWhoCountsAsWeDo) {
  // Shows: LINK-05.
  ReceivedMask mask;
  EXPECT_THAT(mask.reported({0, 0}, 0), IsEmpty());
  EXPECT_THAT(mask.reported({1, 0b1}, 1), ElementsAre(0U));
  EXPECT_TRUE(mask.believed());
  EXPECT_THAT(mask.reported({100, 0x80000005}, 100), ElementsAre(99U, 97U, 68U));
}

TEST(ReceivedMask, BelievesOurOwnWindow) {
  ReceivedMask mask;
  ReceivedWindow window;
  mask.reported(window.note(0), 0);
  mask.reported(window.note(2), 2);  // 1 is lost
  EXPECT_FALSE(mask.believed()) << "nothing has shown where the bits begin";
  EXPECT_THAT(mask.reported(window.note(3), 3), ElementsAre(2U, 0U));
}

TEST(ReceivedMask, DisbelievesWhoCountsOtherwise) {
  ReceivedMask shifted, reversed, reversed_by_one;
  listen_to(shifted, 40, [](std::uint32_t d) { return d < 32 ? 1U << d : 0U; });
  listen_to(reversed, 40, [](std::uint32_t d) { return 1U << (31 - d); });
  listen_to(reversed_by_one, 40, [](std::uint32_t d) { return 1U << (32 - d); });
  EXPECT_FALSE(shifted.believed());
  EXPECT_FALSE(reversed.believed());
  EXPECT_FALSE(reversed_by_one.believed());
  EXPECT_THAT(shifted.reported({41, 0b1}, 41), IsEmpty());
}

TEST(ReceivedMask, OtherWaysToCountAreNotTakenForOursWhereTheFirstFramesAreLost) {
  ReceivedMask mask;  // distance d at 1 << d, and frame 0 never came: bit 1 would be distance 2 to us
  mask.reported({1, 0}, 1);
  EXPECT_THAT(mask.reported({2, 0b10}, 2), IsEmpty());
  EXPECT_THAT(mask.reported({3, 0b110}, 3), IsEmpty());
  EXPECT_FALSE(mask.believed());
}

TEST(ReceivedMask, AFrameThatWasNeverSentEndsTheBelief) {
  ReceivedMask mask;
  mask.reported({1, 0b1}, 1);
  EXPECT_THAT(mask.reported({2, 0b101}, 2), IsEmpty()) << "there is no frame before frame 0";
  EXPECT_FALSE(mask.believed());
  EXPECT_THAT(mask.reported({3, 0b1}, 3), IsEmpty());
}

TEST(ReceivedMask, ProofComesEarlyOrNotAtAll) {
  ReceivedMask mask;
  EXPECT_THAT(mask.reported({31, 0b1}, 31), IsEmpty())
      << "from here on it may be distance 31 of another count";
  ReceivedMask other;
  EXPECT_THAT(other.reported({30, 0b1}, 30), ElementsAre(29U));
}

TEST(ReceivedMask, GoesAroundTheEndOfTheSequenceSpace) {
  ReceivedMask mask;
  mask.reported({1, 0b1}, 1);
  EXPECT_THAT(mask.reported({1, 0b101}, (1ULL << 32) + 1), ElementsAre(0U, 0xfffffffeU));
}

}  // namespace
}  // namespace ringway::link
