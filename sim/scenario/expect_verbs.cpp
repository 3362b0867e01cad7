#include <algorithm>
#include <cstdio>

#include "reload/config/kinds.hpp"
#include "sim/scenario/readings.hpp"
#include "sim/scenario/verbs.hpp"

namespace ringway::sim::verbs {

namespace {

constexpr Duration k_ring_limit{5 * 60'000};
constexpr Duration k_watcher_limit{30'000};
constexpr Duration k_read_again_after{5'000};
constexpr int k_read_tries = 5;  // in a network that loses messages
constexpr std::size_t k_shown = 3;
constexpr std::size_t k_keys_asked_about = 1000;

std::string percent(double share) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3f %%", 100 * share);
  return text;
}

std::string one_decimal(double number) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f", number);
  return text;
}

}  // namespace

void run(Stage& stage, const Statement& statement) {
  const auto before = stage.simulation().network().counters();
  stage.pass(statement.time());
  const auto& after = stage.simulation().network().counters();
  const auto peers = static_cast<double>(stage.ring().size());
  const double seconds = static_cast<double>(statement.time().count()) / 1000;
  if (peers == 0 || seconds == 0) return;
  auto& measured = stage.measured();
  measured.upkeep_bytes_per_peer_s = static_cast<double>(after.bytes - before.bytes) / peers / seconds;
  measured.upkeep_messages_per_peer_minute =
      static_cast<double>(after.messages - before.messages) / peers / seconds * 60;
}

void expect_ring(Stage& stage, const Statement& statement) {
  const Duration limit = statement.has(0) ? statement.time() : k_ring_limit;
  auto& simulation = stage.simulation();
  // Whoever holds copies has to be known as well.
  const std::size_t depth = std::max(k_ring_depth, simulation.configuration()->replicas);
  if (!stage.pass(
          limit, [&] { return simulation.is_one_ring(depth); }, Duration{1000}))
    return stage.violate(Law::one_ring, simulation.ring_fault(depth));
  stage.is_whole();
  auto keys = stage.ledger().acknowledged_keys();
  keys.resize(std::min(keys.size(), k_keys_asked_about));
  if (auto fault = responsibility_fault(simulation, keys); !fault.empty())
    stage.violate(Law::one_responsible, std::move(fault));
}

void expect_every_value(Stage& stage, const Statement& statement) {
  auto keys = stage.ledger().acknowledged_keys();
  std::erase_if(keys, [&](const std::string& key) { return !stage.ledger().expects(key); });
  const std::int64_t end_ms = stage.now_ms() + statement.time().count();
  std::vector<Misread> misread;
  while (true) {
    misread = read_values(stage, keys, {true, k_read_tries});
    if (misread.empty() || stage.now_ms() >= end_ms) break;
    keys.clear();
    for (const Misread& fault : misread) keys.push_back(fault.key);
    stage.pass(k_read_again_after);
  }
  for (std::size_t i = 0; i < std::min(misread.size(), k_shown); ++i) {
    const std::size_t more = i + 1 == k_shown ? misread.size() - k_shown : 0;
    stage.violate(misread[i].law,
                  misread[i].what + (more > 0 ? ", and " + std::to_string(more) + " others" : ""));
  }
}

// What the ledger judges of it.
data::Entry entry_of(const data::Record& record) {
  data::Entry out;
  out.value = copy_of(record.stored.value.data.value.view());
  out.writer_node = record.signer_node;
  return out;
}

// Reads find a value at its replicas as well, and copies are mended: only the disk shows what was not handed
// over.
void expect_at_owner(Stage& stage, const Statement&) {
  for (const std::string& key : stage.ledger().acknowledged_keys()) {
    if (!stage.ledger().expects(key)) continue;
    const ResourceId resource = resource_id_of(key);
    const PeerNumber owner = stage.responsible_for(resource);
    const auto state =
        stage.simulation().peer(owner).identity().disk().load({resource, config::k_shared_value});
    std::vector<data::Entry> there;
    if (state)
      for (const auto& record : state->records) there.push_back(entry_of(*record));
    const auto fault = stage.ledger().judge(key, there, true);
    if (fault)
      return stage.violate(fault->law, "at the peer that is responsible for it " + fault->what, owner);
  }
}

// Of damage that no read asks for only the disks tell.
void expect_no_damage(Stage& stage, const Statement& statement) {
  auto& simulation = stage.simulation();
  const auto damaged = [&] { return simulation.damaged_disks(); };
  const bool waits = statement.has(0);
  if (waits ? stage.pass(statement.time(), [&] { return damaged().empty(); }) : damaged().empty()) return;
  for (const PeerNumber peer : damaged())
    stage.violate(Law::damage_mended, "what is damaged on its disk has not come back", peer);
}

void expect_values(Stage& stage, const Statement& statement) {
  auto keys = stage.ledger().acknowledged_keys();
  std::erase_if(keys, [&](const std::string& key) { return !stage.ledger().expects(key); });
  if (keys.empty()) return;
  const auto misread = read_values(stage, keys, {true, 1});
  const double share = 1 - static_cast<double>(misread.size()) / static_cast<double>(keys.size());
  if (share < statement.share())
    stage.violate(Law::enough_success, percent(share) + " of " + std::to_string(keys.size()) +
                                           " values are read as they should be");
}

void expect_watchers(Stage& stage, const Statement& statement) {
  const Duration limit = statement.has(0) ? statement.time() : k_watcher_limit;
  const bool all_know = stage.pass(
      limit, [&] { return stage.watchers().faults(stage.ledger()).empty(); }, Duration{1000});
  const auto disorder = stage.watchers().disorder();
  for (std::size_t i = 0; i < std::min(disorder.size(), k_shown); ++i)
    stage.violate(Law::watched_in_order, disorder[i].what, disorder[i].peer);
  if (all_know) return;
  const auto faults = stage.watchers().faults(stage.ledger());
  for (std::size_t i = 0; i < std::min(faults.size(), k_shown); ++i)
    stage.violate(Law::subscription_kept, faults[i].what, faults[i].peer);
}

void expect_lookups(Stage& stage, const Statement& statement) {
  const Tally lookups = stage.new_lookups();
  if (lookups.total == 0)
    return stage.violate(Law::playable, "nothing was looked up since the last such line");
  if (lookups.share() < statement.share())
    stage.violate(Law::enough_success, percent(lookups.share()) + " of " + std::to_string(lookups.total) +
                                           " lookups reached the responsible peer");
}

void expect_hops(Stage& stage, const Statement& statement) {
  const double mean = stage.measured().hops.mean();
  if (mean > static_cast<double>(statement.count()))
    stage.violate(Law::few_hops, "a lookup takes " + one_decimal(mean) + " hops");
}

void expect_messages(Stage& stage, const Statement& statement) {
  const double mean = stage.measured().messages_per_lookup;
  if (mean > static_cast<double>(statement.count()))
    stage.violate(Law::few_messages, "a lookup takes " + one_decimal(mean) + " messages");
}

void expect_maintenance(Stage& stage, const Statement& statement) {
  const double mean = stage.measured().upkeep_messages_per_peer_minute;
  if (mean > static_cast<double>(statement.count()))
    stage.violate(Law::little_upkeep, "a peer sends " + one_decimal(mean) + " messages a minute");
}

}  // namespace ringway::sim::verbs
