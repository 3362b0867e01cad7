// Where connections come from, and who gets a place.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <memory>

#include "net/address_shares.hpp"
#include "net/sockets.hpp"
#include "services/enrolld/http/hub.hpp"

namespace ringway::enrolld_http {

class Listener : public std::enable_shared_from_this<Listener> {
 public:
  Listener(const std::shared_ptr<boost::asio::io_context>& context, std::shared_ptr<Hub> hub);
  Result<wire::IpAddressPort> start();
  void stop();  // any thread

 private:
  using Acceptor = boost::asio::basic_socket_acceptor<boost::asio::ip::tcp, net::Strand>;
  void accept();
  void on_accepted(const boost::system::error_code& error, net::Socket socket);
  void admit(net::Socket socket);

  // The acceptor waits inside the context: were it to own it, neither would ever go.
  std::weak_ptr<boost::asio::io_context> context_;
  std::shared_ptr<Hub> hub_;
  net::Strand strand_;
  Acceptor acceptor_;
  net::Timer pause_;
  net::AddressShares shares_;
};

}  // namespace ringway::enrolld_http
