// What the two ends of a call are called at the other side's peer (RFC 7904 §5.1), and that the phones see
// their own Contacts all the same.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/sip-usage/element/stage.hpp"

namespace ringway::sip::element {
namespace {

using test::Phone;
using test::World;

// alice's phone at the first peer, bob's at the second; both behind NATs.
struct Call {
  explicit Call(const std::string& instance = "") {
    for (Phone* phone : {&alice, &bob}) {
      auto request =
          world.request(*phone, "REGISTER", "sip:" + phone->user + "@example.org", "reg" + phone->user);
      request.contacts = {*NameAddr::parse('<' + contact_of(*phone) + '>' + instance)};
      const auto answer = world.ask(*phone, request, phone->user + "-secret");
      EXPECT_TRUE(answer && answer->status() == 200u);
      phone->inbox.clear();
    }
  }
  static std::string contact_of(const Phone& phone) { return "sip:" + phone.user + "@192.168.1.2:5062"; }
  static Message named(Phone& phone, Message message) {
    message.contacts = {*NameAddr::parse('<' + contact_of(phone) + '>')};
    return message;
  }
  void answer(Phone& phone, const Message& request, unsigned status) {
    auto response = named(phone, make_response(request, status, "tag" + phone.address));
    response.record_routes = request.record_routes;
    world.send(phone, response);
  }
  World world;
  Phone& alice = world.phone("alice", 0);
  Phone& bob = world.phone("bob", 1);
};

void expect_of_overlay(const Message& message, const std::string& user, std::uint8_t peer) {
  ASSERT_EQ(message.contacts.size(), 1u);
  const Uri& uri = message.contacts.front().uri;
  EXPECT_EQ(uri.host, "example.org") << uri.print();
  EXPECT_EQ(uri.user, user);
  EXPECT_EQ(uri.parameters.value("gr"), test::settings_of(peer).proxy.overlay_gr);
}

TEST(ElementContactTest, AreUrisOfTheOverlayAtTheOtherPeer) {
  // Shows: SIP-21.
  for (const std::string instance :
       {"", ";+sip.instance=\"<urn:uuid:00000000-0000-1000-8000-000a95a0e128>\""}) {
    SCOPED_TRACE(instance);
    Call call(instance);
    auto& [world, alice, bob] = call;
    world.send(alice, Call::named(alice, world.request(alice, "INVITE", "sip:bob@example.org", "call-1")));
    const auto invite = bob.request("INVITE");
    ASSERT_TRUE(invite);
    expect_of_overlay(*invite, "alice", 1);
    EXPECT_EQ(invite->vias[1].host, "example.org") << "of her peer";
    EXPECT_EQ(invite->request_uri().print(), Call::contact_of(bob));
    call.answer(bob, *invite, 180);
    const auto ringing = alice.response(180);
    ASSERT_TRUE(ringing);
    expect_of_overlay(*ringing, "bob", 2);
    call.answer(bob, *invite, 200);
    const auto ok = alice.response(200);
    ASSERT_TRUE(ok);
    expect_of_overlay(*ok, "bob", 2);
    // Each phone is asked for what it calls itself.
    world.send(alice, Call::named(alice, world.in_dialog(alice, "ACK", *ok)));
    const auto ack = bob.request("ACK");
    ASSERT_TRUE(ack);
    EXPECT_EQ(ack->request_uri().print(), Call::contact_of(bob));
    EXPECT_TRUE(ack->contacts.empty());
    world.send(bob, Call::named(bob, world.in_dialog(bob, "UPDATE", *invite)));
    const auto update = alice.request("UPDATE");
    ASSERT_TRUE(update);
    EXPECT_EQ(update->request_uri().print(), Call::contact_of(alice));
    expect_of_overlay(*update, "bob", 2);
    call.answer(alice, *update, 200);
    const auto updated = bob.response(200);
    ASSERT_TRUE(updated);
    expect_of_overlay(*updated, "alice", 1);
    world.send(alice, world.in_dialog(alice, "BYE", *ok));
    const auto bye = bob.request("BYE");
    ASSERT_TRUE(bye);
    EXPECT_EQ(bye->request_uri().print(), Call::contact_of(bob));
    call.answer(bob, *bye, 200);
    EXPECT_TRUE(alice.response(200));
  }
}

// Outside any dialog, as after a transfer: the one device that it names is called.
TEST(ElementContactTest, LeadBackToThePhone) {
  // Shows: SIP-21.
  Call call;
  auto& [world, alice, bob] = call;
  Phone& desk = world.phone("alice", 0);
  ASSERT_EQ(world.register_phone(desk), 200u);
  world.send(alice, Call::named(alice, world.request(alice, "INVITE", "sip:bob@example.org", "call-1")));
  const auto invite = bob.request("INVITE");
  ASSERT_TRUE(invite);
  world.send(bob, world.request(bob, "INVITE", invite->contacts.front().uri.print(), "call-2"));
  const auto back = alice.request("INVITE");
  ASSERT_TRUE(back);
  EXPECT_EQ(back->request_uri().print(), Call::contact_of(alice));
  EXPECT_FALSE(desk.request("INVITE"));
}

// Nothing leads to it but its dialog; where it is to be called instead (3xx) it says itself; and calls that
// stay at one peer, or leave the overlay, are not changed.
TEST(ElementContactTest, StayAsTheyAreElsewhere) {
  Call call;
  auto& [world, alice, bob] = call;
  Phone& other = world.phone("bob", 0);  // at her peer, with a password, but not registered
  auto invite = Call::named(other, world.request(other, "INVITE", "sip:bob@example.org", "call-0"));
  invite.from = *NameAddr::parse("<sip:alice@example.org>;tag=o");
  world.send(other, invite);
  if (const auto challenge = other.response(407)) {
    invite.from.uri.user = "alice";
    World::add_credentials(invite, *challenge, "alice-secret");
    invite.vias.front().parameters.set("branch", "z9hG4bKsecond");
    ++invite.cseq.number;
    world.send(other, invite);
  }
  const auto from_other = bob.request("INVITE");
  ASSERT_TRUE(from_other);
  EXPECT_EQ(from_other->contacts.front().uri.print(), Call::contact_of(other));

  world.send(alice, Call::named(alice, world.request(alice, "INVITE", "sip:alice@example.org", "call-1")));
  const auto own = alice.request("INVITE");
  ASSERT_TRUE(own);
  EXPECT_EQ(own->contacts.front().uri.print(), Call::contact_of(alice));

  Phone& peer = world.foreign_peer("carol", 1);
  world.send(peer, world.request(peer, "INVITE", "sip:bob@example.org", "call-2"));
  const auto from_carol = bob.request("INVITE");
  ASSERT_TRUE(from_carol);
  auto moved = make_response(*from_carol, 302, "t");
  moved.contacts = {*NameAddr::parse("<sip:bob@192.168.9.9>")};
  world.send(bob, moved);
  const auto redirected = peer.response(302);
  ASSERT_TRUE(redirected);
  EXPECT_EQ(redirected->contacts.front().uri.print(), "sip:bob@192.168.9.9");
}

}  // namespace
}  // namespace ringway::sip::element
