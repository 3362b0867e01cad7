#include "sip-usage/message/uri.hpp"

#include <gtest/gtest.h>

namespace ringway::sip {
namespace {

Uri uri(std::string_view text) {
  auto parsed = Uri::parse(text);
  EXPECT_TRUE(parsed.ok()) << text << ": " << (parsed ? "" : parsed.error().reason);
  return parsed ? *parsed : Uri{};
}

bool equal(std::string_view a, std::string_view b) {
  const bool one_way = equivalent(uri(a), uri(b));
  EXPECT_EQ(one_way, equivalent(uri(b), uri(a))) << a << " " << b;
  return one_way;
}

TEST(Uri, ItsParts) {
  const Uri read =
      uri("sips:alice:secret@atlanta.com:5061;transport=tcp;lr?subject=project%20x&priority=urgent");
  EXPECT_EQ(read.scheme, "sips");
  EXPECT_EQ(read.user, "alice");
  EXPECT_EQ(read.password, "secret");
  EXPECT_EQ(read.host, "atlanta.com");
  EXPECT_EQ(read.port, 5061);
  EXPECT_EQ(read.parameters.value("Transport"), "tcp");
  EXPECT_TRUE(read.has_loose_routing());
  ASSERT_EQ(read.headers.size(), 2u);
  EXPECT_EQ(read.headers[0].value, "project%20x");
}

TEST(Uri, IsPrintedAsItCame) {
  for (const auto* text :
       {"sip:alice@atlanta.com", "sip:atlanta.com", "sip:atlanta.com;method=REGISTER?to=alice%40atlanta.com",
        "sip:alice;day=tuesday@atlanta.com", "sip:[2001:db8::10]", "sip:a@[2001:db8::9:1]:5070;lr",
        "sip:%75se%72@h", "sip:null-%00-null@h", "sip:+1-212-555-1212:1234@gateway.com;user=phone",
        "sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:&it+has=1,weird!*pas$wo~d_too.(doesn't-it)@h",
        "tel:+358-555-1234567;postd=pp22", "tel:7042;phone-context=example.com", "urn:service:sos",
        "soap.beep://192.0.2.103:3002", "sip:a@h;x=%25%34%31", "sip:a@192.0.2.1:5060;maddr=[2001:db8::1]"})
    EXPECT_EQ(uri(text).print(), text);
  EXPECT_EQ(uri("SIP:a@Host").print(), "sip:a@Host");
}

TEST(Uri, RefusesWhatIsNone) {
  for (const auto* text : {"",
                           "sip",
                           "sip:",
                           ":x",
                           "sip:@h",
                           "sip:a@",
                           "sip:a b@h",
                           "sip:a@h h",
                           "sip:a@h:99999",
                           "sip:a@h:x",
                           "sip:a@h:",
                           "sip:a%4@h",
                           "sip:a%zz@h",
                           "sip:a@h;",
                           "sip:a@h;;lr",
                           "sip:a@h;=x",
                           "sip:a@[::1",
                           "sip:a@h>",
                           "<sip:a@h>",
                           "sip:a\"@h",
                           "1sip:a@h",
                           "tel:",
                           "tel:abc;x y",
                           "tel:1+2",
                           "sip:a@h;x=a b",
                           "sip:\xff@h",
                           "sip:a@h;x=\xfe",
                           "isbn:a b",
                           "sip:a@h?x=y z",
                           "sip:a@b@c"})
    EXPECT_FALSE(Uri::parse(text).ok()) << text;
  const std::string longest = "sip:" + std::string(k_max_uri_bytes - 6, 'a') + "@h";
  EXPECT_TRUE(Uri::parse(longest).ok());
  EXPECT_FALSE(Uri::parse("sip:a" + longest.substr(4)).ok());
}

TEST(Uri, EscapesStayAndAreResolvedOnce) {
  EXPECT_EQ(uri("sip:%2541@h").user_unescaped(), "%41");
  EXPECT_EQ(uri("sip:null-%00-null@h").user_unescaped(), std::string("null-\0-null", 11));
  EXPECT_EQ(uri("sip:sips%3Auser%40example.com@example.net").user_unescaped(), "sips:user@example.com");
  EXPECT_EQ(escaped_user("a b@c%\xc3\xa9"), "a%20b%40c%25%C3%A9");
  EXPECT_EQ(unescaped("%4"), "%4");
}

// The examples of RFC 3261 §19.1.4.
TEST(Uri, Equivalent) {
  EXPECT_TRUE(equal("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp"));
  EXPECT_TRUE(equal("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"));
  EXPECT_TRUE(equal("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;newparam=5"));
  EXPECT_TRUE(equal("sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
                    "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com"));
  EXPECT_TRUE(equal("sip:alice@atlanta.com?subject=project%20x&priority=urgent",
                    "sip:alice@atlanta.com?priority=urgent&subject=project%20x"));
}

TEST(Uri, NotEquivalent) {
  EXPECT_FALSE(equal("SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP"));
  EXPECT_FALSE(equal("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"));
  EXPECT_FALSE(equal("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"));
  EXPECT_FALSE(equal("sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp"));
  EXPECT_FALSE(equal("sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting"));
  EXPECT_FALSE(equal("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"));
  EXPECT_FALSE(equal("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off"));
  EXPECT_FALSE(equal("sip:a@h", "sips:a@h"));
  EXPECT_FALSE(equal("sip:a@h", "sip:a@h;maddr=192.0.2.1"));
  EXPECT_FALSE(equal("sip:a@h", "sip:a:b@h"));
  // What is reserved is not what its escape is, and nothing is unescaped twice.
  EXPECT_FALSE(equal("sip:a%3Bb@h", "sip:a;b@h"));
  EXPECT_FALSE(equal("sip:%2541@h", "sip:A@h"));
  EXPECT_FALSE(equal("sip:%253B@h", "sip:%3B@h"));
  EXPECT_FALSE(equal("sip:%00@h", "sip:%00%00@h"));
}

// RFC 3966 §4.
TEST(Uri, TelNumbersAreComparedWithoutSeparators) {
  EXPECT_TRUE(equal("tel:+1-201-555-0123", "tel:+1(201)555.0123"));
  EXPECT_FALSE(equal("tel:+12015550123", "tel:12015550123"));
  EXPECT_FALSE(equal("tel:7042;phone-context=example.com", "tel:7042"));
  EXPECT_TRUE(equal("tel:7042;phone-context=example.com", "tel:7042;phone-context=Example.com"));
}

}  // namespace
}  // namespace ringway::sip
