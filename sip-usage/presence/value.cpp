#include "sip-usage/presence/value.hpp"

namespace ringway::sip::presence {

void read(wire::Reader& in, PresenceValue& out) {
  if (in.u8() != k_value_version) in.fail("a presence value of another version");
  const std::uint8_t form = in.u8();
  if (form != static_cast<std::uint8_t>(ValueForm::plain) &&
      form != static_cast<std::uint8_t>(ValueForm::sealed))
    in.fail("a presence value of another form");
  out.form = static_cast<ValueForm>(form);
  out.content = in.opaque(2);
}

void write(wire::Writer& out, const PresenceValue& value) {
  out.u8(k_value_version);
  out.u8(static_cast<std::uint8_t>(value.form));
  out.opaque(2, value.content);
}

}  // namespace ringway::sip::presence
