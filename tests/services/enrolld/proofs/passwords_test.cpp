#include "services/enrolld/proofs/passwords.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <ctime>
#include <thread>
#include <vector>

namespace ringway::enrolld {
namespace {

using testing::HasSubstr;
using testing::StartsWith;
using Verdict = PasswordCheck::Verdict;

PasswordSettings cheap() {
  PasswordSettings settings;
  settings.cost = {1, std::size_t{8} << 10U};
  return settings;
}

class PasswordsTest : public testing::Test {
 protected:
  Passwords passwords_ = Passwords::make(cheap()).value();
  Secret right_{"correct horse battery staple"};
};

TEST_F(PasswordsTest, RightAndWrong) {
  const auto stored = passwords_.hash(right_);
  ASSERT_TRUE(stored.ok());
  EXPECT_THAT(*stored, StartsWith("$argon2id$"));
  EXPECT_EQ(passwords_.check(right_, *stored).verdict, Verdict::right);
  EXPECT_EQ(passwords_.check(Secret("correct horse battery stapl"), *stored).verdict, Verdict::wrong);
  EXPECT_EQ(passwords_.check(Secret(), *stored).verdict, Verdict::wrong);
}

TEST_F(PasswordsTest, EachHashHasItsOwnSalt) {
  EXPECT_NE(*passwords_.hash(right_), *passwords_.hash(right_));
}

TEST_F(PasswordsTest, BytesAreComparedAsTheyAre) {
  // Shows: ENROLL-07.
  const Secret composed("caf\xC3\xA9 au lait");
  const Secret decomposed("cafe\xCC\x81 au lait");  // looks the same
  const auto stored = passwords_.hash(composed).value();
  EXPECT_EQ(passwords_.check(composed, stored).verdict, Verdict::right);
  EXPECT_EQ(passwords_.check(decomposed, stored).verdict, Verdict::wrong);

  const Secret with_nul(std::string_view("password\0one", 12));
  const auto stored_nul = passwords_.hash(with_nul).value();
  EXPECT_EQ(passwords_.check(Secret(std::string_view("password\0two", 12)), stored_nul).verdict,
            Verdict::wrong);
}

TEST_F(PasswordsTest, LengthsAreBounded) {
  EXPECT_FALSE(passwords_.hash(Secret("1234567")).ok());
  EXPECT_TRUE(passwords_.hash(Secret("12345678")).ok());
  const std::string longest(k_max_password_bytes, 'x');
  const auto stored = passwords_.hash(Secret(longest));
  ASSERT_TRUE(stored.ok());
  EXPECT_FALSE(passwords_.hash(Secret(longest + "x")).ok());
  EXPECT_EQ(passwords_.check(Secret(longest + "x"), *stored).verdict, Verdict::wrong);
}

TEST_F(PasswordsTest, NobodyHasNoPassword) {
  EXPECT_EQ(passwords_.check(right_, std::nullopt).verdict, Verdict::wrong);
}

TEST_F(PasswordsTest, ALoginBringsTheHashToTodaysCost) {
  const auto old = passwords_.hash(right_).value();
  EXPECT_EQ(passwords_.check(right_, old).upgraded, "");
  auto dearer = cheap();
  dearer.cost.passes = 2;
  Passwords today = Passwords::make(dearer).value();
  EXPECT_EQ(today.check(Secret("wrong password"), old).upgraded, "");
  const auto check = today.check(right_, old);
  EXPECT_EQ(check.verdict, Verdict::right);
  EXPECT_THAT(check.upgraded, HasSubstr("t=2"));
  const auto again = today.check(right_, check.upgraded);
  EXPECT_EQ(again.verdict, Verdict::right);
  EXPECT_EQ(again.upgraded, "");
}

TEST_F(PasswordsTest, AStoredHashThatIsNoneIsAFaultAndNoWrongPassword) {
  for (const char* stored : {"", "secret", "$argon2id$", "$1$abc$def"})
    EXPECT_EQ(passwords_.check(right_, stored).verdict, Verdict::failed) << stored;
}

// The processor's time of this thread: the wall's would also tell what else the machine does.
std::int64_t thread_time_us() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::int64_t{time.tv_sec} * 1'000'000 + time.tv_nsec / 1000;
}

TEST_F(PasswordsTest, TimeDoesNotTellWhichNamesExist) {
  auto settings = cheap();
  settings.cost = {2, std::size_t{16} << 20U};
  Passwords dear = Passwords::make(settings).value();
  const auto time_of_check_us = [&](const std::optional<std::string>& hash) {
    const auto start = thread_time_us();
    EXPECT_EQ(dear.check(Secret("a wrong password"), hash).verdict, Verdict::wrong);
    return thread_time_us() - start;
  };
  const auto stored = dear.hash(right_).value();
  std::int64_t known = INT64_MAX;
  std::int64_t unknown = INT64_MAX;
  for (int i = 0; i < 5; ++i) {
    known = std::min(known, time_of_check_us(stored));
    unknown = std::min(unknown, time_of_check_us(std::nullopt));
  }
  // A shortcut for unknown names would take microseconds.
  EXPECT_GT(unknown, known / 3) << known;
  EXPECT_LT(unknown, known * 3) << known;
}

TEST_F(PasswordsTest, OnlySoManyChecksAtOnce) {
  auto settings = cheap();
  settings.cost = {8, std::size_t{32} << 20U};
  settings.most_at_once = 1;
  settings.longest_wait_ms = 1;
  Passwords one = Passwords::make(settings).value();
  std::atomic<int> busy{0};
  std::atomic<int> wrong{0};
  std::vector<std::thread> callers;
  for (int i = 0; i < 8; ++i) {
    callers.emplace_back([&] {
      const auto verdict = one.check(Secret("a wrong password"), std::nullopt).verdict;
      if (verdict == Verdict::busy) ++busy;
      if (verdict == Verdict::wrong) ++wrong;
    });
  }
  for (auto& caller : callers) caller.join();
  EXPECT_GE(wrong, 1);
  EXPECT_GE(busy, 1);
  EXPECT_EQ(busy + wrong, 8);
  EXPECT_EQ(one.check(Secret("a wrong password"), std::nullopt).verdict, Verdict::wrong)
      << "turns are given back";
}

TEST_F(PasswordsTest, CostsThatMakeNoSenseAreRefused) {
  auto settings = cheap();
  settings.cost.passes = 0;
  EXPECT_FALSE(Passwords::make(settings).ok());
  settings = cheap();
  settings.cost.memory_bytes = 1024;
  EXPECT_FALSE(Passwords::make(settings).ok());
  settings = cheap();
  settings.most_at_once = 0;
  EXPECT_FALSE(Passwords::make(settings).ok());
}

}  // namespace
}  // namespace ringway::enrolld
