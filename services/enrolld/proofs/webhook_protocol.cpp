#include "services/enrolld/proofs/webhook_protocol.hpp"

#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "reload/bytes.hpp"

namespace ringway::enrolld {

namespace {

using Action = WebhookQuestion::Action;
using Verdict = WebhookAnswer::Verdict;
constexpr std::size_t k_fewest_digits = 4;
constexpr std::size_t k_most_digits = 15;
constexpr std::size_t k_longest_code = 128;
constexpr std::size_t k_longest_reason = 200;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

const char* name_of(Action action) { return action == Action::begin ? "begin" : "check"; }

std::string text_in(const nlohmann::json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

WebhookAnswer unavailable(std::string reason) { return {Verdict::unavailable, std::move(reason)}; }

WebhookAnswer answer_of_status(long http_status) {
  if (http_status == 429 || http_status == 503)
    return {Verdict::busy, fmt::format("the verifier answered HTTP {}", http_status)};
  return unavailable(fmt::format("the verifier answered HTTP {}", http_status));
}

}  // namespace

Result<std::string> read_tel(std::string_view text) {
  constexpr std::string_view k_scheme = "tel:+";
  const auto digits = text.substr(std::min(text.size(), k_scheme.size()));
  const bool good = text.starts_with(k_scheme) && digits.size() >= k_fewest_digits &&
                    digits.size() <= k_most_digits && digits.front() != '0' &&
                    std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (!good) return Failure{"a telephone number is tel:+ and the digits of the country code and the number"};
  return std::string(text);
}

Result<Secret> write_question(const WebhookQuestion& question) {
  if (auto tel = read_tel(question.identity); !tel) return tel.error();
  const auto code = question.code.reveal();
  if ((question.action == Action::check) == code.empty())
    return Failure{"a code belongs to check, and only there"};
  if (code.size() > k_longest_code) return Failure{"the code is too long"};

  nlohmann::ordered_json body{{"version", 1},
                              {"action", name_of(question.action)},
                              {"request", question.request},
                              {"overlay", question.overlay},
                              {"identity", question.identity},
                              {"source", question.source}};
  if (question.action == Action::check) {
    body["code"] = "";
    body["code"].get_ref<std::string&>().assign(
        code);  // in its place at once: a moved short string stays behind
  }
  // What is no UTF-8 becomes U+FFFD; JSON cannot carry it.
  std::string text = body.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
  if (question.action == Action::check) wipe(body["code"].get_ref<std::string&>());
  return Secret::take(text);
}

std::string sign(const Secret& key, std::uint64_t seconds, std::string_view body) {
  const std::string time = fmt::format("{}", seconds);
  crypto_auth_hmacsha256_state state;
  crypto_auth_hmacsha256_init(&state, bytes_of(key.reveal()), key.reveal().size());
  crypto_auth_hmacsha256_update(&state, bytes_of(time), time.size());
  crypto_auth_hmacsha256_update(&state, bytes_of("."), 1);
  crypto_auth_hmacsha256_update(&state, bytes_of(body), body.size());
  std::array<std::uint8_t, crypto_auth_hmacsha256_BYTES> code{};
  crypto_auth_hmacsha256_final(&state, code.data());
  sodium_memzero(&state, sizeof state);
  return fmt::format("t={},v1={}", time, to_hex(code));
}

WebhookAnswer read_answer(const WebhookQuestion& question, long http_status, std::string_view body) {
  if (http_status != 200) return answer_of_status(http_status);
  const auto answer = nlohmann::json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (!answer.is_object()) return unavailable("the verifier's answer is no JSON object");
  // An answer to another question (a cache, a mix-up behind a load balancer) proves nothing.
  if (text_in(answer, "request") != question.request || text_in(answer, "identity") != question.identity)
    return unavailable("the verifier's answer is to another question");

  std::string reason = text_in(answer, "reason").substr(0, k_longest_reason);
  std::replace_if(
      reason.begin(), reason.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  const std::string status = text_in(answer, "status");
  const bool begin = question.action == Action::begin;
  if (status == "refused") return {Verdict::refused, std::move(reason)};
  if (status == "busy") return {Verdict::busy, std::move(reason)};
  if (begin && status == "started") return {Verdict::started, std::move(reason)};
  if (!begin && status == "verified") return {Verdict::verified, std::move(reason)};
  if (!begin && status == "wrong_code") return {Verdict::wrong_code, std::move(reason)};
  return unavailable(
      fmt::format("the verifier's answer to {} has a status that is none", name_of(question.action)));
}

}  // namespace ringway::enrolld
