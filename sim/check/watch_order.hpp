// Whether what a watcher is told is the change after what it knew: events that are not marked as compacted
// come one for each change and in order (proto/ringway/v1/overlay.proto, Watch).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "reload/data/api.hpp"

namespace ringway::sim {

// What is wrong with that event of a shared key. An entry that is gone has expired or was removed.
std::optional<std::string> order_fault(const std::string& key, const std::vector<data::Entry>& known,
                                       const std::vector<data::Entry>& told);

}  // namespace ringway::sim
