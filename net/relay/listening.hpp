// Where a relay listens: addresses that nobody else has, and the sockets of UDP that its threads share there.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>
#include <cstdint>

#include "reload/result.hpp"
#include "reload/stun/address.hpp"

namespace ringway::net::relay {

enum class AddressIs : std::uint8_t {
  named,    // by an operator: it has to be there
  of_host,  // it was among the host's: where IPv6 still looks for a duplicate of it, it cannot be used yet
};

// The threads share their addresses (SO_REUSEPORT), and so would another relay of this user, in silence. So
// each address is bound once without that before it is bound for all; this is the address, with the port that
// the system has drawn where that was 0.
Result<stun::Address> free_udp_address(const stun::Address& at, AddressIs what);
Result<stun::Address> free_stream_address(const stun::Address& at);

// Bound, and shared with those of other threads. Answers leave without the bit "do not fragment".
Result<boost::asio::ip::udp::socket> open_listening(boost::asio::io_context& context,
                                                    const stun::Address& at);

}  // namespace ringway::net::relay
