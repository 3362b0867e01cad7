#include "sim/check/watch_order.hpp"

#include <map>

#include "sim/check/ledger.hpp"

namespace ringway::sim {

std::optional<std::string> order_fault(const std::string& key, const std::vector<data::Entry>& known,
                                       const std::vector<data::Entry>& told) {
  std::map<NodeId, std::uint64_t> before;
  for (const data::Entry& entry : known) before[entry.writer_node] = Ledger::attempt_of(key, entry.value);
  std::size_t changed = 0;
  for (const data::Entry& entry : told) {
    const std::uint64_t attempt = Ledger::attempt_of(key, entry.value);
    const auto was = before.find(entry.writer_node);
    if (was != before.end() && attempt < was->second)
      return "was told write " + std::to_string(attempt) + " after write " + std::to_string(was->second);
    if (was == before.end() || attempt != was->second) ++changed;
  }
  if (changed > 1) return "was told " + std::to_string(changed) + " changes as if they were one";
  return std::nullopt;
}

}  // namespace ringway::sim
