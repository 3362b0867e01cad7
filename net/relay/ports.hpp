// Opens relayed sockets at ports drawn by lot (RFC 8656 §7.2, RFC 6056), in pairs where wanted.
#pragma once

#include <boost/asio/ip/udp.hpp>
#include <optional>
#include <utility>

#include "net/relay/relay_settings.hpp"
#include "reload/random.hpp"

namespace ringway::net::relay {

using UdpSocket = boost::asio::ip::udp::socket;

inline constexpr int k_port_draws = 64;  // before there is said to be none

struct OpenedPort {
  UdpSocket socket;
  std::uint16_t port = 0;
};
struct OpenedPorts {
  OpenedPort first;
  std::optional<OpenedPort> next;  // the port after it
};

// What it sends leaves without the bit "do not fragment", which Linux sets by itself (RFC 8656 §14, §15).
void never_forbid_fragments(UdpSocket& socket, bool is_ipv6, boost::system::error_code& error);

// Nothing when no port was free in so many draws.
std::optional<OpenedPorts> open_relayed(boost::asio::io_context& context, const stun::IpAddress& local,
                                        const RelaySettings& settings, Random& random, bool even,
                                        bool with_next);

}  // namespace ringway::net::relay
