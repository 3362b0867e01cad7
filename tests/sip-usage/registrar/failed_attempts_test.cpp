#include "sip-usage/registrar/failed_attempts.hpp"

#include <gtest/gtest.h>

namespace ringway::sip::registrar {
namespace {

TEST(FailedAttempts, StopOneNameOfOneSender) {
  FailedAttempts attempts;
  for (std::size_t n = 0; n < k_max_failures_of_name; ++n) {
    EXPECT_FALSE(attempts.is_refused({0}, "a", "alice"));
    attempts.failed({0}, "a", "alice");
  }
  EXPECT_TRUE(attempts.is_refused({0}, "a", "alice"));
  EXPECT_FALSE(attempts.is_refused({0}, "a", "bob")) << "a neighbour behind the same address";
  EXPECT_FALSE(attempts.is_refused({0}, "b", "alice")) << "the user's other phone";
  EXPECT_TRUE(attempts.is_refused({k_failure_window.count() - 1}, "a", "alice"));
  EXPECT_FALSE(attempts.is_refused({k_failure_window.count()}, "a", "alice"));
  attempts.failed({k_failure_window.count()}, "a", "alice");
  EXPECT_FALSE(attempts.is_refused({k_failure_window.count()}, "a", "alice")) << "counted anew";
}

TEST(FailedAttempts, StopASenderThatTriesManyNames) {
  FailedAttempts attempts;
  for (std::size_t n = 0; n < k_max_failures_of_sender; ++n) {
    EXPECT_FALSE(attempts.is_refused({0}, "a", "alice"));
    attempts.failed({0}, "a", "user" + std::to_string(n));
  }
  EXPECT_TRUE(attempts.is_refused({0}, "a", "alice"));
  EXPECT_FALSE(attempts.is_refused({0}, "b", "alice"));
}

TEST(FailedAttempts, AreForgottenWithTheRightPassword) {
  FailedAttempts attempts;
  for (std::size_t n = 1; n < k_max_failures_of_name; ++n) attempts.failed({0}, "a", "alice");
  attempts.succeeded("a", "alice");
  attempts.failed({0}, "a", "alice");
  EXPECT_FALSE(attempts.is_refused({0}, "a", "alice"));
}

TEST(FailedAttempts, AreNoMoreThanTheirBound) {
  FailedAttempts attempts;
  for (std::size_t n = 0; n < k_max_failures_of_name; ++n) attempts.failed({0}, "a", "alice");
  const std::string long_name(k_max_counted_name_bytes + 1, 'x');
  for (std::size_t n = 0; n < k_max_failure_counts / 2 - 1; ++n)
    attempts.failed({1}, "s" + std::to_string(n), long_name + std::to_string(n));
  EXPECT_EQ(attempts.size().size, k_max_failure_counts);
  EXPECT_TRUE(attempts.is_refused({1}, "a", "alice"));
  attempts.failed({1}, "one more", "x");
  EXPECT_EQ(attempts.size().size, k_max_failure_counts);
  EXPECT_FALSE(attempts.is_refused({1}, "a", "alice")) << "the oldest makes room";
}

}  // namespace
}  // namespace ringway::sip::registrar
