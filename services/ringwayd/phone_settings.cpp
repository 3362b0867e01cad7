#include "services/ringwayd/phone_settings.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "actors/phone_bridge.hpp"
#include "services/ringwayd/credentials.hpp"
#include "services/ringwayd/presence_permissions.hpp"

namespace ringway::services {
namespace {

using net::phones::PhoneListen;
using sip::registrar::Account;
using sip::registrar::Algorithm;
using sip::registrar::Ha1;

constexpr std::size_t k_max_line_bytes = 1024;
constexpr std::size_t k_md5_digits = 32;

Failure in_line(std::size_t number, const std::string& reason) {
  return Failure{"line " + std::to_string(number) + ": " + reason};
}

Result<PhonePassword> parse_line(std::string_view line, const std::string& overlay) {
  const auto last = line.rfind(':');
  const auto middle = last == std::string_view::npos || last == 0 ? last : line.rfind(':', last - 1);
  if (middle == std::string_view::npos || middle == last) return Failure{"not name:realm:hash"};
  const std::string name(line.substr(0, middle));
  const auto realm = line.substr(middle + 1, last - middle - 1), hash = line.substr(last + 1);
  if (realm != overlay) return Failure{"the realm is not the name of the overlay, " + overlay};
  auto user = sip::Aor::of_user_name(name.find('@') == std::string::npos ? name + '@' + overlay : name);
  if (!user) return Failure{"'" + name + "' is no name of a user"};
  auto ha1 = Ha1::of_hex(hash.size() == k_md5_digits ? Algorithm::md5 : Algorithm::sha256, hash);
  if (!ha1) return Failure{"the hash of " + name + " has neither 32 nor 64 hexadecimal digits"};
  return PhonePassword{*std::move(user), name, *std::move(ha1)};
}

std::string text_of(const std::map<sip::Aor, Account>& accounts) {
  std::string out;
  for (const auto& [aor, account] : accounts) out += (out.empty() ? "" : ", ") + aor.name();
  return out;
}

// One for each user, without keys.
Result<std::map<sip::Aor, Account>> accounts_of(const std::vector<std::string>& users) {
  std::map<sip::Aor, Account> out;
  for (const std::string& user : users) {
    auto aor = sip::Aor::of_user_name(user);
    if (!aor) return Failure{user + " is no address that a phone can have"};
    Account account{*aor, aor->name(), {}};
    out.insert_or_assign(*std::move(aor), std::move(account));
  }
  return out;
}

sip::element::Gateway gateway_of(const Settings& settings) {
  sip::element::Gateway out;
  for (const SipServer& server : settings.sip_trunk_servers)
    out.servers.push_back(
        {actors::name_of(server.transport), server.host, server.port, settings.sip_trunk_domain});
  out.domain = settings.sip_trunk_domain;
  out.domains = settings.sip_trunk_domains;
  out.callers = settings.sip_trunk_callers;
  return out;
}

Outcome<> add_passwords(std::map<sip::Aor, Account>& accounts, const std::string& file,
                        const std::string& overlay, std::vector<std::string>& warnings) {
  const auto text = read_small_file(file);
  if (!text) return Failure{"--sip-passwords: " + text.error().reason};
  auto passwords = parse_phone_passwords(*text, overlay);
  if (!passwords) return Failure{"--sip-passwords: " + file + ": " + passwords.error().reason};
  if (readable_by_others(file)) warnings.push_back("the passwords of phones can be read by others: " + file);
  for (auto& each : *passwords) {
    const auto account = accounts.find(each.user);
    if (account == accounts.end()) {
      warnings.push_back(each.user.name() +
                         " has a password for phones, but this peer no credentials of that user");
      continue;
    }
    account->second.user_name = each.name;
    account->second.keys.push_back(std::move(each.hash));
  }
  return Done{};
}

// Of all `users`, so that who is not named is as "*" says.
Outcome<> add_permissions(actors::SipSettings& sip, const std::map<sip::Aor, Account>& users,
                          const std::string& file, const std::string& overlay,
                          std::vector<std::string>& warnings) {
  const auto text = read_small_file(file);
  if (!text) return Failure{"--sip-presence: " + text.error().reason};
  auto permissions = parse_presence_permissions(*text, overlay);
  if (!permissions) return Failure{"--sip-presence: " + file + ": " + permissions.error().reason};
  for (auto& [user, permission] : permissions->of_users) {
    if (users.contains(user))
      sip.presence_permissions.emplace(user, std::move(permission));
    else
      warnings.push_back("--sip-presence names " + user.name() +
                         ", but this peer has no credentials of that user");
  }
  if (!permissions->of_others) return Done{};
  for (const auto& [user, account] : users) sip.presence_permissions.emplace(user, *permissions->of_others);
  return Done{};
}

sip::LookupPolicy lookup_policy_of(const std::string& name) {
  if (name == "dns-first") return sip::LookupPolicy::dns_first;
  return name == "dns-only" ? sip::LookupPolicy::dns_only : sip::LookupPolicy::overlay_first;
}

}  // namespace

Result<std::vector<PhonePassword>> parse_phone_passwords(std::string_view text, const std::string& overlay) {
  std::vector<PhonePassword> out;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const auto end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || line.starts_with('#')) continue;
    if (line.size() > k_max_line_bytes) return in_line(number, "too long");
    auto password = parse_line(line, overlay);
    if (!password) return in_line(number, password.error().reason);
    const auto is_again = [&](const PhonePassword& other) {
      return other.user == password->user &&
             (other.name != password->name || other.hash.algorithm() == password->hash.algorithm());
    };
    if (std::any_of(out.begin(), out.end(), is_again))
      return in_line(number, "a second password of " + password->user.name());
    out.push_back(*std::move(password));
  }
  return out;
}

