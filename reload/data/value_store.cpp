#include "reload/data/value_store.hpp"

#include <algorithm>

namespace ringway::data {

std::uint32_t Record::remaining_s(WallMs now_ms) const {
  const WallMs end_ms = expires_ms();
  if (end_ms <= now_ms) return 0;
  return static_cast<std::uint32_t>(std::min<WallMs>((end_ms - now_ms) / 1000, stored.lifetime_s));
}

ItemKey item_key_of(const wire::StoredDataValue& value) {
  switch (value.model) {
    case wire::DataModel::single: return {};
    case wire::DataModel::array: {
      wire::Writer index;
      index.u32(value.index);
      return index.take();
    }
    case wire::DataModel::dictionary: return copy_of(value.key);
  }
  return {};
}

}  // namespace ringway::data
