// Allocations of IPv4, of IPv6 and of both (RFC 8656 §7.2, §8.1): each address has a life of its own.
#include <gtest/gtest.h>

#include "tests/relay/client.hpp"

namespace ringway::relay::test {
namespace {

struct FamiliesTest : testing::Test {
  World world;
  Client alice{world, "alice", "secret"};
};

TEST_F(FamiliesTest, BothAtOnce) {
  const auto answer =
      alice.allocate([](auto& out) { out.add_number(Attribute::additional_address_family, k_ipv6); });
  ASSERT_EQ(answer.cls(), Class::success);
  EXPECT_EQ(answer.message().all_xor_addresses(Attribute::xor_relayed_address)->size(), 2U);
  EXPECT_EQ(alice.permit({at("192.0.2.1", 1), at("2001:db8::9", 1)}).cls(), Class::success);
}

// RFC 8656 §8.1.
struct DualTest : FamiliesTest {
  DualTest() {
    alice.allocate([](auto& out) { out.add_number(Attribute::additional_address_family, k_ipv6); });
    EXPECT_EQ(alice.bind(0x4000, v4).cls(), Class::success);
    EXPECT_EQ(alice.bind(0x4001, v6).cls(), Class::success);
    world.done.clear();
  }
  stun::Address v4 = at("192.0.2.1", 9), v6 = at("2001:db8::9", 9);
};

TEST_F(DualTest, AFamilyIsEndedAlone) {
  EXPECT_EQ(alice.refresh_only(k_ipv6, 0).message().number(Attribute::lifetime), 0U);
  const auto closed = world.take<CloseRelayed>();
  ASSERT_EQ(closed.size(), 1U);
  EXPECT_EQ(closed[0].only, stun::Family::ipv6);
  EXPECT_EQ(world.server.allocations(), 1U);
  EXPECT_EQ(alice.permit({v6}).error(), ErrorCode::peer_address_family_mismatch);
  EXPECT_EQ(alice.refresh_only(k_ipv6, 600).error(), ErrorCode::peer_address_family_mismatch);
  EXPECT_EQ(alice.bind(0x4002, v4).error(), ErrorCode::bad_request) << "its channel is there still";
  EXPECT_EQ(alice.bind(0x4001, at("192.0.2.2", 9)).cls(), Class::success) << "that of the other is not";
  world.take<Permit>();
  EXPECT_EQ(alice.refresh_only(k_ipv4, 0).cls(), Class::success);
  const auto last = world.take<CloseRelayed>();
  ASSERT_EQ(last.size(), 1U);
  EXPECT_FALSE(last[0].only) << "nothing is left";
  EXPECT_EQ(world.server.allocations(), 0U);
  EXPECT_FALSE(world.server.next_wake());
}

TEST_F(DualTest, AFamilyIsExtendedAlone) {
  EXPECT_EQ(alice.refresh_only(k_ipv4, 1200).message().number(Attribute::lifetime), 1200U);
  EXPECT_TRUE(world.take<CloseRelayed>().empty());
  world.pass(k_default_lifetime);
  const auto closed = world.take<CloseRelayed>();
  ASSERT_EQ(closed.size(), 1U);
  EXPECT_EQ(closed[0].only, stun::Family::ipv6);
  world.pass(Duration{600'000});
  const auto last = world.take<CloseRelayed>();
  ASSERT_EQ(last.size(), 1U);
  EXPECT_FALSE(last[0].only);
  EXPECT_EQ(world.server.allocations(), 0U);
}

TEST_F(DualTest, WithoutAFamilyItIsAboutBoth) {
  EXPECT_EQ(alice.refresh(1200).cls(), Class::success);
  world.pass(Duration{1'199'999});
  EXPECT_TRUE(world.take<CloseRelayed>().empty());
  EXPECT_EQ(alice.refresh(0).cls(), Class::success);
  const auto closed = world.take<CloseRelayed>();
  ASSERT_EQ(closed.size(), 1U);
  EXPECT_FALSE(closed[0].only);
}

// Shows: TURN-10.
TEST(FamiliesQuotas, BothFamiliesAreTwo) {
  auto settings = World::settings();
  settings.max_allocations = 3;
  settings.max_allocations_of_user = 2;
  World world(settings);
  const auto both = [](auto& out) { out.add_number(Attribute::additional_address_family, k_ipv6); };
  Client first(world, "alice", "secret", 1), second(world, "alice", "secret", 2),
      bob(world, "bob", "hidden", 3);
  EXPECT_EQ(first.allocate(both).cls(), Class::success);
  EXPECT_EQ(second.allocate().error(), ErrorCode::allocation_quota_reached);
  EXPECT_EQ(bob.allocate(both).error(), ErrorCode::insufficient_capacity);
  EXPECT_EQ(first.refresh_only(k_ipv6, 0).cls(), Class::success);
  EXPECT_EQ(second.allocate(both).error(), ErrorCode::allocation_quota_reached);
  EXPECT_EQ(second.allocate().cls(), Class::success);
  EXPECT_EQ(first.refresh(0).cls(), Class::success);
  EXPECT_EQ(second.refresh(0).cls(), Class::success);
  EXPECT_EQ(bob.allocate(both).cls(), Class::success) << "all are given back";
}

TEST(FamiliesQuotas, AFamilyThatCannotBeHadIsGivenBack) {
  auto settings = World::settings();
  settings.max_allocations_of_user = 2;
  World world(settings);
  world.opens = false;
  const auto both = [](auto& out) { out.add_number(Attribute::additional_address_family, k_ipv6); };
  Client first(world, "alice", "secret", 1), second(world, "alice", "secret", 2);
  first.nonce = text_of(*first.send(stun::MessageWriter(Class::request, Method::allocate, {}).take())
                             ->message()
                             .find(Attribute::nonce));
  EXPECT_FALSE(first.send(first.request(Method::allocate, [&both](auto& out) {
    out.add_number(Attribute::requested_transport, k_udp);
    both(out);
  })));
  EXPECT_EQ(second.allocate().error(), ErrorCode::allocation_quota_reached);
  world.server.opened(world.now.mono, 1, {at("203.0.113.1", 50000)});
  world.opens = true;
  world.collect();
  EXPECT_EQ(second.allocate().cls(), Class::success);
}

TEST(FamiliesOfARelay, OnlyWhatThereIs) {
  auto settings = World::settings();
  settings.has_ipv6 = false;
  World world(settings);
  Client alice(world, "alice", "secret");
  EXPECT_EQ(
      alice.allocate([](auto& out) { out.add_number(Attribute::requested_address_family, k_ipv6); }).error(),
      ErrorCode::address_family_not_supported);
  const auto answer =
      alice.allocate([](auto& out) { out.add_number(Attribute::additional_address_family, k_ipv6); });
  ASSERT_EQ(answer.cls(), Class::success);
  EXPECT_EQ(to_hex(answer.message().find(Attribute::address_error_code)->first(4)), "02000428");
}

}  // namespace
}  // namespace ringway::relay::test
