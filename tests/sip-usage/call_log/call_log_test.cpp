#include "sip-usage/call_log/call_log.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/sip-usage/message/text.hpp"

namespace ringway::sip {
namespace {

const Aor k_alice = *Aor::of_user_name("alice@example.org");
const Aor k_bob = *Aor::of_user_name("bob@example.org");

std::vector<std::string> lines(const std::string& first, const std::string& call, const std::string& from_tag,
                               const std::string& to_tag, const std::string& method) {
  return {first,
          "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1",
          "Max-Forwards: 70",
          "From: <sip:alice@example.org>;tag=" + from_tag,
          "To: <sip:bob@example.org>" + (to_tag.empty() ? "" : ";tag=" + to_tag),
          "Call-ID: " + call,
          "CSeq: 1 " + method,
          "Contact: <sip:alice@192.0.2.1>"};
}
Message request(const std::string& method, const std::string& call = "c", const std::string& from_tag = "a",
                const std::string& to_tag = "") {
  return test::message(lines(method + " sip:bob@example.org SIP/2.0", call, from_tag, to_tag, method));
}
Message answer(unsigned status, const std::string& to_tag = "b", const std::string& call = "c") {
  return test::message(lines("SIP/2.0 " + std::to_string(status) + " Text", call, "a", to_tag, "INVITE"));
}

TEST(CallLogTest, ACallThatIsAnsweredAndEnded) {
  CallLog log;
  log.on_invite(1000, request("INVITE"), k_alice, true);
  log.on_invite(1001, request("INVITE"), k_bob, false);
  log.on_answer(2000, answer(180));
  ASSERT_EQ(log.newest(9).size(), 2U);
  EXPECT_EQ(log.newest(9)[0].status, 0U);
  EXPECT_FALSE(log.newest(9)[0].is_end_unknown);
  EXPECT_EQ(log.take_changed().size(), 2U) << "what has begun is kept";
  log.on_answer(3000, answer(200));
  ASSERT_EQ(log.take_changed().size(), 2U) << "what is answered, too";
  log.on_invite(3500, request("INVITE", "c", "a", "b"), k_alice, true);  // within the dialog
  log.on_answer(3600, answer(488));                                      // to that
  log.on_bye(9000, request("BYE", "c", "b", "a"));                       // of the callee
  const auto over = log.take_changed();
  ASSERT_EQ(over.size(), 2U);
  EXPECT_EQ(over[0].number, 1U);
  EXPECT_EQ(over[0].user, k_alice);
  EXPECT_TRUE(over[0].is_outgoing);
  EXPECT_EQ(over[0].other, "sip:bob@example.org");
  EXPECT_EQ(over[0].began_ms, 1000U);
  EXPECT_EQ(over[0].answered_ms, 3000U);
  EXPECT_EQ(over[0].ended_ms, 9000U);
  EXPECT_EQ(over[0].status, 200U);
  EXPECT_EQ(over[1].user, k_bob);
  EXPECT_FALSE(over[1].is_outgoing);
  EXPECT_EQ(over[1].other, "sip:alice@example.org");
  EXPECT_EQ(log.newest(1)[0].number, 2U);
  EXPECT_EQ(log.newest(9, k_alice).size(), 1U);
  EXPECT_TRUE(log.take_changed().empty());
}

TEST(CallLogTest, ARefusedCallIsOverAtOnceAndOneWithoutCredentialsIsNot) {
  CallLog log;
  log.on_invite(1000, request("INVITE"), k_alice, true);
  EXPECT_EQ(log.take_changed().size(), 1U);
  log.on_answer(1100, answer(407));
  EXPECT_TRUE(log.take_changed().empty());
  log.on_invite(1200, request("INVITE"), k_alice, true);
  log.on_answer(4000, answer(486));
  const auto over = log.take_changed();
  ASSERT_EQ(over.size(), 1U);
  EXPECT_EQ(over[0].began_ms, 1000U);
  EXPECT_EQ(over[0].status, 486U);
  EXPECT_EQ(over[0].ended_ms, 4000U);
  EXPECT_FALSE(over[0].answered_ms);
}

TEST(CallLogTest, AByeOfAnotherDialogEndsNothing) {
  CallLog log;
  log.on_invite(1, request("INVITE"), k_alice, true);
  log.on_answer(2, answer(200));
  log.take_changed();
  log.on_bye(3, request("BYE", "c", "a", "x"));
  log.on_bye(3, request("BYE", "other", "a", "b"));
  EXPECT_TRUE(log.take_changed().empty());
  log.on_bye(4, request("BYE", "c", "a", "b"));
  EXPECT_EQ(log.take_changed().size(), 1U);
}

TEST(CallLogTest, BothTablesHaveABound) {
  CallLog log;
  for (std::size_t i = 0; i < k_max_calls_under_way; ++i)
    log.on_invite(1, request("INVITE", "c" + std::to_string(i)), k_alice, true);
  log.take_changed();
  log.on_invite(1, request("INVITE", "c" + std::to_string(k_max_calls_under_way)), k_alice, true);
  const auto over = log.take_changed();  // the first
  ASSERT_EQ(over.size(), 2U);
  EXPECT_EQ(over[0].number, 1U);
  EXPECT_FALSE(over[0].ended_ms);
  EXPECT_TRUE(over[0].is_end_unknown);
  EXPECT_EQ(over[1].number, k_max_calls_under_way + 1);
  for (std::size_t i = 1; i <= k_max_logged_calls; ++i)
    log.on_answer(2, answer(404, "b", "c" + std::to_string(i)));
  EXPECT_EQ(log.take_forgotten(), std::vector<std::uint64_t>{1});
  for (const auto& table : log.sizes()) EXPECT_LE(table.size, table.bound) << table.name;
  log.on_invite(1, request("INVITE", std::string(k_max_logged_call_id_bytes + 1, 'c')), k_alice, true);
  EXPECT_EQ(log.sizes()[0].size, k_max_calls_under_way - k_max_logged_calls);
}

// What users have called themselves stays, whoever calls them how often.
TEST(CallLogTest, OthersHaveAShare) {
  CallLog log;
  log.on_invite(1, request("INVITE", "own"), k_alice, true);
  log.on_answer(2, answer(404, "b", "own"));
  unsigned calls = 0;
  const auto call = [&](Caller caller, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      const auto id = "c" + std::to_string(++calls);
      log.on_invite(1, request("INVITE", id), k_bob, false, caller);
      log.on_answer(2, answer(404, "b", id));
    }
  };
  const auto of = [&](Caller caller) {
    const auto all = log.newest(k_max_logged_calls);
    return std::count_if(all.begin(), all.end(), [&](const auto& each) { return each.caller == caller; });
  };
  call(Caller::peer, k_max_logged_calls_of_peers + 1);
  call(Caller::stranger, 2 * k_max_logged_calls);
  EXPECT_EQ(of(Caller::own_user), 1);
  EXPECT_EQ(of(Caller::peer), static_cast<int>(k_max_logged_calls_of_peers));
  EXPECT_EQ(of(Caller::stranger), static_cast<int>(k_max_logged_calls_of_strangers));
  EXPECT_EQ(log.newest(1)[0].number, calls + 1) << "the oldest have gone";
  for (const auto& table : log.sizes()) EXPECT_LE(table.size, table.bound) << table.name;
  // Nobody was told of those that have gone: nothing has to be written or removed for them.
  EXPECT_EQ(log.take_changed().size(), 1 + k_max_logged_calls_of_peers + k_max_logged_calls_of_strangers);
  EXPECT_TRUE(log.take_forgotten().empty());
  call(Caller::stranger, 1);
  EXPECT_EQ(log.take_forgotten().size(), 1U);
  EXPECT_EQ(CallLog(log.newest(k_max_logged_calls)).sizes()[3].size, k_max_logged_calls_of_strangers);
}

TEST(CallLogTest, CallsOfStrangersUnderWayHaveAShare) {
  CallLog log;
  log.on_invite(1, request("INVITE", "own"), k_alice, true);
  for (std::size_t i = 0; i < k_max_calls_under_way; ++i)
    log.on_invite(1, request("INVITE", "c" + std::to_string(i)), k_bob, false, Caller::stranger);
  const auto changed = log.take_changed();
  EXPECT_EQ(changed.size(), 1 + k_max_logged_calls_of_strangers + k_max_calls_of_strangers_under_way);
  for (const auto& record : changed)
    EXPECT_EQ(record.caller, record.number == 1 ? Caller::own_user : Caller::stranger);
  EXPECT_EQ(log.sizes()[0].size, k_max_calls_of_strangers_under_way + 1);
}

// What was kept before callers were told apart.
TEST(CallLogTest, RecordsOfTheFirstVersionAreRead) {
  CallLog log;
  log.on_invite(1000, request("INVITE"), k_alice, false, Caller::stranger);
  log.on_answer(2000, answer(486));
  auto octets = encode(log.take_changed().at(0));
  EXPECT_EQ(decode_call_record(SharedBytes(octets))->caller, Caller::stranger);
  octets.back() = 3;
  EXPECT_FALSE(decode_call_record(SharedBytes(octets)));
  octets.pop_back();
  octets.front() = 1;
  const auto kept = decode_call_record(SharedBytes(octets));
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->caller, Caller::own_user);
  EXPECT_EQ(kept->status, 486U);
}

