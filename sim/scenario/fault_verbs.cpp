#include <algorithm>

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
