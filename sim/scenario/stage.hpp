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
#include "sim/check/ledger.hpp"
#include "sim/check/ring_check.hpp"
#include "sim/check/violation.hpp"
#include "sim/report/measurements.hpp"
#include "sim/scenario/errands.hpp"
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
    pass(time, [] { return false; }, Duration{1000});
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

  PeerNumber start_new();
  void start_again(PeerNumber peer);
  void crash(const std::vector<PeerNumber>& peers, Death how, Disk disk);
  // Peers that have crashed and not started again.
  std::vector<PeerNumber> take_crashed() { return std::exchange(crashed_, {}); }
  // Somebody has gone by itself.
  void ring_changed() { ring_.clear(); }

  // ---- the world
  void split(std::map<PeerNumber, int> sides);
  void heal();
  void skew_clocks(Duration most);

  // ---- judgement
  void begin_statement(std::size_t line) { line_ = line; }
  void violate(Law law, std::string what, std::optional<PeerNumber> peer = std::nullopt);
  const std::vector<Violation>& violations() const { return violations_; }
  bool broken() const { return !violations_.empty(); }

  Simulation& simulation() { return simulation_; }
  Errands& errands() { return errands_; }
  Ledger& ledger() { return ledger_; }
  Measurements& measured() { return measured_; }
  SeededRandom& random() { return random_; }
  std::size_t copies() const { return 1 + k_replicas; }
  std::size_t next_key() { return next_key_++; }
  // Of the whole run; to be asked once, at the end.
  Measurements measure();

 private:
  static constexpr std::size_t k_replicas = topology::k_default_replicas;
  static constexpr std::int64_t k_look_at_tables_every_ms = 30'000;

  void check();
  void start(PeerNumber peer, bool again);
  void excuse_what_may_be_lost();
  void set_skew(PeerNumber peer);

  SimulationSettings settings_;
  Simulation simulation_;
  Errands errands_;
  SeededRandom random_;
  Ledger ledger_;
  Excuses excuses_;
  Measurements measured_;
  std::vector<Violation> violations_;
  std::vector<Member> ring_;  // empty: to be made again
  std::vector<PeerNumber> crashed_;
  std::map<PeerNumber, int> sides_;
  Duration skew_{0};
  std::size_t line_ = 0;
  std::size_t next_key_ = 0;
  std::int64_t tables_seen_ms_ = 0;
};

}  // namespace ringway::sim
