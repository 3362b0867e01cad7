#include "reload/routing/opaque_table.hpp"

namespace ringway::routing {
namespace {
constexpr std::uint16_t k_first_bit = 0x8000;
constexpr std::uint16_t k_generation_mask = 0x1F;
constexpr unsigned k_slot_bits = 10;
}  // namespace

void OpaqueTable::make_slots() {
  slots_.resize(k_slots);
  for (Slot& slot : slots_) slot.generation = static_cast<std::uint16_t>(random_.next() & k_generation_mask);
  next_ = random_.below(k_slots);
}

std::optional<wire::CompressedDestination> OpaqueTable::keep(MonoTime now, wire::DestinationList list) {
  if (slots_.empty()) make_slots();
  Slot& slot = slots_[next_];  // slots rotate, so the next one is the oldest
  if (slot.until && now < *slot.until) return std::nullopt;
  slot.generation = static_cast<std::uint16_t>((slot.generation + 1) & k_generation_mask);
  slot.until = now + k_kept;
  slot.list = std::move(list);
  const auto id =
      static_cast<std::uint16_t>(k_first_bit | (unsigned{slot.generation} << k_slot_bits) | next_);
  next_ = (next_ + 1) % k_slots;
  return wire::CompressedDestination{id};
}

std::optional<wire::DestinationList> OpaqueTable::find(MonoTime now,
                                                       const wire::CompressedDestination& id) const {
  if (slots_.empty()) return std::nullopt;
  const Slot& slot = slots_[id.id & (k_slots - 1)];
  const auto generation = static_cast<std::uint16_t>((id.id >> k_slot_bits) & k_generation_mask);
  if (!slot.until || *slot.until <= now || slot.generation != generation) return std::nullopt;
  return slot.list;
}

}  // namespace ringway::routing
