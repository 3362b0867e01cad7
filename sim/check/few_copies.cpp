#include "sim/check/few_copies.hpp"

#include <algorithm>

namespace ringway::sim {

void FewCopies::started(const NodeId& node, std::int64_t now_ms) {
  const auto crashed = crashed_.find(node);
  if (crashed == crashed_.end()) return;
  if (crashed->second) emptied_ms_[node] = now_ms;
  crashed_.erase(crashed);
}

void FewCopies::failed(const NodeId& node, bool disk_lost) { crashed_[node] = disk_lost; }

void FewCopies::acknowledged(const std::string& key, const NodeId& writer, std::int64_t now_ms,
                             std::vector<NodeId> part) {
  if (part.empty()) {
    values_.erase({key, writer});
  } else {
    values_[{key, writer}] = {now_ms, std::move(part), std::nullopt};
  }
}

void FewCopies::ring_is(bool whole, std::int64_t now_ms) {
  for (auto at = values_.begin(); at != values_.end();) {
    const auto here = at++;
    auto& since_ms = here->second.whole_since_ms;
    if (!whole) {
      since_ms.reset();
    } else if (!since_ms) {
      since_ms = now_ms;
    } else if (now_ms - *since_ms >= repair_ms_) {
      values_.erase(here);
    }
  }
}

// Who came back with nothing has copies again once they had time to be made.
bool FewCopies::has_lost(const NodeId& node, const Value& value, std::int64_t now_ms) const {
  if (crashed_.contains(node)) return true;
  const auto emptied = emptied_ms_.find(node);
  return emptied != emptied_ms_.end() && emptied->second >= value.acknowledged_ms &&
         now_ms - emptied->second < repair_ms_;
}

void FewCopies::apply(Ledger& ledger, std::int64_t now_ms) const {
  for (const auto& [of, value] : values_) {
    const bool all = std::all_of(value.part.begin(), value.part.end(),
                                 [&](const NodeId& node) { return has_lost(node, value, now_ms); });
    if (all) ledger.entries().at(of.first).at(of.second).excused = true;
  }
}

}  // namespace ringway::sim
