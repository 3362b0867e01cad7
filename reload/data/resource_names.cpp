#include "reload/data/resource_names.hpp"

#include <algorithm>

namespace ringway::data {

Result<ResourceName> parse_resource_name(std::string_view key) {
  if (key.empty()) return Failure{"the key is empty: use user@domain/name or shared/name"};
  if (key.size() > k_max_resource_name_bytes) {
    return Failure{"the key is longer than " + std::to_string(k_max_resource_name_bytes) + " bytes"};
  }
  const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
  if (std::any_of(key.begin(), key.end(), control)) return Failure{"the key has a control character"};
  const auto slash = key.find('/');
  if (slash == std::string_view::npos || slash + 1 == key.size()) {
    return Failure{"the key has no name after a \"/\": use user@domain/name or shared/name"};
  }
  const ResourceName name{key, key.substr(0, slash)};
  if (name.shared()) return name;
  const auto at = name.owner.find('@');
  if (at == std::string_view::npos || at == 0 || at + 1 == name.owner.size()) {
    return Failure{"the key's part before the first \"/\" is neither \"shared\" nor user@domain"};
  }
  return name;
}

Bytes dictionary_key_of(const ResourceName& name, BytesView entry) {
  Bytes key;
  key.reserve(2 + name.text.size() + entry.size());
  key.push_back(static_cast<std::uint8_t>(name.text.size() >> 8U));
  key.push_back(static_cast<std::uint8_t>(name.text.size() & 0xFFU));
  append(key, ringway::view_of(name.text));
  append(key, entry);
  return key;
}

std::optional<NamedKey> parse_dictionary_key(BytesView key) {
  if (key.size() < 2) return std::nullopt;
  const std::size_t size = static_cast<std::size_t>(key[0]) << 8U | key[1];
  if (key.size() - 2 < size) return std::nullopt;
  return NamedKey{text_of(key.subspan(2, size)), key.subspan(2 + size)};
}

}  // namespace ringway::data
