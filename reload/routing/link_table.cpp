#include "reload/routing/link_table.hpp"

#include <algorithm>
#include <tuple>

namespace ringway::routing {

namespace {

// Few at a time: half of a table that doubles is empty on average, and there is one at each peer of a
// simulation.
constexpr std::size_t k_grows_by = 8;

}  // namespace

LinkTable::Places::iterator LinkTable::first_of(const NodeId& node, LinkId id) {
  return std::lower_bound(by_node_.begin(), by_node_.end(), std::tie(node, id),
                          [this](std::uint32_t place, const auto& wanted) {
                            const Link& link = at(place);
                            return std::tie(link.node, link.id) < wanted;
                          });
}

LinkTable::Link& LinkTable::add(Link link) {
  if (links_.size() == links_.capacity()) {
    links_.reserve(links_.size() + k_grows_by);
    by_node_.reserve(links_.size() + k_grows_by);
  }
  const NodeId node = link.node;
  const LinkId id = link.id;
  (void)remove(id);  // there is none: a link's number comes once
  const auto added = links_.insert_or_assign(id, std::move(link)).first;
  const auto place = static_cast<std::uint32_t>(added - links_.begin());
  for (std::uint32_t& other : by_node_)
    if (other >= place) ++other;
  by_node_.insert(first_of(node, id), place);
  return added->second;
}

std::optional<LinkTable::Link> LinkTable::remove(LinkId id) {
  const auto found = links_.find(id);
  if (found == links_.end()) return std::nullopt;
  const auto place = static_cast<std::uint32_t>(found - links_.begin());
  by_node_.erase(first_of(found->second.node, id));
  Link gone = std::move(found->second);
  links_.erase(found);
  for (std::uint32_t& other : by_node_)
    if (other > place) --other;
  return gone;
}

LinkTable::Link* LinkTable::find(LinkId id) {
  const auto found = links_.find(id);
  return found == links_.end() ? nullptr : &found->second;
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
