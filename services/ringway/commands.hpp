// The commands of `ringway`. Each add_… hangs a subcommand into the tree; when it is the one that was given,
// `chosen` becomes what is to be done.
#pragma once

#include <CLI/App.hpp>

#include <functional>
#include <string>

#include "services/ringway/session.hpp"

namespace ringway::services {

// Yields the exit code.
using Action = std::function<int()>;

// Keys, entries and names go into the API's strings, which hold nothing but UTF-8.
inline CLI::Validator utf8_text() {
  return {[](std::string& text) { return is_utf8(text) ? "" : printable(text) + " is not UTF-8"; }, "",
          "utf8"};
}

void add_enroll(CLI::App& app, Session& session, Action& chosen);

void add_put(CLI::App& app, Session& session, Action& chosen);
void add_get(CLI::App& app, Session& session, Action& chosen);
void add_remove(CLI::App& app, Session& session, Action& chosen);
void add_stat(CLI::App& app, Session& session, Action& chosen);
void add_watch(CLI::App& app, Session& session, Action& chosen);

void add_register(CLI::App& app, Session& session, Action& chosen);
void add_unregister(CLI::App& app, Session& session, Action& chosen);
void add_resolve(CLI::App& app, Session& session, Action& chosen);
void add_call_log(CLI::App& app, Session& session, Action& chosen);
void add_presence(CLI::App& app, Session& session, Action& chosen);
void add_message(CLI::App& app, Session& session, Action& chosen);
void add_mailbox(CLI::App& app, Session& session, Action& chosen);

void add_service(CLI::App& app, Session& session, Action& chosen);

void add_status(CLI::App& app, Session& session, Action& chosen);
void add_ring(CLI::App& app, Session& session, Action& chosen);
void add_ping(CLI::App& app, Session& session, Action& chosen);
void add_leave(CLI::App& app, Session& session, Action& chosen);

void add_decode(CLI::App& app, Session& session, Action& chosen);
void add_completion(CLI::App& app, Session& session, Action& chosen);

}  // namespace ringway::services
