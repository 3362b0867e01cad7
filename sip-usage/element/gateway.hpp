// The gateway of a peer (Settings::gateway), and those of others (Settings::gateway_peers): which calls go to
// them, and whose.
#pragma once

#include <optional>

#include "sip-usage/element/finder.hpp"

namespace ringway::sip::element {

// The trunk as the target, or 403 for who may not call there. Nothing: the gateway is not for this URI, or
// there is none.
std::optional<FindAnswer> through_gateway(const Settings& settings, const proxy::FindTargets& find);
// The peers with a trunk as the target of a call from a phone here. Nothing: they are not for this URI, or
// there are none.
std::optional<FindAnswer> by_gateway_peers(const Settings& settings, const proxy::FindTargets& find);

}  // namespace ringway::sip::element
