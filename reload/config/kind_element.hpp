// One <kind> element: what it defines (RFC 6940 §11.1). The grammar has been checked before.
#pragma once

#include <libxml/tree.h>

#include "reload/config/kinds.hpp"
#include "reload/result.hpp"

namespace ringway::config {

Result<KindDefinition> read_kind(const xmlNode* kind);

}  // namespace ringway::config
