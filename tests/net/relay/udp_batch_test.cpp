// Datagrams by the batch, between plain sockets of the loopback interface.
#include "net/relay/udp_batch.hpp"

#include "tests/net/relay/relay_world.hpp"

namespace ringway::net::relay::test {
namespace {

struct UdpBatchTest : testing::Test {
  UdpBatchTest() : socket(::socket(AF_INET, SOCK_DGRAM, 0)) {
    const auto at = to_socket_address(stun::address_of(loopback(1), 0).value());
    EXPECT_EQ(::bind(socket, reinterpret_cast<const sockaddr*>(&at.storage), at.size), 0);
    sockaddr_storage bound{};
    socklen_t size = sizeof bound;
    EXPECT_EQ(::getsockname(socket, reinterpret_cast<sockaddr*>(&bound), &size), 0);
    address = from_socket_address(bound);
  }
  ~UdpBatchTest() override { ::close(socket); }
  int socket = -1;
  stun::Address address;
  Udp one{loopback(2)}, other{loopback(3)};
  SendBatch leaving;
  Segmenting segmenting;
};

// All of one size to one: the way on which the system cuts them.
TEST_F(UdpBatchTest, ManyOfOneSizeToOne) {
  std::vector<Bytes> sent;
  for (std::size_t count = 0; count < k_batch; ++count)
    sent.emplace_back(500, static_cast<std::uint8_t>(count));
  sent.back().resize(3);
  for (const auto& each : sent) leaving.add(one.address, each);
  EXPECT_TRUE(leaving.is_full());
  const auto took = leaving.flush(socket, segmenting);
  EXPECT_EQ(took.packets, k_batch);
  EXPECT_EQ(took.bytes, 500 * (k_batch - 1) + 3);
  for (const auto& each : sent) EXPECT_EQ(to_hex(one.receive()), to_hex(each));
  EXPECT_TRUE(leaving.is_empty());
}

// One by one for a while, and not for ever.
TEST_F(UdpBatchTest, WhereAWayCouldNotDoItItIsTriedAgain) {
  segmenting.has_failed();
  const Bytes each(500, 1);
  for (std::size_t count = 0; count < 3; ++count) leaving.add(one.address, each);
  EXPECT_EQ(leaving.flush(socket, segmenting).packets, 3U);
  for (int count = 0; count < 3; ++count) EXPECT_EQ(one.receive().size(), 500U);
  for (std::uint32_t batch = 1; batch < k_batches_one_by_one; ++batch)
    ASSERT_FALSE(segmenting.may_be_tried()) << batch;
  EXPECT_TRUE(segmenting.may_be_tried());
}

TEST_F(UdpBatchTest, OfAllSizesToSeveral) {
  std::vector<Bytes> sent;
  for (const std::size_t size : {1, 1, 0, 1400, 20'000, 7}) sent.emplace_back(size, std::uint8_t{9});
  for (const auto& each : sent) {
    leaving.add(one.address, each);
    leaving.add(other.address, each);
  }
  const auto took = leaving.flush(socket, segmenting);
  EXPECT_EQ(took.packets, 12U);
  EXPECT_EQ(took.bytes, 2 * 21'409U);
  for (const auto& each : sent) {
    EXPECT_EQ(one.receive().size(), each.size());
    EXPECT_EQ(other.receive().size(), each.size());
  }
}

// One that cannot be sent does not keep the others, and is not counted.
TEST_F(UdpBatchTest, OneThatCannotBeSent) {
  const Bytes small(10, 1), too_long(65'530, 2);
  leaving.add(one.address, small);
  leaving.add(one.address, too_long);
  leaving.add(one.address, small);
  const auto took = leaving.flush(socket, segmenting);
  EXPECT_EQ(took.packets, 2U);
  EXPECT_EQ(took.bytes, 20U);
  EXPECT_EQ(one.receive().size(), 10U);
  EXPECT_EQ(one.receive().size(), 10U);
}

TEST_F(UdpBatchTest, MoreThanABatchArrives) {
  ReceiveBatch arrived(8, 8);
  EXPECT_EQ(arrived.receive(socket), 0U);
  for (std::size_t count = 0; count < k_batch + 3; ++count)
    one.send(address, Bytes{static_cast<std::uint8_t>(count)});
  ASSERT_EQ(arrived.receive(socket), k_batch);
  for (std::size_t count = 0; count < k_batch; ++count) {
    EXPECT_EQ(arrived.datagram(count)[0], count);
    EXPECT_EQ(arrived.from(count), one.address);
  }
  EXPECT_EQ(arrived.receive(socket), 3U);
  EXPECT_FALSE(arrived.has_met_error());
}

}  // namespace
}  // namespace ringway::net::relay::test
