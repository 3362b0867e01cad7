#include "net/relay/reserved_ports.hpp"

#include <unistd.h>

namespace ringway::net::relay {

ReservedPorts::~ReservedPorts() {
  for (const auto& [token, held] : held_) ::close(held.socket);
}

void ReservedPorts::hold(const ringway::relay::ReservationToken& token, OpenedPort port) {
  const bool is_ipv6 = port.socket.local_endpoint().protocol() == boost::asio::ip::udp::v6();
  boost::system::error_code error;
  const int socket = port.socket.release(error);
  if (error) return;  // goes with `port`
  const std::scoped_lock lock(mutex_);
  held_[token] = {socket, port.port, is_ipv6};
}

std::optional<OpenedPort> ReservedPorts::take(const ringway::relay::ReservationToken& token,
                                              boost::asio::io_context& context) {
  const std::scoped_lock lock(mutex_);
  const auto found = held_.find(token);
  if (found == held_.end()) return std::nullopt;
  const auto held = found->second;
  held_.erase(found);
  UdpSocket socket(context);
  boost::system::error_code error;
  socket.assign(held.is_ipv6 ? boost::asio::ip::udp::v6() : boost::asio::ip::udp::v4(), held.socket, error);
  if (error) {
    ::close(held.socket);
    return std::nullopt;
  }
  return OpenedPort{std::move(socket), held.port};
}

void ReservedPorts::end(const ringway::relay::ReservationToken& token) {
  const std::scoped_lock lock(mutex_);
  const auto found = held_.find(token);
  if (found == held_.end()) return;
  ::close(found->second.socket);
  held_.erase(found);
}

}  // namespace ringway::net::relay
