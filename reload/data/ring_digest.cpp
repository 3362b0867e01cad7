#include "reload/data/ring_digest.hpp"

#include <openssl/sha.h>

#include <algorithm>
#include <array>

#include "reload/data/records.hpp"
#include "reload/wire/codec.hpp"

namespace ringway::data {

namespace {

constexpr std::size_t k_slice_kinds = 64;  // read in one step
constexpr unsigned k_parts_log2 = 4;
static_assert(1U << k_parts_log2 == k_digest_parts);

// The bytes' number divided by the number of parts.
RingId part_of(const RingId& width) {
  RingId out;
  std::uint8_t carry = 0;
  for (std::size_t i = 0; i < out.bytes.size(); ++i) {
    out.bytes[i] = static_cast<std::uint8_t>(carry | (width.bytes[i] >> k_parts_log2));
    carry = static_cast<std::uint8_t>(width.bytes[i] << (8U - k_parts_log2));
  }
  return out;
}

// Spreads a generation over all bits, depending on the item: in a sum, one item's growth must not make up for
// another's loss.
std::uint64_t mixed(std::uint64_t generation, const RingId& version) {
  for (std::size_t i = 0; i < 8; ++i) generation ^= std::uint64_t{version.bytes[i]} << (8 * i);
  generation = (generation ^ (generation >> 30U)) * 0xBF58476D1CE4E5B9ULL;
  generation = (generation ^ (generation >> 27U)) * 0x94D049BB133111EBULL;
  return generation ^ (generation >> 31U);
}

}  // namespace

std::vector<Span> split(const Span& span) {
  const RingId width = ring_distance(span.after, span.up_to);
  // (x, x] is all 2^128 points, whose number does not fit.
  const RingId step = span.after == span.up_to
                          ? ring_power_of_two(static_cast<unsigned>(k_ring_bits) - k_parts_log2)
                          : part_of(width);
  std::vector<Span> parts;
  if (step == RingId{}) return parts;
  RingId after = span.after;
  for (std::size_t i = 1; i < k_digest_parts; ++i) {
    const RingId up_to = ring_add(after, step);
    parts.push_back({after, up_to});
    after = up_to;
  }
  parts.push_back({after, span.up_to});
  return parts;
}

Span span_of(const ResourceId& resource) { return {ring_subtract(resource, ring_power_of_two(0)), resource}; }

void RangeDigest::add(const RingId& version, std::uint64_t generation) {
  ++items;
  RingId word;
  const std::uint64_t spread = mixed(generation, version);
  for (std::size_t i = 0; i < 8; ++i)
    word.bytes[word.bytes.size() - 1 - i] = static_cast<std::uint8_t>(spread >> (8 * i));
  sum = ring_add(sum, ring_add(version, word));
}

void RangeDigest::add(const RangeDigest& part) {
  items += part.items;
  sum = ring_add(sum, part.sum);
}

RingId version_of(const KindAt& at, const Record& record) {
  const auto& stored = record.stored;
  wire::Writer out;
  out.raw(at.resource.view());
  out.u32(at.kind);
  out.opaque(4, item_key_of(stored.value));
  out.u64(stored.storage_time_ms);
  out.boolean(stored.value.data.exists);
  out.opaque(4, stored.value.data.value);
  out.opaque(4, stored.signature.identity_wire);
  out.opaque(4, stored.signature.value);
  std::array<std::uint8_t, SHA256_DIGEST_LENGTH> digest{};
  SHA256(out.bytes().data(), out.size(), digest.data());
  return ring_id_from(digest);
}

Outcome<> Unread::add(const Failure& failure) {
  if (!first_) first_ = failure;
  if (++count_ >= k_most_unread) return *first_;
  return Done{};
}

Outcome<> Unread::outcome() const {
  if (first_) return *first_;
  return Done{};
}

// ---- digests

DigestScan::DigestScan(const Span& span, bool keeps_kinds)
    : span_(span), keeps_kinds_(keeps_kinds), parts_(split(span)), scan_(span.after, span.up_to) {
  if (parts_.empty()) parts_.push_back(span);
  digests_.resize(parts_.size());
}

Outcome<> DigestScan::go_on(const ValueStore& store, const config::Configuration& configuration,
                            WallMs now_ms) {
  const auto kinds = scan_.next(store, k_slice_kinds);
  if (!kinds) return kinds.error();
  for (const KindAt& at : *kinds) {
    const auto state = store.load(at);
    if (!state) {
      if (Outcome<> goes_on = unread_.add(state.error()); !goes_on) return goes_on;
      continue;
    }
    if (state->damage) damaged_.push_back(at);
    // What could not be read may be the last copy, and is in no digest: it is not among those to be dropped.
    const bool is_read = !state->damage || !state->damage->more;
    if (is_read && keeps_kinds_ && kinds_.size() < k_most_kept_kinds) kinds_.push_back(at);
    while (part_ + 1 < parts_.size() && !in_half_open(at.resource, parts_[part_].after, parts_[part_].up_to))
      ++part_;
    for (const RecordPtr& record : state->records) {
      if (counts(*record, configuration, now_ms))
        digests_[part_].add(version_of(at, *record), state->generation_counter);
    }
  }
  return done() ? unread_.outcome() : Outcome<>{Done{}};
}

RangeDigest DigestScan::total() const {
  RangeDigest total;
  for (const RangeDigest& part : digests_) total.add(part);
  return total;
}

// ---- lists

std::size_t count_items(const Listing& listing) {
  std::size_t count = 0;
  for (const ListedKind& kind : listing) count += kind.items.size();
  return count;
}

ListScan::ListScan(const Span& span, std::optional<ListPosition> behind, std::size_t max_bytes)
    : behind_(std::move(behind)), max_bytes_(max_bytes) {
  // The position's resource again: it may have more items.
  const RingId after = behind_ ? ring_subtract(behind_->at.resource, ring_power_of_two(0)) : span.after;
  scan_ = RangeScan(after, span.up_to);
}

Outcome<> ListScan::go_on(const ValueStore& store, const config::Configuration& configuration,
                          WallMs now_ms) {
  const auto kinds = scan_.next(store, k_slice_kinds);
  if (!kinds) return kinds.error();
  for (const KindAt& at : *kinds) {
    if (full_) break;
    if (behind_ && at.resource == behind_->at.resource && at.kind < behind_->at.kind) continue;
    const auto state = store.load(at);
    if (!state) {
      if (Outcome<> goes_on = unread_.add(state.error()); !goes_on) return goes_on;
      continue;
    }
    if (state->damage) damaged_.push_back(at);
    add(at, *state, configuration, now_ms);
  }
  return done() ? unread_.outcome() : Outcome<>{Done{}};
}

void ListScan::add(const KindAt& at, const KindState& state, const config::Configuration& configuration,
                   WallMs now_ms) {
  ListedKind kind{at, state.generation_counter, {}};
  for (const RecordPtr& record : state.records) {
    if (!counts(*record, configuration, now_ms)) continue;
    ItemKey key = item_key_of(record->stored.value);
    if (behind_ && at == behind_->at && key <= behind_->item) continue;
    const std::size_t size_bytes =
        k_listed_item_bytes + key.size() + (kind.items.empty() ? k_listed_kind_bytes : 0);
    full_ = bytes_ > 0 && bytes_ + size_bytes > max_bytes_;
    if (full_) break;
    bytes_ += size_bytes;
    kind.items.push_back({std::move(key), record->stored.storage_time_ms, version_of(at, *record)});
  }
  if (!kind.items.empty()) listing_.push_back(std::move(kind));
}

}  // namespace ringway::data
