// Registrar::begin: by mail and telephone an enrolment that waits; with a proof at hand the certificate.
#include <algorithm>
#include <utility>

#include "services/enrolld/proofs/mail_texts.hpp"
#include "services/enrolld/proofs/tokens.hpp"
#include "services/enrolld/registrar/foreign_certificate.hpp"
#include "services/enrolld/registrar/parts.hpp"

namespace ringway::enrolld {
namespace {

constexpr Duration k_try_again{10'000};

Answer<Begun> begun(Answer<Delivered> delivered) {
  if (!delivered) return delivered.error();
  return Begun{std::nullopt, std::move(*delivered)};
}

}  // namespace

Answer<Begun> Registrar::begin(const BeginRequest& request, const Caller& caller, WallMs now_ms) {
  if (auto good = may_attempt(caller, now_ms); !good) return good.error();
  const auto claim = read_claim(request);
  if (!claim) return claim.error();
  switch (request.method) {
    case Method::mail:
      return begin_mail(*claim, caller, now_ms);
    case Method::telephone:
      return begin_telephone(*claim, caller, now_ms);
    case Method::invitation:
      return begun(with_invitation(*claim, request.secret.reveal(), caller, now_ms));
    case Method::password:
      return begun(with_password(*claim, request.secret, caller, now_ms));
    case Method::certificate:
      return begun(with_certificate(*claim, caller, now_ms));
  }
  return refused(Event::method_closed, Refusal::closed, "this overlay does not enrol this way");
}

Pending Registrar::pending_of(const Claim& claim, const Caller& caller, WallMs now_ms) {
  Pending pending;
  pending.id = tools_.randomness.pending_id();
  pending.user_name = claim.user_name;
  pending.method = name_of(claim.method);
  pending.source = caller.source;
  pending.csr = claim.csr;
  pending.key = claim.key;
  pending.label = claim.label;
  pending.node_count = claim.node_count;
  pending.replace = claim.replace;
  pending.attempts_left = k_code_attempts;
  pending.begun_ms = now_ms;
  pending.expires_ms = now_ms + static_cast<WallMs>(settings_.pending_for.count());
  return pending;
}

Answer<Done> Registrar::keep(const Pending& pending) {
  const auto kept = tools_.records.begin(pending);
  if (!kept) return trouble(kept.error());
  if (*kept) return Done{};
  return refused(Event::too_many_pending, Refusal::unavailable, "too many enrolments wait; come again later",
                 k_try_again);
}

// Nobody can prove it: it must not take the room of those who can.
Refused Registrar::give_up(const Pending& pending, Event event, Refusal refusal, const char* why) {
  if (const auto dropped = tools_.records.drop_pending(pending.id); !dropped) tally_.count(Event::trouble);
  return refused(event, refusal, why, refusal == Refusal::unavailable ? k_try_again : Duration{0});
}

// Nothing here depends on whether the name is taken: only its owner shall hear that.
Answer<Begun> Registrar::begin_mail(const Claim& claim, const Caller& caller, WallMs now_ms) {
  auto to = MailAddress::read(claim.user_name);
  if (!to) return refused(Event::bad_name, Refusal::bad_request, to.error().reason);
  if (auto good = may_write_to(claim.user_name, caller, now_ms); !good) return good.error();
  Pending pending = pending_of(claim, caller, now_ms);
  const std::string id = to_hex(pending.id);
  Secret code = tools_.randomness.code();
  const Secret token = tools_.randomness.link_token();
  pending.code = digest_of_code(settings_.code_key, id, code);
  pending.link = digest_of_token(token.reveal());
  auto link = link_for(settings_.link_base_url, id, token);
  if (!link) return trouble(link.error());
  auto text =
      confirmation_mail({tools_.authority.overlay_name(), claim.user_name, std::move(*link), std::move(code),
                         static_cast<unsigned>(settings_.pending_for.count() / 60'000)});
  if (!text) return trouble(text.error());
  if (auto kept = keep(pending); !kept) return kept.error();
  // The tag is for the operator's log: it proves nothing.
  if (!tools_.mail->send({id, std::move(*to), std::move(*text), now_ms, settings_.pending_for}))
    return give_up(pending, Event::mail_queue_full, Refusal::unavailable,
                   "too many mails wait; come again later");
  tally_.count(Event::begun);
  return Begun{Waiting{id, "open the link in the mail to " + claim.user_name + ", or type the code in it",
                       pending.expires_ms},
               std::nullopt};
}

Answer<Begun> Registrar::begin_telephone(const Claim& claim, const Caller& caller, WallMs now_ms) {
  if (auto good = may_write_to(claim.user_name, caller, now_ms); !good) return good.error();
  const Pending pending = pending_of(claim, caller, now_ms);
  if (auto kept = keep(pending); !kept) return kept.error();
  const std::string id = to_hex(pending.id);
  const std::string number = "tel:" + claim.user_name.substr(0, claim.user_name.find('@'));
  const auto answer = tools_.verifier->ask(
      {WebhookQuestion::Action::begin, id, tools_.authority.overlay_name(), number, caller.source, Secret()},
      now_ms);
  switch (answer.verdict) {
    case WebhookAnswer::Verdict::started:
      tally_.count(Event::begun);
      return Begun{Waiting{id, "type the code that comes to " + number, pending.expires_ms}, std::nullopt};
    case WebhookAnswer::Verdict::refused:
      return give_up(pending, Event::verifier_refused, Refusal::name_not_available,
                     "this number cannot be verified here");
    case WebhookAnswer::Verdict::busy:
      return give_up(pending, Event::verifier_busy, Refusal::unavailable,
                     "the verifier is busy; come again later");
    default:
      return give_up(pending, Event::verifier_unavailable, Refusal::unavailable,
                     "the verifier cannot be reached; come again later");
  }
}

// A name that can be proved belongs to who proves it, and an operator's to the operator.
bool Registrar::may_be_anybodys(const std::string& user_name) const {
  const auto is_this = [&](const std::string& one) { return folded(one) == folded(user_name); };
  return !names_are_proved() &&
         std::none_of(settings_.operator_names.begin(), settings_.operator_names.end(), is_this);
}

// Of an invitation that is unknown, used up, ended, or somebody else's a claimant hears the same.
Answer<Delivered> Registrar::with_invitation(const Claim& claim, std::string_view typed, const Caller& caller,
                                             WallMs now_ms) {
  const auto invitation = read_invitation(typed);
  if (!invitation) return refused(Event::bad_invitation, Refusal::wrong_proof, k_not_good);
  const Proven proven{claim.user_name,
                      claim.public_key,
                      claim.key,
                      claim.label,
                      claim.node_count,
                      claim.replace,
                      InvitationProof{digest_of_invitation(*invitation)}};
  const auto known = tools_.records.find_invitation(digest_of_invitation(*invitation));
  if (!known) return trouble(known.error());
  if (*known && !(*known)->user_name && !may_be_anybodys(claim.user_name))
    return refused(Event::open_invitation, Refusal::name_not_available,
                   "this name takes an invitation for it, or another proof");
  const bool fits = *known && (*known)->user_name.value_or(claim.user_name) == claim.user_name;
  if (fits) return certify(proven, caller, now_ms);
  // Uses up nothing of what the name may have; the records refuse.
  return answer_of(enrol(proven, caller, now_ms));
}

Answer<Delivered> Registrar::with_password(const Claim& claim, const Secret& password, const Caller& caller,
                                           WallMs now_ms) {
  auto allowed = within(settings_.limits.passwords_of_name, Event::limit_passwords_of_name,
                        folded(claim.user_name), now_ms);
  if (!allowed) return allowed.error();
  const auto stored = tools_.records.find_password(claim.user_name);
  if (!stored) return trouble(stored.error());
  const auto check = tools_.passwords->check(password, *stored);
  if (check.verdict == PasswordCheck::Verdict::busy)
    return refused(Event::password_busy, Refusal::unavailable, "the server is busy; come again later",
                   k_try_again);
  if (check.verdict == PasswordCheck::Verdict::failed) return trouble({check.reason, 0});
  if (check.verdict != PasswordCheck::Verdict::right)
    return refused(Event::wrong_password, Refusal::wrong_proof, k_not_good);
  std::string hash = stored->value_or("");
  if (!check.upgraded.empty()) {
    const auto kept = tools_.records.upgrade_password(claim.user_name, hash, check.upgraded);
    // Another one's upgrade, or another password: the hash is none to enrol with any more.
    if (kept && !*kept)
      return refused(Event::password_busy, Refusal::unavailable, "the server is busy; come again later",
                     k_try_again);
    // Not this claimant's trouble when it fails: the old hash goes on working.
    if (!kept) tally_.count(Event::trouble);
    if (kept) hash = check.upgraded;
  }
  return certify({claim.user_name, claim.public_key, claim.key, claim.label, claim.node_count, claim.replace,
                  PasswordProof{std::move(hash)}},
                 caller, now_ms);
}

Answer<Delivered> Registrar::with_certificate(const Claim& claim, const Caller& caller, WallMs now_ms) {
  const auto names = names_vouched_for(caller.certificates, settings_.foreign_roots_der, now_ms);
  if (!names) {
    auto answer = refused(Event::certificate_not_trusted, Refusal::wrong_proof, k_not_good);
    answer.detail += ": " + names.error().reason;
    return answer;
  }
  for (const std::string& name : *names) {
    if (services::normal_user_name(name) != claim.user_name) continue;
    return certify({claim.user_name, claim.public_key, claim.key, claim.label, claim.node_count,
                    claim.replace, OwnerProof{}},
                   caller, now_ms);
  }
  return refused(Event::certificate_of_another, Refusal::wrong_proof, k_not_good);
}

}  // namespace ringway::enrolld
