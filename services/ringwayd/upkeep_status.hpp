// What a peer does by itself, as its status tells it to callers of the API.
#pragma once

#include "ringway/v1/peer.pb.h"
#include "services/upkeep/plan.hpp"

namespace ringway::services {

void fill(v1::StatusResponse& out, const UpkeepReport& report);

}  // namespace ringway::services
