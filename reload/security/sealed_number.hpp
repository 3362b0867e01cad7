// Numbers in a form that only their sealer can read, and that is another one each time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "reload/random.hpp"
#include "reload/security/seal.hpp"

namespace ringway::security {

class SealedNumbers {
 public:
  explicit SealedNumbers(Random& random) : seal_(random) {}

  std::string seal(std::uint64_t number);  // hexadecimal digits
  std::optional<std::uint64_t> open(std::string_view text) const;

 private:
  Seal seal_;
};

}  // namespace ringway::security
