// What the tests of whole simulated overlays share: settings, and values to put and find again.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "sim/simulation.hpp"

namespace ringway::sim {

// The failure says which seed to repeat.
#define RINGWAY_SEED(simulation) SCOPED_TRACE("seed " + std::to_string((simulation).seed()))

inline SimulationSettings settings_of(std::uint64_t seed) {
  SimulationSettings settings;
  settings.seed = seed;
  return settings;
}

inline NodeId node_at(std::uint8_t first) {
  NodeId node;
  node.bytes[0] = first;
  node.bytes[15] = 1;
  return node;
}

inline std::string name_of_value(std::size_t number) { return "shared/value-" + std::to_string(number); }

// Until every peer knows its `depth` neighbours on both sides.
inline ::testing::AssertionResult forms_ring(Simulation& simulation, std::size_t depth = 3,
                                             Duration limit = Duration{60'000}) {
  if (simulation.run_until([&] { return simulation.is_one_ring(depth); }, limit))
    return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << simulation.ring_fault(depth);
}

inline std::string describe(const data::CallResult& result) {
  if (const auto* failure = std::get_if<data::CallFailure>(&result))
    return "error " + std::to_string(static_cast<int>(failure->error)) + ": " + failure->message;
  return "a result";
}

// The values of a test: what was put and acknowledged.
class Values {
 public:
  explicit Values(Simulation& simulation) : simulation_(simulation) {}

  // Puts `count` new values, each through the next living peer; the calls overlap.
  ::testing::AssertionResult put(std::size_t count, Duration limit = Duration{60'000});
  // Every acknowledged value is found through this peer.
  ::testing::AssertionResult all_found_from(PeerNumber peer, Duration limit = Duration{60'000});
  ::testing::AssertionResult all_found_from_everywhere();
  // Every value is held by the responsible peer and its next two successors, and by nobody else.
  ::testing::AssertionResult placed_as_the_rfc_says() const { return placed_at(2); }
  // The same with another number of replicas.
  ::testing::AssertionResult placed_at(std::size_t replicas) const;

  std::size_t size() const { return values_.size(); }
  const std::map<std::string, Bytes>& all() const { return values_; }

 private:
  Simulation& simulation_;
  std::map<std::string, Bytes> values_;
  std::size_t next_ = 0;
};

}  // namespace ringway::sim
