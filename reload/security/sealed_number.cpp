#include "reload/security/sealed_number.hpp"

#include <array>

#include "reload/bytes.hpp"

namespace ringway::security {
namespace {

constexpr std::size_t k_number_bytes = 8;

}  // namespace

std::string SealedNumbers::seal(std::uint64_t number) {
  std::array<std::uint8_t, k_number_bytes> plain{};
  for (std::size_t at = 0; at < plain.size(); ++at) plain[at] = static_cast<std::uint8_t>(number >> 8 * at);
  return to_hex(seal_.close(plain));
}

std::optional<std::uint64_t> SealedNumbers::open(std::string_view text) const {
  Bytes sealed;
  if (!from_hex(text, sealed)) return std::nullopt;
  const auto plain = seal_.open(sealed);
  if (!plain || plain->size() != k_number_bytes) return std::nullopt;
  std::uint64_t number = 0;
  for (std::size_t at = plain->size(); at-- > 0;) number = number << 8U | (*plain)[at];
  return number;
}

}  // namespace ringway::security
