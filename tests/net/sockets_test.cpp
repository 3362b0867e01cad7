// What a link's socket asks of the system.
#include "net/sockets.hpp"

#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace ringway::net {
namespace {

int option(Socket& socket, int level, int name) {
  int value = -1;
  socklen_t size = sizeof value;
  EXPECT_EQ(getsockopt(socket.native_handle(), level, name, &value, &size), 0);
  return value;
}

// A vanished host has to be out of the tables before the last transmission of a request that was sent when it
// vanished: four times the overlay-reliability-timer of 3 s (RFC 6940 §6.2.1).
TEST(Sockets, ALinkToAVanishedHostEndsBeforeTheLastTransmissionOfARequest) {
  boost::asio::io_context io;
  Socket socket(boost::asio::make_strand(io));
  socket.open(boost::asio::ip::tcp::v4());
  tune(socket);
  EXPECT_NE(option(socket, SOL_SOCKET, SO_KEEPALIVE), 0);
  const int idle_s = option(socket, IPPROTO_TCP, TCP_KEEPIDLE) +
                     option(socket, IPPROTO_TCP, TCP_KEEPINTVL) * option(socket, IPPROTO_TCP, TCP_KEEPCNT);
  EXPECT_LT(idle_s, 12);
  // No probes are sent while bytes are unacknowledged: these have a limit of their own. It holds for idle
  // links as well, whatever the probes say.
  EXPECT_EQ(option(socket, IPPROTO_TCP, TCP_USER_TIMEOUT), idle_s * 1000);
}

}  // namespace
}  // namespace ringway::net
