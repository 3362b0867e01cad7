// Kinds: what may be stored, in which shape, by whom, how much (RFC 6940 §7.4, §11.1). The IANA-registered
// ones are built in; an overlay's own come from its configuration document.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "reload/config/domain_restriction.hpp"
#include "reload/ids.hpp"
#include "reload/redir/tree.hpp"
#include "reload/wire/codec.hpp"

namespace ringway::config {

inline constexpr KindId k_sip_registration = 0x1;
inline constexpr KindId k_turn_service = 0x2;
inline constexpr KindId k_certificate_by_node = 0x3;
inline constexpr KindId k_certificate_by_user = 0x10;
inline constexpr KindId k_redir = 0x104;  // RFC 7374 §10.3
inline constexpr KindId k_first_private_kind = 0xF0000001;
inline constexpr KindId k_last_private_kind = 0xFFFFFFFE;
// Ringway's own (docs/extensions.md): values under `user@domain/…`, and `shared/…` with one entry per writer.
inline constexpr KindId k_owner_value = 0xF0000001;
inline constexpr KindId k_shared_value = 0xF0000002;
// Who watches a key of the two: what data/ stores for itself there.
inline constexpr KindId k_subscription = 0xF0000003;

// The XML namespace that names Ringway's access policies; listed as mandatory-extension by overlays that use
// them.
inline constexpr std::string_view k_access_namespace = "urn:ringway:params:xml:ns:access-control";

// That of RFC 7374: listed as mandatory-extension by overlays that define REDIR (§8).
inline constexpr std::string_view k_redir_namespace = "urn:ietf:params:xml:ns:p2p:redir";

enum class AccessPolicy {
  user_match,       // RFC 6940 §7.3.1
  node_match,       // §7.3.2
  user_node_match,  // §7.3.3, dictionaries only
  node_multiple,    // §7.3.4
  node_id_match,    // RFC 7374 §5, dictionaries only
  // Dictionary key = u16-prefixed resource name ‖ entry key; the name hashes to the Resource-ID and its part
  // before the first "/" is the signer's user name.
  owner_path_match,
  // Dictionary key = u16-prefixed resource name ‖ signer's Node-ID; the name hashes to the Resource-ID and
  // starts with "shared/".
  shared_writer_match,
  // Dictionary key = u16-prefixed resource name ‖ signer's Node-ID; the name, of any application key, hashes
  // to the Resource-ID.
  watcher_match,
};

struct KindDefinition {
  KindId kind = 0;
  std::string name;  // IANA name, or empty
  wire::DataModel model = wire::DataModel::single;
  AccessPolicy access = AccessPolicy::user_match;
  std::uint32_t max_count = 0;                                         // values at one resource
  std::uint32_t max_size_bytes = 0;                                    // of one value
  std::uint32_t max_node_multiple = 0;                                 // NODE-MULTIPLE only
  std::uint32_t branching_factor = redir::k_default_branching_factor;  // NODE-ID-MATCH only (RFC 7374 §8)
  std::optional<DomainRestriction> domain_restriction = {};  // of the writers' user names; absent: any domain
  bool operator==(const KindDefinition&) const = default;
};

class Kinds : public wire::KindModels {
 public:
  void add(KindDefinition definition) { definitions_[definition.kind] = std::move(definition); }
  const KindDefinition* find(KindId kind) const {
    const auto found = definitions_.find(kind);
    return found == definitions_.end() ? nullptr : &found->second;
  }
  bool model_of(KindId kind, wire::DataModel& model) const override {
    const auto* definition = find(kind);
    if (definition != nullptr) model = definition->model;
    return definition != nullptr;
  }
  const std::map<KindId, KindDefinition>& all() const { return definitions_; }

 private:
  std::map<KindId, KindDefinition> definitions_;
};

// Name, model and policy of an IANA Kind; limits are the overlay's to set (RFC 6940 §11.1, STORE-47).
std::optional<KindDefinition> iana_kind(KindId kind);
std::optional<KindDefinition> iana_kind(std::string_view name);
// "USER-MATCH" and so on; Ringway's own with their namespace, as
// "{namespace}OWNER-PATH-MATCH".
std::string name_of(AccessPolicy policy);
std::optional<AccessPolicy> access_policy_of(std::string_view name);
std::string_view name_of(wire::DataModel model);  // SINGLE, ARRAY, DICTIONARY

}  // namespace ringway::config
