#include "sim/scenario/stage.hpp"

#include <algorithm>
#include <cmath>
#include <set>

namespace ringway::sim {

Stage::Stage(const SimulationSettings& settings)
    : simulation_(settings),
      errands_(simulation_),
      watchers_(simulation_),
      random_(settings.seed, "scenario") {}

// ---- time -------------------------------------------------------------------------------------------------

bool Stage::pass(Duration limit, const std::function<bool()>& until, Duration step) {
  const std::int64_t end_ms = now_ms() + limit.count();
  while (!until()) {
    if (now_ms() >= end_ms) return false;
    simulation_.run_for(Duration{std::min<std::int64_t>(step.count(), end_ms - now_ms())});
    check();
  }
  return true;
}

void Stage::check() {
  errands_.tend();
  if (!few_copies_.empty()) {
    const bool enough = ring().size() > simulation_.configuration()->replicas;
    few_copies_.ring_is(enough && sides_.empty() && simulation_.is_one_ring(), now_ms());
  }
  if (now_ms() < tables_seen_ms_ + k_look_at_tables_every_ms) return;
  tables_seen_ms_ = now_ms();
  for (const Member& member : ring())
    if (const auto fault = bounds_fault(tables_of(simulation_.peer(member.number))); !fault.empty())
      violate(Law::tables_bounded, fault, member.number);
}

// ---- peers ------------------------------------------------------------------------------------------------

const std::vector<Stage::Member>& Stage::ring() {
  if (ring_.empty())
    for (const PeerNumber number : simulation_.living())
      ring_.push_back({simulation_.peer(number).node_id(), number});
  return ring_;
}

std::vector<Stage::Member>::const_iterator Stage::place_of(const NodeId& node) {
  return std::lower_bound(ring().begin(), ring().end(), node,
                          [](const Member& member, const NodeId& at) { return member.node < at; });
}

std::optional<PeerNumber> Stage::living_with(const NodeId& node) {
  const auto found = place_of(node);
  if (found == ring().end() || found->node != node) return std::nullopt;
  return found->number;
}

PeerNumber Stage::responsible_for(const RingId& point) {
  const auto found = place_of(as_node(point));
  return found == ring().end() ? ring().front().number : found->number;
}

std::vector<PeerNumber> Stage::some(std::size_t count) {
  std::vector<PeerNumber> all;
  for (const Member& member : ring()) all.push_back(member.number);
  for (std::size_t i = all.size(); i > 1; --i) std::swap(all[i - 1], all[random_.below(i)]);
  all.resize(std::min(count, all.size()));
  return all;
}

std::vector<PeerNumber> Stage::some(double share) { return some(count_of(share)); }

std::vector<PeerNumber> Stage::some_without_whole_replica_sets(double share) {
  const std::size_t most = count_of(share), copies = 1 + simulation_.configuration()->replicas;
  std::set<PeerNumber> chosen;
  const auto longest_run = [&] {  // around the ring
    std::size_t longest = 0, run = 0;
    for (std::size_t i = 0; i < 2 * ring().size(); ++i) {
      run = chosen.contains(ring()[i % ring().size()].number) ? run + 1 : 0;
      longest = std::max(longest, run);
    }
    return longest;
  };
  for (const PeerNumber peer : some(ring().size())) {
    if (chosen.size() >= most) break;
    chosen.insert(peer);
    if (longest_run() >= copies) chosen.erase(peer);
  }
  return {chosen.begin(), chosen.end()};
}

std::size_t Stage::count_of(double share) {
  return static_cast<std::size_t>(std::lround(share * static_cast<double>(ring().size())));
}

void Stage::start(PeerNumber peer, bool again) {
  set_skew(peer);
  const bool first = ring().empty();
  const PeerNumber bootstrap = first ? peer : anyone();
  if (again)
    simulation_.restart(peer, first, bootstrap);
  else
    simulation_.start(peer, first, bootstrap);
  const NodeId node = simulation_.peer(peer).node_id();
  excuses_.started(node, now_ms());
  few_copies_.started(node, now_ms());
  // Put into its place: sorting the whole ring for each of very many that join would take longer than they
  // do.
  if (!first) ring_.insert(place_of(node), {node, peer});
}

void Stage::begin_with(std::size_t count) {
  simulation_.build_ring(count);
  ring_changed();
  for (const Member& member : ring()) {
    set_skew(member.number);
    note_began(member.number);
  }
}

void Stage::note_began(PeerNumber peer) {
  if (peer >= began_ms_.size()) began_ms_.resize(peer + 1);
  began_ms_[peer] = now_ms();
}

PeerNumber Stage::start_new() {
  const PeerNumber peer = simulation_.add_peer();
  start(peer, false);
  note_began(peer);
  return peer;
}

void Stage::start_again(PeerNumber peer) { start(peer, true); }

void Stage::crash(const std::vector<PeerNumber>& peers, Death how, Disk disk) {
  for (const PeerNumber peer : peers) {
    simulation_.crash(peer, disk, how);
    const NodeId node = simulation_.peer(peer).node_id();
    excuses_.failed(node, now_ms(), disk == Disk::lost);
    few_copies_.failed(node, disk == Disk::lost);
    crashed_.push_back(peer);
  }
  ring_changed();
  excuse_what_may_be_lost();
}

void Stage::excuse_what_may_be_lost() {
  std::map<int, std::vector<NodeId>> sides;
  for (const Member& member : ring()) sides[side_of(member.number)].push_back(member.node);
  for (const auto& [side, nodes] : sides)
    excuses_.apply(ledger_, nodes, simulation_.configuration()->replicas, now_ms());
  few_copies_.apply(ledger_, now_ms());
  for (const auto& [key, writers] : ledger_.entries())
    if (std::any_of(writers.begin(), writers.end(), [](const auto& of) { return of.second.excused; }))
      swaps_.forget(key);
}

int Stage::side_of(PeerNumber peer) const {
  const auto side = sides_.find(peer);
  return side == sides_.end() ? 0 : side->second;
}

// All peers of its part of the ring when they are fewer than there should be copies.
std::vector<NodeId> Stage::too_few_beside(PeerNumber peer) {
  const std::size_t replicas = simulation_.configuration()->replicas;
  std::vector<NodeId> part;
  for (const Member& member : ring()) {
    if (side_of(member.number) != side_of(peer)) continue;
    part.push_back(member.node);
    if (part.size() > replicas) return {};
  }
  return part;
}

void Stage::acknowledged(const std::string& key, PeerNumber writer, std::uint64_t attempt) {
  const NodeId node = simulation_.peer(writer).node_id();
  if (ledger_.acknowledge(key, node, attempt, now_ms()))
    few_copies_.acknowledged(key, node, now_ms(), too_few_beside(writer));
}

void Stage::swapped(const std::string& key, PeerNumber writer, const Swaps::Swap& swap) {
  if (!whole_) return;
  if (auto fault = swaps_.acknowledged(key, swap, now_ms()))
    violate(Law::one_swap, std::move(*fault), writer);
}

// ---- the world --------------------------------------------------------------------------------------------

void Stage::split(std::map<PeerNumber, int> sides) {
  sides_ = sides;
  whole_ = false;
  swaps_.forget_all();
  simulation_.network().partition(std::move(sides));
}

void Stage::cut(PeerNumber from, PeerNumber to) {
  is_cut_ = true;
  whole_ = false;
  swaps_.forget_all();
  simulation_.network().cut(from, to);
}

void Stage::is_whole() {
  whole_ = sides_.empty() && !is_cut_;
  if (whole_) excuses_.ring_is_one(now_ms());
}

void Stage::heal() {
  sides_.clear();
  is_cut_ = false;
  simulation_.network().heal();
}

void Stage::skew_clocks(Duration most) {
  skew_ = most;
  for (const Member& member : ring()) set_skew(member.number);
}

void Stage::set_skew(PeerNumber peer) {
  if (skew_ > Duration{0}) simulation_.skew(peer, Duration{random_.between(-skew_.count(), skew_.count())});
}

// ---- judgement --------------------------------------------------------------------------------------------

void Stage::violate(Law law, std::string what, std::optional<PeerNumber> peer) {
  if (violations_.size() < k_max_violations)
    violations_.push_back({law, now_ms(), peer, line_, std::move(what)});
}

Measurements Stage::measure() {
  measured_.peers = ring().size();
  measured_.virtual_s = static_cast<double>(now_ms()) / 1000;
  measured_.events = simulation_.events();
  for (const Member& member : ring()) {
    const std::int64_t there_ms = now_ms() - began_ms_.at(member.number);
    if (there_ms > 0)
      measured_.traffic_bytes_per_s.add(static_cast<double>(simulation_.traffic_of(member.number).bytes) *
                                        1000 / static_cast<double>(there_ms));
    const auto status = simulation_.peer(member.number).status();
    measured_.load.add(
        static_cast<double>(status.forwarded + status.delivered + status.originated + status.answered));
  }
  measured_.values_acknowledged = ledger_.acknowledged_keys().size();
  measured_.values_excused = ledger_.excused();
  return std::move(measured_);
}

}  // namespace ringway::sim
