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
