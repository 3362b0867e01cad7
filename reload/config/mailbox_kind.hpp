// The Kind in which messages wait for users who are not there (docs/extensions.md). What its values mean is
// sip-usage/messages; here is what a document says of it.
#pragma once

#include <cstdint>

#include "reload/config/kinds.hpp"

namespace ringway::config {

inline constexpr KindId k_mailbox = 0xF0000004;
inline constexpr std::uint32_t k_mailbox_senders = 256;            // nodes with an entry in one mailbox
inline constexpr std::uint32_t k_mailbox_entry_bytes = 32 * 1024;  // of one of them

inline KindDefinition mailbox_kind() {
  KindDefinition kind;
  kind.kind = k_mailbox;
  kind.model = wire::DataModel::dictionary;
  kind.access = AccessPolicy::watcher_match;
  kind.max_count = k_mailbox_senders;
  kind.max_size_bytes = k_mailbox_entry_bytes;
  return kind;
}

}  // namespace ringway::config
