// What a peer holds in a range of the ring, told in a few bytes: how many items there are and a sum over
// their versions that does not depend on order; and, for ranges that differ, the list of the items. Two peers
// that hold the same give the same digest. What does not count any more (expired values, those of bad-nodes)
// is left out on both sides; removed values (tombstones) count.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "reload/config/configuration.hpp"
#include "reload/data/range_scan.hpp"
#include "reload/data/value_store.hpp"
#include "reload/ids.hpp"
#include "reload/result.hpp"

namespace ringway::data {

inline constexpr std::size_t k_digest_parts = 16;
inline constexpr std::size_t k_most_kept_kinds = 4096;

// (after, up_to]; (x, x] is everything.
struct Span {
  RingId after;
  RingId up_to;
  bool operator==(const Span&) const = default;
};
// Consecutive parts, clockwise, the same at every peer; none when the span is too narrow for that.
std::vector<Span> split(const Span& span);
// The span of one point.
Span span_of(const ResourceId& resource);

struct RangeDigest {
  std::uint64_t items = 0;
  RingId sum;  // of the items' versions, modulo 2^128

  void add(const RingId& version, std::uint64_t generation);
  void add(const RangeDigest& part);
  bool operator==(const RangeDigest&) const = default;
};

// Names the item and what is signed of it: equal at two peers when they hold the same of it. The lifetime is
// not signed (AMB-17), and an array's index only stands in the item key.
RingId version_of(const KindAt& at, const Record& record);

// What of a scan cannot be read now: with that it is in vain, for it is not to be taken for missing. But it
// goes on to its end all the same: a sector is given up when it has not been given for a minute, and that
// begins with the first read of each. A disk that gives nothing at all is not asked for everything.
class Unread {
 public:
  // A failure when there have been too many.
  Outcome<> add(const Failure& failure);
  // The first one, when there was any.
  Outcome<> outcome() const;

 private:
  std::optional<Failure> first_;
  std::size_t count_ = 0;
};
inline constexpr std::size_t k_most_unread = 64;

// Digests of a span's parts, a slice at a time.
class DigestScan {
 public:
  DigestScan() = default;
  // Keeps the Kinds that it goes over too, up to k_most_kept_kinds, if it is to.
  explicit DigestScan(const Span& span, bool keeps_kinds = false);

  // Fails at the end when something could not be read.
  Outcome<> go_on(const ValueStore& store, const config::Configuration& configuration, WallMs now_ms);
  bool done() const { return scan_.done(); }
  const Span& span() const { return span_; }
  // As split() has them; one for the whole span when it cannot be split.
  const std::vector<RangeDigest>& parts() const { return digests_; }
  RangeDigest total() const;
  // All of them, or those that there was room for; with and without values that count.
  const std::vector<KindAt>& kinds() const { return kinds_; }
  // What was damaged of what go_on() has read, since this was asked last; it counts as missing.
  std::vector<KindAt> take_damaged() { return std::exchange(damaged_, {}); }

 private:
  std::vector<KindAt> damaged_;
  Span span_;
  bool keeps_kinds_ = false;
  std::vector<KindAt> kinds_;
  std::vector<Span> parts_;
  std::vector<RangeDigest> digests_;
  std::size_t part_ = 0;
  RangeScan scan_;
  Unread unread_;
};

// ---- lists

struct ListedItem {
  ItemKey key;
  std::uint64_t storage_time_ms = 0;
  RingId version;
  bool operator==(const ListedItem&) const = default;
};
struct ListedKind {
  KindAt at;
  std::uint64_t generation_counter = 0;
  std::vector<ListedItem> items;
  bool operator==(const ListedKind&) const = default;
};
// Clockwise, then by Kind-ID, then by item key.
using Listing = std::vector<ListedKind>;
struct ListPosition {
  KindAt at;
  ItemKey item;
  bool operator==(const ListPosition&) const = default;
};
std::size_t count_items(const Listing& listing);
// What one of them takes on the wire (digest_messages.hpp).
inline constexpr std::size_t k_listed_kind_bytes = 16 + 4 + 8 + 3;
inline constexpr std::size_t k_listed_item_bytes = 2 + 8 + 16;

// The items of a span behind a position, a slice at a time, until so many bytes are full; one item at least.
class ListScan {
 public:
  ListScan() = default;
  ListScan(const Span& span, std::optional<ListPosition> behind, std::size_t max_bytes);

  // As DigestScan's.
  Outcome<> go_on(const ValueStore& store, const config::Configuration& configuration, WallMs now_ms);
  bool done() const { return full_ || scan_.done(); }
  // Nothing of the span comes after what is listed.
  bool complete() const { return !full_ && scan_.done(); }
  const Listing& listing() const { return listing_; }
  // As DigestScan's.
  std::vector<KindAt> take_damaged() { return std::exchange(damaged_, {}); }

 private:
  std::vector<KindAt> damaged_;
  void add(const KindAt& at, const KindState& state, const config::Configuration& configuration,
           WallMs now_ms);

  std::optional<ListPosition> behind_;
  std::size_t max_bytes_ = 0;
  std::size_t bytes_ = 0;
  bool full_ = false;
  RangeScan scan_;
  Unread unread_;
  Listing listing_;
};

}  // namespace ringway::data
