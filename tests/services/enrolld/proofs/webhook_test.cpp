// The webhook against a real HTTPS server, well-behaved and otherwise (verifier.py).
#include "services/enrolld/proofs/webhook.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <future>

#include "tests/services/api/temporary_folder.hpp"
#include "tests/services/api/tls_material.hpp"
#include "tests/services/enrolld/proofs/python_server.hpp"

namespace ringway::enrolld {
namespace {

using testing::HasSubstr;
using Action = WebhookQuestion::Action;
using Verdict = WebhookAnswer::Verdict;

constexpr const char* k_key = "0123456789abcdef0123456789abcdef";
constexpr const char* k_number = "tel:+41790000001";

WallMs now_ms() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<WallMs>(std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
}

class WebhookTest : public testing::Test {
 protected:
  explicit WebhookTest(const std::string& certified_name = "localhost") {
    const auto identity = tls_.issue(certified_name);
    verifier_ = std::make_unique<PythonServer>(
        "verifier.py", std::vector<std::string>{
                           "--certificate", folder_.file("server.pem", identity.certificate_pem), "--key",
                           folder_.file("server.key", identity.key_pem), "--webhook-key", k_key});
  }

  WebhookSettings settings(const std::string& path = "/verify") {
    WebhookSettings with;
    with.url = "https://localhost:" + std::to_string(verifier_->port()) + path;
    with.key = Secret(k_key);
    with.ca_file = folder_.file("ca.pem", tls_.root_pem());
    with.connect_timeout = Duration(3'000);
    with.timeout = Duration(3'000);
    return with;
  }

  static WebhookQuestion question(Action action, const std::string& code = "",
                                  const std::string& number = k_number) {
    return {action, "0a", "overlay.example.org", number, "192.0.2.7", Secret(code)};
  }

  static WebhookAnswer ask(Webhook& webhook, WebhookQuestion asked, WallMs at_ms = now_ms()) {
    auto promise = std::make_shared<std::promise<WebhookAnswer>>();
    auto answer = promise->get_future();
    webhook.ask(std::move(asked), at_ms, [promise](const WebhookAnswer& got) { promise->set_value(got); });
    if (answer.wait_for(std::chrono::seconds(20)) == std::future_status::ready) return answer.get();
    ADD_FAILURE() << "no answer";
    return {};
  }

  WebhookAnswer check_at(WebhookSettings with) {
    const auto webhook = Webhook::start(std::move(with)).value();
    return ask(*webhook, question(Action::check, "123456"));
  }

  services::TemporaryFolder folder_;
  services::TlsMaterial tls_;
  std::unique_ptr<PythonServer> verifier_;
};

TEST_F(WebhookTest, ANumberIsProvedByTheCodeThatItsHolderGot) {
  const auto webhook = Webhook::start(settings()).value();
  EXPECT_EQ(ask(*webhook, question(Action::begin)).verdict, Verdict::started);
  const auto asked = verifier_->next("question");
  EXPECT_EQ(asked["signed"], true);
  EXPECT_EQ(asked["type"], "application/json");
  EXPECT_EQ(asked["question"]["identity"], k_number);
  EXPECT_EQ(asked["question"]["source"], "192.0.2.7");
  const std::string code = verifier_->next("short-message")["code"];

  const auto wrong = ask(*webhook, question(Action::check, "another"));
  EXPECT_EQ(wrong.verdict, Verdict::wrong_code);
  EXPECT_EQ(wrong.reason, "another code was sent");
  EXPECT_EQ(ask(*webhook, question(Action::check, code)).verdict, Verdict::verified);
  const auto statistics = webhook->statistics();
  EXPECT_EQ(statistics.asked, 3U);
  EXPECT_EQ(statistics.positive, 2U);
  EXPECT_EQ(statistics.negative, 1U);
}

TEST_F(WebhookTest, TheVerifierMayRefuse) {
  const auto webhook = Webhook::start(settings()).value();
  const auto answer = ask(*webhook, question(Action::begin, "", "tel:+41000"));
  EXPECT_EQ(answer.verdict, Verdict::refused);
  EXPECT_EQ(answer.reason, "not in service");
}

TEST_F(WebhookTest, TheVerifierCanTellAForeignOrOldQuestion) {
  auto with = settings();
  with.key = Secret("a key that the verifier does not know");
  EXPECT_EQ(check_at(std::move(with)).verdict, Verdict::unavailable);
  EXPECT_EQ(verifier_->next("question")["signed"], false);

  const auto webhook = Webhook::start(settings()).value();
  const auto old = ask(*webhook, question(Action::check, "123456"), now_ms() - 600'000);
  EXPECT_EQ(old.verdict, Verdict::unavailable);
  EXPECT_EQ(verifier_->next("question")["signed"], false);
}

TEST_F(WebhookTest, ARedirectionIsNotFollowed) {
  EXPECT_EQ(check_at(settings("/redirect")).verdict, Verdict::unavailable);
  EXPECT_EQ(check_at(settings("/yes")).verdict, Verdict::verified) << "where it led to";
}

TEST_F(WebhookTest, WhateverGoesWrongIsNoProof) {
  EXPECT_EQ(check_at(settings("/other-request")).verdict, Verdict::unavailable);
  EXPECT_EQ(check_at(settings("/status/500")).verdict, Verdict::unavailable);
  EXPECT_EQ(check_at(settings("/status/201")).verdict, Verdict::unavailable);
  EXPECT_EQ(check_at(settings("/drop")).verdict, Verdict::unavailable);
  EXPECT_EQ(check_at(settings("/status/503")).verdict, Verdict::busy);
  const auto huge = check_at(settings("/huge"));
  EXPECT_EQ(huge.verdict, Verdict::unavailable);
  EXPECT_THAT(huge.reason, HasSubstr("too long"));
}

TEST_F(WebhookTest, AVerifierThatHangsIsGivenUp) {
  auto with = settings("/hang");
  with.timeout = Duration(300);
  EXPECT_EQ(check_at(std::move(with)).verdict, Verdict::unavailable);
}

TEST_F(WebhookTest, OpenQuestionsAreBoundedAndEndWithTheWebhook) {
  auto with = settings("/hang");
  with.timeout = Duration(60'000);
  with.most = 2;
  auto webhook = Webhook::start(std::move(with)).value();
  std::atomic<int> unavailable{0};
  for (int i = 0; i < 2; ++i) {
    webhook->ask(question(Action::begin), now_ms(), [&](const WebhookAnswer& answer) {
      if (answer.verdict == Verdict::unavailable) ++unavailable;
    });
  }
  EXPECT_EQ(ask(*webhook, question(Action::begin)).verdict, Verdict::busy);
  EXPECT_EQ(webhook->statistics().queue_full, 1U);
  EXPECT_EQ(webhook->statistics().open, 2U);
  webhook.reset();
  EXPECT_EQ(unavailable, 2) << "each question has one answer";
}

TEST_F(WebhookTest, AQuestionThatMakesNoSenseIsAnsweredHere) {
  const auto webhook = Webhook::start(settings()).value();
  EXPECT_EQ(ask(*webhook, question(Action::check)).verdict, Verdict::unavailable);
  EXPECT_EQ(ask(*webhook, question(Action::begin, "", "alice@example.org")).verdict, Verdict::unavailable);
  EXPECT_EQ(webhook->statistics().asked, 0U);
}

TEST_F(WebhookTest, ACertificateOfAnotherAuthorityHearsNothing) {
  auto with = settings("/yes");
  with.ca_file = folder_.file("other-ca.pem", services::TlsMaterial().root_pem());
  const auto answer = check_at(std::move(with));
  EXPECT_EQ(answer.verdict, Verdict::unavailable);
  EXPECT_THAT(answer.reason, HasSubstr("certificate"));
  EXPECT_TRUE(verifier_->all(std::chrono::milliseconds(300)).empty());
}

class MisnamedWebhookTest : public WebhookTest {
 protected:
  MisnamedWebhookTest() : WebhookTest("other.example.org") {}
};

TEST_F(MisnamedWebhookTest, ACertificateForAnotherHostHearsNothing) {
  EXPECT_EQ(check_at(settings("/yes")).verdict, Verdict::unavailable);
  EXPECT_TRUE(verifier_->all(std::chrono::milliseconds(300)).empty());
}

TEST_F(WebhookTest, SettingsThatCannotWorkAreRefusedAtTheStart) {
  const auto refused = [this](auto change) {
    auto with = settings();
    change(with);
    return !Webhook::start(std::move(with)).ok();
  };
  EXPECT_FALSE(refused([](WebhookSettings&) {}));
  EXPECT_TRUE(refused([](WebhookSettings& with) { with.url = "http://localhost/"; }));
  EXPECT_TRUE(refused([](WebhookSettings& with) { with.url = "https://a b"; }));
  EXPECT_TRUE(refused([](WebhookSettings& with) { with.key = Secret("short"); }));
  EXPECT_TRUE(refused([](WebhookSettings& with) { with.timeout = Duration(0); }));
  EXPECT_TRUE(refused([](WebhookSettings& with) { with.most = 0; }));
}

}  // namespace
}  // namespace ringway::enrolld
