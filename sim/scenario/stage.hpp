// Where a scenario is played: the simulation, what was written into it, what was broken, and the passing of
// time with its checks. The verbs (verbs.hpp) act on it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sim/check/excuses.hpp"
#include "sim/check/few_copies.hpp"
#include "sim/check/ledger.hpp"
#include "sim/check/ring_check.hpp"
#include "sim/check/swaps.hpp"
#include "sim/check/violation.hpp"
#include "sim/liars.hpp"
#include "sim/report/measurements.hpp"
#include "sim/scenario/errands.hpp"
#include "sim/scenario/watchers.hpp"
#include "sim/seeded_random.hpp"
#include "sim/simulation.hpp"

namespace ringway::sim {

class Stage {
 public:
  // Of one statement; a run ends behind the first that breaks something.
  static constexpr std::size_t k_max_violations = 20;

  explicit Stage(const SimulationSettings& settings);

  // ---- time
  // Until the condition holds, asked every `step`; false when the limit is over.
  bool pass(Duration limit, const std::function<bool()>& until, Duration step = Duration{200});
  void pass(Duration time) {
    pass(
        time, [] { return false; }, Duration{1000});
  }
  std::int64_t now_ms() const { return simulation_.now().mono.ms; }

  // ---- peers
  struct Member {
    NodeId node;
    PeerNumber number = 0;
  };
  const std::vector<Member>& ring();  // the living, in the order of their Node-IDs
  PeerNumber anyone() { return ring().at(random_.below(ring().size())).number; }
  std::optional<PeerNumber> living_with(const NodeId& node);
  PeerNumber responsible_for(const RingId& point);
  // Some of the living, so many at most, in random order.
  std::vector<PeerNumber> some(std::size_t count);
  std::vector<PeerNumber> some(double share);
  // So many, or fewer: some copy of each value is at another peer.
  std::vector<PeerNumber> some_without_whole_replica_sets(double share);

  // A ring that is there at once; nobody may have been started before.
  void begin_with(std::size_t count);
  PeerNumber start_new();
  void start_again(PeerNumber peer);
  void crash(const std::vector<PeerNumber>& peers, Death how, Disk disk);
  // Peers that have crashed and not started again.
  std::vector<PeerNumber> take_crashed() { return std::exchange(crashed_, {}); }
  // Somebody has gone by itself.
  void ring_changed() { ring_.clear(); }

  // ---- the world
  void split(std::map<PeerNumber, int> sides);
  void cut(PeerNumber from, PeerNumber to);
  void heal();
  // All have been seen to be in one ring, which nobody has cut since.
  void is_whole();
  void skew_clocks(Duration most);

  // ---- the applications
  void read_with(data::Consistency consistency) { consistency_ = consistency; }
  data::Consistency consistency() const { return consistency_; }
  // A write of that peer was answered.
  void acknowledged(const std::string& key, PeerNumber writer, std::uint64_t attempt);

  // A write of that peer that depended on a generation, besides.
  void swapped(const std::string& key, PeerNumber writer, const Swaps::Swap& swap);

  // ---- judgement
  void begin_statement(std::size_t line) { line_ = line; }
  void violate(Law law, std::string what, std::optional<PeerNumber> peer = std::nullopt);
  const std::vector<Violation>& violations() const { return violations_; }
  bool broken() const { return !violations_.empty(); }

  Simulation& simulation() { return simulation_; }
  Liars& liars() { return liars_; }
  Errands& errands() { return errands_; }
  Ledger& ledger() { return ledger_; }
  Measurements& measured() { return measured_; }
  // Since this was asked last.
  Tally new_lookups() { return measured_.lookups.since(std::exchange(lookups_told_, measured_.lookups)); }
  SeededRandom& random() { return random_; }
  Watchers& watchers() { return watchers_; }
  std::size_t next_key() { return next_key_++; }
  // Of the whole run; to be asked once, at the end.
  Measurements measure();

 private:
  static constexpr std::int64_t k_look_at_tables_every_ms = 30'000;

  void check();
  std::size_t count_of(double share);  // of the living
  // The first member from this point on.
  std::vector<Member>::const_iterator place_of(const NodeId& node);
  void start(PeerNumber peer, bool again);
  void excuse_what_may_be_lost();
  int side_of(PeerNumber peer) const;
  std::vector<NodeId> too_few_beside(PeerNumber peer);
  void set_skew(PeerNumber peer);
  void note_began(PeerNumber peer);

  Simulation simulation_;
  Liars liars_{simulation_};
  Errands errands_;
  Watchers watchers_;
  SeededRandom random_;
  Ledger ledger_;
  Excuses excuses_;
  Swaps swaps_;
  FewCopies few_copies_{k_repair_takes_ms};
  Measurements measured_;
  Tally lookups_told_;
  std::vector<Violation> violations_;
  std::vector<Member> ring_;  // empty: to be made again
  std::vector<PeerNumber> crashed_;
  std::map<PeerNumber, int> sides_;
  bool is_cut_ = false;
  bool whole_ = false;
  Duration skew_{0};
  data::Consistency consistency_ = data::Consistency::one;
  std::vector<std::int64_t> began_ms_;  // by PeerNumber: when it was first started
  std::size_t line_ = 0;
  std::size_t next_key_ = 0;
  std::int64_t tables_seen_ms_ = 0;
};

}  // namespace ringway::sim
