#include "reload/routing/link_table.hpp"

#include <algorithm>
#include <tuple>

namespace ringway::routing {

void LinkTable::reserve(std::size_t count) {
  links_.reserve(count);
  by_node_.reserve(count);
}

LinkTable::Links::iterator LinkTable::first_from(LinkId id) {
  return std::lower_bound(links_.begin(), links_.end(), id,
                          [](const Link& link, LinkId wanted) { return link.id < wanted; });
}

LinkTable::Places::iterator LinkTable::first_of(const NodeId& node, LinkId id) {
  return std::lower_bound(by_node_.begin(), by_node_.end(), std::tie(node, id),
                          [this](std::uint32_t place, const auto& wanted) {
                            const Link& link = at(place);
                            return std::tie(link.node, link.id) < wanted;
                          });
}

LinkTable::Link& LinkTable::add(Link link, const std::vector<NodeId>& certified) {
  const NodeId node = link.node;
  const LinkId id = link.id;
  (void)remove(id);  // there is none: a link's number comes once
  if (certified.size() > 1) std::erase(further_nodes_[id] = certified, node);
  // One more, and no room for others: a link costs a handshake, and there is a table of them at each peer of
  // a simulation.
  if (links_.size() == links_.capacity()) reserve(links_.size() + 1);
  const auto added = links_.insert(first_from(id), std::move(link));
  const auto place = static_cast<std::uint32_t>(added - links_.begin());
  for (std::uint32_t& other : by_node_)
    if (other >= place) ++other;
  by_node_.insert(first_of(node, id), place);
  return *added;
}

std::optional<LinkTable::Link> LinkTable::remove(LinkId id) {
  const auto found = first_from(id);
  if (found == links_.end() || found->id != id) return std::nullopt;
  const auto place = static_cast<std::uint32_t>(found - links_.begin());
  by_node_.erase(first_of(found->node, id));
  further_nodes_.erase(id);
  forget_heard(id);
  Link gone = std::move(*found);
  links_.erase(found);
  for (std::uint32_t& other : by_node_)
    if (other > place) --other;
  return gone;
}

void LinkTable::attach(Link& link) {
  link.attached = true;
  forget_heard(link.id);
}

void LinkTable::heard(const Link& link, MonoTime at) {
  if (link.incoming && !link.attached) heard_[link.id] = at;
}

MonoTime LinkTable::heard_at(const Link& link) const {
  const auto found = heard_.find(link.id);
  return found == heard_.end() ? MonoTime{} : found->second;
}

void LinkTable::forget_heard(LinkId id) {
  if (heard_.erase(id) > 0 && heard_.empty()) heard_.shrink_to_fit();  // as at most peers
}

std::vector<NodeId> LinkTable::further_nodes(LinkId id) const {
  const auto found = further_nodes_.find(id);
  return found == further_nodes_.end() ? std::vector<NodeId>{} : found->second;
}

LinkTable::Link* LinkTable::find(LinkId id) {
  const auto found = first_from(id);
  return found == links_.end() || found->id != id ? nullptr : &*found;
}

std::vector<LinkTable::Link*> LinkTable::all_to(const NodeId& node) {
  std::vector<Link*> links;
  for_each_to(node, [&](Link& link) { links.push_back(&link); });
  return links;
}

LinkTable::Link* LinkTable::to(const NodeId& node) {
  Link* best = nullptr;
  const auto rank = [](const Link& link) { return (link.attached ? 2 : 0) + (link.suspected ? 0 : 1); };
  for_each_to(node, [&](Link& link) {
    if (best == nullptr || rank(link) >= rank(*best)) best = &link;
  });
  return best;
}

bool LinkTable::attached_to(const NodeId& node) {
  const Link* link = to(node);
  return link != nullptr && link->attached;
}

}  // namespace ringway::routing
