// What share of lookups succeeds when peers lie, by how carefully is read: printed as rows of a table.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <iostream>
#include <string>

#include "sim/lie_experiment.hpp"

using namespace ringway;

int main(int argc, char** argv) {
  sim::LieExperimentSettings settings;
  std::size_t lookups = 1000;
  std::vector<std::size_t> replicas{2, 7};
  std::vector<double> shares{0, 0.1, 0.2, 0.3};
  std::vector<std::string> reads{"one", "quorum", "disjoint"};
  std::string cryptography = "real";
  CLI::App app{"Measures lookups among peers that lie, in the simulator."};
  app.add_option("--peers", settings.peers, "in the ring")->capture_default_str();
  app.add_option("--values", settings.values, "that are stored")->capture_default_str();
  app.add_option("--lookups", lookups, "for each row")->capture_default_str();
  app.add_option("--seed", settings.seed, "of the simulation")->capture_default_str();
  app.add_option("--replicas", replicas, "numbers of replicas")->capture_default_str();
  app.add_option("--liars", shares, "shares of the peers that lie")->capture_default_str();
  app.add_option("--read", reads, "how carefully")
      ->check(CLI::IsMember({"one", "quorum", "disjoint"}))
      ->capture_default_str();
  app.add_option("--cryptography", cryptography, "certificates and signatures")
      ->check(CLI::IsMember({"real", "stand-in"}))
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  if (cryptography == "stand-in") settings.cryptography = sim::Cryptography::stand_in;
  const std::pair<const char*, data::Consistency> kinds[] = {{"one", data::Consistency::one},
                                                             {"quorum", data::Consistency::quorum},
                                                             {"disjoint", data::Consistency::disjoint}};
  std::cout << "| replicas | liars | read | succeed | wrong | copies allow | messages | mean time |\n"
               "|---|---|---|---|---|---|---|---|\n";
  for (const std::size_t count : replicas) {
    settings.replicas = count;
    sim::LieExperiment experiment(settings);
    for (const double share : shares) {
      experiment.let_lie(share);
      for (const auto& [name, consistency] : kinds) {
        if (std::find(reads.begin(), reads.end(), name) == reads.end()) continue;
        const auto seen = experiment.look_up(lookups, consistency);
        const auto percent = [&](std::size_t of) {
          return 100.0 * static_cast<double>(of) / static_cast<double>(seen.total);
        };
        std::printf("| %zu | %.0f %% | %s | %.2f %% | %.2f %% | %.2f %% | %.0f | %.0f ms |\n", count,
                    100 * share, name, percent(seen.ok), percent(seen.wrong), percent(seen.possible),
                    seen.mean_messages, seen.mean_ms);
        std::fflush(stdout);
      }
    }
  }
  return 0;
}
