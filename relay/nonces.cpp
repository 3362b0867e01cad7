#include "relay/nonces.hpp"

#include "reload/security/hmac.hpp"
#include "reload/wire/codec.hpp"

namespace ringway::relay {
namespace {

// §9.2: the cookie, then Base64 of 24 bits of which the first says "password algorithms", the second "user
// name anonymity".
constexpr std::string_view k_cookie = "obMatJos2gAAA";
constexpr std::size_t k_time_digits = 8, k_seal_bytes = 12;

}  // namespace

std::string Nonces::seal(std::uint32_t made_s, const stun::IpAddress& client) const {
  wire::Writer sealed;
  sealed.u32(made_s);
  sealed.raw(BytesView(client.octets).first(client.size_bytes()));
  const auto whole = security::hmac_sha256(key_, sealed.bytes());
  return to_hex(BytesView(whole).first(k_seal_bytes));
}

std::string Nonces::make(MonoTime now, const stun::IpAddress& client) const {
  const auto made_s = static_cast<std::uint32_t>(now.ms / 1000);
  wire::Writer time;
  time.u32(made_s);
  return std::string(k_cookie) + to_hex(time.bytes()) + seal(made_s, client);
}

bool Nonces::holds(MonoTime now, const stun::IpAddress& client, std::string_view nonce) const {
  if (!nonce.starts_with(k_cookie)) return false;
  nonce.remove_prefix(k_cookie.size());
  Bytes time;
  if (nonce.size() != k_time_digits + 2 * k_seal_bytes || !from_hex(nonce.substr(0, k_time_digits), time))
    return false;
  wire::Reader in(SharedBytes::borrow(time));
  const auto made_s = in.u32();
  // Unsigned, so that what claims to be from the future is very old.
  const auto age_s = static_cast<std::uint32_t>(now.ms / 1000) - made_s;
  return age_s < lifetime_.count() / 1000 &&
         security::equal_in_constant_time(view_of(seal(made_s, client)),
                                          view_of(nonce.substr(k_time_digits)));
}

}  // namespace ringway::relay
