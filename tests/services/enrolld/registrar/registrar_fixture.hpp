// An enrollment server without a network: an authority of two levels, records in a file, mail that is read
// here.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "services/enrolld/registrar/registrar.hpp"
#include "tests/services/api/temporary_folder.hpp"
#include "tests/support/test_authority.hpp"

namespace ringway::enrolld {

inline constexpr const char* k_overlay = "overlay.example.org";
inline constexpr WallMs k_now_ms = test::k_now_ms;
inline constexpr WallMs k_hour_ms = 3'600'000;
inline constexpr WallMs k_day_ms = 24 * k_hour_ms;

// What a signing request asks for besides its key.
struct Wishes {
  std::string names;  // as OpenSSL writes alternative names: "email:bob@example.org,URI:..."
  bool authority = false;
};
Bytes signing_request(const services::Key& key, const Wishes& wishes = {});

struct ReadMail {
  std::string enrolment;
  std::string to;
  std::string token;  // of the link
  std::string code;
};

class FakeMail final : public MailOut {
 public:
  bool send(Mail mail) override;
  std::size_t count() const;
  ReadMail last_to(const std::string& address) const;  // throws when there is none
  ReadMail of(const std::string& enrolment) const;
  void set_full(bool full) { full_ = full; }
  ReadMail refused() const { return refused_.at(0); }  // the first one while it was full

 private:
  mutable std::mutex mutex_;
  std::vector<ReadMail> mails_;
  std::vector<ReadMail> refused_;
  bool full_ = false;
};

class FakeVerifier final : public Verifier {
 public:
  WebhookAnswer ask(WebhookQuestion question, WallMs now_ms) override;
  WebhookAnswer::Verdict to_begin = WebhookAnswer::Verdict::started;
  std::string right_code = "4711";
  std::vector<std::string> identities;
  std::string asked_about;  // the last pending enrolment
};

// The system's, but that the next Node-IDs may be given, and draws are counted.
class CountedRandomness final : public Randomness {
 public:
  Result<NodeId> node_id() override;
  PendingId pending_id() override { return system_.pending_id(); }
  Secret link_token() override { return system_.link_token(); }
  Secret code() override { return system_.code(); }
  Secret invitation() override { return system_.invitation(); }

  std::deque<NodeId> next;
  unsigned draws = 0;
  std::function<void()> before_draw;  // happens between a proof and the enrolment

 private:
  std::mutex mutex_;
  SystemRandomness system_;
};

class RegistrarTest : public testing::Test {
 protected:
  RegistrarTest();

  std::unique_ptr<Records> open_records() const;
  Settings settings() const;
  std::unique_ptr<Registrar> make_registrar(Records& records, Settings settings);
  // Made with `limits_` when it is first asked for, and with a document published.
  Registrar& registrar();
  Records& records() { return *records_; }

  BeginRequest by_mail(const std::string& user, const services::Key& key, const Wishes& wishes = {}) const;
  // The whole way by mail.
  Answer<Delivered> enrol(const std::string& user, const services::Key& key, WallMs now_ms = k_now_ms,
                          std::optional<NodeId> replace = std::nullopt);
  security::CertificatePtr certificate_of(const Delivered& delivered) const;
  config::ConfigurationPtr newest() const;
  // The newest document with changes, as an operator makes one in the folder.
  Bytes made_elsewhere(std::uint16_t sequence,
                       const std::function<void(config::Configuration&)>& change = {}) const;
  Caller with_certificate(const Delivered& delivered) const;
  static Caller from(const std::string& source) { return {source, {}}; }

  const services::TemporaryFolder folder_;
  const services::Issuer root_;
  const services::Authority authority_;
  const test::SignerPtr signer_;
  Passwords passwords_;
  FakeMail mail_;
  FakeVerifier verifier_;
  CountedRandomness randomness_;
  Limits limits_;
  std::uint32_t max_message_size_bytes_ = 65'536;
  std::vector<SharedBytes> foreign_roots_der_;
  const Caller caller_{"192.0.2.1", {}};

 private:
  std::unique_ptr<Records> records_;
  std::unique_ptr<Registrar> registrar_;
};

}  // namespace ringway::enrolld
