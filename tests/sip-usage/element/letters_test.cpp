// MESSAGEs to users who are not there, through whole elements with an overlay that keeps them.
#include <gmock/gmock.h>

#include "tests/sip-usage/element/stage.hpp"
#include "tests/sip-usage/messages/stage.hpp"

namespace ringway::sip::element {
namespace {

using test::Phone;
using test::World;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

const ringway::test::TestAuthority& authority() {
  static const ringway::test::TestAuthority one("example.org");
  return one;
}

messages::test::Device device_of(const std::string& name, std::uint8_t number) {
  messages::test::Device out;
  out.credentials = authority().credentials(name, test::node(number));
  out.user = {
      *Aor::of_user_name(name),
      test::node(number),
      {},
      {*security::load_envelope_key(out.credentials.private_key_pem, out.credentials.certificate_pem)}};
  return out;
}

// Alice has a peer, bob has two.
class LettersTest : public ::testing::Test {
 protected:
  LettersTest() {
    world.answer_call = [this](std::size_t peer, const data::Call& call) {
      return overlay.answer(devices[peer], call, world.now().wall_ms);
    };
    world.certificates_of = [this](const std::string& user) {
      std::vector<security::CertificatePtr> out;
      for (const auto& each : devices)
        if (each.user.aor.name() == user) out.push_back(each.certificate());
      return out;
    };
    EXPECT_EQ(world.register_phone(alice), 200U);
  }

  // What she is told.
  void send(const std::string& text, const std::vector<std::string>& more = {}) {
    Message request = world.request(alice, "MESSAGE", "sip:bob@example.org", "m" + text, more);
    request.body = text;
    world.send(alice, request);
  }
  static std::vector<std::string> shown(Phone& phone) {
    std::vector<std::string> out;
    for (auto& each : std::exchange(phone.inbox, {}))
      if (each.is_request()) out.push_back(each.body);
    return out;
  }
  // The phone takes what comes.
  std::vector<std::string> take(Phone& phone) {
    std::vector<std::string> out;
    while (auto request = phone.request("MESSAGE")) {
      out.push_back(request->body);
      world.answer(phone, *request, 200);
    }
    return out;
  }

