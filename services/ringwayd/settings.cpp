#include "services/ringwayd/settings.hpp"

#include <algorithm>
#include <charconv>

#include "reload/config/values.hpp"
#include "services/api/address.hpp"
#include "services/api/phone_address.hpp"
#include "services/options/option_group.hpp"
#include "sip-usage/element/settings.hpp"

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
    "SIGTERM or SIGINT: hand over, leave the ring, stop (a relay waits for its clients to end first); a "
    "second "
    "one\n"
    "stops at once. SIGHUP: read the passwords, secrets and certificates of phones and of the relay from "
    "their "
    "files\n"
    "again.\n"
    "Exit codes: 0 left, 1 could not start, 2 wrong settings or credentials, 70 a part of a peer failed (the "
    "log says\n"
    "why), 130 cut short by a second signal.";

OptionGroup group_of(CLI::App& app, const std::string& heading) {
  return OptionGroup(app, "RINGWAY_", heading);
}

void add_overlay_options(CLI::App& app, Settings& settings) {
  OptionGroup group = group_of(app, "The overlay and this peer's place in it");
  group.add("credentials", settings.credentials,
            "Folder with node.key, node.crt and overlay.xml, as `ringway-enrolld issue` writes it", "DIR");
  group.add(
      "self-signed-user", settings.self_signed_user,
      "Instead of --credentials, where the overlay permits it (ringway-enrolld init --ad-hoc): the peer "
      "makes "
      "its own key and certificate for this user, in its data folder; needs --config-document",
      "NAME");
  group
      .add("user-credentials", settings.user_credentials,
           "Folder with node.key and node.crt of a further user, or with a folder for each of several: "
           "callers of the API may write as these users, too, if --api-policy lets them; may be repeated",
           "DIR")
      ->delimiter(',');
  group.add("config-document", settings.config_document,
            "The overlay's configuration document, if it is not overlay.xml in the credentials folder",
            "FILE");
  group.add("configuration-url", settings.configuration_url,
            "Look there for newer documents, if not where enrollment.json in the credentials folder says",
            "URL");
  group.add(
      "enrollment-ca", settings.enrollment_ca,
      "CAs that the enrollment server's certificate comes from, PEM; those of the system if neither this nor "
      "enrollment.json says",
      "FILE");
  group.number(
      "configuration-poll-s", settings.configuration_poll_s, 1.0, 31'536'000.0,
      "How often to look for a newer document, besides before the present one expires; varied by a quarter",
      "SECONDS");
  group
      .add("data", settings.data, "Folder for the store and the API's socket; made if it is not there", "DIR")
      ->capture_default_str();
  group
      .add("listen", settings.listen, "Where other peers connect to (TLS); port 0: any free one", "ADDR:PORT")
      ->capture_default_str();
  group
      .add("advertise", settings.advertise,
           "The address that others are told, if it is not --listen; may be repeated", "ADDR:PORT")
      ->delimiter(',');
  group.flag("datagram-links", settings.datagram_links,
             "Links over DTLS and UDP as well, at the same port, with peers that have them too (not in "
             "shared-secret mode)");
  group
      .add("bootstrap", settings.bootstrap,
           "A peer to join through, besides those in the configuration document; may be repeated",
           "HOST:PORT")
      ->delimiter(',');
  group.flag("first-peer", settings.first_peer,
             "May be alone in the ring: for the overlay's first peer, which has nobody to join");
  group
      .add("discovery", settings.discovery,
           "Find peers of this overlay on the local network by multicast: on, off, or auto (on where the "
           "overlay has no authority)",
           "WHEN")
      ->check(CLI::IsMember({"on", "off", "auto"}))
      ->capture_default_str();
  group.number("peers", settings.peers, std::size_t{1}, k_max_peers_per_process,
               "How many peers this process runs, each with an identity of its own");
}

