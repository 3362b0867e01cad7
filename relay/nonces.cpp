#include "relay/nonces.hpp"

#include "reload/config/base64.hpp"
#include "reload/security/hmac.hpp"
#include "reload/wire/codec.hpp"

namespace ringway::relay {
namespace {

// §9.2: the cookie, then Base64 of 24 bits of which the first says "password algorithms", the second "user
// name anonymity".
constexpr std::string_view k_cookie = "obMatJos2gAAA";
// Short, as it is sent to who has proved nothing: nobody can try seals but by asking the relay.
constexpr std::size_t k_time_bytes = 4, k_seal_bytes = 8, k_digits = 16;

}  // namespace

// The time, and a seal on it.
Bytes Nonces::sealed(std::uint32_t made_s, const stun::Address& client) const {
  wire::Writer time;
  time.u32(made_s);
  Bytes out = copy_of(time.bytes());
  time.u16(client.port);
  time.raw(BytesView(client.ip.octets).first(client.ip.size_bytes()));
  const auto whole = security::hmac_sha256(key_, time.bytes());
  append(out, BytesView(whole).first(k_seal_bytes));
  return out;
}

std::string Nonces::make(MonoTime now, const stun::Address& client) const {
  return std::string(k_cookie) + config::to_base64(sealed(static_cast<std::uint32_t>(now.ms / 1000), client));
}

NonceState Nonces::state_of(MonoTime now, const stun::Address& client, std::string_view nonce) const {
  if (!nonce.starts_with(k_cookie)) return NonceState::foreign;
  nonce.remove_prefix(k_cookie.size());
  Bytes octets;
  if (nonce.size() != k_digits || !config::from_base64(nonce, octets) ||
      octets.size() != k_time_bytes + k_seal_bytes)
    return NonceState::foreign;
  wire::Reader in(SharedBytes::borrow(octets));
  const auto made_s = in.u32();
  if (!security::equal_in_constant_time(sealed(made_s, client), octets)) return NonceState::foreign;
  // Unsigned, so that what claims to be from the future is very old.
  const auto age_s = static_cast<std::uint32_t>(now.ms / 1000) - made_s;
  return age_s < lifetime_.count() / 1000 ? NonceState::valid : NonceState::stale;
}

}  // namespace ringway::relay
