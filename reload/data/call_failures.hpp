// RELOAD errors as an application is told them.
#pragma once

#include "reload/data/api.hpp"
#include "reload/data/refusal.hpp"

namespace ringway::data {

// May the same request succeed a moment later? `found_here`: by this peer (no route, no answer), not told by
// another.
bool is_transient(wire::ErrorCode code, bool found_here);
CallFailure failure_of(const Refusal& refusal, bool found_here);

}  // namespace ringway::data
