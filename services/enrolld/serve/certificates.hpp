// Certificates in PEM, as they are.
#pragma once

#include <string_view>
#include <vector>

#include "reload/bytes.hpp"

namespace ringway::enrolld {

// In DER, in their order; what stands between them is passed over, and what cannot be read ends the list.
std::vector<SharedBytes> certificates_in(std::string_view pem);

}  // namespace ringway::enrolld
