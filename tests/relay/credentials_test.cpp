// User names and passwords of the relay.
#include "relay/credentials.hpp"

#include <gtest/gtest.h>

namespace ringway::relay {
namespace {

constexpr WallMs k_now_ms = 1'900'000'000'000;

struct CredentialsTest : testing::Test {
  Credentials credentials{{{{"alice", "secret"}}, {"shared", "older"}}, Bytes(32, 1)};
};

TEST_F(CredentialsTest, OfAnOperatorsUsers) {
  EXPECT_EQ(credentials.passwords_of(k_now_ms, "alice"), std::vector<std::string>{"secret"});
  EXPECT_TRUE(credentials.passwords_of(k_now_ms, "bob").empty());
  EXPECT_TRUE(credentials.passwords_of(k_now_ms, "").empty());
}

// The password: printf 1900000060:alice | openssl dgst -sha1 -hmac shared -binary | base64
// Shows: TURN-09.
TEST_F(CredentialsTest, WithASecretOfTheOperators) {
  const auto passwords = credentials.passwords_of(k_now_ms, "1900000060:alice");
  ASSERT_EQ(passwords.size(), 3U);
  EXPECT_EQ(passwords[1], "pW1Epcg2+WwX/cFMDK3y5gAFidU=");
  EXPECT_EQ(credentials.passwords_of(k_now_ms + 59'999, "1900000060:alice").size(), 3U);
  EXPECT_TRUE(credentials.passwords_of(k_now_ms + 60'000, "1900000060:alice").empty());
  EXPECT_EQ(credentials.passwords_of(k_now_ms, "1900000060").size(), 3U) << "without a name";
}

// Shows: TURN-09.
TEST_F(CredentialsTest, IssuedForANode) {
  const auto issued = credentials.issue(k_now_ms, "0a0b", Duration{600'000});
  EXPECT_EQ(issued.user_name, "1900000600:0a0b");
  EXPECT_EQ(issued.ends_ms, k_now_ms + 600'000);
  EXPECT_EQ(credentials.passwords_of(k_now_ms, issued.user_name).front(), issued.password);
  EXPECT_EQ(Credentials::quota_of(issued.user_name), "0a0b");
  const Credentials another({}, Bytes(32, 2));
  EXPECT_NE(another.passwords_of(k_now_ms, issued.user_name).front(), issued.password) << "of another relay";
}

TEST_F(CredentialsTest, WhoseQuotaItIs) {
  EXPECT_EQ(Credentials::quota_of("alice"), "alice");
  EXPECT_EQ(Credentials::quota_of("alice:x"), "alice:x");
  EXPECT_EQ(Credentials::quota_of("1900000060"), "1900000060");
}

TEST_F(CredentialsTest, ATimeIsDigitsAndNothingElse) {
  for (const auto* name :
       {"-1:x", "+1900000060:x", " 1900000060:x", "1900000060 :x", ":x", "99999999999999999999:x"})
    EXPECT_TRUE(credentials.passwords_of(k_now_ms, name).empty()) << name;
}

}  // namespace
}  // namespace ringway::relay
