// Answers that both halves of presence give.
#pragma once

#include <optional>
#include <string_view>

#include "reload/random.hpp"
#include "sip-usage/message/message.hpp"
#include "sip-usage/registrar/contact_update.hpp"
#include "sip-usage/registration/address.hpp"

namespace ringway::sip::presence {

std::string new_tag(Random& random);

// Whom a Request-URI means, in sip, sips, tel or pres (RFC 3856 §5); nothing when nobody.
std::optional<Aor> user_of(const Uri& uri, std::string_view overlay_name);

// What an endpoint checks of every request (RFC 3261 §8.2), for one that knows this method only; then that it
// is about presence (489 with Allow-Events: RFC 6665 §4.2.1.1, RFC 3903 §6 step 2).
std::optional<Message> refuse_early(const Message& request, std::string_view method, std::string_view tag);

// With what the status calls for besides: Accept with 406 and 415.
Message refused(const Message& request, const registrar::Rejection& rejection, std::string_view tag);

}  // namespace ringway::sip::presence