TEST(CallLogTest, RecordsAreKeptAndCountOn) {
  CallLog log;
  log.on_invite(1000, request("INVITE"), k_alice, true);
  log.on_answer(2000, answer(486));
  const auto record = log.take_changed().at(0);
  const auto kept = decode_call_record(SharedBytes(encode(record)));
  ASSERT_TRUE(kept) << kept.error().reason;
  CallLog again({*kept});
  again.on_invite(5000, request("INVITE"), k_alice, true);
  const auto newest = again.newest(9);
  ASSERT_EQ(newest.size(), 2U);
  EXPECT_EQ(newest[0].number, record.number + 1);
  EXPECT_EQ(newest[1].other, record.other);
  EXPECT_EQ(newest[1].ended_ms, 2000U);
  EXPECT_FALSE(newest[1].answered_ms);
  EXPECT_TRUE(newest[1].is_outgoing);
  EXPECT_FALSE(newest[1].is_end_unknown);
  auto octets = encode(record);
  octets.pop_back();
  EXPECT_FALSE(decode_call_record(SharedBytes(octets)));
  octets = encode(record);
  octets.push_back(0);
  EXPECT_FALSE(decode_call_record(SharedBytes(octets)));
  octets = encode(record);
  octets.front() = 9;
  EXPECT_FALSE(decode_call_record(SharedBytes(octets)));
}

TEST(CallLogTest, ACallThatWasUnderWayBeforeARestartHasAnUnknownEnd) {
  CallLog log;
  log.on_invite(1000, request("INVITE"), k_alice, true);
  log.on_answer(2000, answer(200));
  log.on_invite(3000, request("INVITE", "ringing"), k_bob, false);
  std::vector<CallRecord> kept;
  std::map<std::uint64_t, CallRecord> last;
  for (const auto& record : log.take_changed()) last.insert_or_assign(record.number, record);
  for (const auto& [number, record] : last) kept.push_back(*decode_call_record(SharedBytes(encode(record))));
  CallLog again(kept);
  const auto calls = again.newest(9);
  ASSERT_EQ(calls.size(), 2U);
  EXPECT_EQ(calls[1].answered_ms, 2000U);
  EXPECT_FALSE(calls[1].ended_ms);
  EXPECT_TRUE(calls[1].is_end_unknown);
  EXPECT_EQ(calls[0].status, 0U);
  EXPECT_TRUE(calls[0].is_end_unknown);
  EXPECT_EQ(again.sizes()[0].size, 0U) << "nothing is under way";
}

}  // namespace
}  // namespace ringway::sip
