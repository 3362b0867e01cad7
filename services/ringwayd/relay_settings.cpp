#include "services/ringwayd/relay_settings.hpp"

#include <cmath>
#include <functional>
#include <map>
#include <optional>
#include <utility>

#include "net/tls_context.hpp"
#include "services/ringwayd/credentials.hpp"

namespace ringway::services {
namespace {

constexpr std::size_t k_max_line_bytes = 1024;
constexpr std::size_t k_max_realm_bytes = 762;    // RFC 8489 §14.9
constexpr std::size_t k_least_secret_bytes = 16;  // of a shared secret: it can be tried out offline

// `take` answers what is wrong with a line.
Outcome<> each_line(std::string_view text, const std::function<std::string(std::string_view)>& take) {
  for (std::size_t number = 1; !text.empty(); ++number) {
    const auto end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || line.starts_with('#')) continue;
    const std::string wrong = line.size() > k_max_line_bytes ? "too long" : take(line);
    if (!wrong.empty()) return Failure{"line " + std::to_string(number) + ": " + wrong};
  }
  return Done{};
}

Result<std::string> read_secret_file(const char* flag, const std::string& file,
                                     std::vector<std::string>& warnings) {
  auto text = read_small_file(file);
  if (!text) return Failure{std::string(flag) + ": " + text.error().reason};
  if (readable_by_others(file)) warnings.push_back("a secret of the relay can be read by others: " + file);
  return text;
}

// Both files as one: a certificate whose key is another is refused before anything starts.
Outcome<> load_certificate(const RelayOptions& options, LoadedSecrets& out) {
  auto certificates = read_small_file(options.certificate);
  if (!certificates) return Failure{"--relay-cert: " + certificates.error().reason};
  auto key = read_secret_file("--relay-key", options.key, out.warnings);
  if (!key) return key.error();
  auto context = net::make_bare_tls_context();
  if (!context) return context.error();
  if (auto used = net::use_credentials(**context, *key, *certificates); !used)
    return Failure{"--relay-cert, --relay-key: " + used.error().reason};
  out.secrets.certificates_pem = *std::move(certificates);
  out.secrets.private_key_pem = *std::move(key);
  return Done{};
}

}  // namespace

Result<std::map<std::string, std::string>> parse_relay_users(std::string_view text) {
  std::map<std::string, std::string> out;
  const auto done = each_line(text, [&out](std::string_view line) -> std::string {
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0 || colon + 1 == line.size()) return "not name:password";
    if (colon > relay::k_max_user_name_bytes) return "the name is too long";
    if (out.size() == k_max_relay_users) return "more than " + std::to_string(k_max_relay_users) + " users";
    if (!out.emplace(line.substr(0, colon), line.substr(colon + 1)).second)
      return "a second password of " + std::string(line.substr(0, colon));
    return "";
  });
  if (!done) return done.error();
  if (out.empty()) return Failure{"no user in it"};
  return out;
}

Result<std::vector<std::string>> parse_relay_secrets(std::string_view text) {
  std::vector<std::string> out;
  const auto done = each_line(text, [&out](std::string_view line) -> std::string {
    if (line.size() < k_least_secret_bytes)
      return "a secret of less than " + std::to_string(k_least_secret_bytes) + " octets";
    if (out.size() == relay::k_max_secrets)
      return "more than " + std::to_string(relay::k_max_secrets) + " secrets";
    out.emplace_back(line);
    return "";
  });
  if (!done) return done.error();
  if (out.empty()) return Failure{"no secret in it"};
  return out;
}

Result<LoadedSecrets> load_relay_secrets(const RelayOptions& options) {
  LoadedSecrets out;
  if (!options.static_users.empty()) {
    const auto text = read_secret_file("--relay-static-user", options.static_users, out.warnings);
    if (!text) return text.error();
    auto users = parse_relay_users(*text);
    if (!users) return Failure{"--relay-static-user: " + options.static_users + ": " + users.error().reason};
    out.secrets.users.users = *std::move(users);
  }
  if (!options.shared_secrets.empty()) {
    const auto text = read_secret_file("--relay-shared-secret", options.shared_secrets, out.warnings);
    if (!text) return text.error();
    auto secrets = parse_relay_secrets(*text);
    if (!secrets)
      return Failure{"--relay-shared-secret: " + options.shared_secrets + ": " + secrets.error().reason};
    out.secrets.users.secrets = *std::move(secrets);
  }
  if (!options.certificate.empty())
    if (auto loaded = load_certificate(options, out); !loaded) return loaded.error();
  return out;
}

Result<RelayOfPeer> load_relay(const Settings& settings, std::size_t index, const std::string& overlay) {
  RelayOfPeer out;
  const RelayOptions& options = settings.relay;
  if (!options.relays()) return out;
  auto loaded = load_relay_secrets(options);
  if (!loaded) return loaded.error();
  out.warnings = std::move(loaded->warnings);
  auto relay = std::make_shared<actors::RelaySettings>();
  relay->control.realm = options.realm.empty() ? overlay : options.realm;
  if (relay->control.realm.size() > k_max_realm_bytes) return Failure{"--relay-realm is too long"};
  relay->control.max_allocations = options.max_allocations;
  relay->control.max_allocations_of_user = options.max_of_user;
  relay->control.policy = options.policy;
  relay->sockets = relay_sockets_of(options, index);
  relay->secrets = std::move(loaded->secrets);
  relay->is_advertised = options.advertise;
  relay->drain_time = Duration{std::llround(options.drain_s * 1000)};
  out.settings = std::move(relay);
  return out;
}

void reload_relay(const RelayOptions& options, const std::string& name,
                  const std::shared_ptr<actors::Peer>& peer, EventLog& log) {
  if (!options.relays()) return;
  const auto tell_refusal = [&log, name](const std::string& reason) {
    log.error(name, "users, secrets and certificate of the relay stay as they were", {{"reason", reason}});
  };
  auto loaded = load_relay_secrets(options);
  if (!loaded) return tell_refusal(loaded.error().reason);
  const std::size_t users = loaded->secrets.users.users.size(),
                    secrets = loaded->secrets.users.secrets.size();
  for (const auto& warning : loaded->warnings) log.warn(name, warning);
  peer->use_relay_secrets(
      std::make_shared<actors::RelaySecrets>(std::move(loaded->secrets)),
      [&log, name, users, secrets, tell_refusal](const std::optional<std::string>& refusal) {
        if (refusal) return tell_refusal(*refusal);
        log.info(name, "users, secrets and certificate of the relay were read again",
                 {{"users", users}, {"secrets", secrets}});
      });
}

}  // namespace ringway::services
