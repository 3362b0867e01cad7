// What a simulation has measured.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace ringway::sim {

class Samples {
 public:
  void add(double value) { values_.push_back(value); }
  std::size_t size() const { return values_.size(); }
  double mean() const;
  double maximum() const;
  // The smallest value that this share of all does not exceed; 0 when there are none.
  double percentile(double share) const;
  const std::vector<double>& values() const { return values_; }

 private:
  std::vector<double> values_;
};

struct Tally {
  std::uint64_t ok = 0, total = 0;
  double share() const { return total == 0 ? 1 : static_cast<double>(ok) / static_cast<double>(total); }
  Tally since(const Tally& before) const { return {ok - before.ok, total - before.total}; }
};

struct Measurements {
  std::size_t peers = 0;  // alive at the end
  double virtual_s = 0;
  std::uint64_t events = 0;
  Samples hops;                 // of each lookup that was answered
  Samples latency_ms;           // likewise, there and back
  Samples load;                 // messages that each peer has handled
  Samples traffic_bytes_per_s;  // that each peer has sent, mean of the time since it was started first
  Tally lookups, puts, gets;
  std::uint64_t values_acknowledged = 0, values_excused = 0;
  // Of the last "run": what goes on while nobody asks for anything.
  double upkeep_bytes_per_peer_s = 0;
  double upkeep_messages_per_peer_minute = 0;
  // Of the last "look up": all that was sent meanwhile, upkeep too, for each lookup.
  double messages_per_lookup = 0;
};

}  // namespace ringway::sim
