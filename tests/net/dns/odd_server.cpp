#include "tests/net/dns/odd_server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>
#include <utility>

namespace ringway::net::dns::test {

OddServer::OddServer(Reply reply) : reply_(std::move(reply)) {
  socket_ = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  if (::bind(socket_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    throw std::runtime_error("no port for a name server");
  port_ = ntohs(address.sin_port);
  const timeval look_up{0, 20'000};
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &look_up, sizeof(look_up));
  thread_ = std::thread([this] { serve(); });
}

OddServer::~OddServer() {
  is_ending_ = true;
  thread_.join();
  ::close(socket_);
}

void OddServer::serve() {
  while (!is_ending_) {
    char question[2048];
    sockaddr_in from{};
    socklen_t size = sizeof(from);
    const auto got =
        ::recvfrom(socket_, question, sizeof(question), 0, reinterpret_cast<sockaddr*>(&from), &size);
    if (got < 0) continue;
    ++questions_;
    const auto reply = reply_(std::string(question, static_cast<std::size_t>(got)));
    if (reply) ::sendto(socket_, reply->data(), reply->size(), 0, reinterpret_cast<sockaddr*>(&from), size);
  }
}

}  // namespace ringway::net::dns::test
