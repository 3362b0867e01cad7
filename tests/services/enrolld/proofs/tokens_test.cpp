#include "services/enrolld/proofs/tokens.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace ringway::enrolld {
namespace {

using testing::Each;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;
using testing::StartsWith;

const Secret& key() {
  static const Secret made("0123456789abcdef0123456789abcdef");
  return made;
}

TEST(Tokens, LinkTokensHave256BitsAndNeverRepeat) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) seen.emplace(new_link_token().reveal());
  EXPECT_EQ(seen.size(), 1000U);
  EXPECT_THAT(seen, Each(MatchesRegex("[-_0-9A-Za-z]{43}")));
  EXPECT_EQ(k_token_bytes * 8, 256U);
}

TEST(Tokens, PendingIdsAreHexadecimalAndNeverRepeat) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(new_pending_id());
  EXPECT_EQ(seen.size(), 1000U);
  EXPECT_THAT(seen, Each(MatchesRegex("[0-9a-f]{32}")));
}

TEST(Tokens, TheLinkHasTheTokenInItsPath) {
  const Secret token("t-o_k");
  EXPECT_EQ(link_for("https://enroll.example.org/confirm", "0a", token)->reveal(),
            "https://enroll.example.org/confirm/0a/t-o_k");
  EXPECT_EQ(link_for("https://enroll.example.org/confirm/", "0a", token)->reveal(),
            "https://enroll.example.org/confirm/0a/t-o_k");
}

TEST(Tokens, LinksAreHttpsAndNothingElse) {
  const Secret token("t");
  for (const char* base : {"http://enroll.example.org", "javascript:alert(1)", "", "https://a b",
                           "https://a\r\nb", "https://a/?x=", "https://a/#", "https://a/\"", "https://a/<"}) {
    EXPECT_FALSE(link_for(base, "0a", token).ok()) << base;
  }
}

TEST(Tokens, CodesHaveEightDigitsAndAreSpread) {
  std::set<std::string> seen;
  std::array<int, 10> first_digit{};
  for (int i = 0; i < 2000; ++i) {
    const Secret code = new_code();
    seen.emplace(code.reveal());
    ++first_digit.at(static_cast<std::size_t>(code.reveal()[0] - '0'));
  }
  EXPECT_THAT(seen, Each(MatchesRegex("[0-9]{8}")));
  EXPECT_GE(seen.size(), 1990U);
  for (const int count : first_digit) EXPECT_GT(count, 100);  // 200 expected; 0 comes first as often as 9
}

TEST(Tokens, CodesAreReadAsPeopleTypeThem) {
  EXPECT_EQ(spoken(Secret("12345678")).reveal(), "1234 5678");
  for (const char* typed : {"12345678", "1234 5678", " 1234-5678\r\n"}) {
    const auto code = read_code(typed);
    ASSERT_TRUE(code.ok()) << typed;
    EXPECT_EQ(code->reveal(), "12345678");
  }
  for (const char* typed : {"", "1234567", "123456789", "1234567a", "1234.5678"}) {
    const auto code = read_code(typed);
    ASSERT_FALSE(code.ok()) << typed;
    EXPECT_THAT(code.error().reason, Not(HasSubstr("1234"))) << "a nearly right code is a secret as well";
  }
}

TEST(Tokens, ACodesDigestDependsOnKeyAndPendingEnrolment) {
  const Secret code("12345678");
  const auto digest = digest_of_code(key(), "0a", code);
  EXPECT_TRUE(same_digest(digest, digest_of_code(key(), "0a", *read_code("1234 5678"))));
  EXPECT_FALSE(same_digest(digest, digest_of_code(key(), "0b", code)));
  EXPECT_FALSE(same_digest(digest, digest_of_code(key(), "0a", Secret("12345679"))));
  EXPECT_FALSE(same_digest(digest, digest_of_code(Secret("another key of thirty-two bytes!"), "0a", code)));
}

TEST(Tokens, DigestsOfDifferentThingsDiffer) {
  const Secret text("rwi_0123456789012345678901234567890123456789012");
  EXPECT_FALSE(same_digest(digest_of_token(text.reveal()), digest_of_invitation(text)));
  EXPECT_TRUE(same_digest(digest_of_token("a"), digest_of_token("a")));
  EXPECT_FALSE(same_digest(digest_of_token("a"), digest_of_token("b")));
}

TEST(Tokens, ADigestOfAnotherLengthIsNotTheSame) {
  const auto digest = digest_of_token("a");
  EXPECT_FALSE(same_digest(digest, {}));
  EXPECT_FALSE(same_digest(digest, BytesView(digest).first(31)));
}

TEST(Tokens, DigestsStayAsTheyAreKept) {
  // Records outlive the program: what is kept must be found again by the next version. Computed with
  //   printf 'ringway link token\ntoken' | sha256sum
  //   printf 'ringway invitation\nrwi_x' | sha256sum
  //   printf 'ringway code\n0a\n12345678' | openssl dgst -sha256 -hmac 0123456789abcdef0123456789abcdef
  EXPECT_EQ(to_hex(digest_of_token("token")),
            "be6e06050e3caac491df0eb865d22531a5a912fed9d01e3db6e586f35e8f715e");
  EXPECT_EQ(to_hex(digest_of_invitation(Secret("rwi_x"))),
            "752c5e06cfebba7409600ac4599adbb728633f10d6331f5dc0e1e7c8a1a3a8ab");
  EXPECT_EQ(to_hex(digest_of_code(key(), "0a", Secret("12345678"))),
            "a91377aa7a4f8eed36c8fe0f4bc5e669a84e9f3c219f5e545c2606742c0b4487");
}

TEST(Tokens, InvitationsAreReadAsTheyWereMade) {
  const Secret made = new_invitation();
  EXPECT_THAT(std::string(made.reveal()), StartsWith("rwi_"));
  const std::string pasted = "  " + std::string(made.reveal()) + "\r\n";
  const auto read = read_invitation(pasted);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->reveal(), made.reveal());
  EXPECT_TRUE(same_digest(digest_of_invitation(*read), digest_of_invitation(made)));
}

TEST(Tokens, WhatIsNoInvitationIsRefusedWithoutRepeatingIt) {
  const std::string good(new_invitation().reveal());
  for (const auto& typed :
       {std::string(), std::string("rwi_"), good.substr(1), good.substr(0, good.size() - 1), good + "x",
        good.substr(0, good.size() - 1) + "!", "RWI_" + good.substr(4)}) {
    const auto read = read_invitation(typed);
    ASSERT_FALSE(read.ok()) << typed;
    EXPECT_THAT(read.error().reason, Not(HasSubstr(good.substr(10, 20))));
  }
}

}  // namespace
}  // namespace ringway::enrolld
