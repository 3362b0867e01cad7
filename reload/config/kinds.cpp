#include "reload/config/kinds.hpp"

#include <array>

namespace ringway::config {
namespace {

struct Registered {
  KindId kind;
  std::string_view name;
  wire::DataModel model;
  AccessPolicy access;
  std::uint32_t max_node_multiple;
};

// RFC 6940 §14.6, RFC 7904 §9.1, RFC 7374 §10.3.
constexpr std::array k_registered{
    Registered{k_sip_registration, "SIP-REGISTRATION", wire::DataModel::dictionary,
               AccessPolicy::user_node_match, 0},
    Registered{k_turn_service, "TURN-SERVICE", wire::DataModel::single, AccessPolicy::node_multiple, 20},
    Registered{k_certificate_by_node, "CERTIFICATE_BY_NODE", wire::DataModel::array, AccessPolicy::node_match,
               0},
    Registered{k_certificate_by_user, "CERTIFICATE_BY_USER", wire::DataModel::array, AccessPolicy::user_match,
               0},
    Registered{k_redir, "REDIR", wire::DataModel::dictionary, AccessPolicy::node_id_match, 0},
};

struct Policy {
  AccessPolicy policy;
  std::string_view name;
  bool ours;
};
constexpr std::array k_policies{
    Policy{AccessPolicy::user_match, "USER-MATCH", false},
    Policy{AccessPolicy::node_match, "NODE-MATCH", false},
    Policy{AccessPolicy::user_node_match, "USER-NODE-MATCH", false},
    Policy{AccessPolicy::node_multiple, "NODE-MULTIPLE", false},
    Policy{AccessPolicy::node_id_match, "NODE-ID-MATCH", false},
    Policy{AccessPolicy::owner_path_match, "OWNER-PATH-MATCH", true},
    Policy{AccessPolicy::shared_writer_match, "SHARED-WRITER-MATCH", true},
    Policy{AccessPolicy::watcher_match, "WATCHER-MATCH", true},
};

std::string full_name(const Policy& policy) {
  if (!policy.ours) return std::string(policy.name);
  return "{" + std::string(k_access_namespace) + "}" + std::string(policy.name);
}

std::optional<KindDefinition> definition_of(const Registered& entry) {
  KindDefinition definition;
  definition.kind = entry.kind;
  definition.name = entry.name;
  definition.model = entry.model;
  definition.access = entry.access;
  definition.max_node_multiple = entry.max_node_multiple;
  return definition;
}

}  // namespace

std::optional<KindDefinition> iana_kind(KindId kind) {
  for (const auto& entry : k_registered)
    if (entry.kind == kind) return definition_of(entry);
  return std::nullopt;
}

std::optional<KindDefinition> iana_kind(std::string_view name) {
  for (const auto& entry : k_registered)
    if (entry.name == name) return definition_of(entry);
  return std::nullopt;
}

std::string name_of(AccessPolicy policy) {
  for (const auto& entry : k_policies)
    if (entry.policy == policy) return full_name(entry);
  return {};
}

std::optional<AccessPolicy> access_policy_of(std::string_view name) {
  for (const auto& entry : k_policies)
    if (full_name(entry) == name) return entry.policy;
  return std::nullopt;
}

std::string_view name_of(wire::DataModel model) {
  switch (model) {
    case wire::DataModel::single:
      return "SINGLE";
    case wire::DataModel::array:
      return "ARRAY";
    case wire::DataModel::dictionary:
      return "DICTIONARY";
  }
  return "INVALID";
}

}  // namespace ringway::config
