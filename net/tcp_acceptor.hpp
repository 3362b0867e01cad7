// Listens at one address and hands on each connection that comes, on a strand of its own.
#pragma once

#include <boost/asio/basic_socket_acceptor.hpp>
#include <functional>
#include <memory>

#include "net/sockets.hpp"
#include "net/stoppables.hpp"
#include "reload/result.hpp"

namespace ringway::net {

class TcpAcceptor : public Stoppable, public std::enable_shared_from_this<TcpAcceptor> {
 public:
  // Called one at a time. A socket that is not kept is closed as it goes.
  using Admit = std::function<void(Socket socket, const wire::IpAddressPort& from)>;

  TcpAcceptor(boost::asio::io_context& context, Stoppables& stoppables, Admit admit);
  // Begins to accept; tells where. Port 0 is any free one; "::" is every address of the host, of either
  // family.
  // With `shares_port`, several may listen at one address: the system gives each connection to one of them.
  Result<wire::IpAddressPort> start(const wire::IpAddressPort& at, bool shares_port = false);
  void stop() override;

 private:
  void accept();
  void on_accepted(const boost::system::error_code& error, Socket socket);

  boost::asio::io_context& context_;
  Stoppables& stoppables_;
  const Admit admit_;  // keeps what holds `stoppables`
  const Strand strand_;
  boost::asio::basic_socket_acceptor<boost::asio::ip::tcp, Strand> acceptor_;
  Timer pause_;
};

}  // namespace ringway::net
