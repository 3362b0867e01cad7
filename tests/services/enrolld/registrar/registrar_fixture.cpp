#include "tests/services/enrolld/registrar/registrar_fixture.hpp"

#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <stdexcept>

#include "services/enrolld/proofs/tokens.hpp"

namespace ringway::enrolld {
namespace {

constexpr services::Validity k_validity{test::k_not_before_ms, test::k_not_after_ms};

services::Authority make_authority(const services::Issuer& root) {
  auto issuing = services::make_issuing(k_overlay, root, k_validity, signing_key(test::new_key())).value();
  return services::Authority::make(k_overlay, root.certificate, std::move(issuing)).value();
}

test::SignerPtr make_signer(const services::Authority& authority) {
  const auto issued =
      authority.issue({"configuration@overlay.example.org", {test::node_id(250)}, k_validity}).value();
  return security::load_signer(issued.private_key_pem, issued.certificate_pem).value();
}

PasswordSettings cheap() {
  PasswordSettings settings;
  settings.cost = {1, 8192};
  return settings;
}

std::string line_with(std::string_view text, std::string_view begin) {
  const auto at = text.find(begin);
  if (at == std::string_view::npos) return {};
  return std::string(text.substr(at, text.find('\r', at) - at));
}

void add(STACK_OF(X509_EXTENSION) * extensions, int nid, const std::string& value) {
  if (value.empty()) return;
  X509_EXTENSION* one = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str());
  ASSERT_NE(one, nullptr) << value;
  sk_X509_EXTENSION_push(extensions, one);
}

}  // namespace

Bytes signing_request(const services::Key& key, const Wishes& wishes) {
  const std::unique_ptr<X509_REQ, decltype(&X509_REQ_free)> request(X509_REQ_new(), X509_REQ_free);
  X509_REQ_set_version(request.get(), 0);
  X509_REQ_set_pubkey(request.get(), key.get());
  STACK_OF(X509_EXTENSION)* extensions = sk_X509_EXTENSION_new_null();
  add(extensions, NID_subject_alt_name, wishes.names);
  if (wishes.authority) {
    add(extensions, NID_basic_constraints, "critical,CA:TRUE");
    add(extensions, NID_key_usage, "critical,keyCertSign");
  }
  if (sk_X509_EXTENSION_num(extensions) > 0) X509_REQ_add_extensions(request.get(), extensions);
  sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
  EXPECT_GT(X509_REQ_sign(request.get(), key.get(), EVP_sha256()), 0);
  unsigned char* der = nullptr;
  const int size = i2d_X509_REQ(request.get(), &der);
  Bytes out(der, der + size);
  OPENSSL_free(der);
  return out;
}

bool FakeMail::send(Mail mail) {
  const auto text = mail.text.plain.reveal();
  const std::string link = line_with(text, "https://enrol.example.org/");
  std::string code = line_with(text, "    ");
  std::erase(code, ' ');
  const std::lock_guard lock(mutex_);
  (full_ ? refused_ : mails_).push_back({mail.tag, mail.to.text(), link.substr(link.rfind('/') + 1), code});
  return !full_;
}

std::size_t FakeMail::count() const {
  const std::lock_guard lock(mutex_);
  return mails_.size();
}

ReadMail FakeMail::last_to(const std::string& address) const {
  const std::lock_guard lock(mutex_);
  for (auto mail = mails_.rbegin(); mail != mails_.rend(); ++mail)
    if (mail->to == address) return *mail;
  throw std::runtime_error("no mail to " + address);
}

ReadMail FakeMail::of(const std::string& enrolment) const {
  const std::lock_guard lock(mutex_);
  for (const ReadMail& mail : mails_)
    if (mail.enrolment == enrolment) return mail;
  throw std::runtime_error("no mail of " + enrolment);
}

WebhookAnswer FakeVerifier::ask(WebhookQuestion question, WallMs /*now_ms*/) {
  identities.push_back(question.identity);
  asked_about = question.request;
  if (question.action == WebhookQuestion::Action::begin) return {to_begin, ""};
  const bool right = question.code.reveal() == right_code;
  return {right ? WebhookAnswer::Verdict::verified : WebhookAnswer::Verdict::wrong_code, ""};
}

