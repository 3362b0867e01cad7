// What goes into the relay's control path and what comes out of it. Its driver has the sockets: it opens
// relayed addresses, and carries permissions and channels to the threads that relay.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "reload/bytes.hpp"
#include "reload/stun/address.hpp"
#include "reload/time.hpp"

namespace ringway::relay {

enum class Transport : std::uint8_t { udp, tcp, tls };

// The 5-tuple (RFC 8656 §2): `end` is the relay's own, a socket for UDP and one connection for streams.
struct ClientPath {
  Transport transport = Transport::udp;
  std::uint64_t end = 0;
  stun::Address client;
  auto operator<=>(const ClientPath&) const = default;
};

using AllocationId = std::uint64_t;  // never used again while the relay runs
using ReservationToken = std::array<std::uint8_t, 8>;

struct SendToClient {
  ClientPath to;
  Bytes message;
};
// Answered with Server::opened() or failed(). An address for each family; RFC 8656 §7.2 says of which ports.
struct OpenRelayed {
  AllocationId allocation = 0;
  ClientPath path;
  std::vector<stun::Family> families;
  bool even_port = false;
  std::optional<ReservationToken> reserve_next;  // the port after it is held under this token
  std::optional<ReservationToken> take;          // what is held under this token, and nothing else
};
struct CloseRelayed {
  AllocationId allocation = 0;
  std::optional<stun::Family> only{};  // its address of that family, and what is installed there
};
struct EndReservation {
  ReservationToken token{};
};
struct Permit {
  AllocationId allocation = 0;
  stun::IpAddress peer;
  MonoTime until;
};
struct BindChannel {
  AllocationId allocation = 0;
  std::uint16_t channel = 0;
  stun::Address peer;
  MonoTime until;
};
// In order: what an answer says has been done stands before it.
using Output = std::variant<SendToClient, OpenRelayed, CloseRelayed, EndReservation, Permit, BindChannel>;

}  // namespace ringway::relay
