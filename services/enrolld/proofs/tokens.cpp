#include "services/enrolld/proofs/tokens.hpp"

#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>
#include <cassert>

#include "services/enrolld/proofs/sodium.hpp"

namespace ringway::enrolld {

namespace {

constexpr std::string_view k_invitation_prefix = "rwi_";
constexpr std::size_t k_token_characters =
    sodium_base64_ENCODED_LEN(k_token_bytes, sodium_base64_VARIANT_URLSAFE_NO_PADDING) - 1;
constexpr std::uint32_t k_codes = 100'000'000;
constexpr std::size_t k_longest_base_url = 1024;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

bool url_safe(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
}

Secret random_text(std::string_view prefix) {
  require_sodium();
  std::array<unsigned char, k_token_bytes> random{};
  randombytes_buf(random.data(), random.size());
  std::array<char, k_token_characters + 1> text{};
  sodium_bin2base64(text.data(), text.size(), random.data(), random.size(),
                    sodium_base64_VARIANT_URLSAFE_NO_PADDING);
  std::string whole;
  whole.reserve(prefix.size() + k_token_characters);
  whole.append(prefix).append(text.data(), k_token_characters);
  sodium_memzero(random.data(), random.size());
  sodium_memzero(text.data(), text.size());
  return Secret::take(whole);
}

// Digests of different things never meet: each begins with what it is of.
SecretDigest tagged_sha256(std::string_view tag, std::string_view text) {
  crypto_hash_sha256_state state;
  crypto_hash_sha256_init(&state);
  crypto_hash_sha256_update(&state, bytes_of(tag), tag.size());
  crypto_hash_sha256_update(&state, bytes_of(text), text.size());
  SecretDigest digest{};
  crypto_hash_sha256_final(&state, digest.data());
  sodium_memzero(&state, sizeof state);
  return digest;
}

std::string_view without_blanks_around(std::string_view text) {
  constexpr std::string_view k_blanks = " \t\r\n";
  const auto first = text.find_first_not_of(k_blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(k_blanks) - first + 1);
}

}  // namespace

std::string new_pending_id() {
  require_sodium();
  std::array<std::uint8_t, 16> random{};
  randombytes_buf(random.data(), random.size());
  return to_hex(random);
}

Secret new_link_token() { return random_text(""); }

Result<Secret> link_for(std::string_view base_url, std::string_view pending_id, const Secret& token) {
  const bool plain = std::all_of(base_url.begin(), base_url.end(), [](char c) {
    return c > ' ' && c < '\x7f' && std::string_view("\"'<>\\^`{|}?#").find(c) == std::string_view::npos;
  });
  if (!base_url.starts_with("https://") || base_url.size() > k_longest_base_url || !plain)
    return Failure{"the address of the enrollment server's pages must be https:// and a plain host and path"};
  const std::string_view slash = base_url.ends_with('/') ? "" : "/";
  std::string link = fmt::format("{}{}{}/{}", base_url, slash, pending_id, token.reveal());
  return Secret::take(link);
}

SecretDigest digest_of_token(std::string_view token) { return tagged_sha256("ringway link token\n", token); }

Secret new_code() {
  require_sodium();
  std::string digits = fmt::format("{:0{}}", randombytes_uniform(k_codes), k_code_digits);
  return Secret::take(digits);
}

Secret spoken(const Secret& code) {
  const auto digits = code.reveal();
  std::string text = fmt::format("{} {}", digits.substr(0, k_code_digits / 2),
                                 digits.substr(std::min(digits.size(), k_code_digits / 2)));
  return Secret::take(text);
}

Result<Secret> read_code(std::string_view typed) {
  std::string digits;
  digits.reserve(k_code_digits);
  bool wrong = false;
  for (const char c : typed) {
    if (c == ' ' || c == '-' || c == '\t' || c == '\r' || c == '\n') continue;
    wrong = wrong || c < '0' || c > '9' || digits.size() == k_code_digits;
    if (wrong) break;
    digits.push_back(c);
  }
  wrong = wrong || digits.size() != k_code_digits;
  Secret code = Secret::take(digits);
  if (wrong) return Failure{fmt::format("a code has {} digits", k_code_digits)};
  return code;
}

SecretDigest digest_of_code(const Secret& key, std::string_view pending_id, const Secret& code) {
  assert(key.reveal().size() >= k_code_key_bytes);
  constexpr std::string_view k_tag = "ringway code\n";
  crypto_auth_hmacsha256_state state;
  crypto_auth_hmacsha256_init(&state, bytes_of(key.reveal()), key.reveal().size());
  crypto_auth_hmacsha256_update(&state, bytes_of(k_tag), k_tag.size());
  crypto_auth_hmacsha256_update(&state, bytes_of(pending_id), pending_id.size());
  crypto_auth_hmacsha256_update(&state, bytes_of("\n"), 1);
  crypto_auth_hmacsha256_update(&state, bytes_of(code.reveal()), code.reveal().size());
  SecretDigest digest{};
  crypto_auth_hmacsha256_final(&state, digest.data());
  sodium_memzero(&state, sizeof state);
  return digest;
}

Secret new_invitation() { return random_text(k_invitation_prefix); }

Result<Secret> read_invitation(std::string_view typed) {
  const auto text = without_blanks_around(typed);
  const bool whole = text.starts_with(k_invitation_prefix) &&
                     text.size() == k_invitation_prefix.size() + k_token_characters &&
                     std::all_of(text.begin(), text.end(), url_safe);
  if (!whole) {
    return Failure{fmt::format("this is no whole invitation: it begins with {} and has {} characters",
                               k_invitation_prefix, k_invitation_prefix.size() + k_token_characters)};
  }
  return Secret(text);
}

SecretDigest digest_of_invitation(const Secret& invitation) {
  return tagged_sha256("ringway invitation\n", invitation.reveal());
}

bool same_digest(const SecretDigest& digest, BytesView stored) {
  return stored.size() == digest.size() && sodium_memcmp(digest.data(), stored.data(), digest.size()) == 0;
}

}  // namespace ringway::enrolld
