// Who watches what this peer is responsible for: the subscriptions that are stored there
// (docs/extensions.md), as an index in memory. A subscription is a value like any other, so it moves and is
// copied with what it is about; this is only how it is found without reading the store for each Store that
// comes.
#pragma once

#include <functional>
#include <map>
#include <unordered_map>
#include <vector>

#include "reload/config/configuration.hpp"
#include "reload/data/value_store.hpp"
#include "reload/ids.hpp"
#include "reload/time.hpp"

namespace ringway::data {

inline constexpr std::uint32_t k_subscription_lifetime_s = 600;
inline constexpr std::uint8_t k_subscription_version = 1;
inline constexpr std::size_t k_max_watched_resources = 65536;
inline constexpr std::size_t k_max_subscriptions_of_node = 1024;  // at one responsible peer

// The value of a subscription: what the responsible peer is to do is all in the version.
inline Bytes subscription_value() { return {k_subscription_version}; }

class Subscriptions {
 public:
  struct Watcher {
    NodeId node;
    WallMs until_ms = 0;
  };
  using Watchers = std::vector<Watcher>;

  // What is stored there now. Returns those who were not known before.
  std::vector<NodeId> set(const ResourceId& resource, const KindState& state,
                          const config::Configuration& configuration, WallMs now_ms);
  // Forgets resources that are somebody else's by now.
  void keep_only(const std::function<bool(const ResourceId&)>& wanted);
  void expire(WallMs now_ms);

  bool watched(const ResourceId& resource) const { return resources_.contains(resource); }
  const Watchers& at(const ResourceId& resource) const;
  bool has(const ResourceId& resource, const NodeId& node) const;
  bool any_of(const NodeId& node) const { return counts_.contains(node); }
  // Room for one more of that node; what it has there already may be refreshed in any case.
  bool admits(const ResourceId& resource, const NodeId& node) const;
  std::size_t resources() const { return resources_.size(); }
  std::size_t most_of_one_node() const;

 private:
  void count(const Watchers& watchers, int by);

  std::unordered_map<ResourceId, Watchers> resources_;
  std::map<NodeId, std::size_t> counts_;
};

}  // namespace ringway::data
