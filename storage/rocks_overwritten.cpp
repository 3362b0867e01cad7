#include "storage/rocks_overwritten.hpp"

#include <algorithm>
#include <utility>
#include <variant>

#include "storage/key_layout.hpp"

namespace ringway::storage {

void Overwritten::begin(const data::KindAt& at) {
  const std::lock_guard lock(mutex_);
  if (kinds_.contains(at)) return;
  make_room();
  if (kinds_.size() >= k_most_overwritten_kinds) return;
  kinds_.try_emplace(at);
  begun_.push_back(at);
}

// A Kind of which nothing was written is begun again with the next look at it.
void Overwritten::make_room() {
  while (kinds_.size() >= k_most_overwritten_kinds && !begun_.empty()) {
    const auto found = kinds_.find(begun_.front());
    begun_.pop_front();
    if (found != kinds_.end() && !found->second.is_written()) kinds_.erase(found);
  }
}

void Overwritten::begin(const RingId& from, const std::optional<RingId>& end) {
  const std::lock_guard lock(mutex_);
  const bool is_known = std::any_of(lost_.begin(), lost_.upper_bound(from), [&](const auto& span) {
    return !span.second || (end && !(*span.second < *end));
  });
  if (is_known || (lost_.size() >= k_most_lost_spans && !lost_.contains(from))) return;
  lost_[from] = end;
}

bool Overwritten::is_in_lost_span(const RingId& point) const {
  return std::any_of(lost_.begin(), lost_.upper_bound(point),
                     [&](const auto& span) { return !span.second || point < *span.second; });
}

Overwritten::Entry* Overwritten::entry(const data::KindAt& at) {
  auto found = kinds_.find(at);
  if (found != kinds_.end()) return &found->second;
  if (!is_in_lost_span(at.resource)) return nullptr;
  make_room();
  if (kinds_.size() >= k_most_overwritten_kinds) return nullptr;
  begun_.push_back(at);
  return &kinds_[at];
}

void Overwritten::writing(const std::vector<data::WriteBatch>& batches) {
  const std::lock_guard lock(mutex_);
  if (kinds_.empty() && lost_.empty()) return;
  for (const data::WriteBatch& batch : batches) {
    for (const data::Write& write : batch) {
      if (const auto* put = std::get_if<data::PutRecord>(&write)) {
        add(*put);
      } else if (const auto* drop = std::get_if<data::DropKind>(&write)) {
        const auto found = kinds_.find(drop->at);
        if (found != kinds_.end()) drop_in(found->second);
      }
    }
  }
}

// Where not all of it is known, what has gone need not be: until it is written, its readers see damage.
void Overwritten::drop_in(Entry& here) {
  if (!here.whole_from) {
    keys_ -= here.keys.size();
    here = Entry{};
  }
  here.dropping = true;
}

void Overwritten::add(const data::PutRecord& put) {
  Entry* here = entry(put.at);
  if (here == nullptr || here->overflowed) return;
  if (here->keys.insert(record_key(put.at, data::item_key_of(put.record->stored.value))).second) ++keys_;
  if (keys_ <= k_most_overwritten_keys) return;
  keys_ -= here->keys.size();
  *here = Entry{};
  here->overflowed = true;
}

// The puts once more: a reader may have begun with the Kind since writing().
void Overwritten::written(const std::vector<data::WriteBatch>& batches, std::uint64_t sequence) {
  const std::lock_guard lock(mutex_);
  if (kinds_.empty() && lost_.empty()) return;
  for (const data::WriteBatch& batch : batches) {
    for (const data::Write& write : batch) {
      if (const auto* put = std::get_if<data::PutRecord>(&write)) {
        add(*put);
        continue;
      }
      const auto* drop = std::get_if<data::DropKind>(&write);
      const auto found = drop == nullptr ? kinds_.end() : kinds_.find(drop->at);
      if (found == kinds_.end() || !std::exchange(found->second.dropping, false)) continue;
      Entry& here = found->second;
      if (!here.overflowed && !here.whole_from) here.whole_from = sequence;
    }
  }
}

// Who reads what was there before it was dropped has more than the keys that were written since.
std::optional<Overwritten::Kind> Overwritten::of(const data::KindAt& at, std::uint64_t sequence) const {
  const std::lock_guard lock(mutex_);
  const auto found = kinds_.find(at);
  if (found == kinds_.end()) return std::nullopt;
  const Entry& here = found->second;
  return Kind{here.whole_from && *here.whole_from <= sequence, here.keys};
}

std::vector<data::KindAt> Overwritten::between(const RingId& from, const std::optional<RingId>& end) const {
  const std::lock_guard lock(mutex_);
  std::vector<data::KindAt> found;
  for (auto at = kinds_.lower_bound({as_resource(from), 0}); at != kinds_.end(); ++at) {
    if (end && !(static_cast<const RingId&>(at->first.resource) < *end)) break;
    found.push_back(at->first);
  }
  return found;
}

}  // namespace ringway::storage
