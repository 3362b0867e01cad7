// Which ports of an address are relayed addresses of somebody, for all relays of this process: users of two
// of them that relay from one address reach each other, as users of one do (TURN-11).
#pragma once

#include <memory>

#include "relay/path/own_ports.hpp"
#include "reload/stun/address.hpp"

namespace ringway::net::relay {

// The same for each that asks while one of them has it. From any thread.
std::shared_ptr<ringway::relay::OwnPorts> own_ports_of(const stun::IpAddress& local);

}  // namespace ringway::net::relay
