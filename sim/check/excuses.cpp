#include "sim/check/excuses.hpp"

#include <algorithm>

#include "reload/ids.hpp"

namespace ringway::sim {

void Excuses::started(const NodeId& node, std::int64_t now_ms) {
  starts_ms_[node] = now_ms;
  const auto absences = absences_.find(node);
  if (absences == absences_.end()) return;
  for (Absence& absence : absences->second) absence.back = true;
}

void Excuses::failed(const NodeId& node, std::int64_t now_ms, bool disk_lost) {
  auto& absences = absences_[node];
  // Gone before it was there again: it still lacks what was written since the first time.
  for (Absence& absence : absences) absence.back = absence.until_ms.has_value();
  absences.push_back({now_ms, std::nullopt, disk_lost, false});
}

void Excuses::ring_is_one(std::int64_t now_ms) {
  for (auto& [node, absences] : absences_)
    for (Absence& absence : absences)
      if (absence.back && !absence.until_ms) absence.until_ms = now_ms;
}

void Excuses::forget_before(std::int64_t now_ms) {
  for (auto& [node, absences] : absences_)
    std::erase_if(absences, [&](const Absence& absence) { return absence.from_ms + repair_ms_ < now_ms; });
  std::erase_if(absences_, [](const auto& of) { return of.second.empty(); });
  std::erase_if(starts_ms_, [&](const auto& of) { return of.second + repair_ms_ < now_ms; });
}

std::vector<Excuses::Member> Excuses::members(const std::vector<NodeId>& ring) const {
  std::vector<Member> members;
  for (const NodeId& node : ring) members.push_back({node, true, starts_ms_.contains(node)});
  for (const auto& [node, absences] : absences_)
    if (!std::binary_search(ring.begin(), ring.end(), node)) members.push_back({node, false, false});
  std::sort(members.begin(), members.end(), [](const Member& a, const Member& b) { return a.node < b.node; });
  return members;
}

bool Excuses::has_failed(const Member& member, const LedgerEntry& entry) const {
  const auto absences = absences_.find(member.node);
  if (absences == absences_.end()) return false;
  if (!member.living) return true;
  // Who is back on the disk that it had still has what was written before, and what was written since it is.
  return std::any_of(absences->second.begin(), absences->second.end(), [&](const Absence& absence) {
    const bool since = absence.until_ms && entry.acknowledged_ms > *absence.until_ms;
    const bool before = !absence.disk_lost && entry.acknowledged_ms < absence.from_ms;
    return !since && !before;
  });
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
    if (member.fresh && !with_fresh && !absences_.contains(member.node)) continue;
    if (!has_failed(member, entry)) return false;
    ++seen;
  }
  return seen == copies;
}

void Excuses::apply(Ledger& ledger, const std::vector<NodeId>& ring, std::size_t replicas,
                    std::int64_t now_ms) {
  forget_before(now_ms);
  if (absences_.size() < replicas + 1) return;
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
