// The data path of one allocation, packet by packet (RFC 8656 §11, §12).
#include "relay/path/lane.hpp"

#include <gtest/gtest.h>

#include "relay/path/own_ports.hpp"
#include "reload/stun/message.hpp"

namespace ringway::relay {
namespace {

using stun::Attribute;

stun::Address at(std::string_view ip, std::uint16_t port) { return stun::address_of(ip, port).value(); }
constexpr MonoTime k_now{1'000'000};
constexpr MonoTime k_later{1'300'000};

Bytes channel_data(std::uint16_t number, std::string_view payload, int claims_more = 0) {
  Bytes out{static_cast<std::uint8_t>(number >> 8U), static_cast<std::uint8_t>(number), 0,
            static_cast<std::uint8_t>(static_cast<int>(payload.size()) + claims_more)};
  append(out, view_of(payload));
  return out;
}

Bytes send_indication(const stun::Address& peer, std::string_view payload) {
  stun::MessageWriter out(stun::Class::indication, stun::Method::send, {});
  out.add_xor_address(Attribute::xor_peer_address, peer);
  out.add(Attribute::data, payload);
  return out.take();
}

// A count, so that what is drawn is seen.
struct Counting : Random {
  std::uint64_t next() override { return ++drawn; }
  std::uint64_t drawn = 0;
};

struct LaneTest : testing::Test {
  ToPeer sent(const Bytes& packet, MonoTime now = k_now) { return lane.from_client(now, packet); }
  // As the client gets it; empty where nothing is sent.
  Bytes received(const stun::Address& from, std::string_view payload, bool is_stream = false,
                 MonoTime now = k_now) {
    std::array<std::uint8_t, k_headroom_bytes> headroom{};
    const auto out = lane.from_peer(now, from, payload.size(), headroom, random, is_stream);
    if (out.passed != Passed::passed) return {};
    Bytes packet(headroom.end() - static_cast<std::ptrdiff_t>(out.header_bytes), headroom.end());
    append(packet, view_of(payload));
    packet.resize(packet.size() + out.padding_bytes);
    return packet;
  }

