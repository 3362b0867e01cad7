#include "sim/scenario/player.hpp"

#include <algorithm>
#include <utility>

#include "sim/scenario/stage.hpp"
#include "sim/scenario/verbs.hpp"

namespace ringway::sim {

namespace {

verbs::Act act_of(Verb verb) {
  switch (verb) {
    case Verb::keep_replicas:
      return verbs::keep_replicas;
    case Verb::watch:
      return verbs::watch;
    case Verb::expect_watchers:
      return verbs::expect_watchers;
    case Verb::begin_with:
      return verbs::begin_with;
    case Verb::join:
      return verbs::join;
    case Verb::join_within:
      return verbs::join_within;
    case Verb::grow:
      return verbs::grow;
    case Verb::crash:
      return verbs::crash;
    case Verb::crash_share:
      return verbs::crash_share;
    case Verb::crash_peer:
      return verbs::crash_peer;
    case Verb::restart_crashed:
      return verbs::restart_crashed;
    case Verb::restart_all:
      return verbs::restart_all;
    case Verb::leave:
      return verbs::leave;
    case Verb::partition:
      return verbs::partition;
    case Verb::cut:
      return verbs::cut;
    case Verb::heal:
      return verbs::heal;
    case Verb::lose_messages:
      return verbs::lose_messages;
    case Verb::lose_packets:
      return verbs::lose_packets;
    case Verb::duplicate:
      return verbs::duplicate;
    case Verb::reorder:
      return verbs::reorder;
    case Verb::skew:
      return verbs::skew;
    case Verb::slow_disks:
      return verbs::slow_disks;
    case Verb::fill_disks:
      return verbs::fill_disks;
    case Verb::mend_disks:
      return verbs::mend_disks;
    case Verb::damage:
      return verbs::damage;
    case Verb::damage_blocks:
      return verbs::damage_blocks;
    case Verb::refuse_reads:
      return verbs::refuse_reads;
    case Verb::let_drop:
      return verbs::let_drop;
    case Verb::let_lie:
      return verbs::let_lie;
    case Verb::let_be_honest:
      return verbs::let_be_honest;
    case Verb::churn:
      return verbs::churn;
    case Verb::put:
      return verbs::put;
    case Verb::put_large:
      return verbs::put_large;
    case Verb::change:
      return verbs::change;
    case Verb::swap:
      return verbs::swap;
    case Verb::get:
      return verbs::get;
    case Verb::read_one:
      return verbs::read_one;
    case Verb::read_quorum:
      return verbs::read_quorum;
    case Verb::read_disjoint:
      return verbs::read_disjoint;
    case Verb::look_up:
      return verbs::look_up;
    case Verb::run:
      return verbs::run;
    case Verb::expect_ring:
      return verbs::expect_ring;
    case Verb::expect_every_value:
      return verbs::expect_every_value;
    case Verb::expect_at_owner:
      return verbs::expect_at_owner;
    case Verb::expect_no_damage:
      return verbs::expect_no_damage;
    case Verb::expect_values:
      return verbs::expect_values;
    case Verb::expect_lookups:
      return verbs::expect_lookups;
    case Verb::expect_hops:
      return verbs::expect_hops;
    case Verb::expect_messages:
      return verbs::expect_messages;
    case Verb::expect_maintenance:
      return verbs::expect_maintenance;
  }
  return verbs::run;
}

// Only these can be done when nobody is there.
bool needs_a_peer(Verb verb) {
  switch (verb) {
    case Verb::begin_with:
    case Verb::join:
    case Verb::join_within:
    case Verb::grow:
    case Verb::restart_crashed:
    case Verb::heal:
    case Verb::lose_messages:
    case Verb::lose_packets:
    case Verb::duplicate:
    case Verb::reorder:
    case Verb::skew:
    case Verb::mend_disks:
    case Verb::let_be_honest:
    case Verb::keep_replicas:
    case Verb::read_one:
    case Verb::read_quorum:
    case Verb::read_disjoint:
    case Verb::run:
      return false;
    default:
      return true;
  }
}

bool spoils_disks(Verb verb) {
  return verb == Verb::damage || verb == Verb::damage_blocks || verb == Verb::refuse_reads;
}

// With more of them those that hold nothing have no storage.
constexpr std::size_t k_many_peers = 10'000;

// What a statement says of the configuration is there from the beginning.
SimulationSettings made_for(const Scenario& scenario, SimulationSettings settings) {
  for (const Statement& statement : scenario.statements) {
    const bool tells_size = statement.verb() == Verb::begin_with || statement.verb() == Verb::grow;
    if (tells_size && statement.count() > k_many_peers) settings.data_on_demand = true;
    // What a peer remembers would hide what has become of its disk.
    if (spoils_disks(statement.verb())) settings.storage.max_cached_kinds = 1;
    if (statement.verb() != Verb::keep_replicas) continue;
    const std::size_t replicas = std::clamp<std::size_t>(statement.count(), 1, config::k_most_replicas);
    settings.configure = [replicas, before = settings.configure](config::Configuration& document) {
      if (before) before(document);
      document.replicas = replicas;
    };
  }
  return settings;
}

}  // namespace

Run play(const Scenario& scenario, const PlaySettings& settings) {
  Stage stage(made_for(scenario, settings.simulation));
  std::size_t done = 0;
  for (const Statement& statement : scenario.statements) {
    stage.begin_statement(statement.line);
    if (settings.progress) settings.progress(done++, statement);
    if (stage.ring().empty() && needs_a_peer(statement.verb())) {
      stage.violate(Law::playable, "no peer is alive");
      break;
    }
    act_of(statement.verb())(stage, statement);
    if (!stage.violations().empty()) break;  // what follows would be its consequences
  }
  Run run;
  run.seed = settings.simulation.seed;
  run.measured = stage.measure();
  run.violations = stage.violations();
  run.trace_hash = stage.simulation().trace_hash();
  return run;
}

}  // namespace ringway::sim
