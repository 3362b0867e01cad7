// What a user's peer stores about the user in the overlay (docs/extensions.md, "Presence"): a document for
// everybody, or one that only those can read who may see the user.
#pragma once

#include <cstdint>

#include "reload/bytes.hpp"
#include "reload/wire/codec.hpp"

namespace ringway::sip::presence {

inline constexpr std::uint8_t k_value_version = 1;

enum class ValueForm : std::uint8_t { plain = 1, sealed = 2 };

struct PresenceValue {
  ValueForm form = ValueForm::plain;
  SharedBytes content;  // a PIDF document, or what Envelope::seal has made of one
};

// Other versions and forms are failures: they are somebody's who knows more.
void read(wire::Reader& in, PresenceValue& out);
void write(wire::Writer& out, const PresenceValue& value);

}  // namespace ringway::sip::presence
