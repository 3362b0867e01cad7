#include "sip-usage/presence/compositor.hpp"

#include <gmock/gmock.h>

#include <algorithm>

#include "sip-usage/presence/pidf.hpp"
#include "tests/sip-usage/presence/stage.hpp"

namespace ringway::sip::presence {
namespace {

using registrar::k_store_interval;
using test::document;
using test::k_alice;
using test::k_bob;
using test::k_carol;
using test::Request;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

Permission listed(std::set<Aor> readers) { return {Permission::Who::listed, std::move(readers)}; }
const Permission k_nobody{Permission::Who::nobody};

struct Stage {
  explicit Stage(Permission of_alice = {}, std::vector<PresenceUser> others = {{k_bob, test::node(2)}})
      : compositor(test::settings(), with_alice(std::move(of_alice), std::move(others)),
                   std::make_shared<test::CountingRandom>(), envelope) {}

  static std::vector<PresenceUser> with_alice(Permission permission, std::vector<PresenceUser> others) {
    others.insert(others.begin(), {k_alice, test::node(1), std::move(permission)});
    return others;
  }
  void note(Compositor::Outputs outputs) {
    for (auto& each : outputs) {
      if (auto* answer = std::get_if<Respond>(&each)) responses.push_back(std::move(answer->response));
      if (auto* store = std::get_if<StorePresence>(&each)) stores.push_back(std::move(*store));
      if (auto* removal = std::get_if<RemovePresence>(&each)) removals.push_back(std::move(*removal));
      if (auto* find = std::get_if<FindCertificates>(&each)) questions.push_back(std::move(*find));
    }
  }
  Message ask(const Request& request, const Aor& sender = k_alice) {
    note(compositor.publish(now, RequestId{++last_request}, message_of(request), sender));
    EXPECT_EQ(responses.size(), 1U);
    Message out = responses.empty() ? Message{} : std::move(responses.front());
    responses.clear();
    return out;
  }
  void register_phone(bool is_there = true) { note(compositor.on_bindings(now, k_alice, is_there)); }
  // What is stored by the oldest write that waits; the overlay takes it or not.
  PresenceValue stored(bool is_done = true) {
    EXPECT_FALSE(stores.empty());
    if (stores.empty()) return {};
    const StorePresence store = std::move(stores.front());
    stores.erase(stores.begin());
    note(compositor.on_overlay(now, store.request, is_done));
    const auto value = wire::decode<PresenceValue>(SharedBytes(store.value));
    EXPECT_TRUE(value.ok());
    return value ? *value : PresenceValue{};
  }
  std::string stored_text(bool is_done = true) { return std::string(text_of(stored(is_done).content)); }
  void removed(bool is_done = true) {
    ASSERT_FALSE(removals.empty());
    const auto request = removals.front().request;
    removals.erase(removals.begin());
    note(compositor.on_overlay(now, request, is_done));
  }
  // The overlay has one certificate for everybody who was asked for.
  void answer_questions() {
    const auto asked = std::exchange(questions, {});
    for (const auto& each : asked)
      note(compositor.on_certificates(now, each.question, {test::certificate(each.aor)}));
  }
  std::vector<std::string> asked_for() const {
    std::vector<std::string> out;
    for (const auto& each : questions) out.push_back(each.aor.name());
    return out;
  }
  void pass(Duration time) {
    const MonoTime until = now.mono + time;
    while (compositor.next_wake() && *compositor.next_wake() <= until) {
      now.mono = std::max(now.mono, *compositor.next_wake());
      note(compositor.on_timer(now));
    }
    now.mono = until;
  }

