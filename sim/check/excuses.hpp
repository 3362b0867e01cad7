// Which values may be lost. The overlay promises to keep what it has acknowledged while fewer peers of a
// replica set fail at once than there are: 1 + replicas. "At once" means before the copies could be made
// again, so failures are remembered for as long as that takes, and so are peers that have just started, which
// hold nothing yet.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "reload/ids.hpp"
#include "sim/check/ledger.hpp"

namespace ringway::sim {

// The hold-down of RFC 6940 §10.7.1 (30 s), noticing the failure before it, and copying after it.
inline constexpr std::int64_t k_repair_takes_ms = 90'000;

class Excuses {
 public:
  explicit Excuses(std::int64_t repair_ms = k_repair_takes_ms) : repair_ms_(repair_ms) {}

  void started(const NodeId& node, std::int64_t now_ms);
  void failed(const NodeId& node, std::int64_t now_ms, bool disk_lost);
  // All the living are in one ring: who is back gets copies of what is written from now on.
  void ring_is_one(std::int64_t now_ms);
  // Marks in the ledger what may be gone. `ring` are the living in the order of their Node-IDs; in a
  // partition this is asked for each side.
  void apply(Ledger& ledger, const std::vector<NodeId>& ring, std::size_t replicas, std::int64_t now_ms);

 private:
  struct Absence {
    std::int64_t from_ms = 0;
    std::optional<std::int64_t> until_ms;  // it was in the ring again
    bool disk_lost = false;                // what was acknowledged before is not there either
    bool back = false;
  };
  struct Member {
    NodeId node;
    bool living = false;
    bool fresh = false;
  };
  std::vector<Member> members(const std::vector<NodeId>& ring) const;
  bool all_failed(const std::vector<Member>& members, const RingId& point, std::size_t copies,
                  bool with_fresh, const LedgerEntry& entry) const;
  bool has_failed(const Member& member, const LedgerEntry& entry) const;
  void forget_before(std::int64_t now_ms);

  std::int64_t repair_ms_;
  std::map<NodeId, std::vector<Absence>> absences_;
  std::map<NodeId, std::int64_t> starts_ms_;
};

}  // namespace ringway::sim
