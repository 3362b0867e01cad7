#include "net/relay/listening.hpp"

#include <netinet/in.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>

#include "net/relay/ports.hpp"
#include "net/sockets.hpp"

namespace ringway::net::relay {
namespace {

namespace asio = boost::asio;
using Error = boost::system::error_code;
template <int level, int name>
using Flag = asio::detail::socket_option::boolean<level, name>;

constexpr int k_client_buffer_bytes = 4 << 20;

Failure cannot(const stun::Address& at, const Error& error) {
  return Failure{"cannot listen at " + stun::to_text(at) + ": " + error.message()};
}

asio::ip::udp::endpoint udp_endpoint(const stun::Address& at) {
  return {to_endpoint(stun::to_wire(at)).address(), at.port};
}

// To an address that is not usable yet, or not any more. One of IPv6 is none of IPv4.
void let_bind(asio::ip::udp::socket& socket, const stun::Address& at, bool also_unusable, Error& error) {
  const bool is_ipv6 = at.ip.family == stun::Family::ipv6;
  if (!error && is_ipv6) socket.set_option(asio::ip::v6_only(true), error);
  if (error || !also_unusable) return;
  if (is_ipv6)
    socket.set_option(Flag<IPPROTO_IPV6, IPV6_FREEBIND>(true), error);
  else
    socket.set_option(Flag<IPPROTO_IP, IP_FREEBIND>(true), error);
}

}  // namespace

Result<stun::Address> free_udp_address(const stun::Address& at, AddressIs what) {
  asio::io_context context;
  asio::ip::udp::socket socket(context);
  const auto endpoint = udp_endpoint(at);
  Error error;
  socket.open(endpoint.protocol(), error);
  let_bind(socket, at, what == AddressIs::of_host, error);
  if (!error) socket.bind(endpoint, error);
  const auto bound = error ? endpoint : socket.local_endpoint(error);
  if (error) return cannot(at, error);
  return stun::Address{at.ip, bound.port()};
}

// SO_REUSEADDR passes over connections of an earlier relay that are ending, and not over who listens. "::" is
// IPv4 as well, as for TcpAcceptor.
Result<stun::Address> free_stream_address(const stun::Address& at) {
  asio::io_context context;
  asio::ip::tcp::acceptor acceptor(context);
  const auto endpoint = to_endpoint(stun::to_wire(at));
  Error error;
  acceptor.open(endpoint.protocol(), error);
  if (!error && at.ip.family == stun::Family::ipv6)
    acceptor.set_option(asio::ip::v6_only(!endpoint.address().is_unspecified()), error);
  if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  const auto bound = error ? endpoint : acceptor.local_endpoint(error);
  if (error) return cannot(at, error);
  return stun::Address{at.ip, bound.port()};
}

Result<asio::ip::udp::socket> open_listening(asio::io_context& context, const stun::Address& at) {
  asio::ip::udp::socket socket(context);
  const auto endpoint = udp_endpoint(at);
  Error error, ignored;
  socket.open(endpoint.protocol(), error);
  if (!error) socket.set_option(Flag<SOL_SOCKET, SO_REUSEPORT>(true), error);
  let_bind(socket, at, true, error);
  if (!error) never_forbid_fragments(socket, at.ip.family == stun::Family::ipv6, error);
  if (!error) socket.non_blocking(true, error);
  if (!error) socket.bind(endpoint, error);
  if (error) return cannot(at, error);
  socket.set_option(asio::socket_base::receive_buffer_size(k_client_buffer_bytes), ignored);
  socket.set_option(asio::socket_base::send_buffer_size(k_client_buffer_bytes), ignored);
  return socket;
}

}  // namespace ringway::net::relay
