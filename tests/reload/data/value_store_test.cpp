#include "reload/data/value_store.hpp"

#include <gtest/gtest.h>

namespace ringway::data {
namespace {

constexpr WallMs k_start_ms = 1'800'000'000'000;

Record record_of(std::uint32_t lifetime_s) {
  Record record;
  record.stored.lifetime_s = lifetime_s;
  record.received_ms = k_start_ms;
  record.signer_not_after_ms = k_start_ms + 1'000'000'000;
  return record;
}

TEST(RecordTest, LifetimeRunsFromReceiptAndTheRestIsRoundedDown) {
  const Record record = record_of(60);
  EXPECT_EQ(record.remaining_s(k_start_ms), 60U);
  EXPECT_EQ(record.remaining_s(k_start_ms + 1), 59U);
  EXPECT_EQ(record.remaining_s(k_start_ms + 1000), 59U);
  EXPECT_EQ(record.remaining_s(k_start_ms + 59'001), 0U);
  EXPECT_EQ(record.remaining_s(k_start_ms + 60'000), 0U);
  EXPECT_EQ(record.remaining_s(k_start_ms + 1'000'000), 0U);
}

TEST(RecordTest, ClockSetBackDoesNotLengthenALifetime) {
  EXPECT_EQ(record_of(60).remaining_s(k_start_ms - 1'000'000), 60U);
}

TEST(RecordTest, LongestLifetimeDoesNotOverflow) {
  const Record record = record_of(0xFFFFFFFF);
  EXPECT_EQ(record.remaining_s(k_start_ms), 0xFFFFFFFFU);
  EXPECT_EQ(record.remaining_s(k_start_ms + 1000), 0xFFFFFFFEU);
}

TEST(RecordTest, IsShownUntilItsLifetimeOrItsSignersCertificateEnds) {
  Record record = record_of(60);
  EXPECT_TRUE(record.alive_at(k_start_ms + 59'999));
  EXPECT_FALSE(record.alive_at(k_start_ms + 60'000));
  record.signer_not_after_ms = k_start_ms + 1000;
  EXPECT_TRUE(record.alive_at(k_start_ms + 1000));
  EXPECT_FALSE(record.alive_at(k_start_ms + 1001));
}

TEST(ItemKeyTest, OrdersItemsAsTheirDataModelDoes) {
  wire::StoredDataValue value;
  EXPECT_EQ(item_key_of(value), ItemKey{});
  value.model = wire::DataModel::array;
  value.index = 0x01020304;
  EXPECT_EQ(item_key_of(value), (ItemKey{1, 2, 3, 4}));
  value.model = wire::DataModel::dictionary;
  value.key = Bytes{9, 8};
  EXPECT_EQ(item_key_of(value), (ItemKey{9, 8}));
}

}  // namespace
}  // namespace ringway::data
