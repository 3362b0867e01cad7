// What a relay gives the nodes of its overlay, and what they make of it.
#include "relay/node_access.hpp"

#include <gtest/gtest.h>

#include "tests/support/test_authority.hpp"

namespace ringway::relay {
namespace {

RelayAddress address(const std::string& ip, std::uint16_t port, Transport transport = Transport::udp) {
  return {transport, stun::to_wire(stun::address_of(ip, port).value())};
}

struct NodeAccessTest : testing::Test {
  NodeAccess given(const NodeId& node) {
    const auto octets = desk.give(now, node);
    EXPECT_TRUE(octets);
    const auto access = read_node_access(now.wall_ms, SharedBytes(octets.value_or(Bytes{})));
    EXPECT_TRUE(access) << (access ? "" : access.error().reason);
    return access ? *access : NodeAccess{};
  }

  Now now{{1'000'000}, 1'900'000'000'000};
  Credentials credentials{{{{"alice", "secret"}}, {"shared"}}, Bytes(32, 9)};
  std::vector<RelayAddress> addresses{address("192.0.2.1", 3478),
                                      address("2001:db8::1", 5349, Transport::tls)};
  NodeAccessDesk desk{credentials, addresses};
};

TEST_F(NodeAccessTest, ANodeGetsInWithWhatItIsGiven) {
  const auto access = given(test::node_id(7));
  EXPECT_EQ(access.addresses, addresses);
  EXPECT_EQ(access.credential.ends_ms, now.wall_ms + 3'600'000);
  EXPECT_NE(access.credential.user_name.find(test::node_id(7).hex()), std::string::npos);
  const auto known = credentials.known_as(now.wall_ms, access.credential.user_name);
  ASSERT_FALSE(known.empty());
  EXPECT_EQ(known.front().password, access.credential.password);
  EXPECT_TRUE(credentials.known_as(access.credential.ends_ms, access.credential.user_name).empty());
}

TEST_F(NodeAccessTest, ItIsRenewedAtHalfItsTime) {
  EXPECT_EQ(renew_at_ms(now.wall_ms, given(test::node_id(7))), now.wall_ms + 1'800'000);
  EXPECT_EQ(renew_at_ms(5000, {}), 5000U) << "it has ended";
}

TEST_F(NodeAccessTest, WhoComesTooOftenIsGivenNothingMore) {
  for (std::size_t count = 0; count < k_node_access_of_period; ++count)
    EXPECT_TRUE(desk.give(now, test::node_id(7)));
  EXPECT_FALSE(desk.give(now, test::node_id(7)));
  EXPECT_EQ(desk.refused(), 1U);
  EXPECT_TRUE(desk.give(now, test::node_id(8))) << "another";
  now.mono = now.mono + k_node_access_period;
  EXPECT_TRUE(desk.give(now, test::node_id(7)));
}

TEST_F(NodeAccessTest, SoManyNodesInAPeriod) {
  for (std::size_t count = 0; count < k_max_nodes_in_period; ++count) {
    const auto high = static_cast<std::uint8_t>(count >> 8U), low = static_cast<std::uint8_t>(count);
    ASSERT_TRUE(desk.give(now, test::node_id(static_cast<std::uint8_t>(high + 1), low)));
  }
  EXPECT_FALSE(desk.give(now, test::node_id(200)));
  EXPECT_TRUE(desk.give(now, test::node_id(1, 0))) << "who is known";
}

// From a node that has a certificate and sends what it likes.
TEST_F(NodeAccessTest, WhatCannotBeUsedIsRefused) {
  const auto with = [this](const auto& change) {
    NodeAccess access{credentials.issue(now.wall_ms, "x", Duration{60'000}), addresses};
    change(access);
    return read_node_access(now.wall_ms, SharedBytes(wire::encode(access)));
  };
  EXPECT_TRUE(with([](auto&) {}));
  EXPECT_FALSE(with([this](auto& access) { access.credential.ends_ms = now.wall_ms; }));
  EXPECT_FALSE(with([](auto& access) { access.credential.user_name.clear(); }));
  EXPECT_TRUE(with([](auto& access) { access.credential.user_name.assign(k_max_user_name_bytes, 'x'); }));
  EXPECT_FALSE(
      with([](auto& access) { access.credential.user_name.assign(k_max_user_name_bytes + 1, 'x'); }));
  EXPECT_FALSE(with([](auto& access) { access.credential.password.clear(); }));
  EXPECT_TRUE(with([](auto& access) { access.credential.password.assign(128, 'x'); }));
  EXPECT_FALSE(with([](auto& access) { access.credential.password.assign(129, 'x'); }));
  EXPECT_FALSE(with([](auto& access) { access.addresses.clear(); }));
  EXPECT_FALSE(with([](auto& access) { access.addresses = {address("192.0.2.1", 0)}; }));
  const auto mixed = with([](auto& access) { access.addresses.front().at.port = 0; });
  ASSERT_TRUE(mixed);
  EXPECT_EQ(mixed->addresses, std::vector<RelayAddress>{addresses.back()});
  EXPECT_TRUE(
      with([](auto& access) { access.addresses.resize(k_max_relay_addresses, access.addresses[0]); }));
  EXPECT_FALSE(
      with([](auto& access) { access.addresses.resize(k_max_relay_addresses + 1, access.addresses[0]); }));
}

TEST_F(NodeAccessTest, OctetsAreReadExactly) {
  const Bytes octets =
      wire::encode(NodeAccess{credentials.issue(now.wall_ms, "x", Duration{60'000}), addresses});
  for (std::size_t size = 0; size < octets.size(); ++size)
    EXPECT_FALSE(read_node_access(
        now.wall_ms, SharedBytes(Bytes(octets.begin(), octets.begin() + static_cast<std::ptrdiff_t>(size)))))
        << size;
  auto longer = octets;
  longer.push_back(0);
  EXPECT_FALSE(read_node_access(now.wall_ms, SharedBytes(longer)));
  auto another_version = octets;
  another_version[0] = 2;
  EXPECT_FALSE(read_node_access(now.wall_ms, SharedBytes(another_version)));
  auto another_transport = octets;  // of the first address
  another_transport[octets.size() - (1 + 2 + 18) - (1 + 2 + 6)] = 4;
  EXPECT_FALSE(read_node_access(now.wall_ms, SharedBytes(another_transport)));
}

}  // namespace
}  // namespace ringway::relay
