// How much of one message is left for its body and the certificates of other writers.
#pragma once

#include <cstddef>

#include "reload/config/configuration.hpp"
#include "reload/security/signer.hpp"

namespace ringway::data {

// Forwarding header with the via list of a long path, contents, signature.
inline constexpr std::size_t k_message_frame_bytes = 512;
// Of one certificate in a SecurityBlock: type and length (RFC 6940 §6.3.4).
inline constexpr std::size_t k_certificate_framing_bytes = 3;

// What a message of this peer's carries anyway.
inline std::size_t own_certificates_bytes(const security::Signer& signer) {
  std::size_t size_bytes = k_certificate_framing_bytes + signer.certificate()->der().size();
  for (const SharedBytes& der : signer.chain_der()) size_bytes += k_certificate_framing_bytes + der.size();
  return size_bytes;
}

// `max_message_bytes` is the configuration's max-message-size, or less if the requester wants less.
inline std::size_t message_budget_bytes(std::size_t max_message_bytes, const security::Signer& signer) {
  const std::size_t used = k_message_frame_bytes + own_certificates_bytes(signer);
  return max_message_bytes > used ? max_message_bytes - used : 0;
}

}  // namespace ringway::data
