#include "services/api/phone_address.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <system_error>
#include <utility>

#include "services/api/address.hpp"
#include "sip-usage/servers/names.hpp"

namespace ringway::services {
namespace {

using net::phones::PhoneListen;
using net::phones::Transport;

constexpr std::array<std::pair<std::string_view, Transport>, 5> k_transports{{{"udp", Transport::udp},
                                                                              {"tcp", Transport::tcp},
                                                                              {"tls", Transport::tls},
                                                                              {"ws", Transport::ws},
                                                                              {"wss", Transport::wss}}};

// What is before the first colon; nothing when that is no transport.
std::optional<Transport> transport_of(std::string_view text) {
  const auto colon = text.find(':');
  const auto* const found = std::find_if(k_transports.begin(), k_transports.end(), [&](const auto& each) {
    return each.first == text.substr(0, colon);
  });
  if (colon == std::string_view::npos || found == k_transports.end()) return std::nullopt;
  return found->second;
}

}  // namespace

Result<PhoneListen> parse_phone_listen(std::string_view text) {
  const auto transport = transport_of(text);
  if (!transport) {
    return Failure{"'" + std::string(text) +
                   "' is not udp:, tcp:, tls:, ws: or wss: and an address like 0.0.0.0:5060"};
  }
  auto address = parse_address(text.substr(text.find(':') + 1));
  if (!address) return address.error();
  return PhoneListen{*transport, *address};
}

Result<SipServer> parse_sip_server(std::string_view text) {
  const auto transport = transport_of(text);
  if (!transport || *transport == Transport::ws || *transport == Transport::wss)
    return Failure{"'" + std::string(text) + "' is not udp:, tcp: or tls: and a server"};
  const auto server = text.substr(text.find(':') + 1);
  if (auto address = parse_address(server)) {
    const auto at = to_text(*address);
    const auto host = at.substr(0, at.rfind(':'));
    return SipServer{*transport, host.starts_with('[') ? host.substr(1, host.size() - 2) : host,
                     address->port};
  }
  const auto colon = server.find(':');
  SipServer out{*transport, std::string(server.substr(0, colon)), 0};
  if (colon != std::string_view::npos) {
    const auto digits = server.substr(colon + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out.port);
    if (error != std::errc() || end != digits.data() + digits.size() || out.port == 0)
      return Failure{"'" + std::string(digits) + "' is no port"};
  }
  if (sip::servers::is_numeric(out.host) || !sip::servers::to_name(out.host))
    return Failure{"'" + std::string(server) + "' is no name of a server, and no address with a port"};
  return out;
}

std::vector<std::string> to_texts(const std::vector<PhoneListen>& listening) {
  std::vector<std::string> out;
  for (const PhoneListen& each : listening) {
    const auto* const found = std::find_if(k_transports.begin(), k_transports.end(),
                                           [&](const auto& pair) { return pair.second == each.transport; });
    out.push_back(std::string(found->first) + ':' + to_text(each.at));
  }
  return out;
}

}  // namespace ringway::services
