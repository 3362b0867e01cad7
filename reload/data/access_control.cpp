#include "reload/data/access_control.hpp"

#include <algorithm>

#include "reload/data/resource_names.hpp"
#include "reload/redir/tree.hpp"
#include "reload/wire/service_bodies.hpp"

namespace ringway::data {

namespace {

using config::AccessPolicy;

// The largest i of H(Node-ID ‖ i), which is one byte (AMB-27).
constexpr std::uint32_t k_max_iteration = 255;

// RFC 6940 §7.3.4.
bool matches_node_multiple(const NodeId& node, std::uint32_t max_iteration, const ResourceId& resource) {
  Bytes input = copy_of(node.view());
  input.push_back(0);
  const std::uint32_t last = std::min(max_iteration, k_max_iteration);
  for (std::uint32_t i = 1; i <= last; ++i) {
    input.back() = static_cast<std::uint8_t>(i);
    if (resource_id_of(BytesView{input}) == resource) return true;
  }
  return false;
}

// RFC 7374 §5. A removal says nothing of where it is, so there the key alone counts.
Outcome<> check_node_id(const config::KindDefinition& kind, const ResourceId& resource, const Writer& writer,
                        const wire::StoredDataValue& value) {
  if (kind.model != wire::DataModel::dictionary) return Failure{"NODE-ID-MATCH without a dictionary"};
  if (!equal(value.key, writer.node.view())) return Failure{"the dictionary key is not the signer's Node-ID"};
  if (!value.data.exists) return Done{};
  const auto record = wire::decode<wire::RedirServiceProvider>(value.data.value);
  if (!record) return Failure{"the value is no RedirServiceProvider: " + record.error().reason};
  const redir::TreeNode at{record->level, record->node};
  if (!redir::Tree(kind.branching_factor).holds(at, writer.node))
    return Failure{"the signer's Node-ID is in no interval of that tree node"};
  if (resource_id_of(redir::resource_name_of(text_of(BytesView{record->service}), at)) == resource)
    return Done{};
  return Failure{"H(namespace, level, node) is not the Resource-ID"};
}

// Ringway's own policies: the dictionary key carries the resource's name (docs/extensions.md).
Outcome<> check_name(AccessPolicy policy, const ResourceId& resource, const Writer& writer,
                     const wire::StoredDataValue& value) {
  const auto key = parse_dictionary_key(value.key);
  if (!key) return Failure{"the dictionary key holds no resource name"};
  const auto name = parse_resource_name(key->name);
  if (!name) return Failure{name.error()};
  if (name->resource() != resource) return Failure{"the resource name does not hash to the Resource-ID"};
  if (policy != AccessPolicy::watcher_match &&
      name->shared() != (policy == AccessPolicy::shared_writer_match))
    return Failure{"the resource name belongs to another Kind"};
  if (policy == AccessPolicy::owner_path_match) {
    if (key->entry.size() > k_max_entry_name_bytes) return Failure{"the entry's name is too long"};
    if (name->owner == writer.user_name) return Done{};
    return Failure{"only " + std::string(name->owner) + " may write under this name"};
  }
  if (equal(key->entry, writer.node.view())) return Done{};
  return Failure{"the entry belongs to another writer"};
}

}  // namespace

Outcome<> check_writer(const config::KindDefinition& kind, const ResourceId& resource, const Writer& writer,
                       const wire::StoredDataValue& value) {
  switch (kind.access) {
    case AccessPolicy::user_match:
      if (resource_id_of(writer.user_name) == resource) return Done{};
      return Failure{"the signer's user name does not hash to the Resource-ID"};
    case AccessPolicy::node_match:
      if (resource_id_of(writer.node.view()) == resource) return Done{};
      return Failure{"the signer's Node-ID does not hash to the Resource-ID"};
    case AccessPolicy::user_node_match:
      // For dictionaries only (RFC 6940 §7.3.3).
      if (kind.model != wire::DataModel::dictionary) return Failure{"USER-NODE-MATCH without a dictionary"};
      if (resource_id_of(writer.user_name) != resource) {
        return Failure{"the signer's user name does not hash to the Resource-ID"};
      }
      if (equal(value.key, writer.node.view())) return Done{};
      return Failure{"the dictionary key is not the signer's Node-ID"};
    case AccessPolicy::node_multiple:
      if (matches_node_multiple(writer.node, kind.max_node_multiple, resource)) return Done{};
      return Failure{"no H(Node-ID || i) is the Resource-ID"};
    case AccessPolicy::node_id_match:
      return check_node_id(kind, resource, writer, value);
    case AccessPolicy::owner_path_match:
    case AccessPolicy::shared_writer_match:
    case AccessPolicy::watcher_match:
      return check_name(kind.access, resource, writer, value);
  }
  return Failure{"unknown access policy"};
}

}  // namespace ringway::data
