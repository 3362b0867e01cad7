#include "reload/stun/binding.hpp"

#include <algorithm>
#include <array>

#include "reload/stun/message.hpp"

namespace ringway::stun {

namespace {

constexpr std::size_t k_cookie_at = 4;

// A header of RFC 3489 §11.1: where the cookie is now, its transaction begins.
bool is_classic_request(BytesView request) {
  constexpr std::array<std::uint8_t, k_cookie_at> start{0, static_cast<std::uint8_t>(Method::binding), 0, 0};
  return request.size() == k_header_size_bytes && std::equal(start.begin(), start.end(), request.begin());
}

}  // namespace

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

// With MAPPED-ADDRESS alone (RFC 3489 §11.2.1), which has the layout of the attributes since but for the
// mask.
std::optional<Bytes> answer_bare_binding(BytesView request, const Address& from) {
  if (!is_classic_request(request)) return std::nullopt;
  const auto address = static_cast<std::uint8_t>(from.ip.size_bytes());
  const auto value = static_cast<std::uint8_t>(4 + address);
  Bytes out{1, static_cast<std::uint8_t>(Method::binding), 0, static_cast<std::uint8_t>(4 + value)};
  append(out, request.subspan(k_cookie_at));
  append(out, Bytes{0, static_cast<std::uint8_t>(Attribute::mapped_address), 0, value, 0,
                    static_cast<std::uint8_t>(from.ip.family), static_cast<std::uint8_t>(from.port >> 8U),
                    static_cast<std::uint8_t>(from.port)});
  append(out, BytesView(from.ip.octets).first(address));
  return out;
}

}  // namespace ringway::stun