void add_api_options(CLI::App& app, Settings& settings) {
  OptionGroup group = group_of(app, "The API for applications (gRPC)");
  group.add("api-socket", settings.api_socket,
            "Unix socket; api.sock in the data folder if not given, \"none\": no socket", "PATH");
  group
      .add("api-socket-mode", settings.api_socket_mode,
           "Who may use the socket, as file permissions; for other users it must lie outside the data folder",
           "OCTAL")
      ->capture_default_str();
  group.add("api-listen", settings.api_listen, "Serve the API over TCP too, with TLS; port 0: any free one",
            "ADDR:PORT");
  group.add("api-cert", settings.api_certificate, "TLS: the API's certificate (and chain), PEM", "FILE");
  group.add("api-key", settings.api_key, "TLS: its private key, PEM", "FILE");
  group.add("api-client-ca", settings.api_client_ca,
            "TLS: clients show a certificate that comes from this CA, PEM", "FILE");
  group.flag("api-insecure", settings.api_insecure,
             "Let --api-listen be without TLS; loopback addresses only");
  group.add(
      "api-policy", settings.api_policy,
      "What each client of the API may do, and as which users, by its certificate or its user at the unix "
      "socket (JSON, docs/gateway.md); without it everybody who gets in may do everything as the peer's own "
      "user",
      "FILE");
}

void add_phone_options(CLI::App& app, Settings& settings) {
  OptionGroup group = group_of(app, "Phones (SIP)");
  group
      .add("sip-listen", settings.sip_listen,
           "Serve SIP phones there: udp, tcp, tls, ws or wss (browsers), and where; port 0: any free one; "
           "may be "
           "repeated. Without it no phones are served",
           "TRANSPORT:ADDR:PORT")
      ->delimiter(',');
  group.add("sip-peer-listen", settings.sip_peer_listen,
            "Where other peers connect to for calls; the address of --listen and any free port if not given",
            "ADDR:PORT");
  group.add("sip-passwords", settings.sip_passwords,
            "Passwords by which phones register: lines `name:OVERLAY:hash` as htdigest writes them (MD5, or "
            "SHA-256). "
            "Phones of users that this peer has credentials of may register (docs/phones.md)",
            "FILE");
  group.add("sip-presence", settings.sip_presence,
            "Who may see what which user does: {\"bob\": [\"alice\"], \"*\": \"everyone\"} (docs/phones.md); "
            "everyone on the overlay if not given",
            "FILE");
  group.flag(
      "sip-trust-loopback", settings.sip_trust_loopback,
      "Phones on this machine need no password (by UDP, TCP or TLS: any web page could use the others)");
  group
      .add("sip-name", settings.sip_names,
           "A host name by which phones know this peer, besides its addresses; may be repeated", "NAME")
      ->delimiter(',');
  group.add("sip-cert", settings.sip_certificate,
            "tls, wss: the certificate that phones see, and its chain, PEM", "FILE");
  group.add("sip-key", settings.sip_key, "tls, wss: its private key, PEM", "FILE");
  group.add(
      "sip-ca", settings.sip_authorities,
      "Who vouches for the SIP servers outside that are called by TLS, PEM; those of the system if not given",
      "FILE");
  group
      .add("sip-origin", settings.sip_origins,
           "ws, wss: only pages from there may connect, like https://phone.example.org; may be repeated",
           "ORIGIN")
      ->delimiter(',');
  group.flag("sip-call-outside", settings.sip_call_outside,
             "Let this peer's users call addresses of other domains, found by DNS");
  group
      .add("sip-outside-lookup", settings.sip_outside_lookup,
           "Such an address may be known to the overlay and to DNS, and both are asked at once: whose answer "
           "counts (overlay-first, dns-first), or that the overlay is not asked (dns-only)",
           "POLICY")
      ->check(CLI::IsMember({"overlay-first", "dns-first", "dns-only"}));
  group.add("sip-dns", settings.sip_dns,
            "Ask these name servers for that, and for names of --sip-trunk, and not those of the system",
            "ADDR:PORT,...");
  group
      .add("sip-trunk", settings.sip_trunk,
           "A gateway peer: calls to telephone numbers that no user has go on to this server (udp, tcp or "
           "tls; an address, or a name that DNS is asked for, the port, too, if it is not given); may be "
           "repeated, the first one that answers is used",
           "TRANSPORT:HOST[:PORT]")
      ->delimiter(',');
  group.add("sip-trunk-domain", settings.sip_trunk_domain,
            "The trunk's domain: a call to tel:+431 goes there as sip:+431@DOMAIN, and its TLS certificate "
            "is of it",
            "DOMAIN");
  group
      .add("sip-trunk-caller", settings.sip_trunk_callers,
           "Who may call through it: alice@example.org, *@example.org, or * for all users; may be repeated. "
           "Nobody else "
           "may",
           "USER")
      ->delimiter(',');
  group
      .add("sip-trunk-for", settings.sip_trunk_domains,
           "Calls to addresses of this domain go there, too; * for every foreign one; may be repeated",
           "DOMAIN")
      ->delimiter(',');
  group
      .add("sip-gateway", settings.sip_gateways,
           "A peer of the overlay that has a trunk (its Node-ID): calls of phones here to telephone numbers "
           "that no user has, and to other domains unless --sip-call-outside is set, go there; may be "
           "repeated, the first one that answers is used",
           "NODE-ID")
      ->delimiter(',');
  group.number("sip-calls-per-second", settings.sip_calls_per_second, 0, 1'000,
               "Calls that one user here gets from other peers and from outside, 0: as many as come");
  group.flag("sip-redirect", settings.sip_redirect,
             "A redirect peer: tells phones where users of other peers are (302) and lets them call there "
             "themselves");
  group.flag(
      "sip-through-intermediate", settings.sip_through_intermediate,
      "All that this peer's phones send to users of other peers is anonymous and goes by way of another "
      "peer, as calls with `Privacy: id` do anyway (docs/phones.md); a phone says `Privacy: none` where it "
      "does not want that");
}

