#include <algorithm>
#include <functional>
#include <vector>

#include "reload/config/kinds.hpp"
#include "sim/scenario/verbs.hpp"

namespace ringway::sim::verbs {

void partition(Stage& stage, const Statement& statement) {
  const auto& ring = stage.ring();
  std::map<PeerNumber, int> sides;
  for (std::size_t i = 0; i < ring.size(); ++i)
    sides[ring[i].number] =
        statement.has(0) ? static_cast<int>(i % 2) : static_cast<int>(2 * i / ring.size());
  stage.split(std::move(sides));
}

void cut(Stage& stage, const Statement& statement) {
  const auto mute = stage.some(statement.share());
  for (const PeerNumber from : mute)
    for (const auto& member : stage.ring())
      if (std::find(mute.begin(), mute.end(), member.number) == mute.end()) stage.cut(from, member.number);
}

void heal(Stage& stage, const Statement&) { stage.heal(); }

void lose_messages(Stage& stage, const Statement& statement) {
  stage.simulation().network().settings().message_drop = statement.share();
}

void lose_packets(Stage& stage, const Statement& statement) {
  stage.simulation().network().settings().packet_loss = statement.share();
}

void duplicate(Stage& stage, const Statement& statement) {
  stage.simulation().network().settings().message_duplication = statement.share();
}

void reorder(Stage& stage, const Statement& statement) {
  stage.simulation().network().settings().message_reordering = statement.share();
}

void skew(Stage& stage, const Statement& statement) { stage.skew_clocks(statement.time()); }

void slow_disks(Stage& stage, const Statement& statement) {
  for (const PeerNumber peer : stage.some(statement.share()))
    stage.simulation().slow_disk(peer, statement.time(1));
}

void fill_disks(Stage& stage, const Statement& statement) {
  for (const PeerNumber peer : stage.some(statement.share())) stage.simulation().full_disk(peer, true);
}

void mend_disks(Stage& stage, const Statement&) {
  for (PeerNumber peer = 0; peer < stage.simulation().size(); ++peer) {
    stage.simulation().slow_disk(peer, Duration{0});
    stage.simulation().full_disk(peer, false);
    stage.simulation().refuse_reads(peer, false);
  }
}

void refuse_reads(Stage& stage, const Statement& statement) {
  for (const PeerNumber peer : stage.some_without_whole_replica_sets(statement.share()))
    stage.simulation().refuse_reads(peer, true);
}

namespace {

// Who has it, when all who should have it whole. Of a value of which one copy is damaged already no other is:
// the overlay promises to bring back what others have.
std::vector<PeerNumber> holders_of_whole(Simulation& simulation, const data::KindAt& at) {
  auto holders = simulation.whole_at(at);
  if (holders.size() <= simulation.configuration()->replicas) holders.clear();
  return holders;
}

// So many times one copy of a random value.
void damage_some(Stage& stage, std::size_t count,
                 const std::function<void(PeerNumber, const data::KindAt&)>& damage_at) {
  auto keys = stage.ledger().acknowledged_keys();
  while (count > 0 && !keys.empty()) {
    std::swap(keys[stage.random().below(keys.size())], keys.back());
    const data::KindAt at{resource_id_of(keys.back()), config::k_shared_value};
    keys.pop_back();
    const auto holders = holders_of_whole(stage.simulation(), at);
    if (holders.empty()) continue;
    damage_at(holders[stage.random().below(holders.size())], at);
    --count;
  }
  if (count > 0) stage.violate(Law::playable, "there are not so many values that all their holders have");
}

}  // namespace

// A record, or, less often, the generation beside it.
void damage(Stage& stage, const Statement& statement) {
  constexpr std::uint64_t k_one_is_a_generation = 4;
  damage_some(stage, statement.count(), [&stage](PeerNumber peer, const data::KindAt& at) {
    stage.simulation().damage(peer, at, stage.random().below(k_one_is_a_generation) == 0);
  });
}

// Whatever stands behind it on that disk is in the block as well, as far as it is whole everywhere.
void damage_blocks(Stage& stage, const Statement& statement) {
  constexpr std::size_t k_most_kinds_of_a_block = 4;
  auto& simulation = stage.simulation();
  damage_some(stage, statement.count(), [&](PeerNumber peer, const data::KindAt& first) {
    const RingId before = ring_subtract(first.resource, ring_power_of_two(0));
    const auto kinds = simulation.peer(peer).identity().disk().list(before, before, k_most_kinds_of_a_block);
    if (!kinds) return;
    for (const data::KindAt& at : *kinds) {
      const auto holders = holders_of_whole(simulation, at);
      if (std::find(holders.begin(), holders.end(), peer) == holders.end()) return;
      simulation.damage_block(peer, at);
    }
  });
}

void let_drop(Stage& stage, const Statement& statement) {
  for (const PeerNumber peer : stage.some(statement.share())) stage.liars().add(peer, Lie::block);
}

void let_lie(Stage& stage, const Statement& statement) {
  constexpr Lie k_lies[] = {Lie::deny, Lie::stale, Lie::misroute, Lie::collude, Lie::list};
  for (const PeerNumber peer : stage.some(statement.share()))
    stage.liars().add(peer, k_lies[stage.random().below(std::size(k_lies))]);
}

void let_be_honest(Stage& stage, const Statement&) { stage.liars().all_honest(); }

}  // namespace ringway::sim::verbs
