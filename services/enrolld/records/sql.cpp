#include "services/enrolld/records/sql.hpp"

#include <libxml/xmlstring.h>

#include <algorithm>
#include <limits>

namespace ringway::enrolld {
namespace {

template <std::size_t N>
std::array<std::uint8_t, N> array_of(const Bytes& bytes) {
  std::array<std::uint8_t, N> out{};
  if (bytes.size() != N) refuse("the database has a value of the wrong size");
  std::copy(bytes.begin(), bytes.end(), out.begin());
  return out;
}

}  // namespace

template <typename T>
const T& Row::at(std::size_t column) const {
  const T* value = column < values_.size() ? std::get_if<T>(&values_[column]) : nullptr;
  if (value == nullptr) refuse("the database has a value of the wrong type");
  return *value;
}

bool Row::is_null(std::size_t column) const {
  return column >= values_.size() || std::holds_alternative<std::monostate>(values_[column]);
}
std::int64_t Row::number(std::size_t column) const { return at<std::int64_t>(column); }
const std::string& Row::text(std::size_t column) const { return at<std::string>(column); }
const Bytes& Row::bytes(std::size_t column) const { return at<Bytes>(column); }

std::optional<WallMs> Row::optional_time(std::size_t column) const {
  if (is_null(column)) return std::nullopt;
  return time(column);
}
Digest Row::digest(std::size_t column) const { return array_of<std::tuple_size_v<Digest>>(bytes(column)); }
std::optional<Digest> Row::optional_digest(std::size_t column) const {
  if (is_null(column)) return std::nullopt;
  return digest(column);
}
NodeId Row::node(std::size_t column) const {
  NodeId node;
  node.bytes = array_of<k_node_id_size_bytes>(bytes(column));
  return node;
}
std::optional<NodeId> Row::optional_node(std::size_t column) const {
  if (is_null(column)) return std::nullopt;
  return node(column);
}

Value value_of(WallMs time) {
  constexpr auto k_most = static_cast<WallMs>(std::numeric_limits<std::int64_t>::max());
  return static_cast<std::int64_t>(std::min(time, k_most));
}

void need_text(const std::string& what, const std::string& text, std::size_t most) {
  if (text.size() > most) refuse("the " + what + " is longer than " + std::to_string(most) + " bytes");
  if (text.find('\0') != std::string::npos ||
      xmlCheckUTF8(reinterpret_cast<const unsigned char*>(text.c_str())) == 0)
    refuse("the " + what + " is not text");
}

}  // namespace ringway::enrolld
