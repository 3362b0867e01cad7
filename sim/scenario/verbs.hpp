// What the statements of a scenario do, one function for each rule of the grammar.
#pragma once

#include "sim/scenario/grammar.hpp"
#include "sim/scenario/stage.hpp"

namespace ringway::sim::verbs {

using Act = void (*)(Stage& stage, const Statement& statement);

// Peers come and go (peer_verbs.cpp).
void keep_replicas(Stage& stage, const Statement& statement);
void begin_with(Stage& stage, const Statement& statement);
void join(Stage& stage, const Statement& statement);
void join_within(Stage& stage, const Statement& statement);
void grow(Stage& stage, const Statement& statement);
void crash(Stage& stage, const Statement& statement);
void crash_share(Stage& stage, const Statement& statement);
void crash_peer(Stage& stage, const Statement& statement);
void restart_crashed(Stage& stage, const Statement& statement);
void restart_all(Stage& stage, const Statement& statement);
void leave(Stage& stage, const Statement& statement);
void churn(Stage& stage, const Statement& statement);

// The world is unkind (fault_verbs.cpp).
void partition(Stage& stage, const Statement& statement);
void cut(Stage& stage, const Statement& statement);
void heal(Stage& stage, const Statement& statement);
void lose_messages(Stage& stage, const Statement& statement);
void lose_packets(Stage& stage, const Statement& statement);
void duplicate(Stage& stage, const Statement& statement);
void reorder(Stage& stage, const Statement& statement);
void skew(Stage& stage, const Statement& statement);
void slow_disks(Stage& stage, const Statement& statement);
void fill_disks(Stage& stage, const Statement& statement);
void refuse_reads(Stage& stage, const Statement& statement);
void mend_disks(Stage& stage, const Statement& statement);
void damage(Stage& stage, const Statement& statement);
void damage_blocks(Stage& stage, const Statement& statement);
void let_drop(Stage& stage, const Statement& statement);
void let_lie(Stage& stage, const Statement& statement);
void let_be_honest(Stage& stage, const Statement& statement);

// Applications ask (value_verbs.cpp).
void put(Stage& stage, const Statement& statement);
void put_large(Stage& stage, const Statement& statement);
void change(Stage& stage, const Statement& statement);
void get(Stage& stage, const Statement& statement);
void read_one(Stage& stage, const Statement& statement);
void read_quorum(Stage& stage, const Statement& statement);
void read_disjoint(Stage& stage, const Statement& statement);
void watch(Stage& stage, const Statement& statement);
void look_up(Stage& stage, const Statement& statement);
// One lookup of a random point from a random peer; it is counted when it ends.
void begin_lookup(Stage& stage);

// Two at once, with a generation to compare (swap_verb.cpp).
void swap(Stage& stage, const Statement& statement);

// Time, and what has to be so (expect_verbs.cpp).
void run(Stage& stage, const Statement& statement);
void expect_ring(Stage& stage, const Statement& statement);
void expect_every_value(Stage& stage, const Statement& statement);
void expect_at_owner(Stage& stage, const Statement& statement);
void expect_no_damage(Stage& stage, const Statement& statement);
void expect_values(Stage& stage, const Statement& statement);
void expect_watchers(Stage& stage, const Statement& statement);
void expect_lookups(Stage& stage, const Statement& statement);
void expect_hops(Stage& stage, const Statement& statement);
void expect_messages(Stage& stage, const Statement& statement);
void expect_maintenance(Stage& stage, const Statement& statement);

}  // namespace ringway::sim::verbs
