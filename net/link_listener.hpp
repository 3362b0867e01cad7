// Bounds how many of the connections that come shake hands at once, and makes links of those that succeed.
#pragma once

#include <memory>

#include "net/address_shares.hpp"
#include "net/link_hub.hpp"
#include "net/sockets.hpp"

namespace ringway::net {

class LinkListener : public std::enable_shared_from_this<LinkListener> {
 public:
  explicit LinkListener(std::shared_ptr<LinkHub> hub);
  // Listens at the address of the settings and begins to accept; tells where.
  Result<wire::IpAddressPort> start(boost::asio::io_context& context);

 private:
  void admit(Socket socket, const wire::IpAddressPort& from);
  void shake_hands(Socket socket, Slot slot, Slot share);

  const std::shared_ptr<LinkHub> hub_;
  AddressShares handshakes_of_address_;
};

}  // namespace ringway::net
