#include "services/enrolld/proofs/webhook_protocol.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace ringway::enrolld {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using Action = WebhookQuestion::Action;
using Verdict = WebhookAnswer::Verdict;

WebhookQuestion question(Action action) {
  return {action,
          "0a",
          "overlay.example.org",
          "tel:+41790000001",
          "192.0.2.7",
          action == Action::check ? Secret("123456") : Secret()};
}

TEST(WebhookProtocol, NumbersHaveOneText) {
  for (const char* good : {"tel:+4179", "tel:+41790000001", "tel:+123456789012345"})
    EXPECT_EQ(read_tel(good).value(), good);
  for (const char* bad :
       {"", "tel:", "tel:+", "tel:+417", "tel:+1234567890123456", "tel:+0417900000", "tel:41790000",
        "TEL:+41790000", "tel:+41-79-0000", "tel:+4179;ext=1", "tel:+4179\r\n", "sip:+4179"}) {
    EXPECT_FALSE(read_tel(bad).ok()) << bad;
  }
}

TEST(WebhookProtocol, QuestionsHaveTheseFields) {
  const auto begin = json::parse(write_question(question(Action::begin))->reveal());
  EXPECT_EQ(begin, (json{{"version", 1},
                         {"action", "begin"},
                         {"request", "0a"},
                         {"overlay", "overlay.example.org"},
                         {"identity", "tel:+41790000001"},
                         {"source", "192.0.2.7"}}));
  const auto check = json::parse(write_question(question(Action::check))->reveal());
  EXPECT_EQ(check["action"], "check");
  EXPECT_EQ(check["code"], "123456");
}

TEST(WebhookProtocol, QuestionsThatMakeNoSenseAreNotAsked) {
  auto no_code = question(Action::check);
  no_code.code = Secret();
  EXPECT_FALSE(write_question(no_code).ok());
  auto early_code = question(Action::begin);
  early_code.code = Secret("123456");
  EXPECT_FALSE(write_question(early_code).ok());
  auto mail = question(Action::begin);
  mail.identity = "alice@example.org";
  EXPECT_FALSE(write_question(mail).ok());
  auto longest = question(Action::check);
  longest.code = Secret(std::string(129, '1'));
  EXPECT_FALSE(write_question(longest).ok());
}

TEST(WebhookProtocol, SignaturesAreAsDocumented) {
  // printf '1800000000.{"a":1}' | openssl dgst -sha256 -hmac 0123456789abcdef0123456789abcdef
  EXPECT_EQ(sign(Secret("0123456789abcdef0123456789abcdef"), 1'800'000'000, R"({"a":1})"),
            "t=1800000000,v1=d40e555bc2c1dae21953757b24b165a171698880732ac310a5c8cf0ab751abf2");
}

TEST(WebhookProtocol, AnswersMeanWhatTheySay) {
  const auto verdict = [](Action action, const char* status) {
    const json body{{"request", "0a"}, {"identity", "tel:+41790000001"}, {"status", status}};
    return read_answer(question(action), 200, body.dump()).verdict;
  };
  EXPECT_EQ(verdict(Action::begin, "started"), Verdict::started);
  EXPECT_EQ(verdict(Action::check, "verified"), Verdict::verified);
  EXPECT_EQ(verdict(Action::check, "wrong_code"), Verdict::wrong_code);
  for (const auto action : {Action::begin, Action::check}) {
    EXPECT_EQ(verdict(action, "refused"), Verdict::refused);
    EXPECT_EQ(verdict(action, "busy"), Verdict::busy);
    EXPECT_EQ(verdict(action, "VERIFIED"), Verdict::unavailable);
    EXPECT_EQ(verdict(action, ""), Verdict::unavailable);
  }
  EXPECT_EQ(verdict(Action::begin, "verified"), Verdict::unavailable) << "nobody has shown anything yet";
  EXPECT_EQ(verdict(Action::check, "started"), Verdict::unavailable);
}

TEST(WebhookProtocol, OnlyAnAnswerToTheQuestionIsAProof) {
  const json good{{"request", "0a"}, {"identity", "tel:+41790000001"}, {"status", "verified"}};
  const auto ask = question(Action::check);
  ASSERT_EQ(read_answer(ask, 200, good.dump()).verdict, Verdict::verified);
  for (const char* field : {"request", "identity", "status"}) {
    auto changed = good;
    changed[field] = "tel:+41790000002";
    EXPECT_EQ(read_answer(ask, 200, changed.dump()).verdict, Verdict::unavailable) << field;
    changed[field] = true;
    EXPECT_EQ(read_answer(ask, 200, changed.dump()).verdict, Verdict::unavailable) << field;
    changed.erase(field);
    EXPECT_EQ(read_answer(ask, 200, changed.dump()).verdict, Verdict::unavailable) << field;
  }
  for (const char* body : {"", "verified", "true", "[]", "{", "\"verified\""})
    EXPECT_EQ(read_answer(ask, 200, body).verdict, Verdict::unavailable) << body;
  EXPECT_EQ(read_answer(ask, 200, std::string(16384, '[')).verdict, Verdict::unavailable);
  for (const long status : {201L, 204L, 302L, 401L, 404L, 500L})
    EXPECT_EQ(read_answer(ask, status, good.dump()).verdict, Verdict::unavailable) << status;
  for (const long status : {429L, 503L})
    EXPECT_EQ(read_answer(ask, status, good.dump()).verdict, Verdict::busy);
}

TEST(WebhookProtocol, ReasonsArePrintableAndShort) {
  const json body{{"request", "0a"},
                  {"identity", "tel:+41790000001"},
                  {"status", "refused"},
                  {"reason", "no\nlog \x1b[31mlines" + std::string(1000, 'x')}};
  const auto answer = read_answer(question(Action::check), 200, body.dump());
  EXPECT_THAT(answer.reason, HasSubstr("no?log ?[31mlines"));
  EXPECT_EQ(answer.reason.size(), 200U);
}

}  // namespace
}  // namespace ringway::enrolld
