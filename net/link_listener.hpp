// Accepts connections, bounds how many shake hands at once, and makes links of those that succeed.
#pragma once

#include <boost/asio/basic_socket_acceptor.hpp>
#include <memory>

#include "net/address_shares.hpp"
#include "net/handshake.hpp"
#include "net/link_hub.hpp"
#include "net/sockets.hpp"

namespace ringway::net {

class LinkListener : public Stoppable, public std::enable_shared_from_this<LinkListener> {
 public:
  LinkListener(boost::asio::io_context& context, std::shared_ptr<LinkHub> hub);
  // Listens at the address of the settings and begins to accept; tells where.
  Result<wire::IpAddressPort> start();
  void stop() override;

 private:
  void accept();
  void on_accepted(const boost::system::error_code& error, Socket socket);
  void admit(Socket socket);
  void shake_hands(Socket socket, Slot slot, Slot share);

  boost::asio::io_context& context_;
  const std::shared_ptr<LinkHub> hub_;
  const Strand strand_;
  boost::asio::basic_socket_acceptor<boost::asio::ip::tcp, Strand> acceptor_;
  Timer pause_;
  AddressShares handshakes_of_address_;
};

}  // namespace ringway::net
