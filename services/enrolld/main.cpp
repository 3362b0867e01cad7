// ringway-enrolld: makes an overlay and the credentials of its nodes.
#include <sys/stat.h>

#include <CLI/CLI.hpp>
#include <functional>
#include <iostream>
#include <memory>
#include <string_view>

#include "reload/config/utc_time.hpp"
#include "reload/link/link_id.hpp"
#include "services/enrolld/folder/ad_hoc.hpp"
#include "services/enrolld/folder/overlay_files.hpp"
#include "services/enrolld/issue/server_records.hpp"
#include "services/enrolld/operate/operator_commands.hpp"
#include "services/enrolld/push_command.hpp"
#include "services/enrolld/serve/serve.hpp"
#include "services/options/mistyped.hpp"
#include "services/options/shell_words.hpp"

namespace {

using namespace ringway;

constexpr int k_exit_failed = 1;
constexpr int k_exit_usage = 2;

int failed(const Failure& failure) {
  std::cerr << "ringway-enrolld: " << failure.reason << "\n";
  return k_exit_failed;
}

// "192.0.2.1:6084", "[2001:db8::1]:6084".
Result<std::vector<config::BootstrapNode>> bootstrap_nodes(const std::vector<std::string>& texts) {
  std::vector<config::BootstrapNode> nodes;
  for (const auto& text : texts) {
    wire::IpAddressPort parsed;
    if (!link::parse_address(text, parsed)) return Failure{"--bootstrap takes ADDRESS:PORT, not " + text};
    const std::string canonical = link::to_text(parsed);
    std::string host = canonical.substr(0, canonical.rfind(':'));
    if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
    nodes.push_back({host, parsed.port});
  }
  return nodes;
}

// Where newcomers ask a server, the names are the server's to give.
void tell_next_steps(const enrolld::InitOptions& options) {
  if (options.enrollment_servers.empty()) {
    std::cout << "next: "
              << services::command_text({"ringway-enrolld", "issue", "--dir", options.directory, "--user",
                                         "alice@" + options.overlay_name, "--out", "alice"})
              << "\n";
    return;
  }
  std::cout << "next: "
            << services::command_text({"ringway-enrolld", "serve", "--dir", options.directory, "--state",
                                       "state", "--https-cert", "cert.pem", "--https-key", "key.pem",
                                       "--grpc", "0.0.0.0:6085"})
            << "\n"
            << "then, for each newcomer: ringway-enrolld invite --state state --user alice@"
            << options.overlay_name << "\n"
            << "  or newcomers prove their mailboxes: serve with --proof mail, --smtp and --mail-from\n";
}

int run_init(enrolld::InitOptions options, const std::vector<std::string>& bootstrap) {
  auto nodes = bootstrap_nodes(bootstrap);
  if (!nodes) return failed(nodes.error());
  options.bootstrap_nodes = std::move(*nodes);
  const auto made = enrolld::init(options);
  if (!made) return failed(made.error());
  std::cout
      << "overlay " << options.overlay_name << " is in " << options.directory << "\n"
      << "  root.key      the root of all trust: keep a copy, best of all offline; issuing needs it no more\n"
      << "  issuing.key   certifies nodes, in the root's name: keep it secret\n"
      << "  overlay.xml   the signed configuration document: every peer gets it\n";
  tell_next_steps(options);
  return 0;
}

struct AdHocFlags {
  bool wanted = false;
  bool new_secret = false;
  std::string secret_file;
  std::string digest = "sha256";
};

void add_ad_hoc_options(CLI::App* command, AdHocFlags& flags) {
  auto* ad_hoc = command->add_flag(
      "--ad-hoc", flags.wanted, "Without an authority: nodes make their own credentials, and need no server");
  auto* fresh = command->add_flag("--new-shared-secret", flags.new_secret,
                                  "Ad hoc: only who has the document can join; makes a key of 256 bits");
  auto* file = command->add_option("--shared-secret-file", flags.secret_file,
                                   "Ad hoc: the same with a key of yours, the first line of this file");
  auto* digest =
      command->add_option("--self-signed", flags.digest, "Ad hoc: the digest that makes Node-IDs of keys")
          ->check(CLI::IsMember({"sha256", "sha1"}))
          ->capture_default_str();
  for (auto* option : {fresh, file, digest}) option->needs(ad_hoc);
  fresh->excludes(file);
}

int run_init_ad_hoc(const enrolld::InitOptions& common, const AdHocFlags& flags,
                    const std::vector<std::string>& bootstrap) {
  auto nodes = bootstrap_nodes(bootstrap);
  if (!nodes) return failed(nodes.error());
  enrolld::AdHocOptions options;
  options.overlay_name = common.overlay_name;
  options.directory = common.directory;
  options.bootstrap_nodes = std::move(*nodes);
  options.digest =
      flags.digest == "sha1" ? security::SelfSignedDigest::sha1 : security::SelfSignedDigest::sha256;
  options.new_shared_secret = flags.new_secret;
  options.shared_secret_file = flags.secret_file;
  options.max_message_size_bytes = common.max_message_size_bytes;
  options.replicas = common.replicas;
  options.chord_update_interval_s = common.chord_update_interval_s;
  options.chord_ping_interval_s = common.chord_ping_interval_s;
  options.validity_days = common.validity_days;
  options.keys = common.keys;
  options.force = common.force;
  const auto made = enrolld::init_ad_hoc(options);
  if (!made) return failed(made.error());
  std::cout << "overlay " << options.overlay_name << " is in " << options.directory << "\n"
            << "  overlay.xml   give it to everyone who is to take part"
            << (made->has_secret ? ", and to nobody else: who has it can join\n"
                                 : "; anyone who has it can join, and it is no secret\n")
            << "  signer.key    signs the next document: keep it secret; peers do not need it\n"
            << "user names are what each node says of itself, and not checked by anybody\n"
            << "next, on each machine: ringwayd --config-document overlay.xml --self-signed-user alice "
               "--data DIR\n";
  return 0;
}

struct RecordsFlags {
  std::string database;
  bool without = false;
};

int run_issue(const enrolld::IssueOptions& options, const RecordsFlags& flags) {
  std::unique_ptr<enrolld::IssueRecords> records;
  if (!flags.without) {
    auto opened = enrolld::open_server_records(options.directory, flags.database);
    if (!opened) return failed(opened.error());
    records = std::move(*opened);
  }
  const auto issued = enrolld::issue(options, records.get());
  if (!issued) return failed(issued.error());
  std::cout << options.user_name << "\n";
  for (const NodeId& node : issued->nodes) std::cout << "  node " << node.hex() << "\n";
  std::cout << "  credentials in " << options.out << ": node.key (secret), node.crt, overlay.xml\n";
  return 0;
}

int run_update(enrolld::UpdateOptions options, const std::vector<std::string>& bootstrap,
               const std::vector<std::string>& bad_nodes) {
  auto nodes = bootstrap_nodes(bootstrap);
  if (!nodes) return failed(nodes.error());
  options.bootstrap_nodes = std::move(*nodes);
  for (const auto& hex : bad_nodes) {
    Bytes bytes;
    if (!from_hex(hex, bytes) || bytes.size() != k_node_id_size_bytes)
      return failed({"--bad-node takes a Node-ID of 32 hex digits, not " + hex, 0});
    options.bad_nodes.push_back(as_node(ring_id_from(bytes)));
  }
  const auto updated = enrolld::update(options);
  if (!updated) return failed(updated.error());
  std::cout << options.directory << "/overlay.xml has sequence " << updated->sequence << " now";
  if (updated->expiration_ms) std::cout << " and expires at " << config::write_utc(*updated->expiration_ms);
  std::cout << "\n";
  if (updated->root_renewed) std::cout << "  root.crt      renewed, with the same key\n";
  if (updated->issuing_renewed) std::cout << "  issuing.crt   renewed, with the same key\n";
  if (updated->signer_renewed) std::cout << "  signer.crt    renewed, with the same key\n";
  if (!updated->has_authority) {
    std::cout << "next: start one peer with "
              << services::command_text({"--config-document", options.directory + "/overlay.xml"})
              << "; it passes it on to the others\n";
    return 0;
  }
  std::cout << "next: " << services::command_text({"ringway-enrolld", "push", "--dir", options.directory})
            << (updated->bootstrap_nodes == 0 ? " --to ADDRESS:PORT of a peer" : "")
            << ", which brings it to running peers; the others get it from them\n";
  return 0;
}

int run_new_issuing(const enrolld::IssuingOptions& options) {
  const auto made = enrolld::new_issuing(options);
  if (!made) return failed(made.error());
  std::cout << options.directory
            << "/issuing.key and issuing.crt are new; what was issued before stays good\n";
  return 0;
}

void add_key_options(CLI::App* command, enrolld::KeySources& keys) {
  // Passphrases and PINs are no options: everyone on the machine sees those.
  keys.passphrase.may_ask = true;
  keys.token_pin.may_ask = true;
  command->add_option("--key-passphrase-file", keys.passphrase.file,
                      "File whose first line is the passphrase of the folder's keys; or the environment's "
                      "RINGWAY_KEY_PASSPHRASE, or asked for");
  command->add_option("--token-pin-file", keys.token_pin.file,
                      "File whose first line is the PIN of the PKCS#11 token; or the environment's "
                      "RINGWAY_TOKEN_PIN, or asked for");
}

int run_serve(int argc, const char* const* argv) {
  enrolld::take_signals();
  ::umask(077);  // what the server writes is its owner's
  int exit_code = enrolld::k_serve_stopped;
  const auto settings = enrolld::parse_serve_settings(argc, argv, std::cout, std::cerr, exit_code);
  if (!settings) return exit_code;
  services::EventLog log(settings->log_level, settings->log_format == "json");
  log.adopt_grpc();
  log.adopt_spdlog();
  return enrolld::serve(*settings, log);
}

}  // namespace

