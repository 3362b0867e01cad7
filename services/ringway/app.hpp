// The command line of `ringway`: its options, its commands, and how they end.
#pragma once

#include <istream>
#include <ostream>

namespace ringway::services {

// What `ringway` exits with.
enum ExitCode : int {
  k_exit_ok = 0,
  k_exit_failed = 1,       // anything else
  k_exit_usage = 2,        // the command line, or the key, entry or value on it, is not acceptable
  k_exit_not_found = 3,    // nothing is stored there
  k_exit_unreachable = 4,  // no peer at --api, the peer has not joined, or no answer in time
  k_exit_refused = 5,      // not yours to write, another generation, too large, a newer value is there
  k_exit_stopped = 130,    // stopped by a signal; what was begun can be gone on with
};

int run_command_line(int argc, const char* const* argv, std::istream& in, std::ostream& out,
                     std::ostream& err);

}  // namespace ringway::services
