#include "services/enrolld/proofs/mail_address.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ringway::enrolld {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(MailAddressTest, TakesOrdinaryAddresses) {
  for (const char* text : {"alice@example.org", "a@b", "first.last+tag@mail.example.org",
                           "o'hara@x-y.example", "!#$%&'*+-/=?^_`{|}~@example.org", "1@1.example"}) {
    const auto address = MailAddress::read(text);
    ASSERT_TRUE(address.ok()) << text;
    EXPECT_EQ(address->text(), text);
  }
  EXPECT_EQ(MailAddress::read("alice@example.org")->domain(), "example.org");
}

TEST(MailAddressTest, NothingElseGetsIntoAHeaderOrAnEnvelope) {
  const std::string nul("alice\0@example.org", 18);
  for (const std::string& text :
       {std::string(),
        std::string("alice"),
        std::string("@example.org"),
        std::string("alice@"),
        nul,
        std::string("alice@example.org\r\nBcc: eve@example.org"),
        std::string("alice@example.org\nX"),
        std::string("alice@example.org,eve@example.org"),
        std::string("alice@example.org> SIZE=1"),
        std::string("<alice@example.org>"),
        std::string("alice @example.org"),
        std::string("\"a b\"@example.org"),
        std::string("alice(x)@example.org"),
        std::string("alice@example.org@evil.example"),
        std::string("a..b@c.d"),
        std::string(".a@c.d"),
        std::string("a.@c.d"),
        std::string("alice@example..org"),
        std::string("alice@.org"),
        std::string("alice@example.org."),
        std::string("alice@[192.0.2.1]"),
        std::string("alice@-a.example"),
        std::string("alice@a_b.example"),
        std::string("\xC3\xA9lo@example.org"),
        std::string("alice@\xC3\xA9.example"),
        std::string(65, 'a') + "@example.org",
        "a@" + std::string(64, 'b') + ".example",
        "a@" + std::string(60, 'b') + "." + std::string(60, 'b') + "." + std::string(60, 'b') + "." +
            std::string(60, 'b') + "." + std::string(60, 'b')}) {
    const auto address = MailAddress::read(text);
    ASSERT_FALSE(address.ok()) << text;
    EXPECT_THAT(address.error().reason, Not(HasSubstr("alice")));
  }
}

TEST(HeaderTextTest, PlainAsciiStaysAsItIs) {
  const auto text = HeaderText::read("The \"overlay\" \\ people");
  ASSERT_TRUE(text.ok());
  EXPECT_EQ(text->encoded(), "The \"overlay\" \\ people");
  EXPECT_EQ(text->as_display_name(), R"("The \"overlay\" \\ people")");
}

TEST(HeaderTextTest, OtherTextIsEncodedInWordsOfWholeCharacters) {
  const auto text = HeaderText::read("Ringway \xC3\xA0 la carte");
  ASSERT_TRUE(text.ok());
  EXPECT_EQ(text->encoded(), "=?UTF-8?B?UmluZ3dheSDDoCBsYSBjYXJ0ZQ==?=");
  EXPECT_EQ(text->as_display_name(), text->encoded());
  // 46 bytes: the two of the last character stay together.
  const auto longer = HeaderText::read(std::string(44, 'x') + "\xC3\xA0");
  ASSERT_TRUE(longer.ok());
  EXPECT_THAT(longer->encoded(), HasSubstr("?=\r\n =?UTF-8?B?w6A=?="));
  // Would be read as something else.
  EXPECT_EQ(HeaderText::read("=?UTF-8?B?QQ==?=")->encoded(), "=?UTF-8?B?PT9VVEYtOD9CP1FRPT0/PQ==?=");
}

TEST(HeaderTextTest, ControlCharactersAreRefused) {
  for (const std::string& text :
       {std::string("a\r\nBcc: eve@example.org"), std::string("a\nb"), std::string("a\rb"),
        std::string("a\0b", 3), std::string("a\tb"), std::string("a\x7f"), std::string(201, 'a')}) {
    EXPECT_FALSE(HeaderText::read(text).ok()) << text;
  }
}

}  // namespace
}  // namespace ringway::enrolld