void add_relay_group(CLI::App& app, Settings& settings) {
  OptionGroup group = group_of(app, "The relay (TURN)");
  add_relay_options(group, settings.relay);
}

void add_operation_options(CLI::App& app, Settings& settings) {
  OptionGroup group = group_of(app, "Operation");
  group.config_file();
  group.log(settings.log_level, settings.log_format);
  group.add("ready-file", settings.ready_file,
            "Write node, addresses and API of each peer as JSON when all have joined", "FILE");
}

void add_tuning_options(CLI::App& app, Settings& settings) {
  OptionGroup group = group_of(app, "Tuning");
  constexpr double k_least_s = 0.05, k_most_s = 3600.0;
  group.number("successor-hold-down-s", settings.successor_hold_down_s, k_least_s, k_most_s,
               "How long a neighbour must be gone before its copies are made anew (RFC 6940 says 30)",
               "SECONDS");
  group.number("replication-rate", settings.replication_rate_bytes_per_s, std::uint64_t{0},
               std::uint64_t{1} << 30U,
               "What copying in the background may send, 0: as much as it can; new values and what a joining "
               "peer waits for are not held back",
               "BYTES/S");
  group.number("comparison-interval-s", settings.comparison_interval_s, 0.0, 86'400.0,
               "How often replicas are compared with what they should hold, 0: only when they change",
               "SECONDS");
  group.number("leave-timeout-s", settings.leave_timeout_s, k_least_s, k_most_s,
               "The longest that leaving the ring may take", "SECONDS");
  group.number("max-links", settings.max_links, 8, 65536, "Links to other peers at once, of each peer");
  group.number("actor-threads", settings.actor_threads, 0, 256, "Threads for actors, 0: one for each core");
  group.number("io-threads", settings.io_threads, 1, 64, "Threads for sockets");
  group.number("crypto-threads", settings.crypto_threads, 0, 256,
               "Threads that check signatures, 0: one for each core");
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

std::string derive_phones(Settings& settings) {
  const bool any =
      !settings.sip_passwords.empty() || settings.sip_trust_loopback || !settings.sip_names.empty() ||
      !settings.sip_certificate.empty() || !settings.sip_key.empty() || !settings.sip_origins.empty() ||
      settings.sip_call_outside || !settings.sip_peer_listen.empty() || !settings.sip_trunk.empty() ||
      settings.sip_redirect || !settings.sip_presence.empty() || settings.sip_through_intermediate ||
      !settings.sip_authorities.empty() || !settings.sip_dns.empty() || !settings.sip_trunk_domain.empty() ||
      !settings.sip_trunk_callers.empty() || !settings.sip_gateways.empty();
  if (settings.sip_listen.empty()) return any ? "the other settings of phones are for --sip-listen" : "";
  for (const std::string& text : settings.sip_listen) {
    auto listen = parse_phone_listen(text);
    if (!listen) return "--sip-listen: " + listen.error().reason;
    settings.sip_addresses.push_back(*listen);
  }
  if (!settings.sip_peer_listen.empty()) {
    const auto at = parse_address(settings.sip_peer_listen);
    if (!at) return "--sip-peer-listen: " + at.error().reason;
    settings.sip_peer_address = *at;
  }
  if (settings.sip_trunk.empty() != settings.sip_trunk_domain.empty() ||
      settings.sip_trunk.empty() != settings.sip_trunk_callers.empty())
    return "--sip-trunk, --sip-trunk-domain and --sip-trunk-caller go together";
  for (const std::string& text : settings.sip_trunk) {
    auto server = parse_sip_server(text);
    if (!server) return "--sip-trunk: " + server.error().reason;
    settings.sip_trunk_servers.push_back(*std::move(server));
  }
  if (settings.sip_gateways.size() > sip::element::k_most_gateway_peers)
    return "--sip-gateway: so many at most: " + std::to_string(sip::element::k_most_gateway_peers);
  for (const std::string& text : settings.sip_gateways) {
    if (!config::parse_node_id(text, settings.sip_gateway_nodes.emplace_back()))
      return "--sip-gateway: not a Node-ID of 32 hexadecimal digits: " + text;
  }
  if (!settings.sip_dns.empty() && !settings.sip_call_outside && settings.sip_trunk.empty())
    return "--sip-dns is for --sip-call-outside and --sip-trunk";
  if (settings.sip_outside_lookup != "overlay-first" && !settings.sip_call_outside)
    return "--sip-outside-lookup is for --sip-call-outside";
  if (settings.sip_certificate.empty() != settings.sip_key.empty())
    return "--sip-cert and --sip-key go together";
  const bool has_tls =
      std::any_of(settings.sip_addresses.begin(), settings.sip_addresses.end(), [](const auto& each) {
        return each.transport == net::phones::Transport::tls || each.transport == net::phones::Transport::wss;
      });
  if (has_tls && settings.sip_certificate.empty())
    return "--sip-listen tls: and wss: need --sip-cert and --sip-key";
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

std::vector<net::phones::PhoneListen> Settings::sip_listen_of(std::size_t index) const {
  auto out = sip_addresses;
  for (auto& each : out) each.at = shifted(each.at, index);
  return out;
}

wire::IpAddressPort Settings::sip_peer_listen_of(std::size_t index) const {
  return shifted(sip_peer_address, index);
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
  add_phone_options(app, settings);
  add_relay_group(app, settings);
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
  if (wrong.empty()) wrong = derive_phones(settings);
  if (wrong.empty()) wrong = derive_relay(settings.relay, settings.peers);
  if (wrong.empty()) return settings;
  err << "ringwayd: " << wrong << '\n';
  exit_code = k_daemon_usage;
  return std::nullopt;
}

}  // namespace ringway::services
