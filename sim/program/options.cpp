#include "sim/program/options.hpp"

#include <CLI/CLI.hpp>
#include <iostream>
#include <map>

namespace ringway::sim {

namespace {

constexpr const char* k_footer = R"(
Examples:
  ringway-sim --peers 100 --report run.json --plot run.svg
      grows a ring of 100, lets it be for ten minutes, and looks up 1,000 random keys
  ringway-sim --scenario scenarios/partition.scenario --seed 7
      plays a scenario; the same seed gives the same run
  ringway-sim --scenario scenarios/partition.scenario --small --seeds 1..1000
      its small form, once for each seed; ends at the first that breaks a law

Exit code: 0 nothing was broken, 1 something was (the seed and the shortest scenario that still does it are printed),
2 the command line, or a file, is wrong.

Statements of a scenario are listed by --words, and explained in docs/simulator.md.)";

void print_words() {
  std::size_t width = 0;
  for (const Rule& rule : rules()) width = std::max(width, rule.pattern.size());
  for (const Rule& rule : rules())
    std::cout << rule.pattern << std::string(width + 2 - rule.pattern.size(), ' ') << rule.says << '\n';
}

// "A..B"
std::string read_seeds(const std::string& text, Options& options) {
  const auto dots = text.find("..");
  try {
    std::size_t used = 0;
    options.first_seed = std::stoull(text.substr(0, dots), &used);
    const bool first_whole = dots != std::string::npos && used == dots;
    options.last_seed = first_whole ? std::stoull(text.substr(dots + 2), &used) : 0;
    if (first_whole && used == text.size() - dots - 2 && options.first_seed <= options.last_seed) return "";
  } catch (const std::exception&) {
    // said below
  }
  return "--seeds takes a range such as 1..1000";
}

// "{one,two}", for --help.
std::string names_of(const std::map<std::string, PlantedBug>& bugs) {
  std::string names;
  for (const auto& [name, bug] : bugs) names += (names.empty() ? "{" : ",") + name;
  return names + "}";
}

}  // namespace

Parsed parse_options(int argc, char** argv) {
  Options options;
  CLI::App app{
      "Runs many Ringway peers in one thread on a virtual clock and a virtual network, and checks that "
      "nothing is lost."};
  app.footer(k_footer);
  app.get_formatter()->column_width(34);
  app.add_option("--peers", options.peers,
                 "Peers that are there at the beginning (100; with a scenario: none); up to " +
                     std::to_string(k_most_grown) + " join as peers do, more are a ring at once")
      ->check(CLI::Range(0, 1'000'000));
  app.add_option("--scenario", options.scenario_file, "What to play; see --words")->check(CLI::ExistingFile);
  bool small = false;
  app.add_flag("--small", small, "The scenario's small form, for many seeds");
  auto* seed =
      app.add_option("--seed", options.first_seed, "Everything random comes from it")->capture_default_str();
  std::string seeds;
  app.add_option("--seeds", seeds, "A run for each seed of a range: 1..1000")->excludes(seed);
  app.add_option("--lookups", options.lookups, "How many keys are looked up without a scenario")
      ->capture_default_str()
      ->check(CLI::Range(1, 2'000'000));
  app.add_option("--report", options.report_file, "Write what was measured and broken there, as JSON");
  app.add_option("--plot", options.plot_file, "Draw hops, latency, traffic and load per peer there, as SVG");
  app.add_option("--shrink-seconds", options.shrink_s,
                 "How long to look for the shortest scenario that fails; 0: not at all")
      ->capture_default_str();
  app.add_flag("--real-crypto", options.real_crypto,
               "Sign and check with ECDSA P-256, as peers do, instead of a stand-in of the same sizes");
  const std::map<std::string, PlantedBug> bugs{
      {"replica-not-sent", PlantedBug::replica_not_sent},
      {"wrong-interval-end", PlantedBug::wrong_interval_end},
      {"update-not-sent", PlantedBug::update_not_sent},
      {"hand-over-not-made", PlantedBug::hand_over_not_made},
      {"always-equal", PlantedBug::always_equal},
      {"notice-not-sent", PlantedBug::notice_not_sent},
      {"generation-not-kept", PlantedBug::generation_not_kept},
      {"generation-not-compared", PlantedBug::generation_not_compared}};
  app.add_option("--plant", options.planted_bug, "Run peers that have this bug, to see it found")
      ->transform(CLI::CheckedTransformer(bugs).description(names_of(bugs)));
  bool words = false;
  app.add_flag("--words", words, "List the statements of scenarios");
  try {
    app.parse(argc, argv);
    options.size = small ? Size::small : Size::large;
    options.last_seed = options.first_seed;
    if (!seeds.empty())
      if (const auto fault = read_seeds(seeds, options); !fault.empty()) throw CLI::ValidationError(fault);
  } catch (const CLI::ParseError& error) {
    return {std::nullopt, app.exit(error) == 0 ? 0 : 2};
  }
  if (words) {
    print_words();
    return {std::nullopt, 0};
  }
  if (options.scenario_file.empty() && options.peers == 0) options.peers = 100;
  return {options, 0};
}

}  // namespace ringway::sim
