// `ringwayd`, a peer (or several) of an overlay. Everything is in services/ringwayd/.
#include <sys/stat.h>

#include <iostream>

#include "services/log/event_log.hpp"
#include "services/ringwayd/daemon.hpp"
#include "services/ringwayd/descriptors.hpp"
#include "services/ringwayd/settings.hpp"

int main(int argc, char** argv) {
  using namespace ringway::services;
  take_signals();
  ::umask(077);  // what a peer writes is its owner's
  int exit_code = k_daemon_left;
  auto settings = parse_settings(argc, argv, std::cout, std::cerr, exit_code);
  if (!settings) return exit_code;
  const auto shared = share_descriptors(*settings, raise_descriptor_limit());
  if (!shared) {
    std::cerr << "ringwayd: " << shared.error().reason << '\n';
    return k_daemon_usage;
  }
  EventLog log(settings->log_level, settings->log_format == "json");
  log.adopt_grpc();
  log.adopt_spdlog();
  if (!shared->empty()) log.warn("", *shared);
  return run_daemon(*settings, log);
}