Result<NodeId> CountedRandomness::node_id() {
  if (before_draw) before_draw();
  const std::lock_guard lock(mutex_);
  ++draws;
  if (next.empty()) return system_.node_id();
  const NodeId node = next.front();
  next.pop_front();
  return node;
}

RegistrarTest::RegistrarTest()
    : root_(services::make_root(k_overlay, k_validity, signing_key(test::new_key())).value()),
      authority_(make_authority(root_)),
      signer_(make_signer(authority_)),
      passwords_(Passwords::make(cheap()).value()),
      records_(open_records()) {}

std::unique_ptr<Records> RegistrarTest::open_records() const {
  RecordsOptions options;
  options.database = folder_.file("records.sqlite");
  options.patience = std::chrono::seconds(60);
  auto opened = Records::open(options);
  if (!opened) throw std::runtime_error(opened.error().reason);
  return std::move(*opened);
}

Settings RegistrarTest::settings() const {
  Settings settings;
  settings.methods = {Method::mail, Method::invitation, Method::password, Method::telephone};
  if (!foreign_roots_der_.empty()) settings.methods.insert(Method::certificate);
  settings.link_base_url = "https://enrol.example.org/confirm";
  settings.code_key = Secret(std::string(k_code_key_bytes, 'k'));
  settings.foreign_roots_der = foreign_roots_der_;
  settings.reserved_names = {"configuration@overlay.example.org"};
  settings.certificate_for = Duration{30 * static_cast<Duration::rep>(k_day_ms)};
  settings.document_signer = signer_;
  settings.limits = limits_;
  return settings;
}

std::unique_ptr<Registrar> RegistrarTest::make_registrar(Records& records, Settings settings) {
  auto made = Registrar::make(std::move(settings),
                              {records, authority_, randomness_, &passwords_, &mail_, &verifier_});
  if (!made) throw std::runtime_error(made.error().reason);
  return std::move(*made);
}

Registrar& RegistrarTest::registrar() {
  if (registrar_) return *registrar_;
  registrar_ = make_registrar(*records_, settings());
  config::Configuration first;
  first.instance_name = k_overlay;
  first.sequence = 7;
  first.expiration_ms = test::k_not_after_ms;
  first.root_certificates_der = {services::certificate_der(authority_.root())};
  first.no_ice = true;
  first.max_message_size_bytes = max_message_size_bytes_;
  first.configuration_signers = {signer_->node_id()};
  first.kind_signers = {signer_->node_id()};
  first.bad_nodes = {test::node_id(99)};  // an operator's own
  auto bytes = config::write_document(first, *signer_, *signer_);
  if (!bytes) throw std::runtime_error(bytes.error().reason);
  const auto adopted = registrar_->adopt_document(std::move(*bytes), caller_, k_now_ms);
  if (!adopted) throw std::runtime_error(adopted.error().detail);
  return *registrar_;
}

BeginRequest RegistrarTest::by_mail(const std::string& user, const services::Key& key,
                                    const Wishes& wishes) const {
  BeginRequest request;
  request.user = user;
  request.csr = signing_request(key, wishes);
  return request;
}

Answer<Delivered> RegistrarTest::enrol(const std::string& user, const services::Key& key, WallMs now_ms,
                                       std::optional<NodeId> replace) {
  auto request = by_mail(user, key);
  request.replace = replace;
  const auto begun = registrar().begin(request, caller_, now_ms);
  if (!begun) return begun.error();
  return registrar().confirm_link(mail_.last_to(user).token, caller_, now_ms);
}

security::CertificatePtr RegistrarTest::certificate_of(const Delivered& delivered) const {
  return security::Certificate::parse(SharedBytes(delivered.chain.front())).value();
}

config::ConfigurationPtr RegistrarTest::newest() const {
  const auto document = records_->newest_document().value().value();
  return config::parse_configuration(SharedBytes(document.bytes), k_overlay).value();
}

Bytes RegistrarTest::made_elsewhere(std::uint16_t sequence,
                                    const std::function<void(config::Configuration&)>& change) const {
  config::Configuration next = *newest();
  next.sequence = sequence;
  if (change) change(next);
  return config::write_document(next, *signer_, *signer_).value();
}

Caller RegistrarTest::with_certificate(const Delivered& delivered) const {
  Caller caller = caller_;
  for (const Bytes& der : delivered.chain) caller.certificates.emplace_back(der);
  return caller;
}

}  // namespace ringway::enrolld
