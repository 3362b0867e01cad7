#include "storage/memory_store.hpp"

#include <algorithm>

namespace ringway::storage {

using data::KindAt;

Result<data::KindState> MemoryStore::load(const KindAt& at) const {
  const std::lock_guard lock(mutex_);
  data::KindState state;
  const auto found = kinds_.find(at);
  if (found == kinds_.end()) return state;
  state.generation_counter = found->second.generation_counter;
  for (const auto& [item, record] : found->second.records) state.records.push_back(record);
  return state;
}

Result<std::optional<SharedBytes>> MemoryStore::certificate(BytesView sha256) const {
  const std::lock_guard lock(mutex_);
  const auto found = certificates_.find(copy_of(sha256));
  if (found == certificates_.end()) return std::optional<SharedBytes>{};
  return std::optional<SharedBytes>{found->second.der};
}

// Clockwise from just after `after` to `up_to`: one stretch, or two when it passes zero.
Result<std::vector<KindAt>> MemoryStore::list(const RingId& after, const RingId& up_to, std::size_t limit) const {
  const std::lock_guard lock(mutex_);
  std::vector<KindAt> found;
  const auto collect = [&](auto from, auto to) {
    for (auto at = from; at != to && found.size() < limit; ++at) found.push_back(at->first);
  };
  const auto past = [&](const RingId& id) { return kinds_.upper_bound({as_resource(id), UINT32_MAX}); };
  if (after < up_to) {
    collect(past(after), past(up_to));
  } else {
    collect(past(after), kinds_.end());
    collect(kinds_.begin(), past(up_to));
  }
  return found;
}

Result<std::optional<Bytes>> MemoryStore::fact(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto found = facts_.find(name);
  if (found == facts_.end()) return std::optional<Bytes>{};
  return std::optional<Bytes>{found->second};
}

Result<data::ValueStore::Totals> MemoryStore::totals() const {
  const std::lock_guard lock(mutex_);
  Totals totals;
  const ResourceId* last = nullptr;
  for (const auto& [at, kind] : kinds_) {
    if (last == nullptr || *last != at.resource) ++totals.resources;
    last = &at.resource;
    totals.records += kind.records.size();
    for (const auto& [item, record] : kind.records) totals.bytes += record->stored.value.data.value.size() + item.size();
  }
  return totals;
}

MemoryStore::Kind* MemoryStore::kind_of(const KindAt& at) {
  const auto found = kinds_.find(at);
  return found == kinds_.end() ? nullptr : &found->second;
}

void MemoryStore::apply(const data::Write& write) {
  if (const auto* put = std::get_if<data::PutRecord>(&write)) {
    kinds_[put->at].records[data::item_key_of(put->record->stored.value)] = put->record;
  } else if (const auto* drop = std::get_if<data::DropRecord>(&write)) {
    if (Kind* kind = kind_of(drop->at)) kind->records.erase(drop->item);
  } else if (const auto* set = std::get_if<data::SetGeneration>(&write)) {
    kinds_[set->at].generation_counter = set->generation_counter;
  } else if (const auto* forget = std::get_if<data::DropKind>(&write)) {
    kinds_.erase(forget->at);
  } else if (const auto* keep = std::get_if<data::KeepCertificate>(&write)) {
    auto& certificate = certificates_[keep->sha256];
    certificate.der = keep->der;
    certificate.until_ms = std::max(certificate.until_ms, keep->until_ms);
  } else if (const auto* fact = std::get_if<data::PutFact>(&write)) {
    facts_[fact->name] = fact->value;
  }
}

Outcome<> MemoryStore::commit(const std::vector<data::WriteBatch>& batches) {
  const std::lock_guard lock(mutex_);
  for (const auto& batch : batches)
    for (const auto& write : batch) apply(write);
  return Done{};
}

void MemoryStore::reclaim(WallMs now_ms) {
  const std::lock_guard lock(mutex_);
  for (auto& [at, kind] : kinds_)
    std::erase_if(kind.records, [&](const auto& entry) { return !entry.second->alive_at(now_ms); });
  std::erase_if(certificates_, [&](const auto& entry) { return entry.second.until_ms <= now_ms; });
}

MemoryStore::Ticket MemoryStore::begin_commit(std::vector<data::WriteBatch> batches) {
  const std::lock_guard lock(mutex_);
  unsynced_[next_ticket_] = std::move(batches);
  return next_ticket_++;
}

void MemoryStore::finish_commit(Ticket ticket) {
  std::vector<data::WriteBatch> batches;
  {
    const std::lock_guard lock(mutex_);
    const auto found = unsynced_.find(ticket);
    if (found == unsynced_.end()) return;
    batches = std::move(found->second);
    unsynced_.erase(found);
  }
  (void)commit(batches);
}

void MemoryStore::crash() {
  const std::lock_guard lock(mutex_);
  unsynced_.clear();
}

}  // namespace ringway::storage
