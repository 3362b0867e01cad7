#include "net/relay/socket_errors.hpp"

#include <linux/errqueue.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstring>

#include "net/relay/udp_batch.hpp"

namespace ringway::net::relay {
namespace {

std::optional<sock_extended_err> read(msghdr& message) {
  for (auto* each = CMSG_FIRSTHDR(&message); each != nullptr; each = CMSG_NXTHDR(&message, each)) {
    const bool is_ipv4 = each->cmsg_level == IPPROTO_IP && each->cmsg_type == IP_RECVERR;
    const bool is_ipv6 = each->cmsg_level == IPPROTO_IPV6 && each->cmsg_type == IPV6_RECVERR;
    if (!is_ipv4 && !is_ipv6) continue;
    sock_extended_err out{};
    std::memcpy(&out, CMSG_DATA(each), sizeof out);
    return out;
  }
  return std::nullopt;
}

}  // namespace

std::optional<SocketError> next_error(int socket) {
  for (int count = 0; count < k_max_errors_at_once; ++count) {
    sockaddr_storage to{};
    alignas(cmsghdr) std::array<char, 512> beside{};
    msghdr message{};
    message.msg_name = &to;
    message.msg_namelen = sizeof to;
    message.msg_control = beside.data();
    message.msg_controllen = beside.size();
    if (::recvmsg(socket, &message, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) return std::nullopt;
    const auto error = read(message);
    if (!error || (error->ee_origin != SO_EE_ORIGIN_ICMP && error->ee_origin != SO_EE_ORIGIN_ICMP6)) continue;
    return SocketError{from_socket_address(to), {error->ee_type, error->ee_code, error->ee_info}};
  }
  return std::nullopt;
}

}  // namespace ringway::net::relay
