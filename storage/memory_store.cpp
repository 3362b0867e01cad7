#include "storage/memory_store.hpp"

#include <algorithm>
#include <limits>
#include <utility>
#include <variant>

namespace ringway::storage {
namespace {

// What one item costs: its own bytes, and about as much as the objects around them.
std::uint64_t cost_of(const data::ItemKey& item, const data::Record& record) {
  const wire::StoredData& stored = record.stored;
  return sizeof(data::Record) + 2 * item.size() + record.signer_certificate_sha256.size() +
         stored.value.key.size() + stored.value.data.value.size() + stored.signature.value.size();
}
std::uint64_t cost_of(const CertificateEntry& entry) { return sizeof(CertificateEntry) + entry.der.size(); }
std::uint64_t cost_of(const std::string& name, const Bytes& fact) { return name.size() + fact.size(); }

}  // namespace

// ---- reads

bool MemoryStore::is_damaged(const Kind& kind, const data::ItemKey& item) {
  return std::binary_search(kind.damage.items.begin(), kind.damage.items.end(), item) ||
         kind.in_block.contains(item);
}

Result<data::KindState> MemoryStore::load(const data::KindAt& at) const {
  const std::lock_guard lock(mutex_);
  if (reads_refused_) return Failure{"the disk does not answer"};
  data::KindState state;
  const auto kind = kinds_.find(at);
  if (kind == kinds_.end()) return state;
  const data::Damage& damage = kind->second.damage;
  if (!damage.generation) state.generation_counter = kind->second.generation.counter;
  state.records.reserve(kind->second.records.size());
  for (const auto& [item, record] : kind->second.records) {
    if (!is_damaged(kind->second, item)) state.records.push_back(record);
  }
  if (damage.any()) state.damage = std::make_shared<const data::Damage>(damage);
  if (!damaged_certificates_.empty()) hide_unsigned(state);
  return state;
}

// As RocksStore: nobody would believe them.
void MemoryStore::hide_unsigned(data::KindState& state) const {
  const auto shown = std::stable_partition(
      state.records.begin(), state.records.end(),
      [&](const auto& record) { return !damaged_certificates_.contains(record->signer_certificate_sha256); });
  if (shown == state.records.end()) return;
  data::Damage damage = state.damage ? *state.damage : data::Damage{};
  if (damage.what.empty()) damage.what = "the certificate of a writer was damaged";
  for (auto record = shown; record != state.records.end(); ++record)
    damage.items.push_back(data::item_key_of((*record)->stored.value));
  std::sort(damage.items.begin(), damage.items.end());
  state.records.erase(shown, state.records.end());
  state.damage = std::make_shared<const data::Damage>(std::move(damage));
}

Result<std::optional<SharedBytes>> MemoryStore::certificate(BytesView sha256) const {
  const std::lock_guard lock(mutex_);
  const auto found = certificates_.find(copy_of(sha256));
  if (reads_refused_) return Failure{"the disk does not answer"};
  if (damaged_certificates_.contains(copy_of(sha256))) return Failure{"the certificate was damaged"};
  if (found == certificates_.end()) return std::optional<SharedBytes>{};
  return std::optional<SharedBytes>{found->second.der};
}

// Appends kinds from `from` on; true when `limit` was reached. The Kinds of one resource stay together.
bool MemoryStore::collect(std::map<data::KindAt, Kind>::const_iterator from, const RingId* up_to,
                          std::size_t limit, std::vector<data::KindAt>& out) const {
  for (auto kind = from; kind != kinds_.end(); ++kind) {
    const data::KindAt& at = kind->first;
    if (up_to != nullptr && static_cast<const RingId&>(at.resource) > *up_to) return false;
    if (out.size() >= limit && (out.empty() || out.back().resource != at.resource)) return true;
    out.push_back(at);
  }
  return out.size() >= limit;
}

Result<std::vector<data::KindAt>> MemoryStore::list(const RingId& after, const RingId& up_to,
                                                    std::size_t limit) const {
  const std::lock_guard lock(mutex_);
  if (reads_refused_) return Failure{"the disk does not answer"};
  std::vector<data::KindAt> out;
  const auto first = kinds_.upper_bound(data::KindAt{as_resource(after), std::numeric_limits<KindId>::max()});
  if (after < up_to) {
    collect(first, &up_to, limit, out);
  } else if (!collect(first, nullptr, limit, out)) {
    collect(kinds_.begin(), &up_to, limit, out);  // past the top of the ring
  }
  return out;
}

Result<std::optional<Bytes>> MemoryStore::fact(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto found = facts_.find(name);
  if (found == facts_.end()) return std::optional<Bytes>{};
  return std::optional<Bytes>{found->second};
}

Result<std::vector<data::PutFact>> MemoryStore::list_facts(const std::string& prefix,
                                                           std::size_t limit) const {
  const std::lock_guard lock(mutex_);
  std::vector<data::PutFact> out;
  for (auto at = facts_.lower_bound(prefix);
       at != facts_.end() && at->first.starts_with(prefix) && out.size() < limit; ++at)
    out.push_back({at->first, at->second});
  return out;
}

Result<data::ValueStore::Totals> MemoryStore::totals() const {
  const std::lock_guard lock(mutex_);
  Totals totals{records_, 0, bytes_};
  const ResourceId* previous = nullptr;
  for (const auto& [at, kind] : kinds_) {
    if (previous == nullptr || *previous != at.resource) ++totals.resources;
    previous = &at.resource;
  }
  return totals;
}

// ---- commits

Outcome<> MemoryStore::commit(const std::vector<data::WriteBatch>& batches) {
  finish_commit(begin_commit(batches));
  return Done{};
}

MemoryStore::Ticket MemoryStore::begin_commit(std::vector<data::WriteBatch> batches) {
  const std::lock_guard lock(mutex_);
  pending_.push_back({++last_ticket_, std::move(batches)});
  return last_ticket_;
}

bool MemoryStore::finish_commit(Ticket ticket) {
  const std::lock_guard lock(mutex_);
  const bool known = std::any_of(pending_.begin(), pending_.end(),
                                 [&](const Pending& pending) { return pending.ticket == ticket; });
  if (!known) return false;
  while (!pending_.empty() && pending_.front().ticket <= ticket) {
    apply(pending_.front());
    pending_.pop_front();
  }
  return true;
}

bool MemoryStore::damage_record(const data::KindAt& at, const data::ItemKey& item) {
  const std::lock_guard lock(mutex_);
  const auto kind = kinds_.find(at);
  if (kind == kinds_.end() || !kind->second.records.contains(item)) return false;
  data::Damage& damage = kind->second.damage;
  const auto place = std::lower_bound(damage.items.begin(), damage.items.end(), item);
  if (place == damage.items.end() || *place != item) damage.items.insert(place, item);
  damage.what = "a record was damaged";
  return true;
}

bool MemoryStore::damage_generation(const data::KindAt& at) {
  const std::lock_guard lock(mutex_);
  const auto kind = kinds_.find(at);
  if (kind == kinds_.end()) return false;
  kind->second.damage.generation = true;
  kind->second.damage.what = "a generation was damaged";
  return true;
}

bool MemoryStore::damage_block(const data::KindAt& at) {
  const std::lock_guard lock(mutex_);
  const auto kind = kinds_.find(at);
  if (kind == kinds_.end()) return false;
  kind->second.damage.more = true;
  kind->second.damage.what = "a block was damaged";
  for (const auto& [item, record] : kind->second.records) kind->second.in_block.insert(item);
  return true;
}

bool MemoryStore::damage_certificate(BytesView sha256) {
  const std::lock_guard lock(mutex_);
  if (!certificates_.contains(copy_of(sha256))) return false;
  damaged_certificates_.insert(copy_of(sha256));
  return true;
}

void MemoryStore::refuse_reads(bool refused) {
  const std::lock_guard lock(mutex_);
  reads_refused_ = refused;
}

std::size_t MemoryStore::damaged_kinds() const {
  const std::lock_guard lock(mutex_);
  const auto is_unsigned = [&](const auto& item) {
    return damaged_certificates_.contains(item.second->signer_certificate_sha256);
  };
  return static_cast<std::size_t>(std::count_if(kinds_.begin(), kinds_.end(), [&](const auto& one) {
    const Kind& kind = one.second;
    return kind.damage.any() || (!damaged_certificates_.empty() &&
                                 std::any_of(kind.records.begin(), kind.records.end(), is_unsigned));
  }));
}

void MemoryStore::crash(CrashMode mode, std::size_t whole_commits) {
  const std::lock_guard lock(mutex_);
  if (mode == CrashMode::torn) {
    for (const Pending& pending : pending_) {
      if (whole_commits-- == 0) break;
      apply(pending);
    }
  }
  pending_.clear();
}

// ---- one write

void MemoryStore::apply(const Pending& pending) {
  for (const data::WriteBatch& batch : pending.batches) {
    for (const data::Write& write : batch) {
      std::visit([this](const auto& one) { apply(one); }, write);
    }
  }
}

void MemoryStore::apply(const data::PutRecord& put) {
  Kind& kind = kinds_[put.at];
  kind.generation.keep_for(*put.record);
  data::ItemKey item = data::item_key_of(put.record->stored.value);
  std::erase(kind.damage.items, item);
  kind.in_block.erase(item);
  data::RecordPtr& slot = kind.records[item];
  if (slot != nullptr) forget(item, *slot);
  slot = put.record;
  ++records_;
  bytes_ += cost_of(item, *slot);
}

void MemoryStore::apply(const data::DropRecord& drop) {
  const auto kind = kinds_.find(drop.at);
  if (kind == kinds_.end()) return;
  const auto record = kind->second.records.find(drop.item);
  if (record == kind->second.records.end()) return;
  forget(record->first, *record->second);
  std::erase(kind->second.damage.items, record->first);
  kind->second.in_block.erase(record->first);
  kind->second.records.erase(record);
}

void MemoryStore::apply(const data::SetGeneration& set) {
  Kind& kind = kinds_[set.at];
  kind.generation.counter = set.generation_counter;
  kind.generation_is_new = true;
  kind.damage.generation = false;
}

void MemoryStore::apply(const data::DropKind& drop) {
  const auto kind = kinds_.find(drop.at);
  if (kind == kinds_.end()) return;
  for (const auto& [item, record] : kind->second.records) forget(item, *record);
  kinds_.erase(kind);
}

void MemoryStore::apply(const data::KeepCertificate& keep) {
  const auto [found, is_new] = certificates_.try_emplace(keep.sha256);
  CertificateEntry& entry = found->second;
  if (!is_new) bytes_ -= cost_of(entry);
  entry.keep_until_ms = std::max(entry.keep_until_ms, keep.until_ms);
  entry.der = keep.der;
  damaged_certificates_.erase(keep.sha256);
  bytes_ += cost_of(entry);
}

void MemoryStore::apply(const data::PutFact& put) {
  const auto [fact, is_new] = facts_.try_emplace(put.name);
  if (!is_new) bytes_ -= cost_of(put.name, fact->second);
  fact->second = put.value;
  bytes_ += cost_of(put.name, fact->second);
}

void MemoryStore::apply(const data::DropFact& drop) {
  const auto found = facts_.find(drop.name);
  if (found == facts_.end()) return;
  bytes_ -= cost_of(drop.name, found->second);
  facts_.erase(found);
}

void MemoryStore::forget(const data::ItemKey& item, const data::Record& record) {
  --records_;
  bytes_ -= cost_of(item, record);
}

void MemoryStore::reclaim(WallMs now_ms) {
  const std::lock_guard lock(mutex_);
  for (auto& [at, kind] : kinds_) {
    std::erase_if(kind.records, [&](const auto& item) {
      if (item.second->alive_at(now_ms) || is_damaged(kind, item.first)) return false;
      forget(item.first, *item.second);
      return true;
    });
    if (std::exchange(kind.generation_is_new, false)) kind.generation.keep_from(now_ms);
  }
  // What is damaged goes with its generation, when that can be read.
  std::erase_if(kinds_, [&](const auto& one) {
    const Kind& kind = one.second;
    const bool is_over = !kind.damage.generation && kind.generation.reclaimable_at(now_ms) &&
                         std::all_of(kind.records.begin(), kind.records.end(),
                                     [&](const auto& item) { return is_damaged(kind, item.first); });
    if (is_over)
      for (const auto& [item, record] : kind.records) forget(item, *record);
    return is_over;
  });
  std::erase_if(certificates_, [&](const auto& certificate) {
    if (!certificate.second.reclaimable_at(now_ms)) return false;
    bytes_ -= cost_of(certificate.second);
    damaged_certificates_.erase(certificate.first);
    return true;
  });
}

}  // namespace ringway::storage
