#include "sim/check/excuses.hpp"

#include <algorithm>

#include "reload/ids.hpp"

namespace ringway::sim {

void Excuses::started(const NodeId& node, std::int64_t now_ms) {
  starts_ms_[node] = now_ms;
  const auto failure = failures_.find(node);
  if (failure != failures_.end()) failure->second.back = true;
}

void Excuses::failed(const NodeId& node, std::int64_t now_ms, bool disk_lost) {
  failures_[node] = {now_ms, disk_lost, false};
}

void Excuses::forget_before(std::int64_t now_ms) {
  std::erase_if(failures_, [&](const auto& of) { return of.second.ms + repair_ms_ < now_ms; });
  std::erase_if(starts_ms_, [&](const auto& of) { return of.second + repair_ms_ < now_ms; });
}

std::vector<Excuses::Member> Excuses::members(const std::vector<NodeId>& ring) const {
  std::vector<Member> members;
  for (const NodeId& node : ring) members.push_back({node, true, starts_ms_.contains(node)});
  for (const auto& [node, failure] : failures_)
    if (!std::binary_search(ring.begin(), ring.end(), node)) members.push_back({node, false, false});
  std::sort(members.begin(), members.end(),
            [](const Member& a, const Member& b) { return a.node < b.node; });
  return members;
}

bool Excuses::has_failed(const Member& member, const LedgerEntry& entry) const {
  const auto failure = failures_.find(member.node);
  if (failure == failures_.end()) return false;
  // Who is back on the disk that it had still has what was written before.
  const bool kept = member.living && failure->second.back && !failure->second.disk_lost &&
                    entry.acknowledged_ms < failure->second.ms;
  return !kept;
}

bool Excuses::all_failed(const std::vector<Member>& members, const RingId& point, std::size_t copies,
                         bool with_fresh, const LedgerEntry& entry) const {
  const auto first =
      std::lower_bound(members.begin(), members.end(), point,
                       [](const Member& member, const RingId& at) { return RingId{member.node} < at; });
  const auto start = static_cast<std::size_t>(first - members.begin());
  std::size_t seen = 0;
  for (std::size_t step = 0; step < members.size() && seen < copies; ++step) {
    const Member& member = members[(start + step) % members.size()];
    if (member.fresh && !with_fresh && !failures_.contains(member.node)) continue;
    if (!has_failed(member, entry)) return false;
    ++seen;
  }
  return seen == copies;
}

void Excuses::apply(Ledger& ledger, const std::vector<NodeId>& ring, std::size_t replicas,
                    std::int64_t now_ms) {
  forget_before(now_ms);
  if (failures_.size() < replicas + 1) return;
  const auto all = members(ring);
  for (auto& [key, writers] : ledger.entries()) {
    const ResourceId point = resource_id_of(key);
    for (auto& [writer, entry] : writers)
      if (all_failed(all, point, replicas + 1, true, entry) ||
          all_failed(all, point, replicas + 1, false, entry))
        entry.excused = true;
  }
}

}  // namespace ringway::sim
