#include "services/enrolld/registrar/registrar.hpp"

#include "services/enrolld/proofs/tokens.hpp"
#include "services/enrolld/registrar/parts.hpp"

namespace ringway::enrolld {
namespace {

Outcome<> check_methods(const Settings& settings, const Tools& tools) {
  const auto offers = [&](Method method) { return settings.methods.contains(method); };
  if (offers(Method::password) && tools.passwords == nullptr)
    return Failure{"password enrolment needs a checker of passwords"};
  if (offers(Method::telephone) && tools.verifier == nullptr)
    return Failure{"telephone enrolment needs a verifier"};
  if (offers(Method::certificate) && settings.foreign_roots_der.empty())
    return Failure{"certificate enrolment needs an authority whose certificates are good"};
  if (!offers(Method::mail)) return Done{};
  if (tools.mail == nullptr) return Failure{"mail enrolment needs a mail server"};
  if (settings.code_key.reveal().size() < k_code_key_bytes)
    return Failure{"the key of the codes needs " + std::to_string(k_code_key_bytes) + " bytes or more"};
  const auto link = link_for(settings.link_base_url, std::string(32, '0'), Secret("token"));
  if (!link) return link.error();
  return Done{};
}

Outcome<> check_limits(const Limits& limits) {
  for (const Limit& limit :
       {limits.attempts_of_source, limits.mails_of_source, limits.mails_to_name, limits.passwords_of_name,
        limits.codes_by_telephone, limits.certificates_of_source, limits.certificates_of_name,
        limits.nodes_of_source, limits.replacements_of_source, limits.replacements_of_name,
        limits.replacements_of_name_a_year}) {
    if (limit.window.count() <= 0) return Failure{"a limit needs a window of time"};
  }
  if (limits.nodes_of_device < 1 || limits.nodes_of_device > k_max_nodes_per_device)
    return Failure{"a device may have 1 to " + std::to_string(k_max_nodes_per_device) + " Node-IDs"};
  return Done{};
}

}  // namespace

const char* name_of(Method method) {
  switch (method) {
    case Method::mail:
      return "mail";
    case Method::invitation:
      return "invitation";
    case Method::password:
      return "password";
    case Method::certificate:
      return "certificate";
    case Method::telephone:
      return "telephone";
  }
  return "?";
}

Result<std::unique_ptr<Registrar>> Registrar::make(Settings settings, const Tools& tools) {
  if (auto good = check_methods(settings, tools); !good) return good.error();
  if (auto good = check_limits(settings.limits); !good) return good.error();
  if (!settings.document_signer) return Failure{"nobody signs the configuration document"};
  if (settings.gather_for.count() < 0) return Failure{"documents cannot be gathered for a negative time"};
  if (settings.pending_for.count() <= 0 || settings.certificate_for.count() <= 0)
    return Failure{"enrolments and certificates need a lifetime"};
  return std::unique_ptr<Registrar>(new Registrar(std::move(settings), tools));
}

Registrar::Registrar(Settings settings, const Tools& tools) : settings_(std::move(settings)), tools_(tools) {}

Refused Registrar::refused(Event event, Refusal refusal, std::string message, Duration retry_after) {
  tally_.count(event);
  return {refusal, std::move(message), retry_after, name_of(event)};
}

Refused Registrar::trouble(const Failure& failure) {
  tally_.count(Event::trouble);
  return {Refusal::unavailable, "the server has trouble; come again later", Duration{10'000}, failure.reason};
}

}  // namespace ringway::enrolld
