// What the certificate of somebody else's authority proves: mailboxes, by the rfc822Names in it.
#pragma once

#include <string>
#include <vector>

#include "reload/bytes.hpp"
#include "reload/result.hpp"
#include "reload/time.hpp"

namespace ringway::enrolld {

// The names of the first of `chain` (DER, the rest may be intermediates), when it is one for clients and
// chains to one of `roots`, all valid at `now_ms`.
Result<std::vector<std::string>> names_vouched_for(const std::vector<SharedBytes>& chain,
                                                   const std::vector<SharedBytes>& roots, WallMs now_ms);

}  // namespace ringway::enrolld
