// The data path of one allocation (RFC 8656 §11, §12): what becomes of a packet that comes from its client or
// to its relayed address. Lives on the thread of its sockets; the control path only sends it permissions and
// channels. No lock, no memory asked for, nothing copied for a packet.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "relay/path/meter.hpp"
#include "reload/bytes.hpp"
#include "reload/random.hpp"
#include "reload/stun/address.hpp"
#include "reload/time.hpp"

namespace ringway::relay {

// Those of RFC 5766 §11, which RFC 6940 refers to: RFC 8656 §12 reserves what is beyond 0x4FFF for what else
// might share a port with STUN and TURN (RFC 7983), and nothing does here.
inline constexpr std::uint16_t k_first_channel = 0x4000, k_last_channel = 0x7FFF;
inline constexpr std::size_t k_max_permissions = 256;  // of one allocation; another is answered with 508
inline constexpr std::size_t k_max_channels = 256;     // likewise
// What is written before a payload for the client, at most: a Data indication from an IPv6 peer.
inline constexpr std::size_t k_headroom_bytes = 48;
inline constexpr std::size_t k_max_padding_bytes = 3;

// By its first octet (RFC 5766 §11.6): the first two bits of STUN are zero.
constexpr bool may_be_channel_data(BytesView octets) {
  return !octets.empty() && octets[0] >= 0x40 && octets[0] <= 0x7F;
}
// How many octets ChannelData that begins here takes in a stream, padding included (§12.5); zero while its
// header has not arrived.
std::size_t size_of_channel_data_in_stream(BytesView octets);

enum class Passed : std::uint8_t {
  passed,
  control,  // a message of the control path
  malformed,
  no_channel,     // its channel is not bound
  no_permission,  // for its peer
  over_rate,
};

struct ToPeer {
  Passed passed = Passed::malformed;
  stun::Address peer{};
  BytesView payload{};  // of the packet
};
struct ToClient {
  Passed passed = Passed::no_permission;
  std::size_t header_bytes = 0;   // at the end of the headroom
  std::size_t padding_bytes = 0;  // zeros behind the payload
};

// As it has come, by ICMP or ICMPv6; which of them, the peer's address says.
struct IcmpError {
  std::uint8_t type = 0, code = 0;
  std::uint32_t next_hop_mtu = 0;  // of a packet that was too big
};

enum class Installed : std::uint8_t {
  done,
  full,      // beyond the bounds
  mismatch,  // the channel has another peer, or the peer another channel (RFC 8656 §12.2)
};

class Lane {
 public:
  explicit Lane(std::uint64_t bytes_per_s = 0) : to_peers_(bytes_per_s), to_client_(bytes_per_s) {}

  // Until then. Where not `done`, nothing has changed.
  Installed permit(MonoTime now, const stun::IpAddress& peer, MonoTime until);
  Installed bind(MonoTime now, std::uint16_t channel, const stun::Address& peer, MonoTime until);

  // What is installed for peers of that family (RFC 8656 §8.1).
  void forget(stun::Family family);

  // A whole ChannelData message or STUN message from the client.
  ToPeer from_client(MonoTime now, BytesView packet);
  // A datagram that came to the relayed address: writes what goes before it into the end of the headroom,
  // which ends where the payload begins. Of `random` is the transaction of an indication. In a stream,
  // ChannelData is padded.
  ToClient from_peer(MonoTime now, const stun::Address& peer, std::size_t payload_bytes,
                     std::span<std::uint8_t, k_headroom_bytes> headroom, Random& random, bool is_stream);
  // What the client is told of an error that a packet to that peer has met (RFC 8656 §11.5); nothing where
  // the peer has no permission, or it is none that a client is told of.
  std::optional<Bytes> about_error(MonoTime now, const stun::Address& peer, const IcmpError& error,
                                   Random& random);

  std::size_t permissions() const { return permissions_.size(); }
  std::size_t channels() const { return channels_.size(); }

 private:
  struct Permission {
    stun::IpAddress peer;
    MonoTime until;
  };
  struct Channel {
    stun::Address peer;
    std::uint16_t number = 0;
    MonoTime until;
  };
  void forget_expired(MonoTime now);
  bool is_permitted(MonoTime now, const stun::IpAddress& peer) const;
  const Channel* channel_to(MonoTime now, const stun::Address& peer);
  const Channel* channel_of(MonoTime now, std::uint16_t number);
  ToPeer from_channel(MonoTime now, BytesView packet);
  ToPeer from_indication(MonoTime now, BytesView packet);

  // Sorted by peer. A client talks to few; of these mostly to the one it talked to last.
  std::vector<Permission> permissions_;
  std::vector<Channel> channels_;
  std::size_t last_channel_ = 0;
  Meter to_peers_, to_client_;
};

}  // namespace ringway::relay
