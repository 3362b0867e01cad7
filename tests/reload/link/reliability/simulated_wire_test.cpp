// Both senders on paths that delay, lose, double and reorder.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "reload/link/reliability/congestion_window.hpp"
#include "tests/support/simulated_wire.hpp"

namespace ringway::link {
namespace {

using test::End;
using test::PathSettings;
using test::SimulatedWire;

constexpr std::size_t k_message_bytes = 1000;

// Sends so many messages as fast as the link takes them; true when all have arrived and are acknowledged.
bool send_all(SimulatedWire& wire, std::uint32_t count, Duration at_most, End from = End::left) {
  std::uint32_t next = 0;
  const auto feed = [&] {
    while (next < count && wire.link(from).sender().room() > 0)
      wire.send(from, test::numbered_message(next++, k_message_bytes));
    return next == count && wire.link(from).sender().idle();
  };
  return wire.run(feed, at_most);
}
std::set<std::uint32_t> numbers_at(const SimulatedWire& wire, End end) {
  std::set<std::uint32_t> numbers;
  for (const auto& one : wire.delivered(end)) numbers.insert(test::number_of_message(one.message));
  return numbers;
}

struct Case {
  const char* name;
  PathSettings path;
};
const Case k_paths[] = {
    {"clean", {.delay = Duration{10}}},
    {"lossy", {.delay = Duration{10}, .loss = 0.05}},
    {"very lossy", {.delay = Duration{30}, .loss = 0.08}},
    {"doubling", {.delay = Duration{10}, .duplication = 0.3}},
    {"jittery", {.delay = Duration{10}, .jitter = Duration{40}}},
    {"late", {.delay = Duration{10}, .lateness = 0.1, .late_by = Duration{700}}},
    {"narrow", {.delay = Duration{10}, .bytes_per_ms = 100, .queue_bytes = 10'000}},
    {"all of it",
     {.delay = Duration{25},
      .jitter = Duration{20},
      .loss = 0.05,
      .duplication = 0.1,
      .lateness = 0.05,
      .late_by = Duration{300}}},
};

class BothSenders : public testing::TestWithParam<SenderAlgorithm> {};

TEST_P(BothSenders, DeliverEverythingOverEveryPath) {
  // Shows: LINK-04, LINK-07, LINK-11.
  for (const auto& one : k_paths)
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
      SCOPED_TRACE(std::string(one.name) + ", seed " + std::to_string(seed));
      SimulatedWire wire(seed, one.path, {.sender = GetParam()});
      ASSERT_TRUE(send_all(wire, 100, Duration{600'000}));
      EXPECT_EQ(numbers_at(wire, End::right).size(), 100U);
      EXPECT_FALSE(wire.link(End::left).failed());
    }
}

TEST_P(BothSenders, TalkBothWaysAtOnce) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    SimulatedWire wire(seed, {.delay = Duration{15}, .loss = 0.05}, {.sender = GetParam()});
    for (std::uint32_t i = 0; i < 100; ++i) {
      wire.send(End::left, test::numbered_message(i, 300));
      wire.send(End::right, test::numbered_message(i, 300));
    }
    wire.run([&] { return wire.link(End::left).sender().idle() && wire.link(End::right).sender().idle(); },
             Duration{120'000});
    EXPECT_EQ(numbers_at(wire, End::left).size(), 100U);
    EXPECT_EQ(numbers_at(wire, End::right).size(), 100U);
  }
}

TEST_P(BothSenders, GiveUpAPathThatHasEnded) {
  // Shows: LINK-12, LINK-13.
  SimulatedWire wire(1, {.delay = Duration{10}}, {.sender = GetParam()});
  ASSERT_TRUE(send_all(wire, 10, Duration{10'000}));
  wire.set_path({.loss = 1});
  const MonoTime gone = wire.now();
  wire.send(End::left, test::numbered_message(10, k_message_bytes));
  ASSERT_TRUE(wire.run([&] { return wire.link(End::left).suspected(); }, Duration{60'000}));
  EXPECT_LE(wire.now() - gone, Duration{3'510});
  ASSERT_TRUE(wire.run([&] { return wire.link(End::left).failed(); }, Duration{60'000}));
  EXPECT_LE(wire.now() - gone, Duration{15'530});
  EXPECT_FALSE(wire.step()) << "nothing is sent any more";
}

TEST_P(BothSenders, AreTrustedAgainWhenThePathReturns) {
  // Shows: LINK-13.
  SimulatedWire wire(1, {.delay = Duration{10}}, {.sender = GetParam()});
  ASSERT_TRUE(send_all(wire, 10, Duration{10'000}));
  wire.set_path({.loss = 1});
  wire.send(End::left, test::numbered_message(10, k_message_bytes));
  wire.run_for(Duration{5'000});
  ASSERT_TRUE(wire.link(End::left).suspected());
  wire.set_path({.delay = Duration{10}});
  ASSERT_TRUE(wire.run([&] { return wire.link(End::left).sender().idle(); }, Duration{10'000}));
  EXPECT_FALSE(wire.link(End::left).suspected());
}

TEST_P(BothSenders, SameSeedSameRun) {
  const auto run = [&](std::uint64_t seed) {
    SimulatedWire wire(seed, k_paths[7].path, {.sender = GetParam()});
    send_all(wire, 200, Duration{600'000});
    return std::tuple{wire.now().ms, wire.counters().datagrams, wire.counters().lost};
  };
  EXPECT_EQ(run(3), run(3));
  EXPECT_NE(run(3), run(4));
}

// A receiver that follows the RFC and numbers the bits of `received` otherwise (AMB-13), or sets none.
TEST_P(BothSenders, GetOnWithAnyReceiverOfTheRfc) {
  // Shows: LINK-05.
  const std::vector<std::function<std::uint32_t(std::uint32_t)>> ways = {
      [](std::uint32_t) { return 0U; },
      [](std::uint32_t ours) { return ours << 1; },
      [](std::uint32_t ours) {
        std::uint32_t reversed = 0;
        for (unsigned bit = 0; bit < 31; ++bit)
          if ((ours >> bit & 1U) != 0) reversed |= 1U << (30 - bit);
        return reversed;
      },
  };
  for (const auto& way : ways)
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
      SimulatedWire wire(seed, {.delay = Duration{20}, .loss = 0.05}, {.sender = GetParam()});
      wire.tamper = [&](End from, Bytes& datagram) {
        if (from != End::right || datagram.size() != wire::k_ack_frame_size_bytes) return true;
        auto ack = std::get<wire::AckFrame>(*wire::decode_frame(SharedBytes(datagram)));
        ack.received = way(ack.received);
        datagram = wire::encode_ack(ack);
        return true;
      };
      ASSERT_TRUE(send_all(wire, 200, Duration{600'000}));
      EXPECT_EQ(numbers_at(wire, End::right).size(), 200U) << "seed " << seed;
    }
}

// Who lies about what has arrived harms its own messages; nothing else comes of it.
TEST_P(BothSenders, AreNotUpsetByLyingAcknowledgements) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SimulatedWire wire(seed, {.delay = Duration{20}, .loss = 0.05}, {.sender = GetParam()});
    sim::SeededRandom liar(seed);
    wire.tamper = [&](End from, Bytes& datagram) {
      if (from != End::right) return true;
      const auto honest = std::get<wire::AckFrame>(*wire::decode_frame(SharedBytes(datagram)));
      wire::AckFrame lie{honest.ack_sequence + static_cast<std::uint32_t>(liar.between(-40, 40)),
                         static_cast<std::uint32_t>(liar.next())};
      if (liar.chance(0.3)) lie.ack_sequence = static_cast<std::uint32_t>(liar.next());
      if (liar.chance(0.5)) datagram = wire::encode_ack(lie);
      return true;
    };
    send_all(wire, 200, Duration{120'000});
    const auto& sender = wire.link(End::left).sender();
    EXPECT_GT(sender.counters().never_sent, 0U);
    EXPECT_LE(sender.unacknowledged(), k_max_window_frames + k_initial_window_frames);
  }
}

TEST_P(BothSenders, ReplayedDatagramsChangeNothing) {
  SimulatedWire wire(1, {.delay = Duration{5}}, {.sender = GetParam()});
  std::vector<std::pair<End, Bytes>> captured;
  wire.tamper = [&](End from, Bytes& datagram) {
    captured.emplace_back(test::other(from), datagram);
    return true;
  };
  ASSERT_TRUE(send_all(wire, 20, Duration{10'000}));
  const auto window = wire.link(End::left).sender().round_trip().smoothed();
  ASSERT_EQ(wire.delivered(End::right).size(), 20U);
  const auto again = captured;
  for (const auto& [to, datagram] : again) wire.inject(to, datagram);
  wire.run_for(Duration{1'000});
  EXPECT_EQ(wire.delivered(End::right).size(), 20U);
  EXPECT_EQ(wire.link(End::left).sender().round_trip().smoothed(), window);
}

INSTANTIATE_TEST_SUITE_P(Reliability, BothSenders,
                         testing::Values(SenderAlgorithm::windowed, SenderAlgorithm::stop_and_wait),
                         [](const auto& one) {
                           return one.param == SenderAlgorithm::windowed ? "Windowed" : "StopAndWait";
                         });

Duration time_for(SenderAlgorithm sender, const PathSettings& path, std::uint32_t messages) {
  SimulatedWire wire(1, path, {.sender = sender});
  const MonoTime start = wire.now();
  EXPECT_TRUE(send_all(wire, messages, Duration{3'600'000}));
  return wire.now() - start;
}

TEST(WindowedOnTheWire, IsTwentyTimesAsFastAsStopAndWaitAt50Ms) {
  const PathSettings path{.delay = Duration{50}};
  const auto simple = time_for(SenderAlgorithm::stop_and_wait, path, 1000);
  const auto ours = time_for(SenderAlgorithm::windowed, path, 1000);
  EXPECT_EQ(simple, Duration{1000 * 100 + 999 * 10});
  EXPECT_GE(simple.count(), 20 * ours.count());
}

TEST(WindowedOnTheWire, LossWithoutAQueueCostsLess) {
  const PathSettings path{.delay = Duration{50}, .loss = 0.01};
  const auto simple = time_for(SenderAlgorithm::stop_and_wait, path, 2000);
  const auto ours = time_for(SenderAlgorithm::windowed, path, 2000);
  EXPECT_GE(simple.count(), 18 * ours.count());
}

TEST(WindowedOnTheWire, DoesNotFloodANarrowPath) {
  // Shows: LINK-07.
  // 100 bytes a ms: a frame takes 10 ms there, and the queue holds ten.
  SimulatedWire wire(1, {.delay = Duration{20}, .bytes_per_ms = 100, .queue_bytes = 10'080}, {});
  const MonoTime start = wire.now();
  ASSERT_TRUE(send_all(wire, 2000, Duration{600'000}));
  const double used = 2000.0 * k_message_bytes / (100.0 * static_cast<double>((wire.now() - start).count()));
  EXPECT_GE(used, 0.85) << "of what the path can carry";
  EXPECT_LE(wire.counters().overflowed, 100U) << "5 % of the frames";
}

TEST(WindowedOnTheWire, ReorderingIsNotTakenForLossForLong) {
  SimulatedWire wire(1, {.delay = Duration{40}, .lateness = 0.05, .late_by = Duration{4}}, {});
  ASSERT_TRUE(send_all(wire, 2000, Duration{600'000}));
  EXPECT_LE(wire.link(End::left).sender().counters().retransmissions, 40U);
}

}  // namespace
}  // namespace ringway::link
