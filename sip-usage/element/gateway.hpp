// The gateway of a peer (Settings::gateway): which calls go to it, and whose.
#pragma once

#include <optional>

#include "sip-usage/element/finder.hpp"

namespace ringway::sip::element {

// The trunk as the target, or 403 for who may not call there. Nothing: the gateway is not for this URI, or
// there is none.
std::optional<FindAnswer> through_gateway(const Settings& settings, const proxy::FindTargets& find);

}  // namespace ringway::sip::element
