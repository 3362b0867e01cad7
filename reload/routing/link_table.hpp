// The Connection Table (RFC 6940 §3): every link of this peer, by link and by the node at its other end.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

#include "reload/routing/messages.hpp"

namespace ringway::routing {

class LinkTable {
 public:
  struct Link {
    LinkId id;
    NodeId node;
    security::CertificatePtr certificate;
    wire::IpAddressPort remote;
    bool incoming = false;  // we were the TLS server
    bool attached =
        false;  // made by an Attach; else an access link of a node that bootstraps through us, or ours
    bool suspected = false;
    bool closing = false;  // has been told to
    MonoTime heard_at;     // the latest message, or when it came up
  };

  Link& add(Link link);
  std::optional<Link> remove(LinkId id);
  Link* find(LinkId id);
  // The best link to this node: attached before not, healthy before suspected, newest first.
  Link* to(const NodeId& node);
  bool attached_to(const NodeId& node);
  std::vector<Link*> all_to(const NodeId& node);
  const std::map<LinkId, Link>& all() const { return links_; }
  std::map<LinkId, Link>& all() { return links_; }
  std::size_t size() const { return links_.size(); }

 private:
  std::map<LinkId, Link> links_;
  std::unordered_map<NodeId, std::vector<LinkId>> by_node_;
};

}  // namespace ringway::routing
