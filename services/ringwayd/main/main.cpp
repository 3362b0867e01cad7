// `ringwayd`, a peer (or several) of an overlay. Everything is in services/ringwayd/.
#include <sys/stat.h>

#include <iostream>

#include "services/log/event_log.hpp"
#include "services/ringwayd/daemon.hpp"
#include "services/ringwayd/settings.hpp"

int main(int argc, char** argv) {
  using namespace ringway::services;
  take_signals();
  ::umask(077);  // what a peer writes is its owner's
  int exit_code = k_daemon_left;
  const auto settings = parse_settings(argc, argv, std::cout, std::cerr, exit_code);
  if (!settings) return exit_code;
  EventLog log(settings->log_level, settings->log_format == "json");
  log.adopt_grpc();
  log.adopt_spdlog();
  return run_daemon(*settings, log);
}
