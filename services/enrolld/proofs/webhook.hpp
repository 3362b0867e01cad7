// Asks an outside verifier whether a claimant holds a telephone number: HTTPS POST with a signed body
// (docs/webhook.md). A thread of its own, bounded; whatever goes wrong is never a proof. No question is
// repeated here: each check may cost the claimant an attempt.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "reload/result.hpp"
#include "reload/time.hpp"
#include "services/enrolld/proofs/webhook_protocol.hpp"
#include "services/enrolld/secret/secret.hpp"

namespace ringway::enrolld {

struct WebhookSettings {
  std::string url;      // https://
  Secret key;           // of the signatures, shared with the verifier; k_min_webhook_key_bytes or more
  std::string ca_file;  // PEM; empty: the system's authorities
  Duration connect_timeout{5'000};
  Duration timeout{15'000};
  std::size_t most = 256;          // questions not yet answered
  std::size_t most_at_once = 32;   // of them under way
  std::size_t most_bytes = 16384;  // of an answer
};

struct WebhookStatistics {
  std::uint64_t open = 0;  // now
  std::uint64_t asked = 0;
  std::uint64_t queue_full = 0;
  std::uint64_t positive = 0;  // started, verified
  std::uint64_t negative = 0;  // refused, wrong_code
  std::uint64_t busy = 0;
  std::uint64_t unavailable = 0;
};

class Webhook {
 public:
  // Called once for each question, on the webhook's thread; for one that is refused at once, or when the
  // program stops, with `unavailable` or `busy`. Must neither throw, nor wait, nor destroy the webhook.
  using Then = std::function<void(const WebhookAnswer&)>;

  static Result<std::unique_ptr<Webhook>> start(WebhookSettings settings);
  ~Webhook();
  Webhook(const Webhook&) = delete;
  Webhook& operator=(const Webhook&) = delete;

  // From any thread. When the question cannot be asked, `then` is called before this returns.
  void ask(WebhookQuestion question, WallMs now_ms, Then then);
  WebhookStatistics statistics() const;

  struct Shared;

 private:
  explicit Webhook(std::shared_ptr<Shared> shared);
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ringway::enrolld
