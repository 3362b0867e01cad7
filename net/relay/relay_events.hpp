// What a relay's sockets tell, from their threads.
#pragma once

#include <vector>

#include "relay/events.hpp"
#include "reload/bytes.hpp"

namespace ringway::net::relay {

using ringway::relay::AllocationId;
using ringway::relay::ClientPath;

class RelayEvents {
 public:
  virtual ~RelayEvents() = default;
  // A message for the control path. Each takes a place (ControlPlaces), or keeps its stream from being read
  // on, until RelayPath::handled().
  virtual void received(ClientPath from, Bytes message) = 0;
  // As the world calls them, a family each; fewer than were asked for where one could not be had.
  virtual void opened(AllocationId allocation, std::vector<stun::Address> relayed) = 0;
  virtual void failed(AllocationId allocation) = 0;
  virtual void gone(ClientPath path) = 0;  // a stream that has an allocation
};

}  // namespace ringway::net::relay
