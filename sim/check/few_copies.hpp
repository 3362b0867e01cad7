// Values that were acknowledged where there were fewer peers than there should be copies: in a ring of one or
// two, or in such a part of one that has fallen apart. The overlay acknowledges them with the copies that can
// be (docs/api.md), so when every peer of that part fails they are gone. Nothing else excuses them: one peer
// of the part that is left has them; and once the ring has been whole for as long as copying takes, with
// enough peers, they are like all others.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "reload/ids.hpp"
#include "sim/check/ledger.hpp"

namespace ringway::sim {

class FewCopies {
 public:
  explicit FewCopies(std::int64_t repair_ms) : repair_ms_(repair_ms) {}

  void started(const NodeId& node, std::int64_t now_ms);
  void failed(const NodeId& node, bool disk_lost);
  // `part`: all living peers that its writer reaches, when those are fewer than there should be copies; else
  // none.
  void acknowledged(const std::string& key, const NodeId& writer, std::int64_t now_ms,
                    std::vector<NodeId> part);
  // Are all the living in one ring, with enough of them for all copies?
  void ring_is(bool whole, std::int64_t now_ms);
  bool empty() const { return values_.empty(); }
  // Marks in the ledger what has gone with everybody who had it.
  void apply(Ledger& ledger, std::int64_t now_ms) const;

 private:
  struct Value {
    std::int64_t acknowledged_ms = 0;
    std::vector<NodeId> part;
    std::optional<std::int64_t> whole_since_ms;
  };
  bool has_lost(const NodeId& node, const Value& value, std::int64_t now_ms) const;

  std::int64_t repair_ms_;
  std::map<std::pair<std::string, NodeId>, Value> values_;
  std::map<NodeId, bool> crashed_;             // and has it lost its disk?
  std::map<NodeId, std::int64_t> emptied_ms_;  // when it came back with nothing
};

}  // namespace ringway::sim
