// Long-term credentials at the server's side (RFC 8489 §9.2.4): is this request whose it says?
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "relay/credentials.hpp"
#include "relay/nonces.hpp"
#include "reload/stun/long_term.hpp"
#include "reload/stun/message.hpp"
#include "reload/time.hpp"

namespace ringway::relay {

// Whose request it was, and what its answer is sealed with.
struct Identity {
  std::string user_name;
  std::string quota;  // whose requests count together (Known::quota)
  Bytes key;
  // §9.2.4: with MESSAGE-INTEGRITY-SHA256, unless the request named no password algorithms.
  bool answers_with_sha256 = false;
  WallMs ends_ms = 0;  // Known::ends_ms
};
// So long an allocation is extended after its user name has ended: a call is not cut off, and nobody stays
// for ever.
inline constexpr Duration k_max_extension{12 * 3'600'000};
// 400; or 401 and 438, which take a nonce along.
struct Refused {
  stun::ErrorCode code = stun::ErrorCode::unauthenticated;
  // By a nonce that has been sent there, if by nothing else, it has shown that it is where it says.
  bool has_proved_its_address = false;
};

class Authentication {
 public:
  Authentication(const Credentials& credentials, std::string realm, Nonces nonces)
      : credentials_(credentials), realm_(std::move(realm)), nonces_(std::move(nonces)) {}

  // `known`: whose allocation this client has. Its key holds on when the user name has ended, for
  // k_max_extension.
  std::variant<Identity, Refused> check(Now now, const stun::Address& client, const stun::Message& request,
                                        const Identity* known) const;
  // Whether who has had that key as a user of the operator still is one, with the same password. Of all
  // others true: theirs end by time.
  bool is_user_still(WallMs now_ms, const Identity& identity) const;
  // REALM, NONCE, and PASSWORD-ALGORITHMS, for 401 and 438.
  void add_challenge(MonoTime now, const stun::Address& client, stun::MessageWriter& answer) const;
  static void seal(const Identity& identity, stun::MessageWriter& answer);

 private:
  std::optional<Identity> find(WallMs now_ms, const stun::Message& request, std::string_view user_name,
                               stun::PasswordAlgorithm algorithm, const Identity* known) const;

  const Credentials& credentials_;
  std::string realm_;
  Nonces nonces_;
};

}  // namespace ringway::relay
