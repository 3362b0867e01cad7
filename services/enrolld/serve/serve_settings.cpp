#include "services/enrolld/serve/serve_settings.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <charconv>
#include <memory>

#include "reload/link/link_id.hpp"
#include "services/enrolld/authority/names.hpp"
#include "services/options/option_group.hpp"

namespace ringway::enrolld {
namespace {

const char* const k_footer =
    "A server that enrols whoever has an invitation:\n"
    "  ringway-enrolld init --overlay example.org --dir authority --enrollment-server "
    "https://example.org/enroll\n"
    "  ringway-enrolld serve --dir authority --state state --https 0.0.0.0:443 --https-cert cert.pem "
    "--https-key key.pem\n"
    "\n"
    "Every option may come from the environment (--mail-from is RINGWAY_ENROLLD_MAIL_FROM; lists with "
    "commas) or from the\n"
    "file of --config (mail-from = \"enrol@example.org\"; proof = [\"mail\", \"invitation\"]). A flag beats "
    "the environment, which\n"
    "beats the file. Passwords and passphrases come from files or from the environment.\n"
    "\n"
    "SIGTERM or SIGINT: stop; a second one stops at once. SIGHUP: read the TLS certificates of HTTPS and "
    "gRPC again.\n"
    "Exit codes: 0 stopped, 1 could not start, 2 wrong settings or folder, 130 cut short by a second signal.";

using services::OptionGroup;

OptionGroup group_of(CLI::App& app, const std::string& heading) {
  return OptionGroup(app, "RINGWAY_ENROLLD_", heading);
}

void add_place_options(CLI::App& app, ServeSettings& settings) {
  OptionGroup group = group_of(app, "The authority and what is remembered");
  group.add("dir", settings.directory, "The authority's folder, as `ringway-enrolld init` makes it", "DIR")
      ->required();
  group
      .add("state", settings.state,
           "Folder for records.sqlite, code.key and operator.sock; made if it is not there", "DIR")
      ->capture_default_str();
  group.add("database", settings.database,
            "postgresql://..., which several servers may share; records.sqlite in the state folder if not "
            "given",
            "URL");
  group.number("database-connections", settings.database_connections, 1, 256, "To PostgreSQL, at most");
  group.add("code-key-file", settings.code_key_file,
            "The key of the codes in mails, the same on all servers of one database; code.key in the state "
            "folder if not given, made at the first start",
            "FILE");
  // By their own names in the environment, as for the other commands.
  group.add("key-passphrase-file", settings.keys.passphrase.file,
            "File whose first line is the passphrase of the folder's keys; or the environment's "
            "RINGWAY_KEY_PASSPHRASE",
            "FILE");
  group.add("token-pin-file", settings.keys.token_pin.file,
            "File whose first line is the PIN of the PKCS#11 token; or the environment's RINGWAY_TOKEN_PIN",
            "FILE");
}

void add_network_options(CLI::App& app, ServeSettings& settings) {
  OptionGroup group = group_of(app, "Where it is reached");
  group.add("https", settings.https, "Where HTTPS listens; port 0: any free one", "ADDR:PORT")
      ->capture_default_str();
  group.add("https-cert", settings.https_certificate, "The certificate of HTTPS, and its chain, PEM", "FILE")
      ->required();
  group.add("https-key", settings.https_key, "Its private key, PEM", "FILE")->required();
  group.add("public-url", settings.public_url,
            "Where browsers and peers reach HTTPS, for links in mails; https:// and the overlay's name if "
            "not given",
            "URL");
  group.add("grpc", settings.grpc, "Where gRPC with TLS listens; port 0: any free one. Not given: nowhere",
            "ADDR:PORT");
  group.add("grpc-cert", settings.grpc_certificate, "The certificate of gRPC; that of HTTPS if not given",
            "FILE");
  group.add("grpc-key", settings.grpc_key, "Its private key", "FILE");
  group.add("grpc-public", settings.grpc_public,
            "What others are told about gRPC; the host of --public-url and the port of --grpc if not given",
            "HOST:PORT");
  group
      .add("operator", settings.operators,
           "Who is an operator over gRPC with a client certificate: user@domain of this overlay, or "
           "sha256:HEX of the certificate; may be repeated. Besides whoever may open operator.sock",
           "WHO")
      ->delimiter(',');
  group
      .add("push-to", settings.push_to,
           "A running peer that gets each new configuration document at once, besides the document's "
           "bootstrap nodes; may be repeated",
           "ADDR:PORT")
      ->delimiter(',');
}

void add_proof_options(CLI::App& app, ServeSettings& settings) {
  OptionGroup group = group_of(app, "How somebody proves that a name is theirs");
  group.add("proof", settings.proofs, "May be repeated", "WAY")
      ->check(CLI::IsMember({"mail", "invitation", "password", "certificate", "telephone"}))
      ->delimiter(',')
      ->capture_default_str();
  group.add("smtp", settings.smtp,
            "The mail server: smtp://HOST:587, with STARTTLS, or smtps://HOST:465, with TLS at once", "URL");
  group.add("smtp-user", settings.smtp_user, "Its user, if it wants one", "NAME");
  group.add("smtp-password-file", settings.smtp_password.file,
            "File whose first line is that user's password; or the environment's "
            "RINGWAY_ENROLLD_SMTP_PASSWORD",
            "FILE");
  group.add("smtp-ca", settings.smtp_ca_file,
            "Who vouches for the mail server's certificate, PEM; the system's authorities if not given",
            "FILE");
  group.add("mail-from", settings.mail_from, "The sender's address", "ADDRESS");
  group.add("mail-from-name", settings.mail_from_name, "The sender's name", "NAME");
  group.add("webhook", settings.webhook, "The verifier of telephone numbers, https:// (docs/webhook.md)",
            "URL");
  group.add("webhook-secret-file", settings.webhook_secret.file,
            "File whose first line is the secret shared with it; or the environment's "
            "RINGWAY_ENROLLD_WEBHOOK_SECRET",
            "FILE");
  group.add("webhook-ca", settings.webhook_ca_file, "Who vouches for its certificate, PEM", "FILE");
  group
      .add("foreign-root", settings.foreign_roots,
           "PEM file of an authority whose client certificates prove the mailboxes in them; may be repeated",
           "FILE")
      ->delimiter(',');
}

void add_limit_options(CLI::App& app, ServeSettings& settings) {
  constexpr int k_most = 1'000'000;
  OptionGroup group =
      group_of(app, "Lifetimes and limits (a source is an IPv4 address, or the /64 of an IPv6 one)");
  Limits& limits = settings.limits;
  group.number("certificate-days", settings.certificate_days, 0.0005, 36'500.0,
               "How long certificates are valid; also 0.5 and the like");
  group.number("proof-minutes", settings.proof_minutes, 1, 1440, "How long a link or code is good");
  group.number("attempts-per-source", limits.attempts_of_source.most, 1, k_most, "Calls in 10 minutes");
  group.number("mails-per-source", limits.mails_of_source.most, 1, k_most, "In an hour; and calls by phone");
  group.number("mails-per-name", limits.mails_to_name.most, 1, k_most, "In an hour");
  group.number("passwords-per-name", limits.passwords_of_name.most, 1, k_most, "Tries in an hour");
  group.number("certificates-per-source", limits.certificates_of_source.most, 1, k_most, "In a day");
  group.number("certificates-per-name", limits.certificates_of_name.most, 1, k_most, "In a day");
  group.number("nodes-per-source", limits.nodes_of_source.most, 1, k_most, "Node-IDs in a day");
  group.number("replacements-per-source", limits.replacements_of_source.most, 1, k_most,
               "Lost devices, in a day");
  group.number("replacements-per-name", limits.replacements_of_name.most, 1, k_most,
               "Lost devices, in a day");
  group.number("replacements-per-name-a-year", limits.replacements_of_name_a_year.most, 1, k_most,
               "Lost devices, in 365 days");
  group.number("gather-seconds", settings.gather_seconds, 1, 3600,
               "Replaced devices are shut out together, by one document in this time");
  group.number("nodes-per-name", limits.nodes_of_name, 1, k_most, "Node-IDs with a live certificate");
  group.number("nodes-per-device", limits.nodes_of_device, std::size_t{1}, k_max_nodes_per_device,
               "Node-IDs in one certificate");
  group.number("connections-per-address", settings.connections_per_address, 1, 1024, "To HTTPS at once");
  group.number("workers", settings.workers, 1, 256, "Threads that wait for the database");
}

void add_operation_options(CLI::App& app, ServeSettings& settings) {
  OptionGroup group = group_of(app, "Operation");
  group.config_file();
  group.log(settings.log_level, settings.log_format);
  group.add("ready-file", settings.ready_file, "Write the addresses as JSON when all of them listen", "FILE");
}

// ---- Cross-checks. Each answers what is wrong, empty when nothing is.

std::string derive_addresses(ServeSettings& settings) {
  if (!link::parse_address(settings.https, settings.https_address))
    return "--https takes ADDRESS:PORT, not " + settings.https;
  const auto& url = settings.public_url;
  if (!url.empty() &&
      (!url.starts_with("https://") || url.find_first_of("?# ") != std::string::npos || url.ends_with('/')))
    return "--public-url is like https://enrol.example.org, without a slash at its end; not " + url;
  if (settings.grpc.empty()) {
    const bool more = !settings.grpc_certificate.empty() || !settings.grpc_key.empty() ||
                      !settings.grpc_public.empty() || !settings.operators.empty();
    return more ? "--grpc-cert, --grpc-key, --grpc-public, --operator: for --grpc" : "";
  }
  wire::IpAddressPort address;
  if (!link::parse_address(settings.grpc, address)) return "--grpc takes ADDRESS:PORT, not " + settings.grpc;
  settings.grpc_address = address;
  if (settings.grpc_certificate.empty() != settings.grpc_key.empty())
    return "--grpc-cert and --grpc-key go together";
  return "";
}

std::string derive_peers(ServeSettings& settings) {
  for (const std::string& text : settings.push_to) {
    wire::IpAddressPort address;
    if (!link::parse_address(text, address)) return "--push-to takes ADDRESS:PORT, not " + text;
    settings.push_addresses.push_back(address);
  }
  return "";
}

std::string derive_operators(ServeSettings& settings) {
  constexpr std::string_view k_fingerprint = "sha256:";
  for (const std::string& who : settings.operators) {
    if (!who.starts_with(k_fingerprint)) {
      const std::string name = services::normal_user_name(who);
      if (auto good = services::check_user_name(name); !good) return "--operator: " + good.error().reason;
      settings.operator_names.insert(name);
      continue;
    }
    std::string hex = who.substr(k_fingerprint.size());
    std::erase(hex, ':');  // as OpenSSL prints it
    Bytes bytes;
    Digest digest{};
    if (!from_hex(hex, bytes) || bytes.size() != digest.size())
      return "--operator: " + who + " has no 64 hexadecimal digits";
    std::copy(bytes.begin(), bytes.end(), digest.begin());
    settings.operator_fingerprints.insert(digest);
  }
  return "";
}

Method method_of(const std::string& proof) {
  for (const Method method : {Method::mail, Method::invitation, Method::password, Method::certificate})
    if (proof == name_of(method)) return method;
  return Method::telephone;
}

std::string derive_proofs(ServeSettings& settings) {
  for (const std::string& proof : settings.proofs) settings.methods.insert(method_of(proof));
  if (settings.methods.empty()) return "--proof: without any nobody can enrol";
  const auto offers = [&](Method method) { return settings.methods.contains(method); };
  if (offers(Method::mail)) {
    if (settings.smtp.empty() || settings.mail_from.empty())
      return "--proof mail needs --smtp and --mail-from";
    if (!read_smtp_url(settings.smtp))
      return "--smtp is smtp://HOST:PORT or smtps://HOST:PORT, not " + settings.smtp;
    if (!settings.smtp_user.empty() && !settings.smtp_password.given())
      return "--smtp-user needs --smtp-password-file, or RINGWAY_ENROLLD_SMTP_PASSWORD";
  } else if (!settings.smtp.empty()) {
    return "--smtp is for --proof mail";
  }
  if (offers(Method::telephone)) {
    if (settings.webhook.empty() || !settings.webhook_secret.given())
      return "--proof telephone needs --webhook and --webhook-secret-file, or RINGWAY_ENROLLD_WEBHOOK_SECRET";
  } else if (!settings.webhook.empty()) {
    return "--webhook is for --proof telephone";
  }
  if (offers(Method::certificate) == settings.foreign_roots.empty())
    return "--proof certificate and --foreign-root go together";
  return "";
}

}  // namespace

std::optional<SmtpPlace> read_smtp_url(const std::string& url) {
  SmtpPlace place;
  if (url.starts_with("smtps://"))
    place.tls = SmtpServer::Tls::implicit;
  else if (!url.starts_with("smtp://"))
    return std::nullopt;
  const std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> parsed(curl_url(), &curl_url_cleanup);
  if (!parsed ||
      curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK)
    return std::nullopt;
  const auto part = [&](CURLUPart which) {
    char* text = nullptr;
    if (curl_url_get(parsed.get(), which, &text, 0) != CURLUE_OK) return std::string();
    std::string out(text);
    curl_free(text);
    return out;
  };
  place.host = part(CURLUPART_HOST);
  const std::string port = part(CURLUPART_PORT), path = part(CURLUPART_PATH);
  const bool more = !part(CURLUPART_USER).empty() || !part(CURLUPART_PASSWORD).empty() ||
                    !part(CURLUPART_QUERY).empty() || !part(CURLUPART_FRAGMENT).empty() ||
                    (!path.empty() && path != "/");
  if (place.host.empty() || more) return std::nullopt;
  place.port = place.tls == SmtpServer::Tls::implicit ? std::uint16_t{465} : std::uint16_t{587};
  if (!port.empty()) std::from_chars(port.data(), port.data() + port.size(), place.port);
  return place;
}

std::optional<ServeSettings> parse_serve_settings(int argc, const char* const* argv, std::ostream& out,
                                                  std::ostream& err, int& exit_code) {
  ServeSettings settings;
  CLI::App app("Enrols the nodes of a Ringway overlay (RELOAD, RFC 6940 §11.3) over HTTPS and gRPC.",
               "ringway-enrolld serve");
  app.footer(k_footer);
  add_place_options(app, settings);
  add_network_options(app, settings);
  add_proof_options(app, settings);
  add_limit_options(app, settings);
  add_operation_options(app, settings);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& wrong) {
    exit_code = app.exit(wrong, out, err) == 0 ? k_serve_stopped : k_serve_usage;
    return std::nullopt;
  }
  std::string wrong = derive_addresses(settings);
  if (wrong.empty()) wrong = derive_peers(settings);
  if (wrong.empty()) wrong = derive_operators(settings);
  if (wrong.empty()) wrong = derive_proofs(settings);
  if (wrong.empty()) return settings;
  err << "ringway-enrolld: " << wrong << '\n';
  exit_code = k_serve_usage;
  return std::nullopt;
}

}  // namespace ringway::enrolld
