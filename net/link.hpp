// One authenticated link of a peer, whatever it runs over. From any thread.
#pragma once

#include <string>

#include "net/tls_links.hpp"

namespace ringway::net {

class Link {
 public:
  virtual ~Link() = default;
  virtual link::LinkId id() const = 0;
  virtual void transmit(Bytes header, SharedBytes payload) = 0;
  virtual void close(std::string reason) = 0;
  virtual void credit(std::size_t messages) = 0;
  virtual void recheck(security::TrustPtr trust) = 0;
  virtual void take_message_limit() = 0;  // the hub has a new one
  virtual LinkQuality quality() const = 0;
};

}  // namespace ringway::net
