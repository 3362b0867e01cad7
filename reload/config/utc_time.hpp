// Times as configuration documents write them: RFC 3339, in UTC (RFC 6940 §11.1).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "reload/time.hpp"

namespace ringway::config {

// Nothing for what is not such a time, lies before 1970 or is not in UTC. Fractions of a second are dropped.
std::optional<WallMs> parse_utc(std::string_view text);
std::string write_utc(WallMs at_ms);  // to the second

}  // namespace ringway::config
