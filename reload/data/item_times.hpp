// The newest storage_time that this peer has seen or used for each item, bounded: a later, older answer is a
// rollback (RFC 6940 §13.5.3, STORE-38), which is flagged, and a writer's next value must be newer than its
// last.
#pragma once

#include <cstdint>
#include <list>
#include <unordered_map>

#include "reload/data/kind_cache.hpp"

namespace ringway::data {

class ItemTimes {
 public:
  explicit ItemTimes(std::size_t max_items) : max_items_(max_items) {}

  // 0 when nothing is known.
  std::uint64_t newest_ms(const KindAt& at, const ItemKey& item);
  void forget_all();
  void remember(const KindAt& at, const ItemKey& item, std::uint64_t storage_time_ms);
  std::size_t size() const { return entries_.size(); }

 private:
  struct Name {
    KindAt at;
    ItemKey item;
    bool operator==(const Name&) const = default;
  };
  struct NameHash {
    std::size_t operator()(const Name& name) const noexcept {
      return KindAtHash{}(name.at) ^ std::hash<std::string_view>{}(text_of(name.item));
    }
  };
  struct Entry {
    std::uint64_t storage_time_ms = 0;
    std::list<const Name*>::iterator recent;
  };
  std::size_t max_items_;
  std::unordered_map<Name, Entry, NameHash> entries_;
  std::list<const Name*> recent_;  // most recent first; the names are the map's
};

}  // namespace ringway::data
