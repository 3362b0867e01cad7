// enrollment.json in a credentials folder: where the credentials come from, so that a peer can renew its
// certificate and look for newer configuration documents.
#pragma once

#include <optional>
#include <string>

#include "reload/result.hpp"
#include "services/enroll_client/configuration.hpp"

namespace ringway::services {

struct EnrollmentServer {
  std::string configuration_url;  // https://…; empty: no documents are fetched
  bool found_by_name = false;     // DNS says which host that is, and may say another later (RFC 6940 §11.2)
  std::string grpc;               // "host:port" of ringway.v1.Enrollment; empty: nothing is renewed
  std::string ca_file;            // PEM, of the server's certificate; empty: those that the system trusts
};

// Where the documents of this overlay are looked for, if anywhere.
ConfigurationSource configuration_source(const EnrollmentServer& server, const std::string& overlay_name);

// Nothing when the folder has no such file.
Result<std::optional<EnrollmentServer>> read_enrollment_file(const std::string& folder);

}  // namespace ringway::services
