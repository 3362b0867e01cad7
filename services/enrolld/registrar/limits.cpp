// How much of everything there is for one source and for one name (RFC 6940 §13.6.2).
#include <algorithm>

#include "services/enrolld/registrar/document_room.hpp"
#include "services/enrolld/registrar/parts.hpp"

namespace ringway::enrolld {

std::string folded(std::string_view user_name) {
  std::string out(user_name);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

Answer<Done> Registrar::within(const Limit& limit, Event event, const std::string& key, WallMs now_ms) {
  const auto allowance = tools_.records.count_against(name_of(event), key, limit.window, limit.most, now_ms);
  if (!allowance) return trouble(allowance.error());
  if (allowance->allowed) return Done{};
  const WallMs wait_ms = allowance->resets_ms > now_ms ? allowance->resets_ms - now_ms : 0;
  return refused(event, Refusal::too_many, "too many of these for now; come again later",
                 Duration{static_cast<Duration::rep>(wait_ms)});
}

Answer<Done> Registrar::may_attempt(const Caller& caller, WallMs now_ms) {
  return within(settings_.limits.attempts_of_source, Event::limit_attempts_of_source, caller.source, now_ms);
}

// Mails, and questions to the verifier of telephone numbers, which become calls or messages.
Answer<Done> Registrar::may_write_to(const std::string& user_name, const Caller& caller, WallMs now_ms) {
  const Limits& limits = settings_.limits;
  auto of_source = within(limits.mails_of_source, Event::limit_mails_of_source, caller.source, now_ms);
  if (!of_source) return of_source;
  return within(limits.mails_to_name, Event::limit_mails_to_name, folded(user_name), now_ms);
}

// Asked only when a proof is at hand: a stranger shall not use up what a name may have.
Answer<Done> Registrar::may_certify(const std::string& user_name, std::size_t nodes, const Caller& caller,
                                    WallMs now_ms) {
  const Limits& limits = settings_.limits;
  auto good =
      within(limits.certificates_of_source, Event::limit_certificates_of_source, caller.source, now_ms);
  if (!good) return good;
  good = within(limits.certificates_of_name, Event::limit_certificates_of_name, folded(user_name), now_ms);
  for (std::size_t i = 0; good && i < nodes; ++i)
    good = within(limits.nodes_of_source, Event::limit_nodes_of_source, caller.source, now_ms);
  return good;
}

// Whatever is replaced makes the overlay's document longer, for everybody and for as long as a certificate
// lasts: few times for a name, and never into the room that operators need.
Answer<Done> Registrar::may_replace(const std::string& user_name, const Caller& caller, WallMs now_ms) {
  const Limits& limits = settings_.limits;
  auto good =
      within(limits.replacements_of_source, Event::limit_replacements_of_source, caller.source, now_ms);
  if (!good) return good;
  good = within(limits.replacements_of_name, Event::limit_replacements_of_name, folded(user_name), now_ms);
  if (!good) return good;
  good = within(limits.replacements_of_name_a_year, Event::limit_replacements_of_name_a_year,
                folded(user_name), now_ms);
  if (!good) return good;
  const auto newest = newest_parsed();
  if (!newest) return newest.error();
  const auto revoked = tools_.records.revoked_nodes(now_ms);
  if (!revoked) return trouble(revoked.error());
  const auto& current = *newest->parsed;
  const auto waiting = std::count_if(revoked->begin(), revoked->end(), [&](const RevokedNode& node) {
    return !current.bad_nodes.contains(node.node);
  });
  const std::size_t bytes = newest->document.bytes.size() +
                            (static_cast<std::size_t>(waiting) + limits.nodes_of_device) * k_bad_node_bytes;
  if (!is_nearly_full(bytes, current)) return Done{};
  return refused(Event::no_room_to_replace, Refusal::unavailable,
                 "no device can be replaced for now: ask an operator of the overlay", Duration{3'600'000});
}

}  // namespace ringway::enrolld
