// enroll.
#include <strings.h>

#include <CLI/CLI.hpp>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <memory>

#include "services/client/channel.hpp"
#include "services/enrolld/authority/names.hpp"
#include "services/options/shell_words.hpp"
#include "services/ringway/commands.hpp"
#include "services/ringway/start_peer.hpp"
#include "services/ringway/terminal.hpp"

namespace ringway::services {
namespace {

const char* const k_footer =
    "What happens: the overlay's configuration document is fetched over HTTPS, a key is made here and never "
    "leaves this\n"
    "machine, you prove that the name is yours, the certificate is checked, and everything is put into one "
    "folder that only\n"
    "you can read. If you are interrupted, the same command goes on where it stopped.\n"
    "\n"
    "By mail, the usual way; open the link in it, or type its code here:\n"
    "  ringway enroll alice@example.org --config-url https://enroll.example.org\n"
    "With an invitation, and start the peer at once:\n"
    "  ringway enroll alice@example.org --config-url https://enroll.example.org --invitation-file token "
    "--start\n"
    "Without a URL the server is found by the domain of the name (DNS: _reload-config._tcp).\n"
    "\n"
    "Secrets are asked for without echo, or come from files or the environment: RINGWAY_INVITATION, "
    "RINGWAY_PASSWORD,\n"
    "RINGWAY_CODE. What stands behind -- goes to ringwayd: ... --start -- --listen 192.0.2.7:6084";

struct EnrollOptions {
  EnrolWish wish;
  EnrolSecrets secrets;
  std::string proof, certificate_file, key_file;
  double wait_s = -1;
  bool start = false;
  std::vector<std::string> peer_options;
};

WallMs wall_now_ms() {
  using namespace std::chrono;
  return static_cast<WallMs>(duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count());
}

// One folder for each name.
std::string usual_folder(const std::string& user) {
  const char* const home = std::getenv("HOME");
  return (home == nullptr || *home == '\0' ? std::string(".") : home + std::string("/.ringway")) + "/" + user;
}

ExitCode exit_code_of(NotEnrolled::Why why) {
  switch (why) {
    case NotEnrolled::Why::wrong_request:
    case NotEnrolled::Why::enrolled_already:
      return k_exit_usage;
    case NotEnrolled::Why::refused:
    case NotEnrolled::Why::waiting:
      return k_exit_refused;
    case NotEnrolled::Why::unreachable:
      return k_exit_unreachable;
    case NotEnrolled::Why::stopped:
      return k_exit_stopped;
    case NotEnrolled::Why::failed:
      break;
  }
  return k_exit_failed;
}

// What is wrong with the command, empty when nothing is.
std::string complete(const Session& session, EnrollOptions& options) {
  EnrolWish& wish = options.wish;
  if (!wish.user.starts_with("tel:")) {
    if (const auto good = check_user_name(wish.user); !good) return wish.user + ": " + good.error().reason;
  } else if (wish.user.find('/') != std::string::npos) {
    return wish.user + " is no telephone number";
  }
  if (!wish.configuration_url.empty() && ::strncasecmp(wish.configuration_url.c_str(), "https://", 8) != 0)
    return "--config-url takes an https:// URL, not " + wish.configuration_url;
  if (!options.proof.empty()) wish.proof = proof_named(options.proof);
  if (options.certificate_file.empty() != options.key_file.empty()) return "--cert and --key go together";
  for (const auto& [path, into] : {std::pair{&options.certificate_file, &wish.https.client_certificates_pem},
                                   {&options.key_file, &wish.https.client_key_pem}}) {
    if (path->empty()) continue;
    auto text = read_file(*path);
    if (!text) return text.error().reason;
    *into = std::move(*text);
  }
  if (wish.proof == Proof::certificate && options.key_file.empty())
    return "--proof certificate needs --cert and --key";
  if (wish.folder.empty()) wish.folder = usual_folder(wish.user);
  std::error_code ignored;
  wish.folder = std::filesystem::absolute(wish.folder, ignored).lexically_normal().string();
  if (options.wait_s >= 0) wish.patience = std::chrono::milliseconds(std::llround(options.wait_s * 1000));
  wish.https.ca_hint = "name the CA that the server's certificate comes from with --ca FILE";
  wish.https.timeout = std::chrono::milliseconds(std::llround(session.timeout_s * 1000));
  return "";
}

void print_enrolled(const Session& session, const EnrolledUser& enrolled, const std::string& folder,
                    const std::vector<std::string>& command, bool start) {
  if (session.json) {
    Json nodes = Json::array();
    for (const NodeId& node : enrolled.nodes) nodes.push_back(node.hex());
    session.print({{"user", enrolled.user},
                   {"overlay", enrolled.overlay},
                   {"nodes", std::move(nodes)},
                   {"certificate_not_after_ms", enrolled.not_after_ms},
                   {"credentials", folder},
                   {"start", command}});
    return;
  }
  auto& out = session.out;
  out << printable(enrolled.user) << " is enrolled in " << printable(enrolled.overlay) << '\n';
  for (const NodeId& node : enrolled.nodes) out << "  node         " << node.hex() << '\n';
  out << "  certificate  until " << time_text(enrolled.not_after_ms)
      << ", renewed by the peer\n  credentials  " << printable(folder)
      << " (whoever reads node.key there is you)\n";
  if (start) return;
  out << "start the peer:\n  " << command_text(command) << '\n';
  const auto& others = enrolled.bootstrap_nodes;
  if (others.empty()) {
    out << "the document names no peer to join through: add --bootstrap HOST:PORT, or --first-peer for the "
           "overlay's first\n";
  } else if (is_own_address(others.front())) {
    const auto& [address, port] = others.front();
    const bool v6 = address.find(':') != std::string::npos;
    if (!is_free(port, v6)) return;  // it runs
    out << "the overlay's first peer, through which the others join, is to be on this machine: start that "
           "one "
           "with --listen "
        << (v6 ? "[" + address + "]" : address) << ':' << port << " --first-peer\n";
  }
}

// What starts the peer of the credentials that are in the folder.
std::string present_command(const EnrollOptions& options) {
  std::vector<config::BootstrapNode> bootstrap_nodes;
  if (const auto text = read_file(options.wish.folder + "/overlay.xml")) {
    const auto document = config::parse_configuration(SharedBytes(copy_of(view_of(*text))), "");
    if (document) bootstrap_nodes = (*document)->bootstrap_nodes;
  }
  return command_text(peer_command(options.wish.folder, bootstrap_nodes, options.peer_options));
}

int enroll(const Session& session, EnrollOptions& options) {
  if (const std::string wrong = complete(session, options); !wrong.empty())
    return session.fail(k_exit_usage, wrong);
  std::vector<std::string> command;
  {
    Terminal terminal(session, options.secrets);
    const auto enrolled = enrol_user(options.wish, terminal, &wall_now_ms);
    if (!enrolled) {
      auto [why, reason] = enrolled.error();
      if (why == NotEnrolled::Why::enrolled_already)
        reason += ". Their peer is started by: " + present_command(options);
      return session.fail(exit_code_of(why), reason);
    }
    command = peer_command(options.wish.folder, enrolled->bootstrap_nodes, options.peer_options);
    print_enrolled(session, *enrolled, options.wish.folder, command, options.start);
  }
  if (!options.start) return k_exit_ok;
  session.out.flush();
  return session.fail(k_exit_failed, become(command));
}

void add_proof_options(CLI::App& command, EnrollOptions& options) {
  const std::string group = "How the name is proved";
  command
      .add_option(
          "-p,--proof", options.proof,
          "mail, invitation, password, certificate or telephone; if not given, what the server offers "
          "and fits")
      ->check(CLI::IsMember({"mail", "invitation", "password", "certificate", "telephone"}))
      ->type_name("WAY")
      ->group(group);
  const auto secret = [&](const char* name, enrolld::SecretSource& source, const char* help) {
    command.add_option(name, source.file, help)->type_name("FILE")->group(group);
  };
  secret("--invitation-file", options.secrets.invitation, "File whose first line is the invitation");
  secret("--password-file", options.secrets.password, "File whose first line is the password");
  secret("--code-file", options.secrets.code,
         "File whose first line is the code that has come, to go on with an enrolment");
  command.add_option("--cert", options.certificate_file, "A certificate that proves the name, PEM")
      ->type_name("FILE")
      ->group(group);
  command.add_option("--key", options.key_file, "Its private key, PEM")->type_name("FILE")->group(group);
  command
      .add_option("--wait", options.wait_s,
                  "How long to wait for the proof, in seconds (if not given, as long as the link is good)")
      ->check(CLI::Range(0.0, 86400.0))
      ->type_name("SECONDS")
      ->group(group);
}

void add_place_options(CLI::App& command, EnrollOptions& options) {
  EnrolWish& wish = options.wish;
  command
      .add_option("-c,--config-url", wish.configuration_url,
                  "https:// URL of the overlay's configuration document, or of its server")
      ->type_name("URL");
  command
      .add_option("--overlay", wish.overlay_name,
                  "The overlay's name, if it is not the domain of the user's name")
      ->type_name("NAME");
  command
      .add_option("--ca", wish.https.ca_file,
                  "The CA of the server's certificate, PEM; those that the system trusts if not given")
      ->type_name("FILE");
  command
      .add_option("-o,--out", wish.folder,
                  "Folder for the credentials, made if missing; ~/.ringway/USER if not given")
      ->type_name("DIR");
  command.add_option("-l,--label", wish.label, "What you call this device; shown to the overlay's operators")
      ->check(utf8_text())
      ->type_name("TEXT");
  command
      .add_option("--replace", wish.replace_node,
                  "Node-ID of a device that you have lost: this one takes its place, and it is shut out")
      ->check(utf8_text())
      ->type_name("NODE");
  command.add_flag(
      "--force", wish.force,
      "Replace credentials that are in the folder, also ended ones; the same user's keep key and "
      "Node-ID");
  command.add_flag(
      "--new-key", wish.new_key,
      "With --force: another key, and so another Node-ID, all the same; for a key that others may "
      "have seen");
  command.add_flag("--start", options.start, "Start the peer: become ringwayd with these credentials");
  command.add_option("ringwayd-options", options.peer_options, "Behind --: options for ringwayd");
}

}  // namespace

void add_enroll(CLI::App& app, Session& session, Action& chosen) {
  auto options = std::make_shared<EnrollOptions>();
  auto* command = app.add_subcommand("enroll", "Get credentials of an overlay from its enrollment server");
  command->add_option("user", options->wish.user, "The name you want: user@domain, or tel:+digits")
      ->required()
      ->check(utf8_text());
  add_place_options(*command, *options);
  add_proof_options(*command, *options);
  command->footer(k_footer);
  command->callback(
      [options, &session, &chosen] { chosen = [options, &session] { return enroll(session, *options); }; });
}

}  // namespace ringway::services
