// Rings that are there at once (Simulation::build_ring), and what is asked of rings of any size: lookups.
#include <algorithm>
#include <stdexcept>
#include <utility>

#include "reload/topology/peer_table.hpp"
#include "sim/simulation.hpp"

namespace ringway::sim {

namespace {

using Ring = std::vector<std::pair<NodeId, PeerNumber>>;  // by Node-ID

// Where in the ring the peer is that answers for this point.
std::size_t owner_of(const Ring& ring, const RingId& point) {
  const auto found = std::lower_bound(ring.begin(), ring.end(), point, [](const auto& one, const RingId& id) {
    return static_cast<const RingId&>(one.first) < id;
  });
  return found == ring.end() ? 0 : static_cast<std::size_t>(found - ring.begin());
}

// Whom the peer at this place has attached to when it has joined: its next neighbours, and for each finger
// beyond them whoever answers for the finger's first point (RFC 6940 §10.7.4.3). Its predecessors have
// attached to it.
std::vector<std::size_t> attached_by(const Ring& ring, std::size_t at, std::size_t replicas) {
  std::vector<std::size_t> others;
  const std::size_t neighbors = std::min(topology::neighbors_per_side(replicas), ring.size() - 1);
  for (std::size_t step = 1; step <= neighbors; ++step) others.push_back((at + step) % ring.size());
  if (neighbors == 0) return others;
  const NodeId& self = ring[at].first;
  const RingId reach = ring_distance(self, ring[others.back()].first);
  for (unsigned finger = 1; finger <= k_ring_bits; ++finger) {
    const RingId start = topology::finger_start(self, finger);
    if (ring_distance(self, start) <= reach) break;
    const std::size_t owner = owner_of(ring, start);
    if (owner != at) others.push_back(owner);
  }
  return others;
}

}  // namespace

void Simulation::build_ring(std::size_t count) {
  if (!peers_.empty()) throw std::logic_error("a ring is built before there are other peers");
  Ring ring;
  ring.reserve(count);
  peers_.reserve(count);
  world_.processes.reserve(count);
  network_.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    const PeerNumber peer = add_peer();
    ring.emplace_back(identities_[peer].signer->node_id(), peer);
  }
  std::sort(ring.begin(), ring.end());
  link_up(ring);
  for (PeerNumber peer = 0; peer < count; ++peer) {
    std::vector<routing::StandingLink> links;
    for (const auto& end : network_.links_of(peer))
      links.push_back(
          {end.id, identities_[end.other].signer->certificate(), address_of(end.other), end.accepted});
    // The first one is where a peer that has lost everyone looks for the ring.
    peers_[peer] = make_process(peer, peer == 0, peer == 0 ? std::nullopt : std::optional<PeerNumber>{0});
    peers_[peer]->start_joined(links);
  }
}

void Simulation::link_up(const Ring& ring) {
  std::vector<std::pair<std::uint32_t, std::uint32_t>> pairs;
  for (std::size_t at = 0; at < ring.size(); ++at) {
    const auto self = static_cast<std::uint32_t>(ring[at].second);
    for (const std::size_t other : attached_by(ring, at, configuration_->replicas)) {
      const auto peer = static_cast<std::uint32_t>(ring[other].second);
      pairs.emplace_back(std::min(self, peer), std::max(self, peer));
    }
  }
  std::sort(pairs.begin(), pairs.end());
  pairs.erase(std::unique(pairs.begin(), pairs.end()), pairs.end());
  for (const auto& [a, b] : pairs) network_.stand(a, b);
}

// ---- lookups ----------------------------------------------------------------------------------------------

void Simulation::lookup(PeerNumber peer, const RingId& point, std::function<void(const Lookup&)> done) {
  routing::SendRequest ping;
  ping.destination = {wire::to_resource(point)};
  ping.code = wire::MessageCode::ping_req;
  ping.body = SharedBytes(wire::encode(wire::PingReq{}));
  const std::int64_t asked_us = clock_.now_us();
  const auto finished = [this, peer, asked_us, done = std::move(done)](const routing::RequestDone& answer) {
    Lookup lookup;
    lookup.took_us = clock_.now_us() - asked_us;
    const auto* message = std::get_if<std::shared_ptr<const security::InspectedMessage>>(&answer.outcome);
    if (message != nullptr) {
      lookup.answered = true;
      lookup.by = (*message)->signer_node;
      // The answer comes back the way that the request went; each peer on it takes one off the ttl.
      const unsigned passed_on = unsigned{configuration_->initial_ttl} - (*message)->message.header.ttl;
      lookup.hops = lookup.by == peers_.at(peer)->node_id() ? 0 : passed_on + 1;
    }
    done(lookup);
  };
  peers_.at(peer)->request(std::move(ping), finished);
}

Simulation::Lookup Simulation::lookup(PeerNumber peer, const RingId& point, Duration limit) {
  auto answered = std::make_shared<std::optional<Lookup>>();
  lookup(peer, point, [answered](const Lookup& found) { *answered = found; });
  run_until([&] { return answered->has_value(); }, limit);
  return answered->value_or(Lookup{});
}

}  // namespace ringway::sim
