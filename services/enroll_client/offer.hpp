// What an enrollment server of Ringway offers: /.well-known/ringway-enrollment beside the configuration
// document.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "reload/result.hpp"
#include "services/enroll_client/configuration.hpp"
#include "services/enroll_client/https.hpp"

namespace ringway::services {

// How a name is proved.
enum class Proof { mail, invitation, password, certificate, telephone };
const char* name_of(Proof proof);  // "mail"
std::optional<Proof> proof_named(const std::string& name);

struct EnrollmentOffer {
  std::string overlay_name;
  std::vector<Proof> proofs;  // those that are known here
  std::string grpc;           // "host:port" of ringway.v1.Enrollment, over TLS
};

// Nothing when the server has no such page: another RELOAD enrollment server (RFC 6940 §11.3).
Result<std::optional<EnrollmentOffer>> fetch_offer(const HttpsSettings& https,
                                                   const ConfigurationServer& server);

}  // namespace ringway::services
