// The channels between replicas at their bounds.
#include "reload/data/replica_channels.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace ringway::data {
namespace {

NodeId node(std::size_t n) {
  NodeId node;
  node.bytes[0] = static_cast<std::uint8_t>(n >> 8U);
  node.bytes[1] = static_cast<std::uint8_t>(n);
  node.bytes[15] = 1;
  return node;
}

std::size_t standing(const ReplicaChannels& channels) {
  const auto tables = channels.tables();
  EXPECT_LE(tables.front().size, tables.front().bound);
  return tables.front().size;
}

TEST(ChannelsOfReplication, OfOthersAreBoundedAndLeaveRoomForOnesOwn) {
  ReplicaChannels channels;
  ReplicationOutputs out;
  for (std::size_t i = 0; i < 256; ++i) EXPECT_TRUE(channels.up(node(i), out)) << i;
  EXPECT_FALSE(channels.up(node(256), out));
  for (std::size_t i = 1000; i < 1600; ++i) {
    channels.want(MonoTime{}, node(i), out);
    if (!channels.overdue(MonoTime{}, out).empty()) ADD_FAILURE();
    channels.up(node(i), out);
  }
  EXPECT_EQ(standing(channels), 512U);
  EXPECT_TRUE(channels.stands(node(1000)));
  channels.down(MonoTime{}, node(3));
  channels.want(MonoTime{}, node(2000), out);
  EXPECT_TRUE(channels.up(node(2000), out)) << "one has gone";
}

TEST(ChannelsOfReplication, ThatAreBeingMadeCountAlready) {
  ReplicaChannels channels;
  ReplicationOutputs out;
  for (std::size_t i = 0; i < 400; ++i) channels.want(MonoTime{}, node(i), out);
  EXPECT_EQ(out.size(), 256U);
  for (std::size_t i = 0; i < 256; ++i) EXPECT_TRUE(channels.up(node(i), out)) << i;
  for (std::size_t i = 1000; i < 1400; ++i) channels.want(MonoTime{}, node(i), out);
  EXPECT_EQ(out.size(), 512U);
  EXPECT_FALSE(channels.up(node(2000), out)) << "by another one";
  for (std::size_t i = 1000; i < 1256; ++i) EXPECT_TRUE(channels.up(node(i), out)) << i;
  EXPECT_EQ(standing(channels), 512U);
}

}  // namespace
}  // namespace ringway::data
