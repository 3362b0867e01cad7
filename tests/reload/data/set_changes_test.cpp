// Since when a resource has had the same holders, in a ring that changes.
#include "reload/data/set_changes.hpp"

#include <gtest/gtest.h>

#include <memory>

#include "tests/reload/data/overlay.hpp"

namespace ringway::data::test {
namespace {

constexpr Duration k_enough{150'000};
constexpr Duration k_between{100'000};  // changes: the whole ring is never the same for long enough

// Of the peer at 0x40, whose predecessors are at 0x20 and 0x10.
topology::RingViewPtr view_with(std::vector<std::uint8_t> successors) {
  auto view = std::make_shared<topology::RingView>();
  view->self = node_at(0x40);
  view->joined = true;
  view->replicas = 2;
  for (const std::uint8_t node : {std::uint8_t{0x20}, std::uint8_t{0x10}, std::uint8_t{0x08}})
    view->predecessors.push_back(node_at(node));
  for (const std::uint8_t node : successors) view->successors.push_back(node_at(node));
  return view;
}

ResourceId resource_at(std::uint8_t first) {
  ResourceId resource;
  resource.bytes[0] = first;
  return resource;
}

// At 0x30 it is responsible: both successors hold it as well. At 0x15 one successor does, at 0x09 none.
TEST(SetChangesTest, OnlyASetThatHasChangedBeginsAnew) {
  SetChanges changes(k_enough);
  MonoTime now{1'000};
  auto view = view_with({0x50, 0x60, 0x70});
  for (int i = 0; i < 4; ++i) {
    now = now + k_between;
    changes.changed(now, view);
    view = view_with({0x50, static_cast<std::uint8_t>(i % 2 == 0 ? 0x58 : 0x60), 0x70});
  }
  EXPECT_FALSE(changes.is_settled(now, *view, resource_at(0x30)));
  EXPECT_TRUE(changes.is_settled(now, *view, resource_at(0x15)));
  EXPECT_TRUE(changes.is_settled(now, *view, resource_at(0x09)));
  EXPECT_FALSE(changes.is_settled(now + k_enough - Duration{1}, *view, resource_at(0x30)));
  EXPECT_TRUE(changes.is_settled(now + k_enough, *view, resource_at(0x30)));
}

TEST(SetChangesTest, WhoHasJustJoinedKnowsNoneThatIsSettled) {
  SetChanges changes(k_enough);
  const MonoTime now{1'000};
  changes.changed(now, std::make_shared<topology::RingView>());
  const auto view = view_with({0x50, 0x60, 0x70});
  EXPECT_FALSE(changes.is_settled(now, *view, resource_at(0x30)));
  EXPECT_TRUE(changes.is_settled(now + k_enough, *view, resource_at(0x30)));
}

TEST(SetChangesTest, BeyondTheBoundNothingIsSettled) {
  SetChanges changes(k_enough);
  const MonoTime now{1'000};
  const auto view = view_with({0x50, 0x60, 0x70});
  for (std::size_t i = 0; i < k_most_earlier_views; ++i) changes.changed(now, view);
  EXPECT_TRUE(changes.is_settled(now, *view, resource_at(0x30)));
  changes.changed(now, view);
  EXPECT_EQ(changes.size(), k_most_earlier_views);
  EXPECT_FALSE(changes.is_settled(now, *view, resource_at(0x30)));
  EXPECT_TRUE(changes.is_settled(now + k_enough, *view, resource_at(0x30)));
}

}  // namespace
}  // namespace ringway::data::test
