// Registrar::confirm and its kin: the proof comes back. And renewal, whose proof is the certificate itself.
#include <algorithm>

#include "reload/security/trust.hpp"
#include "services/enrolld/proofs/tokens.hpp"
#include "services/enrolld/registrar/parts.hpp"

namespace ringway::enrolld {
namespace {

constexpr Duration k_try_again{10'000};
constexpr const char* k_gone = "there is no such enrolment, or not any more: begin again";

bool has_expired(const Pending& pending, WallMs now_ms) { return pending.expires_ms <= now_ms; }

}  // namespace

Answer<PendingState> Registrar::find_enrolment(std::string_view enrolment, PendingId& id) {
  Bytes bytes;
  if (enrolment.size() != 2 * id.size() || !from_hex(enrolment, bytes))
    return refused(Event::no_such_enrolment, Refusal::gone, k_gone);
  std::copy(bytes.begin(), bytes.end(), id.begin());
  auto state = tools_.records.find_pending(id);
  if (!state) return trouble(state.error());
  if (!*state) return refused(Event::no_such_enrolment, Refusal::gone, k_gone);
  return std::move(**state);
}

Answer<Delivered> Registrar::confirm(std::string_view enrolment, std::string_view code, const Caller& caller,
                                     WallMs now_ms) {
  if (auto good = may_attempt(caller, now_ms); !good) return good.error();
  PendingId id{};
  const auto state = find_enrolment(enrolment, id);
  if (!state) return state.error();
  // Proved before: an answer that got lost is given again. A certificate is no secret.
  if (state->device) {
    if (state->device->revoked_ms) return answer_of(Enrolled{Verdict::device_revoked, std::nullopt});
    return deliver(*state->device);
  }
  const Pending& pending = state->pending;
  if (has_expired(pending, now_ms)) return refused(Event::enrolment_expired, Refusal::gone, k_gone);
  if (code.empty()) return refused(Event::not_proved_yet, Refusal::not_proved_yet, "not proved yet");
  // As it is written here: the digest of the code is bound to this text.
  const std::string text = to_hex(id);
  if (pending.method == name_of(Method::telephone))
    return confirm_telephone(pending, text, code, caller, now_ms);
  return confirm_code(pending, text, code, caller, now_ms);
}

Answer<Delivered> Registrar::confirm_code(const Pending& pending, std::string_view enrolment,
                                          std::string_view code, const Caller& caller, WallMs now_ms) {
  const auto typed = read_code(code);
  if (!typed) return refused(Event::bad_code, Refusal::wrong_proof, k_not_good);
  const Digest digest = digest_of_code(settings_.code_key, enrolment, *typed);
  const Proof proof = CodeProof{pending.id, digest};
  // A wrong code shall use up nothing of what the name may have. The records look again, and decide.
  const bool right = pending.code && pending.attempts_left > 0 && same_digest(digest, *pending.code);
  if (right) return certify_pending(pending, proof, caller, now_ms);
  const auto csr = read_signing_request(pending.csr);
  if (!csr) return trouble(csr.error());
  return answer_of(enrol({pending.user_name, csr->public_key, pending.key, pending.label, pending.node_count,
                          pending.replace, proof},
                         caller, now_ms));
}

Answer<Delivered> Registrar::confirm_telephone(const Pending& pending, std::string_view enrolment,
                                               std::string_view code, const Caller& caller, WallMs now_ms) {
  // The code is the verifier's: the attempts are counted here.
  if (auto good = within(settings_.limits.codes_by_telephone, Event::limit_codes_by_telephone,
                         std::string(enrolment), now_ms);
      !good)
    return good.error();
  if (!settings_.methods.contains(Method::telephone))
    return refused(Event::method_closed, Refusal::closed, "this overlay does not enrol by telephone");
  const std::string number = "tel:" + pending.user_name.substr(0, pending.user_name.find('@'));
  const auto answer =
      tools_.verifier->ask({WebhookQuestion::Action::check, std::string(enrolment),
                            tools_.authority.overlay_name(), number, caller.source, Secret(code)},
                           now_ms);
  switch (answer.verdict) {
    case WebhookAnswer::Verdict::verified:
      return certify_pending(pending, VouchedProof{pending.id}, caller, now_ms);
    case WebhookAnswer::Verdict::wrong_code:
      return refused(Event::wrong_telephone_code, Refusal::wrong_proof, k_not_good);
    case WebhookAnswer::Verdict::refused:
      return refused(Event::verifier_refused, Refusal::wrong_proof, k_not_good);
    case WebhookAnswer::Verdict::busy:
      return refused(Event::verifier_busy, Refusal::unavailable, "the verifier is busy; come again later",
                     k_try_again);
    default:
      return refused(Event::verifier_unavailable, Refusal::unavailable,
                     "the verifier cannot be reached; come again later", k_try_again);
  }
}

Answer<LinkTold> Registrar::look_at_link(std::string_view token, const Caller& caller, WallMs now_ms) {
  if (auto good = may_attempt(caller, now_ms); !good) return good.error();
  auto found = tools_.records.find_pending_by_link(digest_of_token(token));
  if (!found) return trouble(found.error());
  if (!*found) return refused(Event::no_such_enrolment, Refusal::gone, k_gone);
  const PendingState& state = **found;
  if (!state.device && has_expired(state.pending, now_ms))
    return refused(Event::enrolment_expired, Refusal::gone, k_gone);
  return LinkTold{tools_.authority.overlay_name(), state.pending.user_name, state.pending.label,
                  state.pending.source, state.device.has_value()};
}

Answer<Delivered> Registrar::confirm_link(std::string_view token, const Caller& caller, WallMs now_ms) {
  if (auto good = may_attempt(caller, now_ms); !good) return good.error();
  const Digest link = digest_of_token(token);
  auto found = tools_.records.find_pending_by_link(link);
  if (!found) return trouble(found.error());
  if (!*found) return refused(Event::no_such_enrolment, Refusal::gone, k_gone);
  const PendingState& state = **found;
  if (state.device) {  // a button pressed twice
    if (state.device->revoked_ms) return answer_of(Enrolled{Verdict::device_revoked, std::nullopt});
    return deliver(*state.device);
  }
  if (has_expired(state.pending, now_ms)) return refused(Event::enrolment_expired, Refusal::gone, k_gone);
  return certify_pending(state.pending, LinkProof{link}, caller, now_ms);
}

// The certificate's chain is checked for what it says, the records for whether its key is still the device's.
Answer<Delivered> Registrar::renew(BytesView csr, const Caller& caller, WallMs now_ms) {
  if (auto good = may_attempt(caller, now_ms); !good) return good.error();
  const auto request = read_signing_request(csr);
  if (!request) return refused(Event::bad_csr, Refusal::bad_csr, request.error().reason);
  const auto untrusted = [&](const std::string& why) {
    auto answer = refused(Event::certificate_not_trusted, Refusal::wrong_proof, k_not_good);
    answer.detail += ": " + why;
    return answer;
  };
  if (caller.certificates.empty()) return untrusted("the client showed no certificate");
  const auto held = security::Certificate::parse(caller.certificates.front());
  if (!held) return untrusted(held.error().reason);
  const services::Authority& authority = tools_.authority;
  const auto trust = security::Trust::make(
      {authority.overlay_name(), {services::certificate_der(authority.root())}, std::nullopt, {}});
  if (!trust) return trouble(trust.error());
  std::vector<SharedBytes> between(caller.certificates.begin() + 1, caller.certificates.end());
  between.insert(between.end(), authority.intermediates_der().begin(), authority.intermediates_der().end());
  if (auto good = (*trust)->check(**held, between, now_ms); !good) return untrusted(good.error().reason);
  const auto shut = is_shut_out(**held);
  if (!shut) return trouble(shut.error());
  if (*shut) return untrusted("the document shuts its node out");
  if (!wants_the_name(*request, (*held)->user_name()))
    return refused(Event::csr_names_another, Refusal::name_not_available,
                   "the signing request asks for another name");
  const auto& nodes = (*held)->node_ids();
  if (auto good = may_certify((*held)->user_name(), nodes.size(), caller, now_ms); !good) return good.error();
  const RenewRequest renewal{nodes.front(), digest_of_key_info((*held)->public_key_info_der()),
                             digest_of_key(*request), caller.source, now_ms};
  return answer_of(tools_.records.renew(
      renewal, [&](const Device& device) { return sign(device, request->public_key, now_ms); }));
}

}  // namespace ringway::enrolld
