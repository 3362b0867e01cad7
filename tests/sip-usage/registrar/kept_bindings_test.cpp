// Bindings across a restart of the peer: what is kept, how often, and what comes of it.
#include "sip-usage/registrar/kept_bindings.hpp"

#include <gtest/gtest.h>

#include "tests/sip-usage/registrar/phone.hpp"

namespace ringway::sip::registrar {
namespace {

using test::aor;
using test::Request;
using test::Stage;

const Aor k_alice = aor("alice@example.org");

Source datagrams(std::uint64_t flow, std::uint16_t port = 4000) {
  return {FlowId{flow}, "127.0.0.1", "127.0.0.1", true, false, false, port, "127.0.0.1", 5060};
}
Source connection(std::uint64_t flow) {
  return {FlowId{flow}, "127.0.0.1", "127.0.0.1", true, true, false, 4000, "127.0.0.1", 5060};
}
// The same peer some time later, with what was kept.
void restart(Stage& stage, const Stage& before, Duration away = Duration{60'000}) {
  stage.now = {MonoTime{5}, before.now.wall_ms + static_cast<WallMs>(away.count())};
  stage.note(stage.registrar.restore(stage.now, before.keeps));
}
std::vector<Target> targets(const Stage& stage) {
  return stage.registrar.find(stage.now.mono, *Uri::parse("sip:alice@example.org")).targets;
}

TEST(KeptBindings, APhoneByDatagramsIsWhereItWas) {
  Stage before, stage;
  before.registered({.contacts = {"\"A\" <sip:a@10.0.0.7:9;x=y>;q=0.5;+sip.instance=\"<urn:uuid:1>\""},
                     .cseq = 7,
                     .more = {"Path: <sip:p@127.0.0.1;lr;ob>"}},
                    datagrams(1));
  ASSERT_EQ(before.keeps.size(), 1U);
  restart(stage, before);
  ASSERT_EQ(stage.stores.size(), 1U) << "the overlay's entry goes on";
  stage.overlay_answers(true);
  const auto found = targets(stage);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].uri.print(), "sip:a@10.0.0.7:9;x=y");
  EXPECT_EQ(found[0].q_thousandths, 500U);
  EXPECT_EQ(found[0].instance, "<urn:uuid:1>");
  EXPECT_FALSE(found[0].flow);
  EXPECT_FALSE(found[0].listens_at_contact);
  ASSERT_EQ(found[0].path.size(), 1U);
  EXPECT_EQ(found[0].path[0].print(), "<sip:p@127.0.0.1;lr;ob>");
  ASSERT_TRUE(found[0].ends);
  EXPECT_EQ(found[0].ends->local_address, "127.0.0.1");
  EXPECT_EQ(found[0].ends->local_port, 5060U);
  EXPECT_EQ(found[0].ends->remote_address, "127.0.0.1");
  EXPECT_EQ(found[0].ends->remote_port, 4000U);
  // The phone knows nothing of it: its CSeq counts on (§10.3 step 7), and its binding is the same.
  const Request again{.contacts = {"<sip:a@10.0.0.7:9;x=y>;+sip.instance=\"<urn:uuid:1>\""}, .cseq = 7};
  stage.ask(again, datagrams(3));
  EXPECT_EQ(stage.take_response().status(), 500U);
  auto next = again;
  next.cseq = 8;
  EXPECT_EQ(stage.registered(next, datagrams(3)).contacts.size(), 1U);
  ASSERT_EQ(targets(stage).size(), 1U);
  EXPECT_EQ(targets(stage)[0].flow, FlowId{3});
  stage.pass(Duration{k_keep_interval});
  // 1 hour from its REGISTER on, not from the restart.
  Stage late;
  restart(late, before, Duration{3'600'000 - 1});
  EXPECT_EQ(targets(late).size(), 1U);
  late.pass(Duration{1});
  EXPECT_TRUE(targets(late).empty());
}

TEST(KeptBindings, OfConnectionsOnlyTheAddressesStay) {
  Stage before, stage;
  before.registered({.contacts = {"<sip:a@10.0.0.7;transport=tcp>"}}, connection(1));
  EXPECT_TRUE(before.keeps.at(0).octets.empty()) << "behind a NAT, or by WebSocket";
  before.pass(k_keep_interval);
  before.registered({.contacts = {"<sip:a@127.0.0.1:5080;transport=tcp>"}, .call_id = "call-2"},
                    connection(2));
  restart(stage, before);
  const auto found = targets(stage);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].uri.print(), "sip:a@127.0.0.1:5080;transport=tcp");
  EXPECT_FALSE(found[0].flow);
  EXPECT_FALSE(found[0].ends);
}

