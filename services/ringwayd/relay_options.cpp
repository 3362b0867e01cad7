#include "services/ringwayd/relay_options.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>

#include "services/api/address.hpp"
#include "services/api/phone_address.hpp"

namespace ringway::services {
namespace {

using net::relay::RelayedFrom;
using relay::AddressRange;

constexpr std::size_t k_max_ranges = 256;  // --relay-allow-peer, --relay-deny-peer: looked through each time

Result<stun::IpAddress> parse_ip(const std::string& text) {
  const auto address = stun::address_of(text, 0);
  if (!address) return Failure{"'" + text + "' is no address"};
  return address->ip;
}

bool is_any(const stun::IpAddress& ip) {
  return std::all_of(ip.octets.begin(), ip.octets.end(), [](std::uint8_t octet) { return octet == 0; });
}

const char* name_of(stun::Family family) { return family == stun::Family::ipv4 ? "IPv4" : "IPv6"; }

RelayedFrom* of_family(std::vector<RelayedFrom>& all, stun::Family family) {
  const auto found = std::find_if(all.begin(), all.end(),
                                  [family](const auto& each) { return each.local.family == family; });
  return found == all.end() ? nullptr : &*found;
}

std::string derive_listen(RelayOptions& options) {
  for (const auto& text : options.listen) {
    const auto listen = parse_phone_listen(text);
    if (!listen) return "--relay-listen: " + listen.error().reason;
    const auto at = stun::from_wire(listen->at);
    if (!at) return "--relay-listen: " + text + " is no address of IPv4 or IPv6";
    using enum net::phones::Transport;
    switch (listen->transport) {
      case udp:
        options.sockets.udp.push_back(*at);
        break;
      case tcp:
        options.sockets.tcp.push_back(*at);
        break;
      case tls:
        options.sockets.tls.push_back(*at);
        break;
      default:
        return "--relay-listen: " + text + ": a relay has udp:, tcp: and tls: only";
    }
  }
  if (options.certificate.empty() != options.key.empty()) return "--relay-cert and --relay-key go together";
  if (!options.sockets.tls.empty() && options.certificate.empty())
    return "--relay-listen tls: needs --relay-cert and --relay-key";
  return "";
}

// What is advertised has no transport, so it is UDP's.
std::string check_advertised(RelayOptions& options) {
  if (!options.advertise) return "";
  const auto& udp = options.sockets.udp;
  const bool is_there = std::any_of(udp.begin(), udp.end(), [&options](const stun::Address& at) {
    const auto* const from = of_family(options.sockets.relayed_from, at.ip.family);
    return from != nullptr && (is_any(at.ip) || at.ip == from->local);
  });
  return is_there ? "" : "--relay-advertise needs a --relay-listen udp: at the address that is relayed from";
}

// Those of --relay-address; else, of each family, the first that it listens at.
std::string derive_relayed_from(RelayOptions& options) {
  auto& from = options.sockets.relayed_from;
  for (const auto& text : options.addresses) {
    const auto ip = parse_ip(text);
    if (!ip) return "--relay-address: " + ip.error().reason;
    if (is_any(*ip)) return "--relay-address " + text + ": relayed packets need one address of this machine";
    if (of_family(from, ip->family) != nullptr)
      return std::string("--relay-address: a second one of ") + name_of(ip->family);
    from.push_back({*ip, *ip});
  }
  if (!options.addresses.empty()) return "";
  for (const auto* list : {&options.sockets.udp, &options.sockets.tcp, &options.sockets.tls})
    for (const auto& each : *list)
      if (!is_any(each.ip) && of_family(from, each.ip.family) == nullptr) from.push_back({each.ip, each.ip});
  if (from.empty())
    return "--relay-listen names all addresses of this machine: say by --relay-address from which one to "
           "relay";
  return "";
}

std::string derive_external(RelayOptions& options) {
  std::vector<stun::Family> said;
  for (const auto& text : options.external_addresses) {
    const auto ip = parse_ip(text);
    if (!ip) return "--relay-external-address: " + ip.error().reason;
    if (is_any(*ip)) return "--relay-external-address " + text + ": nobody can send there";
    if (std::find(said.begin(), said.end(), ip->family) != said.end())
      return std::string("--relay-external-address: a second one of ") + name_of(ip->family);
    auto* const from = of_family(options.sockets.relayed_from, ip->family);
    if (from == nullptr)
      return "--relay-external-address " + text + ": the relay has no address of " + name_of(ip->family);
    from->external = *ip;
    said.push_back(ip->family);
  }
  return "";
}

std::string derive_ports(RelayOptions& options) {
  const std::string& text = options.ports;
  const char* const end = text.data() + text.size();
  auto& sockets = options.sockets;
  const auto low = std::from_chars(text.data(), end, sockets.first_port);
  const bool has_dash = low.ec == std::errc{} && low.ptr != end && *low.ptr == '-';
  const auto high = has_dash ? std::from_chars(low.ptr + 1, end, sockets.last_port) : low;
  if (!has_dash || high.ec != std::errc{} || high.ptr != end || sockets.first_port == 0 ||
      sockets.first_port > sockets.last_port)
    return "--relay-ports: '" + text + "' is no range like 49152-65535";
  return "";
}

Result<std::vector<AddressRange>> parse_ranges(const std::vector<std::string>& texts) {
  if (texts.size() > k_max_ranges) return Failure{"more than " + std::to_string(k_max_ranges)};
  std::vector<AddressRange> out;
  for (const auto& text : texts) {
    auto range = relay::range_of(text);
    if (!range) return Failure{"'" + text + "': " + range.error().reason};
    out.push_back(*range);
  }
  return out;
}

std::string derive_policy(RelayOptions& options) {
  const auto allowed = parse_ranges(options.allowed_peers);
  if (!allowed) return "--relay-allow-peer: " + allowed.error().reason;
  auto denied = parse_ranges(options.denied_peers);
  if (!denied) return "--relay-deny-peer: " + denied.error().reason;
  for (std::size_t index = 0; index < denied->size(); ++index) {
    const auto& range = (*denied)[index];
    const bool is_void = std::any_of(allowed->begin(), allowed->end(), [&range](const AddressRange& wider) {
      return wider.prefix_bits <= range.prefix_bits && wider.contains(range.base);
    });
    if (is_void)
      return "--relay-deny-peer " + options.denied_peers[index] +
             " denies nothing: --relay-allow-peer goes before it, and has all of it";
  }
  const auto& always = relay::ranges_denied_by_default();
  denied->insert(denied->end(), always.begin(), always.end());
  options.policy = relay::PeerPolicy(*std::move(denied), *allowed);
  return "";
}

}  // namespace

void add_relay_options(OptionGroup& group, RelayOptions& options) {
  group
      .add("role", options.role,
           "peer, or relay: a peer that relays for those behind NATs, too (docs/relay.md)", "ROLE")
      ->check(CLI::IsMember({"peer", "relay"}))
      ->capture_default_str();
  group
      .add("relay-listen", options.listen,
           "Where clients of TURN and STUN connect to: udp, tcp or tls, and where; port 0: any free one; may "
           "be "
           "repeated",
           "TRANSPORT:ADDR:PORT")
      ->delimiter(',');
  group
      .add("relay-address", options.addresses,
           "This machine's address that relayed packets come from, one for each family; those of "
           "--relay-listen "
           "if not given",
           "ADDR")
      ->delimiter(',');
  group
      .add(
          "relay-external-address", options.external_addresses,
          "What the world calls that address, where a NAT stands before this machine that maps it one to one",
          "ADDR")
      ->delimiter(',');
  group.add("relay-ports", options.ports, "The ports of relayed addresses", "LO-HI")->capture_default_str();
  group.add("relay-realm", options.realm,
            "The realm that clients are asked for; the overlay's name if not given", "NAME");
  group.add("relay-static-user", options.static_users, "Who may use it: lines `name:password`", "FILE");
  group.add("relay-shared-secret", options.shared_secrets,
            "Secrets, one a line: whoever an application gives a user name `end:who` and the password "
            "Base64(HMAC-SHA1(secret, user name)) may use it until then",
            "FILE");
  group.number("relay-max-allocations", options.max_allocations, std::size_t{1}, std::size_t{65'536},
               "Allocations at once");
  group.number("relay-per-user", options.max_of_user, std::size_t{1}, std::size_t{65'536},
               "Allocations of one user at once");
  group.number("relay-bandwidth", options.bandwidth_bytes_per_s, std::uint64_t{0}, std::uint64_t{1} << 40U,
               "What one allocation may relay, each way, 0: without limit", "BYTES/S");
  group
      .add("relay-allow-peer", options.allowed_peers,
           "Addresses that may be relayed to although they are denied; may be repeated", "CIDR")
      ->delimiter(',');
  group
      .add("relay-deny-peer", options.denied_peers,
           "Addresses that nothing is relayed to, besides those that are no public host's; may be repeated",
           "CIDR")
      ->delimiter(',');
  group.add("relay-cert", options.certificate, "tls: the certificate that clients see, and its chain, PEM",
            "FILE");
  group.add("relay-key", options.key, "tls: its private key, PEM", "FILE");
  group.number("relay-threads", options.threads, std::size_t{1}, std::size_t{64}, "Threads that relay");
  group.flag("relay-advertise", options.advertise,
             "Have other peers find this relay in the overlay (RFC 6940 §9)");
  group.number("relay-drain-s", options.drain_s, 0.0, 86'400.0,
               "So long a relay that is told to stop waits for allocations to end, and takes no new ones",
               "SECONDS");
}

std::string derive_relay(RelayOptions& options, std::size_t peers) {
  const RelayOptions untouched;
  const bool any =
      !options.listen.empty() || !options.addresses.empty() || !options.external_addresses.empty() ||
      options.ports != untouched.ports || !options.realm.empty() || !options.static_users.empty() ||
      !options.shared_secrets.empty() || !options.allowed_peers.empty() || !options.denied_peers.empty() ||
      !options.certificate.empty() || !options.key.empty() || options.advertise;
  if (!options.relays()) return any ? "the settings --relay-... are for --role relay" : "";
  if (options.listen.empty()) return "--role relay needs --relay-listen";
  if (options.static_users.empty() && options.shared_secrets.empty())
    return "--role relay: nobody could use it: give --relay-static-user or --relay-shared-secret";
  options.sockets.bytes_per_s_of_allocation = options.bandwidth_bytes_per_s;
  options.sockets.threads = options.threads;
  for (const auto derive :
       {derive_listen, derive_relayed_from, derive_external, derive_ports, derive_policy, check_advertised})
    if (auto wrong = derive(options); !wrong.empty()) return wrong;
  const auto apart = net::relay::check_listening(options.sockets, peers);
  return apart ? "" : "--relay-listen: " + apart.error().reason;
}

net::relay::RelaySettings relay_sockets_of(const RelayOptions& options, std::size_t index) {
  auto out = options.sockets;
  for (auto* list : {&out.udp, &out.tcp, &out.tls})
    for (auto& each : *list)
      if (each.port != 0) each.port = static_cast<std::uint16_t>(each.port + index);
  return out;
}

}  // namespace ringway::services
