#include "net/relay/udp_batch.hpp"

#include <netinet/udp.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace ringway::net::relay {
namespace {

constexpr std::size_t k_max_payload_bytes = 65'507;  // of UDP over IPv4

// What the system tells a socket of an earlier datagram, in place of sending this one.
bool may_be_of_icmp(int error) {
  return error == ECONNREFUSED || error == EHOSTUNREACH || error == ENETUNREACH || error == EHOSTDOWN ||
         error == ENOPROTOOPT || error == EPROTO || error == EOPNOTSUPP || error == EACCES;
}

}  // namespace

SocketAddress to_socket_address(const stun::Address& address) {
  SocketAddress out;
  if (address.ip.family == stun::Family::ipv4) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(address.port);
    std::memcpy(&in.sin_addr, address.ip.octets.data(), sizeof in.sin_addr);
    std::memcpy(&out.storage, &in, sizeof in);
    out.size = sizeof in;
  } else {
    sockaddr_in6 in{};
    in.sin6_family = AF_INET6;
    in.sin6_port = htons(address.port);
    std::memcpy(&in.sin6_addr, address.ip.octets.data(), sizeof in.sin6_addr);
    std::memcpy(&out.storage, &in, sizeof in);
    out.size = sizeof in;
  }
  return out;
}

stun::Address from_socket_address(const sockaddr_storage& storage) {
  stun::Address out;
  if (storage.ss_family == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, &storage, sizeof in);
    out.port = ntohs(in.sin_port);
    std::memcpy(out.ip.octets.data(), &in.sin_addr, sizeof in.sin_addr);
  } else if (storage.ss_family == AF_INET6) {
    sockaddr_in6 in{};
    std::memcpy(&in, &storage, sizeof in);
    out.ip.family = stun::Family::ipv6;
    out.port = ntohs(in.sin6_port);
    std::memcpy(out.ip.octets.data(), &in.sin6_addr, sizeof in.sin6_addr);
  }
  return out;
}

ReceiveBatch::ReceiveBatch(std::size_t headroom_bytes, std::size_t tailroom_bytes)
    : headroom_bytes_(headroom_bytes),
      stride_bytes_((headroom_bytes + k_max_datagram_bytes + tailroom_bytes + 63) / 64 * 64),
      memory_(new std::uint8_t[k_batch * stride_bytes_]) {
  for (std::size_t index = 0; index < k_batch; ++index) {
    parts_.at(index) = {begin_of(index) + headroom_bytes_, k_max_datagram_bytes};
    auto& header = messages_.at(index).msg_hdr;
    header.msg_name = &froms_.at(index);
    header.msg_iov = &parts_.at(index);
    header.msg_iovlen = 1;
  }
}

std::size_t ReceiveBatch::receive(int socket) {
  has_met_error_ = false;
  for (auto& message : messages_) message.msg_hdr.msg_namelen = sizeof(sockaddr_storage);
  // An error of ICMP is told once and is nobody's here; as many as there are datagrams would be a flood of
  // them.
  for (std::size_t tries = 0; tries < k_batch; ++tries) {
    const int count = ::recvmmsg(socket, messages_.data(), k_batch, MSG_DONTWAIT, nullptr);
    if (count >= 0) return static_cast<std::size_t>(count);
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EBADF) return 0;
    has_met_error_ = true;
  }
  return 0;
}

void SendBatch::add(const stun::Address& to, BytesView datagram) {
  addresses_.at(count_) = to;
  parts_.at(count_) = {const_cast<std::uint8_t*>(datagram.data()), datagram.size()};
  ++count_;
}

bool SendBatch::can_go_as_one() const {
  if (count_ < 2) return false;
  const std::size_t size = parts_[0].iov_len;
  for (std::size_t index = 1; index < count_; ++index) {
    const bool fits =
        index + 1 < count_ ? parts_.at(index).iov_len == size : parts_.at(index).iov_len <= size;
    if (!fits || parts_.at(index).iov_len == 0 || addresses_.at(index) != addresses_[0]) return false;
  }
  return size != 0 && size * count_ <= k_max_payload_bytes;
}

SendBatch::AsOne SendBatch::flush_as_one(int socket, Segmenting& of_socket) {
  to_[0] = to_socket_address(addresses_[0]);
  msghdr message{};
  message.msg_name = &to_[0].storage;
  message.msg_namelen = to_[0].size;
  message.msg_iov = parts_.data();
  message.msg_iovlen = count_;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(std::uint16_t))> beside{};
  message.msg_control = beside.data();
  message.msg_controllen = beside.size();
  cmsghdr* const one = CMSG_FIRSTHDR(&message);
  one->cmsg_level = SOL_UDP;
  one->cmsg_type = UDP_SEGMENT;
  one->cmsg_len = CMSG_LEN(sizeof(std::uint16_t));
  const auto size = static_cast<std::uint16_t>(parts_[0].iov_len);
  std::memcpy(CMSG_DATA(one), &size, sizeof size);
  if (::sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) return AsOne::sent;
  if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS) return AsOne::lost;
  // Larger than the way takes (EINVAL), or a system or interface without it: one by one they may go in
  // fragments.
  if (errno == EIO || errno == ENOPROTOOPT || errno == EOPNOTSUPP) of_socket.has_failed();
  return AsOne::one_by_one;
}

Sent SendBatch::flush(int socket, Segmenting& of_socket) {
  Sent out;
  auto way =
      can_go_as_one() && of_socket.may_be_tried() ? flush_as_one(socket, of_socket) : AsOne::one_by_one;
  if (way == AsOne::one_by_one) {
    out = flush_one_by_one(socket);
  } else if (way == AsOne::sent) {
    out.packets = count_;
    for (std::size_t index = 0; index < count_; ++index) out.bytes += parts_.at(index).iov_len;
  }
  count_ = 0;
  return out;
}

Sent SendBatch::flush_one_by_one(int socket) {
  for (std::size_t index = 0; index < count_; ++index) {
    to_.at(index) = to_socket_address(addresses_.at(index));
    auto& header = messages_.at(index).msg_hdr;
    header.msg_name = &to_.at(index).storage;
    header.msg_namelen = to_.at(index).size;
    header.msg_iov = &parts_.at(index);
    header.msg_iovlen = 1;
  }
  Sent out;
  bool was_tried = false;
  for (std::size_t next = 0; next < count_;) {
    const int sent = ::sendmmsg(socket, messages_.data() + next, static_cast<unsigned>(count_ - next),
                                MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent > 0) {
      for (int index = 0; index < sent; ++index) out.bytes += parts_.at(next++).iov_len;
      out.packets += static_cast<std::size_t>(sent);
      was_tried = false;
    } else if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS || errno == EBADF) {
      break;
    } else if (may_be_of_icmp(errno) && !was_tried) {
      out.has_met_error = was_tried = true;
    } else {
      ++next;  // that one cannot be sent: too long, or no way to there
      was_tried = false;
    }
  }
  return out;
}

}  // namespace ringway::net::relay