Result<PhonesOfPeer> load_phones(const Settings& settings, std::size_t index, const std::string& overlay,
                                 const std::vector<std::string>& users) {
  PhonesOfPeer out;
  if (settings.sip_listen.empty()) return out;
  auto sip = std::make_shared<actors::SipSettings>();
  for (const PhoneListen& listen : settings.sip_listen_of(index)) sip->phones.listen.push_back(listen);
  sip->listen_for_peers = settings.sip_peer_listen_of(index);
  sip->phones.certificates_file = settings.sip_certificate;
  sip->phones.private_key_file = settings.sip_key;
  sip->phones.authorities_file = settings.sip_authorities;
  sip->phones.origins = settings.sip_origins;
  sip->trusts_loopback = settings.sip_trust_loopback;
  sip->names = settings.sip_names;
  sip->lets_users_call_outside = settings.sip_call_outside;
  sip->outside_lookup = lookup_policy_of(settings.sip_outside_lookup);
  sip->dns_servers = settings.sip_dns;
  sip->redirects = settings.sip_redirect;
  sip->calls_per_second = settings.sip_calls_per_second;
  sip->hides_users = settings.sip_through_intermediate;
  if (!settings.sip_trunk_servers.empty()) sip->gateway = gateway_of(settings);
  sip->gateway_peers = settings.sip_gateway_nodes;
  auto accounts = accounts_of(users);
  if (!accounts) return accounts.error();
  if (!settings.sip_passwords.empty()) {
    if (auto added = add_passwords(*accounts, settings.sip_passwords, overlay, out.warnings); !added)
      return added.error();
  }
  if (!settings.sip_presence.empty()) {
    if (auto added = add_permissions(*sip, *accounts, settings.sip_presence, overlay, out.warnings); !added)
      return added.error();
  }
  if (!sip->trusts_loopback) {
    std::map<sip::Aor, Account> without;
    for (auto at = accounts->begin(); at != accounts->end();) {
      const auto next = std::next(at);
      if (at->second.keys.empty()) without.insert(accounts->extract(at));
      at = next;
    }
    if (accounts->empty())
      return Failure{"--sip-listen: no phone could register: give " + text_of(without) +
                     " a password in the file of --sip-passwords, or --sip-trust-loopback"};
    if (!without.empty())
      out.warnings.push_back("phones of these users cannot register, without a password: " +
                             text_of(without));
  }
  for (auto& [aor, account] : *accounts) sip->accounts.push_back(std::move(account));
  out.settings = std::move(sip);
  return out;
}

}  // namespace ringway::services
