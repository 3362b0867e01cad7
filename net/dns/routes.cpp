#include "net/dns/routes.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/udp.hpp>
#include <cstdint>

namespace ringway::net::dns {
namespace {

namespace ip = boost::asio::ip;

constexpr std::uint16_t k_any_port = 5060;

}  // namespace

bool is_of_no_host(const std::string& address) {
  boost::system::error_code error;
  auto parsed = ip::make_address(address, error);
  if (error) return true;
  if (parsed.is_v6() && parsed.to_v6().is_v4_mapped())
    parsed = ip::make_address_v4(ip::v4_mapped, parsed.to_v6());
  return parsed.is_unspecified() || parsed.is_multicast() || parsed == ip::address_v4::broadcast();
}

bool has_route_to(const std::string& address) {
  boost::system::error_code error;
  const auto parsed = ip::make_address(address, error);
  if (error) return false;
  const ip::udp::endpoint to(parsed, k_any_port);
  const int socket = ::socket(to.protocol().family(), SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return false;
  // Connecting a socket of UDP only chooses a route and an own address.
  const bool is_routed = ::connect(socket, to.data(), static_cast<socklen_t>(to.size())) == 0;
  ::close(socket);
  return is_routed;
}

}  // namespace ringway::net::dns
