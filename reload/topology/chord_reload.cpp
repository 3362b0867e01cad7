#include "reload/topology/chord_reload.hpp"

#include <algorithm>
#include <utility>

namespace ringway::topology {

using wire::ChordUpdateType;
using wire::ErrorCode;

ChordReload::ChordReload(ChordSettings settings, std::shared_ptr<Random> random)
    : settings_(settings), random_(std::move(random)), peers_(settings.self) {
  RingView view;
  view.self = settings_.self;
  view.replicas = settings_.replicas;
  view_ = std::make_shared<const RingView>(view);
}

// ---- the life of a peer
// ---------------------------------------------------------------------------------------------

void ChordReload::start(const Now& now, Actions& out) {
  started_ = now.mono;
  if (settings_.first_peer && !settings_.has_bootstrap) return become_joined(now, out);
  if (settings_.first_peer) patience_until_ = now.mono + k_first_peer_patience;
  become_connecting(now, out);
}

void ChordReload::start_joined(const Now& now, const std::vector<NodeId>& peers, Actions& out) {
  started_ = now.mono;
  phase_ = Phase::joined;
  peers_.reserve(peers.size());
  for (const NodeId& node : peers) {
    auto& peer = peers_.connect(node);
    peer.routable = true;
    peer.lists_dropped = true;  // never had, which is the same
  }
  publish(now, out);
  fingers_sought_ = finger_table_size();
  periodic_update_at_ = now.mono + jittered(settings_.update_interval);
  fingers_at_ = now.mono + jittered(settings_.ping_interval);
  partition_at_ = now.mono + jittered(settings_.update_interval);
}

void ChordReload::become_connecting(const Now& now, Actions& out) {
  phase_ = Phase::connecting;
  admitting_.reset();
  join_deadline_.reset();
  join_again_at_.reset();
  gather_again_at_.reset();
  retry_at_ = now.mono + next_back_off();  // asks for access again when none has come by then
  publish(now, out);
  out.push_back(NeedAccess{std::exchange(access_led_nowhere_, false)});
}

// RFC 6940 §10.5 step 2, §11.4: Attach to Resource-ID n+1 finds the admitting peer.
void ChordReload::become_locating(const Now& now, Actions& out) {
  phase_ = Phase::locating;
  retry_at_.reset();
  gather_again_at_.reset();
  join_deadline_ = now.mono + k_join_limit;
  out.push_back(AttachTo{{wire::to_resource(point_after_self())}, AttachPurpose::admitting, true});
}

void ChordReload::become_gathering(const Now& now, const NodeId& admitting, Actions& out) {
  phase_ = Phase::gathering;
  admitting_ = admitting;
  gather_again_at_ = now.mono + k_gather_step;
  if (lists_.contains(admitting)) gather_neighbors(now, out);
}

void ChordReload::become_asking(const Now& now, Actions& out) {
  phase_ = Phase::asking;
  labelled_too_soon_ = false;
  gather_again_at_.reset();
  publish(now, out);  // storage and replication learn who admits us before the first Store comes
  out.push_back(SendJoin{*admitting_});
}

void ChordReload::become_joined(const Now& now, Actions& out) {
  phase_ = Phase::joined;
  admitting_.reset();
  join_deadline_.reset();
  join_again_at_.reset();
  retry_at_.reset();
  gather_again_at_.reset();
  patience_until_.reset();
  back_off_ = Duration{0};
  refused_as_busy_ = 0;
  publish(now, out);
  send_updates(now, Audience::connections, out);  // step 9
  periodic_update_at_ = now.mono + jittered(settings_.update_interval);
  fingers_at_ = now.mono + jittered(settings_.ping_interval);
  partition_at_ = now.mono + jittered(std::min(k_first_partition_check, settings_.update_interval));
  seek_neighbors(now, out);
  seek_initial_fingers(out);
}

void ChordReload::retry_join(const Now& now, Duration wait, Actions& out) {
  phase_ = Phase::connecting;
  admitting_.reset();
  join_deadline_.reset();
  join_again_at_.reset();
  gather_again_at_.reset();
  retry_at_ = now.mono + wait;
  publish(now, out);
}

// Who has lost everyone and finds the ring joins it (RFC 6940 §10.7.1, TOPO-29). Others have answered for its
// range meanwhile: so it is given what is newer before it answers again, instead of after.
void ChordReload::rejoin(const Now& now, Actions& out) {
  lists_.clear();
  failed_until_.clear();
  lonely_back_off_ = Duration{0};
  fingers_sought_ = 0;
  patience_until_ = now.mono + jittered(k_rejoin_patience);
  become_connecting(now, out);
}

// What runs by an interval that is another now starts over with the new one; else a peer could go on for an
// hour by the old.
void ChordReload::reconfigure(const Now& now, const config::Configuration& configuration, Actions& out) {
  settings_.reactive = configuration.chord_reactive;
  const Duration update{configuration.chord_update_interval};
  if (std::exchange(settings_.update_interval, update) != update) {
    if (periodic_update_at_) periodic_update_at_ = now.mono + jittered(update);
    if (partition_at_ && !view_->alone()) partition_at_ = now.mono + jittered(update);
  }
  const Duration ping{configuration.chord_ping_interval};
  if (std::exchange(settings_.ping_interval, ping) != ping && fingers_at_)
    fingers_at_ = now.mono + jittered(ping);
  // Another number of replicas asks for other neighbours too.
  if (std::exchange(settings_.replicas, configuration.replicas) == configuration.replicas) return;
  if (phase_ == Phase::joined) return refresh_tables(now, Audience::neighbors, out);
  publish(now, out);
}

void ChordReload::leave(const Now& now, Actions& out) {
  if (phase_ != Phase::joined) return become_left(out);
  phase_ = Phase::leaving;
  leave_deadline_ = now.mono + k_leave_limit;
  // AMB-62: the name of the type says who the sender is to the receiver.
  const auto& successors = view_->successors;
  const auto& predecessors = view_->predecessors;
  for (const NodeId& node : predecessors) {
    leave_waits_for_.insert(node);
    out.push_back(SendLeave{node, {wire::ChordLeaveType::from_succ, successors}});
  }
  for (const NodeId& node : successors) {
    if (!leave_waits_for_.insert(node).second) continue;
    out.push_back(SendLeave{node, {wire::ChordLeaveType::from_pred, predecessors}});
  }
  if (leave_waits_for_.empty()) become_left(out);
}

void ChordReload::become_left(Actions& out) {
  if (phase_ == Phase::left) return;
  phase_ = Phase::left;
  leave_deadline_.reset();
  out.push_back(LeftRing{});
}

void ChordReload::on_leave_answered(const Now&, const NodeId& from, Actions& out) {
  leave_waits_for_.erase(from);
  if (phase_ == Phase::leaving && leave_waits_for_.empty()) become_left(out);
}

// ---- links
// ----------------------------------------------------------------------------------------------------------

void ChordReload::on_attached(const Now& now, const NodeId& node, AttachPurpose purpose, Actions& out) {
  attaching_.erase(node);
  failed_until_.erase(node);
  // We asked for it by its place in a peer's table or by a point that it answers for: it is a peer.
  peers_.connect(node).routable = joining_ != node;  // one that joins is a peer when it has its range
  if (phase_ == Phase::locating && purpose == AttachPurpose::admitting)
    return become_gathering(now, node, out);
  if (phase_ == Phase::gathering && lists_.contains(*admitting_)) return gather_neighbors(now, out);
  if (phase_ != Phase::joined) return;
  refresh_tables(now, Audience::connections, out);
  const bool neighbor = current_neighbors().contains(node);
  send_update_to(now, node, neighbor ? ChordUpdateType::neighbors : ChordUpdateType::peer_ready, out);
}

void ChordReload::on_attached_by(const Now& now, const NodeId& node, bool send_update, Actions& out) {
  attaching_.erase(node);
  failed_until_.erase(node);
  admitted_.erase(node);  // a new life of it, perhaps
  peers_.connect(node);
  if (phase_ == Phase::gathering && lists_.contains(*admitting_)) gather_neighbors(now, out);
  if (phase_ != Phase::joined) return;
  if (send_update) return send_update_to(now, node, ChordUpdateType::full, out);  // ICE-11
  send_update_to(now, node, ChordUpdateType::neighbors, out);
}

void ChordReload::on_attach_failed(const Now& now, const AttachTo& what, Actions& out) {
  if (!what.destination.empty()) {
    if (const auto* last = std::get_if<wire::NodeDestination>(&what.destination.back())) {
      attaching_.erase(last->node);
      leave_alone_for_now(now, last->node);
    }
  }
  if (what.purpose == AttachPurpose::admitting && phase_ == Phase::locating) {
    access_led_nowhere_ = true;
    return retry_join(now, jittered(k_next_access_pause), out);
  }
  if (phase_ == Phase::gathering && admitting_ && lists_.contains(*admitting_)) gather_neighbors(now, out);
  if (phase_ == Phase::joined)
    seek_neighbors(now, out);  // another one meanwhile; this one again after its pause
}

void ChordReload::forget(const NodeId& node) {
  peers_.disconnect(node);
  lists_.erase(node);
  suspected_since_.erase(node);
  lists_due_.erase(node);
  attaching_.erase(node);
  admitted_.erase(node);
}

void ChordReload::on_lost(const Now& now, const NodeId& node, Actions& out) {
  const bool was_peer = peers_.find(node) != nullptr;
  forget(node);
  if (was_peer) leave_alone_for_now(now, node);
  if (joining_ == node) joining_.reset();
  on_leave_answered(now, node, out);
  if (phase_ == Phase::joined) return refresh_tables(now, Audience::neighbors, out);
  const bool admitting = admitting_ == node;
  if (admitting && (phase_ == Phase::gathering || phase_ == Phase::asking || phase_ == Phase::receiving))
    return retry_join(now, next_back_off(), out);
  if (phase_ == Phase::gathering && lists_.contains(*admitting_)) gather_neighbors(now, out);
}

void ChordReload::on_suspected(const Now& now, const NodeId& node, bool suspected, Actions& out) {
  auto* peer = peers_.find(node);
  if (peer == nullptr) return;
  if (suspected) {
    peer->suspected = true;
    const MonoTime at = suspected_since_.try_emplace(node, now.mono).first->second + k_suspicion_limit;
    suspicion_at_ = sooner(suspicion_at_, at);
    return;
  }
  peer->suspected = peer->excluded = false;
  suspected_since_.erase(node);
  if (phase_ == Phase::joined) refresh_tables(now, Audience::neighbors, out);
}

bool ChordReload::exclude_long_suspected(const Now& now) {
  suspicion_at_.reset();
  bool changed = false;
  for (const auto& [node, since] : suspected_since_) {
    auto& peer = *peers_.find(node);
    if (peer.excluded) continue;
    const MonoTime at = since + k_suspicion_limit;
    if (at <= now.mono) {
      peer.excluded = true;
      admitted_.erase(node);  // its range is ours now
      changed = true;
    } else {
      suspicion_at_ = sooner(suspicion_at_, at);
    }
  }
  return changed;
}

// ---- Updates
// --------------------------------------------------------------------------------------------------------

void ChordReload::on_update(const Now& now, const NodeId& from, const wire::ChordUpdate& update,
                            Actions& out) {
  auto& peer = peers_.connect(from);
  peer.routable = joining_ != from;  // TOPO-21; a peer that joins is one when its range is handed over
  failed_until_.erase(from);
  admitted_.erase(from);
  if (update.type != ChordUpdateType::peer_ready) {
    peer.lists_dropped = false;
    lists_due_.erase(from);
    if (lists_due_.empty()) lists_due_.shrink_to_fit();  // a ring at rest has none
    const auto taken = [](const std::vector<NodeId>& nodes) {
      return std::min(nodes.size(), k_max_listed_nodes);
    };
    std::vector<NodeId> listed;
    for (const auto* nodes : {&update.predecessors, &update.successors})
      listed.insert(listed.end(), nodes->begin(),
                    nodes->begin() + static_cast<std::ptrdiff_t>(taken(*nodes)));
    listings_left_out_ += lists_.set(from, std::move(listed));
  }
  if (phase_ == Phase::gathering && admitting_ == from) return gather_neighbors(now, out);
  const auto& named = update.predecessors;
  const bool labels_us = std::find(named.begin(), named.end(), settings_.self) != named.end();
  // RFC 6940 §10.5 step 7. One that comes before the answer to our Join may belong to an earlier admission.
  if (phase_ == Phase::asking && admitting_ == from && labels_us) labelled_too_soon_ = true;
  if (phase_ == Phase::receiving && admitting_ == from && labels_us) return become_joined(now, out);
  if (phase_ == Phase::joined) refresh_tables(now, Audience::connections, out);
}

void ChordReload::on_update_wanted(const Now& now, const NodeId& from, Actions& out) {
  if (phase_ == Phase::joined) send_update_to(now, from, ChordUpdateType::full, out);
}

// RFC 6940 §10.9: as a failure; what the leaver knew of the other side helps to close the gap.
void ChordReload::on_leave(const Now& now, const NodeId& from, const wire::ChordLeaveData& data,
                           Actions& out) {
  const std::vector<NodeId> told = data.nodes;
  leaver_ = from;
  forget(from);
  leave_alone_for_now(now, from);
  if (joining_ == from) joining_.reset();
  if (phase_ != Phase::joined) return on_lost(now, from, out);
  refresh_tables(now, Audience::neighbors, out);
  for (const NodeId& node : told) {
    if (!worth_attaching(now, node) || current_neighbors().size() >= 2 * neighbors_per_side()) continue;
    attaching_[node] = now.mono;
    // Not through who told of it (TOPO-19): that one is gone.
    out.push_back(AttachTo{{wire::to_node(node)}, AttachPurpose::neighbor, false});
  }
}

void ChordReload::send_update_to(const Now& now, const NodeId& node, ChordUpdateType type,
                                 Actions& out) const {
  wire::ChordUpdate update;
  update.uptime_s = uptime_s(now);
  update.type = type;
  if (type != ChordUpdateType::peer_ready) {
    update.predecessors = view_->predecessors;
    update.successors = view_->successors;
  }
  if (type == ChordUpdateType::full) update.fingers = peers_.fingers();
  out.push_back(SendUpdate{node, std::move(update)});
}

void ChordReload::schedule_update(const Now& now, Audience audience) {
  due_audience_ = std::max(due_audience_, audience);
  if (due_audience_ != Audience::nobody && !update_due_) update_due_ = now.mono + k_update_gathering;
}

void ChordReload::send_updates(const Now& now, Audience audience, Actions& out) {
  update_due_.reset();
  due_audience_ = Audience::nobody;
  const auto neighbors = current_neighbors();
  for (const NodeId& node : neighbors) send_update_to(now, node, ChordUpdateType::neighbors, out);
  if (audience != Audience::connections) return;
  for (const auto& [node, peer] : peers_.all())
    if (!neighbors.contains(node)) send_update_to(now, node, ChordUpdateType::neighbors, out);
}

// Recomputes the tables; tells the others and looks for better neighbours when something changed.
void ChordReload::refresh_tables(const Now& now, Audience audience_of_change, Actions& out) {
  const auto before = view_;
  publish(now, out);
  if (view_ != before) {
    const auto owner_edge = [](const RingView& v) {
      return v.predecessors.empty() ? k_no_node : v.predecessors.front();
    };
    const bool range_changed = owner_edge(*before) != owner_edge(*view_);
    if (range_changed) {
      schedule_update(now, Audience::connections);  // TOPO-25, in either mode
    } else if (settings_.reactive) {
      schedule_update(now, audience_of_change);
    }
    // Who has lost everyone looks for the ring soon.
    if (view_->alone()) {
      lonely_back_off_ = Duration{0};
      partition_at_ = now.mono + jittered(k_lonely_check_interval);
    }
  }
  seek_neighbors(now, out);  // by all lists: one of a finger may have told of nearer peers just now
  keep_lists_of_neighbors(now, out);
  seek_initial_fingers(out);
}

// Lists tell who may be a neighbour. Of those of other peers only that is kept: in a large ring nothing, and
// they would be most of a peer's memory. A peer that becomes a neighbour when others have gone is asked for
// its own.
void ChordReload::keep_lists_of_neighbors(const Now& now, Actions& out) {
  const auto neighbors = current_neighbors();
  const auto of_use = [this](const std::vector<NodeId>& nodes) {
    std::vector<NodeId> kept;
    for (const NodeId& node : nodes)
      if (wanted_as_neighbor(node)) kept.push_back(node);
    return kept;
  };
  for (const NodeId& teller : lists_.tellers()) {
    if (neighbors.contains(teller)) continue;
    const std::vector<NodeId> listed = lists_.of(teller);
    std::vector<NodeId> kept = of_use(listed);
    if (kept.size() == listed.size()) continue;
    if (auto* peer = peers_.find(teller)) peer->lists_dropped = true;
    if (kept.empty()) {
      lists_.erase(teller);
    } else {
      lists_.set(teller, std::move(kept));
    }
  }
  for (const NodeId& node : neighbors) {
    auto& peer = *peers_.find(node);
    if (lists_.contains(node) && !peer.lists_dropped) continue;
    // Its Update, or what was to bring one, may have been lost with a link.
    const auto [due, first] = lists_due_.try_emplace(node);
    const bool overdue = !first && due->second <= now.mono;
    const bool ask = peer.lists_dropped || overdue;
    peer.lists_dropped = false;
    if (ask) out.push_back(AskForUpdate{node});
    if (ask || first) due->second = now.mono + (overdue ? k_lists_asked_again : k_lists_patience);
    seek_again_by(due->second);
  }
}

void ChordReload::publish(const Now& now, Actions& out) {
  RingView next;
  next.self = settings_.self;
  next.joined = phase_ == Phase::joined || phase_ == Phase::leaving;
  next.predecessors = peers_.predecessors(neighbors_per_side());
  next.successors = peers_.successors(neighbors_per_side());
  next.remember_left(*view_, std::exchange(leaver_, std::nullopt));
  next.replicas = settings_.replicas;
  next.joining = joining_;
  next.admitting = admitting_;
  const bool same = next.joined == view_->joined && next.predecessors == view_->predecessors &&
                    next.successors == view_->successors && next.joining == view_->joining &&
                    next.admitting == view_->admitting && next.replicas == view_->replicas;
  if (same && view_->version > 0) return;
  next.version = view_->version + 1;
  const bool predecessors_changed = next.predecessors != view_->predecessors;
  view_ = std::make_shared<const RingView>(std::move(next));
  out.push_back(ViewChanged{});
  if (!predecessors_changed) return;
  // Somebody nearer to it has come in between: the peer that joins will find that one.
  if (joining_ && !view_->responsible_for(*joining_)) {
    joining_.reset();
    return publish(now, out);
  }
  follow_range(now, out);
}

// ---- looking for better peers
// ---------------------------------------------------------------------------------------

std::set<NodeId> ChordReload::current_neighbors() const {
  std::set<NodeId> nodes(view_->predecessors.begin(), view_->predecessors.end());
  nodes.insert(view_->successors.begin(), view_->successors.end());
  return nodes;
}

std::vector<NodeId> ChordReload::wanted_neighbors(const std::vector<NodeId>& known) const {
  auto wanted = nearest_clockwise(settings_.self, known, neighbors_per_side());
  for (const NodeId& node : nearest_counter_clockwise(settings_.self, known, neighbors_per_side()))
    wanted.push_back(node);
  return wanted;
}

void ChordReload::seek_again_by(MonoTime at) { seek_again_at_ = sooner(seek_again_at_, at); }

// RFC 6940 §10.7.3: peers that others list and that would be our neighbours are attached to, through who
// listed them. Comes with each Update, and mostly finds nobody: so it looks at the lists first.
void ChordReload::seek_neighbors(const Now& now, Actions& out) {
  std::map<NodeId, NodeId> told_by;
  std::vector<NodeId> known, silent;
  const bool room = room_to_try(now);
  lists_.for_each([&](const NodeId& teller, const NodeId& node) {
    if (node == settings_.self || !wanted_as_neighbor(node) || peers_.find(node) != nullptr) return;
    if (paused(now, node)) silent.push_back(node);
    if (room && worth_attaching(now, node) && told_by.emplace(node, teller).second) known.push_back(node);
  });
  if (told_by.empty() && silent.empty()) return;
  for (const auto& [node, peer] : peers_.all()) {
    known.push_back(node);
    silent.push_back(node);
  }
  // Who would be a neighbour but did not answer lately is tried again: nobody else may bring it up.
  for (const NodeId& node : wanted_neighbors(silent))
    if (paused(now, node) && peers_.find(node) == nullptr) seek_again_by(failed_until_.at(node));
  if (told_by.empty()) return;
  for (const NodeId& node : wanted_neighbors(known)) {
    const auto teller = told_by.find(node);
    if (teller == told_by.end() || !worth_attaching(now, node)) continue;
    attaching_[node] = now.mono;
    out.push_back(
        AttachTo{{wire::to_node(teller->second), wire::to_node(node)}, AttachPurpose::neighbor, false});
  }
}

// So many entries that the last one reaches the last successor: what lies nearer is known anyhow (RFC 6940
// §10.7.4.3). None while the neighbours go all around: then the whole ring is known.
unsigned ChordReload::finger_table_size() const {
  if (view_->successors.size() < neighbors_per_side()) return 0;
  const RingId reach = ring_distance(settings_.self, view_->successors.back());
  if (!view_->predecessors.empty() && ring_distance(settings_.self, view_->predecessors.back()) <= reach)
    return 0;
  unsigned size = 0;
  while (size < k_ring_bits && ring_distance(settings_.self, finger_start(settings_.self, size + 1)) > reach)
    ++size;
  return size;
}

// Looks once for each entry that has nobody (TOPO-13): for all of them when the ring outgrows the neighbours,
// then for those that the table gets more as the ring grows and the last successor comes nearer (TOPO-09).
// A neighbour is not enough: a predecessor somewhere in the first entry's half of the ring leads nobody
// across.
void ChordReload::seek_initial_fingers(Actions& out) {
  const unsigned size = finger_table_size();
  for (unsigned i = fingers_sought_ + 1; i <= size; ++i) {
    const RingId start = finger_start(settings_.self, i);
    // From the furthest predecessor on everybody is known.
    const bool known =
        !view_->predecessors.empty() && in_open(start, view_->predecessors.back(), settings_.self);
    const auto filled = peers_.finger(i);
    if (known || (filled && !view_->is_neighbor(*filled))) continue;
    out.push_back(AttachTo{{wire::to_resource(start)}, AttachPurpose::finger, false});
  }
  fingers_sought_ = std::max(fingers_sought_, size);
}

// One empty entry at a time, the lower ones more often: from the first on each has its chance of a half
// (RFC 6940 §10.7.4.2, TOPO-32).
void ChordReload::refresh_finger(Actions& out) {
  const unsigned size = finger_table_size();
  for (unsigned i = 1; i <= size; ++i) {
    if (peers_.finger(i) || random_->below(2) == 0) continue;
    RingId offset;  // a random point of the entry's range, which is 2^(128-i) wide
    for (std::size_t b = 0; b < offset.bytes.size(); ++b)
      offset.bytes[b] = static_cast<std::uint8_t>(random_->next());
    for (unsigned bit = 0; bit < i; ++bit)
      offset.bytes[bit / 8] &= static_cast<std::uint8_t>(~(0x80U >> (bit % 8)));
    out.push_back(Locate{ring_add(finger_start(settings_.self, i), offset)});
    return;
  }
}

void ChordReload::on_found(const Now& now, const RingId&, const NodeId& owner, Actions& out) {
  if (phase_ != Phase::joined || !worth_attaching(now, owner)) return;
  attaching_[owner] = now.mono;
  out.push_back(AttachTo{{wire::to_node(owner)}, AttachPurpose::finger, false});
}

// RFC 6940 §10.7.4.4, AMB-41: a healthy ring answers for self+1 with our own successor.
void ChordReload::check_partition(const Now& now, Actions& out) {
  const bool lonely = view_->alone();
  if (!lonely)
    lonely_back_off_ = Duration{0};
  else if (lonely_back_off_.count() == 0)
    lonely_back_off_ = k_lonely_check_interval;
  else
    lonely_back_off_ = std::min(lonely_back_off_ * 2, k_lonely_check_limit);
  partition_at_ = now.mono + jittered(lonely ? lonely_back_off_ : settings_.update_interval);
  out.push_back(AskThroughBootstrap{point_after_self()});
}

void ChordReload::on_partition_answer(const Now& now, const NodeId& bootstrap, const NodeId& owner,
                                      Actions& out) {
  if (phase_ != Phase::joined || !worth_attaching(now, owner)) return;
  if (view_->alone() && !joining_) return rejoin(now, out);
  if (!view_->successors.empty() && view_->successors.front() == owner) return;
  attaching_[owner] = now.mono;
  wire::DestinationList way{wire::to_node(bootstrap)};
  if (owner != bootstrap) way.push_back(wire::to_node(owner));  // no entry twice (ROUTE-21)
  out.push_back(AttachTo{std::move(way), AttachPurpose::partition, false});
}

// ---- time
// -----------------------------------------------------------------------------------------------------------

Duration ChordReload::jittered(Duration interval) {
  const auto quarter = std::max<std::int64_t>(interval.count() / 4, 1);
  return Duration{interval.count() - quarter +
                  static_cast<std::int64_t>(random_->below(static_cast<std::uint64_t>(2 * quarter)))};
}

Duration ChordReload::next_back_off() {
  back_off_ = back_off_.count() == 0 ? settings_.retry_min : std::min(back_off_ * 2, settings_.retry_max);
  return jittered(back_off_);
}

void ChordReload::on_timer(const Now& now, Actions& out) {
  const auto due = [&](Deadline& at) {
    if (!at || now.mono < *at) return false;
    at.reset();
    return true;
  };
  if (due(leave_deadline_)) return become_left(out);
  if (due(patience_until_) && phase_ != Phase::joined) {
    // Once a peer of a ring has been found there is one, however long joining takes.
    const bool none_found = (phase_ == Phase::connecting || phase_ == Phase::locating) && view_->alone();
    const bool yields = others_first_ && yields_ < k_most_yields;
    if (none_found && !yields) {
      become_joined(now, out);
    } else {
      if (none_found) ++yields_;
      patience_until_ = now.mono + k_first_peer_patience;
    }
  }
  if (due(join_deadline_) && phase_ != Phase::joined) retry_join(now, next_back_off(), out);
  // Tells us whether the hand-over goes on, and starts it again when it has failed.
  if (due(join_again_at_) && phase_ == Phase::receiving) out.push_back(SendJoin{*admitting_});
  if (due(retry_at_) && phase_ == Phase::connecting) become_connecting(now, out);
  if (due(gather_again_at_) && phase_ == Phase::gathering) {
    gather_again_at_ = now.mono + k_gather_step;
    if (!lists_.contains(*admitting_))
      out.push_back(AskForUpdate{*admitting_});
    else
      gather_neighbors(now, out);
  }
  if (joining_ && joining_deadline_ <= now.mono) {
    joining_.reset();
    publish(now, out);
  }
  if (phase_ != Phase::joined) return;
  if (suspicion_at_ && *suspicion_at_ <= now.mono && exclude_long_suspected(now))
    refresh_tables(now, Audience::neighbors, out);
  if (due(seek_again_at_)) {
    std::erase_if(failed_until_, [&](const auto& failed) { return failed.second <= now.mono; });
    seek_neighbors(now, out);
    keep_lists_of_neighbors(now, out);
  }
  if (due(update_due_)) send_updates(now, due_audience_, out);
  if (due(periodic_update_at_)) {
    periodic_update_at_ = now.mono + jittered(settings_.update_interval);
    std::erase_if(failed_until_, [&](const auto& failed) { return failed.second <= now.mono; });
    send_updates(now, Audience::neighbors, out);
    seek_neighbors(now, out);
  }
  if (due(fingers_at_)) {
    fingers_at_ = now.mono + jittered(settings_.ping_interval);
    refresh_finger(out);
  }
  if (due(partition_at_)) check_partition(now, out);
}

std::optional<MonoTime> ChordReload::next_deadline() const {
  if (phase_ == Phase::left) return std::nullopt;
  Deadline soonest = leave_deadline_;
  const auto consider = [&](Deadline at) { soonest = sooner(soonest, at); };
  for (const auto& at : {patience_until_, join_deadline_, join_again_at_, retry_at_, gather_again_at_})
    consider(at);
  if (joining_) consider(joining_deadline_);
  if (phase_ == Phase::joined)
    for (const auto& at :
         {update_due_, periodic_update_at_, fingers_at_, partition_at_, suspicion_at_, seek_again_at_})
      consider(at);
  if (!soonest) return std::nullopt;
  return *soonest;
}

// ---- questions
// ------------------------------------------------------------------------------------------------------

bool ChordReload::plausible_owner(const RingId& resource, const NodeId& answerer) const {
  const RingId distance = ring_distance(resource, answerer);
  if (phase_ == Phase::joined && ring_distance(resource, settings_.self) < distance) return false;
  const auto closer = [&](const NodeId& node) { return ring_distance(resource, node) < distance; };
  return std::none_of(view_->successors.begin(), view_->successors.end(), closer) &&
         std::none_of(view_->predecessors.begin(), view_->predecessors.end(), closer);
}

bool ChordReload::wanted_as_neighbor(const NodeId& node) const {
  const auto& before = view_->predecessors;
  const auto& after = view_->successors;
  if (before.size() < neighbors_per_side() || after.size() < neighbors_per_side()) return true;
  return in_half_open(node, settings_.self, after.back()) || node == before.back() ||
         in_open(node, before.back(), settings_.self);
}

std::string ChordReload::phase() const {
  switch (phase_) {
    case Phase::idle:
      return "idle";
    case Phase::connecting:
      return "connecting";
    case Phase::locating:
    case Phase::gathering:
    case Phase::asking:
    case Phase::receiving:
      return "joining";
    case Phase::joined:
      return "joined";
    case Phase::leaving:
      return "leaving";
    case Phase::left:
      return "left";
  }
  return "idle";
}

double ChordReload::estimated_peers() const { return view_->estimated_peers(); }

std::uint32_t ChordReload::uptime_s(const Now& now) const {
  return static_cast<std::uint32_t>((now.mono - started_).count() / 1000);
}

}  // namespace ringway::topology
