// Users of two relays of one process at one address reach each other.
#include "net/relay/shared_ports.hpp"

#include "tests/net/relay/relay_world.hpp"

namespace ringway::net::relay::test {
namespace {

TEST(SharedPortsTest, OneSetForEachAddressWhileSomebodyHasIt) {
  const auto one = stun::address_of("192.0.2.1", 0)->ip, other = stun::address_of("192.0.2.2", 0)->ip;
  auto held = own_ports_of(one);
  held->set(50'000);
  EXPECT_EQ(own_ports_of(one), held);
  EXPECT_FALSE(own_ports_of(other)->has(50'000));
  held.reset();
  EXPECT_FALSE(own_ports_of(one)->has(50'000)) << "nobody had it any more";
}

// Shows: TURN-11.
TEST(SharedPortsTest, UsersOfTwoRelaysReachEachOther) {
  const auto ports = own_ports_of(settings(1).relayed_from[0].local);
  stun::Address to_bob;
  {
    Host first(settings(1)), second(settings(1));
    Client<> alice(first), bob(second);
    const auto to_alice = alice.allocate();
    to_bob = bob.allocate();
    ASSERT_TRUE(alice.bind(0x4000, to_bob));
    ASSERT_TRUE(bob.bind(0x4001, to_alice));
    alice.send(0x4000, "hello");
    EXPECT_EQ(text(bob.udp.receive()), std::string("\x40\x01\x00\x05hello", 9));
    EXPECT_TRUE(ports->has(to_bob.port));
  }
  EXPECT_FALSE(ports->has(to_bob.port)) << "a relay that ends takes its ports along";
}

}  // namespace
}  // namespace ringway::net::relay::test
