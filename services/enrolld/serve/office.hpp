// The Registrar and everything it works with, made from the settings: the authority's folder, the records,
// the ways of proof.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "services/enrolld/folder/overlay_files.hpp"
#include "services/enrolld/registrar/registrar.hpp"
#include "services/enrolld/serve/desk.hpp"
#include "services/enrolld/serve/serve_settings.hpp"
#include "services/log/event_log.hpp"

namespace ringway::enrolld {

class Office {
 public:
  // Opens files and the database. `usage` is set when the settings or the folder are at fault.
  static Result<std::unique_ptr<Office>> open(const ServeSettings& settings, services::EventLog& log,
                                              bool& usage);

  Registrar& registrar() { return *registrar_; }
  Records& records() { return *records_; }
  const services::Authority& authority() const { return folder_->authority; }
  const std::string& public_url() const { return public_url_; }
  // Leaves word in the authority's folder of which records the server keeps: `ringway-enrolld issue` asks
  // them.
  void mark_folder();
  // Of the mails and the webhook.
  void measure(Measures& out) const;

 private:
  Office(const ServeSettings& settings, services::EventLog& log) : settings_(settings), log_(log) {}
  Outcome<> open_authority();
  Outcome<> open_proofs();
  Outcome<> open_mail();
  Outcome<> open_webhook();
  Outcome<> open_records();
  Result<Secret> code_key();
  Result<std::vector<SharedBytes>> foreign_roots() const;
  Outcome<> make_registrar();
  void report(const MailReport& told);

  const ServeSettings& settings_;
  services::EventLog& log_;
  std::string public_url_;
  std::optional<OpenFolder> folder_;
  std::unique_ptr<Records> records_;
  SystemRandomness randomness_;
  std::optional<Passwords> passwords_;
  std::unique_ptr<MailSender> sender_;
  std::unique_ptr<MailBySmtp> mail_;
  std::unique_ptr<Webhook> webhook_;
  std::unique_ptr<VerifierByWebhook> verifier_;
  std::unique_ptr<Registrar> registrar_;
};

}  // namespace ringway::enrolld
