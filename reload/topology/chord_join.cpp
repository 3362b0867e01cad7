// CHORD-RELOAD: from a Join to the Update that ends it, at the peer that joins and at the one that admits it
// (RFC 6940 §10.5).
#include <algorithm>
#include <utility>

#include "reload/topology/chord_reload.hpp"

namespace ringway::topology {

using wire::ChordUpdateType;
using wire::ErrorCode;

// ---- joining

void ChordReload::on_bootstrap_found(const Now& now, bool others_first, Actions& out) {
  others_first_ = others_first;
  if (phase_ == Phase::connecting) return out.push_back(NeedAccess{false});
  if (phase_ != Phase::joined) return;
  // Whoever is there may be in another ring (RFC 6940 §10.7.4.4).
  const MonoTime at = now.mono + jittered(view_->alone() ? k_check_found_soon : k_first_partition_check);
  partition_at_ = sooner(partition_at_, at);
}

void ChordReload::on_access_link(const Now& now, const NodeId&, Actions& out) {
  if (phase_ != Phase::connecting) return;
  back_off_ = Duration{0};
  become_locating(now, out);
}

// Step 3: connect to everyone who will be a neighbour, as far as the admitting peer's tables tell.
void ChordReload::gather_neighbors(const Now& now, Actions& out) {
  std::vector<NodeId> known = lists_.of(*admitting_);
  known.push_back(*admitting_);
  const auto wanted = wanted_neighbors(known);

  bool waiting = false;
  std::set<NodeId> seen;
  for (const NodeId& node : wanted) {
    if (!seen.insert(node).second || peers_.find(node) != nullptr) continue;
    if (attaching_.contains(node)) {
      waiting = true;
    } else if (worth_attaching(now, node)) {
      attaching_[node] = now.mono;
      waiting = true;
      // RFC 6940 §10.6: through the peer that told of it.
      out.push_back(
          AttachTo{{wire::to_node(*admitting_), wire::to_node(node)}, AttachPurpose::neighbor, false});
    }
  }
  if (!waiting) become_asking(now, out);
}

void ChordReload::on_join_answered(const Now& now, const NodeId& from, std::optional<ErrorCode> error,
                                   Actions& out) {
  if ((phase_ != Phase::asking && phase_ != Phase::receiving) || admitting_ != from) return;
  // No answer is no news: the hand-over may go on all the same.
  if (phase_ == Phase::receiving && error == ErrorCode::request_timeout) {
    join_again_at_ = now.mono + k_join_again;
    return;
  }
  if (!error) {
    phase_ = Phase::receiving;
    refused_as_busy_ = 0;
    join_deadline_ = now.mono + k_hand_over_limit;
    // An Update that came too soon to be trusted: if it was meant, asking again brings another.
    join_again_at_ = std::exchange(labelled_too_soon_, false) ? now.mono : now.mono + k_join_again;
    return;
  }
  // Busy with another, or no longer responsible: look again soon, not all at the same moment.
  const unsigned doublings = error == ErrorCode::in_progress ? std::min(refused_as_busy_++, 10U) : 0;
  retry_join(now, jittered(std::min(k_busy_pause_min * (1U << doublings), k_busy_pause_max)), out);
}

// ---- admitting

std::optional<ErrorCode> ChordReload::on_join(const Now& now, const NodeId& from, Actions& out) {
  if (phase_ != Phase::joined) return ErrorCode::not_found;
  // Its range has been handed over: the Update that says so has crossed this Join, or was lost.
  const auto& before_us = view_->predecessors;
  if (admitted_.contains(from) && std::find(before_us.begin(), before_us.end(), from) != before_us.end()) {
    send_update_to(now, from, ChordUpdateType::neighbors, out);
    return std::nullopt;
  }
  // It was a peer and has started over.
  if (auto* peer = peers_.find(from); peer != nullptr && peer->routable) {
    peer->routable = false;
    refresh_tables(now, Audience::connections, out);  // its range is ours again (TOPO-25)
  }
  if (!view_->responsible_for(from)) return ErrorCode::not_found;
  if (joining_ && *joining_ != from) return ErrorCode::in_progress;
  if (joining_) return std::nullopt;  // asked again: the hand-over goes on
  joining_ = from;
  peers_.connect(from).routable = false;
  admitted_.erase(from);
  publish(now, out);  // from here on new values are copied to it as well (TOPO-18)
  start_hand_over(now, out);
  return std::nullopt;
}

void ChordReload::start_hand_over(const Now& now, Actions& out) {
  joining_deadline_ = now.mono + k_hand_over_limit;
  handed_over_after_ = view_->predecessors.empty() ? settings_.self : view_->predecessors.front();
  out.push_back(StartHandOver{++hand_over_, *joining_, handed_over_after_});
}

// A predecessor that goes leaves its range to the peer that joins: that is to be handed over as well.
// One that comes back has taken writes of its own, so that the part it takes away counts as not handed over.
void ChordReload::follow_range(const Now& now, Actions& out) {
  if (!joining_) return;
  const NodeId& after = view_->predecessors.empty() ? settings_.self : view_->predecessors.front();
  if (after == handed_over_after_) return;
  const bool wider = handed_over_after_ != settings_.self &&
                     (after == settings_.self || in_open(handed_over_after_, after, settings_.self));
  if (wider) return start_hand_over(now, out);
  handed_over_after_ = after;
}

void ChordReload::on_hand_over_goes_on(const Now& now, std::uint64_t number) {
  if (joining_ && number == hand_over_) joining_deadline_ = now.mono + k_hand_over_limit;
}

// Steps 7 and 8: the joining peer hears first that it is our predecessor, then everyone else.
void ChordReload::on_hand_over_done(const Now& now, std::uint64_t number, bool complete, Actions& out) {
  if (!joining_ || number != hand_over_) return;
  const NodeId joining = *joining_;
  joining_.reset();
  auto* peer = peers_.find(joining);
  if (!complete || peer == nullptr) return publish(now, out);
  peer->routable = true;
  admitted_.insert(joining);
  publish(now, out);
  send_update_to(now, joining, ChordUpdateType::neighbors, out);
  send_updates(now, Audience::connections, out);
}

}  // namespace ringway::topology
