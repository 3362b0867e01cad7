#include <algorithm>

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
      if (std::find(mute.begin(), mute.end(), member.number) == mute.end())
        stage.simulation().network().cut(from, member.number);
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
  }
}

// One of its copies, or, less often, the generation beside it. Not of a value of which one is damaged
// already: the overlay promises to bring back what others have.
void damage(Stage& stage, const Statement& statement) {
  constexpr std::uint64_t k_one_is_a_generation = 4;
  auto& simulation = stage.simulation();
  auto keys = stage.ledger().acknowledged_keys();
  std::size_t left = statement.count();
  while (left > 0 && !keys.empty()) {
    std::swap(keys[stage.random().below(keys.size())], keys.back());
    const data::KindAt at{resource_id_of(keys.back()), config::k_shared_value};
    keys.pop_back();
    const auto holders = simulation.whole_at(at);
    if (holders.size() <= simulation.configuration()->replicas) continue;
    const PeerNumber peer = holders[stage.random().below(holders.size())];
    simulation.damage(peer, at, stage.random().below(k_one_is_a_generation) == 0);
    --left;
  }
  if (left > 0) stage.violate(Law::playable, "there are not so many values that all their holders have");
}

void let_drop(Stage& stage, const Statement& statement) {
  for (const PeerNumber peer : stage.some(statement.share())) stage.liars().add(peer, Lie::block);
}

void let_lie(Stage& stage, const Statement& statement) {
  constexpr Lie k_lies[] = {Lie::deny, Lie::stale, Lie::misroute, Lie::collude};
  for (const PeerNumber peer : stage.some(statement.share()))
    stage.liars().add(peer, k_lies[stage.random().below(std::size(k_lies))]);
}

void let_be_honest(Stage& stage, const Statement&) { stage.liars().all_honest(); }

}  // namespace ringway::sim::verbs
