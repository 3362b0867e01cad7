// A sender's messages on their way into a mailbox: what phones are told, what is put, what is pruned, bounds.
#include "sip-usage/messages/keeper.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sip-usage/messages/stage.hpp"

namespace ringway::sip::messages::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const Device& alice_device() { return device("alice", 0xA1); }
const Device& laptop() { return device("bob", 0xB1); }
const Device& tablet() { return device("bob", 0xB2, services::KeyType::rsa2048); }

class Keeping : public ::testing::Test {
 protected:
  Stage stage;  // before the peers on it
  Peer& alice = stage.add(alice_device());
  Peer& bob = stage.add(laptop());

  static bool is_put(const data::Call& call) { return std::holds_alternative<data::PutCall>(call); }
  KeptMessages entry() {
    const auto& dictionary = stage.overlay.dictionaries[{k_mailbox, *mailbox_of(aor("bob"))}];
    const auto at = dictionary.entries.find(alice.device.user.node.hex());
    if (at == dictionary.entries.end()) return {};
    return *wire::decode<KeptMessages>(SharedBytes(at->second.entry.value));
  }
  // In the order of the entry.
  std::vector<std::string> texts(const Device& by = laptop()) {
    std::vector<std::string> out;
    for (const KeptMessage& each : entry().messages) {
      const auto content = by.user.keys[0]->open(each.envelope);
      out.push_back(content ? wire::decode<Letter>(SharedBytes(*content))->body : "closed");
    }
    return out;
  }
  std::optional<unsigned> retry_after(std::size_t answer) { return alice.answers.at(answer).retry_after_s; }
};

TEST_F(Keeping, AMessageIsAcceptedOnceItIsThere) {
  alice.holds = is_put;
  const KeepId id = stage.keep(alice, text_message("hello"));
  stage.run();
  EXPECT_EQ(Stage::status_of(alice, id), 0U) << "not yet";
  stage.release(alice);
  EXPECT_EQ(Stage::status_of(alice, id), 202U);
  EXPECT_THAT(texts(), ElementsAre("hello"));
  EXPECT_EQ(alice.keeper.size().size, 0U);
  EXPECT_FALSE(alice.keeper.next_wake());
}

TEST_F(Keeping, EachDeviceOfTheRecipientCanReadIt) {
  stage.add(tablet());
  EXPECT_EQ(stage.send(alice, "hello"), 202U);
  EXPECT_THAT(texts(laptop()), ElementsAre("hello"));
  EXPECT_THAT(texts(tablet()), ElementsAre("hello"));
  EXPECT_THAT(texts(alice_device()), ElementsAre("closed")) << "not even the sender";
}

TEST_F(Keeping, TheNewestDevicesCount) {
  for (std::size_t i = 0; i < security::k_max_envelope_recipients; ++i)
    stage.certificates[aor("bob").name()].push_back(tablet().certificate());
  EXPECT_EQ(stage.send(alice, "hello"), 202U);
}

TEST_F(Keeping, WhatIsNotForKeepingGetsItsAnswer) {
  struct Row {
    const char* what;
    Message message;
    unsigned status, answer;
  };
  const std::vector<Row> rows{
      {"refused by the phone", text_message("x"), 603, 603},
      {"of no use later", text_message("x", "bob", "Expires: 0\r\n"), 480, 480},
      {"to nobody that is known", text_message("x", "eve"), 404, 404},
      {"to one device", text_message("x", "bob", ""), 480, 480},
      {"too large", text_message(std::string(k_max_body_bytes + 1, 'x')), 480, 413},
  };
  for (Row row : rows) {
    if (std::string(row.what) == "to one device") row.message.request_uri().parameters.set("gr", "urn:x");
    const KeepId id = stage.keep(alice, row.message, row.status);
    stage.run();
    EXPECT_EQ(Stage::status_of(alice, id), row.answer) << row.what;
  }
  EXPECT_EQ(stage.overlay.puts, 0U);
  EXPECT_THAT(entry().messages, IsEmpty());
}

