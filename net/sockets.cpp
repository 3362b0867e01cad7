#include "net/sockets.hpp"

#include <netinet/tcp.h>

#include <algorithm>

namespace ringway::net {

namespace {
namespace asio = boost::asio;

// An idle link to a vanished host is closed after 5 + 3 * 2 seconds: before the last of the five
// transmissions of a request that was sent just then, 12 s later (RFC 6940 §6.2.1), so that this one finds
// the ring repaired. Linux sends no probes while bytes are unacknowledged, an acknowledgement of a frame for
// instance that crossed with the other's end; these have the same limit (TCP_USER_TIMEOUT, which also takes
// the place of the probes' count on idle links).
constexpr Probes k_link_probes{.idle_s = 5, .interval_s = 2, .count = 3};

template <int Name>
using TcpOption = asio::detail::socket_option::integer<IPPROTO_TCP, Name>;
}  // namespace

asio::ip::tcp::endpoint to_endpoint(const wire::IpAddressPort& address) {
  if (address.type == wire::AddressType::ipv4) {
    asio::ip::address_v4::bytes_type bytes{};
    std::copy_n(address.address.begin(), bytes.size(), bytes.begin());
    return {asio::ip::address_v4(bytes), address.port};
  }
  asio::ip::address_v6::bytes_type bytes{};
  std::copy_n(address.address.begin(), bytes.size(), bytes.begin());
  return {asio::ip::address_v6(bytes), address.port};
}

wire::IpAddressPort from_endpoint(const asio::ip::tcp::endpoint& endpoint) {
  wire::IpAddressPort address;
  address.port = endpoint.port();
  asio::ip::address ip = endpoint.address();
  if (ip.is_v6() && ip.to_v6().is_v4_mapped())
    ip = asio::ip::make_address_v4(asio::ip::v4_mapped, ip.to_v6());
  if (ip.is_v4()) {
    address.type = wire::AddressType::ipv4;
    const auto bytes = ip.to_v4().to_bytes();
    std::copy(bytes.begin(), bytes.end(), address.address.begin());
  } else {
    address.type = wire::AddressType::ipv6;
    const auto bytes = ip.to_v6().to_bytes();
    std::copy(bytes.begin(), bytes.end(), address.address.begin());
  }
  return address;
}

void tune(Socket& socket) { tune(socket, k_link_probes); }

void tune(Socket& socket, const Probes& probes) {
  const int unacknowledged_ms = (probes.idle_s + probes.count * probes.interval_s) * 1000;
  boost::system::error_code ignored;
  socket.set_option(asio::ip::tcp::no_delay(true), ignored);
  socket.set_option(asio::socket_base::keep_alive(true), ignored);
  socket.set_option(TcpOption<TCP_KEEPIDLE>(probes.idle_s), ignored);
  socket.set_option(TcpOption<TCP_KEEPINTVL>(probes.interval_s), ignored);
  socket.set_option(TcpOption<TCP_KEEPCNT>(probes.count), ignored);
  socket.set_option(TcpOption<TCP_USER_TIMEOUT>(unacknowledged_ms), ignored);
}

}  // namespace ringway::net
