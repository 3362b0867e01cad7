#include "sip-usage/presence/notifier.hpp"

#include <gmock/gmock.h>

#include <algorithm>

#include "sip-usage/presence/pidf.hpp"
#include "tests/sip-usage/presence/stage.hpp"

namespace ringway::sip::presence {
namespace {

using test::document;
using test::field;
using test::k_alice;
using test::k_bob;
using test::k_carol;
using test::Request;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr FlowId k_flow{7};
constexpr Duration k_second{1000};

data::Entry entry(BytesView content, ValueForm form = ValueForm::plain, std::uint64_t time_ms = 1) {
  data::Entry out;
  out.value = wire::encode(PresenceValue{form, SharedBytes(copy_of(content))});
  out.storage_time_ms = time_ms;
  return out;
}
// As bob's peer composes it.
std::string about(const Aor& user, const std::string& note) {
  return composed(user, {document("a", note)}, k_max_document_bytes);
}
data::Entry open_to_all(const std::string& note, std::uint64_t time_ms = 1) {
  return entry(view_of(about(k_bob, note)), ValueForm::plain, time_ms);
}
data::Entry sealed_for(const std::string& readers, const std::string& note) {
  return entry(view_of("for " + readers + " :" + about(k_bob, note)), ValueForm::sealed);
}

// A phone of alice's that watches bob.
Request subscribe(std::vector<std::string> more = {"Expires: 600"}) {
  Request out;
  out.method = "SUBSCRIBE";
  out.user = "bob@example.org";
  out.more = std::move(more);
  out.more.emplace_back("Contact: <sip:alice@192.0.2.1:5060>");
  return out;
}

struct Stage {
  void note(Notifier::Outputs outputs) {
    for (auto& each : outputs) {
      if (auto* answer = std::get_if<Respond>(&each)) responses.push_back(std::move(answer->response));
      if (auto* notify = std::get_if<SendNotify>(&each)) notifies.push_back(std::move(*notify));
      if (auto* begin = std::get_if<BeginWatch>(&each)) watches.push_back(std::move(*begin));
      if (auto* end = std::get_if<EndWatch>(&each)) ended.push_back(end->watch);
      if (auto* hold = std::get_if<HoldFlow>(&each)) held[hold->flow] = hold->held;
    }
  }
  Message ask(const Request& request, WatcherId watcher = k_alice) {
    note(notifier.subscribe(now, RequestId{++last_request}, message_of(request),
                            {std::move(watcher), k_flow}));
    EXPECT_EQ(responses.size(), 1U);
    Message out = responses.empty() ? Message{} : std::move(responses.front());
    responses.clear();
    return out;
  }
  // The same phone, later.
  Message ask_again(const Message& answer, std::uint32_t cseq, std::vector<std::string> more) {
    Request request = subscribe(std::move(more));
    request.to_tag = answer.to.tag();
    request.cseq = cseq;
    return ask(request);
  }
  void tell(std::vector<data::Entry> entries, std::uint64_t watch = 1) {
    note(notifier.on_watched(now, WatchId{watch}, std::move(entries)));
  }
  // The oldest NOTIFY, which the phone answers.
  Message notified(unsigned status = 200) {
    EXPECT_FALSE(notifies.empty());
    if (notifies.empty()) return {};
    const SendNotify out = std::move(notifies.front());
    notifies.erase(notifies.begin());
    if (status != 0) note(notifier.on_answer(now, out.notify, status));
    return out.request;
  }
  // A subscription of alice's phone to bob, who is known.
  Message subscribed(std::vector<data::Entry> entries = {open_to_all("here")}) {
    Message out = ask(subscribe());
    EXPECT_EQ(out.status(), 200U);
    tell(std::move(entries));
    notified();
    return out;
  }
  void pass(Duration time) {
    const MonoTime until = now + time;
    while (notifier.next_wake() && *notifier.next_wake() <= until) {
      now = std::max(now, *notifier.next_wake());
      note(notifier.on_timer(now));
    }
    now = until;
  }
  std::size_t size(std::size_t table = 0) const { return notifier.sizes()[table].size; }

