// The registrar towards phones and proxy: RFC 3261 §10.3, RFC 3327, RFC 3608, RFC 5626 §6, RFC 5627 §5.
#include "sip-usage/registrar/registrar.hpp"

#include <gtest/gtest.h>

#include "tests/sip-usage/registrar/phone.hpp"

namespace ringway::sip::registrar {
namespace {

using test::Answer;
using test::authorization;
using test::loopback;
using test::Request;
using test::source_of;
using test::Stage;

const std::string k_instance = ";+sip.instance=\"<urn:uuid:1>\"";

TEST(Registrar, RegistersAfterAChallenge) {
  // Shows: SIP-27.
  Stage stage;
  stage.ask({.contacts = {"<sip:a@192.0.2.1>"}}, source_of(1));
  const Message challenged = stage.take_response();
  EXPECT_EQ(challenged.status(), 401U);
  EXPECT_TRUE(stage.stores.empty());
  const auto nonce = challenges(challenged, "WWW-Authenticate").at(1).nonce;
  const Answer answer{.algorithm = Algorithm::md5, .nonce = nonce};
  stage.ask({.contacts = {"<sip:a@192.0.2.1>"}, .cseq = 2, .more = {authorization(answer)}}, source_of(1));
  ASSERT_EQ(stage.stores.size(), 1U);
  EXPECT_TRUE(stage.responses.empty()) << "the overlay has not got it yet";
  EXPECT_EQ(stage.stores[0].aor, test::aor("alice@example.org"));
  EXPECT_EQ(stage.stores[0].lifetime_s, 1800U);
  const auto& value = std::get<RouteRegistration>(stage.stores[0].registration);
  EXPECT_EQ(value.destinations, test::settings().route);
  EXPECT_TRUE(stage.targets("sip:alice@example.org").empty()) << "nothing counts before its answer";
  stage.overlay_answers(true);
  const Message done = stage.take_response();
  EXPECT_EQ(done.status(), 200U);
  ASSERT_EQ(done.contacts.size(), 1U);
  EXPECT_EQ(done.contacts[0].expires_s(), 3600U);
  EXPECT_EQ(*done.field("Date"), "Tue, 14 Nov 2023 22:13:20 GMT");
  EXPECT_EQ(stage.targets("sip:alice@example.org"), std::vector<std::string>{"sip:a@192.0.2.1"});
  stage.ask({.contacts = {"<sip:a@192.0.2.1>"}, .cseq = 3, .more = {authorization(answer)}}, source_of(1));
  EXPECT_EQ(stage.take_response().status(), 401U) << "played again";
}

TEST(Registrar, OnlyPhonesOnThisMachineGoWithoutCredentials) {
  Stage stage;
  EXPECT_EQ(stage.registered({.contacts = {"<sip:a@127.0.0.1>"}}).status(), 200U);
  stage.ask({.contacts = {"<sip:a@127.0.0.1>"}, .cseq = 2, .more = {"Via: SIP/2.0/UDP h;branch=z9hG4bKy"}});
  EXPECT_EQ(stage.take_response().status(), 401U) << "a proxy here speaks for anybody";
  auto strict = test::settings();
  strict.trusts_loopback = false;
  Stage other(std::move(strict));
  other.ask({.contacts = {"<sip:a@127.0.0.1>"}});
  EXPECT_EQ(other.take_response().status(), 401U);
}

TEST(Registrar, EachUserHasItsOwnAddressOnly) {
  Stage stage;
  stage.ask({}, source_of(1));
  const auto nonce = challenges(stage.take_response(), "WWW-Authenticate").at(0).nonce;
  stage.ask({.user = "bob@example.org", .contacts = {"<sip:a@h>"}, .more = {authorization({.nonce = nonce})}},
            source_of(1));
  EXPECT_EQ(stage.take_response().status(), 403U) << "§10.3 step 4";
  stage.ask({.user = "carol@example.org", .contacts = {"<sip:c@h>"}});
  EXPECT_EQ(stage.take_response().status(), 404U) << "§10.3 step 5";
  EXPECT_TRUE(stage.stores.empty());
}

// RFC 4475 §3.3.4: there is nobody who could be asked to prove it.
TEST(Registrar, WhatIsNoAddressIsABadRequest) {
  for (const std::string uri : {"isbn:2983792873", "http://www.example.com"}) {
    Stage stage;
    Message request = test::message_of({.contacts = {"<sip:a@h>"}});
    request.to.uri = *Uri::parse(uri);
    stage.note(stage.registrar.receive(stage.now, RequestId{1}, std::move(request), source_of(1)));
    EXPECT_EQ(stage.take_response().status(), 400U) << uri;
  }
}

TEST(Registrar, RefusesWhatItDoesNotKnow) {
  Stage stage;
  stage.ask({.contacts = {"<sip:a@h>"}, .more = {"Require: path, gruu, outbound"}});
  EXPECT_TRUE(stage.responses.empty());
  stage.ask({.contacts = {"<sip:a@h>"}, .more = {"Require: time-travel"}});
  const Message refused = stage.take_response();
  EXPECT_EQ(refused.status(), 420U);
  EXPECT_EQ(*refused.field("Unsupported"), "time-travel");
}

TEST(Registrar, SaysWhyNot) {
  Stage stage;
  stage.ask({.contacts = {"<sip:a@h>;expires=10"}});
  const Message brief = stage.take_response();
  EXPECT_EQ(brief.status(), 423U);
  EXPECT_EQ(*brief.field("Min-Expires"), "60");
  EXPECT_EQ(stage.registrar.counters().rejected, 1U);
}

TEST(Registrar, RenewalsNeedNoOverlay) {
  // Shows: SIP-12.
  Stage stage;
  stage.registered({.contacts = {"<sip:a@h>"}});
  for (std::uint32_t cseq = 2; cseq < 100; ++cseq) {
    stage.ask({.contacts = {"<sip:a@h>"}, .cseq = cseq});
    EXPECT_EQ(stage.take_response().status(), 200U);
  }
  EXPECT_TRUE(stage.stores.empty());
}

TEST(Registrar, FetchesSayWhatIsThere) {
  Stage stage;
  stage.registered({.contacts = {"<sip:a@h>;q=0.5;audio"}});
  stage.pass(std::chrono::seconds(100) + Duration(1));
  stage.ask({.cseq = 1});
  const Message found = stage.take_response();
  EXPECT_EQ(found.status(), 200U);
  ASSERT_EQ(found.contacts.size(), 1U);
  EXPECT_EQ(found.contacts[0].expires_s(), 3500U) << "rounded up";
  EXPECT_EQ(found.contacts[0].q_thousandths(), 500U);
  EXPECT_TRUE(found.contacts[0].parameters.has("audio"));
  stage.ask({.user = "bob@example.org"});
  EXPECT_EQ(stage.take_response().contacts.size(), 0U);
}

TEST(Registrar, TheLastOneTakesTheEntryAlong) {
  // Shows: SIP-12.
  Stage stage;
  stage.registered({.contacts = {"<sip:a@h1>", "<sip:a@h2>"}});
  EXPECT_EQ(stage.registered({.contacts = {"<sip:a@h1>;expires=0"}, .cseq = 2}).status(), 200U);
  EXPECT_TRUE(stage.removals.empty());
  stage.ask({.contacts = {"*"}, .cseq = 3, .more = {"Expires: 0"}});
  const Message gone = stage.take_response();
  EXPECT_EQ(gone.status(), 200U) << "the phone is not called any more, whatever the overlay does";
  EXPECT_TRUE(gone.contacts.empty());
  ASSERT_EQ(stage.removals.size(), 1U);
  stage.overlay_removes(false);
  EXPECT_TRUE(stage.removals.empty());
  stage.pass(k_first_retry);
  ASSERT_EQ(stage.removals.size(), 1U) << "again";
  stage.overlay_removes(true);
  stage.pass(std::chrono::hours(10));
  EXPECT_TRUE(stage.removals.empty());
  EXPECT_FALSE(stage.registrar.next_wake());
}

TEST(Registrar, RemovesWhatAPeerBeforeItsStartHasLeft) {
  Stage stage;
  stage.ask({.contacts = {"<sip:a@h>;expires=0"}});
  EXPECT_EQ(stage.take_response().status(), 200U);
  EXPECT_EQ(stage.removals.size(), 1U);
}

TEST(Registrar, TheEntryGoesWhenAllHaveExpired) {
  Stage stage;
  stage.registered({.contacts = {"<sip:a@h>;expires=60"}});
  stage.pass(std::chrono::seconds(60) - Duration(1));
  EXPECT_TRUE(stage.removals.empty());
  EXPECT_EQ(stage.targets("sip:alice@example.org").size(), 1U);
  stage.pass(Duration(1));
  EXPECT_EQ(stage.removals.size(), 1U);
  EXPECT_TRUE(stage.targets("sip:alice@example.org").empty());
}

TEST(Registrar, TheEntryIsRenewedWithoutThePhone) {
  // Shows: SIP-12.
  Stage stage;
  stage.registered({.contacts = {"<sip:a@h>;expires=7200"}});
  for (int half = 1; half <= 7; ++half) {
    stage.pass(std::chrono::seconds(899));
    EXPECT_TRUE(stage.stores.empty()) << half;
    stage.pass(std::chrono::seconds(1));
    ASSERT_EQ(stage.stores.size(), 1U) << half;
    stage.overlay_answers(true);
  }
  EXPECT_TRUE(stage.responses.empty());
  stage.pass(std::chrono::seconds(901));
  EXPECT_TRUE(stage.stores.empty());
  EXPECT_EQ(stage.removals.size(), 1U);
}

TEST(Registrar, AFailedRenewalIsTriedAgainWhilePhonesRegister) {
  Stage stage;
  stage.registered({.contacts = {"<sip:a@h>"}});
  stage.pass(std::chrono::seconds(900));
  ASSERT_EQ(stage.stores.size(), 1U);
  stage.ask({.contacts = {"<sip:a@h>"}, .cseq = 2});
  EXPECT_EQ(stage.take_response().status(), 200U) << "everybody finds the user";
  stage.overlay_answers(false);
  stage.pass(k_first_retry);
  EXPECT_EQ(stage.stores.size(), 1U);
  EXPECT_EQ(stage.registrar.counters().overlay_failures, 1U);
}

TEST(Registrar, WithoutTheOverlayNothingCounts) {
  Stage stage;
  stage.ask({.contacts = {"<sip:a@h>"}});
  stage.overlay_answers(false);
  const Message failed = stage.take_response();
  EXPECT_EQ(failed.status(), 503U);
  EXPECT_EQ(*failed.field("Retry-After"), "5");
  EXPECT_TRUE(stage.targets("sip:alice@example.org").empty());
  stage.ask({.contacts = {"<sip:a@h>"}, .cseq = 1});
  ASSERT_EQ(stage.stores.size(), 1U) << "the phone is not kept waiting by the pause";
  stage.overlay_answers(true);
  EXPECT_EQ(stage.take_response().status(), 200U);
}

TEST(Registrar, ASilentOverlayIsAFailure) {
  Stage stage;
  stage.ask({.contacts = {"<sip:a@h>"}});
  stage.pass(k_overlay_time - Duration(1));
  EXPECT_TRUE(stage.responses.empty());
  stage.pass(Duration(1));
  EXPECT_EQ(stage.take_response().status(), 503U);
  EXPECT_LT(k_overlay_time, Duration(32'000)) << "before the phone gives up";
  stage.overlay_answers(true);
  EXPECT_TRUE(stage.responses.empty()) << "too late";
  stage.pass(k_first_retry);
  EXPECT_EQ(stage.removals.size(), 1U) << "the write may have been carried out";
}

TEST(Registrar, TwoPhonesOfAUserAtOnceBothCount) {
  Stage stage;
  stage.ask({.contacts = {"<sip:a@h1>"}, .call_id = "c1"}, loopback(1));
  stage.ask({.contacts = {"<sip:a@h2>"}, .call_id = "c2"}, loopback(2));
  EXPECT_EQ(stage.stores.size(), 1U) << "one write at a time";
  stage.overlay_answers(true);
  EXPECT_EQ(stage.take_response().contacts.size(), 1U);
  EXPECT_EQ(stage.take_response().contacts.size(), 2U) << "it says what the first has stored";
  EXPECT_EQ(stage.targets("sip:alice@example.org").size(), 2U);
}

TEST(Registrar, TheSecondOfTwoIsTriedByItselfWhenTheFirstFails) {
  Stage stage;
  stage.ask({.contacts = {"<sip:a@h1>;audio"}, .call_id = "c1"}, loopback(1));
  stage.ask({.contacts = {"<sip:a@h2>;video"}, .call_id = "c2"}, loopback(2));
  stage.overlay_answers(false);
  EXPECT_EQ(stage.take_response().status(), 503U);
  ASSERT_EQ(stage.stores.size(), 1U);
  EXPECT_EQ(std::get<RouteRegistration>(stage.stores[0].registration).contact_prefs, "(sip.video=TRUE)");
  stage.overlay_answers(true);
  EXPECT_EQ(stage.take_response().contacts.size(), 1U);
}

TEST(Registrar, OneUsersOverlayKeepsNoOtherWaiting) {
  // Shows: SIP-27.
  Stage stage;
  stage.registered({.user = "bob@example.org", .contacts = {"<sip:b@h>"}, .call_id = "b"});
  stage.ask({.contacts = {"<sip:a@h>"}});
  stage.ask({.user = "bob@example.org", .contacts = {"<sip:b@h>"}, .call_id = "b", .cseq = 2});
  EXPECT_EQ(stage.take_response().status(), 200U);
}

TEST(Registrar, SoManyOfAUserWait) {
  // Shows: SIP-27.
  Stage stage;
  for (std::size_t n = 0; n < k_max_waiting_of_user; ++n)
    stage.ask({.contacts = {"<sip:a@h" + std::to_string(n) + ">"}, .call_id = "c" + std::to_string(n)});
  EXPECT_TRUE(stage.responses.empty());
  stage.ask({.contacts = {"<sip:a@more>"}, .call_id = "more"});
  const Message busy = stage.take_response();
  EXPECT_EQ(busy.status(), 503U);
  EXPECT_EQ(*busy.field("Retry-After"), "5");
  stage.ask({});
  EXPECT_EQ(stage.take_response().status(), 200U) << "who only asks does not wait";
  stage.ask({.user = "bob@example.org", .contacts = {"<sip:b@h>"}});
  EXPECT_EQ(stage.stores.size(), 2U) << "another user's bound is another";
  stage.overlay_answers(true);
  EXPECT_EQ(stage.responses.size(), k_max_waiting_of_user);
  EXPECT_EQ(stage.registrar.counters().busy, 1U);
}

TEST(Registrar, ARestlessPhoneWritesSoOften) {
  Stage stage;
  std::uint32_t cseq = 0;
  const auto ask = [&] {
    ++cseq;
    const std::string feature = ";methods=\"M" + std::to_string(cseq) + "\"";
    return stage.registered({.contacts = {"<sip:a@h>" + feature}, .cseq = cseq}).status();
  };
  for (std::size_t n = 0; n < k_max_store_burst; ++n) EXPECT_EQ(ask(), 200U);
  EXPECT_EQ(ask(), 503U);
  EXPECT_EQ(stage.registered({.user = "bob@example.org", .contacts = {"<sip:b@h>"}}).status(), 200U);
  stage.pass(k_store_interval);
  EXPECT_EQ(ask(), 200U);
}

TEST(Registrar, AFlowThatIsGoneTakesItsPhonesAlong) {
  Stage stage;
  stage.registered({.contacts = {"<sip:a@h1>"}, .call_id = "c1"}, loopback(1));
  stage.registered({.contacts = {"<sip:a@h2>"}, .call_id = "c2"}, loopback(2));
  EXPECT_EQ(stage.holds, (std::vector{std::pair{FlowId{1}, true}, {FlowId{2}, true}}));
  stage.holds.clear();
  stage.note(stage.registrar.on_flow_failed(stage.now, FlowId{1}));
  EXPECT_EQ(stage.targets("sip:alice@example.org"), std::vector<std::string>{"sip:a@h2"});
  EXPECT_TRUE(stage.removals.empty());
  EXPECT_EQ(stage.holds, (std::vector{std::pair{FlowId{1}, false}}));
  stage.note(stage.registrar.on_flow_failed(stage.now, FlowId{2}));
  EXPECT_EQ(stage.removals.size(), 1U);
}

TEST(Registrar, AFlowMayGoWhileItsRegisterWaits) {
  Stage stage;
  stage.ask({.contacts = {"<sip:a@h1>"}, .call_id = "c1"}, loopback(1));
  stage.ask({.contacts = {"<sip:a@h2>"}, .call_id = "c2"}, loopback(2));
  stage.ask({.contacts = {"<sip:a@h3>"}, .call_id = "c3"}, loopback(1));
  stage.note(stage.registrar.on_flow_failed(stage.now, FlowId{1}));
  EXPECT_EQ(stage.take_response().status(), 503U) << "the third, which was not begun";
  stage.overlay_answers(true);
  EXPECT_EQ(stage.take_response().contacts.size(), 0U);
  EXPECT_EQ(stage.take_response().contacts.size(), 1U);
  EXPECT_EQ(stage.targets("sip:alice@example.org"), std::vector<std::string>{"sip:a@h2"});
}

TEST(Registrar, APhoneThatDoesNotAnswerOverItsFlowGoes) {
  // RFC 5626 §7: 430.
  Stage stage;
  stage.registered({.contacts = {"<sip:a@h1>"}, .call_id = "c1"}, loopback(1));
  const auto old = stage.registrar.find(stage.now.mono, *Uri::parse("sip:alice@example.org")).targets.at(0);
  stage.registered({.contacts = {"<sip:a@h1>"}, .call_id = "c1", .cseq = 2}, loopback(2));
  stage.note(stage.registrar.on_unreachable(stage.now, test::aor("alice@example.org"), old));
  EXPECT_EQ(stage.targets("sip:alice@example.org").size(), 1U) << "it has come back over another flow";
  const auto now = stage.registrar.find(stage.now.mono, *Uri::parse("sip:alice@example.org")).targets.at(0);
  stage.note(stage.registrar.on_unreachable(stage.now, test::aor("alice@example.org"), now));
  EXPECT_TRUE(stage.targets("sip:alice@example.org").empty());
  EXPECT_EQ(stage.removals.size(), 1U);
}

TEST(Registrar, WhatIsUnreachableDoesNotComeBackWithARegisterThatWaited) {
  Stage stage;
  stage.registered({.contacts = {"<sip:a@h1>;audio"}, .call_id = "c1"}, loopback(1));
  const auto old = stage.registrar.find(stage.now.mono, *Uri::parse("sip:alice@example.org")).targets.at(0);
  stage.ask({.contacts = {"<sip:a@h2>;video"}, .call_id = "c2"}, loopback(2));
  stage.note(stage.registrar.on_unreachable(stage.now, test::aor("alice@example.org"), old));
  stage.overlay_answers(true);
  EXPECT_EQ(stage.targets("sip:alice@example.org"), std::vector<std::string>{"sip:a@h2"});
  ASSERT_EQ(stage.stores.size(), 1U) << "what the overlay says has to follow";
  EXPECT_EQ(std::get<RouteRegistration>(stage.stores[0].registration).contact_prefs, "(sip.video=TRUE)");
}

TEST(Registrar, OutboundIsConfirmed) {
  Stage stage;
  const Message done = stage.registered(
      {.contacts = {"<sip:a@h>" + k_instance + ";reg-id=1"}, .more = {"Supported: path, outbound"}});
  EXPECT_EQ(*done.field("Require"), "outbound");
  EXPECT_EQ(*done.field("Flow-Timer"), "120");
  EXPECT_EQ(done.contacts[0].reg_id(), 1U);
  EXPECT_EQ(done.contacts[0].instance_id(), "<urn:uuid:1>");
  const Message plain = stage.registered(
      {.user = "bob@example.org", .contacts = {"<sip:b@h>"}, .more = {"Supported: path, outbound"}});
  EXPECT_EQ(plain.field("Require"), nullptr);
  EXPECT_EQ(plain.field("Flow-Timer"), nullptr);
}

TEST(Registrar, PathsAndServiceRoutesComeBack) {
  auto with_route = test::settings();
  with_route.service_route = {*NameAddr::parse("<sip:peer.example.org;lr>")};
  Stage stage(std::move(with_route));
  const Message done = stage.registered(
      {.contacts = {"<sip:a@h>"}, .more = {"Supported: path", "Path: <sip:p1;lr>, <sip:p2;lr>"}});
  EXPECT_EQ(*done.field("Path"), "<sip:p1;lr>, <sip:p2;lr>");
  EXPECT_EQ(*done.field("Service-Route"), "<sip:peer.example.org;lr>");
  const auto found = stage.registrar.find(stage.now.mono, *Uri::parse("sip:alice@example.org"));
  EXPECT_EQ(found.targets.at(0).path.size(), 2U);
}

Settings settings_with_compress() {
  auto out = test::settings();
  out.compress = [](const wire::DestinationList&) {
    return std::optional(
        wire::DestinationList{wire::to_node(test::node(99)), wire::CompressedDestination{0x8123}});
  };
  return out;
}

std::string gruu_of(const NameAddr& contact, std::string_view name) {
  const std::string_view quoted = contact.parameters.value(name);
  return quoted.empty() ? "" : std::string(quoted.substr(1, quoted.size() - 2));
}

TEST(Registrar, GruusLeadToOneDevice) {
  // Shows: SIP-23, SIP-24.
  Stage stage(settings_with_compress());
  const std::vector<std::string> gruu = {"Supported: gruu"};
  stage.registered({.contacts = {"<sip:a@h1>" + k_instance}, .call_id = "c1", .more = gruu});
  const Message done = stage.registered(
      {.contacts = {"<sip:a@h2>;+sip.instance=\"<urn:uuid:2>\""}, .call_id = "c2", .more = gruu});
  ASSERT_EQ(done.contacts.size(), 2U);
  for (std::size_t at : {0U, 1U}) {
    const std::vector<std::string> expected = {at == 0 ? "sip:a@h1" : "sip:a@h2"};
    EXPECT_EQ(stage.targets(gruu_of(done.contacts[at], "pub-gruu")), expected);
    EXPECT_EQ(stage.targets(gruu_of(done.contacts[at], "temp-gruu")), expected);
  }
  EXPECT_EQ(stage.targets("sip:alice@example.org").size(), 2U);
  const Message plain = stage.registered({.cseq = 2});
  EXPECT_FALSE(plain.contacts[0].parameters.has("pub-gruu")) << "to those who know them";
}

TEST(Registrar, GruusOutliveTheirPhonesAsFarAsTheyShall) {
  // RFC 5627 §5.3.
  Stage stage(settings_with_compress());
  const Message done =
      stage.registered({.contacts = {"<sip:a@h1>" + k_instance}, .more = {"Supported: gruu"}});
  const auto uri = [&](std::string_view name) { return *Uri::parse(gruu_of(done.contacts.at(0), name)); };
  stage.ask({.contacts = {"*"}, .cseq = 2, .more = {"Expires: 0"}});
  const auto of_public = stage.registrar.find(stage.now.mono, uri("pub-gruu"));
  EXPECT_TRUE(of_public.is_known) << "480";
  EXPECT_TRUE(of_public.targets.empty());
  EXPECT_FALSE(stage.registrar.find(stage.now.mono, uri("temp-gruu")).is_known) << "404";
  EXPECT_FALSE(stage.registrar.find(stage.now.mono, *Uri::parse("sip:carol@example.org")).is_known);
  EXPECT_FALSE(stage.registrar.find(stage.now.mono, *Uri::parse("sip:example.org")).is_known);
}

TEST(Registrar, APhoneThatMovesIsInBothPlacesUntilItLeavesOne) {
  // Shows: SIP-03, SIP-12.
  Stage before, after;
  before.registered({.contacts = {"<sip:a@h1>"}});
  const Message done = after.registered({.contacts = {"<sip:a@h2>"}});
  EXPECT_EQ(done.status(), 200U) << "the overlay has the new entry by now";
  EXPECT_EQ(after.targets("sip:alice@example.org").size(), 1U);
  EXPECT_EQ(before.targets("sip:alice@example.org").size(), 1U);
  for (int quarter = 1; quarter <= 4; ++quarter) {
    before.pass(std::chrono::minutes(15));
    while (!before.stores.empty()) before.overlay_answers(true);
  }
  EXPECT_EQ(before.removals.size(), 1U) << "the old peer takes its entry back by itself";
}

// "alice", or the status of the answer.
std::string sender(Stage& stage, const std::string& from, const Source& source,
                   const std::vector<std::string>& more = {}) {
  const auto result =
      stage.registrar.sender_of(stage.now, test::message_of({.user = from, .more = more}), source);
  if (const auto* aor = std::get_if<Aor>(&result)) return std::string(aor->user());
  return std::to_string(std::get<Message>(result).status());
}

TEST(Registrar, ARegisteredConnectionSaysWhoCalls) {
  // Shows: SIP-27.
  Stage stage;
  stage.registered({.contacts = {"<sip:a@h>"}}, loopback(1));
  Source connection = source_of(1);
  EXPECT_EQ(sender(stage, "alice@example.org", connection), "407")
      << "anybody can write any address over UDP";
  connection.is_connected = true;
  EXPECT_EQ(sender(stage, "alice@example.org", connection), "alice");
  EXPECT_EQ(sender(stage, "bob@example.org", connection), "407");
  EXPECT_EQ(sender(stage, "anonymous@anonymous.invalid", connection), "alice") << "unknown to others only";
  Source another = source_of(2);
  another.is_connected = true;
  EXPECT_EQ(sender(stage, "alice@example.org", another), "407");
  EXPECT_EQ(sender(stage, "anonymous@anonymous.invalid", another), "407");
  stage.registered({.user = "bob@example.org", .contacts = {"<sip:b@h>"}}, loopback(1));
  EXPECT_EQ(sender(stage, "anonymous@anonymous.invalid", connection), "407") << "which of the two?";
}

TEST(Registrar, CredentialsSayWhoCalls) {
  Stage stage;
  const auto answer = [&] {
    const auto asked = stage.registrar.sender_of(stage.now, test::message_of({}), source_of(1));
    const auto nonce = challenges(std::get<Message>(asked), "Proxy-Authenticate").at(0).nonce;
    return std::vector{"Proxy-" + authorization({.nonce = nonce})};
  };
  EXPECT_EQ(sender(stage, "alice@example.org", source_of(1), answer()), "alice");
  EXPECT_EQ(sender(stage, "anonymous@anonymous.invalid", source_of(1), answer()), "alice");
  EXPECT_EQ(sender(stage, "bob@example.org", source_of(1), answer()), "403");
  EXPECT_EQ(sender(stage, "carol@example.org", loopback(1)), "407") << "no user of this peer";
  EXPECT_EQ(sender(stage, "bob@example.org", loopback(1)), "bob");
}

TEST(Registrar, SettingsThatCannotWorkAreRefused) {
  const auto with = [](auto change, const std::vector<std::string>& users = {"alice"}) {
    auto settings = test::settings();
    change(settings);
    return check(settings, test::accounts(users)).ok();
  };
  EXPECT_TRUE(with([](Settings&) {}));
  EXPECT_FALSE(with([](Settings& each) { each.route.clear(); }));
  EXPECT_FALSE(with([](Settings& each) { each.min_expires_s = 0; }));
  EXPECT_FALSE(with([](Settings& each) { each.min_expires_s = 3601; }));
  EXPECT_FALSE(with([](Settings& each) { each.max_expires_s = 3599; }));
  EXPECT_FALSE(with([](Settings& each) { each.overlay_lifetime_s = 59; }));
  EXPECT_FALSE(with([](Settings&) {}, {"alice", "alice"}));
  auto mixed = test::accounts({"alice", "bob"});
  mixed[0].keys.erase(mixed[0].keys.begin());
  mixed[1].keys.pop_back();
  EXPECT_FALSE(check(test::settings(), mixed).ok()) << "no algorithm in common";
  auto bare = test::accounts({"alice"});
  bare[0].keys.clear();
  EXPECT_TRUE(check(test::settings(), bare).ok());
  auto strict = test::settings();
  strict.trusts_loopback = false;
  EXPECT_FALSE(check(strict, bare).ok());
  std::vector<Account> many;
  for (std::size_t n = 0; n < k_max_accounts; ++n)
    many.push_back({test::aor("u" + std::to_string(n) + "@x.org"), "u" + std::to_string(n), {}});
  EXPECT_TRUE(check(test::settings(), many).ok());
  many.push_back({test::aor("more@x.org"), "more", {}});
  EXPECT_FALSE(check(test::settings(), many).ok());
}

// What could not be taken away is tried again.
TEST(RegistrarTest, WhoIsNoUserAnyMoreLeavesTheOverlay) {
  Stage stage(test::settings(), {"alice"});
  stage.registered({.contacts = {"<sip:alice@192.0.2.1>"}});
  stage.note(stage.registrar.set_accounts(stage.now, test::accounts({"bob"})));
  ASSERT_EQ(stage.removals.size(), 1u);
  stage.overlay_removes(false);
  stage.pass(k_first_retry);
  ASSERT_EQ(stage.removals.size(), 1u);  // again
  stage.overlay_removes(true);
  EXPECT_TRUE(stage.targets("sip:alice@example.org").empty());
  stage.pass(k_last_retry);
  EXPECT_TRUE(stage.removals.empty());
}

// The overlay takes nothing away, and all users are exchanged twice.
TEST(RegistrarTest, UsersWhoAreGoneHaveABound) {
  const auto users = [](const std::string& prefix) {
    std::vector<Account> out;
    for (std::size_t at = 0; at < k_max_accounts; ++at) {
      const auto name = prefix + std::to_string(at);
      out.push_back({test::aor(name + "@example.org"), name, {}});
    }
    return out;
  };
  Registrar registrar(test::settings(), users("a"), std::make_shared<test::CountingRandom>());
  const Now now{{1'000'000}, 1'700'000'000'000};
  std::uint64_t last = 0;
  const auto register_all = [&](const std::string& prefix) {
    for (std::size_t at = 0; at < k_max_accounts; ++at) {
      test::Request request{.user = prefix + std::to_string(at) + "@example.org",
                            .contacts = {"<sip:x@192.0.2.1>"}};
      for (const auto& each :
           registrar.receive(now, RequestId{++last}, test::message_of(request), test::loopback(1)))
        if (const auto* store = std::get_if<StoreRegistration>(&each))
          registrar.on_overlay(now, store->request, true);
    }
  };
  const auto knows = [&](const std::string& user) {
    return registrar.find(now.mono, *Uri::parse("sip:" + user + "@example.org")).is_known;
  };
  register_all("a");
  registrar.set_accounts(now, users("b"));
  register_all("b");
  registrar.set_accounts(now, users("c"));
  register_all("c");
  EXPECT_TRUE(knows("c0") && knows("c1024"));
  EXPECT_FALSE(knows("a0") || knows("b1024"));
  bool is_full = false;
  for (const auto& table : registrar.sizes())
    is_full |= table.bound == k_max_users && table.size == k_max_users;
  EXPECT_TRUE(is_full);
}

// What a phone has asked for when the peer begins to leave is not done, and does not stay in the overlay.
TEST(RegistrarTest, LeavesWhileAWriteIsUnderWay) {
  Stage stage;
  stage.ask({.contacts = {"<sip:alice@192.0.2.1>"}});
  ASSERT_EQ(stage.stores.size(), 1u);
  stage.ask({.contacts = {"<sip:alice@192.0.2.2>"}, .cseq = 2});
  stage.note(stage.registrar.shut_down(stage.now));
  EXPECT_EQ(stage.take_response().status(), 503u);
  stage.overlay_answers(true);
  EXPECT_EQ(stage.take_response().status(), 503u);
  ASSERT_EQ(stage.removals.size(), 1u);
  stage.overlay_removes(true);
  stage.pass(k_last_retry);
  EXPECT_TRUE(stage.stores.empty() && stage.removals.empty());
}

}  // namespace
}  // namespace ringway::sip::registrar
