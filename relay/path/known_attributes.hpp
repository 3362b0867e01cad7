// What a relay knows (RFC 8489 §18.3, RFC 8656 §18): where it stands in a message that has no use for it, it
// is passed over (RFC 8489 §6.3). Not DONT-FRAGMENT, which this relay does not do (RFC 8656 §7.2, 4; §11.2),
// nor USERHASH.
#pragma once

#include <initializer_list>

#include "reload/stun/codes.hpp"

namespace ringway::relay {

inline constexpr std::initializer_list<stun::Attribute> k_known_attributes = {
    stun::Attribute::mapped_address,
    stun::Attribute::username,
    stun::Attribute::message_integrity,
    stun::Attribute::error_code,
    stun::Attribute::unknown_attributes,
    stun::Attribute::channel_number,
    stun::Attribute::lifetime,
    stun::Attribute::xor_peer_address,
    stun::Attribute::data,
    stun::Attribute::realm,
    stun::Attribute::nonce,
    stun::Attribute::xor_relayed_address,
    stun::Attribute::requested_address_family,
    stun::Attribute::even_port,
    stun::Attribute::requested_transport,
    stun::Attribute::message_integrity_sha256,
    stun::Attribute::password_algorithm,
    stun::Attribute::xor_mapped_address,
    stun::Attribute::reservation_token,
};

}  // namespace ringway::relay
