// Who may say that a request is of whom: peers, strangers, programs of the machine.
#include <gtest/gtest.h>

#include <string>

#include "tests/sip-usage/element/stage.hpp"

namespace ringway::sip::element {
namespace {

using test::Phone;
using test::World;

struct Bob {  // registered at the second peer
  Bob() : bob(world.phone("bob", 1)) { EXPECT_EQ(world.register_phone(bob), 200u); }
  Message invite(Phone& from, const std::string& as, const std::string& call_id) {
    auto out = world.request(from, "INVITE", "sip:bob@example.org", call_id);
    out.from.uri = *Uri::parse(as);
    return out;
  }
  World world;
  Phone& bob;
};

// RFC 7904 §5.1: the connection shows whose peer it is.
TEST(ElementIdentityTest, PeersSpeakForTheirUsers) {
  Bob stage;
  auto& [world, bob] = stage;
  Phone& peer = world.foreign_peer("mallory", 1);
  unsigned call = 0;
  const auto comes = [&](const std::string& as) {
    world.send(peer, stage.invite(peer, as, "call-" + std::to_string(++call)));
    const bool has_come = bob.request("INVITE").has_value();
    EXPECT_EQ(peer.statuses(), has_come ? std::vector<unsigned>{} : std::vector<unsigned>{403}) << as;
    return has_come;
  };
  EXPECT_TRUE(comes("sip:mallory@example.org"));
  EXPECT_TRUE(comes("sip:mallory@EXAMPLE.org"));
  EXPECT_FALSE(comes("sip:alice@example.org"));
  EXPECT_FALSE(comes("sips:alice@example.org"));
  EXPECT_FALSE(comes("sip:bob@example.org"));
  EXPECT_FALSE(comes("sip:bob@192.0.2.2")) << "the same by this peer's address";
  EXPECT_FALSE(comes("sip:alice:x@example.org"));
  EXPECT_FALSE(comes("sip:alice@example.org."));
  EXPECT_TRUE(comes("sip:carol@elsewhere.example")) << "a gateway's caller";
  EXPECT_TRUE(comes("sip:anonymous@anonymous.invalid"));
  EXPECT_EQ(world.peers[1]->counters().false_from, 6u);
}

TEST(ElementIdentityTest, UsersOfAPeerHaveABound) {
  Bob stage;
  auto& [world, bob] = stage;
  std::vector<std::string> names;
  for (std::size_t at = 0; at <= k_max_users_of_peer; ++at)
    names.push_back("u" + std::to_string(at) + "@example.org");
  Phone& peer = world.foreign_peer("u", 1, names);
  world.send(peer, stage.invite(peer, "sip:" + names[k_max_users_of_peer - 1], "call-1"));
  EXPECT_TRUE(bob.request("INVITE"));
  world.send(peer, stage.invite(peer, "sip:" + names[k_max_users_of_peer], "call-2"));
  EXPECT_TRUE(peer.response(403));
}

// A dialog's From may be of whom the call was for before it was forwarded; who was not let through has none.
TEST(ElementIdentityTest, WithinADialog) {
  Bob stage;
  auto& [world, bob] = stage;
  Phone& peer = world.foreign_peer("mallory", 1);
  world.send(peer, stage.invite(peer, "sip:mallory@example.org", "call-1"));
  const auto invite = bob.request("INVITE");
  ASSERT_TRUE(invite);
  world.answer(bob, *invite, 200);
  const auto ok = peer.response(200);
  ASSERT_TRUE(ok);
  auto info = world.in_dialog(peer, "INFO", *ok);
  info.from.uri = *Uri::parse("sip:alice@example.org");
  world.send(peer, info);
  EXPECT_TRUE(bob.request("INFO"));
  auto message = world.in_dialog(peer, "MESSAGE", *ok);  // phones show it as a new one
  message.from.uri = *Uri::parse("sip:alice@example.org");
  world.send(peer, message);
  EXPECT_FALSE(bob.request("MESSAGE"));
  EXPECT_TRUE(peer.response(403));
  info.routes.clear();
  info.call_id = "call-2";
  info.vias.front().parameters.set("branch", "z9hG4bKother");
  world.send(peer, info);
  EXPECT_FALSE(bob.request("INFO"));
  EXPECT_TRUE(peer.response(403));
}

TEST(ElementIdentityTest, StrangersAreNoUsers) {
  Bob stage;
  auto& [world, bob] = stage;
  Phone& stranger = world.stranger("eve", 1);
  unsigned call = 1;
  for (const std::string as :
       {"sip:bob@example.org", "sip:carol@example.org", "sip:bob@192.0.2.2:5060", "sip:carol@example.org."}) {
    world.send(stranger, stage.invite(stranger, as, "call-" + std::to_string(++call)));
    EXPECT_TRUE(stranger.response(407)) << as;
  }
  EXPECT_FALSE(bob.request("INVITE"));
  world.send(stranger, stage.invite(stranger, "sip:eve@elsewhere.example", "call-1"));
  EXPECT_TRUE(bob.request("INVITE"));
}

// RFC 3325 §5: nobody is trusted to assert it, and nobody is told.
TEST(ElementIdentityTest, AssertedIdentitiesAreRemoved) {
  Bob stage;
  auto& [world, bob] = stage;
  Phone& alice = world.phone("alice", 0);
  EXPECT_EQ(world.register_phone(alice), 200u);
  for (Phone* from : {&alice, &world.stranger("eve", 1)}) {
    const std::vector<std::string> lines{"P-Asserted-Identity: <sip:bob@example.org>",
                                         "P-Preferred-Identity: <sip:bob@example.org>",
                                         "Remote-Party-ID: <sip:bob@example.org>;screen=yes"};
    world.send(*from, world.request(*from, "INVITE", "sip:bob@example.org", from->user, lines));
    const auto invite = bob.request("INVITE");
    ASSERT_TRUE(invite);
    EXPECT_EQ(invite->field("P-Asserted-Identity"), nullptr);
    EXPECT_EQ(invite->field("P-Preferred-Identity"), nullptr);
    EXPECT_EQ(invite->field("Remote-Party-ID"), nullptr);
    auto ringing = make_response(*invite, 180, "b");
    ringing.set_field("P-Asserted-Identity", "<sip:carol@example.org>");
    world.send(bob, ringing);
    const auto got = from->response(180);
    ASSERT_TRUE(got);
    EXPECT_EQ(got->field("P-Asserted-Identity"), nullptr);
  }
}

// Phones that know nothing of the overlay but their peer's address.
TEST(ElementIdentityTest, ThePeersAddressIsTheOverlaysName) {
  Bob stage;
  auto& [world, bob] = stage;
  Phone& alice = world.phone("alice", 0);
  auto request = world.request(alice, "REGISTER", "sip:alice@192.0.2.1:5060");
  request.from.uri = request.to.uri;
  request.request_uri() = *Uri::parse("sip:192.0.2.1:5060");
  const auto answer = world.ask(alice, request, "alice-secret");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status(), 200u);
  EXPECT_EQ(world.overlay["alice@example.org"].size(), 1u);
  alice.inbox.clear();
  auto invite = world.request(alice, "INVITE", "sip:bob@192.0.2.1:5060");
  invite.from.uri = *Uri::parse("sip:alice@192.0.2.1:5060");
  world.send(alice, invite);
  const auto got = bob.request("INVITE");
  ASSERT_TRUE(got);
  EXPECT_EQ(got->to.uri.print(), "sip:bob@192.0.2.1:5060") << "To is the caller's";
}

// As SIPp does: its digest-uri is the address that it sends to.
TEST(ElementIdentityTest, TheDigestUriIsThePeersAddress) {
  World world({{"alice"}});
  Phone& alice = world.phone("alice", 0);
  auto request = world.request(alice, "REGISTER", "sip:alice@example.org");
  for (const auto& [digest_uri, status] : std::vector<std::pair<std::string, unsigned>>{
           {"sip:192.0.2.1:5070", 400}, {"sip:192.0.2.2:5060", 400}, {"sip:192.0.2.1:5060", 200}}) {
    request.remove_field("Authorization");
    request.cseq.number = ++alice.last_cseq;
    request.vias.front().parameters.set("branch", "z9hG4bKa" + std::to_string(alice.last_cseq));
    world.send(alice, request);
    const auto asked = alice.response(401);
    ASSERT_TRUE(asked);
    const Uri request_uri = request.request_uri();
    request.request_uri() = *Uri::parse(digest_uri);
    World::add_credentials(request, *asked, "alice-secret");
    request.request_uri() = request_uri;
    request.cseq.number = ++alice.last_cseq;
    request.vias.front().parameters.set("branch", "z9hG4bKb" + std::to_string(alice.last_cseq));
    world.send(alice, request);
    EXPECT_TRUE(alice.response(status)) << digest_uri;
  }
}

// An element without a key for its tokens draws one: nobody else can know it.
TEST(ElementIdentityTest, AnEmptyKeyIsNoKey) {
  World world({{"alice"}}, false, [](Settings& settings) { settings.proxy.key.clear(); });
  Phone& alice = world.phone("alice", 0);
  EXPECT_EQ(world.register_phone(alice), 200u);
  Phone& eve = world.stranger("eve", 0);
  const proxy::NetworkFlow flow{
      static_cast<std::uint64_t>(alice.flow), {"TCP", "192.0.2.1", 5060}, alice.address + ":4000"};
  const auto token = proxy::Tokens({}).make(proxy::PathToken{flow});
  world.send(eve, world.request(eve, "INVITE", "sip:alice@10.0.0.1", "call-1",
                                {"Route: <sip:" + token + "@192.0.2.1;lr>"}));
  EXPECT_TRUE(eve.response(403));
  EXPECT_FALSE(alice.request("INVITE"));
}

}  // namespace
}  // namespace ringway::sip::element