  std::shared_ptr<test::OpenEnvelope> envelope = std::make_shared<test::OpenEnvelope>();
  Notifier notifier{test::settings(), std::make_shared<test::CountingRandom>(), envelope};
  MonoTime now{1'000'000};
  std::uint64_t last_request = 0;
  std::vector<Message> responses;
  std::vector<SendNotify> notifies;
  std::vector<BeginWatch> watches;
  std::vector<WatchId> ended;
  std::map<FlowId, bool> held;
};

// Two subscriptions of a user over one flow, and one of nobody known.
TEST(Notifier, AFlowIsHeldForThoseWhoAreKnown) {
  Stage stage;
  const Message first = stage.ask(subscribe());
  Request other = subscribe();
  other.call_id = "other";
  const Message second = stage.ask(other);
  Request third = subscribe();
  third.call_id = "third";
  stage.ask(third, WatcherId());
  EXPECT_TRUE(stage.held.at(k_flow));
  stage.tell({});
  while (!stage.notifies.empty()) stage.notified();
  stage.ask_again(first, 2, {"Expires: 0"});
  EXPECT_TRUE(stage.held.at(k_flow));
  Request end = subscribe({"Expires: 0"});
  end.call_id = "other";
  end.to_tag = second.to.tag();
  end.cseq = 2;
  stage.ask(end);
  EXPECT_FALSE(stage.held.at(k_flow));
}

TEST(Notifier, WhereItIsReachedFromThere) {
  Stage stage;
  stage.note(stage.notifier.subscribe(stage.now, RequestId{1}, message_of(subscribe()),
                                      {k_alice, k_flow, *Uri::parse("sip:192.0.2.77:5070;transport=tcp")}));
  ASSERT_EQ(stage.responses.size(), 1U);
  EXPECT_EQ(stage.responses[0].contacts[0].uri.print(), "sip:192.0.2.77:5070;transport=tcp");
  stage.tell({});
  EXPECT_EQ(stage.notified().contacts[0].uri.print(), "sip:192.0.2.77:5070;transport=tcp");
}

TEST(Notifier, ASubscriptionIsAnsweredThenNotified) {
  Stage stage;
  const Message answer = stage.ask(subscribe({"Expires: 600", "Record-Route: <sip:p1;lr>, <sip:p2;lr>"}));
  EXPECT_EQ(answer.status(), 200U);
  EXPECT_EQ(field(answer, "Expires"), "600");
  EXPECT_FALSE(answer.to.tag().empty());
  ASSERT_EQ(answer.contacts.size(), 1U);
  EXPECT_EQ(answer.contacts[0].uri.print(), "sip:192.0.2.9:5060");
  EXPECT_EQ(answer.record_routes.size(), 2U);
  ASSERT_EQ(stage.watches.size(), 1U);
  EXPECT_EQ(stage.watches[0].aor, k_bob);
  EXPECT_THAT(stage.notifies, IsEmpty()) << "until the overlay has answered";

  stage.tell({open_to_all("here")});
  ASSERT_EQ(stage.notifies.size(), 1U);
  EXPECT_EQ(stage.notifies[0].flow, k_flow);
  const Message notify = stage.notified();
  EXPECT_EQ(notify.method(), "NOTIFY");
  EXPECT_EQ(notify.request_uri().print(), "sip:alice@192.0.2.1:5060");
  ASSERT_EQ(notify.routes.size(), 2U);
  EXPECT_EQ(notify.routes[0].uri.print(), "sip:p1;lr");
  EXPECT_EQ(notify.from.tag(), answer.to.tag());
  EXPECT_EQ(notify.from.uri.print(), "sip:bob@example.org");
  EXPECT_EQ(notify.to.tag(), "f");
  EXPECT_EQ(notify.call_id, "call-1");
  EXPECT_EQ(notify.cseq, (CSeq{1, "NOTIFY"}));
  EXPECT_EQ(notify.max_forwards, 70);
  EXPECT_EQ(notify.contacts.size(), 1U);
  EXPECT_EQ(field(notify, "Event"), "presence");
  EXPECT_EQ(field(notify, "Subscription-State"), "active;expires=600");
  EXPECT_EQ(field(notify, "Content-Type"), "application/pidf+xml");
  EXPECT_THAT(notify.body, HasSubstr("<note>here</note>"));
}

TEST(Notifier, WhomItAnswersHow) {
  const auto other = [](auto change) {
    Request out = subscribe();
    change(out);
    return out;
  };
  const struct {
    const char* what;
    Request request;
    unsigned status;
  } k_rows[] = {
      {"presence", subscribe(), 200},
      {"without Expires: the default", subscribe({}), 200},
      {"the shortest", subscribe({"Expires: 60"}), 200},
      {"too brief", subscribe({"Expires: 59"}), 423},
      {"a fetch", subscribe({"Expires: 0"}), 200},
      {"no event", other([](Request& r) { r.event = ""; }), 489},
      {"another event", other([](Request& r) { r.event = "dialog"; }), 489},
      {"watchers", other([](Request& r) { r.event = "presence.winfo"; }), 489},
      {"an event with an id", other([](Request& r) { r.event = "presence;id=7"; }), 200},
      {"our documents", subscribe({"Accept: text/html, application/pidf+xml;q=0.5"}), 200},
      {"any documents", subscribe({"Accept: */*"}), 200},
      {"other documents", subscribe({"Accept: application/cpim-pidf+xml"}), 406},
      {"two Contacts", subscribe({"Contact: <sip:other@192.0.2.1>"}), 400},
      {"within no subscription", other([](Request& r) { r.to_tag = "who"; }), 481},
      {"an unknown extension", subscribe({"Require: eventlist"}), 420},
      {"a method that is none of its", other([](Request& r) { r.method = "NOTIFY"; }), 405},
  };
  for (const auto& row : k_rows) {
    Stage stage;
    const Message answer = stage.ask(row.request);
    EXPECT_EQ(answer.status(), row.status) << row.what;
    EXPECT_EQ(stage.size(), row.status == 200 ? 1U : 0U) << row.what;
    EXPECT_EQ(field(answer, "Allow-Events"), row.status == 489 ? "presence" : "") << row.what;
    EXPECT_EQ(field(answer, "Min-Expires"), row.status == 423 ? "60" : "") << row.what;
    EXPECT_EQ(field(answer, "Accept"), row.status == 406 ? "application/pidf+xml" : "") << row.what;
  }
  Stage stage;
  EXPECT_EQ(field(stage.ask(subscribe({})), "Expires"), "3600");
  EXPECT_EQ(field(stage.ask(subscribe({"Expires: 100000"})), "Expires"), "7200") << "never longer than asked";
  Message pres = message_of(subscribe());
  pres.request_uri() = *Uri::parse("pres:carol@example.org");
  stage.note(stage.notifier.subscribe(stage.now, RequestId{99}, pres, {k_alice, k_flow}));
  EXPECT_EQ(stage.watches.back().aor, k_carol);
}

TEST(Notifier, WithoutAnAnswerOfTheOverlayTheFirstNotifySaysPending) {
  Stage stage;
  stage.ask(subscribe());
  stage.pass(k_first_state - Duration(1));
  EXPECT_THAT(stage.notifies, IsEmpty());
  stage.pass(Duration(1));
  const Message notify = stage.notified();
  EXPECT_EQ(field(notify, "Subscription-State"), "pending;expires=596");
  EXPECT_EQ(notify.body, "");
  EXPECT_EQ(notify.field("Content-Type"), nullptr);
  stage.pass(2 * k_throttle);
  stage.tell({});
  const Message later = stage.notified();
  EXPECT_EQ(field(later, "Subscription-State"), "active;expires=586");
  EXPECT_EQ(later.body, derived(k_bob, Basic::closed)) << "nothing there means closed";
}

TEST(Notifier, AFetchIsOneNotify) {
  Stage stage;
  const Message answer = stage.ask(subscribe({"Expires: 0"}));
  EXPECT_EQ(field(answer, "Expires"), "0");
  EXPECT_THAT(stage.notifies, IsEmpty());
  stage.tell({open_to_all("here")});
  const Message notify = stage.notified();
  EXPECT_EQ(field(notify, "Subscription-State"), "terminated;reason=timeout");
  EXPECT_THAT(notify.body, HasSubstr("here"));
  EXPECT_EQ(stage.size(), 0U);
  EXPECT_THAT(stage.ended, ElementsAre(WatchId{1}));
  EXPECT_FALSE(stage.notifier.next_wake());

  stage.ask(subscribe({"Expires: 0"}));
  stage.pass(k_first_state);
  EXPECT_EQ(stage.notified().body, "") << "the overlay did not answer";
  EXPECT_EQ(stage.size(), 0U);
}

TEST(Notifier, RefreshesKeepASubscription) {
  Stage stage;
  const Message answer = stage.subscribed();
  stage.pass(300 * k_second);
  EXPECT_EQ(field(stage.ask_again(answer, 2, {"Expires: 600"}), "Expires"), "600");
  const Message notify = stage.notified();
  EXPECT_EQ(field(notify, "Subscription-State"), "active;expires=600") << "with the whole state, at once";
  EXPECT_THAT(notify.body, HasSubstr("here"));
  EXPECT_EQ(notify.cseq.number, 2U);
  stage.pass(599 * k_second);
  EXPECT_EQ(stage.size(), 1U);
  EXPECT_EQ(stage.ask_again(answer, 2, {"Expires: 600"}).status(), 500U) << "older than what has come";
  EXPECT_EQ(stage.ask_again(answer, 3, {"Expires: 1"}).status(), 423U);
  EXPECT_THAT(stage.notifies, IsEmpty());
  stage.pass(k_second);
  EXPECT_EQ(field(stage.notified(), "Subscription-State"), "terminated;reason=timeout");
  EXPECT_EQ(stage.size(), 0U);
  EXPECT_EQ(stage.ask_again(answer, 4, {"Expires: 600"}).status(), 481U);
}

TEST(Notifier, ARefreshMayComeFromAnotherAddress) {
  Stage stage;
  const Message answer = stage.subscribed();
  Request request = subscribe({"Expires: 600"});
  request.more.back() = "Contact: <sip:alice@198.51.100.4>";
  request.to_tag = answer.to.tag();
  request.cseq = 2;
  stage.note(stage.notifier.subscribe(stage.now, RequestId{50}, message_of(request), {k_alice, FlowId{8}}));
  ASSERT_EQ(stage.notifies.size(), 1U);
  EXPECT_EQ(stage.notifies[0].flow, FlowId{8});
  EXPECT_EQ(stage.notified().request_uri().print(), "sip:alice@198.51.100.4");
  stage.note(stage.notifier.on_flow_failed(stage.now, k_flow));
  EXPECT_EQ(stage.size(), 1U);
  stage.note(stage.notifier.on_flow_failed(stage.now, FlowId{8}));
  EXPECT_EQ(stage.size(), 0U);
  EXPECT_THAT(stage.notifies, IsEmpty()) << "there is nowhere to send it";
}

// What was said over the flow before is said again over the present one (RFC 6665 §4.2.2 ends what cannot be
// reached, and this one can).
TEST(Notifier, ANotifyThatIsLostWithTheFlowBeforeComesAgain) {
  Stage stage;
  const Message answer = stage.ask(subscribe());
  stage.tell({open_to_all("first")});
  const auto lost = stage.notifies.at(0).notify;
  stage.notifies.clear();
  Request request = subscribe();
  request.to_tag = answer.to.tag();
  request.cseq = 2;
  stage.note(stage.notifier.subscribe(stage.now, RequestId{50}, message_of(request), {k_alice, FlowId{8}}));
  EXPECT_THAT(stage.notifies, IsEmpty()) << "one at a time";
  stage.note(stage.notifier.on_flow_failed(stage.now, k_flow));
  stage.note(stage.notifier.on_answer(stage.now, lost, 408));
  ASSERT_EQ(stage.notifies.size(), 1U);
  EXPECT_EQ(stage.notifies[0].flow, FlowId{8});
  EXPECT_THAT(stage.notified().body, HasSubstr("first"));
  stage.pass(k_throttle);
  stage.tell({open_to_all("second")});
  EXPECT_THAT(stage.notified(408).body, HasSubstr("second"));
  EXPECT_EQ(stage.size(), 0U) << "it is not reached there either";
}

TEST(Notifier, WhoIsNoUserAnyMoreWatchesNobody) {
  Stage stage;
  stage.subscribed();
  Request of_carol = subscribe();
  of_carol.call_id = "call-2";
  stage.ask(of_carol, k_carol);
  stage.notified();
  Request of_nobody = subscribe();
  of_nobody.call_id = "call-3";
  stage.ask(of_nobody, std::nullopt);
  stage.notified();
  stage.note(stage.notifier.on_users_gone(stage.now, {k_alice}));
  ASSERT_EQ(stage.notifies.size(), 1U);
  const Message last = stage.notified();
  EXPECT_EQ(last.call_id, "call-1");
  EXPECT_EQ(field(last, "Subscription-State"), "terminated;reason=rejected");
  EXPECT_EQ(last.body, "");
  EXPECT_EQ(stage.size(), 2U);
  stage.note(stage.notifier.on_users_gone(stage.now, {k_bob}));
  ASSERT_EQ(stage.notifies.size(), 1U) << "own users watch whomever they want";
  const Message of_bob = stage.notified();
  EXPECT_EQ(of_bob.call_id, "call-3");
  EXPECT_EQ(field(of_bob, "Subscription-State"), "terminated;reason=noresource");
  EXPECT_EQ(stage.size(), 1U);
}

TEST(Notifier, OneStrangerLeavesPlacesToOthers) {
  Stage stage;
  std::vector<Message> accepted;
  std::size_t n = 0;
  const auto ask = [&](const std::string& source, const WatcherId& watcher = {}) {
    Request request = subscribe();
    request.call_id = "call-" + std::to_string(++n);
    stage.note(stage.notifier.subscribe(stage.now, RequestId{n}, message_of(request),
                                        {watcher, k_flow, {}, source}));
    accepted.push_back(std::move(stage.responses.at(0)));
    stage.responses.clear();
    return accepted.back().status();
  };
  for (std::size_t at = 0; at < k_max_subscriptions_of_source; ++at) ASSERT_EQ(ask("192.0.2.7"), 200U);
  EXPECT_EQ(ask("192.0.2.7"), 403U);
  EXPECT_EQ(ask("192.0.2.7", k_alice), 200U) << "who is known counts as herself";
  std::size_t others = k_max_subscriptions_of_source;
  for (; others < k_max_subscriptions_of_watcher; ++others)
    ASSERT_EQ(ask("s" + std::to_string(others / k_max_subscriptions_of_source)), 200U);
  EXPECT_EQ(ask("another"), 403U) << "all who are not known";
  for (const auto& each : stage.notifier.sizes()) EXPECT_LE(each.size, each.bound) << each.name;
  // A place that is given back.
  stage.tell({});
  while (!stage.notifies.empty()) stage.notified();
  Request end = subscribe({"Expires: 0"});
  end.call_id = "call-1";
  end.to_tag = accepted[0].to.tag();
  end.cseq = 2;
  EXPECT_EQ(stage.ask(end, std::nullopt).status(), 200U);
  stage.notified();
  EXPECT_EQ(ask("192.0.2.7"), 200U);
  EXPECT_EQ(ask("192.0.2.7"), 403U);
}

TEST(Notifier, UnsubscribingEndsIt) {
  Stage stage;
  const Message answer = stage.subscribed();
  Request by_other = subscribe({"Expires: 0"});
  by_other.to_tag = answer.to.tag();
  by_other.cseq = 2;
  EXPECT_EQ(stage.ask(by_other, k_carol).status(), 403U) << "not by somebody else";
  EXPECT_TRUE(stage.notifier.has_dialog(message_of(by_other)));
  EXPECT_EQ(field(stage.ask_again(answer, 3, {"Expires: 0"}), "Expires"), "0");
  EXPECT_EQ(field(stage.notified(), "Subscription-State"), "terminated;reason=timeout");
  EXPECT_EQ(stage.size(), 0U);
  EXPECT_FALSE(stage.notifier.has_dialog(message_of(by_other)));
  EXPECT_THAT(stage.ended, ElementsAre(WatchId{1}));
}

TEST(Notifier, ChangesAreToldAtMostOnceInFiveSeconds) {
  Stage stage;
  stage.subscribed();
  stage.pass(k_second);
  for (int n = 0; n < 10; ++n) stage.tell({open_to_all("note " + std::to_string(n))});
  EXPECT_THAT(stage.notifies, IsEmpty());
  stage.pass(k_throttle - k_second - Duration(1));
  EXPECT_THAT(stage.notifies, IsEmpty());
  stage.pass(Duration(1));
  EXPECT_THAT(stage.notified().body, HasSubstr("note 9"));
  stage.pass(10 * k_second);
  EXPECT_THAT(stage.notifies, IsEmpty());
  stage.tell({open_to_all("note 9", 2)});
  stage.pass(10 * k_second);
  EXPECT_THAT(stage.notifies, IsEmpty()) << "renewed, and the same";
  stage.tell({open_to_all("other")});
  EXPECT_EQ(stage.notifies.size(), 1U) << "the last one was long ago";
}

TEST(Notifier, OneNotifyAtATime) {
  Stage stage;
  stage.ask(subscribe());
  stage.tell({open_to_all("first")});
  ASSERT_EQ(stage.notifies.size(), 1U);
  const auto first = stage.notifies[0].notify;
  stage.notifies.clear();
  stage.pass(10 * k_second);
  stage.tell({open_to_all("second")});
  EXPECT_THAT(stage.notifies, IsEmpty());
  stage.note(stage.notifier.on_answer(stage.now, first, 200));
  EXPECT_THAT(stage.notified().body, HasSubstr("second"));
}

TEST(Notifier, WhatEndsWhileANotifyIsUnderWayIsToldAfterIt) {
  Stage stage;
  stage.ask(subscribe({"Expires: 60"}));
  stage.tell({open_to_all("first")});
  const auto first = stage.notifies.at(0).notify;
  stage.notifies.clear();
  stage.pass(100 * k_second);
  EXPECT_THAT(stage.notifies, IsEmpty());
  EXPECT_EQ(stage.size(), 1U);
  stage.note(stage.notifier.on_answer(stage.now, first, 200));
  EXPECT_EQ(field(stage.notified(), "Subscription-State"), "terminated;reason=timeout");
  EXPECT_EQ(stage.size(), 0U);
}

TEST(Notifier, ANotifyThatFailsEndsItsSubscription) {
  for (const unsigned status : {302U, 408U, 481U, 489U, 500U, 603U}) {
    Stage stage;
    const Message answer = stage.ask(subscribe());
    stage.tell({open_to_all("here")});
    stage.notified(status);
    EXPECT_EQ(stage.size(), 0U) << status;
    EXPECT_THAT(stage.notifies, IsEmpty());
    EXPECT_THAT(stage.ended, ElementsAre(WatchId{1}));
    EXPECT_EQ(stage.ask_again(answer, 2, {"Expires: 600"}).status(), 481U);
    EXPECT_EQ(stage.notifier.counters().failed_notifies, 1U);
  }
}

TEST(Notifier, OnlyThoseOnTheListSeeWhatIsSealed) {
  Stage stage;
  stage.ask(subscribe(), k_alice);
  Request of_carol = subscribe();
  of_carol.call_id = "call-2";
  stage.ask(of_carol, k_carol);
  Request of_nobody = subscribe();
  of_nobody.call_id = "call-3";
  stage.ask(of_nobody, std::nullopt);
  EXPECT_EQ(stage.watches.size(), 1U) << "one watch for all";
  stage.tell({sealed_for("alice@example.org", "for friends")});
  ASSERT_EQ(stage.notifies.size(), 3U);
  const Message to_alice = stage.notified(), to_carol = stage.notified(), to_nobody = stage.notified();
  EXPECT_EQ(field(to_alice, "Subscription-State"), "active;expires=600");
  EXPECT_THAT(to_alice.body, HasSubstr("for friends"));
  for (const Message* each : {&to_carol, &to_nobody}) {
    EXPECT_EQ(field(*each, "Subscription-State"), "pending;expires=600");
    EXPECT_EQ(each->body, "");
  }
  stage.pass(k_throttle);
  stage.tell({sealed_for("alice@example.org carol@example.org", "for friends")});
  ASSERT_EQ(stage.notifies.size(), 1U) << "for the others nothing has changed";
  EXPECT_THAT(stage.notified().body, HasSubstr("for friends"));
}

TEST(Notifier, SeveralPeersOfAUserAreShownTogetherTheLatestFirst) {
  Stage stage;
  stage.ask(subscribe());
  data::Entry broken;
  broken.value = {9, 9};
  stage.tell({open_to_all("at home", 5), broken, open_to_all("at work", 7), entry(view_of("nonsense")),
              sealed_for("alice@example.org", "sealed")});
  const std::string body = stage.notified().body;
  EXPECT_LT(body.find("at work"), body.find("at home"));
  EXPECT_THAT(body, HasSubstr("sealed"));
  EXPECT_TRUE(check_document(body));
}

TEST(Notifier, WhatSomebodyElseHasWrittenAboutIsNotShown) {
  Stage stage;
  stage.ask(subscribe());
  // Bob has taken an envelope of carol's as his own, and a document besides.
  stage.tell({entry(view_of("for alice@example.org :" + about(k_carol, "of carol")), ValueForm::sealed),
              entry(view_of(about(k_carol, "of carol"))), entry(view_of(document("a", "of nobody")))});
  const Message notify = stage.notified();
  EXPECT_EQ(field(notify, "Subscription-State"), "pending;expires=600");
  EXPECT_EQ(notify.body, "");
}

TEST(Notifier, EnvelopesAreOpenedOnceForEachWatcher) {
  Stage stage;
  for (int n = 0; n < 10; ++n) {
    Request request = subscribe();
    request.call_id = "call-" + std::to_string(n);
    stage.ask(request);
  }
  stage.tell({sealed_for("alice@example.org", "here")});
  EXPECT_EQ(stage.notifies.size(), 10U);
  EXPECT_EQ(stage.envelope->opened, 1U);
}

TEST(Notifier, AWatchThatFailsIsBegunAgain) {
  Stage stage;
  stage.subscribed();
  stage.note(stage.notifier.on_watch_failed(stage.now, WatchId{1}));
  stage.pass(k_watch_retry - Duration(1));
  EXPECT_EQ(stage.watches.size(), 1U);
  stage.pass(Duration(1));
  ASSERT_EQ(stage.watches.size(), 2U);
  stage.tell({open_to_all("late")}, 1);
  EXPECT_THAT(stage.notifies, IsEmpty()) << "the first watch is no more";
  stage.tell({open_to_all("there")}, 2);
  EXPECT_THAT(stage.notified().body, HasSubstr("there"));
  stage.note(stage.notifier.on_watch_failed(stage.now, WatchId{2}));
  stage.note(stage.notifier.on_flow_failed(stage.now, k_flow));
  stage.pass(k_watch_retry);
  EXPECT_EQ(stage.watches.size(), 2U) << "nobody watches any more";
  EXPECT_THAT(stage.ended, IsEmpty());
}

TEST(Notifier, APeerThatStopsSaysSo) {
  Stage stage;
  stage.subscribed();
  stage.note(stage.notifier.end_all(stage.now));
  EXPECT_EQ(field(stage.notified(), "Subscription-State"), "terminated;reason=probation;retry-after=30");
  EXPECT_EQ(stage.size(), 0U);
}

TEST(Notifier, SubscriptionsAreBounded) {
  Stage stage;
  const auto ask = [&](std::size_t n, const Aor& watcher, const std::string& user) {
    Request request = subscribe();
    request.call_id = "call-" + std::to_string(n);
    request.user = user;
    return stage.ask(request, watcher).status();
  };
  std::size_t n = 0;
  for (; n < k_max_subscriptions_of_watcher; ++n) ASSERT_EQ(ask(n, k_alice, "bob@example.org"), 200U);
  EXPECT_EQ(ask(++n, k_alice, "bob@example.org"), 403U);
  for (std::size_t watcher = 0; stage.size() < k_max_subscriptions; ++watcher)
    for (std::size_t each = 0; each < k_max_subscriptions_of_watcher && stage.size() < k_max_subscriptions;
         ++each)
      ASSERT_EQ(ask(++n, test::aor("w" + std::to_string(watcher) + "@example.org"), "bob@example.org"), 200U);
  EXPECT_EQ(ask(++n, k_carol, "bob@example.org"), 503U);
  for (const auto& each : stage.notifier.sizes()) EXPECT_LE(each.size, each.bound) << each.name;
  stage.note(stage.notifier.on_flow_failed(stage.now, k_flow));
  EXPECT_EQ(stage.size(), 0U);
  for (std::size_t user = 0; user < k_max_watched_users; ++user)
    ASSERT_EQ(ask(++n, test::aor("w" + std::to_string(user % 8) + "@example.org"),
                  "u" + std::to_string(user) + "@example.org"),
              200U);
  EXPECT_EQ(ask(++n, k_carol, "bob@example.org"), 503U);
  EXPECT_EQ(ask(++n, k_carol, "u0@example.org"), 200U) << "is watched already";
}

TEST(Notifier, AStrictRouterStandsInTheRequestUri) {
  Stage stage;
  stage.ask(subscribe({"Record-Route: <sip:strict>, <sip:p2;lr>"}));
  stage.tell({});
  const Message notify = stage.notified();
  EXPECT_EQ(notify.request_uri().print(), "sip:strict");
  ASSERT_EQ(notify.routes.size(), 2U);
  EXPECT_EQ(notify.routes[0].uri.print(), "sip:p2;lr");
  EXPECT_EQ(notify.routes[1].uri.print(), "sip:alice@192.0.2.1:5060");
}

}  // namespace
}  // namespace ringway::sip::presence
