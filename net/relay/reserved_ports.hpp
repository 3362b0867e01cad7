// Sockets held for who comes with their token (RFC 8656 §7.2): that may be a client of another thread.
#pragma once

#include <map>
#include <mutex>
#include <optional>

#include "net/relay/ports.hpp"
#include "relay/events.hpp"

namespace ringway::net::relay {

class ReservedPorts {
 public:
  ~ReservedPorts();
  ReservedPorts() = default;
  ReservedPorts(const ReservedPorts&) = delete;
  ReservedPorts& operator=(const ReservedPorts&) = delete;

  // As many as the control path has tokens for, k_max_reservations.
  void hold(const ringway::relay::ReservationToken& token, OpenedPort port);
  std::optional<OpenedPort> take(const ringway::relay::ReservationToken& token,
                                 boost::asio::io_context& context);
  void end(const ringway::relay::ReservationToken& token);
  std::size_t held() const {
    const std::scoped_lock lock(mutex_);
    return held_.size();
  }

 private:
  struct Held {
    int socket = -1;  // of no thread
    std::uint16_t port = 0;
    bool is_ipv6 = false;
  };
  mutable std::mutex mutex_;
  std::map<ringway::relay::ReservationToken, Held> held_;
};

}  // namespace ringway::net::relay
