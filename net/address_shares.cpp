#include "net/address_shares.hpp"

#include <algorithm>

namespace ringway::net {

namespace {
constexpr std::size_t k_site_size_bytes = 8;  // of an IPv6 address
}

Bytes site_of(const wire::IpAddressPort& address) {
  const std::size_t size_bytes = address.type == wire::AddressType::ipv6 ? k_site_size_bytes : 4;
  return Bytes(address.address.begin(), address.address.begin() + size_bytes);
}

std::optional<Slot> AddressShares::take(const wire::IpAddressPort& from) {
  if (slots_.size() >= forget_above_) {
    std::erase_if(slots_, [](const auto& one) { return one.second.taken() == 0; });
    forget_above_ = std::max<std::size_t>(64, slots_.size() * 2);
  }
  return slots_.try_emplace(site_of(from), slots_per_address_).first->second.take();
}

}  // namespace ringway::net
