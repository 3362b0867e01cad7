#include "storage/rocks_overwritten.hpp"

#include <utility>
#include <variant>

#include "storage/key_layout.hpp"

namespace ringway::storage {

void Overwritten::begin(const data::KindAt& at) {
  const std::lock_guard lock(mutex_);
  if (kinds_.size() < k_most_overwritten_kinds) kinds_.try_emplace(at);
}

void Overwritten::writing(const std::vector<data::WriteBatch>& batches) {
  const std::lock_guard lock(mutex_);
  if (kinds_.empty()) return;
  for (const data::WriteBatch& batch : batches) {
    for (const data::Write& write : batch) {
      if (const auto* put = std::get_if<data::PutRecord>(&write)) {
        add(*put);
      } else if (const auto* drop = std::get_if<data::DropKind>(&write)) {
        const auto found = kinds_.find(drop->at);
        if (found != kinds_.end()) found->second.dropping = true;
      }
    }
  }
}

void Overwritten::add(const data::PutRecord& put) {
  const auto found = kinds_.find(put.at);
  if (found == kinds_.end() || found->second.overflowed) return;
  Entry& entry = found->second;
  if (entry.keys.insert(record_key(put.at, data::item_key_of(put.record->stored.value))).second) ++keys_;
  if (keys_ <= k_most_overwritten_keys) return;
  keys_ -= entry.keys.size();
  entry = Entry{};
  entry.overflowed = true;
}

void Overwritten::written(const std::vector<data::WriteBatch>& batches) {
  const std::lock_guard lock(mutex_);
  if (kinds_.empty()) return;
  for (const data::WriteBatch& batch : batches) {
    for (const data::Write& write : batch) {
      const auto* drop = std::get_if<data::DropKind>(&write);
      const auto found = drop == nullptr ? kinds_.end() : kinds_.find(drop->at);
      if (found == kinds_.end() || !std::exchange(found->second.dropping, false)) continue;
      found->second.whole = !found->second.overflowed;
    }
  }
}

std::optional<Overwritten::Kind> Overwritten::of(const data::KindAt& at) const {
  const std::lock_guard lock(mutex_);
  const auto found = kinds_.find(at);
  if (found == kinds_.end()) return std::nullopt;
  return found->second;
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
