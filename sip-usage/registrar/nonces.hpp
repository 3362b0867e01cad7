// Nonces that their maker knows again without keeping them (RFC 7616 §3.3): each says when it was made and
// has a number of its own, sealed with a key. What is kept are the nonce counts of those that were used with
// the right password, so that no request works twice.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "reload/bytes.hpp"
#include "reload/time.hpp"

namespace ringway::sip::registrar {

struct IssuedNonce {
  MonoTime at;
  std::uint64_t number = 0;
  auto operator<=>(const IssuedNonce&) const = default;
};

class Nonces {
 public:
  // The times inside are of a monotonic clock, so the key is a new one at each start.
  explicit Nonces(Bytes key) : key_(std::move(key)) {}

  std::string make(MonoTime now);
  std::optional<IssuedNonce> read(std::string_view nonce) const;  // nothing for those of others

 private:
  std::string seal(BytesView content) const;

  Bytes key_;
  std::uint64_t last_number_ = 0;
};

inline constexpr std::size_t k_max_used_nonces = 32;     // of one account
inline constexpr std::size_t k_nonce_count_window = 64;  // requests of one nonce may overtake each other

// The nonces of one account.
class UsedNonces {
 public:
  // Notes a request. False when it has come before, or when that cannot be known any more.
  bool note(const IssuedNonce& nonce, std::uint32_t count);
  std::size_t size() const { return windows_.size(); }

 private:
  struct Window {
    std::uint32_t highest = 0;
    std::uint64_t seen = 0;  // bit n: highest - n
  };
  std::map<IssuedNonce, Window> windows_;
  std::optional<IssuedNonce> forgotten_;  // this one, and all before it
};

}  // namespace ringway::sip::registrar
