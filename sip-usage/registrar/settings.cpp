#include "sip-usage/registrar/settings.hpp"

#include <algorithm>
#include <set>
#include <string_view>

#include "sip-usage/registration/sip_registration.hpp"

namespace ringway::sip::registrar {

namespace {

// Challenges are the same for all users.
Outcome<> check_algorithms(const std::vector<Account>& accounts) {
  for (const Algorithm each : {Algorithm::md5, Algorithm::sha256}) {
    const auto can = [&](const Account& account) {
      return account.keys.empty() || std::any_of(account.keys.begin(), account.keys.end(),
                                                 [&](const Ha1& key) { return key.algorithm() == each; });
    };
    if (std::all_of(accounts.begin(), accounts.end(), can)) return Done{};
  }
  return Failure{"no algorithm for which every user has credentials"};
}

}  // namespace

Outcome<> check(const Settings& settings, const std::vector<Account>& accounts) {
  if (accounts.size() > k_max_accounts)
    return Failure{"more than " + std::to_string(k_max_accounts) + " users"};
  if (auto good = check_route(settings.route); !good) return good;
  if (settings.min_expires_s == 0 || settings.min_expires_s > settings.default_expires_s ||
      settings.default_expires_s > settings.max_expires_s)
    return Failure{"bindings expire in no order: shortest, default, longest"};
  // RFC 3261 §10.3 step 7: nobody may be told that an hour is too brief.
  constexpr std::uint32_t k_hour_s = 3600;
  if (settings.min_expires_s > k_hour_s) return Failure{"bindings of an hour cannot be too brief"};
  if (settings.overlay_lifetime_s < settings.min_expires_s)
    return Failure{"registrations that end before bindings do"};
  std::set<Aor> aors;
  std::set<std::string_view> names;
  for (const Account& account : accounts) {
    if (!aors.insert(account.aor).second) return Failure{account.aor.name() + " twice"};
    if (!names.insert(account.user_name).second)
      return Failure{"two users who give the name " + account.user_name};
    if (account.keys.empty() && !settings.trusts_loopback)
      return Failure{account.aor.name() + " cannot register: it has no credentials"};
  }
  return check_algorithms(accounts);
}

}  // namespace ringway::sip::registrar
