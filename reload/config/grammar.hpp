// The grammar of RFC 6940 §11.1.1, checked on the tree: which elements and attributes stand where, and how
// often. In the document's own namespaces nothing else may be there; elements and attributes of foreign
// namespaces may be anywhere. What the values mean is the readers' question.
#pragma once

#include <libxml/tree.h>

#include "reload/result.hpp"

namespace ringway::config {

// <overlay> itself and which children it has; not what is in them, which may be for other overlays.
Outcome<> check_overlay_grammar(const xmlNode* overlay);
// One <configuration> with all that is in it.
Outcome<> check_configuration_grammar(const xmlNode* configuration);
Outcome<> check_kind_block_grammar(const xmlNode* kind_block);

}  // namespace ringway::config
