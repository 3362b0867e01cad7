#include "reload/config/utc_time.hpp"

#include <gtest/gtest.h>

namespace ringway::config {
namespace {

TEST(UtcTime, ReadsRfc3339) {
  // Shows: CONFIG-05.
  EXPECT_EQ(parse_utc("1970-01-01T00:00:00Z"), 0U);
  EXPECT_EQ(parse_utc("2002-10-10T07:00:00Z"), 1'034'233'200'000U);
  EXPECT_EQ(parse_utc("2024-02-29t23:59:59.987z"), 1'709'251'199'000U);
  EXPECT_EQ(parse_utc("2024-02-29T23:59:59+00:00"), 1'709'251'199'000U);
  EXPECT_EQ(parse_utc("2016-12-31T23:59:60Z"), 1'483'228'800'000U);
  EXPECT_EQ(parse_utc("9999-12-31T23:59:59Z"), 253'402'300'799'000U);
}

TEST(UtcTime, RefusesTheRest) {
  // Shows: CONFIG-05.
  for (const char* text :
       {"", "2002-10-10", "2002-10-10T07:00:00", "2002-10-10 07:00:00Z", "2002-10-10T07:00:00+01:00",
        "2002-10-10T07:00Z", "2002-1-10T07:00:00Z", "2002-13-10T07:00:00Z", "2002-02-29T07:00:00Z",
        "2002-10-10T24:00:00Z", "2002-10-10T07:60:00Z", "2002-10-10T07:00:61Z", "1969-12-31T23:59:59Z",
        "2002-10-10T07:00:00.Z", "2002-10-10T07:00:00.5", "2002-10-10T07:00:00Zx", "+002-10-10T07:00:00Z",
        "2002-10-10T07:00:00"})
    EXPECT_EQ(parse_utc(text), std::nullopt) << text;
}

TEST(UtcTime, WritesWhatItReads) {
  for (const WallMs at_ms :
       {WallMs{0}, WallMs{1'034'233'200'000}, WallMs{1'709'251'199'000}, WallMs{4'102'444'800'000}})
    EXPECT_EQ(parse_utc(write_utc(at_ms)), at_ms) << write_utc(at_ms);
  EXPECT_EQ(write_utc(1'034'233'200'999), "2002-10-10T07:00:00Z");
}

}  // namespace
}  // namespace ringway::config
