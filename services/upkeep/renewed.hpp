// Is what the enrollment server has answered a renewal of the certificate that this node has?
#pragma once

#include "services/enroll_client/issued.hpp"

namespace ringway::services {

// It leads to a root of `trust`, is for the request's key, and names the same user and the same Node-IDs as
// `present`, for longer.
Result<EnrolledCertificate> check_renewed(const Bytes& csr_der, std::vector<SharedBytes> chain_der,
                                          const security::Certificate& present, const security::Trust& trust,
                                          WallMs now_ms);

}  // namespace ringway::services
