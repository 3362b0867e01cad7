// A mailbox as a program sees it: what waits, what is taken away, and what a phone that registers meanwhile
// gets.
#include "sip-usage/messages/reader.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sip-usage/messages/stage.hpp"

namespace ringway::sip::messages::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

bool is_note(const data::Call& call) {
  const auto* put = std::get_if<data::PutCall>(&call);
  return put != nullptr && put->expected_generation;
}

class Reading : public ::testing::Test {
 protected:
  Stage stage;  // before the peers on it
  Peer& alice = stage.add(device("alice", 0xA1));
  Peer& laptop = stage.add(device("bob", 0xB1));
  Reader reader{{laptop.device.user}};
  std::uint64_t last = 0;
  std::function<void(const data::Call&)> before_call = [](auto&&) {};

  std::optional<MailboxRead> run() {
    for (;;) {
      auto outputs = reader.take_outputs();
      if (outputs.empty()) return std::nullopt;
      for (auto& output : outputs) {
        if (auto* read = std::get_if<MailboxRead>(&output)) return std::move(*read);
        const auto& ask = std::get<AskOverlay>(output);
        before_call(ask.call);
        reader.on_call(stage.now, ask.id, stage.overlay.answer(laptop.device, ask.call, stage.now.wall_ms));
      }
    }
  }
  std::optional<MailboxRead> ask(std::vector<MessageName> take_away = {}, std::size_t limit = 100,
                                 const std::string& user = "bob") {
    reader.read(stage.now, ReadId{++last}, {aor(user), limit, std::move(take_away)});
    return run();
  }
  MailboxContents contents(std::vector<MessageName> take_away = {}, std::size_t limit = 100) {
    const auto read = ask(std::move(take_away), limit);
    EXPECT_TRUE(read);
    const auto* out = std::get_if<MailboxContents>(&read->result);
    EXPECT_NE(out, nullptr) << std::get<data::CallFailure>(read->result).message;
    return out == nullptr ? MailboxContents{} : *out;
  }
  data::CallError error(std::vector<MessageName> take_away = {}, const std::string& user = "bob") {
    const auto read = ask(std::move(take_away), 100, user);
    EXPECT_TRUE(read);
    const auto* failure = std::get_if<data::CallFailure>(&read->result);
    EXPECT_NE(failure, nullptr);
    return failure == nullptr ? data::CallError::internal : failure->error;
  }
  static std::vector<std::string> texts(const MailboxContents& of) {
    std::vector<std::string> out;
    for (const auto& each : of.messages) out.push_back(each.body);
    return out;
  }
  void send(const std::vector<std::string>& all) {
    for (const auto& each : all) {
      EXPECT_EQ(stage.send(alice, each), 202U);
      stage.advance(Duration{1000});
    }
  }
};

TEST_F(Reading, ShowsWhatWaitsTheOldestFirst) {
  Peer& carol = stage.add(device("carol", 0xC1));
  send({"one"});
  EXPECT_EQ(stage.send(carol, "two"), 202U);
  stage.advance(Duration{1000});
  send({"three"});
  const auto all = contents();
  EXPECT_THAT(texts(all), ElementsAre("one", "two", "three"));
  EXPECT_EQ(all.messages[1].sender, carol.device.user.aor.name());
  EXPECT_EQ(all.messages[1].name.sender, carol.device.user.node);
  EXPECT_EQ(all.messages[1].content_type, "text/plain");
  EXPECT_EQ(all.messages[0].sent_ms, ringway::test::k_now_ms);
  EXPECT_EQ(all.messages[0].until_ms - all.messages[0].sent_ms, 7U * 24 * 3600 * 1000);
  const auto some = contents({}, 2);
  EXPECT_THAT(texts(some), ElementsAre("one", "two"));
  EXPECT_EQ(some.waiting, 3U);
  EXPECT_EQ(stage.overlay.puts, 3U) << "reading changes nothing";
  stage.register_phone(laptop);
  EXPECT_THAT(laptop.delivered, SizeIs(3));
  EXPECT_THAT(contents().messages, IsEmpty());
}

TEST_F(Reading, AnEmptyMailbox) {
  EXPECT_THAT(contents().messages, IsEmpty());
  EXPECT_EQ(contents({{alice.device.user.node, 7}}).taken_away, 0U);
}

TEST_F(Reading, WhatIsTakenAwayIsShownNowhere) {
  send({"one", "two", "three"});
  const auto all = contents();
  const auto left = contents({all.messages[1].name});
  EXPECT_EQ(left.taken_away, 1U);
  EXPECT_THAT(texts(left), ElementsAre("one", "three"));
  EXPECT_EQ(contents({all.messages[1].name}).taken_away, 0U) << "once";
  stage.register_phone(laptop);
  EXPECT_THAT(Stage::texts(laptop), ElementsAre("one", "three"));
  // The sender leaves it out with its next message.
  send({"four"});
  stage.advance(k_between_looks);
  EXPECT_THAT(Stage::texts(laptop), ElementsAre("one", "three", "four"));
}

