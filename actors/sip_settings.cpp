#include "actors/sip_settings.hpp"

#include <algorithm>
#include <utility>

#include "actors/phone_bridge.hpp"
#include "net/interfaces.hpp"
#include "reload/security/hmac.hpp"
#include "reload/wire/codec.hpp"
#include "reload/wire/destination.hpp"
#include "sip-usage/registration/gruu.hpp"

namespace ringway::actors {

namespace {

using net::phones::PhoneListen;
using net::phones::Transport;

constexpr std::size_t k_key_bytes = security::k_hmac_key_bytes;

Bytes random_key(Random& random) {
  Bytes out(k_key_bytes);
  for (auto& octet : out) octet = static_cast<std::uint8_t>(random.next());
  return out;
}

std::string lower(std::string text) {
  for (char& each : text)
    if (each >= 'A' && each <= 'Z') each = static_cast<char>(each - 'A' + 'a');
  return text;
}

bool is_any(const wire::IpAddressPort& address) {
  const auto octets = address.type == wire::AddressType::ipv4 ? 4 : 16;
  return std::all_of(address.address.begin(), address.address.begin() + octets,
                     [](std::uint8_t octet) { return octet == 0; });
}

// Under which addresses a socket is reached; one at every address also by loopback.
std::vector<wire::IpAddressPort> addresses_of(const PhoneListen& listen) {
  if (!is_any(listen.at)) return {listen.at};
  auto out = net::reachable_addresses(listen.at);
  wire::IpAddressPort loopback = listen.at;
  loopback.type = wire::AddressType::ipv4;
  loopback.address = {127, 0, 0, 1};
  out.push_back(loopback);
  if (listen.at.type == wire::AddressType::ipv6) {
    loopback.type = wire::AddressType::ipv6;
    loopback.address = {};
    loopback.address.back() = 1;
    out.push_back(loopback);
  }
  return out;
}

// What servers outside are told of where answers go: by UDP, if phones are served over it.
sip::proxy::Here outside_here(const SipIdentity& identity) {
  const auto& all = identity.listening_on;
  const auto by_udp = std::find_if(all.begin(), all.end(),
                                   [](const PhoneListen& each) { return each.transport == Transport::udp; });
  const PhoneListen& listen = by_udp == all.end() ? all.front() : *by_udp;
  const auto here = endpoint_of(addresses_of(listen).front());
  return {name_of(listen.transport), here.host, here.port};
}

}  // namespace

std::string call_fact(std::uint64_t number) {
  wire::Writer out;  // in the order of the numbers
  out.u64(number);
  return k_call_facts + to_hex(out.bytes());
}

std::string binding_fact(const sip::Aor& user) { return k_binding_facts + user.name(); }

SipKeys SipKeys::make(Random& random) { return {random_key(random), random_key(random)}; }

Result<SipKeys> SipKeys::decode(BytesView kept) {
  if (kept.size() != 2 * k_key_bytes) return Failure{"keys of another size"};
  return SipKeys{Bytes(kept.begin(), kept.begin() + k_key_bytes),
                 Bytes(kept.begin() + k_key_bytes, kept.end())};
}

Bytes SipKeys::encode() const {
  Bytes out = proxy;
  out.insert(out.end(), gruu.begin(), gruu.end());
  return out;
}

std::vector<wire::IpAddressPort> call_addresses(const std::vector<wire::IpAddressPort>& advertise,
                                                const wire::IpAddressPort& listening_on) {
  if (advertise.empty())
    return is_any(listening_on) ? net::reachable_addresses(listening_on) : std::vector{listening_on};
  std::vector<wire::IpAddressPort> out;
  for (wire::IpAddressPort address : advertise) {
    address.port = listening_on.port;
    if (std::find(out.begin(), out.end(), address) == out.end()) out.push_back(address);
  }
  return out;
}

sip::element::Settings element_settings(const SipSettings& settings, const SipIdentity& identity,
                                        const SipKeys& keys) {
  const wire::DestinationList route = {wire::to_node(identity.node)};
  sip::element::Settings out;
  for (const PhoneListen& listen : identity.listening_on) {
    for (const auto& address : addresses_of(listen)) {
      const auto here = endpoint_of(address);
      out.proxy.own_addresses.push_back({here.host, here.port});
    }
    for (const std::string& name : settings.names)
      out.proxy.own_addresses.push_back({lower(name), listen.at.port});
  }
  out.proxy.domains = {lower(identity.overlay)};
  out.proxy.overlay_gr = *sip::write_gr(route);  // one Node-ID can always be written
  out.proxy.overlay_here = {"TLS", lower(identity.overlay), std::nullopt};
  out.proxy.outside_here = outside_here(identity);
  out.proxy.key = keys.proxy;
  out.registrar.overlay_name = lower(identity.overlay);
  out.registrar.route = route;
  out.registrar.trusts_loopback = settings.trusts_loopback;
  out.registrar.gruu_key = keys.gruu;
  out.lookup.overlay_name = lower(identity.overlay);
  out.lookup.policy = settings.outside_lookup;
  out.lets_users_call_outside = settings.lets_users_call_outside;
  out.hides_users = settings.hides_users;
  out.gateway = settings.gateway;
  out.gateway_peers = settings.gateway_peers;
  out.presence_permissions = settings.presence_permissions;
  out.proxy.redirects = settings.redirects;
  out.calls_per_second = settings.calls_per_second;
  return out;
}

}  // namespace ringway::actors
