// Peers that come and go: each stays for a session of exponential length and then either leaves or falls
// silent, and a new one joins in its place, so that the ring keeps its size. Knows at each moment who is in
// the ring, and so who should answer.
#pragma once

#include <cstdint>
#include <map>
#include <queue>
#include <utility>
#include <vector>

#include "sim/seeded_random.hpp"
#include "sim/simulation.hpp"

namespace ringway::sim {

struct SessionsSettings {
  Duration mean{3'600'000};  // of a session, which begins with the start of the process
  double silent = 0.5;       // so many end without a word and for good; the others leave (RFC 6940 §6.4.2.2)
  std::size_t permanent = 4;  // the first peers stay: where the others bootstrap
  std::uint64_t seed = 1;
};

class Sessions {
 public:
  // Whoever is in the ring now is in the middle of a session, and those have the same law as whole ones.
  Sessions(Simulation& simulation, SessionsSettings settings);

  // So long, peers come and go.
  void run_for(Duration time);
  // From now on nobody goes, and so nobody comes.
  void stop() { stopped_ = true; }

  // A peer of the ring that is not about to leave.
  PeerNumber anyone();
  // Who should answer for this point: the first peer of the ring from there on; while that one is leaving,
  // itself or the next.
  std::vector<NodeId> owners(const RingId& point);
  bool has(PeerNumber peer) const;
  std::size_t ring_size() const { return ring_.size(); }

  struct Counts {
    std::size_t fell_silent = 0, left = 0;
    std::size_t joined = 0, ended_before_joined = 0;
    std::vector<std::int64_t> join_took_ms;
  };
  const Counts& counts() const { return counts_; }

 private:
  struct Member {
    PeerNumber number = 0;
    bool leaving = false;
  };
  using Ring = std::map<RingId, Member>;
  using End = std::pair<std::int64_t, PeerNumber>;  // when, whose

  void draw_session(PeerNumber peer);
  void end(PeerNumber peer);
  void start_new();
  void look_who_is_in();

  Simulation& simulation_;
  SessionsSettings settings_;
  SeededRandom random_;
  Ring ring_;
  std::map<PeerNumber, std::int64_t> joining_;  // since when
  std::priority_queue<End, std::vector<End>, std::greater<>> ends_;
  bool stopped_ = false;
  Counts counts_;
};

}  // namespace ringway::sim
