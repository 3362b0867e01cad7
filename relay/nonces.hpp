// Nonces that go stale (RFC 8489 §9.2, §14.10): the relay remembers none of them. Each holds for one client's
// address and port (§9.2.4).
#pragma once

#include <string>
#include <string_view>

#include "reload/bytes.hpp"
#include "reload/stun/address.hpp"
#include "reload/time.hpp"

namespace ringway::relay {

inline constexpr Duration k_nonce_lifetime{3'600'000};

enum class NonceState : std::uint8_t {
  valid,
  stale,    // was this client's
  foreign,  // never was
};

class Nonces {
 public:
  explicit Nonces(Bytes key, Duration lifetime = k_nonce_lifetime)
      : key_(std::move(key)), lifetime_(lifetime) {}
  // With the cookie of §9.2: the relay knows PASSWORD-ALGORITHM, and does not know USERHASH.
  std::string make(MonoTime now, const stun::Address& client) const;
  NonceState state_of(MonoTime now, const stun::Address& client, std::string_view nonce) const;

 private:
  Bytes sealed(std::uint32_t made_s, const stun::Address& client) const;

  Bytes key_;
  Duration lifetime_;
};

}  // namespace ringway::relay
