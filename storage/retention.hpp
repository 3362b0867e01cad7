// How long a store keeps what it keeps; the same for every store. data/ alone decides what has expired and is
// no longer shown: a store only reclaims what data/ would not show any more.
#pragma once

#include <algorithm>
#include <limits>

#include "reload/data/value_store.hpp"
#include "reload/time.hpp"

namespace ringway::storage {

// A generation counter outlives the last record of its Kind by this much. Afterwards it may start over, as it
// does at a peer that never stored the Kind (RFC 6940 §7.4.1.1): without a record that counts it is handed
// over to nobody, since no signature would stand beside it (docs/api.md says what callers have to know).
inline constexpr WallMs k_generation_retention_ms = 24ULL * 3600 * 1000;

// The generation counter of one Kind at one resource, and when it may be forgotten.
struct GenerationEntry {
  std::uint64_t counter = 0;
  WallMs keep_until_ms = 0;
  bool operator==(const GenerationEntry&) const = default;

  bool reclaimable_at(WallMs now_ms) const { return now_ms > keep_until_ms; }
  void keep_for(const data::Record& record) {
    keep_until_ms = std::max(keep_until_ms, record.expires_ms() + k_generation_retention_ms);
  }
  void keep_from(WallMs now_ms) {
    keep_until_ms = std::max(keep_until_ms, now_ms + k_generation_retention_ms);
  }
};

// The first moment at which Record::alive_at is false for good.
inline WallMs dead_from_ms(const data::Record& record) {
  const WallMs not_after_ms = record.signer_not_after_ms;
  const WallMs invalid_from_ms =
      not_after_ms == std::numeric_limits<WallMs>::max() ? not_after_ms : not_after_ms + 1;
  return std::min(record.expires_ms(), invalid_from_ms);
}

}  // namespace ringway::storage
