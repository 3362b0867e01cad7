// Attach and its answer without ICE (RFC 6940 §6.5.1, §6.5.1.11), and bootstrap links (§11.4). The sender of
// an Attach waits as TLS server, the answerer connects (AMB-26).
#include <algorithm>

#include "reload/routing/routing_impl.hpp"

namespace ringway::routing {

using wire::ErrorCode;
using wire::MessageCode;
using wire::OverlayLinkType;

namespace {

// Only ICE could make anything of an address that is not the node's own.
bool can_be_reached(const wire::IceCandidate& candidate, wire::OverlayLinkType link) {
  return candidate.link == link && candidate.type == wire::CandidateType::host;
}

}  // namespace

// An overlay is uniformly ICE or uniformly No-ICE, and no Attach mixes the two (RFC 6940 §6.5.1.1, §6.5.1.5).
// This one is No-ICE: the reader of its document has seen to that.
bool RoutingComponent::Impl::offers_ice(const std::vector<wire::IceCandidate>& candidates) {
  return std::any_of(candidates.begin(), candidates.end(), [](const wire::IceCandidate& candidate) {
    return candidate.link == wire::OverlayLinkType::dtls_udp_sr;
  });
}

std::vector<wire::IpAddressPort> RoutingComponent::Impl::reachable_addresses(
    const std::vector<wire::IceCandidate>& candidates, wire::OverlayLinkType link) {
  std::vector<wire::IpAddressPort> addresses;
  for (const auto& candidate : candidates)
    if (can_be_reached(candidate, link)) addresses.push_back(candidate.address);
  return addresses;
}

wire::AttachBody RoutingComponent::Impl::attach_body(std::string role, bool send_update) const {
  wire::AttachBody body;
  body.role = std::move(role);
  body.send_update = send_update;
  // Without head-of-line blocking, and with congestion control: before TCP (RFC 6940 §6.5.1.6).
  if (datagram_links_) body.candidates = candidates_at(own_addresses_, OverlayLinkType::dtls_udp_sr_no_ice);
  const std::uint16_t preference = datagram_links_ ? k_highest_preference - 1 : k_highest_preference;
  for (auto& candidate : candidates_at(own_addresses_, OverlayLinkType::tls_tcp_fh_no_ice, preference))
    body.candidates.push_back(std::move(candidate));
  return body;
}

std::vector<wire::IceCandidate> RoutingComponent::Impl::candidates_at(
    const std::vector<RemoteAddress>& addresses, wire::OverlayLinkType link, std::uint16_t preference) {
  std::vector<wire::IceCandidate> candidates;
  for (const auto& address : addresses) {
    wire::IceCandidate candidate;
    candidate.address = address.full();
    candidate.link = link;
    candidate.foundation = copy_of(view_of(link == OverlayLinkType::dtls_udp_sr_no_ice ? "2" : "1"));
    candidate.priority = (126U << 24) | (std::uint32_t{preference} << 8) | 255U;  // RFC 8445 §5.1.2.1, host
    candidate.type = wire::CandidateType::host;
    candidates.push_back(std::move(candidate));
  }
  return candidates;
}

// ---- our Attach
// -----------------------------------------------------------------------------------------------------

void RoutingComponent::Impl::attach(const topology::AttachTo& what) {
  const std::uint64_t key = next_attach_++;
  PendingAttach& pending = under_way().attaches[key];
  pending.what = what;
  if (const auto* node = std::get_if<wire::NodeDestination>(&what.destination.back()))
    pending.expected = node->node;
  const auto* resource = std::get_if<wire::ResourceDestination>(&what.destination.back());
  const bool is_us = resource != nullptr && topology_->responsible_for(ring_id_from(resource->id));
  if (is_us || (pending.expected && configuration_->is_bad_node(*pending.expected))) {
    under_way().attaches.erase(key);
    return tell_topology([&](auto& actions) { topology_->on_attach_failed(now_, what, actions); });
  }
  // The newest access link is the way (RFC 6940 §11.4): whoever else we are attached to may be joining as
  // well. But the ring may still know us from an earlier attempt and lead the message back here: then, every
  // other time, the peers that we know.
  std::optional<LinkId> first_link;
  if (what.purpose == topology::AttachPurpose::admitting) {
    over_access_ = !over_access_ || !hop_towards(what.destination.front());
    for (const auto& link : links_.all())
      if (over_access_ && !link.attached && !link.incoming) first_link = link.id;
  }
  std::optional<Duration> deadline;
  if (first_link) deadline = k_access_patience;
  const TransactionId transaction = ask(
      what.destination, MessageCode::attach_req, wire::encode(attach_body("passive", what.send_update)),
      [this, key](const Outcome& outcome) { attach_answered(key, outcome); }, first_link, deadline);
  if (const auto found = under_way().attaches.find(key); found != under_way().attaches.end())
    found->second.transaction = transaction;
}

void RoutingComponent::Impl::attach_failed(std::uint64_t key) {
  auto& attaches = under_way().attaches;
  const auto found = attaches.find(key);
  if (found == attaches.end()) return;
  const topology::AttachTo what = std::move(found->second.what);
  attaches.erase(found);
  ++counters_.failed_attaches;
  tell_topology([&](auto& actions) { topology_->on_attach_failed(now_, what, actions); });
}

void RoutingComponent::Impl::attach_answered(std::uint64_t key, const Outcome& outcome) {
  auto& attaches = under_way().attaches;
  const auto found = attaches.find(key);
  if (found == attaches.end()) return;
  PendingAttach& pending = found->second;
  const auto* message = std::get_if<std::shared_ptr<const security::InspectedMessage>>(&outcome);
  if (message == nullptr) {
    const auto& failure = std::get<RequestFailure>(outcome);
    // In_Progress from a node to which a link already stands. It may have answered an earlier Attach of ours
    // that we had given up by then: to us its link has been that of somebody who bootstraps here.
    const NodeId node = failure.answered_by;
    auto* standing = node == k_no_node ? nullptr : links_.to(node);
    if (failure.code != ErrorCode::in_progress || standing == nullptr) return attach_failed(key);
    if (!standing->attached && !standing->incoming) return attach_failed(key);
    links_.attach(*standing);
    const auto purpose = pending.what.purpose;
    attaches.erase(found);
    return tell_topology([&](auto& actions) { topology_->on_attached(now_, node, purpose, actions); });
  }
  const auto body = wire::decode<wire::AttachBody>((*message)->message.contents.body);
  const bool usable = body && body->role == "active" && !offers_ice(body->candidates);
  if (!usable || (*message)->signer_node == self()) return attach_failed(key);
  pending.answered_by = (*message)->signer_node;
  pending.link_deadline = now_.mono + k_link_wait;
  for (auto* link :
       links_.all_to(*pending.answered_by))  // its connection may have been faster than its answer
    if (link->incoming && !link->attached)
      return link_attached(*link, std::move(attaches.extract(found).mapped()));
}

// The link that an Attach of ours led to is up.
void RoutingComponent::Impl::link_attached(LinkTable::Link& link, PendingAttach pending) {
  links_.attach(link);
  const NodeId node = link.node;
  retire_spare_links(node);
  tell_topology([&](auto& actions) { topology_->on_attached(now_, node, pending.what.purpose, actions); });
}

bool RoutingComponent::Impl::complete_attach_with(LinkTable::Link& link) {
  auto& attaches = under_way().attaches;
  for (auto at = attaches.begin(); at != attaches.end(); ++at) {
    if (at->second.answered_by != link.node) continue;
    link_attached(link, std::move(attaches.extract(at).mapped()));
    return true;
  }
  return false;
}

// ---- their Attach
// ---------------------------------------------------------------------------------------------------

void RoutingComponent::Impl::serve_attach(std::uint64_t request, const security::InspectedMessage& message) {
  const auto body = wire::decode<wire::AttachBody>(message.message.contents.body);
  if (!body || body->role != "passive" || body->candidates.size() > k_max_candidates)
    return answer_error(request, ErrorCode::invalid_message, "malformed Attach");
  if (offers_ice(body->candidates))
    return answer_error(request, ErrorCode::invalid_message, "ICE candidates in an overlay without ICE");
  const NodeId node = message.signer_node;
  if (node == self()) return answer_error(request, ErrorCode::invalid_message, "attach to oneself");
  const auto* standing = links_.to(node);
  if (standing != nullptr && standing->attached && !standing->suspected)
    return answer_error(request, ErrorCode::in_progress, "a link stands already");  // ICE-10
  for (const auto& [number, attempt] : under_way().attempts)
    if (attempt.node == node) return answer_error(request, ErrorCode::in_progress, "a link is being made");
  // Crossing Attaches (RFC 6940 §6.5.1.2): the smaller Node-ID gives way.
  std::optional<std::uint64_t> withdrawn;
  for (const auto& [key, pending] : under_way().attaches) {
    const bool crossing = pending.expected == node || pending.answered_by == node;
    if (!crossing) continue;
    if (pending.answered_by == node || node < self())
      return answer_error(request, ErrorCode::in_progress, "our own Attach goes on");
    withdrawn = key;
    break;
  }
  OpenLink open;
  open.addresses = reachable_addresses(body->candidates);
  if (datagram_links_)
    open.datagram_addresses = reachable_addresses(body->candidates, OverlayLinkType::dtls_udp_sr_no_ice);
  const bool reachable = !open.addresses.empty() || !open.datagram_addresses.empty();
  if (!reachable || !room_for_link_to(node))
    return answer_error(request, ErrorCode::not_found, "no candidate that can be reached");
  if (withdrawn)
    finish(under_way().attaches.extract(*withdrawn).mapped().transaction,
           RequestFailure{ErrorCode::in_progress, {}, true, k_no_node});
  answer(request, MessageCode::attach_ans, wire::encode(attach_body("active", false)));
  open.attempt = next_attempt_++;
  open.expected = node;
  under_way().attempts[open.attempt] = {node, body->send_update, std::nullopt};
  out_->push_back(std::move(open));
}

// ---- bootstrap
// ------------------------------------------------------------------------------------------------------

void RoutingComponent::Impl::need_access(bool another) {
  if (another) close_idle_access();
  // With others to ask, nobody whom we know already: two that join at once would go on asking each other.
  const bool ask_others = another && !bootstrap_.empty();
  for (const auto& link : links_.all()) {
    if (ask_others) break;
    if (!link.attached && (link.incoming || another))
      continue;  // one that bootstraps through us is no way in
    const NodeId node = link.node;
    return tell_topology([&](auto& actions) { topology_->on_access_link(now_, node, actions); });
  }
  for (const auto& [number, attempt] : under_way().attempts)
    if (!attempt.node) return;  // one is being made
  bootstrap_tried_ = 0;
  if (!another) {
    bootstrap_ = bootstrap_addresses(true);
    next_bootstrap_ = 0;
  }
  open_access();
}

void RoutingComponent::Impl::open_access() {
  if (bootstrap_.empty()) return;
  ++bootstrap_tried_;
  OpenLink open;
  open.attempt = next_attempt_++;
  open.addresses = {bootstrap_[next_bootstrap_++ % bootstrap_.size()].full()};
  under_way().attempts[open.attempt] = {};
  out_->push_back(std::move(open));
}

void RoutingComponent::Impl::access_link_up(LinkTable::Link& link, const Attempt& attempt) {
  const NodeId node = link.node;
  const RemoteAddress remote = link.remote;
  std::erase_if(bootstrap_nodes_, [&](const auto& one) { return one.first == remote; });
  if (bootstrap_nodes_.size() < k_most_bootstrap_nodes) bootstrap_nodes_.emplace_back(remote, node);
  const LinkId id = link.id;
  if (!attempt.partition_point)
    return tell_topology([&](auto& actions) { topology_->on_access_link(now_, node, actions); });
  // RFC 6940 §10.7.4.4: who does the bootstrap node's ring think comes after us?
  ask(
      {wire::to_node(node), wire::to_resource(*attempt.partition_point)}, MessageCode::ping_req,
      wire::encode(wire::PingReq{}),
      [this, node](const Outcome& outcome) {
        if (const auto* reply = std::get_if<std::shared_ptr<const security::InspectedMessage>>(&outcome)) {
          const NodeId owner = (*reply)->signer_node;
          tell_topology([&](auto& actions) { topology_->on_partition_answer(now_, node, owner, actions); });
        }
      },
      id);
}

void RoutingComponent::Impl::ask_through_bootstrap(const RingId& point) {
  close_idle_access();
  // Whoever we are attached to is in our own half of the ring: others can tell more.
  // Who knows nobody asks peers of its old ring as well, one after the other.
  const bool alone = topology_->view()->alone();
  auto candidates = bootstrap_addresses(alone);
  std::erase_if(candidates, [this](const RemoteAddress& address) {
    return std::any_of(bootstrap_nodes_.begin(), bootstrap_nodes_.end(), [&](const auto& one) {
      return one.first == address && links_.attached_to(one.second);
    });
  });
  if (candidates.empty()) candidates = bootstrap_addresses(true);
  if (candidates.empty()) return;
  if (alone) {
    // The next look begins with another one: the first may be there and of no help.
    const auto first = static_cast<std::ptrdiff_t>(lonely_looks_++ % candidates.size());
    std::rotate(candidates.begin(), candidates.begin() + first, candidates.end());
    std::reverse(candidates.begin(), candidates.end());
    under_way().still_to_ask = std::move(candidates);
  } else {
    lonely_looks_ = 0;
    under_way().still_to_ask = {candidates[random_->below(candidates.size())]};
  }
  ask_next(point);
}

void RoutingComponent::Impl::ask_next(const RingId& point) {
  auto& still_to_ask = under_way().still_to_ask;
  if (still_to_ask.empty()) return;
  OpenLink open;
  open.attempt = next_attempt_++;
  open.addresses = {still_to_ask.back().full()};
  still_to_ask.pop_back();
  under_way().attempts[open.attempt] = {std::nullopt, false, point};
  out_->push_back(std::move(open));
}

// It listens there: we have connected to it.
void RoutingComponent::Impl::note_known_peer(const RemoteAddress& address) {
  std::erase(known_peers_, address);
  if (known_peers_.size() >= k_most_known_peers) known_peers_.resize(k_most_known_peers - 1);
  known_peers_.reserve(known_peers_.size() + 1);  // and no more: most peers know few
  known_peers_.insert(known_peers_.begin(), address);
}

// Access links have done their work once we have joined, or once the next check for partitions comes.
void RoutingComponent::Impl::close_idle_access() {
  for (auto& link : links_.all())
    if (!link.attached && !link.incoming) close_link(link, "bootstrap link no longer needed");
}

}  // namespace ringway::routing
