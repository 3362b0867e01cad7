// A peer that lists nodes which do not exist: each is tried once, and only so many are remembered.
#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string_view>

#include "reload/topology/chord_reload.hpp"
#include "tests/reload/topology/zero_random.hpp"
#include "tests/support/test_authority.hpp"

namespace ringway::topology {
namespace {

using ringway::test::node_id;

class TriedNodes : public ::testing::Test {
 protected:
  TriedNodes() {
    ChordSettings settings;
    settings.self = node_id(0x40);
    settings.first_peer = true;
    chord_.emplace(settings, std::make_shared<Zero>());
    chord_->start(now_, out_);
    chord_->on_attached(now_, teller_, AttachPurpose::neighbor, out_);
  }
  std::vector<NodeId> invented(std::uint8_t first) {
    std::vector<NodeId> nodes;
    for (std::size_t i = 0; i < k_max_listed_nodes; ++i) {
      nodes.push_back(node_id(first));
      nodes.back().bytes[14] = static_cast<std::uint8_t>(updates_);
      nodes.back().bytes[15] = static_cast<std::uint8_t>(i);
    }
    return nodes;
  }
  void tell_of_nodes_that_do_not_exist() {
    wire::ChordUpdate update;
    update.type = wire::ChordUpdateType::full;
    update.predecessors = invented(0x3F);
    update.successors = invented(0x41);
    ++updates_;
    chord_->on_update(now_, teller_, update, out_);
  }
  // Until no Attach goes out any more. How many have.
  std::size_t fail_all() {
    std::size_t tried = 0;
    for (;;) {
      std::vector<AttachTo> attaches;
      for (const Action& action : out_)
        if (const auto* attach = std::get_if<AttachTo>(&action);
            attach != nullptr && attach->purpose == AttachPurpose::neighbor)
          attaches.push_back(*attach);
      out_.clear();
      if (attaches.empty()) return tried;
      tried += attaches.size();
      for (const AttachTo& attach : attaches) {
        chord_->on_attach_failed(now_, attach, out_);
        expect_within_bounds();
      }
    }
  }
  void expect_within_bounds() {
    for (const TableSize& table : chord_->tables()) EXPECT_LE(table.size, table.bound) << table.name;
  }
  std::size_t left_alone() {
    for (const TableSize& table : chord_->tables())
      if (table.name == std::string_view("nodes that are left alone")) return table.size;
    return 0;
  }

  NodeId teller_ = node_id(0x80);
  Now now_{MonoTime{1000}, ringway::test::k_now_ms};
  Actions out_;
  std::optional<ChordReload> chord_;
  int updates_ = 0;
};

TEST_F(TriedNodes, HaveABound) {
  constexpr std::size_t k_updates = 2 * k_max_tried_nodes / (2 * k_max_listed_nodes);
  std::size_t tried = 0;
  for (std::size_t i = 0; i < k_updates; ++i) {
    tell_of_nodes_that_do_not_exist();
    tried += fail_all();
  }
  EXPECT_EQ(tried, k_max_tried_nodes);
  EXPECT_EQ(left_alone(), k_max_tried_nodes);
  // When their pause is over they make room.
  now_.mono = now_.mono + k_failed_peer_pause;
  tell_of_nodes_that_do_not_exist();
  EXPECT_EQ(fail_all(), 2 * k_max_listed_nodes);
  EXPECT_EQ(left_alone(), 2 * k_max_listed_nodes);
}

}  // namespace
}  // namespace ringway::topology
