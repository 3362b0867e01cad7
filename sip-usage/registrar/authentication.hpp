// Who sends a request: Digest (RFC 3261 §22, RFC 7616, RFC 8760).
//
// qop=auth is asked for and needed: credentials without a nonce count could be played again. What is right
// but for its nonce (an old one, one that was used, one of before the peer's last start) is challenged again
// with stale=true, so that the phone need not ask its user.
//
// A sender with too many wrong credentials gets 403: RFC 3261 §21.4.4 has it for requests that shall not be
// repeated, and phones would take a 503 for the whole peer's (RFC 3263 §4.3).
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "reload/random.hpp"
#include "reload/time.hpp"
#include "sip-usage/message/message.hpp"
#include "sip-usage/registrar/contact_update.hpp"
#include "sip-usage/registrar/failed_attempts.hpp"
#include "sip-usage/registrar/nonces.hpp"
#include "sip-usage/registrar/settings.hpp"

namespace ringway::sip::registrar {

// A registrar asks with 401, a proxy with 407 (RFC 3261 §22.2, §22.3).
enum class Asker { registrar, proxy };

struct Admitted {
  Aor aor;
};
struct Challenged {
  bool stale = false;
};
using Verdict = std::variant<Admitted, Challenged, Rejection>;

struct AuthenticationCounters {
  std::uint64_t challenged = 0;
  std::uint64_t stale = 0;    // of those
  std::uint64_t failed = 0;   // wrong credentials
  std::uint64_t refused = 0;  // for too many of them
};

class Authenticator {
 public:
  // `key` seals nonces and is a new one at each start.
  Authenticator(const Settings& settings, std::vector<Account> accounts, Bytes key);
  // Who stays keeps the counts of the nonces that were used.
  void set_accounts(std::vector<Account> accounts);

  Verdict check(MonoTime now, Asker asker, const Message& request, const Source& source);
  // Puts the questions into a 401 or 407: the strongest algorithm first (RFC 8760 §2.3).
  void challenge(MonoTime now, Asker asker, bool stale, Message& response);

  AuthenticationCounters counters() const { return counters_; }
  TableSize size() const { return failed_.size(); }

 private:
  struct User {
    Aor aor;
    std::vector<Ha1> keys;
    UsedNonces nonces;
  };
  const Ha1* key_of(const User* user, Algorithm algorithm) const;
  bool is_for_same_server(const Credentials& credentials, const Message& request) const;
  Verdict check_credentials(MonoTime now, const Message& request, const Source& source,
                            const Credentials& credentials, Algorithm algorithm);
  bool is_good_nonce(MonoTime now, User& user, const Credentials& credentials, std::uint32_t count);

  std::string realm_;
  std::function<bool(const Uri&)> is_own_;
  Duration nonce_life_;
  std::map<std::string, User, std::less<>> users_;  // by the name in credentials
  std::vector<Algorithm> algorithms_;               // that are offered: every account has them
  std::map<Algorithm, Ha1> nobodys_keys_;           // so that unknown names take as long as known ones
  Nonces nonces_;
  FailedAttempts failed_;
  AuthenticationCounters counters_;
};

}  // namespace ringway::sip::registrar