TEST_F(Reading, AsManyOlderOnesStayAsASenderMayHave) {
  std::vector<std::string> sent;
  for (std::size_t i = 0; i < k_max_kept_of_sender; ++i) sent.push_back(std::to_string(i));
  send(sent);
  EXPECT_THAT(contents({contents().messages.back().name}).messages, SizeIs(k_max_left));
  stage.register_phone(laptop);
  sent.pop_back();
  EXPECT_EQ(Stage::texts(laptop), sent) << "none of them is lost";
}

TEST_F(Reading, APeerThatDeliversMeanwhile) {
  send({"one", "two"});
  const auto all = contents().messages;
  bool is_first = true;
  before_call = [&](const data::Call& call) {
    if (is_note(call) && std::exchange(is_first, false)) stage.register_phone(laptop);
  };
  const auto left = contents({all[0].name});
  EXPECT_FALSE(is_first);
  EXPECT_EQ(left.taken_away, 0U) << "the phone has it";
  EXPECT_THAT(left.messages, IsEmpty());
  EXPECT_THAT(Stage::texts(laptop), ElementsAre("one", "two"));
}

// And the other way round: it is taken away while the peer has begun with those before it.
TEST_F(Reading, WhatIsTakenAwayWhileAPeerDelivers) {
  send({"one", "two", "three"});
  const auto all = contents().messages;
  laptop.phone_is_slow = true;
  stage.register_phone(laptop);
  EXPECT_EQ(contents({all[1].name}).taken_away, 1U);
  laptop.phone_is_slow = false;
  laptop.delivered.clear();
  laptop.collector.on_delivered(stage.now, laptop.ringing.at(0).id, 200);
  stage.run();
  EXPECT_THAT(Stage::texts(laptop), ElementsAre("three"));
}

TEST_F(Reading, WhatCannotBeOpenedHereIsCounted) {
  Peer& tablet = stage.add(device("bob", 0xB2));
  stage.certificates[aor("bob").name()] = {tablet.device.certificate()};
  send({"for the tablet"});
  const auto all = contents();
  EXPECT_THAT(all.messages, IsEmpty());
  EXPECT_EQ(all.unopened, 1U);
  EXPECT_EQ(all.waiting, 1U);
}

TEST_F(Reading, Failures) {
  EXPECT_EQ(error({}, "alice"), data::CallError::not_found);
  send({"one"});
  const auto name = contents().messages[0].name;
  stage.overlay.fails = [](auto&&) { return data::CallError::failed_precondition; };
  EXPECT_EQ(error(), data::CallError::failed_precondition);
  stage.overlay.fails = [](const data::Call& call) -> std::optional<data::CallError> {
    return is_note(call) ? std::optional(data::CallError::aborted) : std::nullopt;
  };
  EXPECT_EQ(error({name}), data::CallError::aborted);
  stage.overlay.fails = [](auto&&) { return std::nullopt; };
  stage.put_received(laptop.device, {2, 0});
  EXPECT_EQ(error({name}), data::CallError::failed_precondition) << "of a later version: not to be replaced";
}

TEST_F(Reading, SoManyAtATimeAndForSoLong) {
  for (std::size_t i = 0; i < k_max_reads; ++i) reader.read(stage.now, ReadId{i + 1}, {aor("bob")});
  reader.take_outputs();
  EXPECT_EQ(reader.size().size, k_max_reads);
  reader.read(stage.now, ReadId{1000}, {aor("bob")});
  const auto refused = run();
  ASSERT_TRUE(refused);
  EXPECT_EQ(std::get<data::CallFailure>(refused->result).error, data::CallError::resource_exhausted);
  const Now later{stage.now.mono + k_read_time, stage.now.wall_ms};
  ASSERT_TRUE(reader.next_wake());
  EXPECT_EQ(*reader.next_wake(), later.mono);
  reader.on_timer(later);
  EXPECT_EQ(reader.size().size, 0U);
  EXPECT_EQ(reader.take_outputs().size(), k_max_reads);
  EXPECT_FALSE(reader.next_wake());
}

TEST(MessageNames, AreWrittenAndRead) {
  const MessageName name{ringway::test::node_id(0xA1), 1'800'000'000'123};
  EXPECT_EQ(MessageName::parse(name.print()), name);
  for (const std::string& wrong : {std::string(), std::string("a-1"), std::string(32, 'g') + "-1",
                                   std::string(32, 'a') + "-", std::string(32, 'a') + "-1x",
                                   std::string(32, 'a') + "-99999999999999999999999", std::string(33, 'a')})
    EXPECT_FALSE(MessageName::parse(wrong)) << wrong;
}

}  // namespace
}  // namespace ringway::sip::messages::test
