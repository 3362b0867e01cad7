// The life of `ringwayd`: starts its peers and their APIs, watches them, leaves the ring when told to.
#pragma once

#include <signal.h>  // NOLINT(modernize-deprecated-headers): POSIX's signal masks are not in <csignal>

#include "services/log/event_log.hpp"
#include "services/ringwayd/settings.hpp"

namespace ringway::services {

// To be called before any thread starts: from then on signals come to run_daemon() only.
void take_signals();

// Runs until every peer has left or something failed; answers the exit code.
int run_daemon(const Settings& settings, EventLog& log);

}  // namespace ringway::services
