// Destination-list and via-list entries (RFC 6940 §6.3.2.2).
#pragma once

#include <compare>
#include <cstdint>
#include <variant>
#include <vector>

#include "reload/ids.hpp"
#include "reload/wire/codec.hpp"

namespace ringway::wire {

struct NodeDestination {
  NodeId node;
  bool operator==(const NodeDestination&) const = default;
};
// A Resource-ID keeps the length it came with (up to 254 bytes); CHORD-RELOAD uses 16.
struct ResourceDestination {
  Bytes id;
  bool operator==(const ResourceDestination&) const = default;
};
// Meaningful only to the node that made it.
struct OpaqueDestination {
  Bytes id;
  bool operator==(const OpaqueDestination&) const = default;
};
// The two-byte form with the first bit set: an opaque_id of those two bytes.
struct CompressedDestination {
  std::uint16_t id = 0x8000;
  bool operator==(const CompressedDestination&) const = default;
};
// A type below 128 that this code does not know: skippable by its length, kept as it came.
struct UnknownDestination {
  std::uint8_t type = 0;
  Bytes data;
  bool operator==(const UnknownDestination&) const = default;
};

using Destination = std::variant<NodeDestination, ResourceDestination, OpaqueDestination,
                                 CompressedDestination, UnknownDestination>;
using DestinationList = std::vector<Destination>;

inline Destination to_node(const NodeId& node) { return NodeDestination{node}; }
inline Destination to_resource(const RingId& id) { return ResourceDestination{copy_of(id.view())}; }

void read(Reader& in, Destination& out);
void write(Writer& out, const Destination& destination);
// Reads entries until the reader's end.
void read(Reader& in, DestinationList& out);
void write(Writer& out, const DestinationList& list);

}  // namespace ringway::wire
