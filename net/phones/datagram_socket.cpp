#include "net/phones/datagram_socket.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/ip/v6_only.hpp>
#include <cerrno>
#include <cstring>

#include "reload/link/link_id.hpp"

namespace ringway::net::phones {

namespace {

namespace asio = boost::asio;
using Error = boost::system::error_code;

// What the system keeps while we are busy.
constexpr int k_receive_buffer_bytes = 1 << 20;
constexpr int k_send_buffer_bytes = 1 << 20;
constexpr std::uint16_t k_any_port = 9;  // for asking which way: nothing is sent there

template <int Level, int Name>
using Flag = asio::detail::socket_option::boolean<Level, Name>;

// Room for what comes or goes beside a datagram.
struct Beside {
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(in6_pktinfo)) + CMSG_SPACE(sizeof(in_pktinfo))> bytes{};
};

asio::ip::address_v6 to_v6(const asio::ip::address& address) {
  return address.is_v6() ? address.to_v6() : asio::ip::make_address_v6(asio::ip::v4_mapped, address.to_v4());
}

// An IPv4 address that came over an IPv6 socket is an IPv4 address again.
asio::ip::address plain(const asio::ip::address& address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped())
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
  return address;
}

asio::ip::address local_of(msghdr& message, const asio::ip::address& otherwise) {
  for (cmsghdr* one = CMSG_FIRSTHDR(&message); one != nullptr; one = CMSG_NXTHDR(&message, one)) {
    if (one->cmsg_level == IPPROTO_IP && one->cmsg_type == IP_PKTINFO) {
      in_pktinfo info{};
      std::memcpy(&info, CMSG_DATA(one), sizeof info);
      return asio::ip::address_v4(ntohl(info.ipi_spec_dst.s_addr));
    }
    if (one->cmsg_level == IPPROTO_IPV6 && one->cmsg_type == IPV6_PKTINFO) {
      in6_pktinfo info{};
      std::memcpy(&info, CMSG_DATA(one), sizeof info);
      asio::ip::address_v6::bytes_type bytes{};
      std::memcpy(bytes.data(), &info.ipi6_addr, bytes.size());
      const asio::ip::address_v6 address(bytes);
      const bool scoped = address.is_link_local();
      return plain(asio::ip::address_v6(bytes, scoped ? info.ipi6_ifindex : 0));
    }
  }
  return otherwise;
}

template <typename Info>
void put_beside(msghdr& message, Beside& beside, int level, int type, const Info& info) {
  message.msg_control = beside.bytes.data();
  message.msg_controllen = CMSG_SPACE(sizeof info);
  cmsghdr* const one = CMSG_FIRSTHDR(&message);
  one->cmsg_level = level;
  one->cmsg_type = type;
  one->cmsg_len = CMSG_LEN(sizeof info);
  std::memcpy(CMSG_DATA(one), &info, sizeof info);
}

void send_from(msghdr& message, Beside& beside, const asio::ip::address& from, bool v6_socket) {
  if (v6_socket) {
    in6_pktinfo info{};
    const auto address = to_v6(from);
    const auto bytes = address.to_bytes();
    std::memcpy(&info.ipi6_addr, bytes.data(), bytes.size());
    info.ipi6_ifindex = static_cast<unsigned>(address.scope_id());
    return put_beside(message, beside, IPPROTO_IPV6, IPV6_PKTINFO, info);
  }
  in_pktinfo info{};
  info.ipi_spec_dst.s_addr = htonl(from.to_v4().to_uint());
  put_beside(message, beside, IPPROTO_IP, IP_PKTINFO, info);
}

Error last_error() { return {errno, boost::system::system_category()}; }

}  // namespace

Result<UdpEndpoint> DatagramSocket::open(const wire::IpAddressPort& at) {
  if (at.type == wire::AddressType::invalid) return Failure{"no address to listen at"};
  const auto wanted = to_endpoint(at);
  const UdpEndpoint endpoint(wanted.address(), wanted.port());
  const bool v6 = endpoint.protocol() == asio::ip::udp::v6();
  Error error;
  socket_.open(endpoint.protocol(), error);
  if (!error && v6) socket_.set_option(asio::ip::v6_only(!endpoint.address().is_unspecified()), error);
  if (!error && v6) socket_.set_option(Flag<IPPROTO_IPV6, IPV6_RECVPKTINFO>(true), error);
  if (!error && !v6) socket_.set_option(Flag<IPPROTO_IP, IP_PKTINFO>(true), error);
  Error ignored;
  if (!error) socket_.set_option(asio::socket_base::receive_buffer_size(k_receive_buffer_bytes), ignored);
  if (!error) socket_.set_option(asio::socket_base::send_buffer_size(k_send_buffer_bytes), ignored);
  if (!error) socket_.non_blocking(true, error);
  if (!error) socket_.bind(endpoint, error);
  if (!error) bound_ = socket_.local_endpoint(error);
  if (error) return Failure{"cannot listen at " + link::to_text(at) + ": " + error.message()};
  return bound_;
}

void DatagramSocket::close() {
  Error ignored;
  socket_.close(ignored);
}

bool DatagramSocket::reaches(const asio::ip::address& remote) const {
  const auto& own = bound_.address();
  if (own.is_unspecified()) return own.is_v6() || remote.is_v4();
  return own.is_v6() == remote.is_v6() && (!own.is_loopback() || remote.is_loopback());
}

Result<asio::ip::address> DatagramSocket::local_for(const asio::ip::address& remote) const {
  if (!bound_.address().is_unspecified()) return bound_.address();
  asio::io_context unused;
  asio::ip::udp::socket asking(unused);
  Error error;
  const UdpEndpoint there(remote, k_any_port);
  asking.open(there.protocol(), error);
  if (!error) asking.connect(there, error);
  const auto here = error ? UdpEndpoint{} : asking.local_endpoint(error);
  if (error) return Failure{"no way to " + remote.to_string() + ": " + error.message()};
  return here.address();
}

Error DatagramSocket::receive(std::span<std::uint8_t> buffer, Arrived& arrived) {
  UdpEndpoint from;
  iovec part{buffer.data(), buffer.size()};
  Beside beside;
  msghdr message{};
  message.msg_name = from.data();
  message.msg_namelen = static_cast<socklen_t>(from.capacity());
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = beside.bytes.data();
  message.msg_controllen = beside.bytes.size();
  const auto size = ::recvmsg(socket_.native_handle(), &message, 0);
  if (size < 0) return last_error();
  from.resize(message.msg_namelen);
  arrived.from = {plain(from.address()), from.port()};
  arrived.at = local_of(message, bound_.address());
  arrived.size_bytes = static_cast<std::size_t>(size);
  return {};
}

Error DatagramSocket::send(const asio::ip::address& from, const UdpEndpoint& to, BytesView datagram) {
  const bool v6 = bound_.address().is_v6();
  UdpEndpoint there = v6 ? UdpEndpoint(to_v6(to.address()), to.port()) : to;
  iovec part{const_cast<std::uint8_t*>(datagram.data()), datagram.size()};
  Beside beside;
  msghdr message{};
  message.msg_name = there.data();
  message.msg_namelen = static_cast<socklen_t>(there.size());
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (bound_.address().is_unspecified()) send_from(message, beside, from, v6);
  if (::sendmsg(socket_.native_handle(), &message, MSG_NOSIGNAL) < 0) return last_error();
  return {};
}

}  // namespace ringway::net::phones
