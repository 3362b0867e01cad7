// `ringway-enrolld serve`: runs until a signal.
#pragma once

#include "services/enrolld/serve/serve_settings.hpp"
#include "services/log/event_log.hpp"

namespace ringway::enrolld {

// Before any thread starts: signals are for serve().
void take_signals();

// Answers the exit code.
int serve(const ServeSettings& settings, services::EventLog& log);

}  // namespace ringway::enrolld
