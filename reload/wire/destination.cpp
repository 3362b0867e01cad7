#include "reload/wire/destination.hpp"

#include <cassert>

namespace ringway::wire {
namespace {

constexpr std::uint8_t k_compressed_bit = 0x80;

void write_typed(Writer& out, DestinationType type) { out.u8(static_cast<std::uint8_t>(type)); }

// Both the destination's length and that of the ID inside it are on the wire (AMB-03).
void write_prefixed(Writer& out, DestinationType type, BytesView id) {
  write_typed(out, type);
  const std::size_t mark = out.begin(1);
  out.opaque(1, id);
  out.end(mark, 1);
}

struct Write {
  Writer& out;

  void operator()(const NodeDestination& to) const {
    write_typed(out, DestinationType::node);
    out.opaque(1, to.node.view());
  }
  void operator()(const ResourceDestination& to) const {
    write_prefixed(out, DestinationType::resource, to.id);
  }
  void operator()(const OpaqueDestination& to) const { write_prefixed(out, DestinationType::opaque, to.id); }
  void operator()(const CompressedDestination& to) const {
    assert((to.id & 0x8000U) != 0);
    out.u16(to.id);
  }
  void operator()(const UnknownDestination& to) const {
    out.u8(to.type);
    out.opaque(1, to.data);
  }
};

}  // namespace

void read(Reader& in, Destination& out) {
  const std::uint8_t type = in.u8();
  if ((type & k_compressed_bit) != 0) {
    out = CompressedDestination{static_cast<std::uint16_t>(type << 8U | in.u8())};
    return;
  }
  if (in.ok() && type == 0) in.fail("destination type 0");
  Reader data = in.vector(1);
  switch (static_cast<DestinationType>(type)) {
    case DestinationType::node:
      out = NodeDestination{data.node_id()};
      break;
    case DestinationType::resource:
      out = ResourceDestination{data.resource_id()};
      break;
    case DestinationType::opaque:
      out = OpaqueDestination{data.opaque_copy(1)};
      break;
    default:
      out = UnknownDestination{type, copy_of(data.take(data.remaining()))};
      break;
  }
  in.finish(data);
}

void write(Writer& out, const Destination& destination) { std::visit(Write{out}, destination); }

void read(Reader& in, DestinationList& out) {
  out.clear();
  while (in.more()) read(in, out.emplace_back());
}

void write(Writer& out, const DestinationList& list) {
  for (const Destination& destination : list) write(out, destination);
}

}  // namespace ringway::wire
