// How much of everything there is for one source and for one name (RFC 6940 §13.6.2).
#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <limits>
#include <optional>

#include "services/enrolld/registrar/document_room.hpp"
#include "services/enrolld/registrar/parts.hpp"

namespace ringway::enrolld {
namespace {

constexpr std::string_view k_site_suffix = "/64";
constexpr std::size_t k_network_bytes = 6;  // a /48: what a provider gives to one customer at most

// "2001:db8:1::/48" of the source "2001:db8:1:2::/64", which is one of 65,536 that one customer may have;
// nothing for other sources.
std::optional<std::string> network_of(const std::string& source) {
  if (!source.ends_with(k_site_suffix)) return std::nullopt;
  in6_addr address{};
  const std::string text = source.substr(0, source.size() - k_site_suffix.size());
  if (::inet_pton(AF_INET6, text.c_str(), &address) != 1) return std::nullopt;
  std::fill(std::begin(address.s6_addr) + k_network_bytes, std::end(address.s6_addr), std::uint8_t{0});
  std::array<char, INET6_ADDRSTRLEN> out{};
  if (::inet_ntop(AF_INET6, &address, out.data(), out.size()) == nullptr) return std::nullopt;
  return std::string(out.data()) + "/48";
}

}  // namespace

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

// Of a network it counts only what its sources were allowed: one of them alone cannot use up what all have.
Answer<Done> Registrar::within_source(const Limit& limit, Event event, const std::string& source,
                                      WallMs now_ms) {
  auto good = within(limit, event, source, now_ms);
  if (!good) return good;
  const auto network = network_of(source);
  if (!network) return good;
  const auto most = std::min<std::uint64_t>(std::uint64_t{limit.most} * k_sources_of_network,
                                            std::numeric_limits<std::uint32_t>::max());
  return within({static_cast<std::uint32_t>(most), limit.window}, event, *network, now_ms);
}

Answer<Done> Registrar::may_attempt(const Caller& caller, WallMs now_ms) {
  return within_source(settings_.limits.attempts_of_source, Event::limit_attempts_of_source, caller.source,
                       now_ms);
}

// Mails, and questions to the verifier of telephone numbers, which become calls or messages.
Answer<Done> Registrar::may_write_to(const std::string& user_name, const Caller& caller, WallMs now_ms) {
  const Limits& limits = settings_.limits;
  auto of_source = within_source(limits.mails_of_source, Event::limit_mails_of_source, caller.source, now_ms);
  if (!of_source) return of_source;
  return within(limits.mails_to_name, Event::limit_mails_to_name, folded(user_name), now_ms);
}

// Asked only when a proof is at hand: a stranger shall not use up what a name may have.
Answer<Done> Registrar::may_certify(const std::string& user_name, std::size_t nodes, const Caller& caller,
                                    WallMs now_ms) {
  const Limits& limits = settings_.limits;
  auto good = within_source(limits.certificates_of_source, Event::limit_certificates_of_source, caller.source,
                            now_ms);
  if (!good) return good;
  good = within(limits.certificates_of_name, Event::limit_certificates_of_name, folded(user_name), now_ms);
  for (std::size_t i = 0; good && i < nodes; ++i)
    good = within_source(limits.nodes_of_source, Event::limit_nodes_of_source, caller.source, now_ms);
  return good;
}

// Whatever is replaced makes the overlay's document longer, for everybody and for as long as a certificate
// lasts: few times for a name, and never into the room that operators need.
Answer<Done> Registrar::may_replace(const std::string& user_name, const Caller& caller, WallMs now_ms) {
  const Limits& limits = settings_.limits;
  auto good = within_source(limits.replacements_of_source, Event::limit_replacements_of_source, caller.source,
                            now_ms);
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
