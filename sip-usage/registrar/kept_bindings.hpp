// What outlives a restart of the peer: the bindings of a user as octets to be kept, and what comes of them
// again. Of datagrams the two ends are kept, and the phone is reached between them as before (RFC 5626 §3.2);
// connections are gone, and their flows have failed (§4.2): of those phones only who has said its own address
// can be called.
#pragma once

#include <cstdint>

#include "reload/bytes.hpp"
#include "reload/result.hpp"
#include "reload/time.hpp"
#include "sip-usage/registrar/binding.hpp"
#include "sip-usage/registration/address.hpp"

namespace ringway::sip::registrar {

struct KeptBindings {
  Aor aor;
  Bytes octets;
};

// Empty: there is none that could be reached after a restart.
Bytes encode_bindings(const BindingList& bindings, Now now);
// Without those that have expired. None lasts longer than `max_expires_s` from now on, whatever the clock has
// done since.
Result<BindingList> decode_bindings(SharedBytes octets, Now now, std::uint32_t max_expires_s);

}  // namespace ringway::sip::registrar
