#include "reload/data/subscriptions.hpp"

#include <algorithm>

#include "reload/data/records.hpp"

namespace ringway::data {

namespace {

bool names(const Subscriptions::Watchers& watchers, const NodeId& node) {
  return std::any_of(watchers.begin(), watchers.end(), [&](const auto& one) { return one.node == node; });
}

// Another version may want another thing: it is kept for whoever knows it, and not served.
bool is_understood(const Record& record) {
  const BytesView value = record.stored.value.data.value;
  return record.stored.value.data.exists && value.size() == 1 && value[0] == k_subscription_version;
}

}  // namespace

std::vector<NodeId> Subscriptions::set(const ResourceId& resource, const KindState& state,
                                       const config::Configuration& configuration, WallMs now_ms) {
  Watchers watchers;
  // Who has come to be responsible has copies of more, perhaps: of one node only so many are served.
  const auto has_room = [&](const NodeId& node) {
    const auto count = counts_.find(node);
    return count == counts_.end() || count->second < k_max_subscriptions_of_node || has(resource, node);
  };
  for (const RecordPtr& record : state.records) {
    if (counts(*record, configuration, now_ms) && is_understood(*record) && has_room(record->signer_node))
      watchers.push_back({record->signer_node, record->expires_ms()});
  }
  std::vector<NodeId> added;
  const auto found = resources_.find(resource);
  for (const Watcher& one : watchers)
    if (found == resources_.end() || !names(found->second, one.node)) added.push_back(one.node);
  if (found != resources_.end()) {
    count(found->second, -1);
    resources_.erase(found);
  }
  if (watchers.empty() || resources_.size() >= k_max_watched_resources) return {};
  count(watchers, 1);
  resources_.emplace(resource, std::move(watchers));
  return added;
}

void Subscriptions::keep_only(const std::function<bool(const ResourceId&)>& wanted) {
  for (auto at = resources_.begin(); at != resources_.end();) {
    if (wanted(at->first)) {
      ++at;
      continue;
    }
    count(at->second, -1);
    at = resources_.erase(at);
  }
}

void Subscriptions::expire(WallMs now_ms) {
  for (auto at = resources_.begin(); at != resources_.end();) {
    Watchers& watchers = at->second;
    count(watchers, -1);
    std::erase_if(watchers, [now_ms](const Watcher& one) { return one.until_ms <= now_ms; });
    count(watchers, 1);
    at = watchers.empty() ? resources_.erase(at) : std::next(at);
  }
}

const Subscriptions::Watchers& Subscriptions::at(const ResourceId& resource) const {
  static const Watchers k_nobody;
  const auto found = resources_.find(resource);
  return found == resources_.end() ? k_nobody : found->second;
}

bool Subscriptions::has(const ResourceId& resource, const NodeId& node) const {
  return names(at(resource), node);
}

bool Subscriptions::admits(const ResourceId& resource, const NodeId& node) const {
  if (has(resource, node)) return true;
  const auto found = counts_.find(node);
  if (found != counts_.end() && found->second >= k_max_subscriptions_of_node) return false;
  return watched(resource) || resources_.size() < k_max_watched_resources;
}

void Subscriptions::count(const Watchers& watchers, int by) {
  for (const Watcher& one : watchers) {
    std::size_t& number = counts_[one.node];
    number += static_cast<std::size_t>(by);
    if (number == 0) counts_.erase(one.node);
  }
}

std::size_t Subscriptions::most_of_one_node() const {
  std::size_t most = 0;
  for (const auto& [node, count] : counts_) most = std::max(most, count);
  return most;
}

}  // namespace ringway::data
