// What is known of what was written over damaged blocks.
#include "storage/rocks_overwritten.hpp"

#include <gtest/gtest.h>

#include "storage/key_layout.hpp"
#include "tests/storage/record_samples.hpp"

namespace ringway::storage {
namespace {

using data::DropKind;
using data::PutRecord;
using data::SetGeneration;

constexpr std::uint64_t k_later = 1000;  // a sequence number

data::KindAt place_at(std::size_t i) {
  return place(static_cast<std::uint8_t>(i), 1 + static_cast<KindId>(i >> 16U),
               static_cast<std::uint8_t>(i >> 8U));
}

// A read may meet the damage while a commit is on its way.
TEST(Overwritten, IsWholeOnlyWhenAllThatWasWrittenIsKnown) {
  Overwritten over;
  const std::vector<data::WriteBatch> group{{DropKind{place(1)}, PutRecord{place(1), single("x")}}};
  over.writing(group);
  over.begin(place(1));
  over.written(group, 5);
  EXPECT_FALSE(over.of(place(1), k_later)->whole);
  EXPECT_EQ(over.of(place(1), k_later)->keys.size(), 1U) << "what was written is known";
  over.writing(group);
  over.written(group, 10);
  EXPECT_TRUE(over.of(place(1), k_later)->whole);
  EXPECT_EQ(over.of(place(1), k_later)->keys.size(), 1U);
}

// A reader's snapshot may be of before: what it shows are not the records that were written since.
TEST(Overwritten, IsNotWholeForWhoReadsWhatWasThereBefore) {
  Overwritten over;
  over.begin(place(1));
  const std::vector<data::WriteBatch> group{{DropKind{place(1)}, PutRecord{place(1), single("x")}}};
  over.writing(group);
  EXPECT_FALSE(over.of(place(1), 9)->whole);
  over.written(group, 10);
  EXPECT_FALSE(over.of(place(1), 9)->whole);
  EXPECT_TRUE(over.of(place(1), 10)->whole);
  over.writing(group);
  over.written(group, 20);
  EXPECT_TRUE(over.of(place(1), 10)->whole) << "nor does the next one take that back";
}

TEST(Overwritten, KindsThatNobodyNamesAreKnownWhenTheyAreWritten) {
  Overwritten over;
  const auto write = [&](const data::KindAt& at) {
    const std::vector<data::WriteBatch> group{{PutRecord{at, single("x")}, SetGeneration{at, 1}}};
    over.writing(group);
    over.written(group, 1);
  };
  write(place(4));
  over.begin(point(3), point(5));
  over.begin(point(4), point(5));
  over.begin(point(9), std::nullopt);
  for (const std::uint8_t first : std::initializer_list<std::uint8_t>{2, 3, 4, 5, 8, 9, 255})
    write(place(first));
  EXPECT_EQ(over.between(RingId{}, std::nullopt),
            (std::vector<data::KindAt>{place(3), place(4), place(9), place(255)}));
  over.begin(point(3), point(6));
  write(place(5, 2));
  EXPECT_EQ(over.between(point(5), point(6)), std::vector<data::KindAt>{place(5, 2)});
}

TEST(Overwritten, LostSpansAreBounded) {
  Overwritten over;
  const auto begins = [](std::size_t i) {
    return point(static_cast<std::uint8_t>(i >> 8U), static_cast<std::uint8_t>(i));
  };
  for (std::size_t i = 0; i <= k_most_lost_spans; ++i) over.begin(begins(2 * i), begins(2 * i + 1));
  for (const std::size_t i : {k_most_lost_spans - 1, k_most_lost_spans}) {
    const data::KindAt at{as_resource(begins(2 * i)), 1};
    over.writing({{PutRecord{at, single("x")}}});
    EXPECT_EQ(over.of(at, k_later).has_value(), i < k_most_lost_spans);
  }
}

// Those that were only seen make room: a damaged disk has more Kinds than are mended at one time.
TEST(Overwritten, KindsAreBoundedAndThoseWrittenStay) {
  Overwritten over;
  for (std::size_t i = 0; i < k_most_overwritten_kinds; ++i) {
    over.begin(place_at(i));
    if (i % 2 == 0) over.writing({{PutRecord{place_at(i), single("x")}}});
  }
  EXPECT_EQ(over.between(RingId{}, std::nullopt).size(), k_most_overwritten_kinds);
  over.begin(place_at(k_most_overwritten_kinds));
  EXPECT_EQ(over.between(RingId{}, std::nullopt).size(), k_most_overwritten_kinds);
  EXPECT_TRUE(over.of(place_at(0), k_later));
  EXPECT_FALSE(over.of(place_at(1), k_later)) << "seen longest ago";
  EXPECT_TRUE(over.of(place_at(3), k_later));
  EXPECT_TRUE(over.of(place_at(k_most_overwritten_kinds), k_later));
  for (std::size_t i = 0; i <= k_most_overwritten_kinds; ++i) {
    over.begin(place_at(i));
    if (i % 2 == 1) over.writing({{PutRecord{place_at(i), single("x")}}});
  }
  EXPECT_EQ(over.between(RingId{}, std::nullopt).size(), k_most_overwritten_kinds);
  EXPECT_FALSE(over.of(place_at(k_most_overwritten_kinds), k_later)) << "all were written";
}

TEST(Overwritten, KeysAreBounded) {
  Overwritten over;
  for (std::size_t i = 1; i <= 2; ++i) over.begin(place_at(i));
  data::WriteBatch batch;
  for (std::size_t i = 0; i < k_most_overwritten_keys; ++i)
    batch.push_back(PutRecord{place_at(1), element(static_cast<std::uint32_t>(i), "x")});
  over.writing({batch});
  EXPECT_EQ(over.of(place_at(1), k_later)->keys.size(), k_most_overwritten_keys);
  const std::vector<data::WriteBatch> one_more{{DropKind{place_at(2)}, PutRecord{place_at(2), single("x")}}};
  over.writing(one_more);
  over.written(one_more, 1);
  EXPECT_TRUE(over.of(place_at(2), k_later)->keys.empty());
  EXPECT_FALSE(over.of(place_at(2), k_later)->whole) << "a key is missing";
  EXPECT_EQ(over.of(place_at(1), k_later)->keys.size(), k_most_overwritten_keys);
  const std::vector<data::WriteBatch> again{{DropKind{place_at(1)}, PutRecord{place_at(1), single("x")}}};
  for (const auto& group : {again, one_more}) {
    over.writing(group);
    over.written(group, 2);
  }
  for (std::size_t i = 1; i <= 2; ++i) {
    EXPECT_EQ(over.of(place_at(i), k_later)->keys.size(), 1U) << "what was dropped takes no room";
    EXPECT_TRUE(over.of(place_at(i), k_later)->whole) << i;
  }
}

}  // namespace
}  // namespace ringway::storage
