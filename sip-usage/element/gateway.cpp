#include "sip-usage/element/gateway.hpp"

#include <algorithm>

#include "sip-usage/message/grammar.hpp"
#include "sip-usage/proxy/routing.hpp"

namespace ringway::sip::element {
namespace {

// A number that means the same everywhere: tel:+43123, or sip:+43123@<overlay> as phones write it (RFC 3261
// §19.1.6). Separators that are only for the eye (RFC 3966 §5.1.1) are left out.
std::optional<std::string> number_of(const Uri& uri, const proxy::Settings& proxy) {
  const bool is_of_overlay = uri.is_sip() && proxy::is_responsible_for(uri, proxy);
  if (!uri.is_tel() && !is_of_overlay) return std::nullopt;
  std::string out;
  for (const char each : uri.user) {
    if (is_digit(each) || (each == '+' && out.empty()))
      out += each;
    else if (std::string_view("-.()").find(each) == std::string_view::npos)
      return std::nullopt;
  }
  const bool is_number = out.size() > 1 && out.front() == '+' && out.size() <= k_max_tel_digits + 1;
  return is_number ? std::optional(std::move(out)) : std::nullopt;
}

bool may_call(const Gateway& gateway, std::string_view user) {
  return std::any_of(gateway.callers.begin(), gateway.callers.end(), [&](std::string_view caller) {
    if (caller == "*" || (!user.empty() && caller == user)) return true;
    if (caller.substr(0, 2) != "*@") return false;
    const auto at = user.rfind('@');
    return at != std::string_view::npos && same_ignoring_case(caller.substr(2), user.substr(at + 1));
  });
}

bool takes_domain(const Gateway& gateway, const Uri& uri) {
  return uri.is_sip() &&
         std::any_of(gateway.domains.begin(), gateway.domains.end(), [&](std::string_view domain) {
           return domain == "*" || same_ignoring_case(domain, uri.host);
         });
}

}  // namespace

std::optional<FindAnswer> through_gateway(const Settings& settings, const proxy::FindTargets& find) {
  if (!settings.gateway || settings.gateway->servers.empty() || find.is_overlay_only) return std::nullopt;
  const Gateway& gateway = *settings.gateway;
  const auto number = number_of(find.uri, settings.proxy);
  const bool is_foreign = !proxy::is_responsible_for(find.uri, settings.proxy);
  if (number ? !gateway.takes_numbers : !is_foreign || !takes_domain(gateway, find.uri)) return std::nullopt;
  if (!may_call(gateway, find.user)) return FindAnswer{find.find, 403U};
  auto servers = gateway.servers;
  // Nobody on the way of a sips: request sees it in clear (RFC 3261 §16.6 step 7).
  const bool is_sips = find.uri.scheme == "sips";
  if (is_sips)
    std::erase_if(servers, [](const proxy::ServerHop& server) { return server.transport != "TLS"; });
  if (servers.empty()) return FindAnswer{find.find, 480U};
  proxy::Target target;
  target.uri = find.uri;
  if (number) {
    target.uri = Uri{};
    target.uri.scheme = is_sips ? "sips" : "sip";
    target.uri.user = *number;
    target.uri.host = gateway.domain;
    target.uri.parameters.add({"user", "phone"});
  }
  target.hop = servers.front();
  target.alternatives.assign(servers.begin() + 1, servers.end());
  target.is_fixed = true;
  return FindAnswer{find.find, proxy::Found{{std::move(target)}, true}, true};
}

std::optional<FindAnswer> by_gateway_peers(const Settings& settings, const proxy::FindTargets& find) {
  const bool is_from_phone = find.source.side == proxy::Side::phone && !find.redirected_by;
  if (settings.gateway_peers.empty() || !is_from_phone) return std::nullopt;
  const bool is_foreign = find.uri.is_sip() && !proxy::is_responsible_for(find.uri, settings.proxy);
  // What DNS says of other domains needs no trunk.
  const bool is_for_trunk = is_foreign && !settings.lets_users_call_outside;
  if (!is_for_trunk && !number_of(find.uri, settings.proxy)) return std::nullopt;
  proxy::Target target;
  target.uri = find.uri;
  for (const NodeId& node : settings.gateway_peers)
    target.alternatives.emplace_back(proxy::PeerHop{{wire::to_node(node)}});
  target.hop = target.alternatives.front();
  target.alternatives.erase(target.alternatives.begin());
  target.is_fixed = true;
  return FindAnswer{find.find, proxy::Found{{std::move(target)}, true}};
}

}  // namespace ringway::sip::element
