// ringway.v1.Enrollment/Renew: one call over TLS, with the node's present certificate as the client's. What
// comes back is not checked here (renewed.hpp).
#pragma once

#include <chrono>
#include <stop_token>
#include <string>
#include <vector>

#include "reload/bytes.hpp"
#include "reload/result.hpp"
#include "reload/time.hpp"
#include "services/upkeep/credential_files.hpp"
#include "services/upkeep/enrollment_file.hpp"

namespace ringway::services {

struct RenewalAnswer {
  std::vector<SharedBytes> chain_der;  // the node's own first
  SharedBytes configuration;           // the overlay's document; may be empty
};
struct RenewalFailure {
  std::string reason;
  bool refused = false;  // the server has decided; else it could not be asked, or could not answer
  Duration retry_after{0};
};

// Waits for the answer, until `stop` or the timeout.
Result<RenewalAnswer, RenewalFailure> ask_renewal(const EnrollmentServer& server,
                                                  const KeyAndCertificate& present, const Bytes& csr_der,
                                                  std::chrono::milliseconds timeout, std::stop_token stop);

}  // namespace ringway::services
