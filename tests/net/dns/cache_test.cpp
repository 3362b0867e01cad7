// For how long answers are known.
#include "net/dns/cache.hpp"

#include <gtest/gtest.h>

namespace ringway::net::dns {
namespace {

Asked asked(const std::string& name) { return {name, RecordType::a}; }
Lasting lasting(const std::string& address, Duration lifetime) {
  return {Records(Addresses{address}), lifetime};
}

TEST(DnsCache, KnowsUntilTheLifetimeEnds) {
  Cache cache(10);
  cache.keep(asked("a.example"), lasting("192.0.2.1", Duration{1'000}), {5'000});
  ASSERT_NE(cache.find(asked("a.example"), {5'999}), nullptr);
  EXPECT_EQ(std::get<Addresses>(**cache.find(asked("a.example"), {5'999})).front(), "192.0.2.1");
  EXPECT_EQ(cache.find({"a.example", RecordType::aaaa}, {5'000}), nullptr);
  EXPECT_EQ(cache.find(asked("a.example"), {6'000}), nullptr);
  EXPECT_EQ(cache.size(), 0U);
}

TEST(DnsCache, WhatHasNoLifetimeIsNotKept) {
  Cache cache(10);
  cache.keep(asked("a.example"), lasting("192.0.2.1", Duration{1'000}), {0});
  cache.keep(asked("a.example"), lasting("192.0.2.2", Duration{0}), {0});
  EXPECT_EQ(cache.find(asked("a.example"), {0}), nullptr);  // nor what it replaces
}

TEST(DnsCache, ForgetsWhatWasUsedLeast) {
  Cache cache(2);
  for (const char* name : {"a.example", "b.example"})
    cache.keep(asked(name), lasting("192.0.2.1", Duration{1'000}), {0});
  EXPECT_NE(cache.find(asked("a.example"), {0}), nullptr);
  cache.keep(asked("c.example"), lasting("192.0.2.1", Duration{1'000}), {0});
  EXPECT_EQ(cache.size(), 2U);
  EXPECT_NE(cache.find(asked("a.example"), {0}), nullptr);
  EXPECT_EQ(cache.find(asked("b.example"), {0}), nullptr);
  EXPECT_NE(cache.find(asked("c.example"), {0}), nullptr);
}

}  // namespace
}  // namespace ringway::net::dns
