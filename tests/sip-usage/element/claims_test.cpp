// Names of other domains under which another peer's requests come: users of the overlay are named by their
// own peers only, a gateway's callers by the gateway.
#include <gtest/gtest.h>

#include <string>

#include "tests/sip-usage/element/stage.hpp"

namespace ringway::sip::element {
namespace {

using test::Phone;
using test::World;

// bob at the first peer, carol of another domain registered somewhere, mallory's peer.
struct Named {
  Named() : bob(world.phone("bob", 0)), mallory(world.foreign_peer("mallory", 0)) {
    EXPECT_EQ(world.register_phone(bob), 200u);
    world.overlay["carol@elsewhere.example"][7] = Bytes{1};
  }
  Message invite(Phone& from, const std::string& as) {
    auto out = world.request(from, "INVITE", "sip:bob@example.org", "call-" + std::to_string(++calls));
    out.from.uri = *Uri::parse(as);
    world.send(from, out);
    return out;
  }
  bool comes(Phone& from, const std::string& as) {
    invite(from, as);
    return bob.request("INVITE").has_value();
  }
  World world{std::vector<std::vector<std::string>>{{"bob"}}};
  Phone& bob;
  Phone& mallory;
  unsigned calls = 0;
};

TEST(ClaimsTest, UsersOfOtherDomainsAreNamedByTheirPeers) {
  // Shows: FM-41.
  Named stage;
  auto& [world, bob, mallory, calls] = stage;
  EXPECT_FALSE(stage.comes(mallory, "sip:carol@elsewhere.example"));
  EXPECT_EQ(mallory.statuses(), std::vector<unsigned>{403});
  EXPECT_FALSE(stage.comes(mallory, "sips:carol:x@ELSEWHERE.example:5070;x=y"));
  EXPECT_EQ(mallory.statuses(), std::vector<unsigned>{403});
  EXPECT_EQ(world.peers[0]->counters().false_from, 2u);
  Phone& own = world.foreign_peer("carol", 0, {"carol@elsewhere.example"});
  EXPECT_TRUE(stage.comes(own, "sip:carol@elsewhere.example"));
  // A gateway's callers.
  EXPECT_TRUE(stage.comes(mallory, "sip:dave@elsewhere.example"));
  EXPECT_TRUE(stage.comes(mallory, "sip:carol@192.0.2.99"));
  EXPECT_TRUE(stage.comes(mallory, "tel:+431"));
}

// A further user of that peer has a certificate, and a node, of its own (RFC 7904 §3.2).
TEST(ClaimsTest, APeerSpeaksForWhoIsRegisteredAtIt) {
  // Shows: FM-41.
  Named stage;
  auto& [world, bob, mallory, calls] = stage;
  const auto register_at = [&](const std::string& user, std::vector<NodeId> route) {
    wire::DestinationList destinations;
    for (const NodeId& each : route) destinations.push_back(wire::to_node(each));
    world.overlay[user][7] = wire::encode(SipRegistration{RouteRegistration{{}, destinations}});
  };
  const NodeId here = world.node_of(mallory), other = test::node(50);
  EXPECT_FALSE(stage.comes(mallory, "sip:erin@example.org")) << "who is registered nowhere";
  register_at("erin@example.org", {here});
  EXPECT_TRUE(stage.comes(mallory, "sip:erin@example.org")) << "at once, although it was asked for before";
  register_at("frank@example.org", {other, here});
  EXPECT_TRUE(stage.comes(mallory, "sips:frank@EXAMPLE.org"));
  register_at("grace@example.org", {here, other});
  EXPECT_FALSE(stage.comes(mallory, "sip:grace@example.org")) << "only one of those before another peer";
  world.overlay["heidi@example.org"][7] =
      wire::encode(SipRegistration{UriRegistration{"sip:mallory@example.org"}});
  EXPECT_FALSE(stage.comes(mallory, "sip:heidi@example.org")) << "who forwards is not there";
  register_at("ivan@elsewhere.example", {here});
  EXPECT_TRUE(stage.comes(mallory, "sip:ivan@elsewhere.example"));
  EXPECT_EQ(mallory.statuses(), (std::vector<unsigned>{403, 403, 403}));
  // What a phone shows as well.
  auto message = world.request(mallory, "MESSAGE", "sip:bob@example.org", "m");
  message.from.uri = *Uri::parse("sip:erin@example.org");
  world.send(mallory, message);
  EXPECT_TRUE(bob.request("MESSAGE"));
}

TEST(ClaimsTest, SoManyPeersOfAName) {
  std::vector<FetchedRegistration> found;
  for (std::size_t at = 1; at <= k_max_peers_of_name + 1; ++at)  // a Node-ID is not zero
    found.push_back({test::node(1),
                     wire::encode(registration_of_node(test::node(static_cast<std::uint8_t>(at)), "")), 600});
  const auto facts = facts_of(found);
  EXPECT_TRUE(facts.is_user);
  EXPECT_EQ(facts.peers.size(), k_max_peers_of_name);
  EXPECT_TRUE(facts.is_at(test::node(k_max_peers_of_name)));
  EXPECT_FALSE(facts.is_at(test::node(k_max_peers_of_name + 1)));
  EXPECT_EQ(facts_of({}), NameFacts{});
}

TEST(ClaimsTest, TheAnswerHoldsForAWhile) {
  Named stage;
  auto& [world, bob, mallory, calls] = stage;
  EXPECT_TRUE(stage.comes(mallory, "sip:dave@elsewhere.example"));
  EXPECT_FALSE(stage.comes(mallory, "sip:carol@elsewhere.example"));
  mallory.inbox.clear();
  world.overlay_answers = false;
  EXPECT_TRUE(stage.comes(mallory, "sip:dave@elsewhere.example"));
  EXPECT_FALSE(stage.comes(mallory, "sip:carol@elsewhere.example"));
  EXPECT_EQ(mallory.statuses(), std::vector<unsigned>{403});
  world.pass(k_known_name_time);
  EXPECT_FALSE(stage.comes(mallory, "sip:dave@elsewhere.example")) << "it is asked for again";
}

TEST(ClaimsTest, ASilentOverlay) {
  Named stage;
  auto& [world, bob, mallory, calls] = stage;
  world.overlay_answers = false;
  EXPECT_FALSE(stage.comes(mallory, "sip:dave@elsewhere.example"));
  EXPECT_EQ(mallory.statuses(), std::vector<unsigned>{});
  world.pass(k_claim_time);
  EXPECT_EQ(mallory.statuses(), std::vector<unsigned>{504});
  EXPECT_TRUE(stage.comes(mallory, "sip:mallory@example.org")) << "nobody else waits";
}

TEST(ClaimsTest, WhoWaitsMayBeCancelled) {
  Named stage;
  auto& [world, bob, mallory, calls] = stage;
  world.overlay_answers = false;
  const auto invite = stage.invite(mallory, "sip:dave@elsewhere.example");
  world.send(mallory, make_cancel(invite));
  EXPECT_EQ(mallory.statuses(), (std::vector<unsigned>{200, 487}));
  world.pass(k_claim_time);
  EXPECT_EQ(mallory.statuses(), std::vector<unsigned>{}) << "it waits no more";
}

// Who has sent it keeps it for later when no answer has come in time (letters.hpp), and counts from when it
// was sent.
TEST(ClaimsTest, AMessageWaitsForANameWithinItsTime) {
  Named stage;
  auto& [world, bob, mallory, calls] = stage;
  world.overlay_answers = false;
  auto message = world.request(mallory, "MESSAGE", "sip:bob@example.org", "m");
  message.from.uri = *Uri::parse("sip:dave@elsewhere.example");
  world.send(mallory, message);
  const Duration asked = k_claim_time - Duration{1000};
  world.pass(asked);
  world.overlay_answers = true;
  world.into(0, RegistrationsFetched{world.last_fetch, {}});
  ASSERT_TRUE(bob.request("MESSAGE"));
  world.pass(k_wait_of_others - asked - Duration{1});
  EXPECT_EQ(mallory.statuses(), std::vector<unsigned>{});
  world.pass(Duration{1});
  EXPECT_EQ(mallory.statuses(), std::vector<unsigned>{480});
}

TEST(ClaimsTest, WithinADialogNobodyIsAskedFor) {
  Named stage;
  auto& [world, bob, mallory, calls] = stage;
  stage.invite(mallory, "sip:dave@elsewhere.example");
  const auto invite = bob.request("INVITE");
  ASSERT_TRUE(invite);
  world.answer(bob, *invite, 200);
  const auto ok = mallory.response(200);
  ASSERT_TRUE(ok);
  world.overlay_answers = false;
  auto bye = world.in_dialog(mallory, "BYE", *ok);
  bye.from.uri = *Uri::parse("sip:carol@elsewhere.example");  // of whom it was for before it was forwarded
  world.send(mallory, bye);
  EXPECT_TRUE(bob.request("BYE"));
}

TEST(ClaimsTest, WhoWaitsHasABound) {
  Named stage;
  auto& [world, bob, mallory, calls] = stage;
  world.overlay_answers = false;
  const auto call = [&](Phone& from, std::size_t count) {
    for (std::size_t at = 0; at < count; ++at)
      stage.invite(from, "sip:u" + std::to_string(at % 3) + "@elsewhere.example");
    return from.statuses();
  };
  EXPECT_EQ(call(mallory, k_max_claims_of_peer + 1), std::vector<unsigned>{503});
  std::size_t waiting = k_max_claims_of_peer;
  for (; waiting < k_max_claims; waiting += k_max_claims_of_peer)
    EXPECT_EQ(call(world.foreign_peer("other" + std::to_string(waiting), 0), k_max_claims_of_peer),
              std::vector<unsigned>{});
  EXPECT_EQ(call(world.foreign_peer("last", 0), 1), std::vector<unsigned>{503});
  world.pass(k_claim_time);
  EXPECT_EQ(mallory.statuses().size(), k_max_claims_of_peer);
  EXPECT_EQ(call(mallory, k_max_claims_of_peer), std::vector<unsigned>{});
}

TEST(ClaimsTest, NamesThatAreKnownHaveABound) {
  Claims claims;
  const auto name = [](std::size_t number) {
    return *Aor::of_user_name("u" + std::to_string(number) + "@elsewhere.example");
  };
  const MonoTime now{1000};
  for (std::size_t at = 0; at <= k_max_known_names; ++at) {
    const QuestionId question{at + 1};
    EXPECT_TRUE(
        claims.wait(now + Duration{static_cast<std::int64_t>(at)}, {{at + 1}, {}, {}, name(at)}, question));
    EXPECT_TRUE(
        claims.fetched(now + Duration{static_cast<std::int64_t>(at)}, question, NameFacts{at % 2 == 1, {}}));
  }
  EXPECT_FALSE(claims.known(now, name(0))) << "the oldest has gone";
  EXPECT_EQ(claims.known(now, name(1)), std::optional(NameFacts{true, {}}));
  EXPECT_EQ(claims.known(now, name(k_max_known_names)), std::optional(NameFacts{false, {}}));
  EXPECT_EQ(claims.sizes()[1].size, claims.sizes()[1].bound);
  EXPECT_EQ(claims.sizes()[0].size, 0u);
  EXPECT_EQ(claims.take_answers().size(), k_max_known_names + 1);
}

}  // namespace
}  // namespace ringway::sip::element
