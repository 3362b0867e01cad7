// ringway-sim: plays scenarios with the classes of a real peer, and reports.
#include <chrono>
#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>

#include "sim/program/options.hpp"
#include "sim/program/progress.hpp"
#include "sim/report/json_report.hpp"
#include "sim/report/svg.hpp"
#include "sim/scenario/player.hpp"
#include "sim/scenario/shrink.hpp"

namespace ringway::sim {
namespace {

using WallClock = std::chrono::steady_clock;

constexpr int k_ok = 0;
constexpr int k_broken = 1;
constexpr int k_usage = 2;
// In all seeds.
constexpr std::size_t k_max_reported = 100;

bool is_built(const Options& options) { return options.peers > k_most_grown; }

Result<Scenario> scenario_of(const Options& options) {
  std::string text;
  if (options.peers > 0)
    text = (is_built(options) ? "begin with " : "grow to ") + std::to_string(options.peers) + "\n";
  if (options.scenario_file.empty()) {
    text += "expect one ring within 1h\nrun 10min\nlook up " + std::to_string(options.lookups) + " keys\n" +
            "expect 100% of lookups\n";
    return parse_scenario("ring", text, options.size);
  }
  std::ifstream file(options.scenario_file);
  if (!file) return Failure{options.scenario_file + ": cannot be read"};
  const std::string content{std::istreambuf_iterator<char>(file), {}};
  auto scenario = parse_scenario(options.scenario_file, content, options.size);
  if (!scenario || text.empty()) return scenario;
  const auto join = parse_scenario("--peers", text, options.size);
  scenario->statements.insert(scenario->statements.begin(), join->statements[0]);
  return scenario;
}

PlaySettings settings_of(const Options& options, std::uint64_t seed) {
  PlaySettings settings;
  settings.simulation.seed = seed;
  settings.simulation.planted_bug = options.planted_bug;
  settings.simulation.cryptography = options.real_crypto ? Cryptography::real : Cryptography::stand_in;
  settings.simulation.bootstrap_peers = {0, 1, 2};
  return settings;
}

std::string clock_text(std::int64_t ms) {
  char text[32];
  std::snprintf(text, sizeof text, "%02lld:%02lld:%02lld.%03lld", static_cast<long long>(ms / 3'600'000),
                static_cast<long long>(ms / 60'000 % 60), static_cast<long long>(ms / 1000 % 60),
                static_cast<long long>(ms % 1000));
  return text;
}

void print(const Report::Broken& broken) {
  const Violation& violation = broken.violation;
  std::cout << "seed " << broken.seed << ", line " << violation.line << ", at "
            << clock_text(violation.time_ms);
  if (violation.peer) std::cout << ", peer " << *violation.peer;
  std::cout << ": " << name_of(violation.law) << ": " << violation.what << '\n';
}

void look_for_shortest(const Options& options, const Scenario& scenario, Report& report, Progress& progress) {
  const auto begin = WallClock::now();
  const std::chrono::seconds limit(options.shrink_s);
  const auto& first = report.violations.front();
  ShrinkLimits limits;
  limits.time_is_left = [&] { return WallClock::now() - begin < limit; };
  std::size_t tried = 0;
  const auto fails = [&](const Scenario& candidate) {
    progress.show(std::chrono::duration<double>(WallClock::now() - begin) / limit,
                  "looking for a shorter scenario, " + std::to_string(++tried) + " tried");
    for (const Violation& violation : play(candidate, settings_of(options, first.seed)).violations)
      if (violation.law == first.violation.law) return true;
    return false;
  };
  const Shrunk shrunk = shrink(scenario, fails, limits);
  progress.end();
  std::cout << "The shortest scenario found that breaks " << name_of(first.violation.law) << " with seed "
            << first.seed << " (" << shrunk.runs << " tried):\n";
  for (const Statement& statement : shrunk.scenario.statements) {
    report.shortest.push_back(text_of(statement));
    std::cout << "  " << report.shortest.back() << '\n';
  }
}

void print_summary(const Report& report) {
  const Measurements& measured = report.measured;
  std::cout << report.runs << (report.runs == 1 ? " run, " : " runs, ") << measured.peers
            << " peers at the end, " << clock_text(static_cast<std::int64_t>(measured.virtual_s * 1000))
            << " of virtual time, crypto: " << report.crypto << '\n';
  if (measured.lookups.total > 0)
    std::cout << "lookups: " << measured.lookups.ok << " of " << measured.lookups.total << " ok, hops mean "
              << measured.hops.mean() << ", p99 " << measured.hops.percentile(0.99) << '\n';
  if (measured.gets.total > 0)
    std::cout << "values: " << measured.values_acknowledged << " acknowledged, " << measured.values_excused
              << " of them excused (all who had a copy failed at once); " << measured.gets.ok << " of "
              << measured.gets.total << " reads as in a quiet ring\n";
  if (measured.upkeep_bytes_per_peer_s > 0)
    std::cout << "upkeep: " << measured.upkeep_bytes_per_peer_s << " bytes a second and "
              << measured.upkeep_messages_per_peer_minute << " messages a minute for each peer\n";
}

bool write_file(const std::string& name, const std::string& content) {
  if (name.empty()) return true;
  std::ofstream file(name);
  file << content;
  if (file.flush()) return true;
  std::cerr << "ringway-sim: " << name << " cannot be written\n";
  return false;
}

int run(const Options& options) {
  const auto scenario = scenario_of(options);
  if (!scenario) {
    std::cerr << "ringway-sim: " << scenario.error().reason << '\n';
    return k_usage;
  }
  const auto begin = WallClock::now();
  Progress progress;
  Report report;
  report.scenario = options.scenario_file;
  if (options.peers > 0) report.ring = is_built(options) ? "built" : "grown";
  report.first_seed = options.first_seed;
  report.crypto = options.real_crypto ? "real (ECDSA P-256)" : "a checked stand-in";
  const auto seeds = static_cast<double>(options.last_seed - options.first_seed + 1);
  for (std::uint64_t seed = options.first_seed; seed <= options.last_seed && report.violations.empty();
       ++seed) {
    PlaySettings settings = settings_of(options, seed);
    settings.progress = [&](std::size_t done, const Statement& next) {
      const double of_this = static_cast<double>(done) / static_cast<double>(scenario->statements.size());
      progress.show((static_cast<double>(seed - options.first_seed) + of_this) / seeds,
                    "seed " + std::to_string(seed) + ": " + text_of(next));
    };
    Run one = play(*scenario, settings);
    ++report.runs;
    report.trace.note(one.trace_hash);
    add(report.measured, std::move(one.measured));
    for (const Violation& violation : one.violations)
      if (report.violations.size() < k_max_reported) report.violations.push_back({seed, violation});
  }
  progress.end();
  report.wall_s = std::chrono::duration<double>(WallClock::now() - begin).count();
  print_summary(report);
  for (const auto& broken : report.violations) print(broken);
  if (!report.violations.empty() && options.shrink_s > 0)
    look_for_shortest(options, *scenario, report, progress);
  const std::string title = options.scenario_file.empty()
                                ? "A ring of " + std::to_string(options.peers) + " peers"
                                : options.scenario_file;
  const bool written = write_file(options.report_file, json_of(report)) &&
                       write_file(options.plot_file, picture_of(title, report.measured));
  if (!written) return k_usage;
  return report.violations.empty() ? k_ok : k_broken;
}

}  // namespace
}  // namespace ringway::sim

int main(int argc, char** argv) {
  const auto parsed = ringway::sim::parse_options(argc, argv);
  if (!parsed.options) return parsed.exit_code;
  return ringway::sim::run(*parsed.options);
}
