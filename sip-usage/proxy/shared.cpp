#include "sip-usage/proxy/shared.hpp"

namespace ringway::sip::proxy {

// RFC 3261 §19.3: at least 32 random bits.
std::string Shared::new_tag() {
  Bytes octets;
  const auto number = random->next();
  for (unsigned at = 0; at < 8; ++at) octets.push_back(static_cast<std::uint8_t>(number >> (8 * at)));
  return to_hex(octets);
}

}  // namespace ringway::sip::proxy
