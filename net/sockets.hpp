// The socket types that links use, how their addresses are written on the wire, and how they are tuned.
#pragma once

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>

#include "reload/time.hpp"
#include "reload/wire/bodies.hpp"

namespace ringway::net {

// Everything about one link happens on one strand.
using Strand = boost::asio::strand<boost::asio::io_context::executor_type>;
using Socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, Strand>;
using Timer = boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                                boost::asio::wait_traits<std::chrono::steady_clock>, Strand>;
using TlsStream = boost::asio::ssl::stream<Socket>;

boost::asio::ip::tcp::endpoint to_endpoint(const wire::IpAddressPort& address);
// An IPv4 address that came over an IPv6 socket is an IPv4 address again.
wire::IpAddressPort from_endpoint(const boost::asio::ip::tcp::endpoint& endpoint);

// When a host counts as vanished: so long after the last sign of it, probes (on an idle connection) or
// transmissions (on a busy one) included.
struct Probes {
  int idle_s;
  int interval_s;
  int count;
};
// No delay for small messages, and a host that has vanished is noticed on an idle link as well as on a busy
// one. What fails to be set is left at the system's value.
void tune(Socket& socket, const Probes& probes);
void tune(Socket& socket);  // as a link between peers

inline MonoTime mono_now() {
  using namespace std::chrono;
  return {duration_cast<milliseconds>(steady_clock::now().time_since_epoch()).count()};
}
inline WallMs wall_now() {
  using namespace std::chrono;
  return static_cast<WallMs>(duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count());
}

}  // namespace ringway::net
