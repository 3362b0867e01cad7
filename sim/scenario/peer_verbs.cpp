#include <algorithm>
#include <cmath>

#include "sim/scenario/verbs.hpp"

namespace ringway::sim::verbs {

namespace {

constexpr Duration k_join_limit{10 * 60'000};
constexpr Duration k_grow_limit{24 * 3'600'000};
constexpr Duration k_leave_limit{60'000};  // a leave takes 10 s at most, and the Leave itself

// A peer that is gone for so long is missed by nobody yet, or by its neighbours only: as a restart takes.
constexpr Duration k_restart_takes{3'000};

// Until they form one ring with all the others, as far as the nearest neighbours go.
void wait_for_ring(Stage& stage, const std::string& what) {
  const bool joined = stage.pass(
      k_join_limit, [&] { return stage.simulation().is_one_ring(); }, Duration{1000});
  if (!joined) stage.violate(Law::one_ring, what + ": " + stage.simulation().ring_fault());
}

Death death(const Statement& statement, std::size_t silently) {
  return statement.has(silently) ? Death::silent : Death::reset;
}
Disk disk(const Statement& statement, std::size_t losing) {
  return statement.has(losing) ? Disk::lost : Disk::kept;
}

}  // namespace

// A value of the configuration that the simulation is made with: play() has seen to it.
void keep_replicas(Stage&, const Statement&) {}

void begin_with(Stage& stage, const Statement& statement) {
  if (stage.simulation().size() > 0)
    return stage.violate(Law::playable, "a ring to begin with has to be there before other peers");
  stage.begin_with(statement.count());
}

void join(Stage& stage, const Statement& statement) {
  for (std::size_t i = 0; i < statement.count(); ++i) {
    // Whoever finds nobody may not begin a ring of its own.
    if (i == 1 && stage.ring().size() == 1) stage.pass(Duration{1000});
    stage.start_new();
  }
  wait_for_ring(stage, "those who join");
}

void join_within(Stage& stage, const Statement& statement) {
  const std::int64_t begin_ms = stage.now_ms();
  for (std::size_t i = 0; i < statement.count(); ++i) {
    const std::int64_t due_ms =
        begin_ms + statement.time(1).count() * static_cast<std::int64_t>(i) / statement.values.at(0);
    stage.pass(Duration{due_ms - stage.now_ms()});
    stage.start_new();
  }
  stage.pass(Duration{begin_ms + statement.time(1).count() - stage.now_ms()});
}

void grow(Stage& stage, const Statement& statement) {
  constexpr std::size_t k_peers_for_one_at_once = 16;
  std::vector<PeerNumber> joining;
  const auto grown = [&] {
    std::erase_if(joining, [&](PeerNumber peer) { return stage.simulation().peer(peer).view()->joined; });
    const std::size_t joined = stage.ring().size() - joining.size();
    const std::size_t at_once = std::max<std::size_t>(joined / k_peers_for_one_at_once, 1);
    while (stage.ring().size() < statement.count() && joining.size() < at_once)
      joining.push_back(stage.start_new());
    return joining.empty();
  };
  if (!stage.pass(k_grow_limit, grown)) stage.violate(Law::one_ring, "the ring does not grow");
}

void crash(Stage& stage, const Statement& statement) {
  std::vector<PeerNumber> victims = stage.some(statement.count());
  if (statement.has(0)) {
    const auto& ring = stage.ring();
    const std::size_t first = stage.random().below(ring.size());
    for (std::size_t i = 0; i < victims.size(); ++i) victims[i] = ring[(first + i) % ring.size()].number;
  }
  stage.crash(victims, death(statement, 1), disk(statement, 2));
}

void crash_share(Stage& stage, const Statement& statement) {
  stage.crash(stage.some(statement.share()), death(statement, 0), disk(statement, 1));
}

void crash_peer(Stage& stage, const Statement& statement) {
  const PeerNumber peer = statement.count();
  if (peer >= stage.simulation().size() || !stage.simulation().peer(peer).alive()) return;
  stage.crash({peer}, death(statement, 0), disk(statement, 1));
}

void restart_crashed(Stage& stage, const Statement&) {
  for (const PeerNumber peer : stage.take_crashed()) stage.start_again(peer);
}

void restart_all(Stage& stage, const Statement& statement) {
  stage.take_crashed();
  for (const PeerNumber peer : stage.some(1.0)) {
    const std::int64_t due_ms = stage.now_ms() + statement.time().count();
    stage.crash({peer}, Death::reset, Disk::kept);
    stage.pass(k_restart_takes);
    for (const PeerNumber crashed : stage.take_crashed()) stage.start_again(crashed);
    wait_for_ring(stage, "the restart of peer " + std::to_string(peer));
    stage.pass(Duration{due_ms - stage.now_ms()});
    if (stage.broken()) return;
  }
}

void leave(Stage& stage, const Statement& statement) {
  const auto leaving = stage.some(statement.count());
  for (const PeerNumber peer : leaving) stage.simulation().leave(peer);
  const bool gone = stage.pass(k_leave_limit, [&] {
    return std::none_of(leaving.begin(), leaving.end(),
                        [&](PeerNumber peer) { return stage.simulation().peer(peer).alive(); });
  });
  stage.ring_changed();
  if (!gone) stage.violate(Law::calls_answered, "a peer does not come to an end of its leave");
}

// Sessions of exponential length: whoever is there ends within the next second with the same probability.
void churn(Stage& stage, const Statement& statement) {
  constexpr Duration k_step{1000};
  const double ends =
      1 - std::exp(-static_cast<double>(k_step.count()) / static_cast<double>(statement.time().count()));
  const std::int64_t end_ms = stage.now_ms() + statement.time(1).count();
  while (stage.now_ms() < end_ms && !stage.broken()) {
    std::vector<PeerNumber> gone;
    for (const auto& member : stage.ring())
      if (stage.random().chance(ends)) gone.push_back(member.number);
    if (gone.size() == stage.ring().size()) gone.clear();
    if (!gone.empty()) stage.crash(gone, Death::reset, Disk::lost);
    for (std::size_t i = 0; i < gone.size(); ++i) stage.start_new();
    for (std::size_t i = 0; i < statement.count(2); ++i) begin_lookup(stage);
    stage.pass(k_step);
  }
  stage.take_crashed();  // they do not come back
  stage.pass(Duration{Errands::k_patience_ms}, [&] { return stage.errands().under_way() == 0; });
}

}  // namespace ringway::sim::verbs
