// What a watcher knows to be stored at a key: immutable, so that events that wait share their entries. And
// the token that an application gets with each event, to go on from there.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "reload/data/api.hpp"
#include "reload/data/call_plan.hpp"
#include "reload/security/inspector.hpp"
#include "reload/time.hpp"
#include "reload/wire/storage_bodies.hpp"

namespace ringway::data {

class WatchedState {
 public:
  struct Item {
    Entry entry;  // its lifetime_s is not kept up to date
    WallMs expires_ms = 0;
  };
  using ItemPtr = std::shared_ptr<const Item>;

  static WatchedState of(const GetResult& got, WallMs now_ms);
  // With one value written, or removed; of a shared key or of an owner's. An older one than what is there
  // changes nothing.
  WatchedState with(bool shared, const std::string& entry, const wire::StoredData& value,
                    const security::ValueVerdict& verdict, WallMs now_ms) const;
  // Has nothing, or something older, where that one has a value that has not expired: by entry, and by writer
  // under a shared key.
  bool takes_back(const WatchedState& known, bool shared, WallMs now_ms) const;
  void set_generation(std::uint64_t generation) { generation_ = generation; }

  std::uint64_t generation() const { return generation_; }
  // Without what has expired; of one entry if that is wanted.
  GetResult result(WallMs now_ms, const std::optional<std::string>& entry) const;
  // Which values are there, by their writers and storage times: 16 bytes.
  std::string digest(const std::optional<std::string>& entry) const;
  // The value that has most bytes.
  std::size_t largest_bytes(const std::optional<std::string>& entry) const;
  std::size_t bytes() const { return bytes_; }
  // The next of its values to expire; 0: there is none.
  WallMs expires_ms() const;

 private:
  void insert(ItemPtr item);

  std::uint64_t generation_ = 0;
  std::vector<ItemPtr> items_;  // in the order of entry and writer
  std::size_t bytes_ = 0;
};
using WatchedStatePtr = std::shared_ptr<const WatchedState>;

// "It was like this at that peer."
struct ResumePoint {
  NodeId holder;
  std::uint64_t generation = 0;
  std::string digest;
};
std::string token_of(const ResumePoint& point);
std::optional<ResumePoint> resume_point_of(const std::string& token);

}  // namespace ringway::data
