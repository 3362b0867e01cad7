#include "reload/data/kind_cache.hpp"

namespace ringway::data {

namespace {

// Structures around the bytes of a record or a state.
constexpr std::size_t k_record_overhead_bytes = 384;
constexpr std::size_t k_slot_overhead_bytes = 192;
constexpr std::size_t k_most_told = 64;  // damaged ones, until they are taken

std::size_t size_of(const KindState& state) {
  std::size_t size_bytes = k_slot_overhead_bytes;
  for (const RecordPtr& record : state.records) {
    size_bytes += k_record_overhead_bytes + record->stored.value_wire.size() +
                  record->stored.signature.identity_wire.size() + record->stored.signature.value.size();
  }
  return size_bytes;
}

}  // namespace

KindCache::KindCache(std::shared_ptr<const ValueStore> store, std::size_t max_kinds, std::size_t max_bytes)
    : store_(std::move(store)), max_kinds_(max_kinds), max_bytes_(max_bytes) {}

Result<KindStatePtr> KindCache::committed(const KindAt& at) {
  auto found = slot(at);
  if (!found) return found.error();
  return (*found)->committed;
}

Result<KindStatePtr> KindCache::newest(const KindAt& at) {
  auto found = slot(at);
  if (!found) return found.error();
  const Slot& here = **found;
  if (here.broken) return Failure{"an earlier write of this Kind has failed"};
  return here.pending.empty() ? here.committed : here.pending.back().state;
}

void KindCache::add_pending(const KindAt& at, std::uint64_t token, KindStatePtr state) {
  // newest() of the same Kind has just succeeded: what that was based on needs no disk.
  const auto here = slots_.find(at);
  if (here != slots_.end()) return add_pending(here->second, {token, std::move(state)});
  auto loaded = slot(at);
  if (loaded) add_pending(**loaded, {token, std::move(state)});
}

void KindCache::add_pending(Slot& slot, Pending pending) {
  if (slot.pending.empty()) ++pending_kinds_;
  slot.pending.push_back(std::move(pending));
}

bool KindCache::settle(const KindAt& at, std::uint64_t token, bool ok) {
  const auto found = slots_.find(at);
  if (found == slots_.end()) return false;
  Slot& here = found->second;
  if (here.pending.empty() || here.pending.front().token != token) return false;
  KindStatePtr state = std::move(here.pending.front().state);
  here.pending.pop_front();
  if (here.pending.empty()) --pending_kinds_;
  if (!ok) here.broken = true;
  if (!here.broken) {
    set_committed(here, std::move(state));
    evict();
    return true;
  }
  // What the disk has now is known by reading it again, once nothing is under way.
  if (here.pending.empty()) erase(found);
  return false;
}

bool KindCache::has_pending(const KindAt& at) const {
  const auto found = slots_.find(at);
  return found != slots_.end() && !found->second.pending.empty();
}

Result<KindCache::Slot*> KindCache::slot(const KindAt& at) {
  const auto found = slots_.find(at);
  if (found != slots_.end()) {
    Slot& here = found->second;
    recent_.splice(recent_.begin(), recent_, here.recent);
    if (!here.committed->damage || !here.pending.empty() || is_recent(here.loaded)) {
      ++hits_;
      return &here;
    }
  }
  ++misses_;
  auto loaded = load(at);
  if (!loaded) return loaded.error();
  const auto [place, is_new] = slots_.try_emplace(at);
  if (is_new) {
    recent_.push_front(at);
    place->second.recent = recent_.begin();
  }
  place->second.loaded = now_;
  set_committed(place->second, std::move(*loaded));
  evict();
  return &slots_.find(at)->second;
}

Result<KindStatePtr> KindCache::load(const KindAt& at) {
  const auto failed = unreadable_.find(at);
  if (failed != unreadable_.end()) {
    if (is_recent(failed->second.seen)) return failed->second.why;
    unreadable_.erase(failed);
  }
  auto loaded = store_->load(at);
  if (!loaded) {
    note_unreadable(at, loaded.error());
    return loaded.error();
  }
  if (loaded->damage && damaged_.size() < k_most_told) damaged_.push_back(at);
  return std::make_shared<const KindState>(std::move(*loaded));
}

void KindCache::note_unreadable(const KindAt& at, const Failure& why) {
  if (unreadable_.size() >= k_most_unreadable_kinds)
    std::erase_if(unreadable_, [&](const auto& one) { return !is_recent(one.second.seen); });
  if (unreadable_.size() < k_most_unreadable_kinds) unreadable_.try_emplace(at, Unreadable{why, now_});
}

void KindCache::forget(const KindAt& at) {
  unreadable_.erase(at);
  const auto found = slots_.find(at);
  if (found != slots_.end() && found->second.pending.empty()) erase(found);
}

void KindCache::set_committed(Slot& slot, KindStatePtr state) {
  const bool was_damaged = slot.committed != nullptr && slot.committed->damage != nullptr;
  if (was_damaged && state->damage == nullptr) mended_.push_back(*slot.recent);
  bytes_ -= slot.size_bytes;
  slot.size_bytes = size_of(*state);
  bytes_ += slot.size_bytes;
  slot.committed = std::move(state);
}

void KindCache::erase(Slots::iterator found) {
  bytes_ -= found->second.size_bytes;
  recent_.erase(found->second.recent);
  slots_.erase(found);
}

// The most recent slot always stays, and so does what is pending; there are fewer of those than Stores under
// way.
void KindCache::evict() {
  auto oldest = recent_.end();
  while (slots_.size() > max_kinds_ || bytes_ > max_bytes_) {
    if (oldest == recent_.begin()) return;
    --oldest;
    if (oldest == recent_.begin()) return;
    const auto found = slots_.find(*oldest);
    if (!found->second.pending.empty()) continue;
    ++oldest;
    erase(found);
  }
}

}  // namespace ringway::data
