// Who holds what in a ring, by one peer's view of it (RFC 6940 §7.4.1.1, §10.4).
#pragma once

#include <vector>

#include "reload/data/ring_digest.hpp"
#include "reload/ids.hpp"
#include "reload/topology/ring_view.hpp"

namespace ringway::data {

// May `sender` store copies of that resource here? This peer must expect to hold it, and the sender must be
// the responsible peer or a member of the replica set, or nearer than one (STORE-05, STORE-10); or the peer
// that is admitting us (AMB-18). A peer that leaves may send its own
// range to the one that comes into the set then. At the responsible peer itself also a peer that may have
// been a member earlier, or in another partition, and has to hand over what it holds (RFC 6940 §6.4.2.3): one
// not far beyond the set.
bool may_store_copies(const topology::RingView& view, const ResourceId& resource, const NodeId& sender);

// A copy of what this peer will hold when the sender has left; and that peer's own range, which is known when
// there is such a peer.
bool is_parting(const topology::RingView& view, const ResourceId& resource, const NodeId& sender);
Span parting_range(const topology::RingView& view);

// The responsible peer and its replicas, nearest first, as far as this view shows them; empty when this peer
// has no place among them.
std::vector<NodeId> holders_of(const topology::RingView& view, const ResourceId& resource);

}  // namespace ringway::data
