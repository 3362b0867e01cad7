// Calls and lookups under way through the peers of a simulation. Each ends exactly once: with its answer, or
// without one when the peer that was asked has died or the time is over.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>

#include "sim/simulation.hpp"

namespace ringway::sim {

class Errands {
 public:
  // Longer than any call of a peer takes (data::Client gives up before).
  static constexpr std::int64_t k_patience_ms = 120'000;

  explicit Errands(Simulation& simulation) : simulation_(simulation) {}

  using CallDone = std::function<void(const data::CallResult* result)>;  // null: no answer
  void call(PeerNumber via, data::Call call, CallDone done);
  using RequestDone = std::function<void(const routing::RequestDone* outcome)>;
  void request(PeerNumber via, routing::SendRequest request, RequestDone done);

  // Ends those that will have no answer. To be called now and then.
  void tend();
  std::size_t under_way() const { return errands_.size(); }

 private:
  struct Errand {
    PeerNumber via = 0;
    std::uint32_t process = 0;  // a later process of that peer knows nothing of it
    std::int64_t since_ms = 0;
    std::function<void()> without_answer;
  };
  std::uint64_t begin(PeerNumber via, std::function<void()> without_answer);

  Simulation& simulation_;
  std::map<std::uint64_t, Errand> errands_;
  std::uint64_t last_ = 0;
};

}  // namespace ringway::sim
