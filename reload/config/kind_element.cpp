#include "reload/config/kind_element.hpp"

#include <limits>

#include "reload/config/namespaces.hpp"
#include "reload/config/values.hpp"
#include "reload/config/xml_document.hpp"

namespace ringway::config {
namespace {

constexpr std::uint32_t k_max_limit = std::numeric_limits<std::int32_t>::max();  // xsd:int
constexpr std::uint32_t k_max_node_multiple = 255;  // the counter is one byte on the wire (AMB-27)

std::string field(const xmlNode* kind, const char* name) {
  const xmlNode* found = child(kind, k_base_namespace, name);
  return found == nullptr ? std::string() : text_of_element(found);
}

std::optional<wire::DataModel> data_model_of(std::string_view name) {
  for (const auto model : {wire::DataModel::single, wire::DataModel::array, wire::DataModel::dictionary}) {
    if (name_of(model) == name) return model;
  }
  return std::nullopt;
}

bool is_for_dictionaries(AccessPolicy policy) {
  return policy == AccessPolicy::user_node_match || policy == AccessPolicy::owner_path_match ||
         policy == AccessPolicy::shared_writer_match || policy == AccessPolicy::watcher_match ||
         policy == AccessPolicy::node_id_match;
}

// Which Kind it is: registered ones as IANA has them, private ones with their number only.
Result<KindDefinition> read_identity(const xmlNode* kind) {
  const auto name = attribute(kind, "name");
  const auto id = attribute(kind, "id");
  if (name.has_value() == id.has_value()) return Failure{"a kind has either a name or an id"};
  if (name) {
    auto registered = iana_kind(*name);
    if (!registered) return Failure{"kind " + *name + " is not known"};
    return *registered;
  }
  KindDefinition definition;
  if (!parse_number(*id, definition.kind, KindId{1}, k_last_private_kind))
    return Failure{"kind id " + *id + " is not a Kind-ID"};
  if (auto registered = iana_kind(definition.kind)) return *registered;
  if (definition.kind < k_first_private_kind)
    return Failure{"kind id " + *id + " is neither registered nor private"};
  return definition;
}

Outcome<> read_model_and_policy(const xmlNode* kind, KindDefinition& out) {
  const std::string model_name = field(kind, "data-model");
  const auto model = data_model_of(model_name);
  if (!model) return Failure{"data-model " + model_name + " is not known"};
  const std::string policy_name = field(kind, "access-control");
  const auto policy =
      access_policy_of(expand_qualified_name(child(kind, k_base_namespace, "access-control"), policy_name));
  if (!policy) return Failure{"access-control " + policy_name + " is not known"};
  if (is_for_dictionaries(*policy) && *model != wire::DataModel::dictionary)
    return Failure{"access-control " + policy_name + " is for dictionaries only"};
  out.model = *model;
  out.access = *policy;
  return Done{};
}

// RFC 7904 §3.4. The grammar there has one name for the element and the prose another; `enable` is required
// by the former and may be missing in the latter.
Outcome<> read_domain_restriction(const xmlNode* kind, KindDefinition& out) {
  const xmlNode* found = child(kind, k_sip_namespace, "domain-restriction");
  const xmlNode* in_prose = child(kind, k_sip_namespace, "domain-restrictions");
  if (found != nullptr && in_prose != nullptr) return Failure{"a kind has two domain restrictions"};
  if (found == nullptr) found = in_prose;
  if (found == nullptr) return Done{};
  DomainRestriction restriction;
  const auto enable = attribute(found, "enable");
  if (enable && !parse_boolean(*enable, restriction.enable))
    return Failure{"domain-restriction's enable is not a boolean"};
  for (const xmlNode* element : children(found, k_sip_namespace, "pattern")) {
    if (restriction.patterns.size() == k_max_domain_patterns)
      return Failure{"a domain-restriction has more than " + std::to_string(k_max_domain_patterns) +
                     " patterns"};
    auto pattern = DomainPattern::compile(text_of_element(element));
    if (!pattern) return pattern.error();
    restriction.patterns.push_back(std::move(*pattern));
  }
  out.domain_restriction = std::move(restriction);
  return Done{};
}

// RFC 7374 §8.
Outcome<> read_branching_factor(const xmlNode* kind, KindDefinition& out) {
  const xmlNode* found = child(kind, k_redir_namespace, "branching-factor");
  if (found == nullptr) return Done{};
  if (out.access == AccessPolicy::node_id_match &&
      parse_number(text_of_element(found), out.branching_factor, redir::k_least_branching_factor,
                   redir::k_most_branching_factor))
    return Done{};
  return Failure{"branching-factor is for NODE-ID-MATCH, and from 2 to 65535"};
}

}  // namespace

Result<KindDefinition> read_kind(const xmlNode* kind) {
  auto definition = read_identity(kind);
  if (!definition) return definition;
  // Of a registered Kind, model and policy are IANA's, whatever is written here (RFC 6940 §11.1).
  if (!iana_kind(definition->kind)) {
    if (auto good = read_model_and_policy(kind, *definition); !good) return good.error();
  }
  if (!parse_number(field(kind, "max-count"), definition->max_count, 1U, k_max_limit))
    return Failure{"max-count is not a positive number"};
  if (!parse_number(field(kind, "max-size"), definition->max_size_bytes, 1U, k_max_limit))
    return Failure{"max-size is not a positive number"};
  if (definition->access == AccessPolicy::node_multiple &&
      !parse_number(field(kind, "max-node-multiple"), definition->max_node_multiple, 1U, k_max_node_multiple))
    return Failure{"a NODE-MULTIPLE kind needs max-node-multiple, from 1 to 255"};
  if (auto good = read_branching_factor(kind, *definition); !good) return good.error();
  if (auto good = read_domain_restriction(kind, *definition); !good) return good.error();
  return definition;
}

}  // namespace ringway::config