TEST(KeptBindings, NeitherWhatHasEndedNorWhatWouldNeverEndComesBack) {
  Stage before;
  before.registered({.contacts = {"<sip:a@127.0.0.1>"}}, datagrams(1));
  Stage late;
  restart(late, before, Duration{3'600'000});
  EXPECT_TRUE(targets(late).empty());
  EXPECT_TRUE(late.stores.empty());
  ASSERT_EQ(late.keeps.size(), 1U);
  EXPECT_TRUE(late.keeps[0].octets.empty());
  Stage early;  // a clock that was years ahead
  restart(early, before, Duration{-1'000'000'000});
  EXPECT_EQ(targets(early).size(), 1U);
  early.overlay_answers(true);
  early.pass(std::chrono::seconds(test::settings().max_expires_s));
  EXPECT_TRUE(targets(early).empty());
}

TEST(KeptBindings, WhatChangesIsKeptAndWhatIsGoneForgotten) {
  Stage stage;
  const auto renew = [&](std::uint32_t cseq, const std::string& expires) {
    stage.registered({.contacts = {"<sip:a@127.0.0.1>;expires=" + expires}, .cseq = cseq}, datagrams(1));
  };
  renew(1, "60");
  ASSERT_EQ(stage.keeps.size(), 1U);
  EXPECT_EQ(stage.keeps[0].aor, k_alice);
  for (std::uint32_t cseq = 2; cseq < 20; ++cseq) renew(cseq, "90");
  EXPECT_EQ(stage.keeps.size(), 1U) << "one disk write for each datagram";
  stage.pass(k_keep_interval);
  ASSERT_EQ(stage.keeps.size(), 2U);
  EXPECT_NE(stage.keeps[1].octets, stage.keeps[0].octets);
  stage.pass(Duration{90'000});
  ASSERT_EQ(stage.keeps.size(), 3U);
  EXPECT_TRUE(stage.keeps[2].octets.empty()) << "expired";
  stage.overlay_removes(true);
  renew(30, "60");
  stage.pass(k_keep_interval);
  renew(31, "0");
  ASSERT_EQ(stage.keeps.size(), 5U);
  EXPECT_TRUE(stage.keeps[4].octets.empty()) << "removed";
  stage.overlay_removes(true);
  renew(32, "60");
  stage.pass(k_keep_interval);
  stage.note(stage.registrar.on_flow_failed(stage.now, FlowId{1}));
  EXPECT_FALSE(stage.keeps.back().octets.empty()) << "it listens at the address that it says";
  stage.note(stage.registrar.set_accounts(stage.now, test::accounts({"bob"})));
  EXPECT_EQ(stage.keeps.back().aor, k_alice);
  EXPECT_TRUE(stage.keeps.back().octets.empty()) << "no user any more";
}

TEST(KeptBindings, WhoIsNoUserOrCannotBeReadIsForgotten) {
  Stage before;
  before.registered({.contacts = {"<sip:a@127.0.0.1>"}}, datagrams(1));
  Stage stage;
  KeptBindings torn = before.keeps[0];
  torn.octets.pop_back();
  stage.note(stage.registrar.restore(stage.now, {{aor("carol@example.org"), before.keeps[0].octets}, torn}));
  ASSERT_EQ(stage.keeps.size(), 2U);
  EXPECT_TRUE(stage.keeps[0].octets.empty());
  EXPECT_EQ(stage.keeps[1].aor, k_alice);
  EXPECT_TRUE(stage.keeps[1].octets.empty());
  EXPECT_EQ(stage.registrar.counters().not_restored, 1U);
  EXPECT_TRUE(targets(stage).empty());
}

TEST(KeptBindings, APhoneThatHasGoneMeanwhileIsUnboundWhenItIsCalled) {
  Stage before, stage;
  before.registered({.contacts = {"<sip:a@127.0.0.1>"}}, datagrams(1));
  restart(stage, before);
  stage.overlay_answers(true);
  stage.note(stage.registrar.on_unreachable(stage.now, FlowId{9}, *Uri::parse("sip:b@127.0.0.1")));
  EXPECT_EQ(targets(stage).size(), 1U);
  stage.note(stage.registrar.on_unreachable(stage.now, FlowId{9}, *Uri::parse("sip:a@127.0.0.1")));
  EXPECT_TRUE(targets(stage).empty());
  EXPECT_EQ(stage.removals.size(), 1U);
}

// Of a phone by WebSocket, say, nothing is kept, but its user's entry is in the overlay.
TEST(KeptBindings, WhoDoesNotComeBackAfterARestartLeavesTheOverlay) {
  Stage before, stage;
  before.registered({.contacts = {"<sip:a@10.0.0.7;transport=tcp>"}}, connection(1));
  restart(stage, before);
  stage.pass(k_return_time - Duration{1});
  EXPECT_TRUE(stage.removals.empty());
  EXPECT_EQ(stage.registered({.user = "bob@example.org", .contacts = {"<sip:b@127.0.0.1>"}}).status(), 200U);
  stage.pass(Duration{1});
  ASSERT_EQ(stage.removals.size(), 1U);
  EXPECT_EQ(stage.removals[0].aor, k_alice);
  stage.overlay_removes(true);
  stage.pass(k_last_retry);
  EXPECT_TRUE(stage.removals.empty()) << "and bob's is there";
}

TEST(KeptBindings, WhoSaysSoIsGoneAtOnceAfterARestart) {
  Stage before, stage;
  restart(stage, before);
  EXPECT_EQ(stage.registered({.contacts = {"<sip:a@127.0.0.1>;expires=0"}}).status(), 200U);
  EXPECT_EQ(stage.removals.size(), 1U);
}

// Nobody waits for what may not be there.
TEST(KeptBindings, WhoLeavesSoonTakesNothingAwayThatItDoesNotKnowOf) {
  Stage before, stage;
  restart(stage, before);
  stage.note(stage.registrar.shut_down(stage.now));
  EXPECT_TRUE(stage.removals.empty());
}

TEST(KeptBindings, TheOctetsHaveBounds) {
  const Now now{MonoTime{1'000'000}, 1'700'000'000'000};
  Binding one;
  one.contact = *NameAddr::parse("<sip:a@127.0.0.1>");
  one.expires_at = now.mono + Duration{60'000};
  one.path.assign(k_max_paths, *NameAddr::parse("<sip:p@127.0.0.1;lr>"));
  const auto read = [&](const BindingList& bindings) {
    return decode_bindings(SharedBytes(encode_bindings(bindings, now)), now, 7200);
  };
  const auto all = read(BindingList(k_max_bindings_of_user, one));
  ASSERT_TRUE(all) << all.error().reason;
  EXPECT_EQ(all->size(), k_max_bindings_of_user);
  EXPECT_EQ(all->back().path.size(), k_max_paths);
  EXPECT_EQ(all->back().expires_at, one.expires_at);
  EXPECT_FALSE(read(BindingList(k_max_bindings_of_user + 1, one)));
  one.path.push_back(one.path.front());
  EXPECT_FALSE(read({one}));
  one.path.clear();
  auto octets = encode_bindings({one}, now);
  octets.push_back(0);
  EXPECT_FALSE(decode_bindings(SharedBytes(octets), now, 7200));
  octets.front() = 9;
  EXPECT_FALSE(decode_bindings(SharedBytes(octets), now, 7200));
}

}  // namespace
}  // namespace ringway::sip::registrar
