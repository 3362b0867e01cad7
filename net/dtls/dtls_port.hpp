// The socket of UDP at which links over DTLS are waited for: one for all of them, and for STUN beside them.
// Strangers get a cookie and leave nothing behind until they have sent it back (RFC 6347 §4.2.1).
#pragma once

#include <array>
#include <boost/asio/basic_datagram_socket.hpp>
#include <boost/asio/ip/udp.hpp>
#include <functional>
#include <map>
#include <memory>

#include "net/address_shares.hpp"
#include "net/dtls/client_hello.hpp"
#include "net/dtls/cookies.hpp"
#include "net/dtls/dtls_connection.hpp"

namespace ringway::net::dtls {

using UdpEndpoint = boost::asio::ip::udp::endpoint;
using UdpSocket = boost::asio::basic_datagram_socket<boost::asio::ip::udp, Strand>;
UdpEndpoint to_udp_endpoint(const wire::IpAddressPort& address);
wire::IpAddressPort from_udp_endpoint(const UdpEndpoint& endpoint);

class DtlsPort : public Stoppable, public std::enable_shared_from_this<DtlsPort> {
 public:
  DtlsPort(boost::asio::io_context& context, std::shared_ptr<LinkHub> hub);
  Outcome<> start(const wire::IpAddressPort& at);
  void stop() override;

  // Who speaks STUN (RFC 8489) at this port; on its strand, before start(). Without one it is dropped.
  using Stun = std::function<void(const UdpEndpoint& from, BytesView datagram)>;
  void serve_stun(Stun stun) { stun_ = std::move(stun); }

 private:
  void receive();
  void on_received(const boost::system::error_code& error, std::size_t size_bytes);
  void dispatch(BytesView datagram);
  void greet(const ClientHello& hello, BytesView datagram);
  void accept(std::unique_ptr<DtlsSession> session, const ClientHello& hello);
  void come_up(const UdpEndpoint& at, const DtlsConnection* connection);
  void send(const UdpEndpoint& to, BytesView datagram);
  void remove(const UdpEndpoint& at, const DtlsConnection* connection);

  const std::shared_ptr<LinkHub> hub_;
  const Strand strand_;
  UdpSocket socket_;
  Timer pause_;
  std::array<std::uint8_t, 65536> buffer_{};
  UdpEndpoint from_;
  Cookies cookies_;
  std::unique_ptr<DtlsSession> listener_;
  TlsContextPtr listener_context_;
  AddressShares handshakes_of_address_;
  // At one address there may be a link and a new handshake of whoever has come back there. The link ends when
  // the other side of the handshake has shown who it is, not before (RFC 6347 §4.2.8).
  struct Remote {
    std::shared_ptr<DtlsConnection> up, shaking;
    Bytes random;  // of the hello that `shaking` has begun with
  };
  std::map<UdpEndpoint, Remote> remotes_;
  Stun stun_;
};

}  // namespace ringway::net::dtls
