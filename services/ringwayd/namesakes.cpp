#include "services/ringwayd/namesakes.hpp"

#include <algorithm>
#include <utility>

namespace ringway::services {

bool Namesakes::take_turn(Time now) {
  if (now < next_look_) return false;
  next_look_ = now + k_between_looks;
  return true;
}

std::vector<EventLog::Event> Namesakes::observe(const std::vector<NodeId>& found) {
  std::vector<NodeId> present(found.begin(),
                              found.begin() + static_cast<std::ptrdiff_t>(std::min(found.size(), k_most)));
  {
    const std::scoped_lock lock(mutex_);
    present_ = std::move(present);
  }
  std::vector<EventLog::Event> events;
  for (const NodeId& node : found) {
    if (told_.contains(node)) continue;
    if (told_.size() < k_most) {
      told_.insert(node);
      events.push_back({"another node has this user name, too; nobody verifies names in this overlay",
                        {{"node", node.hex()}},
                        spdlog::level::warn});
    } else if (!std::exchange(told_of_more_, true)) {
      events.push_back({"still more nodes have this user name: they are not told of one by one any more",
                        {{"told_of", told_.size()}},
                        spdlog::level::warn});
    }
  }
  return events;
}

std::vector<NodeId> Namesakes::present() const {
  const std::scoped_lock lock(mutex_);
  return present_;
}

}  // namespace ringway::services
