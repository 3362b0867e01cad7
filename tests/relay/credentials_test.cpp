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
  EXPECT_EQ(credentials.known_as(k_now_ms, "alice"), (std::vector<Known>{{"secret", "user:alice", 0}}));
  EXPECT_TRUE(credentials.known_as(k_now_ms, "bob").empty());
  EXPECT_TRUE(credentials.known_as(k_now_ms, "").empty());
}

// The password: printf 1900000060:alice | openssl dgst -sha1 -hmac shared -binary | base64
TEST_F(CredentialsTest, WithASecretOfTheOperators) {
  const auto passwords = credentials.known_as(k_now_ms, "1900000060:alice");
  ASSERT_EQ(passwords.size(), 3U);
  EXPECT_EQ(passwords[1].password, "pW1Epcg2+WwX/cFMDK3y5gAFidU=");
  EXPECT_EQ(credentials.known_as(k_now_ms + 59'999, "1900000060:alice").size(), 3U);
  EXPECT_TRUE(credentials.known_as(k_now_ms + 60'000, "1900000060:alice").empty());
  EXPECT_EQ(credentials.known_as(k_now_ms, "1900000060").size(), 3U) << "without a name";
}

TEST_F(CredentialsTest, IssuedForANode) {
  const auto issued = credentials.issue(k_now_ms, "0a0b", Duration{600'000});
  EXPECT_EQ(issued.user_name, "1900000600:0a0b");
  EXPECT_EQ(issued.ends_ms, k_now_ms + 600'000);
  EXPECT_EQ(credentials.known_as(k_now_ms, issued.user_name).front().password, issued.password);
  EXPECT_EQ(credentials.known_as(k_now_ms, issued.user_name).front().quota, "node:0a0b");
  const Credentials another({}, Bytes(32, 2));
  EXPECT_NE(another.known_as(k_now_ms, issued.user_name).front().password, issued.password)
      << "of another relay";
}

// One name may be an operator's user, a node, and a user of the operator's application: three.
TEST_F(CredentialsTest, WhoseQuotaItIs) {
  const auto quotas = [this](std::string_view name) {
    std::vector<std::string> out;
    for (const auto& each : credentials.known_as(k_now_ms, name)) out.push_back(each.quota);
    return out;
  };
  EXPECT_EQ(quotas("alice"), std::vector<std::string>{"user:alice"});
  const std::vector<std::string> of_a_time{"node:alice", "application:alice", "application:alice"};
  EXPECT_EQ(quotas("1900000060:alice"), of_a_time);
  EXPECT_EQ(quotas("1900000099:alice"), of_a_time) << "whenever it ends";
  EXPECT_EQ(quotas("1900000060"), quotas("1900000061")) << "without a name";
}

TEST_F(CredentialsTest, ATimeIsDigitsAndNothingElse) {
  for (const auto* name :
       {"-1:x", "+1900000060:x", " 1900000060:x", "1900000060 :x", ":x", "99999999999999999999:x"})
    EXPECT_TRUE(credentials.known_as(k_now_ms, name).empty()) << name;
}

}  // namespace
}  // namespace ringway::relay
