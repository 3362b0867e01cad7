#include "reload/config/shared_secret.hpp"

#include <algorithm>
#include <set>

namespace ringway::config {
namespace {

constexpr std::size_t k_min_hex_digits = k_min_shared_secret_bits / 4;
constexpr std::size_t k_min_base64_digits = (k_min_shared_secret_bits + 5) / 6;
constexpr std::size_t k_min_different = 10;  // of 22 random base64 digits, 10 differ but once in millions

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

}  // namespace

std::string why_no_key(std::string_view secret) {
  if (secret.size() > k_max_shared_secret_size_bytes) return "it is longer than 256 bytes";
  const auto has = [&](auto is) { return std::any_of(secret.begin(), secret.end(), is); };
  if (has([](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; }))
    return "it has control characters";
  const bool hex = std::all_of(secret.begin(), secret.end(), is_hex);
  // Words are of one case; so many digits of a key hardly are.
  const bool mixed = has(is_lower) && has(is_upper) && has(is_digit);
  if (secret.size() < (hex ? k_min_hex_digits : k_min_base64_digits)) return "it is too short for a key";
  if (std::set<char>(secret.begin(), secret.end()).size() < k_min_different)
    return "it repeats the same few characters";
  if (!hex && !mixed) return "it looks like words, not like a key";
  return "";
}

}  // namespace ringway::config
