// An overlay in which a share of the peers begins to lie, and lookups of honest ones in it: how many bring
// the newest value? For the test of careful reads and for their figures in bench/README.md.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "sim/liars.hpp"
#include "sim/seeded_random.hpp"
#include "sim/simulation.hpp"

namespace ringway::sim {

struct LieExperimentSettings {
  std::size_t peers = 200;
  std::size_t replicas = 2;
  std::size_t values = 100;
  std::uint64_t seed = 1;
  Cryptography cryptography = Cryptography::real;
};

struct LookupCount {
  std::size_t total = 0;
  std::size_t ok = 0;        // the newest value, and nothing else
  std::size_t wrong = 0;     // an old value, or the word that nothing is stored there
  std::size_t possible = 0;  // one of the true holders at least is honest
  double mean_ms = 0;        // of virtual time
  double mean_messages = 0;  // over all links, besides what else the ring sends
};

class LieExperiment {
 public:
  // Throws when the ring does not come about.
  explicit LieExperiment(const LieExperimentSettings& settings);

  // That share of the peers lies from now on, all kinds of lies in equal parts. The values are then written
  // once more, so that who shows what it had shows an old one.
  void let_lie(double share);
  // `count` lookups of random values by random honest peers.
  LookupCount look_up(std::size_t count, data::Consistency consistency);

  Simulation& simulation() { return *simulation_; }

 private:
  void put_all(const std::string& value);
  bool honest_holder_of(const std::string& key) const;

  LieExperimentSettings settings_;
  SeededRandom random_;
  std::unique_ptr<Simulation> simulation_;
  std::unique_ptr<Liars> liars_;
  std::map<std::string, PeerNumber> keys_;  // with their writers
  std::string newest_;
  int rounds_ = 0;
};

}  // namespace ringway::sim
