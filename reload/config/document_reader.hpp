// One <configuration> element: its values into a Configuration, each judged on its own and against what this
// program can serve (RFC 6940 §11.1). The grammar has been checked before; signatures are signatures.cpp's.
#pragma once

#include <libxml/tree.h>

#include "reload/config/configuration.hpp"
#include "reload/config/xml_document.hpp"

namespace ringway::config {

Outcome<> read_configuration(const XmlDocument& document, const xmlNode* element, Configuration& out);
// The signed bytes of a <kind-block> and its signature.
Result<KindBlock> read_kind_block(const XmlDocument& document, const xmlNode* kind_block);

}  // namespace ringway::config
