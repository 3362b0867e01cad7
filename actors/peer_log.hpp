// The log of one peer: spdlog's default logger under the peer's name, so that the program decides where it
// goes and how a line looks.
#pragma once

#include <spdlog/spdlog.h>

#include <memory>
#include <string>

namespace ringway::actors {

inline std::shared_ptr<spdlog::logger> peer_log(const std::string& name) {
  return spdlog::default_logger()->clone(name);
}

}  // namespace ringway::actors
