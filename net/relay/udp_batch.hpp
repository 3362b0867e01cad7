// Datagrams by the batch: one system call reads many, one sends many. The buffers are there once for each
// thread that relays; nothing asks for memory while packets pass.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "reload/bytes.hpp"
#include "reload/stun/address.hpp"

namespace ringway::net::relay {

inline constexpr std::size_t k_batch = 64;  // datagrams for one call
inline constexpr std::size_t k_max_datagram_bytes = 65'535;

// An address as the system's calls want it. On a socket of IPv6 that also takes IPv4, `mapped`.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
};
SocketAddress to_socket_address(const stun::Address& address);
stun::Address from_socket_address(const sockaddr_storage& storage);

// Where datagrams arrive: each with room before and behind it for what a relay wraps around it.
class ReceiveBatch {
 public:
  ReceiveBatch(std::size_t headroom_bytes, std::size_t tailroom_bytes);

  // How many have arrived, at most k_batch; zero when there is none. Errors that an earlier datagram of the
  // socket has met (ICMP) are passed over; that there was one is told by has_met_error().
  std::size_t receive(int socket);
  bool has_met_error() const { return has_met_error_; }
  stun::Address from(std::size_t index) const { return from_socket_address(froms_.at(index)); }
  std::span<std::uint8_t> datagram(std::size_t index) {
    return {begin_of(index) + headroom_bytes_, messages_.at(index).msg_len};
  }

 private:
  std::uint8_t* begin_of(std::size_t index) { return memory_.get() + index * stride_bytes_; }

  std::size_t headroom_bytes_, stride_bytes_;
  std::unique_ptr<std::uint8_t[]> memory_;  // of what is never used, the system has no pages
  std::array<mmsghdr, k_batch> messages_{};
  std::array<iovec, k_batch> parts_{};
  std::array<sockaddr_storage, k_batch> froms_{};
  bool has_met_error_ = false;
};

struct Sent {
  std::size_t packets = 0, bytes = 0;
  bool has_met_error = false;  // that an earlier datagram of the socket has met
};

// Whether datagrams of one socket may go down as one (UDP_SEGMENT). Where the way to there could not do it
// (an interface or a tunnel without it), they go one by one for so many batches, and then it is tried again:
// the way of another socket can, and this one's may be another by then.
inline constexpr std::uint32_t k_batches_one_by_one = 1000;
class Segmenting {
 public:
  bool may_be_tried() {
    if (one_by_one_ == 0) return true;
    --one_by_one_;
    return false;
  }
  void has_failed() { one_by_one_ = k_batches_one_by_one; }

 private:
  std::uint32_t one_by_one_ = 0;  // batches
};

// What is to be sent from one socket. The octets belong to others until flush().
class SendBatch {
 public:
  bool is_full() const { return count_ == k_batch; }
  bool is_empty() const { return count_ == 0; }
  void add(const stun::Address& to, BytesView datagram);
  // What the socket does not take just now is lost, as datagrams are. Answers what it took.
  Sent flush(int socket, Segmenting& of_socket);

 private:
  enum class AsOne : std::uint8_t { sent, lost, one_by_one };
  // Many of one size to one address go down the system's stack as one (UDP_SEGMENT).
  AsOne flush_as_one(int socket, Segmenting& of_socket);
  Sent flush_one_by_one(int socket);
  bool can_go_as_one() const;

  std::size_t count_ = 0;
  std::array<iovec, k_batch> parts_{};
  std::array<SocketAddress, k_batch> to_{};
  std::array<stun::Address, k_batch> addresses_{};
  std::array<mmsghdr, k_batch> messages_{};
};

}  // namespace ringway::net::relay
