// The request that goes to one target (RFC 3261 §16.6 steps 1 to 8), without I/O and without memory.
#pragma once

#include <string>

#include "sip-usage/message/message.hpp"
#include "sip-usage/proxy/settings.hpp"
#include "sip-usage/proxy/tokens.hpp"

namespace ringway::sip::proxy {

struct Forwarding {
  std::string branch;
  unsigned max_breadth = k_max_breadth;  // RFC 5393 §5.3.3
};
// `request` without the Routes that have been reached.
Message forwarded(const Message& request, const Target& target, const Source& source,
                  const Settings& settings, const Tokens& tokens, Forwarding forwarding);

// What this peer puts on a request that goes to the other end of `here` (§18.1.1), and by which URI it is
// reached from there, or by other peers.
Via via_of(const Here& here, std::string branch);
Uri uri_at(const Here& here);
Uri uri_in_overlay(const Settings& settings);

// The Path that a REGISTER gets which a phone sends through this peer, and which tells the registrar the way
// back (RFC 3327 §5.2, RFC 5626 §5.1).
NameAddr path_of(const NetworkFlow& flow, bool is_first_hop, const Tokens& tokens);

}  // namespace ringway::sip::proxy