TEST_F(Keeping, StrangersMessagesAreNotKept) {
  alice.keeper.keep(stage.now, KeepId{99}, text_message("x"), aor("carol"), 480);
  stage.run();
  EXPECT_EQ(Stage::status_of(alice, KeepId{99}), 480U);
  EXPECT_EQ(stage.overlay.calls, 0U);
}

TEST_F(Keeping, WhatIsUnderWayOfAUserWhoGoesIsPut) {
  alice.holds = is_put;
  const KeepId first = stage.keep(alice, text_message("one"));
  stage.run();
  alice.keeper.use_users({});
  const KeepId second = stage.keep(alice, text_message("two"));
  stage.release(alice);
  EXPECT_EQ(Stage::status_of(alice, first), 202U);
  EXPECT_EQ(Stage::status_of(alice, second), 480U);
  EXPECT_THAT(texts(), ElementsAre("one"));
}

TEST_F(Keeping, IdsRiseAlsoWhenClocksDoNot) {
  EXPECT_EQ(stage.send(alice, "one"), 202U);
  EXPECT_EQ(stage.send(alice, "two"), 202U);
  stage.now.wall_ms -= 5000;
  EXPECT_EQ(stage.send(alice, "three"), 202U);
  const auto kept = entry().messages;
  ASSERT_EQ(kept.size(), 3U);
  EXPECT_LT(kept[0].id, kept[1].id);
  EXPECT_LT(kept[1].id, kept[2].id);
  // Also behind what was received and is not there any more.
  Received received;
  received.note(alice.device.user.node, kept[2].id + 100'000, stage.now.wall_ms + 100'000, true);
  stage.put_received(bob.device, wire::encode(received));
  EXPECT_EQ(stage.send(alice, "four"), 202U);
  EXPECT_EQ(entry().messages.front().id, kept[2].id + 100'001);
}

TEST_F(Keeping, WhatWasReceivedOrHasEndedIsLeftOut) {
  EXPECT_EQ(stage.send(alice, "one"), 202U);
  const KeepId short_one = stage.keep(alice, text_message("two", "bob", "Expires: 60\r\n"));
  stage.run();
  EXPECT_EQ(Stage::status_of(alice, short_one), 202U);
  EXPECT_EQ(stage.send(alice, "three"), 202U);
  EXPECT_THAT(texts(), ElementsAre("one", "two", "three"));
  Received received;
  received.note(alice.device.user.node, entry().messages[0].id, stage.now.wall_ms + 1000'000, true);
  stage.put_received(bob.device, wire::encode(received));
  stage.advance(Duration{59'000});
  EXPECT_EQ(stage.send(alice, "four"), 202U);
  EXPECT_THAT(texts(), ElementsAre("two", "three", "four"));
  stage.advance(Duration{1000});
  EXPECT_EQ(stage.send(alice, "five"), 202U);
  EXPECT_THAT(texts(), ElementsAre("three", "four", "five"));
}

TEST_F(Keeping, TheEntryLivesAsLongAsItsLongestMessage) {
  const KeepId id = stage.keep(alice, text_message("two", "bob", "Expires: 60\r\n"));
  stage.run();
  ASSERT_EQ(Stage::status_of(alice, id), 202U);
  const auto lifetime_s = [this] {
    return stage.overlay.dictionaries[{k_mailbox, *mailbox_of(aor("bob"))}]
        .entries.begin()
        ->second.entry.lifetime_s;
  };
  EXPECT_EQ(lifetime_s(), 60U);
  EXPECT_EQ(stage.send(alice, "long"), 202U);
  EXPECT_EQ(lifetime_s(), static_cast<std::uint32_t>(k_longest_wait.count() / 1000));
}

TEST_F(Keeping, ASenderHasAQuota) {
  for (std::size_t i = 0; i < k_max_kept_of_sender; ++i) EXPECT_EQ(stage.send(alice, "x"), 202U) << i;
  const std::size_t puts = stage.overlay.puts;
  EXPECT_EQ(stage.send(alice, "one more"), 480U);
  EXPECT_EQ(alice.answers.back().retry_after_s, k_full_retry_after_s);
  EXPECT_EQ(stage.overlay.puts, puts);
  EXPECT_EQ(alice.keeper.counters().over_quota, 1U);
  // It is for each recipient, and free again when they are received.
  stage.add(device("carol", 0xC1));
  EXPECT_EQ(stage.send(alice, "x", "carol"), 202U);
  stage.register_phone(bob);
  EXPECT_EQ(stage.send(alice, "one more"), 202U);
  EXPECT_THAT(texts(), ElementsAre("one more"));
}

TEST_F(Keeping, AnEntryHasNoMoreBytesThanItsKindAllows) {
  std::size_t taken = 0;
  while (taken < k_max_kept_of_sender && stage.send(alice, std::string(k_max_body_bytes, 'x')) == 202)
    ++taken;
  EXPECT_EQ(taken, 7U);
  const std::size_t calls = stage.overlay.calls;
  EXPECT_EQ(stage.send(alice, std::string(k_max_body_bytes, 'x')), 480U);
  EXPECT_EQ(stage.overlay.calls, calls + 2) << "the overlay is not asked to refuse it";
  EXPECT_LE(wire::encode(entry()).size(), k_max_entry_bytes);
  EXPECT_EQ(stage.send(alice, "a short one"), 202U);
}

TEST_F(Keeping, WhatComesMeanwhileGoesWithTheNextPut) {
  alice.holds = is_put;
  std::vector<KeepId> all;
  for (int i = 0; i < 4; ++i) {
    all.push_back(stage.keep(alice, text_message(std::to_string(i))));
    stage.run();
  }
  EXPECT_EQ(alice.held.size(), 1U) << "one write at a time";
  stage.release(alice);
  EXPECT_EQ(Stage::status_of(alice, all[0]), 202U);
  EXPECT_EQ(Stage::status_of(alice, all[1]), 0U);
  EXPECT_EQ(alice.held.size(), 1U);
  stage.release(alice);
  for (const KeepId each : all) EXPECT_EQ(Stage::status_of(alice, each), 202U);
  EXPECT_EQ(stage.overlay.puts, 2U);
  EXPECT_THAT(texts(), ElementsAre("0", "1", "2", "3"));
}

TEST_F(Keeping, AnOverlayInTroubleIsToldToThePhone) {
  struct Row {
    const char* what;
    bool of_put;
    KindId kind;
    data::CallError error;
    unsigned retry_after_s;
  };
  for (const Row& row : std::vector<Row>{
           {"the entry cannot be read", false, k_mailbox, data::CallError::unavailable, k_retry_after_s},
           {"it is damaged", false, k_mailbox, data::CallError::data_loss, k_retry_after_s},
           {"the list cannot be read", false, 0, data::CallError::deadline_exceeded, k_retry_after_s},
           {"the put is refused", true, k_mailbox, data::CallError::permission_denied, k_retry_after_s},
           {"the mailbox is full", true, k_mailbox, data::CallError::resource_exhausted,
            k_full_retry_after_s}}) {
    stage.overlay.fails = [&row](const data::Call& call) -> std::optional<data::CallError> {
      const auto* get = std::get_if<data::GetCall>(&call);
      const KindId kind = get != nullptr ? get->kind : std::get<data::PutCall>(call).kind;
      if ((get == nullptr) != row.of_put || kind != row.kind) return std::nullopt;
      return row.error;
    };
    EXPECT_EQ(stage.send(alice, "x"), 480U) << row.what;
    EXPECT_EQ(alice.answers.back().retry_after_s, row.retry_after_s) << row.what;
    EXPECT_EQ(alice.keeper.size().size, 0U) << row.what;
  }
  stage.overlay.fails = [](auto&&) { return std::nullopt; };
  EXPECT_EQ(stage.send(alice, "x"), 202U);
}

TEST_F(Keeping, AnOverlayWithoutTheKindChangesNothing) {
  stage.overlay.fails = [](const data::Call& call) -> std::optional<data::CallError> {
    const auto* get = std::get_if<data::GetCall>(&call);
    if (get == nullptr || get->kind != k_mailbox) return std::nullopt;
    return data::CallError::failed_precondition;
  };
  const KeepId id = stage.keep(alice, text_message("x"), 404);
  stage.run();
  EXPECT_EQ(Stage::status_of(alice, id), 404U);
  EXPECT_EQ(alice.answers[0].retry_after_s, std::nullopt);
  EXPECT_EQ(alice.keeper.size().size, 0U);
}

TEST_F(Keeping, AnEntryOfAnotherFormIsNotReplaced) {
  stage.put_entry(alice.device, {2, 0, 0});
  EXPECT_EQ(stage.send(alice, "x"), 480U);
}

TEST_F(Keeping, ThePhoneDoesNotWaitForASilentOverlay) {
  for (const bool of_put : {false, true}) {
    alice.holds = [of_put](const data::Call& call) { return is_put(call) == of_put; };
    const KeepId id = stage.keep(alice, text_message("x"));
    stage.advance(k_keeping_time - Duration{1});
    EXPECT_EQ(Stage::status_of(alice, id), 0U);
    stage.advance(Duration{1});
    EXPECT_EQ(Stage::status_of(alice, id), 480U);
    EXPECT_EQ(alice.keeper.size().size, 0U);
    stage.release(alice);  // what comes late is of no account
    EXPECT_EQ(alice.answers.size(), of_put ? 2U : 1U);
  }
}

TEST_F(Keeping, WaitingMessagesAreBounded) {
  alice.holds = [](auto&&) { return true; };
  for (std::size_t i = 0; i < k_max_waiting_of_box; ++i) stage.keep(alice, text_message("x"));
  EXPECT_EQ(Stage::status_of(alice, stage.keep(alice, text_message("x"))), 0U);
  stage.run();
  EXPECT_EQ(alice.answers.size(), 1U) << "one sender to one recipient";
  EXPECT_EQ(alice.answers[0].status, 480U);
  for (std::size_t i = k_max_waiting_of_box; i < k_max_waiting; ++i)
    stage.keep(alice, text_message("x", "user" + std::to_string(i)));
  stage.run();
  EXPECT_EQ(alice.answers.size(), 1U);
  EXPECT_EQ(alice.keeper.size().size, k_max_waiting);
  stage.keep(alice, text_message("x", "dave"));
  stage.run();
  EXPECT_EQ(alice.answers.size(), 2U);
  stage.advance(k_keeping_time);
  EXPECT_EQ(alice.answers.size(), 2U + k_max_waiting);
  EXPECT_EQ(alice.keeper.size().size, 0U);
}

TEST_F(Keeping, ALateFailureOfOneIsNotAnothers) {
  alice.holds = [](const data::Call& call) { return !is_put(call); };
  const KeepId first = stage.keep(alice, text_message("x"));
  stage.advance(Duration{10'000});
  const KeepId second = stage.keep(alice, text_message("y"));
  stage.advance(Duration{5'000});
  EXPECT_EQ(Stage::status_of(alice, first), 480U);
  EXPECT_EQ(Stage::status_of(alice, second), 480U) << "they wait for the same";
  alice.held.clear();
  const KeepId third = stage.keep(alice, text_message("z"));
  stage.advance(Duration{1'000});
  stage.release(alice);
  EXPECT_EQ(Stage::status_of(alice, third), 202U);
}

}  // namespace
}  // namespace ringway::sip::messages::test
