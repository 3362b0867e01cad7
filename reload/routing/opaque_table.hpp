// Compressed via lists (RFC 6940 §6.3.2.2, §6.1.3): a two-byte opaque ID stands for a list that this node
// keeps. An ID is a slot and the slot's generation; a stale generation finds nothing (ROUTE-14).
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "reload/random.hpp"
#include "reload/time.hpp"
#include "reload/wire/destination.hpp"

namespace ringway::routing {

class OpaqueTable {
 public:
  static constexpr std::size_t k_slots = 1024;  // 10 bits; the 5 bits above count generations
  static constexpr Duration k_kept{15'000};     // the longest life of a request (RFC 6940 §6.1.2)

  // `random` outlives it.
  explicit OpaqueTable(Random& random) : random_(random) {}
  // Nothing when every slot is still needed: then the list travels in full.
  std::optional<wire::CompressedDestination> keep(MonoTime now, wire::DestinationList list);
  std::optional<wire::DestinationList> find(MonoTime now, const wire::CompressedDestination& id) const;

 private:
  void make_slots();
  struct Slot {
    std::uint16_t generation = 0;
    std::optional<MonoTime> until;
    wire::DestinationList list;
  };
  Random& random_;
  std::vector<Slot>
      slots_;  // none before the first list: most peers never shorten one, and this takes 48 KiB
  std::size_t next_ = 0;
};

}  // namespace ringway::routing
