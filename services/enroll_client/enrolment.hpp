// The client's half of RFC 6940 §11.3: posts a certificate request, and checks what comes back before anyone
// uses it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "reload/bytes.hpp"
#include "reload/ids.hpp"
#include "reload/security/trust.hpp"
#include "services/enroll_client/https.hpp"
#include "services/enroll_client/issued.hpp"

namespace ringway::services {

// Whose name the server's certificate must hold. The RFC says the overlay's (§11.3), although the server may
// be any host; an operator may instead take the host of a URL that an authenticated document names (AMB-35).
enum class EnrolmentServerName { overlay, url_host };

struct Enrolment {
  std::string url;
  EnrolmentServerName server_name = EnrolmentServerName::overlay;
  std::optional<std::string> user_name;
  std::optional<std::string> password;
  std::uint32_t nodes = 1;
  Bytes csr_der;
};

// The RFC's tokens; what is none of them is unknown (ENROLL-18).
enum class EnrolmentVerdict {
  failed_authentication,
  username_not_available,
  node_ids_not_available,
  bad_csr,
  unknown,
};
struct EnrolmentFailure {
  std::optional<EnrolmentVerdict> verdict;  // none: the server did not decide, so it may be asked again
  std::string reason;
};

// `trust`: of the overlay's configuration, whose root must have signed what comes back (ENROLL-19). The
// certificate is for the request's key, and has as many Node-IDs as were asked for.
Result<EnrolledCertificate, EnrolmentFailure> enrol(const HttpsSettings& https, const Enrolment& enrolment,
                                                    const security::Trust& trust, WallMs now_ms);

}  // namespace ringway::services
