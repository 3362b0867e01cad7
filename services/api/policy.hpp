// What each client of the API may do, and as whom: the rules of the file of --api-policy (docs/gateway.md).
// What no rule allows is refused.
#pragma once

#include <sys/types.h>

#include <array>
#include <bitset>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "reload/result.hpp"
#include "services/api/api_methods.hpp"

namespace ringway::services {

inline constexpr std::size_t k_max_policy_rules = 4096;
inline constexpr std::size_t k_max_policy_list = 1024;        // users or key prefixes of one rule
inline constexpr std::size_t k_max_policy_socket_users = 64;  // each has a gRPC server of its own

// How a client is known: the user of its process at the unix socket, or its TLS certificate.
struct SocketUser {
  ::uid_t uid = 0;
  auto operator<=>(const SocketUser&) const = default;
};
struct CertificateSha256 {  // of the DER
  std::array<std::uint8_t, 32> digest{};
  auto operator<=>(const CertificateSha256&) const = default;
};
struct CertificateSubject {  // as RFC 2253 writes it
  std::string name;
  auto operator<=>(const CertificateSubject&) const = default;
};
using ClientId = std::variant<SocketUser, CertificateSha256, CertificateSubject>;

struct PolicyRule {
  std::string name;
  ClientId client;
  std::bitset<k_api_methods.size()> methods;
  bool as_own_user = false;
  bool as_anybody = false;
  std::set<std::string, std::less<>> as_users;
  std::vector<std::string> key_prefixes;

  bool allows(const ApiCall& call) const;
};

class ApiPolicy {
 public:
  // The failure says in which line, of which rule, and what to write instead. `own_user`: of the peer.
  static Result<std::shared_ptr<const ApiPolicy>> parse(std::string_view json, std::string_view own_user);

  const std::vector<PolicyRule>& rules() const { return rules_; }
  // All the users of the unix socket that the rules name.
  std::set<::uid_t> socket_users() const;

 private:
  std::vector<PolicyRule> rules_;
};

// A client, and the rules about it; they live as long as the policy.
struct ApiClient {
  std::string description;  // for logs and refusals
  std::vector<const PolicyRule*> rules;

  bool may(const ApiCall& call) const;
};
ApiClient client_of_socket(const ApiPolicy& policy, ::uid_t uid);
// As gRPC has it of the connection; what is no certificate has no rules.
ApiClient client_of_certificate(const ApiPolicy& policy, const std::string& pem);
ApiClient unknown_client();

}  // namespace ringway::services
