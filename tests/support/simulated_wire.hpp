// Two ends of a datagram link with a path between them that delays, loses, doubles and reorders, on a virtual
// clock: the same seed, the same run. For the tests of reload/link/reliability and its benchmark.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "reload/link/reliability/datagram_link.hpp"
#include "sim/seeded_random.hpp"

namespace ringway::test {

struct PathSettings {
  Duration delay{10};  // one way
  Duration jitter{0};  // up to so much more, for each datagram by itself
  double loss = 0;     // of each datagram, either way
  double duplication = 0;
  double lateness = 0;  // of each datagram: it comes `late_by` later than others
  Duration late_by{0};
  std::size_t bytes_per_ms = 0;  // of a narrow place on the way; none when 0
  std::size_t queue_bytes = 50'000;
};

enum class End : std::size_t { left = 0, right = 1 };
inline End other(End end) { return end == End::left ? End::right : End::left; }

class SimulatedWire {
 public:
  SimulatedWire(std::uint64_t seed, const PathSettings& path, const link::DatagramLink::Settings& settings);

  MonoTime now() const { return now_; }
  link::DatagramLink& link(End end) { return links_.at(static_cast<std::size_t>(end)); }
  link::DatagramLink::Queued send(End from, SharedBytes message);
  // To the next thing that happens; false when nothing will any more, or not before then.
  bool step(std::optional<MonoTime> not_after = std::nullopt);
  // Until `done`, or until so much time has passed; whether it is done.
  bool run(const std::function<bool()>& done, Duration at_most);
  void run_for(Duration time);

  struct Delivered {
    MonoTime at;
    SharedBytes message;
  };
  const std::vector<Delivered>& delivered(End at) const {
    return delivered_.at(static_cast<std::size_t>(at));
  }
  void set_path(const PathSettings& path) { path_ = path; }
  // Sees each datagram before the path does, and may change it; false: it is lost.
  std::function<bool(End from, Bytes& datagram)> tamper;
  // A datagram to that end, as if it had come from the other one.
  void inject(End to, Bytes datagram);

  struct Counters {
    std::uint64_t datagrams = 0, lost = 0, overflowed = 0;
  };
  const Counters& counters() const { return counters_; }

 private:
  void pump(End end);
  void carry(End from, Bytes datagram);
  bool gets_through_narrow_place(End from, std::size_t size_bytes, Duration& waited);
  void deliver(End to, Bytes datagram);

  sim::SeededRandom random_;
  PathSettings path_;
  std::array<link::DatagramLink, 2> links_;
  std::array<std::vector<Delivered>, 2> delivered_;
  std::array<double, 2> narrow_free_at_ms_{};
  std::multimap<MonoTime, std::pair<End, Bytes>> on_the_way_;  // to whom
  MonoTime now_{1'000'000};
  int steps_without_time_ = 0;
  Counters counters_;
};

// A message that starts with its number.
SharedBytes numbered_message(std::uint32_t number, std::size_t size_bytes);
std::uint32_t number_of_message(BytesView message);

}  // namespace ringway::test
