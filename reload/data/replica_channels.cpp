#include "reload/data/replica_channels.hpp"

#include <algorithm>

namespace ringway::data {

namespace {

// Being made, or made by others. What others make must not keep this peer from making its own.
constexpr std::size_t k_most_channels = 256;
constexpr std::size_t k_most_standing = 2 * k_most_channels;
constexpr Duration k_patience{10'000};
constexpr Duration k_not_again_before{60'000};

}  // namespace

void ReplicaChannels::want(MonoTime now, const NodeId& node, ReplicationOutputs& out) {
  if (stands(node) || awaited_.contains(node) || refused(now, node)) return;
  if (awaited_.size() >= k_most_channels || standing_.size() + awaited_.size() >= k_most_standing) return;
  awaited_.emplace(node, now + k_patience);
  out.emplace_back(routing::OpenChannel{routing::Application::replication, node});
}

bool ReplicaChannels::refused(MonoTime now, const NodeId& node) const {
  const auto found = refused_until_.find(node);
  return found != refused_until_.end() && found->second > now;
}

void ReplicaChannels::send(const NodeId& node, Bytes message, ReplicationOutputs& out) {
  out.emplace_back(
      routing::SendOnChannel{routing::Application::replication, node, SharedBytes{std::move(message)}});
}

void ReplicaChannels::close(const NodeId& node, ReplicationOutputs& out) {
  if (standing_.erase(node) + awaited_.erase(node) == 0) return;
  out.emplace_back(routing::CloseChannel{routing::Application::replication, node});
}

bool ReplicaChannels::up(const NodeId& node, ReplicationOutputs& out) {
  const bool asked_for = awaited_.erase(node) > 0;
  if (!asked_for && !stands(node) && standing_.size() >= k_most_channels) {
    out.emplace_back(routing::CloseChannel{routing::Application::replication, node});
    return false;
  }
  standing_.insert(node);
  refused_until_.erase(node);
  return true;
}

// One that has stood may be had again; one that could not be made is the other end's refusal.
void ReplicaChannels::down(MonoTime now, const NodeId& node) {
  standing_.erase(node);
  if (awaited_.erase(node) == 0) return;
  std::erase_if(refused_until_, [&](const auto& one) { return one.second <= now; });
  if (refused_until_.size() >= k_most_channels) refused_until_.clear();
  refused_until_[node] = now + k_not_again_before;
}

void ReplicaChannels::close_strangers(const topology::RingView& view, ReplicationOutputs& out) {
  std::vector<NodeId> strangers;
  for (const NodeId& node : standing_) {
    if (!view.is_neighbor(node)) strangers.push_back(node);
  }
  for (const NodeId& node : strangers) close(node, out);
}

std::vector<NodeId> ReplicaChannels::overdue(MonoTime now, ReplicationOutputs& out) {
  std::vector<NodeId> late;
  for (const auto& [node, until] : awaited_) {
    if (until <= now) late.push_back(node);
  }
  for (const NodeId& node : late) {
    out.emplace_back(routing::CloseChannel{routing::Application::replication, node});
    down(now, node);
  }
  return late;
}

std::optional<MonoTime> ReplicaChannels::next_deadline() const {
  std::optional<MonoTime> next;
  for (const auto& [node, until] : awaited_) next = next ? std::min(*next, until) : until;
  return next;
}

TableSizes ReplicaChannels::tables() const {
  return {
      {"channels of replication", standing_.size(), k_most_standing},
      {"channels of replication that are awaited", awaited_.size(), k_most_channels},
      {"channels of replication that were refused", refused_until_.size(), k_most_channels},
  };
}

}  // namespace ringway::data
