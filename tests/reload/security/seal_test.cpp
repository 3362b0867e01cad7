#include "reload/security/seal.hpp"

#include <gtest/gtest.h>

namespace ringway::security {
namespace {

class CountingRandom : public Random {
 public:
  std::uint64_t next() override { return ++last_ * 0x9E3779B97F4A7C15ULL; }

 private:
  std::uint64_t last_ = 0;
};

TEST(SealTest, IsOpenedByItsKeyOnly) {
  CountingRandom random;
  const Bytes key(k_seal_key_bytes, 7), other_key(k_seal_key_bytes, 8);
  Seal seal(key, random), same(key, random), other(other_key, random), own(random);
  const Bytes plain = copy_of(view_of("who calls"));
  const Bytes first = seal.close(plain), second = seal.close(plain);
  EXPECT_NE(first, second);
  EXPECT_EQ(same.open(first), plain);
  EXPECT_EQ(same.open(second), plain);
  EXPECT_FALSE(other.open(first));
  EXPECT_FALSE(own.open(first));
  for (std::size_t at = 0; at < first.size(); ++at) {
    Bytes changed = first;
    changed[at] ^= 1;
    EXPECT_FALSE(seal.open(changed)) << at;
  }
  EXPECT_FALSE(seal.open(BytesView(first).first(first.size() - 1)));
  EXPECT_FALSE(seal.open({}));
  EXPECT_EQ(seal.open(seal.close({})), Bytes());
}

TEST(SealTest, WhatIsSealedHasABound) {
  CountingRandom random;
  Seal seal(random);
  const Bytes largest(k_max_sealed_bytes, 1);
  const Bytes sealed = seal.close(largest);
  EXPECT_EQ(seal.open(sealed), largest);
  Bytes longer = sealed;
  longer.push_back(0);
  EXPECT_FALSE(seal.open(longer));
}

}  // namespace
}  // namespace ringway::security
