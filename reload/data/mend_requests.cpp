#include "reload/data/mend_requests.hpp"

#include <algorithm>

namespace ringway::data {

namespace {

constexpr std::size_t k_most_untold_nodes = 64;
constexpr std::size_t k_most_untold_of_node = 16;
constexpr Duration k_untold_limit{15'000};
// What one node may have compared in each window, and how many nodes are counted; further ones wait for the
// next.
constexpr Duration k_window{10'000};
constexpr unsigned k_most_of_node = 16;
constexpr std::size_t k_most_nodes = 256;

}  // namespace

void MendRequests::ask(const Now& now, const AskToMend& wish, ReplicationOutputs& out) {
  if (wish.responsible == context_.self) {
    if (allows(now.mono, context_.self)) comparisons_.mend(wish.resource);
    return;
  }
  if (!untold_.contains(wish.responsible) && untold_.size() >= k_most_untold_nodes) return;
  if (channels_.refused(now.mono, wish.responsible)) return;
  Untold& untold = untold_[wish.responsible];
  if (untold.resources.size() >= k_most_untold_of_node) return;
  untold.resources.insert(wish.resource);
  untold.until = now.mono + k_untold_limit;
  channels_.want(now.mono, wish.responsible, out);
  if (channels_.stands(wish.responsible))
    ReplicaChannels::send(wish.responsible, encode(MendWanted{wish.resource}), out);
}

void MendRequests::channel_up(const NodeId& node, ReplicationOutputs& out) {
  const auto found = untold_.find(node);
  if (found == untold_.end()) return;
  for (const ResourceId& resource : found->second.resources)
    ReplicaChannels::send(node, encode(MendWanted{resource}), out);
}

bool MendRequests::allows(MonoTime now, const NodeId& node) {
  if (now - window_began_ >= k_window) {
    window_began_ = now;
    heard_of_.clear();
  }
  if (!heard_of_.contains(node) && heard_of_.size() >= k_most_nodes) return false;
  return ++heard_of_[node] <= k_most_of_node;
}

void MendRequests::heard(const Now& now, const NodeId& node, const MendWanted& wish,
                         ReplicationOutputs& out) {
  if (!context_.view->responsible_for(wish.resource) || !allows(now.mono, node)) {
    ++context_.statistics.mends_refused;
    return;
  }
  ++context_.statistics.mends_heard;
  comparisons_.mend(wish.resource);
  ReplicaChannels::send(node, encode(MendHeard{wish.resource}), out);
}

void MendRequests::heard(const NodeId& node, const MendHeard& answer, ReplicationOutputs& out) {
  const auto found = untold_.find(node);
  if (found == untold_.end()) return;
  found->second.resources.erase(answer.resource);
  if (found->second.resources.empty()) forget(node, out);
}

void MendRequests::forget(const NodeId& node, ReplicationOutputs& out) {
  untold_.erase(node);
  // Neighbours' channels are kept for comparisons.
  if (!context_.view->is_neighbor(node)) channels_.close(node, out);
}

void MendRequests::on_timer(MonoTime now, ReplicationOutputs& out) {
  for (auto at = untold_.begin(); at != untold_.end();) {
    const auto here = at++;
    if (here->second.until <= now) forget(NodeId{here->first}, out);
  }
}

std::optional<MonoTime> MendRequests::next_deadline() const {
  std::optional<MonoTime> next;
  for (const auto& [node, untold] : untold_) next = next ? std::min(*next, untold.until) : untold.until;
  return next;
}

TableSizes MendRequests::tables() const {
  std::size_t most = 0;
  for (const auto& [node, untold] : untold_) most = std::max(most, untold.resources.size());
  return {
      {"nodes to be told of differences", untold_.size(), k_most_untold_nodes},
      {"differences that a node is to be told of", most, k_most_untold_of_node},
      {"nodes that tell of differences", heard_of_.size(), k_most_nodes},
  };
}

}  // namespace ringway::data
