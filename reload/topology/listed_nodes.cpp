#include "reload/topology/listed_nodes.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

namespace ringway::topology {

ListedNodes::Lists::const_iterator ListedNodes::find(const NodeId& teller) const {
  const auto found = std::lower_bound(
      lists_.begin(), lists_.end(), teller,
      [this](const List& list, const NodeId& wanted) { return nodes_[list.teller] < wanted; });
  return found != lists_.end() && nodes_[found->teller] == teller ? found : lists_.end();
}

bool ListedNodes::contains(const NodeId& teller) const { return find(teller) != lists_.end(); }

std::vector<NodeId> ListedNodes::of(const NodeId& teller) const {
  std::vector<NodeId> nodes;
  const auto found = find(teller);
  if (found == lists_.end()) return nodes;
  for (std::size_t i = found == lists_.begin() ? 0 : std::prev(found)->end; i < found->end; ++i)
    nodes.push_back(nodes_[places_[i]]);
  return nodes;
}

std::vector<NodeId> ListedNodes::tellers() const {
  std::vector<NodeId> all;
  for (const List& list : lists_) all.push_back(nodes_[list.teller]);
  return all;
}

std::size_t ListedNodes::set(const NodeId& teller, std::vector<NodeId> nodes) {
  const bool known = contains(teller);
  const std::vector<NodeId> before = of(teller);
  if (known && nodes == before) return 0;  // as most Updates, in a ring at rest all
  const std::size_t others = listings() - (known ? 1 + before.size() : 0);
  if (others == k_max_listings) return 1 + nodes.size();
  const std::size_t room = k_max_listings - others - 1;
  const std::size_t left_out = nodes.size() - std::min(nodes.size(), room);
  nodes.resize(nodes.size() - left_out);
  remake(teller, &nodes);
  return left_out;
}

void ListedNodes::erase(const NodeId& teller) {
  if (contains(teller)) remake(teller, nullptr);
}

void ListedNodes::remake(const NodeId& teller, const std::vector<NodeId>* nodes) {
  std::map<NodeId, std::vector<NodeId>> all;
  for (const List& list : lists_) all[nodes_[list.teller]];  // for_each() does not come to empty ones
  for_each([&](const NodeId& who, const NodeId& node) { all[who].push_back(node); });
  all.erase(teller);
  if (nodes != nullptr) all[teller] = *nodes;

  std::vector<NodeId> each;
  for (const auto& [who, listed] : all) {
    each.push_back(who);
    each.insert(each.end(), listed.begin(), listed.end());
  }
  const std::size_t count = each.size();
  std::sort(each.begin(), each.end());
  each.erase(std::unique(each.begin(), each.end()), each.end());

  ListedNodes next;
  next.nodes_.assign(each.begin(), each.end());
  next.lists_.reserve(all.size());
  next.places_.reserve(count - all.size());
  const auto place_of = [&next](const NodeId& node) {
    const auto found = std::lower_bound(next.nodes_.begin(), next.nodes_.end(), node);
    return static_cast<Place>(found - next.nodes_.begin());
  };
  for (const auto& [who, listed] : all) {
    for (const NodeId& node : listed) next.places_.push_back(place_of(node));
    next.lists_.push_back({place_of(who), static_cast<std::uint16_t>(next.places_.size())});
  }
  *this = std::move(next);
}

}  // namespace ringway::topology
