#include "sim/scenario/errands.hpp"

#include <utility>
#include <vector>

namespace ringway::sim {

std::uint64_t Errands::begin(PeerNumber via, std::function<void()> without_answer) {
  errands_[++last_] = {via, simulation_.peer(via).process(), simulation_.now().mono.ms,
                       std::move(without_answer)};
  return last_;
}

void Errands::call(PeerNumber via, data::Call call, CallDone done) {
  const std::uint64_t id = begin(via, [done] { done(nullptr); });
  simulation_.peer(via).submit({std::move(call)}, [this, id, done](const std::vector<data::CallResult>& all) {
    if (errands_.erase(id) > 0) done(&all.at(0));
  });
}

void Errands::request(PeerNumber via, routing::SendRequest request, RequestDone done) {
  const std::uint64_t id = begin(via, [done] { done(nullptr); });
  simulation_.peer(via).request(std::move(request), [this, id, done](const routing::RequestDone& outcome) {
    if (errands_.erase(id) > 0) done(&outcome);
  });
}

void Errands::tend() {
  const std::int64_t now_ms = simulation_.now().mono.ms;
  std::vector<std::function<void()>> over;
  for (auto it = errands_.begin(); it != errands_.end();) {
    const Errand& errand = it->second;
    const SimPeer& present = simulation_.peer(errand.via);
    const bool hopeless = present.process() != errand.process || !present.alive();
    if (hopeless || errand.since_ms + k_patience_ms < now_ms) {
      over.push_back(it->second.without_answer);
      it = errands_.erase(it);
    } else {
      ++it;
    }
  }
  for (const auto& end : over) end();
}

}  // namespace ringway::sim
