#include "reload/data/ring_changes.hpp"

#include <algorithm>

#include "reload/topology/peer_table.hpp"

namespace ringway::data {

namespace {

using topology::RingView;

bool contains(const std::vector<NodeId>& nodes, const NodeId& node) {
  return std::find(nodes.begin(), nodes.end(), node) != nodes.end();
}

// The lower end of what the peer is responsible for; itself when that is everything.
const NodeId& lower_end(const RingView& view) {
  if (!view.predecessors.empty()) return view.predecessors.front();
  return view.successors.empty() ? view.self : view.successors.back();
}

class Change {
 public:
  Change(const RingView& before, const RingView& after, MonoTime now, Duration hold_down)
      : before_(before), after_(after), now_(now), hold_down_(hold_down) {}

  std::vector<CopyTask> tasks(bool handed_over) {
    if (!after_.joined) return {};
    if (!before_.joined) {
      joined();
    } else {
      replica_set_changed();
      range_changed(handed_over);
      predecessors_lost();
    }
    return std::move(tasks_);
  }

 private:
  void add(Purpose purpose, const RingId& from, const RingId& up_to, std::vector<NodeId> targets,
           Duration wait) {
    tasks_.push_back({purpose, from, up_to, std::move(targets), now_ + wait, 0});
  }

  // Who has failed may be back in a moment; who has said goodbye is gone, and a copy with it.
  Duration wait_for(const NodeId& gone) const {
    return contains(after_.left, gone) ? Duration{0} : hold_down_;
  }

  // Values of an earlier life are offered to their owners, who keep what is newer; copies of our own go to
  // the set.
  void joined() {
    if (after_.alone()) return;
    add(Purpose::push, after_.self, after_.self, {}, Duration{0});
    add(Purpose::refill, lower_end(after_), after_.self, {}, Duration{0});
  }

  // A peer that has joined gets its copies at once (TOPO-37); one that replaces a lost successor only when a
  // better match had time to be found (TOPO-27). One that a new configuration asks for may have to read that
  // document first.
  void replica_set_changed() {
    const auto old_set = before_.replica_set();
    std::vector<NodeId> newcomers;
    for (const NodeId& node : after_.replica_set()) {
      if (!contains(old_set, node)) newcomers.push_back(node);
    }
    if (newcomers.empty()) return;
    const bool lost = std::any_of(old_set.begin(), old_set.end(), [&](const NodeId& node) {
      return !contains(after_.successors, node) && wait_for(node) > Duration{0};
    });
    const bool waits = lost || before_.replicas != after_.replicas;
    add(Purpose::refill, lower_end(after_), after_.self, std::move(newcomers),
        waits ? hold_down_ : Duration{0});
  }

  void range_changed(bool handed_over) {
    const NodeId old_end = lower_end(before_);
    const NodeId new_end = lower_end(after_);
    if (old_end == new_end || after_.alone()) return;
    const bool shrunk = before_.alone() || in_open(new_end, old_end, after_.self);
    if (!shrunk) {
      // A predecessor is gone: its values are ours now, and our set is to have them all.
      add(Purpose::refill, new_end, old_end, {}, wait_for(old_end));
    } else if (!handed_over) {
      add(Purpose::push, before_.alone() ? after_.self : old_end, new_end, {}, Duration{0});
    }
  }

  // When a predecessor is lost, its range goes to the next peer. One that has come in just before may not
  // have got all of it yet: we, who hold copies, offer them.
  void predecessors_lost() {
    for (std::size_t i = 0; i < before_.predecessors.size() && i < before_.replicas; ++i) {
      const NodeId& gone = before_.predecessors[i];
      if (contains(after_.predecessors, gone) || after_.predecessors.empty()) continue;
      // Further than what is known now: not lost, only out of sight. (With fewer known than before, lost.)
      const bool displaced = after_.predecessors.size() >= before_.predecessors.size();
      if (displaced && !in_open(gone, after_.predecessors.back(), after_.self)) continue;
      if (after_.responsible_for(gone)) continue;
      const NodeId& from = i + 1 < before_.predecessors.size() ? before_.predecessors[i + 1] : after_.self;
      add(Purpose::push, from, gone, {}, wait_for(gone));
    }
  }

  const RingView& before_;
  const RingView& after_;
  MonoTime now_;
  Duration hold_down_;
  std::vector<CopyTask> tasks_;
};

}  // namespace

Span own_range(const RingView& view) { return {lower_end(view), view.self}; }

Span held_range(const RingView& view) {
  const bool whole = view.predecessors.size() <= view.replicas;
  return {whole ? view.self : view.predecessors[view.replicas], view.self};
}

bool is_within(const Span& span, const Span& outer) {
  if (span == outer) return true;
  const RingId from = ring_distance(outer.after, span.after), to = ring_distance(outer.after, span.up_to);
  if (from >= to) return false;
  return outer.after == outer.up_to || to <= ring_distance(outer.after, outer.up_to);
}

std::optional<NodeId> owner_of(const RingView& view, const Span& span) {
  const auto& before = view.predecessors;
  // Who knows fewer than there is room for knows the whole ring.
  const bool knows_all = before.size() < topology::neighbors_per_side(view.replicas);
  for (std::size_t i = 0; i < before.size(); ++i) {
    const bool is_last = i + 1 == before.size();
    if (is_last && !knows_all) break;
    const NodeId& lower = is_last ? view.self : before[i + 1];
    if (is_within(span, {lower, before[i]})) return before[i];
  }
  return std::nullopt;
}

std::vector<CopyTask> tasks_after(const RingView& before, const RingView& after, MonoTime now,
                                  Duration hold_down, bool handed_over) {
  return Change(before, after, now, hold_down).tasks(handed_over);
}

std::vector<CopyTask> tasks_of_cleaning(const RingView& view, MonoTime not_before) {
  const auto& before = view.predecessors;
  if (!view.joined || before.size() <= view.replicas) return {};
  const NodeId& nearest = before[view.replicas];
  if (before.size() == view.replicas + 1) return {{Purpose::push, view.self, nearest, {}, not_before}};
  const NodeId& next = before[view.replicas + 1];
  return {{Purpose::push, view.self, next, {}, not_before}, {Purpose::push, next, nearest, {}, not_before}};
}

std::optional<CopyTask> task_of_parting(const RingView& view, MonoTime now) {
  if (!view.joined || view.successors.size() <= view.replicas) return std::nullopt;
  const NodeId& next = view.successors[view.replicas];
  return CopyTask{Purpose::parting, lower_end(view), view.self, {next}, now, 0};
}

}  // namespace ringway::data
