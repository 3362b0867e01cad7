#include "sip-usage/message/name_addr.hpp"

#include <gtest/gtest.h>

#include "sip-usage/message/credentials.hpp"
#include "sip-usage/message/grammar.hpp"
#include "sip-usage/message/via.hpp"

namespace ringway::sip {
namespace {

NameAddr address(std::string_view text) {
  auto parsed = NameAddr::parse(text);
  EXPECT_TRUE(parsed.ok()) << text << ": " << (parsed ? "" : parsed.error().reason);
  return parsed ? *parsed : NameAddr{};
}

TEST(NameAddr, ItsParts) {
  const auto read = address("\"A. G. \\\"Bell\" <sip:agb@bell-telephone.com;lr> ;tag=a48s;x=\"q;,<\"");
  EXPECT_EQ(read.display_name, "\"A. G. \\\"Bell\"");
  EXPECT_EQ(read.uri.print(), "sip:agb@bell-telephone.com;lr");
  EXPECT_EQ(read.tag(), "a48s");
  EXPECT_EQ(read.parameters.value("X"), "\"q;,<\"");
  EXPECT_EQ(read.print(), "\"A. G. \\\"Bell\" <sip:agb@bell-telephone.com;lr>;tag=a48s;x=\"q;,<\"");
  EXPECT_EQ(address("sip:a@h;lr").uri.print(), "sip:a@h");  // the header's, without <> (§20.10)
  EXPECT_TRUE(address("sip:a@h;lr").parameters.has("lr"));
  EXPECT_EQ(address("Two Words<sip:a@h>").display_name, "Two Words");
  EXPECT_EQ(address("<tel:+431;ext=2>;tag=x").uri.user, "+431");
  EXPECT_EQ(address("<sip:a@h?Route=%3Csip:b%3E>").uri.headers.size(), 1u);
}

TEST(NameAddr, RefusesWhatIsNotWhollyUnderstood) {
  for (const auto* text :
       {"", "<>", "<sip:a@h", "sip:a@h>", "\"open <sip:a@h>", "Bell, A <sip:a@h>", "B@d <sip:a@h>",
        "<sip:a@h> junk", "<sip:a@h>;tag=a b", "<sip:a@h>;;", "< sip:a@h >", "sip:a@h?x=y",
        "<sip:a@h><sip:b@h>", "<sip:a@h>;=x", "<sip:a@h>;tag=\"open", "sip:a@h junk", "\"a\"b <sip:a@h>",
        "<sip:a@h>;ta g=x", "\xff <sip:a@h>"})
    EXPECT_FALSE(NameAddr::parse(text).ok()) << text;
}

TEST(NameAddr, AQuotedPairMayBeANul) {
  const std::string text("<sip:a@ho>;x=\"a\\\0b\";y=z", 23);
  EXPECT_EQ(address(text).print(), text);
  EXPECT_EQ(address(text).parameters.value("y"), "z");
  EXPECT_FALSE(NameAddr::parse(std::string("<sip:a@ho>;x=\"a\0b\"", 18)).ok());
}

TEST(NameAddr, WhatContactsSay) {
  const auto read = address("<sip:a@h;gr>;q=0.7;expires=60;+sip.instance=\"<urn:uuid:f81d>\";reg-id=1;ob");
  EXPECT_EQ(read.q_thousandths(), 700u);
  EXPECT_EQ(read.expires_s(), 60u);
  EXPECT_EQ(read.instance_id(), "<urn:uuid:f81d>");
  EXPECT_EQ(read.reg_id(), 1u);
  EXPECT_EQ(address("<sip:a@h>").q_thousandths(), 1000u);
  EXPECT_EQ(address("<sip:a@h>;q=0.3333").q_thousandths(), 333u);
  EXPECT_EQ(address("<sip:a@h>;q=0").q_thousandths(), 0u);
  EXPECT_EQ(address("<sip:a@h>;q=0.05").q_thousandths(), 50u);
  EXPECT_EQ(address("<sip:a@h>;q=7").q_thousandths(), 1000u);
  EXPECT_FALSE(address("<sip:a@h>;expires=280297596632815").expires_s());
  EXPECT_FALSE(address("<sip:a@h>;reg-id=0").reg_id());
  EXPECT_FALSE(address("<sip:a@h>").reg_id());
}

TEST(NameAddr, Lists) {
  const auto list = parse_name_addr_list("<sip:a,c@h>, \"x, y\" <sip:b@h;lr>;q=1");
  ASSERT_TRUE(list.ok());
  EXPECT_EQ(list->size(), 2u);
  for (const auto* text : {"<sip:a@h>,", ",<sip:a@h>", "<sip:a@h>,,<sip:b@h>", "<sip:a@h", ""})
    EXPECT_FALSE(parse_name_addr_list(text).ok()) << text;
}

Via via(std::string_view text) {
  auto parsed = Via::parse(text);
  EXPECT_TRUE(parsed.ok()) << text << ": " << (parsed ? "" : parsed.error().reason);
  return parsed ? *parsed : Via{};
}

TEST(Via, ItsParts) {
  const auto read =
      via("SIP / 2.0 / UDP first.Example.com : 4000;ttl=16 ;maddr=224.2.0.1;branch=z9hG4bKa7c6a8.1;rport");
  EXPECT_EQ(read.transport, "UDP");
  EXPECT_EQ(read.sent_by(), "first.example.com:4000");
  EXPECT_EQ(read.branch(), "z9hG4bKa7c6a8.1");
  EXPECT_TRUE(read.asks_for_rport());
  EXPECT_FALSE(read.rport());
  EXPECT_TRUE(read.has_transaction_id());
  EXPECT_EQ(via("SIP/2.0/TLS [2001:db8::9:1];branch=x").host, "2001:db8::9:1");
  EXPECT_EQ(via("SIP/2.0/TLS [2001:db8::9:1]:5061;received=2001:db8::1").print(),
            "SIP/2.0/TLS [2001:db8::9:1]:5061;received=2001:db8::1");
  EXPECT_FALSE(via("SIP/2.0/UDP h;branch=z9hG4bK").has_transaction_id());
  EXPECT_FALSE(via("SIP/2.0/UDP h;branch=old").has_transaction_id());
  EXPECT_FALSE(via("SIP/2.0/UDP h").has_transaction_id());
}

TEST(Via, RefusesWhatIsNone) {
  for (const auto* text : {"", "SIP/2.0/UDP", "SIP/2.0 h", "SIP/7.0/UDP h", "HTTP/2.0/UDP h",
                           "SIP/2.0/UDP h h", "SIP/2.0/UDP h;;", "SIP/2.0/UDP h:99999", "SIP/2.0/UDP h:x",
                           "SIP/2.0/UDP ;branch=a", "SIP/2.0/UDP h;branch=\"a", "SIP/2.0/U DP h",
                           "SIP/2.0/UDP h;bran ch=a", "SIP/2.0/UDP h@h", "SIP/2.0/UDP [::1"})
    EXPECT_FALSE(Via::parse(text).ok()) << text;
}

// RFC 3261 §18.2.1, RFC 3581 §4.
TEST(Via, NotesTheSource) {
  auto plain = via("SIP/2.0/UDP 192.0.2.1:5070;received=10.0.0.1;branch=z9hG4bK1");
  plain.note_source("192.0.2.1", 5070);
  EXPECT_EQ(plain.print(), "SIP/2.0/UDP 192.0.2.1:5070;branch=z9hG4bK1");
  plain.note_source("192.0.2.9", 5070);
  EXPECT_EQ(plain.received(), "192.0.2.9");
  auto asks = via("SIP/2.0/UDP 192.0.2.1:5070;rport;branch=z9hG4bK1");
  asks.note_source("192.0.2.1", 4444);
  EXPECT_EQ(asks.print(), "SIP/2.0/UDP 192.0.2.1:5070;rport=4444;branch=z9hG4bK1;received=192.0.2.1");
  EXPECT_EQ(asks.rport(), 4444);
}

// RFC 3261 §18.2.2, RFC 3581 §4.
TEST(Via, WhereAnswersGo) {
  const auto target = [](std::string_view text) { return response_target(via(text)); };
  EXPECT_EQ(target("SIP/2.0/UDP ho;branch=x"), (ResponseTarget{"ho", 5060}));
  EXPECT_EQ(target("SIP/2.0/TLS ho"), (ResponseTarget{"ho", 5061}));
  EXPECT_EQ(target("SIP/2.0/UDP ho:7000;received=192.0.2.1"), (ResponseTarget{"192.0.2.1", 7000}));
  EXPECT_EQ(target("SIP/2.0/UDP ho:7000;received=192.0.2.1;rport=9"), (ResponseTarget{"192.0.2.1", 9}));
  EXPECT_EQ(target("SIP/2.0/UDP ho:7000;maddr=192.0.2.7;received=192.0.2.1"),
            (ResponseTarget{"192.0.2.7", 7000}));
}

TEST(Via, AddressesForMany) {
  for (const auto* host : {"224.0.1.75", "239.1.2.3", "255.255.255.255", "ff02::1", "FF02::1"})
    EXPECT_TRUE(is_for_many(host)) << host;
  for (const auto* host :
       {"192.0.2.1", "223.255.255.255", "240.0.0.1", "fe80::1", "224.example.com", "ff.example.com", ""})
    EXPECT_FALSE(is_for_many(host)) << host;
}

TEST(Grammar, NumbersKeepToTheirBound) {
  EXPECT_EQ(parse_number("0068"), 68u);
  EXPECT_EQ(parse_number("4294967295"), 4294967295u);
  for (const auto* text : {"4294967296", "36893488147419103232", "-1", "+1", "", "1 ", "0x1"})
    EXPECT_FALSE(parse_number(text)) << text;
  EXPECT_EQ(parse_number("255", 255), 255u);
  EXPECT_FALSE(parse_number("256", 255));
}

TEST(Grammar, QuotedStringsSayWhatIsPutIn) {
  const std::string text("a\"b\\c\0d", 7);
  EXPECT_EQ(from_quoted_string(to_quoted_string(text)), text);
  EXPECT_TRUE(is_quoted_string(to_quoted_string(text)));
  for (const auto* not_one : {"\"", "\"a\"b\"", "\"a\\\"", "a", ""})
    EXPECT_FALSE(is_quoted_string(not_one)) << not_one;
}

TEST(Credentials, ReadAndPrinted) {
  const std::string text =
      "Digest username=\"bob\\\"\", realm=\"bilo%xi, com\", nonce=\"dcd9\", uri=\"sip:b%20@biloxi.com\", "
      "qop=auth, nc=00000001, "
      "cnonce=\"0a4f\", response=\"6629\", opaque=\"5ccc\", algorithm=SHA-256";
  const auto read = Credentials::parse(text);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->username, "bob\"");
  EXPECT_EQ(read->realm, "bilo%xi, com");
  EXPECT_EQ(read->uri, "sip:b%20@biloxi.com");
  EXPECT_EQ(read->qop, "auth");
  EXPECT_EQ(read->nonce_count, "00000001");
  EXPECT_EQ(read->algorithm, "SHA-256");
  const auto again = Credentials::parse(read->print());
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->print(), read->print());
  EXPECT_EQ(again->response, "6629");
  EXPECT_FALSE(Credentials::parse("NoOneKnowsThisScheme opaque-data=here").ok());
  EXPECT_FALSE(Credentials::parse("").ok());
}

TEST(Challenge, ReadAndPrinted) {
  const Challenge said{"example.org", "n0", "", "SHA-256", "auth", true};
  EXPECT_EQ(said.print(),
            "Digest realm=\"example.org\", nonce=\"n0\", stale=true, algorithm=SHA-256, qop=\"auth\"");
  const auto read = Challenge::parse(said.print());
  ASSERT_TRUE(read.ok());
  EXPECT_TRUE(read->stale);
  EXPECT_EQ(read->print(), said.print());
}

}  // namespace
}  // namespace ringway::sip
