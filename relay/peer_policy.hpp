// Whom a relay sends to (RFC 8656 §21.4; TURN-11): a relay inside a network must not be a door into it. By
// default the addresses that are no public host's are denied: loopback, private, link-local, shared,
// multicast, and the forms of IPv6 with such an IPv4 address inside. The relay's own addresses are not
// decided here: they may be sent to where an allocation has its port, and nowhere else (path/own_ports.hpp).
#pragma once

#include <string_view>
#include <vector>

#include "reload/result.hpp"
#include "reload/stun/address.hpp"

namespace ringway::relay {

struct AddressRange {
  stun::IpAddress base;
  unsigned prefix_bits = 0;
  bool contains(const stun::IpAddress& ip) const;
};
// "10.0.0.0/8", "fc00::/7", or one address. Bits of the base beyond the prefix must be zero.
Result<AddressRange> range_of(std::string_view text);

const std::vector<AddressRange>& ranges_denied_by_default();

// Not one host's, whatever an operator allows: unspecified (the system takes it for itself), multicast,
// broadcast, and IPv4 in the clothes of IPv6 (::ffff:0:0/96).
bool is_no_host(const stun::IpAddress& ip);

class PeerPolicy {
 public:
  PeerPolicy() : denied_(ranges_denied_by_default()) {}
  // What an operator allows goes before what is denied, but for what is no host; and loopback is allowed by a
  // range of loopback addresses only: who allows all others does not mean what listens on this machine.
  PeerPolicy(std::vector<AddressRange> denied, std::vector<AddressRange> allowed)
      : denied_(std::move(denied)), allowed_(std::move(allowed)) {}
  bool permits(const stun::IpAddress& ip) const;

 private:
  std::vector<AddressRange> denied_, allowed_;
};

}  // namespace ringway::relay