  std::vector<messages::test::Device> devices{
      device_of("alice@example.org", 1), device_of("bob@example.org", 2), device_of("bob@example.org", 3)};
  messages::test::FakeOverlay overlay;
  World world{{{"alice"}, {"bob"}, {"bob"}}, false, [this](Settings& settings) {
                for (const auto& each : devices)
                  if (settings.registrar.route == wire::DestinationList{wire::to_node(each.user.node)})
                    settings.message_users = {each.user};
              }};
  Phone& alice = world.phone("alice", 0);
};

TEST_F(LettersTest, AnAbsentUserGetsEachOnce) {
  for (const char* text : {"one", "two"}) {
    send(text);
    const auto kept = alice.response(202);
    ASSERT_TRUE(kept);
    EXPECT_TRUE(kept->contacts.empty());
    world.pass(Duration{1000});
  }
  Phone& home = world.phone("bob", 1);
  auto request = world.request(home, "REGISTER", "sip:bob@example.org", "reg");
  const auto registered = world.ask(home, std::move(request), "bob-secret");
  ASSERT_TRUE(registered);
  EXPECT_THAT(take(home), ElementsAre("one", "two"));
  Phone& away = world.phone("bob", 2);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(world.register_phone(home), 200U);
    EXPECT_EQ(world.register_phone(away), 200U);
    world.pass(Duration{10'000});
    EXPECT_THAT(shown(home), IsEmpty());
    EXPECT_THAT(shown(away), IsEmpty());
  }
  EXPECT_EQ(world.peers[1]->collected_messages().delivered, 2U);
  // Where he is, at once.
  send("three");
  const auto now = take(home);
  EXPECT_THAT(now, ElementsAre("three"));
  EXPECT_TRUE(alice.response(200));
  EXPECT_EQ(world.peers[0]->kept_messages().kept, 2U);
}

// 202 comes before alice's phone gives up, and no copy is on its way any more when the message is kept.
TEST_F(LettersTest, ASilentPhoneIsAsIfItWereGone) {
  Phone& bob = world.phone("bob", 1, "UDP");
  ASSERT_EQ(world.register_phone(bob), 200U);
  send("one");
  EXPECT_FALSE(shown(bob).empty());
  world.pass(k_wait_of_others - Duration{1000});
  EXPECT_FALSE(shown(bob).empty());
  EXPECT_FALSE(alice.response(202));
  world.pass(Duration{1000});
  EXPECT_TRUE(alice.response(202));
  bob.inbox.clear();
  world.pass(Duration{20'000});
  EXPECT_THAT(shown(bob), IsEmpty());
  Phone& back = world.phone("bob", 2);
  world.ask(back, world.request(back, "REGISTER", "sip:bob@example.org", "reg"), "bob-secret");
  EXPECT_THAT(take(back), ElementsAre("one"));
}

// As where a call is not answered: what is kept is brought to that phone once more, and then it is gone.
TEST_F(LettersTest, APhoneThatStaysSilentIsForgotten) {
  Phone& bob = world.phone("bob", 1, "UDP");
  ASSERT_EQ(world.register_phone(bob), 200U);
  send("one");
  world.pass(k_wait_for_answer);
  EXPECT_TRUE(alice.response(202));
  EXPECT_FALSE(world.overlay["bob@example.org"].empty());
  world.pass(messages::k_between_looks + Duration{40'000});
  EXPECT_TRUE(world.overlay["bob@example.org"].empty());
}

// Whatever his other phone does, which says nothing: who is asked answers in time.
TEST_F(LettersTest, WhatOnePhoneDeclinesIsGone) {
  Phone& bob = world.phone("bob", 1);
  Phone& silent = world.phone("bob", 1, "UDP");
  ASSERT_EQ(world.register_phone(bob), 200U);
  ASSERT_EQ(world.register_phone(silent), 200U);
  send("one");
  const auto declined = bob.request("MESSAGE");
  ASSERT_TRUE(declined);
  world.answer(bob, *declined, 603);
  EXPECT_THAT(alice.statuses(), IsEmpty());
  world.pass(k_wait_for_answer);
  EXPECT_THAT(alice.statuses(), ElementsAre(603U));
  EXPECT_EQ(world.peers[0]->kept_messages().kept, 0U);
  // Of an answer that is only that phone's nobody else has to suffer.
  send("two");
  const auto not_shown = bob.request("MESSAGE");
  ASSERT_TRUE(not_shown);
  world.answer(bob, *not_shown, 415);
  world.pass(k_wait_for_answer);
  EXPECT_THAT(alice.statuses(), ElementsAre(202U));
}

// What finding the phone's peer has taken is not there for the phone: or it would still be called after the
// message is kept, and show it twice.
TEST_F(LettersTest, WhatAConnectionHasTakenIsNotLeftForThePhone) {
  Phone& bob = world.phone("bob", 1, "UDP");
  ASSERT_EQ(world.register_phone(bob), 200U);
  world.is_silent = true;
  send("one");
  constexpr Duration k_opening{6'000};
  world.pass(k_opening);
  ASSERT_EQ(world.silent_opens.size(), 1U);
  world.connect(0, world.silent_opens[0]);
  const auto request = bob.request("MESSAGE");
  ASSERT_TRUE(request);
  EXPECT_EQ(request->field(k_answer_within), nullptr);
  world.pass(k_wait_of_others - k_opening - Duration{1});
  EXPECT_FALSE(alice.response(202));
  world.pass(Duration{1});
  EXPECT_TRUE(alice.response(202));
  bob.inbox.clear();
  world.pass(Duration{20'000});
  EXPECT_THAT(shown(bob), IsEmpty());
}

TEST_F(LettersTest, OnlyPeersSayHowLongTheyWait) {
  Phone& bob = world.phone("bob", 1, "UDP");
  ASSERT_EQ(world.register_phone(bob), 200U);
  const auto given_up_after = [&](Phone& from, const std::string& wait) {
    bob.inbox.clear();
    auto request = world.request(from, "MESSAGE", "sip:bob@example.org", "w" + from.user + wait,
                                 {std::string(k_answer_within) + ": " + wait});
    world.send(from, request);
    const auto got = bob.request("MESSAGE");
    EXPECT_TRUE(got && got->field(k_answer_within) == nullptr);
    unsigned seconds = 0;
    for (; seconds < 40 && from.statuses().empty(); ++seconds) world.pass(Duration{1000});
    return seconds;
  };
  Phone& peer = world.foreign_peer("dave", 1);
  EXPECT_EQ(given_up_after(peer, "5"), 5U);
  EXPECT_EQ(given_up_after(peer, "0"), 1U);
  EXPECT_EQ(given_up_after(peer, "15"), 14U);
  EXPECT_EQ(given_up_after(peer, "soon"), 14U);
  EXPECT_GT(given_up_after(world.stranger("eve", 1), "5"), 14U);
}

TEST_F(LettersTest, APeerThatIsNotReached) {
  Phone& bob = world.phone("bob", 1);
  ASSERT_EQ(world.register_phone(bob), 200U);
  world.is_cut = true;
  send("one");
  EXPECT_TRUE(alice.response(202));
}

TEST_F(LettersTest, WhereNothingIsKeptTheAnswerStands) {
  overlay.fails = [](const data::Call&) { return data::CallError::failed_precondition; };
  send("one");
  const auto answer = alice.response(480);
  EXPECT_TRUE(answer || alice.response(404));
  EXPECT_FALSE(alice.response(202));
}

TEST_F(LettersTest, WhoHidesIsNotNamedByALetter) {
  Message request = world.request(alice, "MESSAGE", "sip:bob@example.org", "hidden");
  request.body = "who am I";
  request.from = *NameAddr::parse("<sip:anonymous@anonymous.invalid>;tag=1");
  const auto calls_before = overlay.calls;
  const auto answer = world.ask(alice, request, "alice-secret");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status(), 404U);
  EXPECT_EQ(overlay.calls, calls_before);
}

TEST_F(LettersTest, WhatWasClosedForTheCertificateBeforeIsOpened) {
  send("one");
  ASSERT_TRUE(alice.response(202));
  const auto renewed = device_of("bob@example.org", 2);
  world.into(1, KeysRenewed{{renewed.user}});
  Phone& home = world.phone("bob", 1);
  world.ask(home, world.request(home, "REGISTER", "sip:bob@example.org", "reg"), "bob-secret");
  EXPECT_THAT(take(home), ElementsAre("one"));
}

// What is with the phone is written down; the next one waits for another peer.
TEST_F(LettersTest, WhoLeavesDeliversNothingMore) {
  for (const char* text : {"one", "two"}) {
    send(text);
    ASSERT_TRUE(alice.response(202));
  }
  Phone& home = world.phone("bob", 1);
  world.ask(home, world.request(home, "REGISTER", "sip:bob@example.org", "reg"), "bob-secret");
  const auto first = home.request("MESSAGE");
  ASSERT_TRUE(first);
  world.into(1, Shutdown{});
  world.answer(home, *first, 200);
  EXPECT_THAT(take(home), IsEmpty());
  Phone& away = world.phone("bob", 2);
  world.ask(away, world.request(away, "REGISTER", "sip:bob@example.org", "reg"), "bob-secret");
  EXPECT_THAT(take(away), ElementsAre("two"));
}

// ---- programs

class ProgramsTest : public LettersTest {
 protected:
  // The status that it comes to; 0: none yet.
  unsigned send_as_alice(const std::string& text, const std::string& to = "sip:bob@example.org",
                         const std::string& type = "text/plain") {
    world.into(
        0, SendMessage{
               SendId{++last_}, *Aor::of_user_name("alice@example.org"), *Uri::parse(to), type, text, {}});
    return outcome();
  }
  unsigned outcome() const {
    if (world.sent_messages.empty() || world.sent_messages.back().id != SendId{last_}) return 0;
    return world.sent_messages.back().status;
  }
  messages::MailboxContents mailbox_of_bob(std::size_t peer,
                                           std::vector<messages::MessageName> take_away = {}) {
    ReadMailbox read{messages::ReadId{++last_}, {*Aor::of_user_name("bob@example.org")}};
    read.request.take_away = std::move(take_away);
    world.into(peer, std::move(read));
    EXPECT_EQ(world.read_mailboxes.back().id, messages::ReadId{last_});
    return std::get<messages::MailboxContents>(world.read_mailboxes.back().result);
  }
  std::uint64_t last_ = 0;
};

TEST_F(ProgramsTest, AMessageIsTakenAtOnceOrKept) {
  EXPECT_EQ(send_as_alice("one"), 202U);
  Phone& home = world.phone("bob", 1);
  world.ask(home, world.request(home, "REGISTER", "sip:bob@example.org", "reg"), "bob-secret");
  EXPECT_THAT(take(home), ElementsAre("one"));
  EXPECT_EQ(send_as_alice("two"), 0U) << "the phone has not answered yet";
  const auto request = home.request("MESSAGE");
  ASSERT_TRUE(request);
  EXPECT_EQ(request->body, "two");
  EXPECT_EQ(request->from.uri.print(), "sip:alice@example.org");
  EXPECT_EQ(*request->field("Content-Type"), "text/plain");
  world.answer(home, *request, 200);
  EXPECT_EQ(outcome(), 200U);
  EXPECT_EQ(world.sent_messages.size(), 2U);
  for (const auto& table : world.peers[0]->tables()) {
    const bool is_over = table.name == std::string("requests of the SIP proxy") ||
                         table.name == std::string("MESSAGEs under way");
    EXPECT_TRUE(!is_over || table.size == 0) << table.name;
  }
}

TEST_F(ProgramsTest, APhoneThatIsSilentOrRefuses) {
  Phone& bob = world.phone("bob", 1, "UDP");
  ASSERT_EQ(world.register_phone(bob), 200U);
  EXPECT_EQ(send_as_alice("one"), 0U);
  world.pass(k_wait_for_answer);
  EXPECT_EQ(outcome(), 202U);
  bob.inbox.clear();
  EXPECT_EQ(send_as_alice("two"), 0U);
  const auto request = bob.request("MESSAGE");
  ASSERT_TRUE(request);
  world.answer(bob, *request, 603);
  EXPECT_EQ(outcome(), 603U);
}

TEST_F(ProgramsTest, WhoIsNoUserHereSendsNothing) {
  world.into(0, SendMessage{SendId{7},
                            *Aor::of_user_name("bob@example.org"),
                            *Uri::parse("sip:alice@example.org"),
                            "text/plain",
                            "hello",
                            {}});
  ASSERT_EQ(world.sent_messages.size(), 1U);
  EXPECT_EQ(world.sent_messages[0].status, 403U);
  EXPECT_EQ(send_as_alice("hello", "sip:bob@example.org", "text/plain\r\nRoute: <sip:evil.example>"), 400U);
  overlay.fails = [](const data::Call&) { return data::CallError::unavailable; };
  EXPECT_EQ(send_as_alice("hello"), 480U);
  EXPECT_TRUE(world.sent_messages.back().retry_after_s);
  world.into(0, Shutdown{});
  EXPECT_EQ(send_as_alice("hello"), 503U);
}

TEST_F(ProgramsTest, SoManyAreUnderWay) {
  Phone& bob = world.phone("bob", 1);
  ASSERT_EQ(world.register_phone(bob), 200U);
  for (std::size_t i = 0; i < k_max_sending; ++i) EXPECT_EQ(send_as_alice("one"), 0U);
  EXPECT_EQ(send_as_alice("one more"), 503U);
  while (const auto request = bob.request("MESSAGE")) world.answer(bob, *request, 200);
  EXPECT_EQ(send_as_alice("one more"), 0U);
}

TEST_F(ProgramsTest, AMailboxIsReadAndEmptied) {
  EXPECT_EQ(send_as_alice("one"), 202U);
  EXPECT_EQ(send_as_alice("two"), 202U);
  const auto before = mailbox_of_bob(1);
  ASSERT_EQ(before.messages.size(), 2U);
  EXPECT_EQ(before.messages[0].body, "one");
  EXPECT_EQ(before.messages[0].sender, "alice@example.org");
  EXPECT_EQ(mailbox_of_bob(2, {before.messages[0].name}).messages.size(), 1U);
  Phone& home = world.phone("bob", 1);
  world.ask(home, world.request(home, "REGISTER", "sip:bob@example.org", "reg"), "bob-secret");
  EXPECT_THAT(take(home), ElementsAre("two"));
  EXPECT_THAT(mailbox_of_bob(2).messages, IsEmpty());
}

TEST(LettersTimeTest, WhatIsLeftForOthers) {
  const auto device = device_of("alice@example.org", 1);
  Letters letters("example.org", {device.user});
  const Message request =
      sip::test::message({"MESSAGE sip:bob@example.org SIP/2.0", "Via: SIP/2.0/TCP 192.0.2.1;branch=z9hG4bK1",
                          "Max-Forwards: 70", "To: <sip:bob@example.org>",
                          "From: <sip:alice@example.org>;tag=1", "Call-ID: 1", "CSeq: 1 MESSAGE"});
  letters.note(MonoTime{0}, {1}, request, request.request_uri(), device.user.aor);
  letters.note(MonoTime{0}, {2}, request, request.request_uri(), std::nullopt, Duration{9'000});
  EXPECT_EQ(letters.time_for_others(MonoTime{0}, {1}), std::optional(k_wait_of_others));
  EXPECT_EQ(letters.time_for_others(MonoTime{6'000}, {1}), std::optional(Duration{8'000}));
  EXPECT_EQ(letters.time_for_others(MonoTime{1'000}, {2}), std::optional(Duration{6'000}));
  EXPECT_EQ(letters.time_for_others(MonoTime{0}, {3}), std::nullopt);
}

// No room for one more: it is a request as any other.
TEST(LettersBoundTest, MessagesUnderWay) {
  const auto device = device_of("alice@example.org", 1);
  Letters letters("example.org", {device.user});
  const Message request =
      sip::test::message({"MESSAGE sip:bob@example.org SIP/2.0", "Via: SIP/2.0/TCP 192.0.2.1;branch=z9hG4bK1",
                          "Max-Forwards: 70", "To: <sip:bob@example.org>",
                          "From: <sip:alice@example.org>;tag=1", "Call-ID: 1", "CSeq: 1 MESSAGE"});
  for (std::uint64_t i = 1; i <= k_max_noted_messages + 1; ++i)
    letters.note(MonoTime{0}, {i}, request, request.request_uri(), device.user.aor);
  const auto last = k_max_noted_messages;
  EXPECT_EQ(letters.take_overdue(MonoTime{0} + k_wait_for_answer).size(), last);
  EXPECT_FALSE(letters.keep({MonoTime{0}, 0}, {last + 1}, std::nullopt));
  EXPECT_TRUE(letters.keep({MonoTime{0}, 0}, {last}, std::nullopt));
}

}  // namespace
}  // namespace ringway::sip::element
