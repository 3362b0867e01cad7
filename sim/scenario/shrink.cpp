#include "sim/scenario/shrink.hpp"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

namespace ringway::sim {

namespace {

// What this statement puts an end to.
std::vector<Verb> ended_by(Verb verb) {
  switch (verb) {
    case Verb::heal:
      return {Verb::partition, Verb::cut};
    case Verb::let_be_honest:
      return {Verb::let_drop, Verb::let_lie};
    case Verb::mend_disks:
      return {Verb::slow_disks, Verb::fill_disks, Verb::refuse_reads};
    case Verb::lose_messages:
    case Verb::lose_packets:
    case Verb::duplicate:
    case Verb::reorder:
      return {verb};  // by a smaller share
    case Verb::restart_crashed:
      return {Verb::crash, Verb::crash_share, Verb::crash_peer};
    default:
      return {};
  }
}

bool waits(Verb verb) { return verb == Verb::run || verb == Verb::expect_ring; }
bool only_looks(Verb verb) { return verb >= Verb::expect_every_value || verb == Verb::get; }

class Shrinker {
 public:
  Shrinker(Scenario scenario, const std::function<bool(const Scenario&)>& fails, const ShrinkLimits& limits)
      : best_(std::move(scenario)), fails_(fails), limits_(limits) {}

  Shrunk run() {
    bool smaller = true;
    while (smaller && time_is_left()) {
      smaller = leave_out();
      smaller = halve_numbers() || smaller;
    }
    return {std::move(best_), runs_};
  }

 private:
  bool time_is_left() const { return runs_ < limits_.runs && limits_.time_is_left(); }

  bool try_instead(Scenario candidate) {
    if (!time_is_left()) return false;
    ++runs_;
    if (!fails_(candidate)) return false;
    best_ = std::move(candidate);
    return true;
  }

  // Chunks of half of all statements first, single ones last.
  bool leave_out() {
    bool smaller = false;
    for (std::size_t chunk = std::max<std::size_t>(best_.statements.size() / 2, 1); chunk > 0; chunk /= 2) {
      for (std::size_t first = 0; first < best_.statements.size() && time_is_left();) {
        if (try_without(first, chunk))
          smaller = true;
        else
          first += chunk;
      }
    }
    return smaller;
  }

  bool try_without(std::size_t first, std::size_t chunk) {
    const auto& all = best_.statements;
    std::vector<bool> kept(all.size(), true);
    const std::size_t end = std::min(first + chunk, all.size());
    for (std::size_t i = first; i < end; ++i) kept[i] = false;
    if (!keeps_its_waits(best_, kept)) return false;
    Scenario candidate{best_.name, {}};
    for (std::size_t i = 0; i < all.size(); ++i)
      if (kept[i]) candidate.statements.push_back(all[i]);
    return try_instead(std::move(candidate));
  }

  bool halve_numbers() {
    bool smaller = false;
    for (std::size_t at = 0; at < best_.statements.size(); ++at) {
      const Verb verb = best_.statements[at].verb();
      if (waits(verb) || only_looks(verb)) continue;
      for (std::size_t hole = 0; hole < best_.statements[at].values.size(); ++hole)
        smaller = make_smaller(at, hole) || smaller;
    }
    return smaller;
  }

  // The smallest that still fails, between 1 and the present value, as far as halving finds it.
  bool make_smaller(std::size_t at, std::size_t hole) {
    const std::string_view pattern = best_.statements[at].rule->pattern;
    if (is_time(pattern, hole)) return false;
    bool smaller = false;
    std::int64_t too_small = 0;
    while (time_is_left()) {
      const std::int64_t present = best_.statements[at].values[hole];
      const std::int64_t next = too_small + (present - too_small) / 2;
      if (next <= too_small || next >= present) return smaller;
      Scenario candidate = best_;
      candidate.statements[at].values[hole] = next;
      if (try_instead(std::move(candidate)))
        smaller = true;
      else
        too_small = next;
    }
    return smaller;
  }

  static bool is_time(std::string_view pattern, std::size_t hole) {
    std::size_t place = pattern.find('<');
    for (; hole > 0; --hole) place = pattern.find('<', place + 1);
    return pattern.substr(place).starts_with("<time>");
  }

  Scenario best_;
  const std::function<bool(const Scenario&)>& fails_;
  const ShrinkLimits& limits_;
  std::size_t runs_ = 0;
};

}  // namespace

bool keeps_its_waits(const Scenario& whole, const std::vector<bool>& kept) {
  for (std::size_t i = 0; i < kept.size(); ++i) {
    if (kept[i]) continue;
    const Verb verb = whole.statements[i].verb();
    const auto ended = ended_by(verb);
    for (std::size_t before = i; before-- > 0;) {
      const Verb earlier = whole.statements[before].verb();
      if (kept[before] && std::find(ended.begin(), ended.end(), earlier) != ended.end()) return false;
      // A wait belongs to what stands before it, up to the wait before.
      if (!waits(verb) || only_looks(earlier)) continue;
      if (kept[before] && !waits(earlier)) return false;
      if (kept[before]) break;
    }
  }
  return true;
}

Shrunk shrink(Scenario scenario, const std::function<bool(const Scenario&)>& fails,
              const ShrinkLimits& limits) {
  return Shrinker(std::move(scenario), fails, limits).run();
}

}  // namespace ringway::sim
