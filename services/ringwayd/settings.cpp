#include "services/ringwayd/settings.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdlib>

#include "services/api/address.hpp"

namespace ringway::services {
namespace {

const char* const k_footer =
    "A first overlay of one peer (ringway-enrolld makes the credentials):\n"
    "  ringway-enrolld init --overlay overlay.example.org --dir ca\n"
    "  ringway-enrolld issue --dir ca --user alice@example.org --out alice\n"
    "  ringwayd --credentials alice --data alice-data --listen 127.0.0.1:6084 --first-peer\n"
    "  ringway --api unix:alice-data/api.sock status\n"
    "A second peer, with credentials of its own, adds --bootstrap 127.0.0.1:6084 instead of --first-peer.\n"
    "\n"
    "An overlay without any server, whose peers find each other on the local network:\n"
    "  ringway-enrolld init --ad-hoc --overlay site.example.org --new-shared-secret --dir adhoc\n"
    "  ringwayd --config-document adhoc/overlay.xml --self-signed-user alice --data alice-data\n"
    "\n"
    "Every option may come from the environment (--log-level is RINGWAY_LOG_LEVEL; lists with commas) or "
    "from the file\n"
    "of --config (log-level = \"debug\"; bootstrap = [\"192.0.2.1:6084\"]). A flag beats the environment, "
    "which beats the\n"
    "file.\n"
    "\n"
    "With --peers N, peer i of 0 to N-1 uses the folders CREDENTIALS/i and DATA/i, and of each address the "
    "port + i (a\n"
    "port of 0 stays 0). An --api-socket PATH becomes PATH.i. The peers join through the first of them.\n"
    "\n"
    "SIGTERM or SIGINT: hand over, leave the ring, stop; a second one stops at once.\n"
    "Exit codes: 0 left, 1 could not start, 2 wrong settings or credentials, 70 a part of a peer failed (the "
    "log says\n"
    "why), 130 cut short by a second signal.";

std::string environment_name(const std::string& option) {
  std::string name = "RINGWAY_" + option;
  std::transform(name.begin(), name.end(), name.begin(), [](char c) {
    return c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  });
  return name;
}

// CLI11 lets the file beat the environment; this leaves out of the file what the environment sets.
class SettingsFile : public CLI::ConfigBase {
 public:
  std::vector<CLI::ConfigItem> from_config(std::istream& in) const override {
    auto list = CLI::ConfigBase::from_config(in);
    std::erase_if(list, [](const CLI::ConfigItem& item) {
      const char* set = std::getenv(environment_name(item.name).c_str());
      return set != nullptr && *set != '\0';
    });
    return list;
  }
};

// --name, and RINGWAY_NAME.
template <typename T>
CLI::Option* add(CLI::App& app, const std::string& name, T& into, const std::string& help,
                 const std::string& type) {
  return app.add_option("--" + name, into, help)->envname(environment_name(name))->type_name(type);
}
CLI::Option* add_flag(CLI::App& app, const std::string& name, bool& into, const std::string& help) {
  return app.add_flag("--" + name, into, help)->envname(environment_name(name));
}

void add_overlay_options(CLI::App& app, Settings& settings) {
  const std::string group = "The overlay and this peer's place in it";
  add(app, "credentials", settings.credentials,
      "Folder with node.key, node.crt and overlay.xml, as `ringway-enrolld issue` writes it", "DIR")
      ->group(group);
  add(app, "self-signed-user", settings.self_signed_user,
      "Instead of --credentials, where the overlay permits it (ringway-enrolld init --ad-hoc): the peer "
      "makes its "
      "own key and certificate for this user, in its data folder; needs --config-document",
      "NAME")
      ->group(group);
  add(app, "user-credentials", settings.user_credentials,
      "Folder with node.key and node.crt of a further user, or with a folder for each of several: callers of "
      "the "
      "API may write as these users, too, if --api-policy lets them; may be repeated",
      "DIR")
      ->delimiter(',')
      ->group(group);
  add(app, "config-document", settings.config_document,
      "The overlay's configuration document, if it is not overlay.xml in the credentials folder", "FILE")
      ->group(group);
  add(app, "configuration-url", settings.configuration_url,
      "Look there for newer documents, if not where enrollment.json in the credentials folder says", "URL")
      ->group(group);
  add(app, "enrollment-ca", settings.enrollment_ca,
      "CAs that the enrollment server's certificate comes from, PEM; those of the system if neither this nor "
      "enrollment.json says",
      "FILE")
      ->group(group);
  add(app, "configuration-poll-s", settings.configuration_poll_s,
      "How often to look for a newer document, besides before the present one expires; varied by a quarter",
      "SECONDS")
      ->check(CLI::Range(1.0, 31'536'000.0))
      ->capture_default_str()
      ->group(group);
  add(app, "data", settings.data, "Folder for the store and the API's socket; made if it is not there", "DIR")
      ->capture_default_str()
      ->group(group);
  add(app, "listen", settings.listen, "Where other peers connect to (TLS); port 0: any free one", "ADDR:PORT")
      ->capture_default_str()
      ->group(group);
  add(app, "advertise", settings.advertise,
      "The address that others are told, if it is not --listen; may be repeated", "ADDR:PORT")
      ->delimiter(',')
      ->group(group);
  add(app, "bootstrap", settings.bootstrap,
      "A peer to join through, besides those in the configuration document; may be repeated", "HOST:PORT")
      ->delimiter(',')
      ->group(group);
  add_flag(app, "first-peer", settings.first_peer,
           "May be alone in the ring: for the overlay's first peer, which has nobody to join")
      ->group(group);
  add(app, "discovery", settings.discovery,
      "Find peers of this overlay on the local network by multicast: on, off, or auto (on where the overlay "
      "has "
      "no authority)",
      "WHEN")
      ->check(CLI::IsMember({"on", "off", "auto"}))
      ->capture_default_str()
      ->group(group);
  add(app, "peers", settings.peers, "How many peers this process runs, each with an identity of its own", "N")
      ->check(CLI::Range(std::size_t{1}, k_max_peers_per_process))
      ->capture_default_str()
      ->group(group);
}

void add_api_options(CLI::App& app, Settings& settings) {
  const std::string group = "The API for applications (gRPC)";
  add(app, "api-socket", settings.api_socket,
      "Unix socket; api.sock in the data folder if not given, \"none\": no socket", "PATH")
      ->group(group);
  add(app, "api-socket-mode", settings.api_socket_mode,
      "Who may use the socket, as file permissions; for other users it must lie outside the data folder",
      "OCTAL")
      ->capture_default_str()
      ->group(group);
  add(app, "api-listen", settings.api_listen, "Serve the API over TCP too, with TLS; port 0: any free one",
      "ADDR:PORT")
      ->group(group);
  add(app, "api-cert", settings.api_certificate, "TLS: the API's certificate (and chain), PEM", "FILE")
      ->group(group);
  add(app, "api-key", settings.api_key, "TLS: its private key, PEM", "FILE")->group(group);
  add(app, "api-client-ca", settings.api_client_ca,
      "TLS: clients show a certificate that comes from this CA, PEM", "FILE")
      ->group(group);
  add_flag(app, "api-insecure", settings.api_insecure,
           "Let --api-listen be without TLS; loopback addresses only")
      ->group(group);
  add(app, "api-policy", settings.api_policy,
      "What each client of the API may do, and as which users, by its certificate or its user at the unix "
      "socket "
      "(JSON, docs/gateway.md); without it everybody who gets in may do everything as the peer's own user",
      "FILE")
      ->group(group);
}

void add_operation_options(CLI::App& app, Settings& settings) {
  const std::string group = "Operation";
  app.set_config("--config", "", "Read settings from this TOML file")
      ->envname("RINGWAY_CONFIG")
      ->type_name("FILE")
      ->group(group);
  app.config_formatter(std::make_shared<SettingsFile>());
  app.allow_config_extras(CLI::config_extras_mode::error);
  add(app, "log-level", settings.log_level, "trace, debug, info, warn or error", "LEVEL")
      ->check(CLI::IsMember({"trace", "debug", "info", "warn", "error"}))
      ->capture_default_str()
      ->group(group);
  add(app, "log-format", settings.log_format, "text, or json: one object on each line", "FORMAT")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str()
      ->group(group);
  add(app, "ready-file", settings.ready_file,
      "Write node, addresses and API of each peer as JSON when all have joined", "FILE")
      ->group(group);
}

void add_tuning_options(CLI::App& app, Settings& settings) {
  const std::string group = "Tuning";
  const CLI::Range seconds(0.05, 3600.0);
  add(app, "successor-hold-down-s", settings.successor_hold_down_s,
      "How long a neighbour must be gone before its copies are made anew (RFC 6940 says 30)", "SECONDS")
      ->check(seconds)
      ->capture_default_str()
      ->group(group);
  add(app, "leave-timeout-s", settings.leave_timeout_s, "The longest that leaving the ring may take",
      "SECONDS")
      ->check(seconds)
      ->capture_default_str()
      ->group(group);
  add(app, "max-links", settings.max_links, "Links to other peers at once, of each peer", "N")
      ->check(CLI::Range(8, 65536))
      ->capture_default_str()
      ->group(group);
  add(app, "actor-threads", settings.actor_threads, "Threads for actors, 0: one for each core", "N")
      ->check(CLI::Range(0, 256))
      ->capture_default_str()
      ->group(group);
  add(app, "io-threads", settings.io_threads, "Threads for sockets", "N")
      ->check(CLI::Range(1, 64))
      ->capture_default_str()
      ->group(group);
  add(app, "crypto-threads", settings.crypto_threads, "Threads that check signatures, 0: one for each core",
      "N")
      ->check(CLI::Range(0, 256))
      ->capture_default_str()
      ->group(group);
}

// Each of these answers what is wrong, empty when nothing is.
std::string derive_addresses(Settings& settings) {
  const auto listen = parse_address(settings.listen);
  if (!listen) return "--listen: " + listen.error().reason;
  settings.listen_address = *listen;
  for (const auto& text : settings.advertise) {
    const auto address = parse_address(text);
    if (!address) return "--advertise: " + address.error().reason;
    if (address->port == 0) return "--advertise " + text + ": others need the real port";
    settings.advertise_addresses.push_back(*address);
  }
  if (settings.needs_addresses() && settings.discovery == "off") {
    return "--listen " + settings.listen +
           " is no address that others can connect to: give one with --advertise";
  }
  const auto last = settings.peers - 1;
  const auto too_high = [last](const wire::IpAddressPort& a) { return a.port != 0 && a.port + last > 65535; };
  if (too_high(settings.listen_address)) return "--listen: the ports of --peers would go beyond 65535";
  return "";
}

std::string check_identity(const Settings& settings) {
  if (settings.credentials.empty() == settings.self_signed_user.empty())
    return "one of --credentials and --self-signed-user is needed";
  if (!settings.self_signed_user.empty() && settings.config_document.empty())
    return "--self-signed-user needs the overlay's --config-document";
  return "";
}

std::string derive_api(Settings& settings) {
  const auto& mode = settings.api_socket_mode;
  const auto parsed = std::from_chars(mode.data(), mode.data() + mode.size(), settings.api_mode, 8);
  if (mode.empty() || parsed.ec != std::errc{} || parsed.ptr != mode.data() + mode.size() ||
      settings.api_mode > 0777) {
    return "--api-socket-mode: '" + mode + "' are no file permissions like 0660";
  }
  const bool any_tls =
      !settings.api_certificate.empty() || !settings.api_key.empty() || !settings.api_client_ca.empty();
  const bool all_tls =
      !settings.api_certificate.empty() && !settings.api_key.empty() && !settings.api_client_ca.empty();
  if (settings.api_listen.empty()) {
    return any_tls || settings.api_insecure
               ? "--api-cert, --api-key, --api-client-ca, --api-insecure: for --api-listen"
               : "";
  }
  const auto address = parse_address(settings.api_listen);
  if (!address) return "--api-listen: " + address.error().reason;
  settings.api_listen_address = *address;
  if (any_tls && !all_tls) return "--api-cert, --api-key and --api-client-ca go together";
  if (all_tls && settings.api_insecure) return "--api-insecure contradicts --api-cert";
  if (!all_tls && !settings.api_insecure) {
    return "--api-listen needs --api-cert, --api-key and --api-client-ca (or, on loopback, --api-insecure)";
  }
  if (settings.api_insecure && !settings.api_policy.empty())
    return "--api-policy needs to know who calls: use --api-cert, not --api-insecure";
  if (settings.api_insecure && !is_loopback(*address)) return "--api-insecure is for loopback addresses only";
  return "";
}

wire::IpAddressPort shifted(wire::IpAddressPort address, std::size_t index) {
  if (address.port != 0) address.port = static_cast<std::uint16_t>(address.port + index);
  return address;
}

}  // namespace

bool Settings::needs_addresses() const { return is_any(listen_address) && advertise_addresses.empty(); }
std::string Settings::credentials_of(std::size_t index) const {
  if (credentials.empty()) return data_of(index) + "/credentials";
  return peers == 1 ? credentials : credentials + "/" + std::to_string(index);
}
std::string Settings::data_of(std::size_t index) const {
  return peers == 1 ? data : data + "/" + std::to_string(index);
}
std::string Settings::api_socket_of(std::size_t index) const {
  if (api_socket == "none") return "";
  if (api_socket.empty()) return data_of(index) + "/api.sock";
  return peers == 1 ? api_socket : api_socket + "." + std::to_string(index);
}
wire::IpAddressPort Settings::listen_of(std::size_t index) const { return shifted(listen_address, index); }
std::vector<wire::IpAddressPort> Settings::advertise_of(std::size_t index) const {
  std::vector<wire::IpAddressPort> out;
  for (const auto& address : advertise_addresses) out.push_back(shifted(address, index));
  return out;
}
std::optional<wire::IpAddressPort> Settings::api_listen_of(std::size_t index) const {
  if (!api_listen_address) return std::nullopt;
  return shifted(*api_listen_address, index);
}

std::optional<Settings> parse_settings(int argc, const char* const* argv, std::ostream& out,
                                       std::ostream& err, int& exit_code) {
  Settings settings;
  CLI::App app(
      "A peer of a Ringway overlay (RELOAD, RFC 6940): joins the ring, keeps values, serves applications.",
      "ringwayd");
  app.set_version_flag("--version", "ringwayd " RINGWAY_VERSION);
  app.footer(k_footer);
  add_overlay_options(app, settings);
  add_api_options(app, settings);
  add_operation_options(app, settings);
  add_tuning_options(app, settings);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& wrong) {
    exit_code = app.exit(wrong, out, err) == 0 ? k_daemon_left : k_daemon_usage;
    return std::nullopt;
  }
  std::string wrong = check_identity(settings);
  if (wrong.empty()) wrong = derive_addresses(settings);
  if (wrong.empty() && !settings.configuration_url.empty() &&
      !settings.configuration_url.starts_with("https://"))
    wrong = "--configuration-url " + settings.configuration_url + " is not https";
  if (wrong.empty()) wrong = derive_api(settings);
  if (wrong.empty()) return settings;
  err << "ringwayd: " << wrong << '\n';
  exit_code = k_daemon_usage;
  return std::nullopt;
}

}  // namespace ringway::services
