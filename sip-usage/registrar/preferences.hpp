// What a user's phones here can do, for their one entry in the overlay (RFC 7904 §3.2): any of them may be
// what a caller looks for.
#pragma once

#include <string>

#include "sip-usage/registrar/binding.hpp"

namespace ringway::sip::registrar {

// Says nothing when one of the phones says nothing, or when all together say too much.
std::string contact_prefs_of(const BindingList& bindings);

}  // namespace ringway::sip::registrar
