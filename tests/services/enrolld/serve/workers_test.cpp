#include "services/enrolld/serve/workers.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>

namespace ringway::enrolld {
namespace {

TEST(WorkersTest, TakeNoMoreThanThereIsRoomFor) {
  Workers workers(1, 2);
  std::promise<void> open;
  const auto gate = open.get_future().share();
  std::atomic<int> done{0};
  const auto work = [&] {
    gate.wait();
    ++done;
  };
  EXPECT_TRUE(workers.run(work));
  EXPECT_TRUE(workers.run(work));
  EXPECT_FALSE(workers.run(work));
  EXPECT_EQ(workers.under_way(), 2U);
  EXPECT_EQ(workers.refused(), 1U);
  open.set_value();
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{30};
  while (workers.under_way() > 0 && std::chrono::steady_clock::now() < end) std::this_thread::yield();
  EXPECT_EQ(done, 2);
  EXPECT_TRUE(workers.run(work));
}

TEST(WorkersTest, FinishWhatTheyHaveTakenBeforeTheyStop) {
  std::atomic<int> done{0};
  Workers workers(2, 100);
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(workers.run([&] { ++done; }));
  workers.stop();
  EXPECT_EQ(done, 100);
  EXPECT_FALSE(workers.run([&] { ++done; }));
  EXPECT_EQ(done, 100);
}

}  // namespace
}  // namespace ringway::enrolld
