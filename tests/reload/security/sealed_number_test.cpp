#include "reload/security/sealed_number.hpp"

#include <gtest/gtest.h>

namespace ringway::security {
namespace {

class CountingRandom : public Random {
 public:
  std::uint64_t next() override { return ++last_ * 0x9E3779B97F4A7C15ULL; }

 private:
  std::uint64_t last_ = 0;
};

TEST(SealedNumbers, AreReadByTheirSealerOnly) {
  CountingRandom random;
  SealedNumbers sealed(random), others(random);
  const std::string first = sealed.seal(5), second = sealed.seal(5);
  EXPECT_NE(first, second);
  EXPECT_EQ(sealed.open(first), 5U);
  EXPECT_EQ(sealed.open(second), 5U);
  EXPECT_EQ(sealed.open(sealed.seal(~std::uint64_t{0})), ~std::uint64_t{0});
  EXPECT_FALSE(others.open(first));
  for (std::size_t at = 0; at < first.size(); ++at) {
    std::string changed = first;
    changed[at] = changed[at] == '0' ? '1' : '0';
    EXPECT_FALSE(sealed.open(changed)) << at;
  }
  EXPECT_FALSE(sealed.open(""));
  EXPECT_FALSE(sealed.open(first.substr(2)));
}

}  // namespace
}  // namespace ringway::security
