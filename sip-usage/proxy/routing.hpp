// Where a request goes, as far as the request itself says so: its Route, its Request-URI and the tokens which
// the proxy has put there (RFC 3261 §16.4, §16.5; RFC 5626 §5.3), and who may be sent on to whom.
#pragma once

#include <variant>

#include "sip-usage/message/message.hpp"
#include "sip-usage/proxy/dialogs.hpp"
#include "sip-usage/proxy/settings.hpp"
#include "sip-usage/proxy/tokens.hpp"

namespace ringway::sip::proxy {

struct Refuse {
  unsigned status = 403;
};
struct ServeHere {};  // this peer itself is meant: its registrar, an OPTIONS
struct OneHop {
  Hop hop;
  bool by_token = false;  // the way to a phone was in the request
  // The Request-URI is a GRUU of an own user, in whose place the phone's Contact goes (RFC 5627 §6.1).
  bool is_gruu = false;
};
struct Locate {  // ask the location service for the Request-URI
  bool is_responsible = false;
};
using Next = std::variant<Refuse, ServeHere, OneHop, Locate>;

struct Routed {
  Message request;  // without the Routes that have been reached
  Next next;
};
Routed route(Message request, const Source& source, const Settings& settings, const Tokens& tokens,
             const DialogTable& dialogs);

// Users of the overlay may be written with an address of this peer in the place of its name, as phones do
// that know nothing else of it: sip:bob@192.0.2.1 is sip:bob@<overlay> (RFC 3261 §16.5: it is for the proxy
// to say whom its own addresses mean).
Uri with_overlay_name(Uri uri, const Settings& settings);

// Does the URI name this peer (and not a user)?
bool is_own(const Uri& uri, const Settings& settings);
// Does this proxy answer for whoever the URI names?
bool is_responsible_for(const Uri& uri, const Settings& settings);
Side side_of(const Hop& hop, const Settings& settings);

}  // namespace ringway::sip::proxy
