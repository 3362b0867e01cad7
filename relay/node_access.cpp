#include "relay/node_access.hpp"

#include <algorithm>
#include <utility>

namespace ringway::relay {
namespace {

constexpr std::uint8_t k_version = 1;
constexpr std::size_t k_max_password_bytes = 128;

std::string read_text(wire::Reader& in) {
  const auto octets = in.opaque(2);
  return std::string(text_of(octets));
}

RelayAddress read_address(wire::Reader& in) {
  RelayAddress out;
  const auto transport = in.u8();
  if (transport < 1 || transport > 3) in.fail("not a transport of a relay");
  out.transport = static_cast<Transport>(transport - 1);
  wire::read(in, out.at);
  return out;
}

bool can_be_connected_to(const RelayAddress& address) {
  return (address.at.type == wire::AddressType::ipv4 || address.at.type == wire::AddressType::ipv6) &&
         address.at.port != 0;
}

}  // namespace

void read(wire::Reader& in, NodeAccess& out) {
  if (in.u8() != k_version) in.fail("another version");
  out.credential.user_name = read_text(in);
  out.credential.password = read_text(in);
  out.credential.ends_ms = in.u64();
  wire::Reader addresses = in.vector(2);
  while (addresses.more()) {
    if (out.addresses.size() == k_max_relay_addresses) addresses.fail("too many addresses");
    out.addresses.push_back(read_address(addresses));
  }
  in.finish(addresses);
}

void write(wire::Writer& out, const NodeAccess& value) {
  out.u8(k_version);
  out.opaque(2, view_of(value.credential.user_name));
  out.opaque(2, view_of(value.credential.password));
  out.u64(value.credential.ends_ms);
  const auto mark = out.begin(2);
  for (const auto& each : value.addresses) {
    out.u8(static_cast<std::uint8_t>(static_cast<unsigned>(each.transport) + 1));
    wire::write(out, each.at);
  }
  out.end(mark, 2);
}

NodeAccessDesk::NodeAccessDesk(const Credentials& credentials, std::vector<RelayAddress> addresses)
    : credentials_(credentials), addresses_(std::move(addresses)) {
  addresses_.resize(std::min(addresses_.size(), k_max_relay_addresses));
}

std::optional<Bytes> NodeAccessDesk::give(Now now, const NodeId& node) {
  if (now.mono - period_began_ >= k_node_access_period) {
    period_began_ = now.mono;
    given_.clear();
  }
  const auto known = given_.find(node);
  if (known == given_.end() ? given_.size() >= k_max_nodes_in_period
                            : known->second >= k_node_access_of_period) {
    ++refused_;
    return std::nullopt;
  }
  ++given_[node];
  return wire::encode(
      NodeAccess{credentials_.issue(now.wall_ms, node.hex(), k_node_access_lifetime), addresses_});
}

Result<NodeAccess> read_node_access(WallMs now_ms, SharedBytes octets) {
  auto access = wire::decode<NodeAccess>(std::move(octets));
  if (!access) return access;
  const auto& credential = access->credential;
  if (credential.user_name.empty() || credential.user_name.size() > k_max_user_name_bytes ||
      credential.password.empty() || credential.password.size() > k_max_password_bytes)
    return Failure{"no name and password that a relay takes"};
  if (credential.ends_ms <= now_ms) return Failure{"it has ended"};
  std::erase_if(access->addresses, [](const auto& each) { return !can_be_connected_to(each); });
  if (access->addresses.empty()) return Failure{"no address to connect to"};
  return access;
}

WallMs renew_at_ms(WallMs now_ms, const NodeAccess& access) {
  const WallMs ends_ms = std::max(access.credential.ends_ms, now_ms);
  return now_ms + (ends_ms - now_ms) / 2;
}

}  // namespace ringway::relay
