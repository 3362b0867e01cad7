#include "sip-usage/registrar/authentication.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "reload/security/hmac.hpp"
#include "sip-usage/message/credentials.hpp"
#include "sip-usage/message/grammar.hpp"

namespace ringway::sip::registrar {
namespace {

constexpr std::string_view k_qop = "auth";

bool has_key(const Account& account, Algorithm algorithm) {
  return std::any_of(account.keys.begin(), account.keys.end(),
                     [&](const Ha1& key) { return key.algorithm() == algorithm; });
}

// nc: eight hexadecimal digits, never zero (RFC 7616 §3.4).
std::optional<std::uint32_t> nonce_count(std::string_view text) {
  Bytes bytes;
  if (text.size() != 8 || !from_hex(text, bytes)) return std::nullopt;
  std::uint32_t count = 0;
  for (const std::uint8_t byte : bytes) count = count << 8U | byte;
  return count == 0 ? std::nullopt : std::optional(count);
}

}  // namespace

Authenticator::Authenticator(const Settings& settings, std::vector<Account> accounts, Bytes key)
    : realm_(settings.overlay_name),
      is_own_(settings.is_own),
      nonce_life_(settings.nonce_life),
      nonces_(std::move(key)) {
  for (const Algorithm each : {Algorithm::sha256, Algorithm::md5})
    nobodys_keys_.emplace(each, Ha1::of_password(each, "", realm_, ""));
  set_accounts(std::move(accounts));
}

void Authenticator::set_accounts(std::vector<Account> accounts) {
  algorithms_.clear();
  for (const Algorithm each : {Algorithm::sha256, Algorithm::md5}) {
    const auto lacks = [&](const Account& account) {
      return !account.keys.empty() && !has_key(account, each);
    };
    // The challenge comes before the name, so it is the same for all.
    if (std::none_of(accounts.begin(), accounts.end(), lacks)) algorithms_.push_back(each);
  }
  auto before = std::exchange(users_, {});
  for (Account& account : accounts) {
    User user{std::move(account.aor), std::move(account.keys), {}};
    if (const auto found = before.find(account.user_name);
        found != before.end() && found->second.aor == user.aor)
      user.nonces = std::move(found->second.nonces);
    users_.emplace(std::move(account.user_name), std::move(user));
  }
}

const Ha1* Authenticator::key_of(const User* user, Algorithm algorithm) const {
  if (user == nullptr) return nullptr;
  for (const Ha1& key : user->keys)
    if (key.algorithm() == algorithm) return &key;
  return nullptr;
}

Verdict Authenticator::check(MonoTime now, Asker asker, const Message& request, const Source& source) {
  const bool asks_for_itself = asker == Asker::registrar;
  const auto given = credentials(request, asks_for_itself ? "Authorization" : "Proxy-Authorization");
  for (const Credentials& each : given) {
    const auto algorithm = algorithm_of(each.algorithm);
    const bool is_offered =
        algorithm && std::find(algorithms_.begin(), algorithms_.end(), *algorithm) != algorithms_.end();
    if (each.realm != realm_ || !is_offered) continue;
    if (asks_for_itself && !is_for_same_server(each, request))
      return Rejection{400, "Credentials for another URI"};
    return check_credentials(now, request, source, each, *algorithm);
  }
  ++counters_.challenged;
  return Challenged{};
}

// RFC 8760 §2.6: of a domain for which the request is taken; proxies may have changed the rest. Who names the
// peer by an address in one and by the overlay's name in the other means the same (RFC 7616 §3.4.6): SIPp
// does. So does who registers with a domain of its own.
bool Authenticator::is_for_same_server(const Credentials& credentials, const Message& request) const {
  const auto uri = Uri::parse(credentials.uri);
  if (!uri || !uri->is_sip()) return false;
  return same_ignoring_case(uri->host, request.request_uri().host) ||
         (is_own_(request.request_uri()) &&
          (is_own_(*uri) ||
           (request.method() == "REGISTER" && same_ignoring_case(uri->host, request.to.uri.host))));
}

Verdict Authenticator::check_credentials(MonoTime now, const Message& request, const Source& source,
                                         const Credentials& credentials, Algorithm algorithm) {
  if (failed_.is_refused(now, source.sender, credentials.username)) {
    ++counters_.refused;
    return Rejection{403, "Too many wrong credentials"};
  }
  const auto count = nonce_count(credentials.nonce_count);
  if (!same_ignoring_case(credentials.qop, k_qop) || credentials.cnonce.empty() || !count)
    return Rejection{400, "Credentials without qop=auth"};
  const auto found = users_.find(credentials.username);
  User* const user = found == users_.end() ? nullptr : &found->second;
  const Ha1* const key = key_of(user, algorithm);
  const std::string expected =
      digest_response(key == nullptr ? nobodys_keys_.at(algorithm) : *key, credentials, request.method());
  const bool is_right =
      security::equal_in_constant_time(view_of(expected), view_of(lower_case(credentials.response)));
  if (!is_right || key == nullptr) {
    ++counters_.challenged;
    ++counters_.failed;
    failed_.failed(now, source.sender, credentials.username);
    return Challenged{};
  }
  failed_.succeeded(source.sender, credentials.username);
  if (!is_good_nonce(now, *user, credentials, *count)) {
    ++counters_.challenged;
    ++counters_.stale;
    return Challenged{true};
  }
  return Admitted{user->aor};
}

bool Authenticator::is_good_nonce(MonoTime now, User& user, const Credentials& credentials,
                                  std::uint32_t count) {
  const auto nonce = nonces_.read(credentials.nonce);
  return nonce && now - nonce->at < nonce_life_ && user.nonces.note(*nonce, count);
}

void Authenticator::challenge(MonoTime now, Asker asker, bool stale, Message& response) {
  for (const Algorithm each : algorithms_) {
    Challenge challenge;
    challenge.realm = realm_;
    challenge.nonce = nonces_.make(now);
    challenge.algorithm = std::string(name_of(each));
    challenge.qop = std::string(k_qop);
    challenge.stale = stale;
    response.add_field(asker == Asker::registrar ? "WWW-Authenticate" : "Proxy-Authenticate",
                       challenge.print());
  }
}

}  // namespace ringway::sip::registrar
