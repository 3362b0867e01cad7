#include "reload/wire/service_bodies.hpp"

namespace ringway::wire {

void read(Reader& in, RedirServiceProvider& out) {
  out.extension_type = in.u8();
  Reader destinations = in.vector(2);
  read(destinations, out.destinations);
  in.finish(destinations);
  out.service = in.opaque_copy(2);
  out.level = in.u16();
  out.node = in.u16();
  out.extension = in.opaque_copy(2);
  if (out.extension_type == k_no_redir_extension && !out.extension.empty())
    in.fail("an extension of the type none");
}

void write(Writer& out, const RedirServiceProvider& value) {
  out.u8(value.extension_type);
  const std::size_t mark = out.begin(2);
  write(out, value.destinations);
  out.end(mark, 2);
  out.opaque(2, value.service);
  out.u16(value.level);
  out.u16(value.node);
  out.opaque(2, value.extension);
}

void read(Reader& in, TurnServer& out) {
  out.iteration = in.u8();
  read(in, out.server_address);
}

void write(Writer& out, const TurnServer& value) {
  out.u8(value.iteration);
  write(out, value.server_address);
}

}  // namespace ringway::wire
