// In which order the servers of one SRV name are tried (RFC 2782).
#pragma once

#include <vector>

#include "reload/random.hpp"
#include "sip-usage/servers/names.hpp"

namespace ringway::sip::servers {

// By priority; those of one priority at random, the heavier the sooner.
std::vector<Srv> in_order(std::vector<Srv> records, Random& random);

// "A Target of "." means that the service is decidedly not available at this domain" (RFC 2782).
bool says_not_here(const Srv& record);

}  // namespace ringway::sip::servers
