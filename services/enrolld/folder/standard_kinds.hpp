// The Kinds that the first document of an overlay defines.
#pragma once

#include "reload/config/kinds.hpp"

namespace ringway::enrolld {

config::Kinds standard_kinds();

}  // namespace ringway::enrolld
