#include "reload/stun/long_term.hpp"

#include "reload/security/secret_digest.hpp"

namespace ringway::stun {

Bytes long_term_key(PasswordAlgorithm algorithm, std::string_view user_name, std::string_view realm,
                    std::string_view password) {
  const auto digest =
      algorithm == PasswordAlgorithm::md5 ? security::SecretDigest::md5 : security::SecretDigest::sha256;
  return security::digest_of(digest, {user_name, ":", realm, ":", password});
}

}  // namespace ringway::stun
