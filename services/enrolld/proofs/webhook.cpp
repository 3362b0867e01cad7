#include "services/enrolld/proofs/webhook.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <optional>
#include <utility>

#include "services/enrolld/proofs/curl_handles.hpp"
#include "services/enrolld/proofs/transfer_loop.hpp"

namespace ringway::enrolld {

using Verdict = WebhookAnswer::Verdict;

struct Webhook::Shared {
  explicit Shared(WebhookSettings given) : settings(std::move(given)) {}

  void count(Verdict verdict) {
    switch (verdict) {
      case Verdict::started:
      case Verdict::verified:
        ++positive;
        break;
      case Verdict::refused:
      case Verdict::wrong_code:
        ++negative;
        break;
      case Verdict::busy:
        ++busy;
        break;
      case Verdict::unavailable:
        ++unavailable;
        break;
    }
  }

  const WebhookSettings settings;
  std::atomic<std::uint64_t> asked{0};
  std::atomic<std::uint64_t> queue_full{0};
  std::atomic<std::uint64_t> positive{0};
  std::atomic<std::uint64_t> negative{0};
  std::atomic<std::uint64_t> busy{0};
  std::atomic<std::uint64_t> unavailable{0};
};

namespace {

class WebhookTransfer : public Transfer {
 public:
  WebhookTransfer(std::shared_ptr<Webhook::Shared> shared, WebhookQuestion question, Secret body,
                  std::string signature, std::shared_ptr<Webhook::Then> then)
      : shared_(std::move(shared)),
        question_(std::move(question)),
        body_(std::move(body)),
        signature_(std::move(signature)),
        then_(std::move(then)) {}

  CURLcode prepare(CURL* handle) override {
    const auto& settings = shared_->settings;
    if (!append(header_, "Content-Type: application/json") || !append(header_, "Accept: application/json") ||
        !append(header_, "Expect:") ||  // a body this small does not ask first
        !append(header_, fmt::format("{}: {}", k_signature_header, signature_)))
      return CURLE_OUT_OF_MEMORY;
    CurlOptions options(handle);
    secure(options, {"https", settings.ca_file, settings.connect_timeout, settings.timeout});
    return options.set(CURLOPT_URL, settings.url.c_str())
        .set(CURLOPT_USERAGENT, "ringway-enrolld")
        .set(CURLOPT_HTTPHEADER, header_.get())
        .set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body_.reveal().size()))
        .set(CURLOPT_POSTFIELDS, body_.reveal_c_str())  // not copied
        .set(CURLOPT_WRITEFUNCTION, &WebhookTransfer::take)
        .set(CURLOPT_WRITEDATA, this)
        .result();
  }

  std::optional<Duration> finished(CURL* handle, CURLcode result) override {
    long status = 0;
    if (handle != nullptr) curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
    if (too_long_) {
      end({Verdict::unavailable, "the verifier's answer is too long"});
    } else if (result != CURLE_OK) {
      end({Verdict::unavailable, curl_easy_strerror(result)});
    } else {
      end(read_answer(question_, status, answer_));
    }
    return std::nullopt;
  }

  void dropped() override { end({Verdict::unavailable, "the program stops"}); }

 private:
  void end(const WebhookAnswer& answer) {
    shared_->count(answer.verdict);
    (*then_)(answer);
  }

  static std::size_t take(char* bytes, std::size_t size, std::size_t count, void* self) {
    auto& transfer = *static_cast<WebhookTransfer*>(self);
    transfer.too_long_ = transfer.answer_.size() + size * count > transfer.shared_->settings.most_bytes;
    if (transfer.too_long_) return 0;  // libcurl ends the transfer
    transfer.answer_.append(bytes, size * count);
    return size * count;
  }

  std::shared_ptr<Webhook::Shared> shared_;
  WebhookQuestion question_;
  Secret body_;
  std::string signature_;
  std::shared_ptr<Webhook::Then> then_;
  CurlList header_;
  std::string answer_;
  bool too_long_ = false;
};

Outcome<> check(const WebhookSettings& settings) {
  constexpr std::size_t k_longest_url = 2048;
  const auto& url = settings.url;
  const bool plain = std::all_of(url.begin(), url.end(), [](char c) { return c > ' ' && c < '\x7f'; });
  if (!url.starts_with("https://") || !plain || url.size() > k_longest_url)
    return Failure{"the webhook's address must begin with https://"};
  if (settings.key.reveal().size() < k_min_webhook_key_bytes)
    return Failure{fmt::format("the webhook's key must have {} bytes or more", k_min_webhook_key_bytes)};
  if (settings.connect_timeout.count() <= 0 || settings.timeout.count() <= 0 || settings.most == 0 ||
      settings.most_at_once == 0 || settings.most_bytes == 0)
    return Failure{"the webhook's bounds must be above 0"};
  return Done{};
}

}  // namespace

struct Webhook::State {
  explicit State(std::shared_ptr<Shared> with)
      : shared(std::move(with)), loop({shared->settings.most, shared->settings.most_at_once}) {}
  std::shared_ptr<Shared> shared;
  TransferLoop loop;
};

Result<std::unique_ptr<Webhook>> Webhook::start(WebhookSettings settings) {
  if (auto checked = check(settings); !checked) return checked.error();
  return std::unique_ptr<Webhook>(new Webhook(std::make_shared<Shared>(std::move(settings))));
}

Webhook::Webhook(std::shared_ptr<Shared> shared) : state_(std::make_unique<State>(std::move(shared))) {}
Webhook::~Webhook() = default;

void Webhook::ask(WebhookQuestion question, WallMs now_ms, Then then) {
  const auto& shared = state_->shared;
  auto body = write_question(question);
  if (!body) {
    shared->count(Verdict::unavailable);
    return then({Verdict::unavailable, body.error().reason});
  }
  const std::string signature = sign(shared->settings.key, now_ms / 1000, body->reveal());
  const auto shared_then = std::make_shared<Then>(std::move(then));
  if (state_->loop.submit(std::make_unique<WebhookTransfer>(shared, std::move(question), std::move(*body),
                                                            signature, shared_then))) {
    ++shared->asked;
    return;
  }
  ++shared->queue_full;
  shared->count(Verdict::busy);
  (*shared_then)({Verdict::busy, "too many questions to the verifier are open"});
}

WebhookStatistics Webhook::statistics() const {
  const auto& shared = *state_->shared;
  return {state_->loop.size(), shared.asked, shared.queue_full, shared.positive,
          shared.negative,     shared.busy,  shared.unavailable};
}

}  // namespace ringway::enrolld
