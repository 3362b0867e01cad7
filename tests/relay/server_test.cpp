// The control path of the relay: each rule of RFC 8656 §7 to §12 that a client can see, and each error.
#include <gtest/gtest.h>

#include "tests/relay/client.hpp"

namespace ringway::relay::test {
namespace {

struct ServerTest : testing::Test {
  World world;
  Client alice{world, "alice", "secret"};
};

// Shows: ICE-39.
TEST_F(ServerTest, WhoSaysNothingOfHimselfIsAsked) {
  const auto answer =
      alice.send(stun::MessageWriter(Class::request, Method::allocate, Client::next_transaction()).take());
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->error(), ErrorCode::unauthenticated);
  const auto message = answer->message();
  EXPECT_EQ(text_of(message.find(Attribute::realm).value()), "example.org");
  EXPECT_TRUE(message.has(Attribute::nonce));
  EXPECT_TRUE(message.has(Attribute::password_algorithms));
  EXPECT_FALSE(message.has(Attribute::message_integrity));
  EXPECT_EQ(world.server.allocations(), 0U);
}

// Shows: ICE-40.
TEST_F(ServerTest, AllocatesForTenMinutes) {
  const auto answer = alice.allocate();
  ASSERT_EQ(answer.cls(), Class::success);
  EXPECT_EQ(answer.message().xor_address(Attribute::xor_relayed_address), at("203.0.113.1", 50000));
  EXPECT_EQ(answer.message().xor_address(Attribute::xor_mapped_address), alice.path.client);
  EXPECT_EQ(answer.message().number(Attribute::lifetime), 600U);
  EXPECT_TRUE(answer.message().integrity_holds(alice.key()));
  world.pass(k_default_lifetime - Duration{1});
  EXPECT_EQ(world.server.allocations(), 1U);
  world.pass(Duration{1});
  EXPECT_EQ(world.server.allocations(), 0U);
  EXPECT_EQ(world.take<CloseRelayed>().size(), 1U);
  EXPECT_FALSE(world.server.next_wake());
}

TEST_F(ServerTest, Sha256WithItsOwnIntegrity) {
  alice.algorithm = stun::PasswordAlgorithm::sha256;
  const auto answer = alice.allocate();
  ASSERT_EQ(answer.cls(), Class::success);
  EXPECT_TRUE(answer.message().integrity_sha256_holds(alice.key()));
  EXPECT_FALSE(answer.message().has(Attribute::message_integrity));
}

// RFC 8489 §9.2.4: not the request's integrity decides, but whether it names algorithms, MD5 among them.
TEST_F(ServerTest, WhoNamesAlgorithmsIsAnsweredWithSha256) {
  alice.allocate();
  const auto answer = alice.call(Method::refresh, [](auto& out) {
    out.add(Attribute::password_algorithms, Bytes{0, 2, 0, 0, 0, 1, 0, 0});
    out.add(Attribute::password_algorithm, Bytes{0, 1, 0, 0});
  });
  ASSERT_EQ(answer.cls(), Class::success);
  EXPECT_TRUE(answer.message().integrity_sha256_holds(alice.key()));
  EXPECT_FALSE(answer.message().has(Attribute::message_integrity));
}

// RFC 8489 §9.2.4: a client that somebody has talked down to MD5 is refused.
TEST_F(ServerTest, ATalkedDownClientIsRefused) {
  alice.allocate();
  const auto with = [this](const Bytes& algorithms) {
    return alice
        .call(Method::refresh, [&](auto& out) { out.add(Attribute::password_algorithms, algorithms); })
        .error();
  };
  EXPECT_EQ(with({0, 1, 0, 0}), ErrorCode::bad_request);
  EXPECT_EQ(with({0, 2, 0, 0, 0, 1, 0, 0}), ErrorCode::bad_request) << "without the one that was chosen";
  const auto chosen = [this](const Bytes& algorithms, const Bytes& algorithm) {
    return alice
        .call(Method::refresh,
              [&](auto& out) {
                out.add(Attribute::password_algorithms, algorithms);
                out.add(Attribute::password_algorithm, algorithm);
              })
        .error();
  };
  EXPECT_EQ(chosen({0, 1, 0, 0}, {0, 1, 0, 0}), ErrorCode::bad_request);
  EXPECT_EQ(chosen({0, 2, 0, 0, 0, 1, 0, 0}, {0, 9, 0, 0}), ErrorCode::bad_request);
  EXPECT_EQ(chosen({0, 2, 0, 0, 0, 1, 0, 0}, {0, 1, 0, 0}), std::nullopt);
}

TEST_F(ServerTest, WrongPasswordsAndUsersAreAsked) {
  for (const auto& [user, password] : {std::pair{"alice", "wrong"}, {"mallory", "secret"}, {"", ""}}) {
    Client client(world, user, password);
    const auto answer = client.allocate();
    EXPECT_EQ(answer.error(), ErrorCode::unauthenticated) << user;
    EXPECT_TRUE(answer.message().has(Attribute::nonce));
  }
  EXPECT_EQ(world.server.allocations(), 0U);
}

// Shows: ICE-39.
TEST_F(ServerTest, NoncesGoStale) {
  alice.allocate();
  world.pass(k_default_lifetime / 2);
  EXPECT_EQ(alice.refresh(3600).cls(), Class::success);
  world.pass(k_nonce_lifetime - k_default_lifetime / 2);
  const auto stale = alice.refresh(3600);
  EXPECT_EQ(stale.error(), ErrorCode::stale_nonce);
  alice.nonce = text_of(stale.message().find(Attribute::nonce).value());
  EXPECT_EQ(alice.refresh(3600).cls(), Class::success);
}

TEST_F(ServerTest, ANonceIsOneClientsAlone) {
  alice.allocate();
  Client elsewhere(world, "alice", "secret", 4000, "198.51.100.2");
  elsewhere.nonce = alice.nonce;
  EXPECT_EQ(elsewhere.allocate().error(), ErrorCode::stale_nonce);
  elsewhere.nonce.back() = elsewhere.nonce.back() == '0' ? '1' : '0';
  EXPECT_EQ(elsewhere.allocate().error(), ErrorCode::stale_nonce);
  Client other_port(world, "alice", "secret", 4001);
  other_port.nonce = alice.nonce;
  EXPECT_EQ(other_port.allocate().error(), ErrorCode::stale_nonce) << "RFC 8489 §9.2.4: of a port, too";
}

// The password of who has none of our nonces is not even looked at; a stale one is said after it (§9.2.4).
TEST_F(ServerTest, ANonceThatIsNotOursComesBeforeThePassword) {
  Client mallory(world, "alice", "wrong");
  mallory.nonce = "x";
  EXPECT_EQ(mallory.allocate().error(), ErrorCode::stale_nonce);
  mallory.nonce.clear();
  EXPECT_EQ(mallory.allocate().error(), ErrorCode::unauthenticated);
  world.pass(k_nonce_lifetime);
  EXPECT_EQ(mallory.allocate().error(), ErrorCode::unauthenticated);
}

TEST_F(ServerTest, ARequestWithoutItsPartsIsBad) {
  stun::MessageWriter out(Class::request, Method::allocate, Client::next_transaction());
  out.add(Attribute::username, "alice");
  out.add_integrity(alice.key());
  EXPECT_EQ(alice.send(out.take())->error(), ErrorCode::bad_request);
}

// Shows: ICE-43, ICE-37.
TEST_F(ServerTest, EachErrorOfAllocate) {
  const auto refused = [this](const Fill& fill) { return alice.call(Method::allocate, fill).error(); };
  const auto udp_and = [&refused](const Fill& fill) {
    return refused([&fill](auto& out) {
      out.add_number(Attribute::requested_transport, k_udp);
      fill(out);
    });
  };
  EXPECT_EQ(refused({}), ErrorCode::bad_request) << "no transport";
  EXPECT_EQ(refused([](auto& out) { out.add_number(Attribute::requested_transport, 6U << 24U); }),
            ErrorCode::unsupported_transport_protocol);
  EXPECT_EQ(udp_and([](auto& out) { out.add_number(Attribute::requested_address_family, 3U << 24U); }),
            ErrorCode::address_family_not_supported);
  EXPECT_EQ(udp_and([](auto& out) {
              out.add_number(Attribute::requested_address_family, k_ipv4);
              out.add_number(Attribute::additional_address_family, k_ipv6);
            }),
            ErrorCode::bad_request);
  EXPECT_EQ(udp_and([](auto& out) { out.add_number(Attribute::additional_address_family, k_ipv4); }),
            ErrorCode::bad_request);
  EXPECT_EQ(udp_and([](auto& out) {
              out.add(Attribute::even_port, Bytes{0x80});
              out.add_number(Attribute::additional_address_family, k_ipv6);
            }),
            ErrorCode::bad_request);
  EXPECT_EQ(udp_and([](auto& out) { out.add(Attribute::even_port, Bytes{}); }), ErrorCode::bad_request);
  EXPECT_EQ(udp_and([](auto& out) { out.add(Attribute::reservation_token, Bytes(8)); }),
            ErrorCode::insufficient_capacity);
  EXPECT_EQ(udp_and([](auto& out) { out.add(Attribute::reservation_token, Bytes(7)); }),
            ErrorCode::bad_request);
  EXPECT_EQ(udp_and([](auto& out) {
              out.add(Attribute::reservation_token, Bytes(8));
              out.add(Attribute::even_port, Bytes{0});
            }),
            ErrorCode::bad_request);
  // DONT-FRAGMENT, which this relay does not do (§7.2, 4).
  EXPECT_EQ(udp_and([](auto& out) { out.add(Attribute::dont_fragment, ""); }), ErrorCode::unknown_attribute);
  EXPECT_EQ(world.server.allocations(), 0U);
  EXPECT_EQ(alice.allocate().cls(), Class::success);
  EXPECT_EQ(alice.allocate().error(), ErrorCode::allocation_mismatch) << "of one 5-tuple";
}

TEST_F(ServerTest, AMalformedLifetimeIsABadRequest) {
  const auto malformed = [](auto& out) { out.add(Attribute::lifetime, Bytes{0, 0}); };
  EXPECT_EQ(alice.allocate(malformed).error(), ErrorCode::bad_request);
  alice.allocate();
  EXPECT_EQ(alice.call(Method::refresh, malformed).error(), ErrorCode::bad_request);
  EXPECT_EQ(world.server.allocations(), 1U);
}

// RFC 8489 §6.3.
TEST_F(ServerTest, WhatIsKnownButNotExpectedIsPassedOver) {
  const auto answer = alice.allocate([](auto& out) {
    out.add_number(Attribute::channel_number, 0x40000000);
    out.add_xor_address(Attribute::xor_peer_address, at("192.0.2.1", 1));
  });
  EXPECT_EQ(answer.cls(), Class::success);
  EXPECT_EQ(
      alice.call(Method::refresh, [](auto& out) { out.add_number(Attribute::requested_transport, k_udp); })
          .cls(),
      Class::success);
  EXPECT_EQ(alice.call(Method::refresh, [](auto& out) { out.add_number(Attribute::priority, 1); }).error(),
            ErrorCode::unknown_attribute);
}

// As many as fit into the longest message there is room for (net/relay, k_max_control_bytes).
TEST_F(ServerTest, ManyPeersInOneRequest) {
  alice.allocate();
  std::vector<stun::Address> peers;
  for (int count = 0; count < 120; ++count) peers.push_back(at("192.0.2." + std::to_string(count), 1));
  EXPECT_EQ(alice.permit(peers).cls(), Class::success);
  EXPECT_EQ(world.take<Permit>().size(), 120U);
}

TEST_F(ServerTest, ACopyOfAnAllocateGetsTheSameAnswer) {
  alice.allocate();
  world.server.gone(alice.path);
  const auto octets = alice.request(Method::allocate,
                                    [](auto& out) { out.add_number(Attribute::requested_transport, k_udp); });
  world.opens = false;
  EXPECT_FALSE(alice.send(octets));
  EXPECT_FALSE(alice.send(octets)) << "its sockets are being opened";
  EXPECT_EQ(world.server.allocations(), 1U);
  world.server.opened(world.now.mono, 2, {at("203.0.113.1", 50001)});
  world.collect();
  const auto first = world.answers.back();
  const auto again = alice.send(octets);
  ASSERT_TRUE(again);
  EXPECT_EQ(to_hex(again->octets), to_hex(first.octets));
  EXPECT_EQ(world.server.allocations(), 1U);
}

// Shows: TURN-10, ICE-43.
TEST(ServerQuotas, OfAUserAndOfAll) {
  auto settings = World::settings();
  settings.max_allocations = 3;
  settings.max_allocations_of_user = 2;
  World world(settings);
  Client first(world, "alice", "secret", 1), second(world, "alice", "secret", 2),
      third(world, "alice", "secret", 3);
  EXPECT_EQ(first.allocate().cls(), Class::success);
  EXPECT_EQ(second.allocate().cls(), Class::success);
  EXPECT_EQ(third.allocate().error(), ErrorCode::allocation_quota_reached);
  Client bob(world, "bob", "hidden", 4), more(world, "bob", "hidden", 5);
  EXPECT_EQ(bob.allocate().cls(), Class::success);
  EXPECT_EQ(more.allocate().error(), ErrorCode::insufficient_capacity);
  EXPECT_EQ(first.refresh(0).cls(), Class::success);
  EXPECT_EQ(third.allocate().cls(), Class::success);
}

// Whoever has two credentials of one relay for a time has one quota.
TEST(ServerQuotas, CredentialsOfOneNodeCountTogether) {
  auto settings = World::settings();
  settings.max_allocations_of_user = 1;
  World world(settings);
  const auto one = world.credentials.issue(world.now.wall_ms, "0a0b", Duration{600'000});
  const auto two = world.credentials.issue(world.now.wall_ms + 5000, "0a0b", Duration{600'000});
  Client first(world, one.user_name, one.password, 1), second(world, two.user_name, two.password, 2);
  EXPECT_EQ(first.allocate().cls(), Class::success);
  EXPECT_EQ(second.allocate().error(), ErrorCode::allocation_quota_reached);
}

// Whoever has reserved a port has taken it from others.
TEST(ServerQuotas, ReservedPortsCount) {
  auto settings = World::settings();
  settings.max_allocations_of_user = 3;
  World world(settings);
  const auto reserve = [](auto& out) { out.add(Attribute::even_port, Bytes{0x80}); };
  Client first(world, "alice", "secret", 1), second(world, "alice", "secret", 2),
      third(world, "alice", "secret", 3), bob(world, "bob", "hidden", 4);
  const auto answer = first.allocate(reserve);
  ASSERT_EQ(answer.cls(), Class::success);
  const auto token = copy_of(*answer.message().find(Attribute::reservation_token));
  EXPECT_EQ(second.allocate(reserve).error(), ErrorCode::allocation_quota_reached);
  EXPECT_EQ(second.allocate().cls(), Class::success);
  EXPECT_EQ(third.allocate().error(), ErrorCode::allocation_quota_reached);
  EXPECT_EQ(bob.allocate(reserve).cls(), Class::success) << "others are not harmed";
  EXPECT_EQ(third.allocate([&token](auto& out) { out.add(Attribute::reservation_token, token); }).cls(),
            Class::success)
      << "its own, which it already has";
  EXPECT_EQ(world.server.reservations(), 1U);
  EXPECT_EQ(first.refresh(0).cls(), Class::success);
  EXPECT_EQ(first.allocate().cls(), Class::success);
  EXPECT_EQ(first.refresh(0).cls(), Class::success);
  world.pass(k_reservation_lifetime);
  EXPECT_EQ(bob.allocate().error(), ErrorCode::allocation_mismatch);
}

TEST(ServerQuotas, AReservationThatEndsIsGivenBack) {
  auto settings = World::settings();
  settings.max_allocations_of_user = 2;
  World world(settings);
  const auto reserve = [](auto& out) { out.add(Attribute::even_port, Bytes{0x80}); };
  Client first(world, "alice", "secret", 1), second(world, "alice", "secret", 2);
  EXPECT_EQ(first.allocate(reserve).cls(), Class::success);
  EXPECT_EQ(second.allocate().error(), ErrorCode::allocation_quota_reached);
  world.pass(k_reservation_lifetime);
  EXPECT_EQ(second.allocate().cls(), Class::success);
}

// One name, one quota; but a node that calls itself as an operator's user does shares nothing with him.
TEST(ServerQuotas, KindsOfUsersHaveQuotasOfTheirOwn) {
  auto settings = World::settings();
  settings.max_allocations_of_user = 1;
  World world(settings);
  const auto issued = world.credentials.issue(world.now.wall_ms, "alice", Duration{600'000});
  Client user(world, "alice", "secret", 1), node(world, issued.user_name, issued.password, 2);
  EXPECT_EQ(user.allocate().cls(), Class::success);
  EXPECT_EQ(node.allocate().cls(), Class::success);
}

TEST_F(ServerTest, CredentialsForATime) {
  const auto issued = world.credentials.issue(world.now.wall_ms, "0a0b", Duration{60'000});
  Client node(world, issued.user_name, issued.password, 1);
  EXPECT_EQ(node.allocate().cls(), Class::success);
  world.pass(Duration{61'000});
  EXPECT_EQ(node.refresh(600).cls(), Class::success) << "a call is not cut off";
  Client late(world, issued.user_name, issued.password, 2);
  EXPECT_EQ(late.allocate().error(), ErrorCode::unauthenticated);
  Client forged(world, "1999999999:0a0b", issued.password, 3);
  EXPECT_EQ(forged.allocate().error(), ErrorCode::unauthenticated);
}

// A call goes on when the user name has ended, and does not go on for ever.
TEST_F(ServerTest, ExtensionsHaveABound) {
  const auto issued = world.credentials.issue(world.now.wall_ms, "0a0b", Duration{60'000});
  Client node(world, issued.user_name, issued.password, 1);
  ASSERT_EQ(node.allocate().cls(), Class::success);
  const auto refresh = [this, &node] {
    node.nonce.clear();  // they go stale meanwhile
    world.answers.clear();
    return node.refresh(3600).error();
  };
  ASSERT_EQ(refresh(), std::nullopt);
  const auto last_ms = issued.ends_ms + static_cast<WallMs>(k_max_extension.count());
  while (world.now.wall_ms + 3'000'000 < last_ms) {
    world.pass(Duration{3'000'000});
    ASSERT_EQ(refresh(), std::nullopt);
  }
  world.pass(Duration{static_cast<std::int64_t>(last_ms - world.now.wall_ms) - 1});
  EXPECT_EQ(refresh(), std::nullopt);
  world.pass(Duration{1});
  EXPECT_EQ(refresh(), ErrorCode::unauthenticated);
  EXPECT_EQ(world.server.allocations(), 1U) << "until what it had is over";
  world.pass(Duration{3'600'000});
  EXPECT_EQ(world.server.allocations(), 0U);
}

TEST_F(ServerTest, WhoIsNoUserAnyMoreLosesWhatHeHas) {
  Client bob(world, "bob", "hidden", 2);
  const auto issued = world.credentials.issue(world.now.wall_ms, "0a0b", Duration{60'000});
  Client node(world, issued.user_name, issued.password, 3);
  Client sha256(world, "alice", "secret", 4);
  sha256.algorithm = stun::PasswordAlgorithm::sha256;
  for (auto* each : {&alice, &bob, &node, &sha256}) ASSERT_EQ(each->allocate().cls(), Class::success);
  world.credentials.replace({{{"alice", "secret"}, {"bob", "hidden"}}, {}});
  world.done.clear();
  world.server.users_changed(world.now.wall_ms);
  world.collect();
  EXPECT_EQ(world.server.allocations(), 4U) << "nothing is different for them";
  world.credentials.replace({{{"alice", "another"}}, {}});
  world.server.users_changed(world.now.wall_ms);
  world.collect();
  EXPECT_EQ(world.take<CloseRelayed>().size(), 3U);
  EXPECT_EQ(world.server.allocations(), 1U) << "the node's";
  EXPECT_EQ(node.refresh(600).cls(), Class::success);
  EXPECT_EQ(bob.allocate().error(), ErrorCode::unauthenticated);
}

TEST_F(ServerTest, LifetimesHaveBounds) {
  const auto lifetime = [this](std::uint32_t asked_s) {
    return alice.refresh(asked_s).message().number(Attribute::lifetime);
  };
  alice.allocate([](auto& out) { out.add_number(Attribute::lifetime, 1200); });
  EXPECT_EQ(world.answers.back().message().number(Attribute::lifetime), 1200U);
  EXPECT_EQ(lifetime(1), 600U);
  EXPECT_EQ(lifetime(700), 700U);
  EXPECT_EQ(lifetime(0xFFFFFFFF), 3600U);
}

// Shows: ICE-40.
TEST_F(ServerTest, ARefreshOfZeroEndsIt) {
  alice.allocate();
  EXPECT_EQ(alice.refresh(0).message().number(Attribute::lifetime), 0U);
  EXPECT_EQ(world.take<CloseRelayed>().size(), 1U);
  EXPECT_TRUE(world.closed_before_answer) << "what follows the answer finds nothing";
  EXPECT_EQ(alice.refresh(0).error(), ErrorCode::allocation_mismatch);
  EXPECT_EQ(alice.allocate().cls(), Class::success);
}

// Shows: ICE-44, ICE-43.
TEST_F(ServerTest, OnlyItsOwnerUsesAnAllocation) {
  alice.allocate();
  Client bob(world, "bob", "hidden");  // from the same address and port
  EXPECT_EQ(bob.refresh(0).error(), ErrorCode::wrong_credentials);
  EXPECT_EQ(bob.permit({at("192.0.2.1", 1)}).error(), ErrorCode::wrong_credentials);
  EXPECT_EQ(bob.bind(0x4000, at("192.0.2.1", 1)).error(), ErrorCode::wrong_credentials);
  EXPECT_EQ(world.server.allocations(), 1U);
}

// Shows: ICE-41.
TEST_F(ServerTest, PermissionsAreForFiveMinutes) {
  alice.allocate();
  EXPECT_EQ(alice.permit({at("192.0.2.1", 1), at("192.0.2.2", 0)}).cls(), Class::success);
  const auto permits = world.take<Permit>();
  ASSERT_EQ(permits.size(), 2U);
  EXPECT_EQ(permits[0].peer, ip("192.0.2.1"));
  EXPECT_EQ(permits[0].until, world.now.mono + Duration{300'000});
}

// Shows: TURN-11, ICE-43.
TEST_F(ServerTest, APeerThatIsDenied) {
  alice.allocate();
  for (const auto* peer :
       {"127.0.0.1", "10.1.2.3", "192.168.1.1", "169.254.169.254", "224.0.0.1", "255.255.255.255"}) {
    EXPECT_EQ(alice.permit({at("192.0.2.1", 1), at(peer, 1)}).error(), ErrorCode::forbidden) << peer;
    EXPECT_EQ(alice.bind(0x4000, at(peer, 1)).error(), ErrorCode::forbidden) << peer;
  }
  EXPECT_TRUE(world.take<Permit>().empty()) << "all or none";
  EXPECT_EQ(alice.permit({at("203.0.113.1", 50000)}).cls(), Class::success) << "another user of this relay";
}

// Shows: ICE-43.
TEST_F(ServerTest, APeerOfAnotherFamily) {
  alice.allocate();
  EXPECT_EQ(alice.permit({at("2001:db8::9", 1)}).error(), ErrorCode::peer_address_family_mismatch);
  EXPECT_EQ(alice.bind(0x4000, at("2001:db8::9", 1)).error(), ErrorCode::peer_address_family_mismatch);
  EXPECT_EQ(alice
                .call(Method::refresh,
                      [](auto& out) { out.add_number(Attribute::requested_address_family, k_ipv6); })
                .error(),
            ErrorCode::peer_address_family_mismatch);
  EXPECT_EQ(alice
                .call(Method::refresh,
                      [](auto& out) { out.add_number(Attribute::requested_address_family, k_ipv4); })
                .cls(),
            Class::success);
}

// Shows: ICE-41.
TEST_F(ServerTest, ChannelsAreForTenMinutes) {
  alice.allocate();
  const auto peer = at("192.0.2.1", 9);
  EXPECT_EQ(alice.bind(0x4000, peer).cls(), Class::success);
  const auto done = world.done;
  ASSERT_EQ(done.size(), 3U);  // the first opened it
  EXPECT_EQ(std::get<Permit>(done[1]).until, world.now.mono + Duration{300'000});
  EXPECT_EQ(std::get<BindChannel>(done[2]).until, world.now.mono + Duration{600'000});
  EXPECT_EQ(alice.bind(0x4000, peer).cls(), Class::success) << "refreshed";
  EXPECT_EQ(alice.bind(0x4001, peer).error(), ErrorCode::bad_request) << "another channel to one peer";
  EXPECT_EQ(alice.bind(0x4000, at("192.0.2.1", 10)).error(), ErrorCode::bad_request)
      << "another peer of one channel";
  EXPECT_EQ(alice.bind(0x3FFF, at("192.0.2.2", 9)).error(), ErrorCode::bad_request);
  EXPECT_EQ(alice.bind(0x8000, at("192.0.2.2", 9)).error(), ErrorCode::bad_request);
  EXPECT_EQ(alice.bind(0x7FFF, at("192.0.2.2", 9)).cls(), Class::success) << "RFC 5766";
  EXPECT_EQ(alice.bind(0x4FFF, at("192.0.2.3", 9)).cls(), Class::success);
  for (int minute = 0; minute < 10; ++minute) {
    world.pass(Duration{60'000});
    if (minute == 4) alice.refresh(3600);
  }
  EXPECT_EQ(alice.bind(0x4001, peer).cls(), Class::success) << "the old one has ended";
}

// Shows: TURN-11.
TEST(ServerPeers, OtherAddressesOfTheHostAreDenied) {
  auto settings = World::settings();
  settings.own_addresses = {ip("203.0.113.1"), ip("203.0.113.2")};
  World world(settings);
  Client alice(world, "alice", "secret");
  ASSERT_EQ(alice.allocate().cls(), Class::success);
  EXPECT_EQ(alice.permit({at("203.0.113.2", 1)}).error(), ErrorCode::forbidden);
  EXPECT_EQ(alice.bind(0x4000, at("203.0.113.2", 1)).error(), ErrorCode::forbidden);
  EXPECT_EQ(alice.permit({at("203.0.113.3", 1)}).cls(), Class::success);
  EXPECT_EQ(alice.permit({at("203.0.113.1", 1)}).cls(), Class::success) << "users of this relay";
}

TEST_F(ServerTest, PermissionsAndChannelsHaveBounds) {
  alice.allocate();
  for (std::size_t count = 0; count < k_max_permissions; ++count)
    ASSERT_EQ(
        alice.bind(static_cast<std::uint16_t>(0x4000 + count), at("192.0.2." + std::to_string(count), 9))
            .cls(),
        Class::success);
  EXPECT_EQ(alice.permit({at("198.51.100.9", 1)}).error(), ErrorCode::insufficient_capacity);
  EXPECT_EQ(alice.bind(0x4F00, at("192.0.2.1", 10)).error(), ErrorCode::insufficient_capacity);
  world.pass(k_permission_lifetime);
  EXPECT_EQ(alice.permit({at("198.51.100.9", 1)}).cls(), Class::success) << "those have ended";
}

TEST_F(ServerTest, PortsInPairs) {
  const auto answer = alice.allocate([](auto& out) { out.add(Attribute::even_port, Bytes{0x80}); });
  ASSERT_EQ(answer.cls(), Class::success);
  const auto token = answer.message().find(Attribute::reservation_token);
  ASSERT_TRUE(token);
  const auto held = copy_of(*token);
  const auto opens = world.take<OpenRelayed>();
  ASSERT_EQ(opens.size(), 1U);
  EXPECT_TRUE(opens[0].even_port);
  EXPECT_TRUE(opens[0].reserve_next);
  Client second(world, "alice", "secret", 4001);
  EXPECT_EQ(second.allocate([&held](auto& out) { out.add(Attribute::reservation_token, held); }).cls(),
            Class::success);
  EXPECT_EQ(world.take<OpenRelayed>()[0].take, opens[0].reserve_next);
  Client third(world, "alice", "secret", 4002);
  EXPECT_EQ(third.allocate([&held](auto& out) { out.add(Attribute::reservation_token, held); }).error(),
            ErrorCode::insufficient_capacity)
      << "once";
}

TEST_F(ServerTest, AReservationEnds) {
  const auto answer = alice.allocate([](auto& out) { out.add(Attribute::even_port, Bytes{0x80}); });
  const auto held = copy_of(*answer.message().find(Attribute::reservation_token));
  world.pass(k_reservation_lifetime);
  EXPECT_EQ(world.take<EndReservation>().size(), 1U);
  EXPECT_EQ(world.server.reservations(), 0U);
  Client second(world, "alice", "secret", 4001);
  EXPECT_EQ(second.allocate([&held](auto& out) { out.add(Attribute::reservation_token, held); }).error(),
            ErrorCode::insufficient_capacity);
}

TEST_F(ServerTest, WhatCannotBeOpenedIsSaid) {
  world.opens = false;
  alice.nonce = "x";
  alice.nonce = text_of(alice.allocate().message().find(Attribute::nonce).value());
  EXPECT_FALSE(alice.send(alice.request(
      Method::allocate, [](auto& out) { out.add_number(Attribute::requested_transport, k_udp); })));
  world.server.failed(world.now.mono, 1);
  world.collect();
  EXPECT_EQ(world.answers.back().error(), ErrorCode::insufficient_capacity);
  EXPECT_EQ(world.server.allocations(), 0U);
}

TEST_F(ServerTest, AStreamTakesItsAllocationAlong) {
  alice.allocate();
  world.server.gone(alice.path);
  world.collect();
  EXPECT_EQ(world.take<CloseRelayed>().size(), 1U);
  EXPECT_EQ(world.server.allocations(), 0U);
  // One whose sockets are still being opened: they are closed when they are there.
  world.opens = false;
  alice.send(alice.request(Method::allocate,
                           [](auto& out) { out.add_number(Attribute::requested_transport, k_udp); }));
  world.server.gone(alice.path);
  world.server.opened(world.now.mono, 2, {at("203.0.113.1", 1)});
  world.collect();
  EXPECT_EQ(world.take<CloseRelayed>().size(), 1U);
  alice.send(alice.request(Method::allocate,
                           [](auto& out) { out.add_number(Attribute::requested_transport, k_udp); }));
  world.server.gone(alice.path);
  world.server.failed(world.now.mono, 3);
  world.collect();
  EXPECT_EQ(world.take<CloseRelayed>().size(), 1U) << "who opens them forgets it";
}

TEST_F(ServerTest, WhileItDrainsNothingNewIsAllocated) {
  alice.allocate();
  world.server.drain();
  EXPECT_EQ(alice.refresh(600).cls(), Class::success);
  Client bob(world, "bob", "hidden", 5);
  EXPECT_EQ(bob.allocate().error(), ErrorCode::insufficient_capacity);
}

// Nobody can use the relay to send more than a little to an address that is not his (RFC 8656 §21.3.1).
TEST_F(ServerTest, WhoForgesItsSourceGetsLittle) {
  const auto octets =
      stun::MessageWriter(Class::request, Method::allocate, Client::next_transaction()).take();
  constexpr std::size_t k_headers_bytes = 28;
  std::size_t bytes = 0, answers = 0;
  for (int count = 0; count < 1000; ++count)
    if (const auto answer = alice.send(octets)) {
      EXPECT_LE(answer->octets.size() + k_headers_bytes, 3 * (octets.size() + k_headers_bytes));
      bytes += answer->octets.size() + k_headers_bytes;
      ++answers;
    }
  EXPECT_LE(bytes, ReplyLimits{}.to_source_per_s);
  EXPECT_GE(answers, 40U);
  EXPECT_EQ(world.server.counters().unproved_dropped, 1000 - answers);
  Client elsewhere(world, "bob", "hidden", 1, "192.0.2.77");
  EXPECT_EQ(elsewhere.allocate().cls(), Class::success) << "others are not harmed";
  world.pass(Duration{1000});
  EXPECT_EQ(alice.allocate().cls(), Class::success);
}

// From very many sources the sum of what goes beyond what has come has a bound; who has a nonce is not kept
// from going on.
TEST_F(ServerTest, WhoForgesManySourcesGainsLittle) {
  alice.allocate();
  Client denied(world, "alice", "wrong", 4001);
  denied.allocate();
  const auto octets =
      stun::MessageWriter(Class::request, Method::allocate, Client::next_transaction()).take();
  std::size_t gained = 0, unanswered = 0;
  for (int count = 0; count < 60'000; ++count) {
    Client forged(world, "x", "x", 1,
                  "198.18." + std::to_string(count / 250) + '.' + std::to_string(count % 250));
    const auto answer = forged.send(octets);
    gained += answer ? answer->octets.size() - octets.size() : 0;
    unanswered += answer ? 0 : 1;
    world.answers.clear();
    world.answered.clear();
  }
  EXPECT_LE(gained, ReplyLimits{}.gained_per_s + k_reply_buckets * ReplyLimits{}.gained_of_source_per_s);
  EXPECT_GT(unanswered, 10'000U);
  EXPECT_EQ(alice.refresh(600).cls(), Class::success);
  EXPECT_EQ(denied.allocate().error(), ErrorCode::unauthenticated) << "by a nonce it has shown where it is";
}

TEST_F(ServerTest, FingerprintsAreGivenBack) {
  stun::MessageWriter out(Class::request, Method::allocate, Client::next_transaction());
  out.add_fingerprint();
  auto octets = out.take();
  const auto answer = alice.send(octets);
  ASSERT_TRUE(answer);
  EXPECT_TRUE(answer->message().fingerprint_holds());
  octets.back() ^= 1;
  EXPECT_FALSE(alice.send(octets));
  EXPECT_EQ(world.server.counters().malformed, 1U);
}

TEST_F(ServerTest, OtherMessagesAreDropped) {
  for (const auto cls : {Class::indication, Class::success, Class::error})
    EXPECT_FALSE(alice.send(stun::MessageWriter(cls, Method::allocate, Client::next_transaction()).take()));
  EXPECT_FALSE(
      alice.send(stun::MessageWriter(Class::request, Method::send, Client::next_transaction()).take()));
  EXPECT_FALSE(
      alice.send(stun::MessageWriter(Class::request, Method::binding, Client::next_transaction()).take()))
      << "answered where the sockets are";
  EXPECT_FALSE(alice.send(Bytes(20, 0xFF)));
}

}  // namespace
}  // namespace ringway::relay::test
