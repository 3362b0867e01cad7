// What the Registrar needs from outside, as interfaces: mail, the verifier of telephone numbers, randomness.
#pragma once

#include <string>

#include "services/enrolld/proofs/mail_sender.hpp"
#include "services/enrolld/proofs/webhook.hpp"
#include "services/enrolld/records/record_types.hpp"
#include "services/enrolld/secret/secret.hpp"

namespace ringway::enrolld {

class MailOut {
 public:
  virtual ~MailOut() = default;
  // Takes the mail over, or says that there is no room for it. From any thread.
  [[nodiscard]] virtual bool send(Mail mail) = 0;
};

class Verifier {
 public:
  virtual ~Verifier() = default;
  // Blocks until there is an answer. From any thread.
  virtual WebhookAnswer ask(WebhookQuestion question, WallMs now_ms) = 0;
};

class Randomness {
 public:
  virtual ~Randomness() = default;
  // Unpredictable to everyone, also to whoever has seen all former ones (ENROLL-13). From any thread.
  virtual Result<NodeId> node_id() = 0;
  virtual PendingId pending_id() = 0;
  virtual Secret link_token() = 0;
  virtual Secret code() = 0;
  virtual Secret invitation() = 0;
};

class MailBySmtp final : public MailOut {
 public:
  explicit MailBySmtp(MailSender& sender) : sender_(sender) {}
  bool send(Mail mail) override { return sender_.send(std::move(mail)); }

 private:
  MailSender& sender_;
};

class VerifierByWebhook final : public Verifier {
 public:
  explicit VerifierByWebhook(Webhook& webhook) : webhook_(webhook) {}
  WebhookAnswer ask(WebhookQuestion question, WallMs now_ms) override;

 private:
  Webhook& webhook_;
};

// libsodium's and OpenSSL's, which are the system's.
class SystemRandomness final : public Randomness {
 public:
  Result<NodeId> node_id() override;
  PendingId pending_id() override;
  Secret link_token() override;
  Secret code() override;
  Secret invitation() override;
};

}  // namespace ringway::enrolld
