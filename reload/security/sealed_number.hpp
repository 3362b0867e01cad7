// Numbers in a form that only their sealer can read, and that is another one each time: AES-128-GCM by
// OpenSSL with a key of this object's own and a random nonce in front.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "reload/random.hpp"

namespace ringway::security {

class SealedNumbers {
 public:
  explicit SealedNumbers(Random& random);
  SealedNumbers(const SealedNumbers&) = delete;
  SealedNumbers& operator=(const SealedNumbers&) = delete;
  ~SealedNumbers();

  std::string seal(std::uint64_t number);  // hexadecimal digits
  std::optional<std::uint64_t> open(std::string_view text) const;

 private:
  static constexpr std::size_t k_key_bytes = 16;
  Random& random_;
  std::array<std::uint8_t, k_key_bytes> key_{};
};

}  // namespace ringway::security
