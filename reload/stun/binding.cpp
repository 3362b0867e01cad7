#include "reload/stun/binding.hpp"

#include <algorithm>

#include "reload/stun/message.hpp"

namespace ringway::stun {

std::optional<Bytes> answer_binding(BytesView request, const Address& from) {
  if (request.size() > k_max_binding_request_bytes) return std::nullopt;
  const auto read = Message::read(request);
  if (!read || read->cls() != Class::request || read->method() != Method::binding ||
      (read->has(Attribute::fingerprint) && !read->fingerprint_holds()))
    return std::nullopt;
  // What an authenticated request has: who does not ask for it does not look at it.
  auto unknown = read->unknown({Attribute::username, Attribute::message_integrity, Attribute::realm,
                                Attribute::nonce, Attribute::message_integrity_sha256, Attribute::userhash,
                                Attribute::password_algorithm});
  MessageWriter out(unknown.empty() ? Class::success : Class::error, Method::binding, read->transaction());
  if (unknown.empty()) {
    out.add_xor_address(Attribute::xor_mapped_address, from);
  } else {
    unknown.resize(std::min(unknown.size(), k_max_unknown_named));
    out.add_error(ErrorCode::unknown_attribute);
    out.add_unknown(unknown);
  }
  // RFC 8489 §7: an agent that asked with a fingerprint tells the answer from other traffic by one.
  if (read->has(Attribute::fingerprint)) out.add_fingerprint();
  return out.take();
}

}  // namespace ringway::stun
