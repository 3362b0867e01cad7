// A socket of UDP that tells at which of the host's addresses a datagram has come, and sends answers from
// there: a phone behind a NAT gets those from nowhere else.
#pragma once

#include <boost/asio/basic_datagram_socket.hpp>
#include <boost/asio/ip/udp.hpp>
#include <cstddef>

#include "net/sockets.hpp"
#include "reload/bytes.hpp"
#include "reload/result.hpp"

namespace ringway::net::phones {

using UdpEndpoint = boost::asio::ip::udp::endpoint;

class DatagramSocket {
 public:
  explicit DatagramSocket(const Strand& strand) : socket_(strand) {}

  // Port 0: any free one; "::" is every address of the host, of either family.
  Result<UdpEndpoint> open(const wire::IpAddressPort& at);
  void close();
  bool is_open() const { return socket_.is_open(); }
  const UdpEndpoint& bound() const { return bound_; }
  // Whether a datagram can get from here to there, as far as the kinds of addresses tell.
  bool reaches(const boost::asio::ip::address& remote) const;
  // From which of the host's addresses a datagram to there would go; nothing is sent.
  Result<boost::asio::ip::address> local_for(const boost::asio::ip::address& remote) const;

  struct Arrived {
    UdpEndpoint from;
    boost::asio::ip::address at;  // one of ours
    std::size_t size_bytes = 0;
  };
  // Does not wait: an error of would_block when there is none.
  boost::system::error_code receive(std::span<std::uint8_t> buffer, Arrived& arrived);
  boost::system::error_code send(const boost::asio::ip::address& from, const UdpEndpoint& to,
                                 BytesView datagram);

  template <typename Handler>
  void wait_to_receive(Handler handler) {
    socket_.async_wait(boost::asio::socket_base::wait_read, std::move(handler));
  }
  template <typename Handler>
  void wait_to_send(Handler handler) {
    socket_.async_wait(boost::asio::socket_base::wait_write, std::move(handler));
  }

 private:
  boost::asio::basic_datagram_socket<boost::asio::ip::udp, Strand> socket_;
  UdpEndpoint bound_;
};

}  // namespace ringway::net::phones
