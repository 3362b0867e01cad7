#include "reload/routing/link_table.hpp"

#include <algorithm>

namespace ringway::routing {

LinkTable::Link& LinkTable::add(Link link) {
  by_node_[link.node].push_back(link.id);
  return links_[link.id] = std::move(link);
}

std::optional<LinkTable::Link> LinkTable::remove(LinkId id) {
  const auto found = links_.find(id);
  if (found == links_.end()) return std::nullopt;
  Link gone = std::move(found->second);
  links_.erase(found);
  auto& ids = by_node_[gone.node];
  std::erase(ids, id);
  if (ids.empty()) by_node_.erase(gone.node);
  return gone;
}

LinkTable::Link* LinkTable::find(LinkId id) {
  const auto found = links_.find(id);
  return found == links_.end() ? nullptr : &found->second;
}

std::vector<LinkTable::Link*> LinkTable::all_to(const NodeId& node) {
  std::vector<Link*> links;
  const auto found = by_node_.find(node);
  if (found != by_node_.end())
    for (const LinkId id : found->second) links.push_back(&links_[id]);
  return links;
}

LinkTable::Link* LinkTable::to(const NodeId& node) {
  const auto found = by_node_.find(node);
  if (found == by_node_.end()) return nullptr;
  Link* best = nullptr;
  const auto rank = [](const Link& link) { return (link.attached ? 2 : 0) + (link.suspected ? 0 : 1); };
  for (const LinkId id : found->second) {
    Link& link = links_[id];
    if (best == nullptr || rank(link) >= rank(*best)) best = &link;
  }
  return best;
}

bool LinkTable::attached_to(const NodeId& node) {
  const Link* link = to(node);
  return link != nullptr && link->attached;
}

}  // namespace ringway::routing
