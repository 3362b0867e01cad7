#include "reload/link/backoff.hpp"

#include <gtest/gtest.h>

namespace ringway::link {
namespace {

// Gives the number it is told to; `below(bound)` is then number % bound.
class FixedRandom : public Random {
 public:
  explicit FixedRandom(std::uint64_t number) : number_(number) {}
  std::uint64_t next() override { return number_; }

 private:
  std::uint64_t number_;
};

// Always the highest choice, whatever the bound.
class HighestRandom : public Random {
 public:
  std::uint64_t next() override {
    // One less than a common multiple of the bounds 101, 301 and 901 that the test below leads to.
    return 101ULL * 301 * 901 - 1;
  }
};

TEST(Backoff, DoublesUpToTheMaximum) {
  Backoff backoff(Duration{100}, Duration{1000});
  HighestRandom random;
  EXPECT_EQ(backoff.next(random), Duration{200});
  EXPECT_EQ(backoff.next(random), Duration{400});
  EXPECT_LE(backoff.next(random), Duration{800});
  EXPECT_EQ(backoff.next(random), Duration{1000});
  EXPECT_EQ(backoff.next(random), Duration{1000});
  backoff.reset();
  EXPECT_EQ(backoff.next(random), Duration{200});
}

TEST(Backoff, NeverBelowTheMinimum) {
  Backoff backoff(Duration{100}, Duration{1000});
  FixedRandom random(0);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(backoff.next(random), Duration{100});
}

TEST(Backoff, JitterCoversTheWholeRange) {
  for (std::uint64_t choice = 0; choice <= 100; ++choice) {
    Backoff backoff(Duration{100}, Duration{1000});
    FixedRandom random(choice);
    EXPECT_EQ(backoff.next(random), Duration{100 + static_cast<std::int64_t>(choice)});
  }
}

TEST(Backoff, OddSettingsAreMadeSense) {
  FixedRandom random(12345);
  Backoff zero(Duration{0}, Duration{0});
  EXPECT_EQ(zero.next(random), Duration{1});
  Backoff upside_down(Duration{500}, Duration{100});
  EXPECT_EQ(upside_down.next(random), Duration{500});
  Backoff huge(Duration{1}, Duration::max());
  for (int i = 0; i < 100; ++i) EXPECT_GE(huge.next(random), Duration{1}) << "no overflow";
}

}  // namespace
}  // namespace ringway::link
