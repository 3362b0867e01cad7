// Octets in a form that only their sealer can read, and that is another one each time: AES-256-GCM by OpenSSL
// with a random nonce in front.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "reload/bytes.hpp"
#include "reload/random.hpp"

namespace ringway::security {

inline constexpr std::size_t k_seal_key_bytes = 32;
inline constexpr std::size_t k_max_sealed_bytes = 65'536;  // of what is sealed at once

class Seal {
 public:
  // With a key of its own: what is sealed is read as long as this object lives.
  explicit Seal(Random& random);
  // With this one, of k_seal_key_bytes.
  Seal(BytesView key, Random& random);
  Seal(const Seal&) = delete;
  Seal& operator=(const Seal&) = delete;
  ~Seal();

  Bytes close(BytesView plain);
  std::optional<Bytes> open(BytesView sealed) const;

 private:
  Random& random_;
  std::array<std::uint8_t, k_seal_key_bytes> key_{};
};

}  // namespace ringway::security
