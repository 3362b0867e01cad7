// What a relay cannot be had with.
#include "net/relay/relay_settings.hpp"

#include <gtest/gtest.h>

namespace ringway::net::relay {
namespace {

stun::Address at(std::string_view ip, std::uint16_t port = 3478) {
  return stun::address_of(ip, port).value();
}

RelaySettings good() {
  RelaySettings out;
  out.udp = {at("0.0.0.0")};
  out.relayed_from = {{at("192.0.2.1").ip, at("203.0.113.1").ip},
                      {at("2001:db8::1").ip, at("2001:db8::1").ip}};
  return out;
}
template <typename Change>
std::string objection(const Change& change) {
  auto settings = good();
  change(settings);
  const auto done = check(settings);
  return done ? "" : done.error().reason;
}

TEST(RelaySettingsTest, EachObjection) {
  EXPECT_EQ(objection([](auto&) {}), "");
  EXPECT_EQ(objection([](auto& each) { each.udp.clear(); }), "a relay needs an address to listen at");
  EXPECT_EQ(objection([](auto& each) { each.tls = {at("0.0.0.0", 5349)}; }),
            "a relay that listens for TLS needs a certificate");
  EXPECT_EQ(objection([](auto& each) { each.relayed_from.clear(); }),
            "a relay needs an address to relay from");
  EXPECT_EQ(objection([](auto& each) { each.relayed_from[0].local = at("0.0.0.0").ip; }),
            "a relay relays from one address, not from any");
  EXPECT_EQ(objection([](auto& each) { each.relayed_from[1].external = at("::").ip; }),
            "a relay relays from one address, not from any");
  EXPECT_EQ(objection([](auto& each) { each.relayed_from[0].external = at("2001:db8::2").ip; }),
            "192.0.2.1:0 and [2001:db8::2]:0 are of two families");
  EXPECT_EQ(objection([](auto& each) { each.relayed_from[1] = each.relayed_from[0]; }),
            "a relay relays from one address of each family");
  EXPECT_EQ(objection([](auto& each) { each.first_port = 0; }), "no ports from 0 to 65535");
  EXPECT_EQ(objection([](auto& each) { each.last_port = each.first_port - 1; }),
            "no ports from 49152 to 49151");
  EXPECT_EQ(objection([](auto& each) { each.threads = k_max_threads; }), "");
  EXPECT_EQ(objection([](auto& each) { each.threads = k_max_threads + 1; }), "more than 64 threads");
}

TEST(RelaySettingsTest, NoTwoListenAtOneAddress) {
  const auto twice = [](const std::vector<stun::Address>& udp, std::size_t relays) {
    RelaySettings settings;
    settings.udp = udp;
    const auto done = check_listening(settings, relays);
    return done ? "" : done.error().reason;
  };
  EXPECT_EQ(twice({at("192.0.2.1"), at("192.0.2.2"), at("2001:db8::1"), at("192.0.2.1", 3479)}, 1), "");
  EXPECT_EQ(twice({at("192.0.2.1", 0), at("192.0.2.1", 0)}, 9), "") << "the system draws";
  EXPECT_EQ(twice({at("192.0.2.1"), at("192.0.2.1")}, 1),
            "192.0.2.1:3478 and 192.0.2.1:3478 are one address");
  EXPECT_EQ(twice({at("192.0.2.1"), at("0.0.0.0")}, 1), "192.0.2.1:3478 and 0.0.0.0:3478 are one address");
  EXPECT_EQ(twice({at("192.0.2.1"), at("::")}, 1), "") << "another family";
  EXPECT_EQ(twice({at("192.0.2.1", 3478), at("192.0.2.1", 3481)}, 3), "");
  EXPECT_EQ(twice({at("192.0.2.1", 3478), at("192.0.2.1", 3480)}, 3),
            "192.0.2.1:3478 and 192.0.2.1:3480 are one address for two of the relays");
  EXPECT_EQ(twice({at("192.0.2.1", 65'535)}, 1), "");
  EXPECT_EQ(twice({at("192.0.2.1", 65'534)}, 2), "");
  EXPECT_EQ(twice({at("192.0.2.1", 65'535)}, 2),
            "the ports of 2 relays from 192.0.2.1:65535 on would go beyond 65535");
  EXPECT_EQ(objection([](auto& each) {
              each.tcp = {at("192.0.2.1", 5349), at("192.0.2.1", 5349)};
            }),
            "192.0.2.1:5349 and 192.0.2.1:5349 are one address");
}

}  // namespace
}  // namespace ringway::net::relay
