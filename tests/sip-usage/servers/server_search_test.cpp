// RFC 3263 as tables: what is in DNS, what is asked, where the servers are.
#include "sip-usage/servers/server_search.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sip-usage/servers/zone.hpp"

namespace ringway::sip::servers {
namespace {

using test::Zone;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;
using testing::UnorderedElementsAre;
using Lines = std::vector<std::string>;

// RFC 3263 §4.1, with addresses.
Zone example() {
  Zone zone;
  zone.naptr("example.com", 50, 50, "SIPS+D2T", "_sips._tcp.example.com")
      .naptr("example.com", 90, 50, "SIP+D2T", "_sip._tcp.example.com")
      .naptr("example.com", 100, 50, "SIP+D2U", "_sip._udp.example.com")
      .srv("_sip._tcp.example.com", 0, 1, 5060, "server1.example.com")
      .srv("_sip._tcp.example.com", 0, 2, 5060, "server2.example.com")
      .srv("_sips._tcp.example.com", 0, 0, 5071, "secure.example.com")
      .srv("_sip._udp.example.com", 0, 0, 5060, "server1.example.com")
      .a("server1.example.com", "192.0.2.1")
      .a("server2.example.com", "192.0.2.2")
      .a("secure.example.com", "192.0.2.3")
      .a("example.com", "192.0.2.80");
  return zone;
}

TEST(ServerSearch, AnAddressNeedsNoQuestion) {
  // RFC 3263 §4.1, §4.2: numeric hosts.
  struct {
    Wanted wanted;
    std::string target;
  } const table[] = {
      {{"192.0.2.9", std::nullopt, "", false}, "UDP 192.0.2.9:5060"},
      {{"192.0.2.9", 5080, "", false}, "UDP 192.0.2.9:5080"},
      {{"192.0.2.9", std::nullopt, "TCP", false}, "TCP 192.0.2.9:5060"},
      {{"192.0.2.9", std::nullopt, "tls", false}, "TLS 192.0.2.9:5061"},
      {{"192.0.2.9", std::nullopt, "", true}, "TLS 192.0.2.9:5061"},
      {{"192.0.2.9", 5080, "tcp", true}, "TLS 192.0.2.9:5080"},
      {{"2001:db8::9", std::nullopt, "", false}, "UDP 2001:db8::9:5060"},
  };
  for (const auto& one : table) {
    Zone zone;
    EXPECT_THAT(zone.search(one.wanted), ElementsAre(one.target));
    EXPECT_THAT(zone.asked, IsEmpty());
  }
}

TEST(ServerSearch, APortMeansTheAddressesOfTheName) {
  auto zone = example();
  EXPECT_THAT(zone.search({"Example.COM.", 5060, "", false}), ElementsAre("UDP 192.0.2.80:5060"));
  EXPECT_THAT(zone.asked, UnorderedElementsAre("AAAA example.com", "A example.com"));
  EXPECT_THAT(zone.search({"example.com", 5070, "tcp", false}), ElementsAre("TCP 192.0.2.80:5070"));
  EXPECT_THAT(zone.search({"example.com", 5070, "", true}), ElementsAre("TLS 192.0.2.80:5070"));
}

TEST(ServerSearch, ATransportMeansItsSrvRecords) {
  auto zone = example();
  EXPECT_THAT(zone.search({"example.com", std::nullopt, "tls", false}), ElementsAre("TLS 192.0.2.3:5071"));
  EXPECT_EQ(zone.asked.front(), "SRV _sips._tcp.example.com");
  EXPECT_THAT(zone.search({"example.com", std::nullopt, "UDP", false}), ElementsAre("UDP 192.0.2.1:5060"));
  EXPECT_EQ(zone.asked.front(), "SRV _sip._udp.example.com");
  EXPECT_THAT(zone.search({"example.com", std::nullopt, "tcp", true}), ElementsAre("TLS 192.0.2.3:5071"));
  // Without SRV records: the name's addresses and the transport's port.
  zone.a("plain.example", "192.0.2.7");
  EXPECT_THAT(zone.search({"plain.example", std::nullopt, "tls", false}), ElementsAre("TLS 192.0.2.7:5061"));
  EXPECT_THAT(zone.asked, SizeIs(3));
}

TEST(ServerSearch, NaptrRecordsSayTheTransport) {
  // The example of RFC 3263 §4.1, by a client that has no TLS, one that has, and for sips.
  auto zone = example();
  Settings without_tls;
  without_tls.transports = {ServerTransport::udp, ServerTransport::tcp};
  EXPECT_THAT(zone.search({"example.com"}, without_tls),
              UnorderedElementsAre("TCP 192.0.2.1:5060", "TCP 192.0.2.2:5060"));
  EXPECT_THAT(zone.asked, ElementsAre("NAPTR example.com", "SRV _sip._tcp.example.com", testing::_,
                                      testing::_, testing::_, testing::_));
  EXPECT_THAT(zone.search({"example.com"}), ElementsAre("TLS 192.0.2.3:5071"));
  EXPECT_THAT(zone.search({"example.com", std::nullopt, "", true}), ElementsAre("TLS 192.0.2.3:5071"));
}

TEST(ServerSearch, UsesAllNaptrRecordsOfOneOrderByPreference) {
  Zone zone;
  zone.naptr("example.com", 10, 20, "SIP+D2U", "_sip._udp.example.net")
      .naptr("example.com", 10, 10, "sip+d2t", "_sip._tcp.example.net")
      .naptr("example.com", 20, 10, "SIPS+D2T", "_sips._tcp.example.net")
      .srv("_sip._udp.example.net", 0, 0, 5060, "a.example.net")
      .srv("_sip._tcp.example.net", 0, 0, 5060, "a.example.net")
      .srv("_sips._tcp.example.net", 0, 0, 5061, "a.example.net")
      .a("a.example.net", "192.0.2.1");
  EXPECT_THAT(zone.search({"example.com"}), ElementsAre("TCP 192.0.2.1:5060", "UDP 192.0.2.1:5060"));
}

TEST(ServerSearch, AHigherOrderIsForWhenTheLowerLeadsNowhere) {
  Zone zone = example();
  zone.fail("secure.example.com", RecordType::a);
  EXPECT_THAT(zone.search({"example.com"}), UnorderedElementsAre("TCP 192.0.2.1:5060", "TCP 192.0.2.2:5060"));
}

TEST(ServerSearch, DiscardsNaptrRecordsThatAreNotForIt) {
  Zone zone;
  zone.naptr("example.com", 1, 1, "SIP+D2S", "_sip._sctp.example.com")              // no such transport here
      .naptr("example.com", 2, 1, "SIPS+D2U", "_sips._udp.example.com")             // no TLS over UDP
      .naptr("example.com", 3, 1, "E2U+sip", "", "u", "!^.*$!sip:x@y!")             // ENUM
      .naptr("example.com", 4, 1, "SIP+D2U", "other.example.com", "")               // not terminal
      .naptr("example.com", 5, 1, "SIP+D2U", "other.example.com", "a")              // no SRV
      .naptr("example.com", 6, 1, "SIP+D2U", ".")                                   // nowhere
      .naptr("example.com", 6, 2, "SIP+D2U", "other.example.com", "s", "!^.*$!x!")  // an expression
      .naptr("example.com", 7, 1, "SIP+D2U", "_sip._udp.example.com", "S")
      .srv("_sip._udp.example.com", 0, 0, 5060, "a.example.com")
      .a("a.example.com", "192.0.2.1");
  EXPECT_THAT(zone.search({"example.com"}), ElementsAre("UDP 192.0.2.1:5060"));
  EXPECT_EQ(zone.asked[1], "SRV _sip._udp.example.com");
}

TEST(ServerSearch, WithoutNaptrAllTransportsAreAskedFor) {
  Zone zone;
  zone.srv("_sip._udp.example.com", 0, 0, 5060, "a.example.com")
      .srv("_sip._tcp.example.com", 0, 0, 5062, "a.example.com")
      .a("a.example.com", "192.0.2.1");
  EXPECT_THAT(zone.search({"example.com"}), ElementsAre("TCP 192.0.2.1:5062", "UDP 192.0.2.1:5060"));
  EXPECT_THAT(Lines(zone.asked.begin() + 1, zone.asked.begin() + 4),
              UnorderedElementsAre("SRV _sips._tcp.example.com", "SRV _sip._tcp.example.com",
                                   "SRV _sip._udp.example.com"));
  EXPECT_THAT(zone.search({"example.com", std::nullopt, "", true}), IsEmpty());
  EXPECT_THAT(Lines(zone.asked.begin(), zone.asked.begin() + 2),
              ElementsAre("NAPTR example.com", "SRV _sips._tcp.example.com"));
}

TEST(ServerSearch, WithoutSrvTheDomainItselfIsTheServer) {
  Zone zone;
  zone.a("example.com", "192.0.2.80").aaaa("example.com", "2001:db8::80");
  EXPECT_THAT(zone.search({"example.com"}), ElementsAre("UDP 2001:db8::80:5060", "UDP 192.0.2.80:5060"));
  EXPECT_THAT(zone.search({"example.com", std::nullopt, "", true}),
              ElementsAre("TLS 2001:db8::80:5061", "TLS 192.0.2.80:5061"));
  // By the transport that NAPTR prefers, when only its SRV records are missing.
  zone.naptr("example.com", 10, 10, "SIP+D2T", "_sip._tcp.example.com");
  EXPECT_THAT(zone.search({"example.com"}), ElementsAre("TCP 2001:db8::80:5060", "TCP 192.0.2.80:5060"));
}

TEST(ServerSearch, ATargetOfADotSaysThatNoServiceIsThere) {
  Zone zone;
  zone.srv("_sip._udp.example.com", 0, 0, 0, ".").a("example.com", "192.0.2.80");
  EXPECT_THAT(zone.search({"example.com"}), IsEmpty());
  EXPECT_THAT(zone.search({"example.com", std::nullopt, "udp", false}), IsEmpty());
  // Of one transport; the others are not lost.
  zone.srv("_sip._tcp.example.com", 0, 0, 5060, "a.example.com").a("a.example.com", "192.0.2.1");
  EXPECT_THAT(zone.search({"example.com"}), ElementsAre("TCP 192.0.2.1:5060"));
}

TEST(ServerSearch, ANameThatFailsDoesNotLoseTheOthers) {
  auto zone = example();
  zone.fail("server1.example.com", RecordType::a).fail("server1.example.com", RecordType::aaaa);
  EXPECT_THAT(zone.search({"example.com", std::nullopt, "tcp", false}), ElementsAre("TCP 192.0.2.2:5060"));
  // One family.
  zone.fail("server2.example.com", RecordType::aaaa);
  EXPECT_THAT(zone.search({"example.com", std::nullopt, "tcp", false}), ElementsAre("TCP 192.0.2.2:5060"));
  // NAPTR: some resolvers know no such records.
  zone.fail("example.com", RecordType::naptr).fail("_sips._tcp.example.com", RecordType::srv);
  EXPECT_THAT(zone.search({"example.com"}), ElementsAre("TCP 192.0.2.2:5060"));
}

TEST(ServerSearch, NothingIsSomethingElseThanNoAnswer) {
  Zone zone;
  EXPECT_THAT(zone.search({"example.com"}), IsEmpty());
  zone.a("example.com", "192.0.2.80").fail("_sip._udp.example.com", RecordType::srv);
  // There may be SRV records, so the domain's address (a web server's?) is not taken.
  EXPECT_THAT(zone.search({"example.com"}), ElementsAre("failed: _sip._udp.example.com: no answer"));
  EXPECT_THAT(zone.asked, testing::Not(testing::Contains("A example.com")));
  zone.fail("host.example.com", RecordType::a);
  EXPECT_THAT(zone.search({"host.example.com", 5060}), ElementsAre("failed: host.example.com: no answer"));
}

TEST(ServerSearch, TransportsThatAreNotHereFail) {
  auto zone = example();
  for (const char* transport : {"sctp", "ws", "x"})
    EXPECT_THAT(zone.search({"example.com", std::nullopt, transport, false}),
                ElementsAre(StartsWith("failed: no transport")));
  EXPECT_THAT(zone.search({"example.com", std::nullopt, "udp", true}),
              ElementsAre(StartsWith("failed: no TLS over")));
  Settings plain;
  plain.transports = {ServerTransport::udp};
  EXPECT_THAT(zone.search({"example.com", std::nullopt, "", true}, plain),
              ElementsAre(StartsWith("failed: no transport")));
  EXPECT_THAT(zone.search({"192.0.2.1", std::nullopt, "tcp", false}, plain),
              ElementsAre(StartsWith("failed: no transport")));
  EXPECT_THAT(zone.asked, IsEmpty());
}

TEST(ServerSearch, WhatIsNoNameOfHostsIsNotAskedFor) {
  const std::string label(63, 'a');
  Zone zone;
  for (const std::string& host :
       {std::string(), std::string("."), std::string("a..b"), std::string("a b"), std::string("a%00b"),
        label + "a.com", label + '.' + label + '.' + label + '.' + label}) {
    EXPECT_THAT(zone.search({host}), IsEmpty()) << host;
    EXPECT_THAT(zone.asked, IsEmpty()) << host;
  }
  zone.search({label + '.' + label + '.' + label + ".abc"});
  EXPECT_THAT(zone.asked, testing::Not(IsEmpty()));
}

// ---- RFC 7984

TEST(ServerSearch, KeepsTheAddressesOfAServerTogether) {
  // The example of RFC 7984 §4, with as many addresses of each server as are taken.
  Zone zone;
  zone.srv("_sip._tcp.example.com", 10, 1, 5060, "sip-1.example.com")
      .srv("_sip._tcp.example.com", 20, 1, 5060, "sip-2.example.com");
  for (const char* address : {"2001:db8:58:c02::face", "2001:db8:c:a06::2:cafe", "2001:db8:44:204::d1ce"})
    zone.aaaa("sip-1.example.com", address);
  for (const char* address : {"192.0.2.45", "203.0.113.109", "198.51.100.24"})
    zone.a("sip-1.example.com", address);
  for (const char* address : {"2001:db8:58:c02::dead", "2001:db8:c:a06::2:beef", "2001:db8:44:204::c0de"})
    zone.aaaa("sip-2.example.com", address);
  for (const char* address : {"192.0.2.75", "203.0.113.38", "198.51.100.140"})
    zone.a("sip-2.example.com", address);
  const Lines expected = {"TCP 2001:db8:58:c02::face:5060",
                          "TCP 2001:db8:c:a06::2:cafe:5060",
                          "TCP 192.0.2.45:5060",
                          "TCP 203.0.113.109:5060",
                          "TCP 2001:db8:58:c02::dead:5060",
                          "TCP 2001:db8:c:a06::2:beef:5060",
                          "TCP 192.0.2.75:5060",
                          "TCP 203.0.113.38:5060"};
  EXPECT_EQ(zone.search({"example.com", std::nullopt, "tcp", false}), expected);
  EXPECT_EQ(zone.search({"example.com", std::nullopt, "tcp", false}, {}, true), expected);

  // A machine without IPv6: these go last, but not behind the next server.
  Settings v4_only;
  v4_only.reach = [](const std::string& address) {
    return address.find(':') == std::string::npos ? Reach::usable : Reach::no_route;
  };
  const auto found = zone.search({"example.com", std::nullopt, "tcp", false}, v4_only);
  EXPECT_THAT(Lines(found.begin(), found.begin() + 3),
              ElementsAre("TCP 192.0.2.45:5060", "TCP 203.0.113.109:5060", "TCP 2001:db8:58:c02::face:5060"));
}

TEST(ServerSearch, AFamilyLeavesRoomForTheOther) {
  Zone zone;
  for (int i = 1; i <= 9; ++i) zone.aaaa("a.example", "2001:db8::" + std::to_string(i));
  EXPECT_THAT(zone.search({"a.example", 5060}), SizeIs(k_max_addresses_of_host));
  zone.a("a.example", "192.0.2.1");
  EXPECT_THAT(zone.search({"a.example", 5060}), ElementsAre("UDP 2001:db8::1:5060", "UDP 2001:db8::2:5060",
                                                            "UDP 2001:db8::3:5060", "UDP 192.0.2.1:5060"));
}

TEST(ServerSearch, AddressesThatMeanNothingAreLeftOut) {
  Zone zone;
  zone.a("a.example", "0.0.0.0").a("a.example", "192.0.2.1");
  Settings settings;
  settings.reach = [](const std::string& address) {
    return address == "0.0.0.0" ? Reach::never : Reach::usable;
  };
  EXPECT_THAT(zone.search({"a.example", 5060}, settings), ElementsAre("UDP 192.0.2.1:5060"));
}

// ---- bounds

TEST(ServerSearch, KeepsToItsBounds) {
  // Far more of everything than is taken, and nothing that leads anywhere.
  Zone zone;
  for (std::uint16_t i = 0; i < 40; ++i) {
    const auto number = std::to_string(i);
    zone.naptr("example.com", i, 0, "SIP+D2U", "_sip._udp.n" + number);
    for (std::uint16_t k = 0; k < 40; ++k)
      zone.srv("_sip._udp.n" + number, k, 0, 5060, "h" + std::to_string(k) + ".n" + number);
  }
  EXPECT_THAT(zone.search({"example.com"}), IsEmpty());
  EXPECT_THAT(zone.asked, SizeIs(k_max_questions));

  Zone same_order;
  for (std::uint16_t i = 0; i < 40; ++i)
    same_order.naptr("example.com", 1, i, "SIP+D2U", "_sip._udp.n" + std::to_string(i));
  same_order.search({"example.com"});
  EXPECT_EQ(std::count_if(same_order.asked.begin(), same_order.asked.end(),
                          [](const std::string& one) { return one.starts_with("SRV"); }),
            static_cast<std::ptrdiff_t>(k_max_services));

  Zone many_hosts;
  for (std::uint16_t k = 0; k < 40; ++k) {
    const auto host = "h" + std::to_string(k) + ".example.com";
    many_hosts.srv("_sip._udp.example.com", k, 0, 5060, host);
    many_hosts.a(host, "192.0.2." + std::to_string(k + 1));
  }
  const auto found = many_hosts.search({"example.com", std::nullopt, "udp", false});
  EXPECT_THAT(found, SizeIs(k_max_dns_targets));
  EXPECT_EQ(found.back(), "UDP 192.0.2.8:5060");
  EXPECT_LE(many_hosts.asked.size(), 1 + 2 * k_max_hosts);
}

TEST(ServerSearch, TakesNoAnswersThatItHasNotAskedFor) {
  sim::SeededRandom random(1);
  ServerSearch search({}, {"example.com", 5060}, random);
  search.answered({"example.net", RecordType::a}, Records(Addresses{"192.0.2.66"}));
  search.answered({"example.com", RecordType::srv}, Records(std::vector<Srv>()));
  EXPECT_FALSE(search.done());
  search.answered({"example.com", RecordType::a}, Records(Addresses{"192.0.2.1"}));
  search.answered({"example.com", RecordType::a}, Records(Addresses{"192.0.2.66"}));  // once only
  EXPECT_FALSE(search.done());
  // Records of another type than was asked for are none.
  search.answered({"example.com", RecordType::aaaa}, Records(std::vector<Srv>{{0, 0, 1, "x"}}));
  ASSERT_TRUE(search.done());
  ASSERT_TRUE(search.found().ok());
  EXPECT_THAT(*search.found(), ElementsAre(DnsTarget{"192.0.2.1", 5060, ServerTransport::udp}));
}

TEST(ServerSearch, DoesNotWaitForMoreThanItTakes) {
  sim::SeededRandom random(1);
  ServerSearch search({}, {"example.com", std::nullopt, "udp", false}, random);
  std::vector<Srv> records;
  for (std::uint16_t k = 0; k < 3; ++k)
    records.push_back({k, 0, 5060, "h" + std::to_string(k) + ".example.com"});
  search.answered({"_sip._udp.example.com", RecordType::srv}, Records(records));
  for (const char* host : {"h0.example.com", "h1.example.com"})
    for (const auto type : {RecordType::a, RecordType::aaaa}) {
      EXPECT_FALSE(search.done());
      Addresses addresses;
      const std::string prefix = type == RecordType::a ? "192.0.2." : "2001:db8::";
      for (int i = 1; i <= 4; ++i) addresses.push_back(prefix + (host + 1)[0] + std::to_string(i));
      search.answered({host, type}, Records(addresses));
    }
  EXPECT_TRUE(search.done());
}

TEST(ServerSearch, TheOrderOfTheAnswersDoesNotMatter) {
  auto zone = example();
  zone.aaaa("server1.example.com", "2001:db8::1").fail("example.com", RecordType::naptr);
  for (std::uint64_t seed = 0; seed < 50; ++seed)
    EXPECT_EQ(zone.search({"example.com"}, {}, false, seed), zone.search({"example.com"}, {}, true, seed));
}

}  // namespace
}  // namespace ringway::sip::servers
