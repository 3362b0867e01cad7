#include "relay/credentials.hpp"

#include <cassert>
#include <charconv>

#include "reload/config/base64.hpp"
#include "reload/security/hmac.hpp"
#include "reload/security/secret_digest.hpp"

namespace ringway::relay {
namespace {

constexpr std::uint64_t k_last_end_s = std::uint64_t{1} << 50U;  // later ones are as good as it

std::string password_by(BytesView secret, std::string_view user_name) {
  return config::to_base64(security::hmac_sha1(secret, view_of(user_name)));
}

std::optional<std::uint64_t> end_s_of(std::string_view user_name) {
  const auto digits = user_name.substr(0, user_name.find(':'));
  std::uint64_t seconds = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), seconds);
  if (error != std::errc{} || digits.empty() || end != digits.data() + digits.size()) return std::nullopt;
  return seconds;
}

}  // namespace

Credentials::Credentials(Given given, Bytes own_secret)
    : given_(std::move(given)), own_secret_(std::move(own_secret)) {
  assert(given_.secrets.size() <= k_max_secrets && own_secret_.size() >= security::k_hmac_key_bytes);
}

Credentials::~Credentials() {
  security::zero(std::span<std::uint8_t>(own_secret_));
  forget_given();
}

void Credentials::replace(Given given) {
  assert(given.secrets.size() <= k_max_secrets);
  forget_given();
  given_ = std::move(given);
}

void Credentials::forget_given() {
  for (auto& secret : given_.secrets) security::zero(std::span<char>(secret));
  for (auto& [user, password] : given_.users) security::zero(std::span<char>(password));
}

Credential Credentials::issue(WallMs now_ms, std::string_view who, Duration lifetime) const {
  const WallMs ends_s = (now_ms + static_cast<WallMs>(lifetime.count())) / 1000;
  std::string user_name = std::to_string(ends_s) + ':' + std::string(who);
  std::string password = password_by(own_secret_, user_name);
  return {std::move(user_name), std::move(password), 1000 * ends_s};
}

std::vector<Known> Credentials::known_as(WallMs now_ms, std::string_view user_name) const {
  if (const auto known = given_.users.find(std::string(user_name)); known != given_.users.end())
    return {{known->second, "user:" + known->first, 0}};
  const auto end_s = end_s_of(user_name);
  if (!end_s || *end_s <= now_ms / 1000) return {};
  const auto colon = user_name.find(':');
  // Who gives no name counts with all that give none.
  const std::string who(colon == std::string_view::npos ? "" : user_name.substr(colon + 1));
  const WallMs ends_ms = *end_s > k_last_end_s ? 1000 * k_last_end_s : 1000 * *end_s;
  std::vector<Known> out{{password_by(own_secret_, user_name), "node:" + who, ends_ms}};
  for (const auto& secret : given_.secrets)
    out.push_back({password_by(view_of(secret), user_name), "application:" + who, ends_ms});
  return out;
}

}  // namespace ringway::relay
