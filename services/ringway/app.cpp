#include "services/ringway/app.hpp"

#include <CLI/CLI.hpp>

#include <string_view>

#include "services/options/mistyped.hpp"
#include "services/ringway/commands.hpp"

namespace ringway::services {
namespace {

void add_global_options(CLI::App& app, Session& session) {
  app.add_option("--api", session.client.api, "The peer's API: unix:PATH or HOST:PORT")
      ->take_last()
      ->envname("RINGWAY_API")
      ->capture_default_str();
  app.add_option("--api-ca", session.client.ca_file,
                 "TLS: the CA that the API's certificate must come from, PEM")
      ->envname("RINGWAY_API_CA")
      ->type_name("FILE");
  // RINGWAY_API_CERT and RINGWAY_API_KEY are ringwayd's: the server's pair.
  app.add_option("--api-cert", session.client.certificate_file,
                 "TLS: the certificate to show to the API, PEM")
      ->envname("RINGWAY_CLIENT_CERT")
      ->type_name("FILE");
  app.add_option("--api-key", session.client.key_file, "TLS: its private key, PEM")
      ->envname("RINGWAY_CLIENT_KEY")
      ->type_name("FILE");
  app.add_option("--api-server-name", session.client.server_name,
                 "TLS: the name in the API's certificate, if it is not the host of --api")
      ->envname("RINGWAY_API_SERVER_NAME")
      ->type_name("NAME");
  app.add_option("--timeout", session.timeout_s, "Seconds to wait for an answer")
      ->envname("RINGWAY_TIMEOUT")
      ->check(CLI::Range(0.001, 3600.0))
      ->type_name("SECONDS")
      ->capture_default_str();
  app.add_flag(
      "--json", session.json,
      "Print one JSON document instead of text, also for errors (watch, presence: one for each event)");
}

void describe(CLI::App& app) {
  app.require_subcommand(1);
  app.fallthrough();  // global options may stand behind the command
  app.set_version_flag("--version", "ringway " RINGWAY_VERSION);
  app.set_help_all_flag("--help-all", "Show the help of every command");
  app.footer(
      "A first session, with a peer running on this machine:\n"
      "  ringway status\n"
      "  ringway put shared/hello 'good morning'\n"
      "  ringway get shared/hello --verbose\n"
      "\n"
      "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 not found, 4 unreachable (no peer there, not joined, "
      "no answer\n"
      "in time), 5 refused (not yours, another generation, too large, a newer value is there), 130 stopped "
      "by a "
      "signal.");
}

// For a line that could not be parsed, so that no option of it has its value yet.
bool asks_for_json(int argc, const char* const* argv) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--") return false;  // values only from here on
    if (argument == "--json") return true;
  }
  return false;
}

}  // namespace

int run_command_line(int argc, const char* const* argv, std::istream& in, std::ostream& out,
                     std::ostream& err) {
  Session session{.in = in, .out = out, .err = err};
  Action chosen;
  CLI::App app(
      "Join a Ringway overlay and talk to a peer of it: get credentials, put and get values, see the ring, "
      "read RELOAD messages.",
      "ringway");
  describe(app);
  add_global_options(app, session);
  for (const auto add :
       {add_enroll,     add_put,     add_get,      add_remove,   add_stat,    add_watch,     add_register,
        add_unregister, add_resolve, add_call_log, add_presence, add_message, add_mailbox,   add_service,
        add_status,     add_ring,    add_ping,     add_leave,    add_decode,  add_completion}) {
    add(app, session, chosen);
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& wrong) {
    // Help and version come this way too, with code 0.
    const bool failed = wrong.get_exit_code() != 0;
    session.json = failed && asks_for_json(argc, argv);
    if (const auto mistyped = mistyped_command(app, wrong); !mistyped.empty())
      return session.fail(k_exit_usage, "there is no command '" + mistyped + "'; see ringway --help");
    if (session.json) return session.fail(k_exit_usage, wrong.what());
    app.exit(wrong, out, err);
    return failed ? k_exit_usage : k_exit_ok;
  }
  const int code = chosen();
  out.flush();
  return out.good() ? code : k_exit_failed;
}

}  // namespace ringway::services
