// What a checker of a simulation reports: a law of the overlay that was broken, when, and by whom.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sim/network.hpp"

namespace ringway::sim {

enum class Law : std::uint8_t {
  one_ring,           // once quiet, every peer knows its true neighbours
  one_responsible,    // and every key has exactly one responsible peer
  value_kept,         // no acknowledged value is lost while fewer neighbours fail at once than hold copies
  value_fresh,        // no read in a quiet ring returns something older than an acknowledged write
  value_genuine,      // no read ever returns what nobody has written
  one_swap,           // no two writes that depend on a generation are acknowledged with the same one
  damage_mended,      // what a disk has lost comes back from other peers
  subscription_kept,  // in a quiet ring every watcher knows what was acknowledged last
  watched_in_order,   // what a watcher is told without a mark is one change, and takes nothing back
  tables_bounded,     // every table of a peer stays within its bound
  few_hops,           // a lookup takes a short way
  few_messages,       // and few messages
  little_upkeep,      // and so does maintenance
  calls_answered,     // what is asked of a peer is answered
  enough_success,     // the share that the scenario expects
  playable,           // none of the overlay: the scenario asks for what cannot be done
};
std::string_view name_of(Law law);

struct Violation {
  Law law = Law::one_ring;
  std::int64_t time_ms = 0;  // virtual
  std::optional<PeerNumber> peer;
  std::size_t line = 0;  // of the scenario
  std::string what;
};

}  // namespace ringway::sim
