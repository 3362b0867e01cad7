// What is stored, as memory knows it: for each (resource, Kind) the committed state that readers see, and the
// states of Stores on their way to the disk, against which the next Store is checked. States are immutable;
// a Store makes a new one. Bounded, least recently used first; what is not here is loaded from the
// ValueStore.
#pragma once

#include <cstdint>
#include <deque>
#include <list>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

#include "reload/data/value_store.hpp"
#include "reload/result.hpp"
#include "reload/time.hpp"

namespace ringway::data {

using KindStatePtr = std::shared_ptr<const KindState>;

struct KindAtHash {
  std::size_t operator()(const KindAt& at) const noexcept {
    return std::hash<ResourceId>{}(at.resource) ^ (std::size_t{at.kind} * 0x9E3779B97F4A7C15U);
  }
};

// What is damaged, or could not be read, is read from the disk again after so long: it may have been busy,
// and what was written may stand in front of the damage, or bring a certificate back.
inline constexpr Duration k_read_again_after{1'000};
inline constexpr std::size_t k_most_unreadable_kinds = 1024;  // the others are read each time

class KindCache {
 public:
  KindCache(std::shared_ptr<const ValueStore> store, std::size_t max_kinds, std::size_t max_bytes);

  // When what follows is asked.
  void at(MonoTime now) { now_ = now; }

  // What has been committed.
  Result<KindStatePtr> committed(const KindAt& at);
  // What will be there once every Store under way is committed. A failure also while a failed write of this
  // Kind has later ones built on it that are still under way.
  Result<KindStatePtr> newest(const KindAt& at);

  // A state whose commit `token` is under way; tokens grow.
  void add_pending(const KindAt& at, std::uint64_t token, KindStatePtr state);
  // The commit's outcome, in the order of the commits. False when it, or one that it was built on, has
  // failed.
  [[nodiscard]] bool settle(const KindAt& at, std::uint64_t token, bool ok);
  bool has_pending(const KindAt& at) const;

  // Unless something of it is pending: the disk does not have what is here.
  void forget(const KindAt& at);
  // What was loaded and is damaged, since this was asked last; some of it, when there is much.
  std::vector<KindAt> take_damaged() { return std::exchange(damaged_, {}); }
  // What was committed over something damaged and leaves nothing of that.
  std::vector<KindAt> take_mended() { return std::exchange(mended_, {}); }

  std::size_t size() const { return slots_.size(); }
  // Of these: they stay until the disk has what is under way.
  std::size_t pending_kinds() const { return pending_kinds_; }
  std::size_t size_bytes() const { return bytes_; }
  std::size_t unreadable() const { return unreadable_.size(); }
  std::uint64_t hits() const { return hits_; }
  std::uint64_t misses() const { return misses_; }

 private:
  struct Pending {
    std::uint64_t token = 0;
    KindStatePtr state;
  };
  struct Slot {
    KindStatePtr committed;
    std::deque<Pending> pending;
    bool broken = false;  // a commit has failed; forgotten when nothing is pending any more
    std::size_t size_bytes = 0;
    MonoTime loaded;
    std::list<KindAt>::iterator recent;
  };
  struct Unreadable {
    Failure why;
    MonoTime seen;
  };
  using Slots = std::unordered_map<KindAt, Slot, KindAtHash>;

  void add_pending(Slot& slot, Pending pending);
  Result<Slot*> slot(const KindAt& at);
  Result<KindStatePtr> load(const KindAt& at);
  bool is_recent(MonoTime seen) const { return now_ - seen < k_read_again_after; }
  void note_unreadable(const KindAt& at, const Failure& why);
  void set_committed(Slot& slot, KindStatePtr state);
  void erase(Slots::iterator found);
  void evict();

  std::shared_ptr<const ValueStore> store_;
  std::size_t max_kinds_;
  std::size_t max_bytes_;
  std::size_t bytes_ = 0;
  std::size_t pending_kinds_ = 0;
  std::uint64_t hits_ = 0;
  std::uint64_t misses_ = 0;
  std::list<KindAt> recent_;  // most recently used first
  Slots slots_;
  std::unordered_map<KindAt, Unreadable, KindAtHash> unreadable_;
  MonoTime now_;
  std::vector<KindAt> damaged_;
  std::vector<KindAt> mended_;
};

}  // namespace ringway::data
