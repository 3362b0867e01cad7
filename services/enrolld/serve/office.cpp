#include "services/enrolld/serve/office.hpp"

#include <chrono>
#include <cmath>
#include <utility>

#include "services/enrolld/authority/names.hpp"
#include "services/enrolld/folder/files.hpp"
#include "services/enrolld/issue/served_mark.hpp"
#include "services/enrolld/serve/certificates.hpp"
#include "services/enrolld/serve/code_key.hpp"
#include "services/enrolld/serve/web.hpp"

namespace ringway::enrolld {
namespace {

const char* name_of_event(MailReport::Event event) {
  switch (event) {
    case MailReport::Event::sent:
      return "mail sent";
    case MailReport::Event::refused:
      return "mail refused";
    case MailReport::Event::will_retry:
      return "mail will be tried again";
    case MailReport::Event::gave_up:
      return "mail given up";
    case MailReport::Event::dropped:
      break;
  }
  return "mail dropped";
}

}  // namespace

Result<std::unique_ptr<Office>> Office::open(const ServeSettings& settings, services::EventLog& log,
                                             bool& usage) {
  std::unique_ptr<Office> office(new Office(settings, log));
  usage = true;
  if (auto done = office->open_authority(); !done) return done.error();
  if (auto done = make_directory(settings.state); !done) return done.error();
  if (auto done = office->open_proofs(); !done) return done.error();
  usage = false;
  if (auto done = office->open_records(); !done) return done.error();
  usage = true;
  if (auto done = office->make_registrar(); !done) return done.error();
  return office;
}

Outcome<> Office::open_authority() {
  auto folder = open_folder(settings_.directory, settings_.keys);
  if (!folder) return folder.error();
  folder_.emplace(std::move(*folder));
  public_url_ =
      settings_.public_url.empty() ? "https://" + folder_->authority.overlay_name() : settings_.public_url;
  folder_->authority.set_issuer_url(public_url_ + k_issuer_path);
  return Done{};
}

Outcome<> Office::open_proofs() {
  if (settings_.methods.contains(Method::password)) {
    auto passwords = Passwords::make();
    if (!passwords) return passwords.error();
    passwords_.emplace(std::move(*passwords));
  }
  if (settings_.methods.contains(Method::mail))
    if (auto done = open_mail(); !done) return done;
  if (settings_.methods.contains(Method::telephone))
    if (auto done = open_webhook(); !done) return done;
  return Done{};
}

Outcome<> Office::open_mail() {
  const auto place = read_smtp_url(settings_.smtp);
  if (!place) return Failure{"--smtp cannot be read"};
  SmtpServer server;
  server.host = place->host;
  server.port = place->port;
  server.tls = place->tls;
  server.ca_file = settings_.smtp_ca_file;
  server.from_address = settings_.mail_from;
  server.from_name = settings_.mail_from_name;
  if (!settings_.smtp_user.empty()) {
    auto password = find_secret(settings_.smtp_password);
    if (!password) return password.error();
    server.login.emplace(SmtpLogin{settings_.smtp_user, std::move(*password)});
  }
  auto sender = MailSender::start(std::move(server), {}, [this](const MailReport& told) { report(told); });
  if (!sender) return sender.error();
  sender_ = std::move(*sender);
  mail_ = std::make_unique<MailBySmtp>(*sender_);
  return Done{};
}

Outcome<> Office::open_webhook() {
  WebhookSettings webhook;
  webhook.url = settings_.webhook;
  webhook.ca_file = settings_.webhook_ca_file;
  auto key = find_secret(settings_.webhook_secret);
  if (!key) return key.error();
  webhook.key = std::move(*key);
  auto started = Webhook::start(std::move(webhook));
  if (!started) return started.error();
  webhook_ = std::move(*started);
  verifier_ = std::make_unique<VerifierByWebhook>(*webhook_);
  return Done{};
}

Outcome<> Office::open_records() {
  RecordsOptions options;
  options.database = settings_.database_or_file();
  options.connections = settings_.database_connections;
  auto records = Records::open(options);
  if (!records) return records.error();
  records_ = std::move(*records);
  return Done{};
}

void Office::mark_folder() {
  const std::string database = settings_.database_or_file();
  const auto marked = write_served_mark(settings_.directory, database);
  if (marked && marked->size() > 1)
    log_.warn(
        "", "names of this folder are given by more than one set of records",
        {{"served_now", marked_as(database)},
         {"all", *marked},
         {"advice",
          "ringway-enrolld issue issues nothing: take those that hold no names out of served.json in the "
          "folder, or start the server with the right database"}});
  if (!marked)
    log_.warn("", "the folder does not say which records this server keeps",
              {{"why", marked.error().reason},
               {"advice", "ringway-enrolld issue could give a name twice: give it --database"}});
}

Result<Secret> Office::code_key() {
  const bool given = !settings_.code_key_file.empty();
  auto loaded = load_code_key(given ? settings_.code_key_file : settings_.state + "/code.key", !given);
  if (!loaded) return loaded.error();
  if (loaded->made && !settings_.database.empty())
    log_.warn("", "a key of the codes was made",
              {{"file", settings_.state + "/code.key"},
               {"advice", "all servers of one database need the same: copy it to the others"}});
  return std::move(loaded->key);
}

Result<std::vector<SharedBytes>> Office::foreign_roots() const {
  std::vector<SharedBytes> out;
  for (const std::string& path : settings_.foreign_roots) {
    const auto pem = read_file(path);
    if (!pem) return pem.error();
    const auto found = certificates_in(*pem);
    if (found.empty()) return Failure{"--foreign-root: " + path + " holds no certificate in PEM"};
    out.insert(out.end(), found.begin(), found.end());
  }
  return out;
}

Outcome<> Office::make_registrar() {
  Settings settings;
  settings.methods = settings_.methods;
  settings.link_base_url = public_url_ + k_confirm_path;
  auto key = code_key();
  if (!key) return key.error();
  settings.code_key = std::move(*key);
  auto roots = foreign_roots();
  if (!roots) return roots.error();
  settings.foreign_roots_der = std::move(*roots);
  settings.reserved_names = folder_->names;
  settings.reserved_names.insert(services::enrollment_server_name(folder_->authority.overlay_name()));
  settings.operator_names = settings_.operator_names;
  settings.pending_for = std::chrono::minutes{settings_.proof_minutes};
  settings.certificate_for = Duration{std::llround(settings_.certificate_days * 86'400'000)};
  settings.document_signer = folder_->document_signer;
  settings.gather_for = std::chrono::seconds{settings_.gather_seconds};
  settings.limits = settings_.limits;
  const Tools tools{*records_,   folder_->authority, randomness_, passwords_ ? &*passwords_ : nullptr,
                    mail_.get(), verifier_.get()};
  auto made = Registrar::make(std::move(settings), tools);
  if (!made) return made.error();
  registrar_ = std::move(*made);
  return Done{};
}

void Office::report(const MailReport& told) {
  const services::EventLog::Fields fields{
      {"enrolment", told.tag}, {"attempts", told.attempts}, {"reply", told.reply_code}, {"why", told.reason}};
  if (told.event == MailReport::Event::sent)
    log_.info("", name_of_event(told.event), fields);
  else
    log_.warn("", name_of_event(told.event), fields);
}

void Office::measure(Measures& out) const {
  if (sender_) {
    const MailStatistics mail = sender_->statistics();
    out.gauges.push_back({"mails_waiting", mail.queued});
    for (const Measure& one : std::initializer_list<Measure>{{"mails_accepted", mail.accepted},
                                                             {"mails_sent", mail.sent},
                                                             {"mails_refused", mail.refused},
                                                             {"mails_tried_again", mail.retries},
                                                             {"mails_given_up", mail.gave_up},
                                                             {"mails_dropped", mail.dropped}})
      out.counters.push_back(one);
  }
  if (!webhook_) return;
  const WebhookStatistics asked = webhook_->statistics();
  out.gauges.push_back({"questions_open", asked.open});
  for (const Measure& one : std::initializer_list<Measure>{{"questions_asked", asked.asked},
                                                           {"questions_positive", asked.positive},
                                                           {"questions_negative", asked.negative},
                                                           {"questions_busy", asked.busy},
                                                           {"questions_unavailable", asked.unavailable}})
    out.counters.push_back(one);
}

}  // namespace ringway::enrolld
