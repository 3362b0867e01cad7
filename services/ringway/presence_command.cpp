// presence: what a user does, and then each change.
#include <CLI/CLI.hpp>

#include <memory>
#include <string>

#include "ringway/v1/directory.grpc.pb.h"
#include "services/ringway/commands.hpp"

namespace ringway::services {
namespace {

struct PresenceOptions {
  std::string address, as_user;
  std::uint64_t count = 0;
  bool verbose = false;
};

const char* state_of(const v1::PresenceEvent& event) {
  if (!event.visible()) return "not for you to see";
  return event.reachable() ? "reachable" : "not reachable";
}

// In JSON each event is one line, so that a program can read them as they come.
void print_event(const Session& session, const PresenceOptions& options, const v1::PresenceEvent& event) {
  if (session.json) {
    session.print({{"address", event.address()},
                   {"visible", event.visible()},
                   {"reachable", event.reachable()},
                   {"document", event.document()},
                   {"compacted", event.compacted()}});
  } else {
    session.out << printable(event.address()) << ": " << state_of(event) << '\n';
    if (options.verbose && event.visible()) session.out << printable(event.document()) << '\n';
  }
  session.out.flush();
}

int presence(const Session& session, const PresenceOptions& options) {
  const auto channel = session.channel();
  if (!channel) return k_exit_usage;
  v1::WatchPresenceRequest request;
  request.set_address(options.address);
  request.set_as_user(options.as_user);
  grpc::ClientContext context;  // without a deadline: it goes on until somebody ends it
  const auto reader = v1::Directory::NewStub(channel)->WatchPresence(&context, request);
  v1::PresenceEvent event;
  for (std::uint64_t seen = 0; reader->Read(&event);) {
    print_event(session, options, event);
    if (!session.out.good()) break;  // nobody reads any more
    if (++seen == options.count) {
      context.TryCancel();
      return k_exit_ok;
    }
  }
  if (!session.out.good()) context.TryCancel();
  return session.fail(reader->Finish(), context);
}

}  // namespace

void add_presence(CLI::App& app, Session& session, Action& chosen) {
  auto options = std::make_shared<PresenceOptions>();
  auto* command = app.add_subcommand("presence", "Show whether a user can be reached, and then each change");
  command->add_option("address", options->address, "sip:bob@example.org, bob@example.org or tel:+431")
      ->required()
      ->check(utf8_text());
  command->add_option("-n,--count", options->count, "End after so many events")->check(CLI::PositiveNumber);
  command->add_flag("-v,--verbose", options->verbose, "Show the whole document (PIDF)");
  command
      ->add_option(
          "--as", options->as_user,
          "As this user, whose credentials the peer holds, if its policy lets us; the peer's own user if not "
          "given")
      ->check(utf8_text())
      ->type_name("USER");
  command->callback(
      [options, &session, &chosen] { chosen = [options, &session] { return presence(session, *options); }; });
}

}  // namespace ringway::services