int main(int argc, char** argv) {
  // It has a settings file and an environment of its own.
  if (argc > 1 && std::string_view(argv[1]) == "serve") return run_serve(argc - 1, argv + 1);
  CLI::App app{
      "Makes a Ringway overlay and enrols its nodes.\n\n"
      "An overlay is a root, which certifies the key that certifies nodes, and a signed configuration "
      "document, which every peer reads.\n"
      "  ringway-enrolld init --overlay example.org --dir authority --bootstrap 192.0.2.1:6084\n"
      "  ringway-enrolld issue --dir authority --user alice@example.org --out alice\n"
      "With init --enrollment-server URL, nodes get their credentials from ringway-enrolld serve instead."};
  app.require_subcommand(1);

  enrolld::InitOptions init;
  std::vector<std::string> init_bootstrap;
  auto* init_command =
      app.add_subcommand("init", "Make an overlay: root key and certificate, signed configuration document");
  init_command->add_option("--overlay", init.overlay_name, "The overlay's name, a domain name")->required();
  init_command->add_option("--dir", init.directory, "The authority's folder; made if missing")->required();
  init_command->add_option("--bootstrap", init_bootstrap,
                           "ADDRESS:PORT of a peer that newcomers contact; repeatable");
  init_command->add_option("--enrollment-server", init.enrollment_servers,
                           "https:// URL where newcomers get credentials, like https://example.org/enroll; "
                           "repeatable");
  init_command
      ->add_option("--max-message-size", init.max_message_size_bytes, "Largest RELOAD message in bytes")
      ->check(CLI::Range(1024, 16 << 20))
      ->capture_default_str();
  init_command
      ->add_option("--replicas", init.replicas, "Peers that keep a copy of each value, beside the first")
      ->check(CLI::Range(std::size_t{1}, config::k_most_replicas))
      ->capture_default_str();
  init_command
      ->add_option("--chord-update-interval", init.chord_update_interval_s,
                   "Seconds between Updates to neighbours")
      ->check(CLI::Range(1, 86'400))
      ->capture_default_str();
  init_command
      ->add_option("--chord-ping-interval", init.chord_ping_interval_s,
                   "Seconds between searches for a finger")
      ->check(CLI::Range(1, 604'800))
      ->capture_default_str();
  init_command
      ->add_option("--validity-days", init.validity_days,
                   "How long the root certificate and the document are valid")
      ->check(CLI::Range(1, 36'500))
      ->capture_default_str();
  init_command->add_option("--root-key", init.root_key_uri,
                           "RFC 7512 URI (pkcs11:...) of a token's key to be the root's; made if not given");
  init_command->add_option("--issuing-key", init.issuing_key_uri,
                           "RFC 7512 URI of a token's key that certifies nodes; made if not given");
  add_key_options(init_command, init.keys);
  init_command->add_flag("--ask-key-passphrase", init.keys.ask_for_new,
                         "Ask for a passphrase and encrypt the keys in the folder with it");
  init_command->add_flag("--force", init.force, "Replace an authority that is there");
  AdHocFlags ad_hoc;
  add_ad_hoc_options(init_command, ad_hoc);

  enrolld::IssueOptions issue;
  auto* issue_command =
      app.add_subcommand("issue", "Issue a node's key, certificate and a copy of the document");
  issue_command->add_option("--dir", issue.directory, "The authority's folder")->required();
  issue_command->add_option("--user", issue.user_name, "The user's name, like alice@example.org")->required();
  issue_command->add_option("--out", issue.out, "Where the credentials go; made if missing")->required();
  issue_command->add_option("--nodes", issue.nodes, "How many Node-IDs the certificate has")
      ->capture_default_str();
  issue_command->add_option("--validity-days", issue.validity_days, "How long the certificate is valid")
      ->check(CLI::Range(1, 36'500))
      ->capture_default_str();
  issue_command->add_flag("--renew", issue.renew,
                          "New key and certificate for a user who has one; same Node-IDs");
  issue_command->add_flag("--force", issue.force, "Overwrite credentials in --out");
  RecordsFlags records;
  issue_command
      ->add_option(
          "--database", records.database,
          "The records of the overlay's enrollment server, postgresql://... or a file, where the folder "
          "does not name them: they are asked first, and told")
      ->envname("RINGWAY_ENROLLD_DATABASE");
  issue_command->add_flag(
      "--without-records", records.without,
      "Do not ask the enrollment server's records: the name may be somebody's, and the server will "
      "not know of the node");
  add_key_options(issue_command, issue.keys);

  enrolld::UpdateOptions update;
  std::vector<std::string> update_bootstrap;
  std::vector<std::string> bad_nodes;
  auto* update_command =
      app.add_subcommand("update-config", "Write and sign the next version of the configuration document");
  update_command->add_option("--dir", update.directory, "The authority's folder")->required();
  update_command->add_option("--edit", update.edited,
                             "An edited copy of the folder's overlay.xml with other Kinds, limits or "
                             "signers: it is numbered and signed "
                             "anew, each Kind too; refused when the folder has a newer one by now");
  update_command->add_option("--bootstrap", update_bootstrap, "The new list of bootstrap peers; repeatable");
  update_command->add_option("--enrollment-server", update.enrollment_servers,
                             "https:// URL where newcomers get credentials; repeatable, replaces the list");
  update_command->add_option("--bad-node", bad_nodes, "A Node-ID to shut out; repeatable");
  update_command
      ->add_option("--replicas", update.replicas,
                   "Peers that keep a copy of each value, beside the first (not given: as many as before)")
      ->check(CLI::Range(std::size_t{1}, config::k_most_replicas));
  update_command
      ->add_option(
          "--validity-days", update.validity_days,
          "How long the document is valid from now; root and signer get new certificates, with the same "
          "keys, where theirs would end before (not given: the document ends when it did)")
      ->check(CLI::Range(1, 36'500));
  update_command->add_option(
      "--root-key", update.root_key,
      "File or RFC 7512 URI of the root's key, needed for new certificates; root.key of "
      "the folder if not given");
  add_key_options(update_command, update.keys);

  enrolld::PushOptions push;
  auto* push_command =
      app.add_subcommand("push", "Bring the folder's configuration document to running peers, now");
  push_command->add_option("--dir", push.directory, "The authority's folder")->required();
  push_command->add_option("--to", push.to,
                           "ADDRESS:PORT of a peer, besides the bootstrap peers of the document; repeatable");
  push_command->add_option("--timeout", push.timeout_s, "Seconds after which no peer is tried again")
      ->check(CLI::Range(1, 3600))
      ->capture_default_str();
  add_key_options(push_command, push.keys);

  enrolld::IssuingOptions issuing;
  auto* issuing_command =
      app.add_subcommand("new-issuing-key", "Make another key that certifies nodes; needs the root's key");
  issuing_command->add_option("--dir", issuing.directory, "The authority's folder")->required();
  issuing_command->add_option("--root-key", issuing.root_key,
                              "File or RFC 7512 URI of the root's key; root.key of the folder if not given");
  issuing_command->add_option("--issuing-key", issuing.issuing_key_uri,
                              "RFC 7512 URI (pkcs11:...) of a token's key; made if not given");
  issuing_command
      ->add_option("--validity-days", issuing.validity_days,
                   "How long its certificate is valid, the root's end at most")
      ->check(CLI::Range(1, 36'500))
      ->capture_default_str();
  add_key_options(issuing_command, issuing.keys);

  app.add_subcommand("serve", "Enrol nodes over HTTPS and gRPC: see ringway-enrolld serve --help");
  std::function<int()> operators_command;
  enrolld::add_operator_commands(app, std::cout, std::cerr, operators_command);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& wrong) {
    if (const auto mistyped = services::mistyped_command(app, wrong); !mistyped.empty()) {
      std::cerr << "ringway-enrolld: there is no command '" << mistyped << "'; see ringway-enrolld --help\n";
      return k_exit_usage;
    }
    return app.exit(wrong) == 0 ? 0 : k_exit_usage;  // help comes this way too
  }
  if (operators_command) return operators_command();
  if (init_command->parsed())
    return ad_hoc.wanted ? run_init_ad_hoc(init, ad_hoc, init_bootstrap) : run_init(init, init_bootstrap);
  if (issue_command->parsed()) return run_issue(issue, records);
  if (push_command->parsed()) return enrolld::run_push(push);
  if (issuing_command->parsed()) return run_new_issuing(issuing);
  return run_update(update, update_bootstrap, bad_nodes);
}
