// The certificate request of RFC 6940 §11.3, between HTTP and whoever decides: reads the POST, writes the
// answers. Nothing here knows accounts or keys.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "reload/bytes.hpp"
#include "services/enrolld/http/message.hpp"

namespace ringway::enrolld_http {

struct EnrolRequest {
  // UTF-8, compared byte by byte (ENROLL-07); absent when the field is.
  std::optional<std::string> user_name;
  std::optional<std::string> password;
  std::uint32_t nodes = 1;
  Bytes csr_der;
  // Ours, not the RFC's: an enrolment that was begun before, whose proof takes longer than one request.
  std::optional<std::string> enrolment;
  // The client also takes application/pem-certificate-chain (RFC 8555 §9.1), so it can be told of the
  // authorities between it and the root. RFC 6940's own type holds one certificate.
  bool takes_chain = false;
};

// The tokens of RFC 6940 §11.3.
enum class EnrolRefusal { failed_authentication, username_not_available, node_ids_not_available, bad_csr };

// What was asked for, or the answer that refuses it. Fields in the URL are refused (ENROLL-21).
std::variant<EnrolRequest, Response> read_enrolment(const Request& request);
Response refuse_enrolment(EnrolRefusal refusal);
// `chain_der`: the certificate, then those that issued it, without the root.
Response answer_enrolment(const EnrolRequest& request, const std::vector<SharedBytes>& chain_der);

}  // namespace ringway::enrolld_http
