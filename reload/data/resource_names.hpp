// Application keys: how a resource name is read, and how it is carried inside the dictionary key of Ringway's
// own Kinds, so that the value's signature covers it (a Store carries only its hash).
// Who may write under a name is access_control.hpp's question.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "reload/bytes.hpp"
#include "reload/config/kinds.hpp"
#include "reload/data/api.hpp"
#include "reload/ids.hpp"
#include "reload/result.hpp"

namespace ringway::data {

inline constexpr std::size_t k_max_entry_name_bytes = 1024;
inline constexpr std::string_view k_shared_owner = "shared";

// A valid application key: "user@domain/anything" or "shared/anything".
struct ResourceName {
  std::string_view text;   // into the key it was parsed from
  std::string_view owner;  // before the first "/"
  bool shared() const { return owner == k_shared_owner; }
  KindId kind() const { return shared() ? config::k_shared_value : config::k_owner_value; }
  ResourceId resource() const { return resource_id_of(text); }
};
Result<ResourceName> parse_resource_name(std::string_view key);

// u16 length ‖ resource name ‖ entry (owner names) or the writer's 16-byte Node-ID (shared names).
Bytes dictionary_key_of(const ResourceName& name, BytesView entry);

struct NamedKey {
  std::string_view name;
  BytesView entry;
};
// Nothing when the length runs past the key's end.
std::optional<NamedKey> parse_dictionary_key(BytesView key);

}  // namespace ringway::data
