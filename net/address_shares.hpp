// How many slots one remote address may hold at once, so that nobody takes all of them: an IPv4 address, or
// an IPv6 /64, which is what one site has. Not for several threads at once; slots are given back on any.
#pragma once

#include <cstddef>
#include <map>
#include <optional>

#include "net/slots.hpp"
#include "reload/bytes.hpp"
#include "reload/wire/bodies.hpp"

namespace ringway::net {

// Whose address it is, as far as bounds are concerned.
Bytes site_of(const wire::IpAddressPort& address);

class AddressShares {
 public:
  explicit AddressShares(std::size_t slots_per_address) : slots_per_address_(slots_per_address) {}
  std::optional<Slot> take(const wire::IpAddressPort& from);
  std::size_t addresses() const { return slots_.size(); }  // those that hold slots, and some that did

 private:
  std::size_t slots_per_address_;
  std::size_t forget_above_ = 64;
  std::map<Bytes, Slots> slots_;
};

}  // namespace ringway::net
