// GRUUs of RELOAD (RFC 7904 §6): an address that carries the way to one device, so that nothing has to be
// fetched.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reload/ids.hpp"
#include "reload/result.hpp"
#include "reload/wire/destination.hpp"
#include "sip-usage/registration/address.hpp"

namespace ringway::sip {

// The user part of GRUUs that name nobody (RFC 5767 §5.1.3).
inline constexpr std::string_view k_anonymous_user = "anonymous";

// The value of "gr": base64 with "~" in place of "=".
Result<std::string> write_gr(const wire::DestinationList& destinations);
// Fails for anything that is not a route (sip_registration.hpp), such as the GRUUs of other SIP domains.
Result<wire::DestinationList> read_gr(std::string_view gr);

// "alice@example.org;gr=…", without a scheme.
Result<std::string> make_gruu(const Aor& aor, const wire::DestinationList& destinations);

// Of a peer that stands in for a device: the list that it accepts in place of `destinations`, which begins
// with its own Node-ID and then has an entry that only it can read. Nothing when it has no room for another.
using Compress = std::function<std::optional<wire::DestinationList>(const wire::DestinationList&)>;

// "anonymous@overlay;gr=…". Fails when what `compress` gives still shows a Node-ID of the list.
Result<std::string> make_anonymous_gruu(std::string_view overlay_name,
                                        const wire::DestinationList& destinations, const Compress& compress);

}  // namespace ringway::sip
