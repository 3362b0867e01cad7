// The JSON type of `ringway decode`: fields stay in the order of the wire.
#pragma once

#include <nlohmann/json.hpp>

#include "reload/bytes.hpp"

namespace ringway::services {

using Json = nlohmann::ordered_json;

// Opaque bytes are lower-case hex everywhere.
inline Json hex(BytesView bytes) { return to_hex(bytes); }
// Text when it is UTF-8, else {"hex": …}.
Json text_or_hex(BytesView bytes);

}  // namespace ringway::services
