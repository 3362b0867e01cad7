#include "net/relay/ports.hpp"

#include <netinet/in.h>

#include <boost/asio/ip/v6_only.hpp>

#include "net/sockets.hpp"

namespace ringway::net::relay {
namespace {

namespace asio = boost::asio;
template <int level, int name>
using Number = asio::detail::socket_option::integer<level, name>;

constexpr int k_buffer_bytes = 1 << 20;  // what the system keeps while the thread is busy with others

// With errors of ICMP to be read (RFC 8656 §11.5). An IPv6 socket is none of IPv4.
void tune(UdpSocket& socket, bool is_ipv6, boost::system::error_code& error) {
  never_forbid_fragments(socket, is_ipv6, error);
  if (error) return;
  if (!is_ipv6) {
    socket.set_option(Number<IPPROTO_IP, IP_RECVERR>(1), error);
    return;
  }
  socket.set_option(asio::ip::v6_only(true), error);
  if (!error) socket.set_option(Number<IPPROTO_IPV6, IPV6_RECVERR>(1), error);
}

std::optional<OpenedPort> open_at(asio::io_context& context, const stun::IpAddress& local,
                                  std::uint16_t port) {
  const auto tcp = to_endpoint(stun::to_wire({local, port}));
  const asio::ip::udp::endpoint at(tcp.address(), port);
  UdpSocket socket(context);
  boost::system::error_code error, ignored;
  socket.open(at.protocol(), error);
  if (!error) socket.non_blocking(true, error);
  if (!error) tune(socket, local.family == stun::Family::ipv6, error);
  if (!error) socket.bind(at, error);
  if (error) return std::nullopt;
  socket.set_option(asio::socket_base::receive_buffer_size(k_buffer_bytes), ignored);
  socket.set_option(asio::socket_base::send_buffer_size(k_buffer_bytes), ignored);
  return OpenedPort{std::move(socket), port};
}

}  // namespace

void never_forbid_fragments(UdpSocket& socket, bool is_ipv6, boost::system::error_code& error) {
  if (is_ipv6)
    socket.set_option(Number<IPPROTO_IPV6, IPV6_MTU_DISCOVER>(IPV6_PMTUDISC_DONT), error);
  else
    socket.set_option(Number<IPPROTO_IP, IP_MTU_DISCOVER>(IP_PMTUDISC_DONT), error);
}

std::optional<OpenedPorts> open_relayed(asio::io_context& context, const stun::IpAddress& local,
                                        const RelaySettings& settings, Random& random, bool even,
                                        bool with_next) {
  const std::uint64_t count = settings.last_port - settings.first_port + std::uint64_t{1};
  for (int draw = 0; draw < k_port_draws; ++draw) {
    auto port = static_cast<std::uint16_t>(settings.first_port + random.below(count));
    if (even && port % 2 != 0) --port;
    if (port < settings.first_port || (with_next && port == settings.last_port)) continue;
    auto first = open_at(context, local, port);
    if (!first) continue;
    OpenedPorts out{*std::move(first), std::nullopt};
    if (!with_next) return out;
    out.next = open_at(context, local, static_cast<std::uint16_t>(port + 1));
    if (out.next) return out;
  }
  return std::nullopt;
}

}  // namespace ringway::net::relay
