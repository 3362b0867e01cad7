#include "storage/key_layout.hpp"

namespace ringway::storage {

std::string kind_key(const data::KindAt& at) {
  std::string key(text_of(at.resource.view()));
  for (int shift = 24; shift >= 0; shift -= 8) {
    key.push_back(static_cast<char>(static_cast<std::uint8_t>(at.kind >> shift)));
  }
  return key;
}

std::string record_key(const data::KindAt& at, BytesView item) {
  std::string key = kind_key(at);
  key.append(text_of(item));
  return key;
}

// Of nothing but 0xFF bytes (no Kind-ID is that) it is one that no key is as long as.
std::string end_of_prefix(std::string prefix) {
  constexpr std::size_t k_longer_than_keys = 1U << 17;
  const std::size_t last = prefix.find_last_not_of('\xFF');
  if (last == std::string::npos) return prefix + std::string(k_longer_than_keys, '\xFF');
  prefix.resize(last + 1);
  prefix.back() = static_cast<char>(static_cast<unsigned char>(prefix.back()) + 1);
  return prefix;
}

std::string fact_key(std::string_view name) {
  std::string key = "=";
  key.append(name);
  return key;
}

bool parse_kind_key(std::string_view key, data::KindAt& at) {
  if (key.size() != k_kind_prefix_size_bytes) return false;
  const BytesView bytes = view_of(key);
  at.resource = as_resource(ring_id_from(bytes));
  at.kind = 0;
  for (const std::uint8_t byte : bytes.subspan(k_node_id_size_bytes)) at.kind = at.kind << 8 | byte;
  return true;
}

}  // namespace ringway::storage
