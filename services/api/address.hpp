// Addresses as people write them: "192.0.2.1:6084", "[2001:db8::1]:6084". Numeric only; names are
// resolve()'s.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "reload/link/link_id.hpp"
#include "reload/result.hpp"
#include "reload/wire/bodies.hpp"

namespace ringway::services {

using link::to_text;
// Fails for anything but a numeric address with a port.
Result<wire::IpAddressPort> parse_address(std::string_view text);
// Asks the system's resolver for "host:port" (blocks); every address it knows, IPv6 and IPv4.
Result<std::vector<wire::IpAddressPort>> resolve(std::string_view text);
bool is_loopback(const wire::IpAddressPort& address);
bool is_any(const wire::IpAddressPort& address);  // 0.0.0.0 or ::

}  // namespace ringway::services
