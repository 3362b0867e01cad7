// The Registrar's own values, for its source files only.
#pragma once

#include "services/enrolld/registrar/registrar.hpp"

namespace ringway::enrolld {

// The one answer to every proof that does not hold.
inline constexpr const char* k_not_good = "the proof is not good, or not any more";

struct Registrar::Claim {
  std::string user_name;
  Method method = Method::mail;
  Bytes csr;
  services::Key public_key;
  Digest key{};
  std::string label;
  std::uint32_t node_count = 1;
  std::optional<NodeId> replace;
};

struct Registrar::Proven {
  std::string user_name;
  services::Key public_key;
  Digest key{};
  std::string label;
  std::uint32_t node_count = 1;
  std::optional<NodeId> replace;
  Proof proof;
};

// The newest document, as it is kept and as it is read.
struct Registrar::Newest {
  Document document;
  config::ConfigurationPtr parsed;
};

// SHA-256, as the records key a SubjectPublicKeyInfo.
Digest digest_of_key(const SigningRequest& request);
Digest digest_of_key_info(BytesView der);

// RFC 6940 §11.3 has the server look at the name in the request; what else it asks for does not matter.
bool wants_the_name(const SigningRequest& request, const std::string& user_name);

// The name, whether it is spelt in upper or lower case: a limit that another spelling would evade is none.
std::string folded(std::string_view user_name);

}  // namespace ringway::enrolld
