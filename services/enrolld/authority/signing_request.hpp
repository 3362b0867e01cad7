// A certificate signing request (PKCS#10, RFC 2986), as an enrollment server reads it: whose key it is,
// proved by the request's own signature. What certificate comes of it is not the requester's to say
// (ENROLL-24): of subject, names, extensions and attributes nothing gets further than here, but the user
// names wished for, which RFC 6940 §11.3 has the server compare with the account's.
#pragma once

#include <string>
#include <vector>

#include "reload/bytes.hpp"
#include "reload/result.hpp"
#include "services/enrolld/authority/key.hpp"

namespace ringway::enrolld {

inline constexpr std::size_t k_max_signing_request_size_bytes = 16384;

struct SigningRequest {
  services::Key public_key;
  Bytes public_key_sha256;  // of its SubjectPublicKeyInfo
  // Each rfc822Name of the SubjectAltName asked for, as it came: compared, never put anywhere.
  std::vector<std::string> user_names;
};

// Refuses what is not one PKCS#10 request in DER, signed with SHA-2 by the key in it, and keys that no
// certificate is made for.
Result<SigningRequest> read_signing_request(BytesView der);

}  // namespace ringway::enrolld
