// Those who watch keys in a simulation, and what they have been told last. A watch ends with its peer's
// process; any other has to know the newest state in the end (no subscription is forgotten).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/check/ledger.hpp"
#include "sim/simulation.hpp"

namespace ringway::sim {

class Watchers {
 public:
  explicit Watchers(Simulation& simulation) : simulation_(simulation) {}

  void watch(PeerNumber peer, const std::string& key);
  struct Fault {
    PeerNumber peer = 0;
    std::string what;
  };
  // Those who do not know what was acknowledged.
  std::vector<Fault> faults(const Ledger& ledger) const;
  // Those who were told something in a wrong order, once each.
  std::vector<Fault> disorder() const;
  std::size_t watching() const;
  std::uint64_t told() const { return *told_; }

 private:
  struct Watcher {
    PeerNumber peer = 0;
    std::uint32_t process = 0;  // a later one of that peer does not watch
    std::string key;
    std::optional<std::vector<data::Entry>> known;
    std::string ended;  // why
    std::optional<std::string> disorder;
    void told(data::WatchUpdate update);
  };
  bool lives(const Watcher& watcher) const;

  Simulation& simulation_;
  std::vector<std::shared_ptr<Watcher>> watchers_;
  std::shared_ptr<std::uint64_t> told_ = std::make_shared<std::uint64_t>(0);
};

}  // namespace ringway::sim
