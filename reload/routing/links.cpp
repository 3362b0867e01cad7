// Links that come up and go down: how many there may be, and which of several to one node stays.
#include <algorithm>

#include "reload/routing/routing_impl.hpp"

namespace ringway::routing {

// Some links are kept for those who are to be neighbours: without them there is no ring.
bool RoutingComponent::Impl::room_for_link_to(const NodeId& node) const {
  const std::size_t reserve = std::min(k_reserved_links, limits_->max_links / 8);
  return links_.size() + (topology_->wanted_as_neighbor(node) ? 0 : reserve) < limits_->max_links;
}

// Not made by an Attach, and not the only way to a peer either, as it is when the peer's Attach was given up
// here.
bool RoutingComponent::Impl::is_spare_access(const LinkTable::Link& link) {
  if (link.attached || !link.incoming) return false;
  return !topology_->is_peer(link.node) || links_.attached_to(link.node);
}

// A link that nobody here has asked for: its node bootstraps through us, or an Attach's answer comes later.
// There are so many for each node and in all; the oldest, or the most idle, makes room.
bool RoutingComponent::Impl::make_room_for_access(const NodeId& node) {
  std::size_t of_node = 0, of_all = 0;
  LinkTable::Link *oldest = nullptr, *most_idle = nullptr;
  for (auto& link : links_.all()) {
    if (link.closing) continue;
    if (link.node == node) ++of_node;
    if (!is_spare_access(link)) continue;
    ++of_all;
    if (link.node == node && oldest == nullptr) oldest = &link;
    if (most_idle == nullptr || links_.heard_at(link) < links_.heard_at(*most_idle)) most_idle = &link;
  }
  if (of_node >= k_max_links_per_node) {
    if (oldest == nullptr) return false;
    close_link(*oldest, "too many links of one node");
  } else if (of_all >= std::max<std::size_t>(limits_->max_links / 4, 1)) {
    close_link(*most_idle, "makes room for another bootstrapping node");
  }
  return room_for_link_to(node);
}

void RoutingComponent::Impl::close_link(LinkTable::Link& link, std::string reason) {
  if (std::exchange(link.closing, true)) return;
  out_->push_back(CloseLink{link.id, std::move(reason)});
}

void RoutingComponent::Impl::on(LinkUp& input) {
  if (input.application) return channel_link_up(input);
  Attempt attempt;
  bool ours = false;
  auto& attempts = under_way().attempts;
  if (const auto found = attempts.find(input.attempt); input.attempt != 0 && found != attempts.end()) {
    attempt = found->second;
    attempts.erase(found);
    ours = true;
  }
  LinkTable::Link link;
  link.id = input.link;
  link.remote = input.remote;
  link.incoming = input.attempt == 0;
  if (!input.certificate->node_ids().empty())
    link.node = attempt.node.value_or(input.certificate->node_ids().front());
  if (const auto refusal = refusal_of(link, *input.certificate, ours); !refusal.empty()) {
    ++counters_.refused_links;
    if (configuration_->is_revoked(*input.certificate)) ++counters_.refused_revoked;
    out_->push_back(CloseLink{input.link, std::string(refusal)});
    return;
  }
  auto& kept = links_.add(std::move(link), input.certificate->node_ids());
  links_.heard(kept, now_.mono);
  if (kept.incoming) {
    if (!complete_attach_with(kept) && !access_check_) access_check_ = now_.mono + k_access_link_idle;
    return;
  }
  note_known_peer(kept.remote);
  if (!attempt.node) return access_link_up(kept, attempt);
  links_.attach(kept);
  const NodeId node = kept.node;
  retire_spare_links(node);
  tell_topology([&](auto& actions) { topology_->on_attached_by(now_, node, attempt.send_update, actions); });
}

// Why the link cannot be one of ours; empty when it can.
std::string_view RoutingComponent::Impl::refusal_of(const LinkTable::Link& link,
                                                    const security::Certificate& certificate, bool ours) {
  if (!link.incoming && !ours) return "no longer wanted";
  if (link.node == k_no_node) return "no Node-ID";
  if (link.node == self()) return "connected to oneself";
  // Its handshake was over before the document came that names it.
  if (configuration_->is_revoked(certificate)) return "revoked (bad-node)";
  if (links_.size() >= limits_->max_links) return "too many links";
  const auto& attaches = under_way().attaches;
  const bool expected = std::any_of(attaches.begin(), attaches.end(), [&](const auto& one) {
    return one.second.expected == link.node || one.second.answered_by == link.node;
  });
  if (link.incoming && !expected && !make_room_for_access(link.node)) return "too many links";
  return {};
}

// Two attached links to one node (crossing Attaches that neither side could tell): both ends keep the one
// whose TLS server has the larger Node-ID, or else the newest. An access link that an Attach has replaced
// goes (AMB-65).
void RoutingComponent::Impl::retire_spare_links(const NodeId& node) {
  const auto links = links_.all_to(node);
  const LinkTable::Link* keep = nullptr;
  // A suspected one has been replaced because it is.
  const auto preferred = [&](const LinkTable::Link& link) {
    return std::make_pair(!link.suspected, link.incoming == (node < self()));
  };
  for (const auto* link : links) {
    if (!link->attached) continue;
    if (keep == nullptr || preferred(*link) >= preferred(*keep)) keep = link;
  }
  for (auto* link : links) {
    if (link == keep) continue;
    const bool ours_to_close = link->attached ? keep->id != link->id : !link->incoming;
    if (ours_to_close) close_link(*link, "replaced by another link");
  }
}

void RoutingComponent::Impl::on(LinkDown& input) {
  if (channel_link_down(input)) return;
  if (input.link == LinkId{}) {
    auto& attempts = under_way().attempts;
    const auto found = attempts.find(input.attempt);
    if (found == attempts.end()) return;
    const Attempt attempt = found->second;
    attempts.erase(found);
    if (attempt.node) {
      // Theirs was to replace an Attach of our own that crossed it: the plug-in still waits for a link to
      // them.
      const topology::AttachTo what{{wire::to_node(*attempt.node)}, topology::AttachPurpose::neighbor, false};
      return tell_topology([&](auto& actions) { topology_->on_attach_failed(now_, what, actions); });
    }
    // A bootstrap node that cannot be reached: the next one, once around.
    if (attempt.partition_point) return ask_next(*attempt.partition_point);
    if (bootstrap_tried_ < bootstrap_.size()) open_access();
    return;
  }
  under_way().inspections.drop_link(input.link);
  const auto gone = links_.remove(input.link);
  if (!gone) return;
  if (links_.to(gone->node) == nullptr) resend_after_loss(gone->node);
  // Over an access link, too, an Update may have made it known to the plug-in.
  if (links_.attached_to(gone->node) || (!gone->attached && links_.to(gone->node) != nullptr)) return;
  drop_update(gone->node);
  tell_topology([&](auto& actions) { topology_->on_lost(now_, gone->node, actions); });
}

void RoutingComponent::Impl::on(LinkSuspected& input) {
  if (channel_link_suspected(input)) return;
  auto* link = links_.find(input.link);
  if (link == nullptr) return;
  link->suspected = input.suspected;
  if (!link->attached) return;
  const bool all = links_.to(link->node)->suspected;
  tell_topology([&](auto& actions) { topology_->on_suspected(now_, link->node, all, actions); });
}

// Who has said nothing for so long over a link that no Attach has made has joined elsewhere, or is gone.
void RoutingComponent::Impl::close_silent_access() {
  if (!access_check_ || *access_check_ > now_.mono) return;
  access_check_.reset();
  for (auto& link : links_.all()) {
    if (link.closing || !is_spare_access(link)) continue;
    const MonoTime at = links_.heard_at(link) + k_access_link_idle;
    if (at <= now_.mono) {
      close_link(link, "idle");
    } else {
      access_check_ = sooner(access_check_, at);
    }
  }
}

}  // namespace ringway::routing
