// What the log tells of a peer's statuses.
#include "services/ringwayd/watcher.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ringway::services {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(WatcherTest, RollbacksAreToldEachTimeTheyHaveDoubled) {
  // Shows: STORE-38.
  Watcher watcher;
  std::vector<std::uint64_t> told;
  for (std::uint64_t rollbacks = 0; rollbacks <= 100; ++rollbacks) {
    actors::PeerStatus status;
    status.storage.rollbacks = rollbacks;
    for (const auto& event : watcher.observe(status)) {
      EXPECT_THAT(event.name, HasSubstr("older"));
      EXPECT_EQ(event.level, spdlog::level::warn);
      told.push_back(event.fields.at("total"));
    }
  }
  EXPECT_THAT(told, ElementsAre(1, 2, 4, 8, 16, 32, 64));
}

}  // namespace
}  // namespace ringway::services
