// watch.
#include <CLI/CLI.hpp>

#include <memory>
#include <optional>
#include <vector>

#include "ringway/v1/overlay.grpc.pb.h"
#include "services/ringway/commands.hpp"
#include "services/ringway/entries.hpp"

namespace ringway::services {
namespace {

struct WatchOptions {
  std::string key, resume;
  std::optional<std::string> entry;
  std::uint64_t count = 0;
  bool verbose = false;
};

// In JSON each event is one line, so that a program can read them as they come.
void print_event(const Session& session, const WatchOptions& options, const v1::WatchResponse& event) {
  if (session.json) {
    Json list = Json::array();
    for (const auto& entry : event.entries()) list.push_back(entry_json(entry));
    session.print({{"key", options.key},
                   {"generation", event.generation()},
                   {"entries", std::move(list)},
                   {"compacted", event.compacted()},
                   {"resume_token", event.resume_token()}});
  } else {
    session.out << "generation " << event.generation()
                << (event.compacted() ? " (after changes that are not shown one by one)" : "") << '\n';
    if (event.entries().empty()) session.out << "  nothing is stored there\n";
    print_entries(session, {event.entries().begin(), event.entries().end()}, options.verbose);
  }
  session.out.flush();
}

int watch(const Session& session, const WatchOptions& options) {
  const auto channel = session.channel();
  if (!channel) return k_exit_usage;
  v1::WatchRequest request;
  request.set_key(options.key);
  if (options.entry) request.set_entry(*options.entry);
  request.set_resume_token(options.resume);
  grpc::ClientContext context;  // without a deadline: it goes on until somebody ends it
  const auto reader = v1::Overlay::NewStub(channel)->Watch(&context, request);
  v1::WatchResponse event;
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

void add_watch(CLI::App& app, Session& session, Action& chosen) {
  auto options = std::make_shared<WatchOptions>();
  auto* command = app.add_subcommand("watch", "Show what is stored at a key, and then each change");
  command->add_option("key", options->key, k_key_help)->required()->check(utf8_text());
  command
      ->add_option("-e,--entry", options->entry, "Only this entry of an owner's key; \"\" is the usual one")
      ->check(utf8_text());
  command
      ->add_option("-r,--resume", options->resume,
                   "Go on from an earlier watch: the resume_token of its last event (see --json)")
      ->type_name("TOKEN");
  command->add_option("-n,--count", options->count, "End after so many events")->check(CLI::PositiveNumber);
  command->add_flag("-v,--verbose", options->verbose, "Say who wrote each value and when");
  command->callback(
      [options, &session, &chosen] { chosen = [options, &session] { return watch(session, *options); }; });
}

}  // namespace ringway::services
