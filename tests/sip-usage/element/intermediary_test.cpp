// What a peer that stands between two others lets pass, and what it hides.
#include <gtest/gtest.h>

#include <string>

#include "tests/sip-usage/element/stage.hpp"

namespace ringway::sip::element {
namespace {

using test::node;
using test::Phone;
using test::World;

std::string gr_of(std::uint8_t number) { return *write_gr({wire::to_node(node(number))}); }

struct Relay {
  explicit Relay() : alice(world.foreign_peer("alice", 1)), bob(world.phone("bob", 0)) {
    EXPECT_EQ(world.register_phone(bob), 200u);
  }
  Message passing(Phone& from, const std::string& call_id, const std::string& next) {
    auto out = world.request(from, "INVITE", "sip:bob@example.org", call_id,
                             {"Route: <sip:example.org;rw-hide;lr>, <" + next + '>'});
    out.from.uri = *Uri::parse("sip:anonymous@anonymous.invalid");
    return out;
  }
  Message passing(const std::string& call_id,
                  const std::string& next = "sip:example.org;gr=" + gr_of(1) + ";lr") {
    return passing(alice, call_id, next);
  }
  unsigned status_of(const Message& request) {
    world.send(alice, request);
    const auto statuses = alice.statuses();
    return statuses.empty() ? 0 : statuses.front();
  }
  World world{{{"bob"}, {"carol"}}};
  Phone& alice;
  Phone& bob;
};

TEST(IntermediatePeer, LeadsIntoTheOverlayOnly) {
  Relay relay;
  EXPECT_EQ(relay.status_of(relay.passing("call-1", "sip:gateway.example;lr")), 403u);
  EXPECT_EQ(relay.status_of(relay.passing("call-2", "sip:example.org;lr")), 403u);
  EXPECT_EQ(relay.status_of(relay.passing("call-3", "sip:example.org;gr=" + gr_of(2) + ";lr")), 482u);
  EXPECT_TRUE(relay.world.opened_addresses.empty());
  EXPECT_EQ(relay.world.peers[1]->counters().not_passed_on, 3u);
}

TEST(IntermediatePeer, GivesUpAMessageInTime) {
  Relay relay;
  relay.world.is_silent = true;  // the next peer
  auto request =
      relay.world.request(relay.alice, "MESSAGE", "sip:bob@example.org", "m",
                          {"Route: <sip:example.org;rw-hide;lr>, <sip:example.org;gr=" + gr_of(1) + ";lr>"});
  request.from.uri = *Uri::parse("sip:anonymous@anonymous.invalid");
  const auto size_of = [&] {
    for (const auto& table : relay.world.peers[1]->tables())
      if (table.name == std::string("MESSAGEs under way")) return table.size;
    return std::size_t{0};
  };
  relay.world.send(relay.alice, request);
  EXPECT_EQ(size_of(), 1u);
  relay.world.pass(k_wait_of_others);
  EXPECT_EQ(size_of(), 0u);
}

// It would be its own certificate that speaks for the name.
TEST(IntermediatePeer, GivesNobodyANameOfItsOwn) {
  Relay relay;
  std::size_t count = 0;
  for (const std::string from :
       {"sip:alice@example.org", "sip:carol@example.org", "sip:x@elsewhere.example"}) {
    auto request = relay.passing("call-" + std::to_string(++count));
    request.from.uri = *Uri::parse(from);
    EXPECT_EQ(relay.status_of(request), 403u) << from;
  }
  EXPECT_FALSE(relay.bob.request("INVITE"));
}

TEST(IntermediatePeer, IsThereForPeersOnly) {
  Relay relay;
  Phone& stranger = relay.world.stranger("eve", 1);
  auto request = relay.passing(stranger, "call-1", "sip:example.org;gr=" + gr_of(1) + ";lr");
  relay.world.send(stranger, request);
  EXPECT_EQ(stranger.statuses(), std::vector<unsigned>{407}) << "a phone that may be a user's";
  request = relay.passing(stranger, "call-2", "sip:example.org;gr=" + gr_of(1) + ";lr");
  request.from.uri = *Uri::parse("sip:eve@elsewhere.example");
  relay.world.send(stranger, request);
  EXPECT_EQ(stranger.statuses(), std::vector<unsigned>{403});
  EXPECT_FALSE(relay.bob.request("INVITE"));
}

TEST(IntermediatePeer, FalseSealsLeadNowhere) {
  Relay relay;
  for (const std::string behind :
       {"", "AAAA", "!", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}) {
    const std::string uri =
        "sip:anonymous@example.org;gr=" + gr_of(2) + ";rw-behind=" + (behind.empty() ? "~" : behind);
    if (!Uri::parse(uri)) continue;
    EXPECT_EQ(relay.status_of(relay.world.request(relay.alice, "INVITE", uri, "call" + behind)), 404u)
        << behind;
    auto routed = relay.world.request(relay.alice, "BYE", "sip:bob@example.org", "bye" + behind,
                                      {"Route: <" + uri + ";lr>"});
    EXPECT_EQ(relay.status_of(routed), 403u) << behind;
  }
}

TEST(IntermediatePeer, RequestsOfANodeHaveABound) {
  Relay relay;
  for (std::size_t each = 0; each < k_max_passages_of_node; ++each)
    EXPECT_EQ(relay.status_of(relay.passing("call-" + std::to_string(each))), 0u) << each;
  EXPECT_EQ(relay.status_of(relay.passing("one-more")), 503u);
  // Another node has its own.
  Phone& other = relay.world.foreign_peer("erin", 1);
  relay.world.send(other, relay.passing(other, "erins", "sip:example.org;gr=" + gr_of(1) + ";lr"));
  EXPECT_TRUE(other.statuses().empty());
  // When they have ended there is room again.
  while (const auto came = relay.bob.request("INVITE")) relay.world.answer(relay.bob, *came, 486);
  relay.alice.inbox.clear();
  relay.world.pass(Duration{64'000});
  EXPECT_EQ(relay.status_of(relay.passing("later")), 0u);
}

TEST(IntermediaryTest, AllRequestsHaveABound) {
  auto settings = test::settings_of(3);
  registrar::test::CountingRandom random;
  Intermediary intermediary(settings.proxy, random);
  for (std::size_t each = 0; each < k_max_passages; ++each)
    EXPECT_TRUE(intermediary.begin(node(static_cast<std::uint8_t>(each / k_max_passages_of_node))));
  EXPECT_FALSE(intermediary.begin(node(200)));
  intermediary.end(node(1));
  EXPECT_TRUE(intermediary.begin(node(200)));
  EXPECT_FALSE(intermediary.begin(node(200)));
}

// What was sealed before a restart is read after it; another peer reads nothing. No two seals are alike.
TEST(IntermediaryTest, SealsOutliveARestart) {
  // Shows: SIP-24.
  auto settings = test::settings_of(3), others = test::settings_of(4);
  registrar::test::CountingRandom random;
  Intermediary before(settings.proxy, random), after(settings.proxy, random);
  others.proxy.overlay_gr = settings.proxy.overlay_gr;
  Intermediary another(others.proxy, random);
  const auto passing = [&] {
    auto out = sip::test::message(sip::test::invite_lines());
    make_from_anonymous(out);
    out.routes = {*NameAddr::parse("<sip:example.org;rw-hide;lr>"), route_to("example.org", gr_of(2))};
    out.contacts = {*NameAddr::parse("<sip:anonymous@example.org;gr=" + gr_of(1) + ";rw-device=5>")};
    EXPECT_TRUE(std::holds_alternative<Passage>(before.enter(out, node(1))));
    return out.contacts.front().uri;
  };
  const Uri seen = passing();
  EXPECT_NE(seen.print(), passing().print());
  const auto to_it = [&] {
    auto out = sip::test::message(sip::test::invite_lines());
    out.request_uri() = seen;
    return out;
  };
  auto back = to_it();
  const auto entered = after.enter(back, node(2));
  ASSERT_TRUE(std::holds_alternative<Passage>(entered));
  EXPECT_EQ(std::get<Passage>(entered).hidden, node(1));
  EXPECT_EQ(back.request_uri().parameters.value("gr"), gr_of(1));
  ASSERT_EQ(back.routes.size(), 1u);
  EXPECT_EQ(back.routes.front().uri.parameters.value("gr"), gr_of(1));
  auto lost = to_it();
  EXPECT_EQ(std::get<unsigned>(another.enter(lost, node(2))), 404u);
}

TEST(IntermediaryTest, WhatIsHiddenHasABound) {
  auto settings = test::settings_of(3);
  registrar::test::CountingRandom random;
  Intermediary intermediary(settings.proxy, random);
  const auto status_with = [&](std::size_t length) {
    auto out = sip::test::message(sip::test::invite_lines());
    make_from_anonymous(out);
    out.routes = {*NameAddr::parse("<sip:example.org;rw-hide;lr>"), route_to("example.org", gr_of(2))};
    const std::string shortest = "<sip:@example.org>";
    out.contacts = {*NameAddr::parse("<sip:" + std::string(length - shortest.size(), 'a') + "@example.org>")};
    const auto entered = intermediary.enter(out, node(1));
    const auto* status = std::get_if<unsigned>(&entered);
    return status == nullptr ? 200U : *status;
  };
  constexpr std::size_t k_frame_bytes = 16 + 1 + 2;
  EXPECT_EQ(status_with(k_max_behind_bytes - k_frame_bytes), 200u);
  EXPECT_EQ(status_with(k_max_behind_bytes - k_frame_bytes + 1), 513u);
}

}  // namespace
}  // namespace ringway::sip::element
