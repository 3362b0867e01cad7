// The Connection Table (RFC 6940 §3): every link of this peer, by link and by the node at its other end. Flat
// tables: there are few links, they change seldom, and each message looks here.
#pragma once

#include <boost/container/flat_map.hpp>
#include <cstdint>
#include <optional>
#include <vector>

#include "reload/routing/messages.hpp"
#include "reload/routing/remote_address.hpp"

namespace ringway::routing {

class LinkTable {
 public:
  struct Link {
    LinkId id;
    NodeId node;
    RemoteAddress remote;
    bool incoming = false;  // we were the TLS server
    // Made by an Attach; else an access link of a node that bootstraps through us, or ours. See attach().
    bool attached = false;
    bool suspected = false;
    bool closing = false;  // has been told to
  };

  using Links = std::vector<Link>;  // by their numbers, which grow: the oldest first

  // Room for so many, when it is known beforehand.
  void reserve(std::size_t count);
  // What is referred to is good until the next add() or remove(). `certified`: the Node-IDs of the
  // certificate at the other end.
  Link& add(Link link, const std::vector<NodeId>& certified = {});
  void attach(Link& link);  // an Attach has come to it
  // The latest message of an access link that the other end has made, or when it came up: of these alone it
  // matters, and of all links they are few.
  void heard(const Link& link, MonoTime at);
  MonoTime heard_at(const Link& link) const;
  // The Node-IDs of that certificate besides link.node; hardly one has any.
  std::vector<NodeId> further_nodes(LinkId id) const;
  std::optional<Link> remove(LinkId id);
  Link* find(LinkId id);
  // The best link to this node: attached before not, healthy before suspected, newest first.
  Link* to(const NodeId& node);
  bool attached_to(const NodeId& node);
  std::vector<Link*> all_to(const NodeId& node);
  const Links& all() const { return links_; }
  Links& all() { return links_; }
  std::size_t size() const { return links_.size(); }

 private:
  using Places = std::vector<std::uint32_t>;
  void forget_heard(LinkId id);
  const Link& at(std::uint32_t place) const { return links_[place]; }
  Links::iterator first_from(LinkId id);  // the first of links_ that is not before this one
  // The first of by_node_ whose node, and link, are not before these.
  Places::iterator first_of(const NodeId& node, LinkId id = {});
  // Calls `see` with each link to that node, the oldest first.
  template <typename See>
  void for_each_to(const NodeId& node, See see) {
    for (auto place = first_of(node); place != by_node_.end() && at(*place).node == node; ++place)
      see(links_[*place]);
  }

  Links links_;
  Places by_node_;  // of links_, ordered by node and, for one node, by age
  boost::container::flat_map<LinkId, std::vector<NodeId>> further_nodes_;
  boost::container::flat_map<LinkId, MonoTime> heard_;
};

}  // namespace ringway::routing