  Lane lane;
  Counting random;
  stun::Address peer = at("192.0.2.1", 9000), v6 = at("2001:db8::9", 9000);
};

// Shows: ICE-42.
TEST_F(LaneTest, WithoutPermissionNothingPasses) {
  EXPECT_EQ(sent(send_indication(peer, "x")).passed, Passed::no_permission);
  EXPECT_EQ(sent(channel_data(0x4000, "x")).passed, Passed::no_channel);
  EXPECT_TRUE(received(peer, "x").empty());
}

// Shows: ICE-41.
TEST_F(LaneTest, APermissionIsForAnAddressWithAnyPort) {
  EXPECT_EQ(lane.permit(k_now, peer.ip, k_later), Installed::done);
  const auto packet = send_indication(at("192.0.2.1", 1), "hello");
  const auto out = sent(packet);
  ASSERT_EQ(out.passed, Passed::passed);
  EXPECT_EQ(out.peer, at("192.0.2.1", 1));
  EXPECT_EQ(text_of(out.payload), "hello");
  EXPECT_EQ(sent(send_indication(at("192.0.2.2", 9000), "x")).passed, Passed::no_permission);
  EXPECT_FALSE(received(at("192.0.2.1", 77), "x").empty());
  EXPECT_TRUE(received(at("192.0.2.2", 9000), "x").empty());
  EXPECT_EQ(sent(packet, k_later - Duration{1}).passed, Passed::passed);
  EXPECT_EQ(sent(packet, k_later).passed, Passed::no_permission);
  EXPECT_TRUE(received(peer, "x", false, k_later).empty());
}

TEST_F(LaneTest, WithoutAChannelThePeersDataIsAnIndication) {
  for (const auto& from : {peer, v6}) {
    lane.permit(k_now, from.ip, k_later);
    for (const std::string payload : {"", "a", "ab", "abc", "abcd"}) {
      const auto packet = received(from, payload);
      const auto message = stun::Message::read(packet);
      ASSERT_TRUE(message) << payload;
      EXPECT_EQ(message->cls(), stun::Class::indication);
      EXPECT_EQ(message->method(), stun::Method::data);
      EXPECT_EQ(message->xor_address(Attribute::xor_peer_address), from);
      EXPECT_EQ(text_of(message->find(Attribute::data).value()), payload);
    }
  }
}

TEST_F(LaneTest, TheTransactionOfAnIndicationIsDrawn) {
  lane.permit(k_now, peer.ip, k_later);
  const auto first = received(peer, "x"), second = received(peer, "x");
  EXPECT_EQ(to_hex(stun::Message::read(first)->transaction()), "010000000000000002000000");
  EXPECT_EQ(to_hex(stun::Message::read(second)->transaction()), "030000000000000004000000");
  lane.bind(k_now, 0x4001, peer, k_later);
  received(peer, "x");
  EXPECT_EQ(random.drawn, 4U) << "for nothing else";
}

// RFC 8656 §11.5: by the address of the peer it was for, whoever has sent it.
TEST_F(LaneTest, TellsErrorsOfIcmpToWhoMaySendThere) {
  const auto told = [this](const stun::Address& to, const IcmpError& error) {
    const auto octets = lane.about_error(k_now, to, error, random);
    if (!octets) return std::string("nothing");
    const auto message = stun::Message::read(*octets).value();
    EXPECT_EQ(message.method(), stun::Method::data);
    EXPECT_EQ(message.cls(), stun::Class::indication);
    EXPECT_EQ(message.xor_address(Attribute::xor_peer_address), to);
    EXPECT_FALSE(message.has(Attribute::data));
    return to_hex(message.find(Attribute::icmp).value());
  };
  EXPECT_EQ(told(peer, {3, 3, 0}), "nothing") << "no permission";
  lane.permit(k_now, peer.ip, k_later);
  lane.permit(k_now, v6.ip, k_later);
  EXPECT_EQ(told(peer, {3, 3, 9}), "0000060300000000");
  EXPECT_EQ(told(peer, {3, 4, 1400}), "0000060400000578");
  EXPECT_EQ(told(peer, {11, 0, 0}), "0000160000000000");
  for (const int type : {0, 4, 5, 12})
    EXPECT_EQ(told(peer, {static_cast<std::uint8_t>(type), 0, 0}), "nothing");
  EXPECT_EQ(told(v6, {1, 4, 9}), "0000020400000000");
  EXPECT_EQ(told(v6, {2, 0, 1280}), "0000040000000500");
  EXPECT_EQ(told(v6, {3, 0, 0}), "0000060000000000");
  EXPECT_EQ(told(v6, {4, 0, 0}), "nothing");
}

// RFC 8489 §6.3: known, though nobody expects it here.
TEST_F(LaneTest, KnownAttributesAreNoReasonToDropAnIndication) {
  lane.permit(k_now, peer.ip, k_later);
  stun::MessageWriter out(stun::Class::indication, stun::Method::send, {});
  out.add_xor_address(Attribute::xor_peer_address, peer);
  out.add_number(Attribute::lifetime, 1);
  out.add(Attribute::data, "x");
  const auto octets = out.take();
  EXPECT_EQ(sent(octets).passed, Passed::passed);
}

// Shows: ICE-41.
TEST_F(LaneTest, AChannelGoesBothWays) {
  lane.permit(k_now, peer.ip, k_later);
  EXPECT_EQ(lane.bind(k_now, 0x4001, peer, k_later), Installed::done);
  const auto packet = channel_data(0x4001, "hello");
  const auto out = sent(packet);
  ASSERT_EQ(out.passed, Passed::passed);
  EXPECT_EQ(out.peer, peer);
  EXPECT_EQ(text_of(out.payload), "hello");
  EXPECT_EQ(to_hex(received(peer, "hello")), to_hex(packet));
  EXPECT_EQ(to_hex(received(peer, "hello", true)), to_hex(packet) + "000000") << "padded in a stream";
  EXPECT_EQ(received(at("192.0.2.1", 9001), "x").front(), 0) << "another port: an indication";
  EXPECT_EQ(sent(packet, k_later).passed, Passed::no_channel);
}

TEST_F(LaneTest, ManyChannelsAreKeptApart) {
  for (std::uint16_t count = 0; count < k_max_channels; ++count) {
    const auto each = at("192.0.2." + std::to_string(count * 37 % 256), 9000);
    lane.permit(k_now, each.ip, k_later);
    ASSERT_EQ(lane.bind(k_now, static_cast<std::uint16_t>(0x4000 + count), each, k_later), Installed::done);
  }
  for (std::uint16_t count = 0; count < k_max_channels; ++count) {
    const auto each = at("192.0.2." + std::to_string(count * 37 % 256), 9000);
    const auto number = static_cast<std::uint16_t>(0x4000 + count);
    EXPECT_EQ(sent(channel_data(number, "x")).peer, each);
    EXPECT_EQ(to_hex(received(each, "x")), to_hex(channel_data(number, "x")));
  }
  EXPECT_EQ(lane.bind(k_now, 0x4F00, at("198.51.100.1", 1), k_later), Installed::full);
  EXPECT_EQ(lane.permit(k_now, at("198.51.100.1", 1).ip, k_later), Installed::full);
  EXPECT_EQ(lane.permit(k_later, at("198.51.100.1", 1).ip, k_later + Duration{1}), Installed::done);
  EXPECT_EQ(lane.permissions(), 1U);
  EXPECT_EQ(lane.channels(), 0U);
}

TEST_F(LaneTest, AChannelHasOnePeerAndAPeerOneChannel) {
  lane.bind(k_now, 0x4000, peer, k_later);
  EXPECT_EQ(lane.bind(k_now, 0x4001, peer, k_later), Installed::mismatch);
  EXPECT_EQ(lane.bind(k_now, 0x4000, at("192.0.2.1", 9001), k_later), Installed::mismatch);
  EXPECT_EQ(lane.bind(k_now, 0x4000, peer, k_later + Duration{1}), Installed::done);
}

TEST_F(LaneTest, WhatIsMalformedIsDropped) {
  lane.permit(k_now, peer.ip, k_later);
  lane.bind(k_now, 0x4000, peer, k_later);
  EXPECT_EQ(sent({}).passed, Passed::malformed);
  EXPECT_EQ(sent({0x40}).passed, Passed::malformed);
  EXPECT_EQ(sent({0x40, 0, 0}).passed, Passed::malformed);
  EXPECT_EQ(sent(channel_data(0x4000, "x", 1)).passed, Passed::malformed) << "claims more than there is";
  EXPECT_EQ(text_of(sent(channel_data(0x4000, "xyz", -1)).payload), "xy") << "padding";
  EXPECT_EQ(sent(Bytes(20, 0xFF)).passed, Passed::malformed);
  stun::MessageWriter no_data(stun::Class::indication, stun::Method::send, {});
  no_data.add_xor_address(Attribute::xor_peer_address, peer);
  EXPECT_EQ(sent(no_data.take()).passed, Passed::malformed);
  stun::MessageWriter no_peer(stun::Class::indication, stun::Method::send, {});
  no_peer.add(Attribute::data, "x");
  EXPECT_EQ(sent(no_peer.take()).passed, Passed::malformed);
  stun::MessageWriter unknown(stun::Class::indication, stun::Method::send, {});
  unknown.add_xor_address(Attribute::xor_peer_address, peer);
  unknown.add(Attribute::data, "x");
  unknown.add(Attribute::dont_fragment, "");
  EXPECT_EQ(sent(unknown.take()).passed, Passed::malformed);
}

TEST_F(LaneTest, RequestsAreForTheControlPath) {
  EXPECT_EQ(sent(stun::MessageWriter(stun::Class::request, stun::Method::refresh, {}).take()).passed,
            Passed::control);
  EXPECT_EQ(sent(stun::MessageWriter(stun::Class::indication, stun::Method::binding, {}).take()).passed,
            Passed::control);
}

TEST(LaneFamilies, WhatIsInstalledForOneIsForgottenAlone) {
  Lane lane;
  const MonoTime now{1000}, later{100'000};
  const auto v4 = stun::address_of("192.0.2.1", 9).value(), v6 = stun::address_of("2001:db8::9", 9).value();
  lane.permit(now, v4.ip, later);
  lane.permit(now, v6.ip, later);
  lane.bind(now, 0x4000, v4, later);
  lane.bind(now, 0x4001, v6, later);
  lane.forget(stun::Family::ipv6);
  EXPECT_EQ(lane.permissions(), 1U);
  EXPECT_EQ(lane.channels(), 1U);
  EXPECT_EQ(lane.from_client(now, Bytes{0x40, 0, 0, 0}).passed, Passed::passed);
  EXPECT_EQ(lane.from_client(now, Bytes{0x40, 1, 0, 0}).passed, Passed::no_channel);
}

// Shows: TURN-10.
TEST(LaneRate, HasABoundEachWay) {
  Lane lane(1000);
  const auto peer = at("192.0.2.1", 9000);
  lane.permit(k_now, peer.ip, k_later);
  lane.bind(k_now, 0x4000, peer, k_later);
  const auto packet = channel_data(0x4000, std::string(100, 'x'));
  std::array<std::uint8_t, k_headroom_bytes> headroom{};
  Counting random;
  for (int count = 0; count < 10; ++count) {
    EXPECT_EQ(lane.from_client(k_now, packet).passed, Passed::passed) << count;
    EXPECT_EQ(lane.from_peer(k_now, peer, 100, headroom, random, false).passed, Passed::passed) << count;
  }
  EXPECT_EQ(lane.from_client(k_now, packet).passed, Passed::over_rate);
  EXPECT_EQ(lane.from_peer(k_now, peer, 100, headroom, random, false).passed, Passed::over_rate);
  EXPECT_EQ(lane.from_client(k_now + Duration{99}, packet).passed, Passed::over_rate);
  EXPECT_EQ(lane.from_client(k_now + Duration{100}, packet).passed, Passed::passed);
}

TEST(MeterTest, ASlowRateAddsUp) {
  Meter meter(10);
  EXPECT_TRUE(meter.take(k_now, 10));
  for (int ms = 1; ms < 100; ++ms) EXPECT_FALSE(meter.take(k_now + Duration{ms}, 1)) << ms;
  EXPECT_TRUE(meter.take(k_now + Duration{100}, 1));
  EXPECT_FALSE(meter.take(k_now + Duration{100}, 1));
}

// What a millisecond adds need not be whole bytes.
TEST(MeterTest, NothingIsLostBetween) {
  Meter meter(1500);
  EXPECT_TRUE(meter.take(k_now, 1500));
  for (int ms = 1; ms <= 100; ++ms) meter.take(k_now + Duration{ms}, 1000);
  EXPECT_TRUE(meter.take(k_now + Duration{100}, 150));
  EXPECT_FALSE(meter.take(k_now + Duration{100}, 1));
}

TEST(ChannelDataTest, InAStream) {
  EXPECT_EQ(size_of_channel_data_in_stream(Bytes{0x40, 0, 0}), 0U);
  EXPECT_EQ(size_of_channel_data_in_stream(Bytes{0x40, 0, 0, 0}), 4U);
  EXPECT_EQ(size_of_channel_data_in_stream(Bytes{0x40, 0, 0, 5}), 12U);
  EXPECT_TRUE(may_be_channel_data(Bytes{0x4F}));
  EXPECT_TRUE(may_be_channel_data(Bytes{0x50})) << "RFC 5766";
  EXPECT_TRUE(may_be_channel_data(Bytes{0x7F}));
  EXPECT_FALSE(may_be_channel_data(Bytes{0x80}));
  EXPECT_FALSE(may_be_channel_data(Bytes{0x3F}));
}

// Shows: TURN-11.
TEST(OwnPortsTest, KnowsWhichAreRelayed) {
  OwnPorts ports;
  for (const int number : {0, 63, 64, 49152, 65535}) {
    const auto port = static_cast<std::uint16_t>(number);
    EXPECT_FALSE(ports.has(port));
    ports.set(port);
    EXPECT_TRUE(ports.has(port));
    EXPECT_FALSE(ports.has(static_cast<std::uint16_t>(port ^ 1)));
    ports.clear(port);
    EXPECT_FALSE(ports.has(port));
  }
}

}  // namespace
}  // namespace ringway::relay
