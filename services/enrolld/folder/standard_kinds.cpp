#include "services/enrolld/folder/standard_kinds.hpp"

#include <cstdint>
#include <utility>

#include "reload/config/mailbox_kind.hpp"

namespace ringway::enrolld {
namespace {

// All that share a tree node at the starting level store their records there (RFC 7374 §4.3).
constexpr std::uint32_t k_providers_of_a_tree_node = 1024;
constexpr std::uint32_t k_provider_bytes = 1024;
constexpr std::uint32_t k_value_count = 1024;
constexpr std::uint32_t k_value_size_bytes = 32768;

config::KindDefinition limited(config::KindDefinition kind, std::uint32_t max_count,
                               std::uint32_t max_size_bytes) {
  kind.max_count = max_count;
  kind.max_size_bytes = max_size_bytes;
  return kind;
}

config::KindDefinition private_kind(KindId id, config::AccessPolicy access) {
  config::KindDefinition kind;
  kind.kind = id;
  kind.model = wire::DataModel::dictionary;
  kind.access = access;
  return limited(std::move(kind), k_value_count, k_value_size_bytes);
}

}  // namespace

config::Kinds standard_kinds() {
  config::Kinds kinds;
  kinds.add(limited(*config::iana_kind(config::k_sip_registration), 32, 1024));
  kinds.add(limited(*config::iana_kind(config::k_turn_service), 1, 64));
  kinds.add(limited(*config::iana_kind(config::k_certificate_by_node), 8, 4096));
  kinds.add(limited(*config::iana_kind(config::k_certificate_by_user), 32, 4096));
  kinds.add(limited(*config::iana_kind(config::k_redir), k_providers_of_a_tree_node, k_provider_bytes));
  kinds.add(private_kind(config::k_owner_value, config::AccessPolicy::owner_path_match));
  kinds.add(private_kind(config::k_shared_value, config::AccessPolicy::shared_writer_match));
  kinds.add(private_kind(config::k_subscription, config::AccessPolicy::watcher_match));
  kinds.add(config::mailbox_kind());
  return kinds;
}

}  // namespace ringway::enrolld
