// Vectors of structures: a length in bytes, then elements until it is used up (RFC 6940 §6.3.1.1). For the
// decoders of this folder.
#pragma once

#include <cstdint>
#include <vector>

#include "reload/wire/codec.hpp"

namespace ringway::wire {

// `read_one(Reader&) -> T` must take at least one byte or fail.
template <typename T, typename ReadOne>
void read_vector(Reader& in, int length_size_bytes, std::vector<T>& out, ReadOne read_one) {
  Reader part = in.vector(length_size_bytes);
  out.clear();
  while (part.more()) out.push_back(read_one(part));
  in.finish(part);
}

template <typename T>
void read_vector(Reader& in, int length_size_bytes, std::vector<T>& out) {
  read_vector(in, length_size_bytes, out, [](Reader& part) {
    T one{};
    read(part, one);
    return one;
  });
}

template <typename T, typename WriteOne>
void write_vector(Writer& out, int length_size_bytes, const std::vector<T>& elements, WriteOne write_one) {
  const std::size_t mark = out.begin(length_size_bytes);
  for (const T& one : elements) write_one(out, one);
  out.end(mark, length_size_bytes);
}

template <typename T>
void write_vector(Writer& out, int length_size_bytes, const std::vector<T>& elements) {
  write_vector(out, length_size_bytes, elements, [](Writer& to, const T& one) { write(to, one); });
}

inline void read_node_ids(Reader& in, std::vector<NodeId>& out) {
  read_vector(in, 2, out, [](Reader& part) { return part.node_id(); });
}
inline void write_node_ids(Writer& out, const std::vector<NodeId>& nodes) {
  write_vector(out, 2, nodes, [](Writer& to, const NodeId& node) { to.raw(node.view()); });
}
// Kind-IDs; and anything else that is a list of 32-bit numbers behind one length byte.
inline void read_kind_ids(Reader& in, std::vector<KindId>& out) {
  read_vector(in, 1, out, [](Reader& part) { return part.u32(); });
}
inline void write_kind_ids(Writer& out, const std::vector<KindId>& kinds) {
  write_vector(out, 1, kinds, [](Writer& to, KindId kind) { to.u32(kind); });
}

}  // namespace ringway::wire