  std::shared_ptr<test::OpenEnvelope> envelope = std::make_shared<test::OpenEnvelope>();
  Compositor compositor;
  Now now{{1'000'000}, 1'700'000'000'000};
  std::uint64_t last_request = 0;
  std::vector<Message> responses;
  std::vector<StorePresence> stores;
  std::vector<RemovePresence> removals;
  std::vector<FindCertificates> questions;
};

Request publish(std::string body = document("a", "here"), std::vector<std::string> more = {}) {
  Request out;
  out.body = std::move(body);
  out.more = std::move(more);
  return out;
}

TEST(Compositor, APublishedDocumentGoesToTheOverlay) {
  Stage stage;
  const Message answer =
      stage.ask(publish(document("a", "here"), {"Expires: 600", "Record-Route: <sip:p;lr>"}));
  EXPECT_EQ(answer.status(), 200U);
  EXPECT_FALSE(test::field(answer, "SIP-ETag").empty());
  EXPECT_EQ(test::field(answer, "Expires"), "600");
  EXPECT_THAT(answer.record_routes, IsEmpty());
  ASSERT_EQ(stage.stores.size(), 1U);
  EXPECT_EQ(stage.stores[0].aor, k_alice);
  EXPECT_EQ(stage.stores[0].entry, to_hex(test::node(1).view()));
  EXPECT_EQ(stage.stores[0].lifetime_s, 1800U);
  const auto value = stage.stored();
  EXPECT_EQ(value.form, ValueForm::plain);
  EXPECT_THAT(std::string(text_of(value.content)), HasSubstr("<note>here</note>"));

  stage.pass(std::chrono::seconds(600));
  EXPECT_THAT(stage.stores, IsEmpty());
  stage.removed();
  EXPECT_FALSE(stage.compositor.next_wake()) << "nothing there means closed";
}

TEST(Compositor, WithoutAPublicationItSaysWhetherAPhoneIsRegistered) {
  Stage stage;
  EXPECT_FALSE(stage.compositor.next_wake());
  stage.register_phone();
  EXPECT_EQ(stage.stored_text(), derived(k_alice, Basic::open));
  stage.pass(k_store_interval);
  const auto etag = test::field(stage.ask(publish(document("a", "busy"))), "SIP-ETag");
  EXPECT_THAT(stage.stored_text(), HasSubstr("busy"));
  stage.register_phone(false);
  stage.pass(k_store_interval);
  EXPECT_THAT(stage.removals, IsEmpty()) << "what was published stands until it ends";
  stage.ask(publish("", {"SIP-If-Match: " + etag, "Expires: 0"}));
  EXPECT_THAT(stage.stores, IsEmpty());
  EXPECT_EQ(stage.removals.size(), 1U);
}

TEST(Compositor, WhomItAnswersHow) {
  const auto other = [](auto change) {
    Request out = publish();
    change(out);
    return out;
  };
  const struct {
    const char* what;
    Request request;
    Aor sender;
    unsigned status;
  } k_rows[] = {
      {"the user", publish(), k_alice, 200},
      {"another user of this peer", publish(), k_bob, 403},
      {"a user of another peer", other([](Request& r) { r.user = "carol@example.org"; }), k_alice, 404},
      {"no event", other([](Request& r) { r.event = ""; }), k_alice, 489},
      {"another event", other([](Request& r) { r.event = "dialog"; }), k_alice, 489},
      {"presence of watchers", other([](Request& r) { r.event = "presence.winfo"; }), k_alice, 489},
      {"another method", other([](Request& r) { r.method = "MESSAGE"; }), k_alice, 405},
      {"an unknown extension", publish(document("a", ""), {"Require: magic"}), k_alice, 420},
      {"a document that is none", publish("<a/>"), k_alice, 400},
  };
  for (const auto& row : k_rows) {
    Stage stage;
    const Message answer = stage.ask(row.request, row.sender);
    EXPECT_EQ(answer.status(), row.status) << row.what;
    EXPECT_EQ(stage.stores.size(), row.status == 200 ? 1U : 0U) << row.what;
    EXPECT_EQ(test::field(answer, "Allow-Events"), row.status == 489 ? "presence" : "") << row.what;
  }
  Stage stage;
  Message brief = stage.ask(publish(document("a", ""), {"Expires: 1"}));
  EXPECT_EQ(brief.status(), 423U);
  EXPECT_EQ(test::field(brief, "Min-Expires"), "60");
  Message typed = message_of(publish());
  typed.set_field("Content-Type", "text/plain");
  stage.note(stage.compositor.publish(stage.now, RequestId{100}, typed, k_alice));
  ASSERT_EQ(stage.responses.size(), 1U);
  EXPECT_EQ(stage.responses[0].status(), 415U);
  EXPECT_EQ(test::field(stage.responses[0], "Accept"), "application/pidf+xml");
}

TEST(Compositor, ChangesOfOneUserComeTogether) {
  Stage stage;
  stage.register_phone();
  stage.stored();
  for (int n = 0; n < 5; ++n) stage.ask(publish(document("a", "note " + std::to_string(n))));
  EXPECT_THAT(stage.stores, IsEmpty()) << "one write in each interval";
  stage.pass(k_store_interval - Duration(1));
  EXPECT_THAT(stage.stores, IsEmpty());
  stage.pass(Duration(1));
  EXPECT_THAT(stage.stored_text(), HasSubstr("note 4"));
  EXPECT_THAT(stage.stores, IsEmpty());
}

TEST(Compositor, OneWriteAtATimeAndTheLastStateWins) {
  Stage stage;
  stage.register_phone();
  stage.pass(k_store_interval);
  stage.register_phone(false);
  stage.pass(k_store_interval);
  EXPECT_THAT(stage.removals, IsEmpty());
  stage.stored();
  EXPECT_EQ(stage.removals.size(), 1U);
}

TEST(Compositor, EntriesAreRenewedAndFailuresTriedAgain) {
  Stage stage;
  stage.register_phone();
  stage.stored();
  stage.pass(std::chrono::seconds(899));
  EXPECT_THAT(stage.stores, IsEmpty());
  stage.pass(std::chrono::seconds(1));
  stage.stored(false);
  EXPECT_THAT(stage.stores, IsEmpty());
  stage.pass(registrar::k_first_retry);
  ASSERT_EQ(stage.stores.size(), 1U);
  stage.stores.clear();
  stage.pass(registrar::k_overlay_time);
  EXPECT_EQ(stage.compositor.counters().overlay_failures, 2U) << "no answer is none";
  stage.pass(2 * registrar::k_first_retry);
  EXPECT_EQ(stage.stores.size(), 1U);
}

TEST(Compositor, AListIsServedByEncryptingToThoseOnIt) {
  Stage stage(listed({k_bob, k_carol}));
  stage.pass(Duration(0));
  EXPECT_THAT(stage.asked_for(), ElementsAre(k_alice.name(), k_bob.name(), k_carol.name()))
      << "the user's own phones and peers as well";
  EXPECT_THAT(stage.stores, IsEmpty());
  stage.answer_questions();
  auto value = stage.stored();
  EXPECT_EQ(value.form, ValueForm::sealed);
  EXPECT_EQ(std::string(text_of(value.content)),
            "for alice@example.org bob@example.org carol@example.org :" + derived(k_alice, Basic::closed))
      << "there is an entry also without phones: who is not on the list sees no difference";

  stage.pass(k_store_interval);
  stage.ask(publish());
  EXPECT_THAT(stage.questions, IsEmpty()) << "certificates are remembered";
  EXPECT_THAT(stage.stored_text(), HasSubstr("<note>here</note>"));
}

TEST(Compositor, WhoIsTakenOffTheListSeesTheNextOneNoMore) {
  Stage stage(listed({k_bob, k_carol}));
  stage.pass(Duration(0));
  stage.answer_questions();
  stage.stored();
  stage.pass(k_store_interval);
  stage.note(stage.compositor.set_permission(stage.now, k_alice, listed({k_carol})));
  EXPECT_THAT(stage.stored_text(), StartsWith("for alice@example.org carol@example.org :"));
  stage.pass(k_store_interval);
  stage.note(stage.compositor.set_permission(stage.now, k_alice, k_nobody));
  EXPECT_EQ(stage.removals.size(), 1U);
  stage.removed();
  stage.pass(k_store_interval);
  stage.register_phone();
  EXPECT_THAT(stage.stores, IsEmpty());
  stage.note(stage.compositor.set_permission(stage.now, k_alice, {}));
  EXPECT_EQ(stage.stored_text(), derived(k_alice, Basic::open)) << "for everybody";
}

TEST(Compositor, NewCertificatesAreNoticedAtARenewal) {
  Stage stage(listed({k_bob}));
  stage.pass(Duration(0));
  stage.answer_questions();
  stage.stored();
  stage.pass(std::chrono::seconds(900));
  ASSERT_THAT(stage.asked_for(), ElementsAre(k_alice.name(), k_bob.name()));
  const auto asked = std::exchange(stage.questions, {});
  stage.note(stage.compositor.on_certificates(stage.now, asked[0].question, {test::certificate(k_alice)}));
  EXPECT_THAT(stage.stores, IsEmpty());
  stage.note(stage.compositor.on_certificates(stage.now, asked[1].question,
                                              {test::certificate(k_bob, 1), test::certificate(k_bob, 2)}));
  EXPECT_THAT(stage.stored_text(), StartsWith("for alice@example.org bob@example.org bob@example.org :"));
}

TEST(Compositor, WhoHasNoCertificateHoldsUpNobody) {
  Stage stage(listed({k_bob, k_carol}));
  stage.pass(Duration(0));
  ASSERT_EQ(stage.questions.size(), 3U);
  stage.note(stage.compositor.on_certificates(stage.now, stage.questions[0].question, {}));
  stage.note(
      stage.compositor.on_certificates(stage.now, stage.questions[1].question, {test::certificate(k_bob)}));
  stage.questions.clear();
  stage.pass(k_certificate_time - Duration(1));
  EXPECT_THAT(stage.stores, IsEmpty());
  stage.pass(Duration(1));
  EXPECT_THAT(stage.stored_text(), StartsWith("for bob@example.org :")) << "carol was not answered for";
  stage.pass(k_first_no_certificate_life - k_certificate_time);
  ASSERT_THAT(stage.asked_for(), ElementsAre(k_alice.name(), k_carol.name()));
  stage.answer_questions();
  EXPECT_THAT(stage.stored_text(), StartsWith("for alice@example.org bob@example.org carol@example.org :"));
  stage.pass(2 * k_no_certificate_life);
  EXPECT_THAT(stage.questions, IsEmpty());
}

// As where the peer has just been started: soon, then less and less often.
TEST(Compositor, CertificatesThatAreMissingAreLookedForAgain) {
  Stage stage(listed({k_bob}));
  std::vector<Duration> after;
  for (MonoTime last = stage.now.mono; after.size() < 8;) {
    stage.pass(Duration(after.empty() ? 0 : 500));
    bool is_asked = false;
    for (const auto& each : std::exchange(stage.questions, {})) {
      is_asked = is_asked || each.aor == k_bob;
      stage.note(each.aor == k_bob ? stage.compositor.on_certificates_failed(stage.now, each.question)
                                   : stage.compositor.on_certificates(stage.now, each.question,
                                                                      {test::certificate(each.aor)}));
    }
    if (is_asked) after.push_back(stage.now.mono - std::exchange(last, stage.now.mono));
  }
  const auto seconds = [](unsigned count) { return Duration(1000) * count; };
  after.erase(after.begin());
  EXPECT_THAT(after, ElementsAre(seconds(10), seconds(20), seconds(40), seconds(80), seconds(160),
                                 seconds(300), seconds(300)));
}

// It was known, and is used still when nobody can say.
TEST(Compositor, ACertificateThatCannotBeAskedForAgainIsKept) {
  Stage stage(listed({k_bob}));
  stage.pass(Duration(0));
  stage.answer_questions();
  EXPECT_THAT(stage.stored_text(), StartsWith("for alice@example.org bob@example.org :"));
  for (int each = 0; each < 4 && stage.questions.empty(); ++each) stage.pass(std::chrono::seconds(300));
  ASSERT_THAT(stage.asked_for(), ElementsAre(k_alice.name(), k_bob.name()));
  for (const auto& each : std::exchange(stage.questions, {}))
    stage.note(stage.compositor.on_certificates_failed(stage.now, each.question));
  EXPECT_THAT(stage.stored_text(), StartsWith("for alice@example.org bob@example.org :"));
}

TEST(Compositor, NothingIsShownThatCannotBeSealed) {
  Stage stage(listed({k_bob}));
  stage.pass(Duration(0));
  for (const auto& each : std::exchange(stage.questions, {}))
    stage.note(stage.compositor.on_certificates(stage.now, each.question, {}));
  EXPECT_THAT(stage.stores, IsEmpty()) << "nobody could read it";
  EXPECT_EQ(stage.compositor.counters().not_sealed, 1U);
  stage.envelope->fails = true;
  const auto pass_with_answers = [&](Duration time) {
    for (const MonoTime until = stage.now.mono + time; stage.now.mono < until;) {
      stage.pass(std::chrono::seconds(1));
      stage.answer_questions();
    }
  };
  pass_with_answers(k_no_certificate_life + registrar::k_last_retry);
  EXPECT_THAT(stage.stores, IsEmpty());
  EXPECT_GE(stage.compositor.counters().not_sealed, 2U);
  stage.envelope->fails = false;
  pass_with_answers(registrar::k_last_retry);
  EXPECT_EQ(stage.stores.size(), 1U);
}

TEST(Compositor, WhatAPeerOfNobodyHasStoredBeforeIsRemoved) {
  Stage stage(k_nobody);
  stage.pass(Duration(0));
  ASSERT_EQ(stage.removals.size(), 1U);
  stage.removed();
  stage.ask(publish());
  stage.pass(k_store_interval);
  EXPECT_THAT(stage.stores, IsEmpty());
}

// After a crash nobody has taken it away.
TEST(Compositor, WhatWasStoredBeforeARestartGoesUnlessAPhoneComesBack) {
  Stage stage;
  stage.note(stage.compositor.on_restarted(stage.now));
  stage.pass(registrar::k_return_time - Duration(1));
  EXPECT_THAT(stage.removals, IsEmpty());
  stage.register_phone();
  EXPECT_EQ(stage.stored_text(), derived(k_alice, Basic::open)) << "at once";
  stage.pass(Duration(1));
  ASSERT_EQ(stage.removals.size(), 1U);
  EXPECT_EQ(stage.removals[0].aor, k_bob);
  stage.removed();
  stage.register_phone(false);
  stage.pass(k_store_interval);
  EXPECT_EQ(stage.removals.size(), 1U) << "who was there goes as ever";
}

TEST(Compositor, UsersComeAndGo) {
  Stage stage;
  stage.register_phone();
  stage.stored();
  stage.note(stage.compositor.set_users(stage.now, {{k_alice, test::node(1)}, {k_carol, test::node(3)}}));
  ASSERT_EQ(stage.removals.size(), 1U);
  EXPECT_EQ(stage.removals[0].aor, k_bob);
  EXPECT_EQ(stage.removals[0].entry, to_hex(test::node(2).view()));
  EXPECT_THAT(stage.stores, IsEmpty()) << "alice's is there";
  stage.removed(false);
  EXPECT_FALSE(stage.compositor.has(k_bob));
  stage.note(stage.compositor.on_bindings(stage.now, k_carol, true));
  ASSERT_EQ(stage.stores.size(), 1U);
  EXPECT_EQ(stage.stores[0].aor, k_carol);
  stage.note(stage.compositor.set_users(stage.now, {}));
  EXPECT_EQ(stage.removals.size(), 1U) << "carol's write is under way";
  EXPECT_FALSE(stage.compositor.has(k_alice) || stage.compositor.has(k_carol));
  stage.stored();
  ASSERT_EQ(stage.removals.size(), 2U);
  stage.removed();
  stage.removed();
  EXPECT_FALSE(stage.compositor.next_wake());
}

// The removal is still on its way: what is stored for who has come back must not be overtaken by it.
TEST(Compositor, WhoComesBackIsStoredAfterTheRemoval) {
  for (const bool is_answered : {true, false}) {
    Stage stage({}, {});
    stage.register_phone();
    stage.stored();
    stage.pass(k_store_interval);
    stage.note(stage.compositor.set_users(stage.now, {}));
    ASSERT_EQ(stage.removals.size(), 1U);
    EXPECT_FALSE(stage.compositor.has(k_alice));
    EXPECT_EQ(stage.ask(publish()).status(), 404U);
    stage.note(stage.compositor.set_users(stage.now, {{k_alice, test::node(1)}}));
    stage.register_phone();
    stage.pass(k_store_interval);
    EXPECT_THAT(stage.stores, IsEmpty()) << "not before the removal is answered";
    stage.removed(is_answered);
    stage.pass(registrar::k_first_retry);
    EXPECT_EQ(stage.stored_text(), derived(k_alice, Basic::open));
    EXPECT_THAT(stage.removals, IsEmpty());
  }
}

TEST(Compositor, WhoIsGoneIsForgottenWhenNobodyAnswers) {
  Stage stage({}, {});
  stage.register_phone();
  stage.stored();
  stage.note(stage.compositor.set_users(stage.now, {}));
  ASSERT_EQ(stage.removals.size(), 1U);
  stage.pass(registrar::k_overlay_time);
  EXPECT_FALSE(stage.compositor.next_wake()) << "what stays there ends by itself";
}

// The overlay answers to nothing, and all users are exchanged each time.
TEST(Compositor, UsersWhoAreGoneHaveABound) {
  Stage stage({}, {});
  for (const char* prefix : {"a", "b", "c"}) {
    std::vector<PresenceUser> users;
    for (std::size_t n = 0; n < registrar::k_max_accounts; ++n)
      users.push_back({test::aor(prefix + std::to_string(n) + "@example.org"), test::node(3)});
    stage.note(stage.compositor.set_users(stage.now, std::move(users)));
  }
  EXPECT_TRUE(stage.compositor.has(test::aor("c0@example.org")));
  EXPECT_TRUE(stage.compositor.has(test::aor("c1024@example.org")));
  EXPECT_FALSE(stage.compositor.has(test::aor("b0@example.org")));
  EXPECT_EQ(stage.removals.size(), 1U + 2 * registrar::k_max_accounts);
}

TEST(Compositor, APeerThatLeavesShowsItsUsersNoMore) {
  for (const Permission& permission : {Permission{}, listed({k_bob})}) {
    Stage stage(permission);
    stage.register_phone();
    stage.answer_questions();
    stage.stored();
    stage.note(stage.compositor.leave(stage.now));
    ASSERT_EQ(stage.removals.size(), 1U) << "at once";
    stage.removed();
    EXPECT_EQ(stage.ask(publish()).status(), 503U);
    stage.register_phone();
    EXPECT_FALSE(stage.compositor.next_wake());
    EXPECT_THAT(stage.stores, IsEmpty());
  }
}

TEST(Compositor, FewUsersAskForCertificatesAtOnce) {
  std::vector<PresenceUser> users;
  for (std::size_t n = 0; n < k_max_preparing + 5; ++n)
    users.push_back({test::aor("u" + std::to_string(n) + "@example.org"), test::node(3), listed({k_bob})});
  Stage stage({}, users);
  stage.pass(Duration(0));
  EXPECT_EQ(stage.questions.size(), k_max_preparing + 1) << "bob once";
  for (int round = 0; round < 10 && !stage.questions.empty(); ++round) stage.answer_questions();
  EXPECT_EQ(stage.stores.size(), users.size());
  for (const auto& each : stage.compositor.sizes()) EXPECT_LE(each.size, each.bound) << each.name;
}

TEST(ReaderCertificates, EachReaderComesBeforeSecondOnesOfAnother) {
  ReaderCertificates certificates;
  std::set<Aor> readers;
  constexpr std::size_t k_readers = k_max_readers - 4;
  for (std::size_t n = 0; n < k_readers; ++n)
    readers.insert(test::aor("r" + std::to_string(n) + "@example.org"));
  std::set<Aor> all = readers;
  all.insert(k_alice);
  std::vector<FindCertificates> questions;
  EXPECT_FALSE(certificates.prepare({0}, all, questions));
  ASSERT_EQ(questions.size(), k_readers + 1);
  for (const auto& each : questions) {
    std::vector<security::CertificatePtr> found;
    for (std::uint8_t serial = 1; serial <= 20; ++serial)
      found.push_back(test::certificate(each.aor, serial));
    certificates.answered(each.question, std::move(found));
  }
  EXPECT_TRUE(certificates.prepare({0}, all, questions));
  const auto chosen = certificates.of(k_alice, readers);
  ASSERT_EQ(chosen.size(), k_max_recipients);
  EXPECT_EQ(chosen[0]->user_name(), k_alice.name());
  EXPECT_EQ(chosen[0]->node_ids().front(), test::node(20)) << "the newest";
  std::set<std::string> names;
  for (std::size_t n = 0; n <= k_readers; ++n) names.insert(chosen[n]->user_name());
  EXPECT_EQ(names.size(), k_readers + 1);
  EXPECT_EQ(chosen[k_readers + 1]->node_ids().front(), test::node(19));
}

TEST(Permissions, AreChecked) {
  std::set<Aor> readers;
  for (std::size_t n = 0; n < k_max_readers; ++n)
    readers.insert(test::aor("r" + std::to_string(n) + "@example.org"));
  EXPECT_TRUE(check(listed(readers)));
  EXPECT_TRUE(check(Permission{}));
  EXPECT_FALSE(check(Permission{Permission::Who::everyone, {k_bob}}));
  EXPECT_FALSE(check(Permission{Permission::Who::nobody, {k_bob}}));
  EXPECT_TRUE(check(Permission{Permission::Who::everyone, {}, true}));
  EXPECT_FALSE(check(Permission{Permission::Who::nobody, {}, true}));
  EXPECT_FALSE(check(Permission{Permission::Who::listed, {k_bob}, true}));
  readers.insert(k_bob);
  EXPECT_FALSE(check(listed(readers)));
}

}  // namespace
}  // namespace ringway::sip::presence
