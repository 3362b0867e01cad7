// The words of a scenario: one statement a line, each an instance of one rule of a small table. A rule's
// pattern has words, holes (<count>, <peer>, <share>, <time>) and optional parts in brackets; reading,
// writing and shrinking a statement are the same for all rules.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "reload/result.hpp"
#include "reload/time.hpp"

namespace ringway::sim {

enum class Verb : std::uint8_t {
  keep_replicas,
  begin_with,
  join,
  join_within,
  grow,
  crash,
  crash_share,
  crash_peer,
  restart_crashed,
  restart_all,
  leave,
  partition,
  cut,
  heal,
  lose_messages,
  lose_packets,
  duplicate,
  reorder,
  skew,
  slow_disks,
  fill_disks,
  refuse_reads,
  mend_disks,
  damage,
  damage_blocks,
  let_drop,
  let_lie,
  let_be_honest,
  churn,
  put,
  put_large,
  change,
  swap,
  get,
  watch,
  read_one,
  read_quorum,
  read_disjoint,
  look_up,
  run,
  expect_ring,
  expect_every_value,
  expect_values,
  expect_at_owner,
  expect_no_damage,
  expect_lookups,
  expect_watchers,
  expect_hops,
  expect_messages,
  expect_maintenance,
};

struct Rule {
  Verb verb;
  std::string_view pattern;
  std::string_view says;  // for who writes scenarios
};
// In the order in which help shows them.
std::span<const Rule> rules();

// A share is kept in thousandths of a percent, a time in milliseconds.
inline constexpr std::int64_t k_whole_share = 100'000;

struct Statement {
  const Rule* rule = nullptr;
  std::vector<std::int64_t> values;  // of the pattern's holes, in order; those of a part left out are 0
  std::vector<bool> parts;           // which optional parts are there, in order
  std::size_t line = 0;

  Verb verb() const { return rule->verb; }
  std::int64_t value(std::size_t hole = 0) const { return values.at(hole); }
  std::size_t count(std::size_t hole = 0) const { return static_cast<std::size_t>(values.at(hole)); }
  Duration time(std::size_t hole = 0) const { return Duration{values.at(hole)}; }
  double share(std::size_t hole = 0) const {
    return static_cast<double>(values.at(hole)) / static_cast<double>(k_whole_share);
  }
  bool has(std::size_t part) const { return parts.at(part); }
};

Result<Statement> parse_statement(std::string_view text);
std::string text_of(const Statement& statement);

}  // namespace ringway::sim
