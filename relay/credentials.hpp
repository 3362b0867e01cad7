// Who may use the relay (RFC 8656 §5; TURN-09). Nothing is stored for those that the relay itself, or an
// operator's application, lets in for a time: their password follows from their user name and a secret, in
// the form that is in wide use for this, user name = "<end, in seconds since 1970>:<who>", password = Base64
// of HMAC-SHA-1 (secret, user name). Ringway's own credentials have this form with a secret of this relay's
// alone (AMB-28), given out over an authenticated overlay connection.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reload/bytes.hpp"
#include "reload/time.hpp"

namespace ringway::relay {

inline constexpr std::size_t k_max_secrets = 4;  // an operator's; two while one takes over from the other
inline constexpr std::size_t k_max_user_name_bytes = 508;  // RFC 8489 §14.3

struct Credential {
  std::string user_name, password;
  WallMs ends_ms = 0;
};

// What a user name may come with, and whose requests count together against quotas: an operator's user, a
// node that the relay lets in, a name that an operator's application lets in. One name of several kinds is
// several users.
struct Known {
  std::string password, quota;
  WallMs ends_ms = 0;  // of a user name for a time; zero: an operator's user, as long as he is one
  bool operator==(const Known&) const = default;
};

class Credentials {
 public:
  struct Given {                               // by the operator
    std::map<std::string, std::string> users;  // their passwords
    std::vector<std::string> secrets;          // at most k_max_secrets
  };
  // `own_secret` is drawn anew at each start: what was issued before ends with it.
  Credentials(Given given, Bytes own_secret);
  ~Credentials();
  Credentials(const Credentials&) = delete;
  Credentials& operator=(const Credentials&) = delete;

  // From now on these are the operator's. What the relay itself has issued holds on.
  void replace(Given given);

  // For this node, as text; it may not hold a colon.
  Credential issue(WallMs now_ms, std::string_view who, Duration lifetime) const;

  // What this user name may be now: one for each secret, at most.
  std::vector<Known> known_as(WallMs now_ms, std::string_view user_name) const;

 private:
  void forget_given();

  Given given_;
  Bytes own_secret_;
};

}  // namespace ringway::relay
