#include "reload/data/value_store.hpp"

#include <algorithm>

namespace ringway::data {

// Rounded down: a copy never outlives the original, however often it is passed on (RFC 6940 §7, STORE-19).
std::uint32_t Record::remaining_s(WallMs now_ms) const {
  if (now_ms <= received_ms) return stored.lifetime_s;  // the clock was set back
  const WallMs elapsed_ms = now_ms - received_ms;
  const WallMs lifetime_ms = WallMs{stored.lifetime_s} * 1000;
  if (elapsed_ms >= lifetime_ms) return 0;
  return static_cast<std::uint32_t>((lifetime_ms - elapsed_ms) / 1000);
}

bool KindState::hides(BytesView item) const {
  if (!damage) return false;
  const auto is_item = [&](const ItemKey& one) { return equal(one, item); };
  if (std::any_of(damage->items.begin(), damage->items.end(), is_item)) return true;
  return damage->more && std::none_of(records.begin(), records.end(), [&](const RecordPtr& record) {
           return equal(item_key_of(record->stored.value), item);
         });
}

ItemKey item_key_of(const wire::StoredDataValue& value) {
  switch (value.model) {
    case wire::DataModel::array:
      return {static_cast<std::uint8_t>(value.index >> 24), static_cast<std::uint8_t>(value.index >> 16),
              static_cast<std::uint8_t>(value.index >> 8), static_cast<std::uint8_t>(value.index)};
    case wire::DataModel::dictionary:
      return copy_of(value.key);
    case wire::DataModel::single:
      break;
  }
  return {};
}

}  // namespace ringway::data
