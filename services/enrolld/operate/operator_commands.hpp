// What operators ask of a running enrollment server: `ringway-enrolld invite`, invitations,
// withdraw, revoke, list, set-password, statistics. Each is one call of ringway.v1.Enrollment, through the
// unix socket in the server's state folder or over TLS with an operator's certificate.
#pragma once

#include <CLI/App.hpp>

#include <functional>
#include <ostream>

namespace ringway::enrolld {

// What they exit with; the same as `ringway`.
enum OperatorExit : int {
  k_operator_done = 0,
  k_operator_failed = 1,
  k_operator_usage = 2,
  k_operator_not_found = 3,    // nobody of that name there to revoke, list; no such invitation
  k_operator_unreachable = 4,  // no server there, or no answer in time
  k_operator_refused = 5,
};

// Hangs the commands into `app`. When one of them is the one that was given, `chosen` becomes what is to be
// done; it yields the exit code. The streams outlive it.
void add_operator_commands(CLI::App& app, std::ostream& out, std::ostream& err, std::function<int()>& chosen);

}  // namespace ringway::enrolld
