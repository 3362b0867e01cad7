#include "services/enroll_client/enrol_user.hpp"

#include <strings.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <utility>

#include "reload/config/utc_time.hpp"
#include "services/enroll_client/configuration.hpp"
#include "services/enroll_client/credentials_folder.hpp"
#include "services/enroll_client/enrollment_client.hpp"
#include "services/enroll_client/enrolment.hpp"
#include "services/enroll_client/issued.hpp"
#include "services/enroll_client/proof_choice.hpp"
#include "services/enroll_client/signing_request.hpp"
#include "services/enrolld/authority/names.hpp"

namespace ringway::services {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using Why = NotEnrolled::Why;
using Kind = CallFailure::Kind;
template <typename T>
using Step = Result<T, NotEnrolled>;

constexpr milliseconds k_longest_look{15'000};

NotEnrolled failed(const Failure& failure) { return {Why::failed, failure.reason}; }

NotEnrolled stopped_by(const CallFailure& failure) {
  switch (failure.kind) {
    case Kind::wrong_request:
      return {Why::wrong_request, failure.reason};
    case Kind::unreachable:
      return {Why::unreachable, failure.reason};
    default:
      break;
  }
  std::string reason = failure.reason;
  if (failure.retry_after.count() > 0)
    reason += " (again in " + std::to_string((failure.retry_after.count() + 999) / 1000) + " s)";
  return {Why::refused, std::move(reason)};
}

// "https://example.org" is enough.
std::string with_well_known_path(const std::string& url) {
  const auto scheme = url.find("://");
  if (scheme == std::string::npos) return url;
  const auto path = url.find('/', scheme + 3);
  if (path != std::string::npos && path + 1 < url.size()) return url;
  return url.substr(0, path) + "/.well-known/reload-config";
}

// The name that the certificate for `user` must hold.
std::string expected_name(const std::string& user, const std::string& overlay_name) {
  if (user.starts_with("tel:")) return normal_user_name(user.substr(4) + "@" + overlay_name);
  return normal_user_name(user);
}

class Journey {
 public:
  Journey(const EnrolWish& wish, Person& person, const Clock& clock, CredentialsFolder folder)
      : wish_(wish), person_(person), clock_(clock), folder_(std::move(folder)) {}

  Step<EnrolledUser> travel();

 private:
  Step<Done> find_overlay();
  Step<Done> take_up_or_begin_anew();
  Step<enrolld::Secret> key_to_certify();
  Step<Done> set_out();
  Step<EnrolledCertificate> certified();
  Step<EnrolledCertificate> by_form();
  Step<EnrolledCertificate> by_grpc();
  Step<HandedOut> begin(const EnrollmentClient& client);
  Step<HandedOut> wait_for_proof(const EnrollmentClient& client, bool taken_up);
  void tell_to_wait();
  // Nothing: not yet.
  Step<std::optional<HandedOut>> look(const EnrollmentClient& client, const enrolld::Secret& code);
  Step<EnrolledCertificate> checked(HandedOut handed_out);
  Step<EnrolledUser> store(const EnrolledCertificate& issued);
  Step<Done> keep();
  void forget_what_is_over();
  NotEnrolled refused_at_once(const CallFailure& failure);
  NotEnrolled not_yet(Why why) const;

  const EnrolWish& wish_;
  Person& person_;
  const Clock& clock_;
  CredentialsFolder folder_;
  FoundConfiguration found_;
  security::TrustPtr trust_;
  std::optional<EnrollmentOffer> offer_;  // none: the server is no Ringway's
  PendingEnrolment pending_;
  Bytes csr_der_;
  bool keeps_key_ = false;             // of the credentials before
  bool key_may_be_certified_ = false;  // although no certificate is here
  milliseconds next_look_{0};
  std::string told_;  // the last trouble
};

Step<EnrolledUser> Journey::travel() {
  if (folder_.has_credentials() && !wish_.force)
    return NotEnrolled{Why::enrolled_already,
                       folder_.path() +
                           " holds credentials already: take another folder (--out), or "
                           "replace them (--force)"};
  if (auto found = find_overlay(); !found) return found.error();
  if (auto ready = take_up_or_begin_anew(); !ready) return ready.error();
  const auto issued = certified();
  if (!issued) {
    forget_what_is_over();
    return issued.error();
  }
  return store(*issued);
}

// Of an enrolment that the server has refused nothing is left. A key that has waited for a proof stays: the
// link may have been followed, and its Node-ID counts.
void Journey::forget_what_is_over() {
  if (key_may_be_certified_) return;
  if (auto gone = folder_.forget_pending(); !gone) person_.tell(gone.error().reason);
}

Step<Done> Journey::find_overlay() {
  ConfigurationSource source{wish_.overlay_name, with_well_known_path(wish_.configuration_url)};
  if (source.url.empty() && source.overlay_name.empty()) {
    const auto at = wish_.user.rfind('@');
    if (at == std::string::npos)
      return NotEnrolled{Why::wrong_request, "say which overlay: --config-url or --overlay"};
    source.overlay_name = normal_user_name(wish_.user).substr(at + 1);
  }
  auto found = find_configuration(wish_.https, wish_.dns, source, clock_());
  if (!found) return NotEnrolled{Why::unreachable, found.error().reason};
  found_ = std::move(*found);
  auto trust = security::Trust::make(found_.document->trust_settings());
  if (!trust) return failed(trust.error());
  trust_ = std::move(*trust);
  auto offer = fetch_offer(wish_.https, found_.server);
  if (!offer) return NotEnrolled{Why::unreachable, offer.error().reason};
  offer_ = std::move(*offer);
  const std::string& name = found_.document->instance_name;
  if (offer_ && offer_->overlay_name != name)
    return NotEnrolled{Why::failed,
                       "the server has the document of " + name + " but enrols for " + offer_->overlay_name};
  if (!offer_ && found_.document->enrollment_servers.empty())
    return NotEnrolled{Why::refused, "nobody enrols for " + name + " there"};
  person_.tell("overlay " + name + ", configuration " + std::to_string(found_.document->sequence));
  return Done{};
}

// That of the folder's credentials, if they are this user's: with the same key the node keeps its Node-ID
// (RFC 6940 §11.3), also when its certificate has ended meanwhile.
Step<enrolld::Secret> Journey::key_to_certify() {
  auto present = wish_.new_key ? std::nullopt : folder_.credentials();
  if (present) {
    const auto& certificate = *present->certificate;
    const std::string& overlay = found_.document->instance_name;
    const auto& nodes = certificate.node_ids();
    // Who wants this very node shut out has lost its key.
    const bool given_up = std::any_of(nodes.begin(), nodes.end(), [&](const NodeId& node) {
      return strcasecmp(node.hex().c_str(), wish_.replace_node.c_str()) == 0;
    });
    if (!given_up && certificate.overlay_name() == overlay &&
        normal_user_name(certificate.user_name()) == expected_name(wish_.user, overlay)) {
      person_.tell("node " + nodes.front().hex() + " keeps its key");
      keeps_key_ = true;
      return std::move(present->private_key_pem);
    }
  }
  auto made = make_node_key();
  if (!made) return failed(made.error());
  return std::move(*made);
}

// The key of an enrolment that was cut short is used again: should the server have certified it, it has its
// Node-ID already (RFC 6940 §11.3).
Step<Done> Journey::take_up_or_begin_anew() {
  auto pending = folder_.pending();
  if (!pending && !wish_.force) return failed(pending.error());
  const std::string& overlay = found_.document->instance_name;
  const bool there = pending && pending->has_value();
  const bool same = there && (*pending)->user == wish_.user && (*pending)->overlay == overlay;
  if (there && !same && !wish_.force)
    return NotEnrolled{Why::wrong_request,
                       "an enrolment of " + (*pending)->user + " in " + (*pending)->overlay + " waits in " +
                           folder_.path() +
                           ": go on with that one, take another folder (--out), or give it "
                           "up (--force)"};
  if (same && !wish_.new_key) {
    pending_ = std::move(**pending);
    key_may_be_certified_ = true;
    const bool other_way = wish_.proof && pending_.proof != name_of(*wish_.proof);
    if (wish_.force || other_way || pending_.expires_ms <= clock_()) pending_.enrolment.clear();
  } else {
    auto key = key_to_certify();
    if (!key) return key.error();
    pending_.private_key_pem = std::move(*key);
  }
  pending_.user = wish_.user;
  pending_.overlay = overlay;
  return set_out();
}

Step<Done> Journey::set_out() {
  auto csr = write_signing_request(pending_.private_key_pem.reveal());
  if (!csr) return failed(csr.error());
  csr_der_ = std::move(*csr);
  return keep();
}

Step<Done> Journey::keep() {
  if (auto kept = folder_.keep(pending_); !kept) return failed(kept.error());
  return Done{};
}

Step<EnrolledCertificate> Journey::certified() {
  auto issued = offer_ ? by_grpc() : by_form();
  if (!issued) return issued.error();
  const std::string& name = issued->certificate->user_name();
  const std::string expected = expected_name(wish_.user, found_.document->instance_name);
  if (normal_user_name(name) != expected)
    return NotEnrolled{Why::failed, "the server's certificate is for " + name + ", not for " + expected};
  return issued;
}

// RFC 6940 §11.3, whose only proof is a password.
Step<EnrolledCertificate> Journey::by_form() {
  if (wish_.proof.value_or(Proof::password) != Proof::password)
    return NotEnrolled{Why::wrong_request, "this server takes a password only (RFC 6940)"};
  Enrolment enrolment;
  enrolment.url = found_.document->enrollment_servers.front();
  enrolment.user_name = wish_.user;
  enrolment.csr_der = csr_der_;
  const auto password = person_.secret(Proof::password);
  if (!password) return NotEnrolled{Why::wrong_request, password.error().reason};
  enrolment.password = std::string(password->reveal());
  auto enrolled = enrol(wish_.https, enrolment, *trust_, clock_());
  enrolld::wipe(*enrolment.password);
  if (enrolled) return *std::move(enrolled);
  key_may_be_certified_ = key_may_be_certified_ || !enrolled.error().verdict;
  return NotEnrolled{enrolled.error().verdict ? Why::refused : Why::unreachable, enrolled.error().reason};
}

Step<EnrolledCertificate> Journey::by_grpc() {
  const EnrollmentEndpoint endpoint{offer_->grpc, wish_.https.ca_file, wish_.https.client_key_pem,
                                    wish_.https.client_certificates_pem};
  const auto client = EnrollmentClient::open(endpoint, wish_.https.timeout);
  if (!client) return failed(client.error());
  // Before it is told a secret.
  const auto described = client->describe();
  if (!described) return stopped_by(described.error());
  if (described->overlay_name != offer_->overlay_name)
    return NotEnrolled{Why::failed, offer_->grpc + " enrols for " + described->overlay_name + ", not for " +
                                        offer_->overlay_name};
  auto handed_out = pending_.enrolment.empty() ? begin(*client) : wait_for_proof(*client, true);
  if (!handed_out) return handed_out.error();
  return checked(std::move(*handed_out));
}

Step<HandedOut> Journey::begin(const EnrollmentClient& client) {
  const auto proof = choose_proof(wish_, offer_->proofs, person_);
  if (!proof) return NotEnrolled{Why::wrong_request, proof.error().reason};
  BeginAsked asked;
  asked.user = wish_.user;
  asked.proof = *proof;
  asked.csr_der = csr_der_;
  asked.label = wish_.label;
  asked.replace_node = wish_.replace_node;
  if (*proof == Proof::invitation || *proof == Proof::password) {
    auto secret = person_.secret(*proof);
    if (!secret) return NotEnrolled{Why::wrong_request, secret.error().reason};
    asked.secret = std::move(*secret);
  }
  auto answer = client.begin(asked);
  if (!answer) return refused_at_once(answer.error());
  key_may_be_certified_ = true;
  if (answer->handed_out) return *std::move(answer->handed_out);
  pending_.proof = name_of(*proof);
  pending_.grpc = offer_->grpc;
  pending_.enrolment = answer->waits->enrolment;
  pending_.instruction = answer->waits->instruction;
  pending_.expires_ms = answer->waits->expires_ms;
  if (auto kept = keep(); !kept) return kept.error();
  return wait_for_proof(client, false);
}

NotEnrolled Journey::refused_at_once(const CallFailure& failure) {
  key_may_be_certified_ = key_may_be_certified_ || !failure.decided;
  NotEnrolled out = stopped_by(failure);
  // A renewal whose answer got lost has put another key in its place; the certificate has ended since.
  if (keeps_key_ && failure.kind == Kind::wrong_request)
    out.reason += "; with --force --new-key it is another key, and so another Node-ID";
  return out;
}

NotEnrolled Journey::not_yet(Why why) const {
  return {why, "not proved yet: " + pending_.instruction + "; the same command goes on from here"};
}

void Journey::tell_to_wait() {
  person_.tell("now: " + pending_.instruction);
  person_.tell("waiting until " + config::write_utc(pending_.expires_ms) +
               "; Ctrl-C stops, and the same command goes on from here");
}

// `taken_up`: begun by an earlier call, so that a code may be at hand.
Step<HandedOut> Journey::wait_for_proof(const EnrollmentClient& client, bool taken_up) {
  tell_to_wait();
  const auto begun = steady_clock::now();
  enrolld::Secret code;
  if (taken_up && person_.has_code()) {
    auto given = person_.code();
    if (!given) return NotEnrolled{Why::wrong_request, given.error().reason};
    code = std::move(*given);
  }
  next_look_ = wish_.first_look;
  for (;;) {
    auto answer = look(client, code);
    if (!answer) return answer.error();
    if (*answer) return std::move(**answer);
    const auto waited = std::chrono::duration_cast<milliseconds>(steady_clock::now() - begun);
    if (wish_.patience && waited >= *wish_.patience) return not_yet(Why::waiting);
    // A look for each fifth of the time that has gone by: the server counts them.
    const auto wait = std::max({next_look_, std::min(waited / 5, k_longest_look)});
    next_look_ = wish_.first_look;
    auto typed = person_.listen(wish_.patience ? std::min(wait, *wish_.patience - waited) : wait);
    if (person_.wants_to_stop()) return not_yet(Why::stopped);
    code = typed ? std::move(*typed) : enrolld::Secret();
  }
}

Step<std::optional<HandedOut>> Journey::look(const EnrollmentClient& client, const enrolld::Secret& code) {
  auto answer = client.confirm(pending_.enrolment, code);
  if (answer) return std::optional<HandedOut>(*std::move(answer));
  const CallFailure& failure = answer.error();
  switch (failure.kind) {
    case Kind::not_proved_yet:
      return std::optional<HandedOut>();
    case Kind::wrong_proof:
      person_.tell("this is not the code: " + failure.reason);
      return std::optional<HandedOut>();
    case Kind::busy:
    case Kind::unreachable:
      if (failure.reason != told_) person_.tell(failure.reason + "; trying again");
      told_ = failure.reason;
      next_look_ = std::max(wish_.first_look, failure.retry_after);
      return std::optional<HandedOut>();
    default:
      break;
  }
  // The next call begins anew, with the same key.
  pending_.enrolment.clear();
  if (auto kept = keep(); !kept) return kept.error();
  return stopped_by(failure);
}

// The server's document may be newer than the one that was fetched before the proof came.
Step<EnrolledCertificate> Journey::checked(HandedOut handed_out) {
  const auto now_ms = clock_();
  const auto& name = found_.document->instance_name;
  if (handed_out.configuration.size() > 0) {
    auto next = config::parse_configuration(handed_out.configuration, name);
    if (next && config::check_successor(*found_.document, **next, *trust_, now_ms)) {
      auto trust = security::Trust::make((*next)->trust_settings());
      if (!trust) return failed(trust.error());
      found_.document = std::move(*next);
      trust_ = std::move(*trust);
    }
  }
  auto issued = check_issued(csr_der_, std::move(handed_out.chain_der), *trust_, now_ms);
  if (!issued) return failed(issued.error());
  return *std::move(issued);
}

Step<EnrolledUser> Journey::store(const EnrolledCertificate& issued) {
  nlohmann::ordered_json source{{"configuration_url", found_.server.url}};
  if (wish_.configuration_url.empty()) source["found_by_name"] = true;
  if (offer_) source["grpc"] = offer_->grpc;
  if (!wish_.https.ca_file.empty())
    source["ca_file"] = std::filesystem::absolute(wish_.https.ca_file).lexically_normal().string();
  const CredentialTexts texts{issued.pem(), std::string(text_of(found_.document->document)),
                              source.dump(2) + "\n"};
  if (auto finished = folder_.finish(texts); !finished) return failed(finished.error());
  const auto& certificate = *issued.certificate;
  return EnrolledUser{certificate.user_name(), certificate.overlay_name(), certificate.node_ids(),
                      certificate.not_after_ms(), found_.document->bootstrap_nodes};
}

}  // namespace

Result<EnrolledUser, NotEnrolled> enrol_user(const EnrolWish& wish, Person& person, const Clock& clock) {
  auto folder = CredentialsFolder::open(wish.folder);
  if (!folder) return failed(folder.error());
  return Journey(wish, person, clock, std::move(*folder)).travel();
}

}  // namespace ringway::services
