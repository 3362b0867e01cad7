#include "services/api/phone_address.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "services/api/address.hpp"

namespace ringway::services {
namespace {

using net::phones::PhoneListen;
using net::phones::Transport;

constexpr std::array<std::pair<std::string_view, Transport>, 5> k_transports{{{"udp", Transport::udp},
                                                                              {"tcp", Transport::tcp},
                                                                              {"tls", Transport::tls},
                                                                              {"ws", Transport::ws},
                                                                              {"wss", Transport::wss}}};

}  // namespace

Result<PhoneListen> parse_phone_listen(std::string_view text) {
  const auto colon = text.find(':');
  const auto name = text.substr(0, colon);
  const auto* const found = std::find_if(k_transports.begin(), k_transports.end(),
                                         [&](const auto& each) { return each.first == name; });
  if (colon == std::string_view::npos || found == k_transports.end()) {
    return Failure{"'" + std::string(text) +
                   "' is not udp:, tcp:, tls:, ws: or wss: and an address like 0.0.0.0:5060"};
  }
  auto address = parse_address(text.substr(colon + 1));
  if (!address) return address.error();
  return PhoneListen{found->second, *address};
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
