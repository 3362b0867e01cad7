#include "relay/authentication.hpp"

#include <algorithm>
#include <array>

namespace ringway::relay {
namespace {

using stun::Attribute;
using stun::ErrorCode;
using stun::PasswordAlgorithm;

// §14.11: SHA-256 first, as what the relay likes best; each with the length of its parameters, of which it
// has none.
constexpr std::array<std::uint8_t, 8> k_algorithms = {0, 2, 0, 0, 0, 1, 0, 0};

bool holds(const stun::Message& request, BytesView key, bool sha256) {
  return sha256 ? request.integrity_sha256_holds(key) : request.integrity_holds(key);
}

// §9.2.4: neither attribute is MD5; one alone, another list than ours, or an algorithm that is not in it is a
// client that somebody has talked down.
std::optional<PasswordAlgorithm> algorithm_of(const stun::Message& request) {
  const auto list = request.find(Attribute::password_algorithms);
  const auto chosen = request.find(Attribute::password_algorithm);
  if (!list && !chosen) return PasswordAlgorithm::md5;
  if (!list || !chosen || !equal(*list, k_algorithms) || chosen->size() != 4) return std::nullopt;
  if (equal(*chosen, BytesView(k_algorithms).first(4))) return PasswordAlgorithm::sha256;
  if (equal(*chosen, BytesView(k_algorithms).last(4))) return PasswordAlgorithm::md5;
  return std::nullopt;
}

}  // namespace

std::variant<Identity, Refused> Authentication::check(Now now, const stun::Address& client,
                                                      const stun::Message& request,
                                                      const Identity* known) const {
  if (!request.has(Attribute::message_integrity) && !request.has(Attribute::message_integrity_sha256))
    return Refused{ErrorCode::unauthenticated};
  const auto user_name = request.find(Attribute::username);
  const auto realm = request.find(Attribute::realm);
  const auto nonce = request.find(Attribute::nonce);
  if (!user_name || !realm || !nonce || user_name->size() > k_max_user_name_bytes)
    return Refused{ErrorCode::bad_request};
  const auto algorithm = algorithm_of(request);
  if (!algorithm) return Refused{ErrorCode::bad_request};
  // Before the password, which costs more to look at: a flood from forged sources has no nonces of ours. One
  // that has only gone stale comes after it (§9.2.4).
  const auto state = nonces_.state_of(now.mono, client, text_of(*nonce));
  if (state == NonceState::foreign) return Refused{ErrorCode::stale_nonce};
  if (text_of(*realm) != realm_) return Refused{ErrorCode::unauthenticated, true};
  auto identity = find(now.wall_ms, request, text_of(*user_name), *algorithm, known);
  if (!identity) return Refused{ErrorCode::unauthenticated, true};
  if (state == NonceState::stale) return Refused{ErrorCode::stale_nonce, true};
  return *std::move(identity);
}

std::optional<Identity> Authentication::find(WallMs now_ms, const stun::Message& request,
                                             std::string_view user_name, PasswordAlgorithm algorithm,
                                             const Identity* known) const {
  // A client may send both integrities; then the better one counts (§9.2.4).
  const bool sha256 = request.has(Attribute::message_integrity_sha256);
  const bool names_algorithms = request.has(Attribute::password_algorithms);
  const bool may_go_on =
      known != nullptr && known->user_name == user_name &&
      (known->ends_ms == 0 || now_ms < known->ends_ms + static_cast<WallMs>(k_max_extension.count()));
  if (may_go_on && holds(request, known->key, sha256))
    return Identity{known->user_name, known->quota, known->key, names_algorithms, known->ends_ms};
  for (auto& each : credentials_.known_as(now_ms, user_name)) {
    auto key = stun::long_term_key(algorithm, user_name, realm_, each.password);
    if (holds(request, key, sha256))
      return Identity{std::string(user_name), std::move(each.quota), std::move(key), names_algorithms,
                      each.ends_ms};
  }
  return std::nullopt;
}

bool Authentication::is_user_still(WallMs now_ms, const Identity& identity) const {
  if (identity.ends_ms != 0) return true;
  const auto known = credentials_.known_as(now_ms, identity.user_name);
  return std::any_of(known.begin(), known.end(), [this, &identity](const Known& each) {
    const auto is_key_by = [&](PasswordAlgorithm algorithm) {
      return equal(identity.key, stun::long_term_key(algorithm, identity.user_name, realm_, each.password));
    };
    return each.quota == identity.quota &&
           (is_key_by(PasswordAlgorithm::md5) || is_key_by(PasswordAlgorithm::sha256));
  });
}

void Authentication::add_challenge(MonoTime now, const stun::Address& client,
                                   stun::MessageWriter& answer) const {
  answer.add(Attribute::realm, realm_);
  answer.add(Attribute::nonce, nonces_.make(now, client));
  answer.add(Attribute::password_algorithms, k_algorithms);
}

void Authentication::seal(const Identity& identity, stun::MessageWriter& answer) {
  if (identity.answers_with_sha256)
    answer.add_integrity_sha256(identity.key);
  else
    answer.add_integrity(identity.key);
}

}  // namespace ringway::relay
