#include "reload/routing/routing_component.hpp"

#include <algorithm>

#include "reload/routing/routing_impl.hpp"

namespace ringway::routing {

using wire::MessageCode;

namespace {

topology::ChordSettings chord_settings(const RoutingSettings& settings,
                                       const config::Configuration& configuration, const NodeId& self) {
  topology::ChordSettings chord;
  chord.self = self;
  chord.first_peer = settings.first_peer;
  chord.reactive = configuration.chord_reactive;
  chord.replicas = configuration.replicas;
  chord.update_interval = configuration.chord_update_interval;
  chord.ping_interval = configuration.chord_ping_interval;
  chord.retry_min = settings.join_retry_min;
  chord.retry_max = settings.join_retry_max;
  chord.max_peers = settings.max_links;
  return chord;
}

// Mostly the usual ones.
std::shared_ptr<const RoutingLimits> shared(const RoutingLimits& limits) {
  static const auto usual = std::make_shared<const RoutingLimits>();
  return limits == *usual ? usual : std::make_shared<const RoutingLimits>(limits);
}

}  // namespace

RoutingComponent::Impl::Impl(RoutingSettings settings, config::ConfigurationPtr configuration,
                             std::shared_ptr<const security::Signer> signer, std::shared_ptr<Random> random)
    : limits_(shared(settings)),
      own_addresses_(settings.own_addresses.begin(), settings.own_addresses.end()),
      given_bootstrap_(settings.bootstrap.begin(), settings.bootstrap.end()),
      known_peers_(settings.known_peers.begin(), settings.known_peers.end()),
      learnt_kinds_(std::move(settings.learnt_kinds)),
      compress_via_lists_(settings.compress_via_lists),
      datagram_links_(settings.datagram_links),
      configuration_(std::move(configuration)),
      signer_(std::move(signer)),
      random_(std::move(random)),
      self_(signer_->node_id()),
      overlay_hash_(configuration_->overlay_hash()),
      opaque_(*random_) {
  document_ = configuration_;
  known_kinds_ = config::known_kinds(*document_);
  bootstrap_ = bootstrap_addresses(true);
  auto chord = chord_settings(settings, *configuration_, self_);
  chord.has_bootstrap = !bootstrap_.empty() || settings.bootstrap_may_come;
  topology_ = std::make_unique<topology::ChordReload>(chord, random_);
}

// ---- what is under way
// ------------------------------------------------------------------------------------------------------

RoutingComponent::Impl::UnderWay::UnderWay(const RoutingLimits& limits)
    : inspections(limits.max_inspections_per_link, limits.max_inspections_bytes) {}

bool RoutingComponent::Impl::UnderWay::over() const {
  return inspections.waiting() == 0 && transactions.empty() && served.empty() && attaches.empty() &&
         attempts.empty() && deferred.empty() && still_to_ask.empty() && configuration_pushes.empty() &&
         kind_pushes.empty() && solicited_updates.empty() && updates.empty();
}

const RoutingComponent::Impl::UnderWay& RoutingComponent::Impl::under_way() const {
  static const UnderWay none{RoutingLimits{}};
  return under_way_ ? *under_way_ : none;
}

void RoutingComponent::Impl::rest_if_over() {
  if (under_way_ && under_way_->over()) under_way_.reset();
  if (answers_ && answers_->size() == 0) answers_.reset();
}

// ---- inputs
// ------------------------------------------------------------------------------------------------------

void RoutingComponent::Impl::start(const Now& now, Outputs& out) {
  now_ = now;
  out_ = &out;
  relearn_kinds();
  tell_topology([&](auto& actions) { topology_->start(now_, actions); });
  rest_if_over();
}

void RoutingComponent::Impl::start_joined(const Now& now, const std::vector<StandingLink>& links,
                                          Outputs& out) {
  now_ = now;
  out_ = &out;
  relearn_kinds();
  std::vector<NodeId> peers;
  links_.reserve(links.size());
  for (const StandingLink& standing : links) {
    LinkTable::Link link;
    link.id = standing.link;
    link.node = standing.certificate->node_ids().front();
    link.remote = standing.remote;
    link.incoming = standing.incoming;
    link.attached = true;
    peers.push_back(link.node);
    links_.add(std::move(link), standing.certificate->node_ids());
  }
  tell_topology([&](auto& actions) { topology_->start_joined(now_, peers, actions); });
  rest_if_over();
}

void RoutingComponent::Impl::leave(const Now& now, Outputs& out) {
  now_ = now;
  out_ = &out;
  if (std::exchange(leaving_, true)) return;
  if (!topology_->joined() || topology_->view()->alone()) return leave_ring();
  drain_deadline_ = now_.mono + k_drain_limit;
  out_->push_back(Drain{});
}

void RoutingComponent::Impl::on(Drained&) {
  if (drain_deadline_) leave_ring();
}

void RoutingComponent::Impl::leave_ring() {
  drain_deadline_.reset();
  tell_topology([&](auto& actions) { topology_->leave(now_, actions); });
}

void RoutingComponent::Impl::handle(const Now& now, Input input, Outputs& out) {
  now_ = now;
  out_ = &out;
  std::visit([this](auto& one) { on(one); }, input);
  rest_if_over();
}

void RoutingComponent::Impl::on(HandOverReport& input) {
  tell_topology([&](auto& actions) {
    if (input.state == HandOverReport::State::goes_on)
      return topology_->on_hand_over_goes_on(now_, input.number);
    topology_->on_hand_over_done(now_, input.number, input.state == HandOverReport::State::complete, actions);
  });
}

// Of several that could begin a ring where there is none, the one with the least address does (all compare
// the same addresses): the others give it time.
void RoutingComponent::Impl::on(BootstrapFound& input) {
  const auto before = bootstrap_;
  found_bootstrap_.assign(input.addresses.begin(), input.addresses.end());
  if (found_bootstrap_.size() > k_most_found_bootstrap) found_bootstrap_.resize(k_most_found_bootstrap);
  bootstrap_ = bootstrap_addresses(true);
  const auto is_new = [&](const RemoteAddress& address) {
    return std::find(before.begin(), before.end(), address) == before.end();
  };
  if (std::none_of(bootstrap_.begin(), bootstrap_.end(), is_new)) return;
  const auto& own = own_addresses_;
  const bool others_first =
      std::any_of(found_bootstrap_.begin(), found_bootstrap_.end(), [&](const RemoteAddress& found) {
        return std::none_of(own.begin(), own.end(), [&](const auto& ours) { return ours <= found; });
      });
  tell_topology([&](auto& actions) { topology_->on_bootstrap_found(now_, others_first, actions); });
}

// ---- time
// -----------------------------------------------------------------------------------------------------------

void RoutingComponent::Impl::on_timer(const Now& now, Outputs& out) {
  now_ = now;
  out_ = &out;
  transactions_due();
  if (drain_deadline_ && *drain_deadline_ <= now_.mono) leave_ring();
  std::vector<std::uint64_t> late;
  for (const auto& [key, pending] : under_way().attaches)
    if (pending.link_deadline && *pending.link_deadline <= now_.mono) late.push_back(key);
  for (const auto key : late) attach_failed(key);
  if (reassembly_check_ && *reassembly_check_ <= now_.mono) {
    reassembly_check_.reset();
    reassembler().expire(now_.mono);
    if (reassembler().messages() > 0)
      reassembly_check_ = now_.mono + wire::k_fragment_timeout;
    else
      reassembler_.reset();
  }
  if (answers_check_ && *answers_check_ <= now_.mono) answers_check_ = answers().expire(now_.mono);
  close_silent_access();
  channels_due();
  app_connects_due();
  if (const auto at = topology_->next_deadline(); at && *at <= now_.mono)
    tell_topology([&](auto& actions) { topology_->on_timer(now_, actions); });
  rest_if_over();
}

std::optional<MonoTime> RoutingComponent::Impl::next_deadline() const {
  Deadline soonest = topology_->next_deadline();
  const auto consider = [&](Deadline at) { soonest = sooner(soonest, at); };
  if (!under_way().timers.empty()) consider(under_way().timers.begin()->first);
  for (const auto& [key, pending] : under_way().attaches) consider(pending.link_deadline);
  consider(reassembly_check_);
  consider(access_check_);
  if (channels_) consider(channels_->check_at);
  if (app_attaches_) consider(app_attaches_->next_deadline());
  consider(answers_check_);
  consider(drain_deadline_);
  if (!soonest) return std::nullopt;
  return *soonest;
}

// ---- topology's wishes
// ----------------------------------------------------------------------------------------------

void RoutingComponent::Impl::carry_out(topology::Actions& actions) {
  for (auto& action : actions) std::visit([this](auto& wish) { carry_out(wish); }, action);
}

void RoutingComponent::Impl::carry_out(topology::SendUpdate& wish) {
  const NodeId to = wish.to;
  if (const auto older = under_way().updates.find(to); older != under_way().updates.end())
    drop(older->second);
  // Only the newest one is sent again: what an older one tells of the neighbours is no longer so.
  under_way().updates[to] = ask({wire::to_node(to)}, MessageCode::update_req, wire::encode(wish.update),
                                [this, to](const Outcome&) { drop_update(to); });
}

void RoutingComponent::Impl::drop_update(const NodeId& to) {
  under_way().solicited_updates.erase(to);
  const auto found = under_way().updates.find(to);
  if (found == under_way().updates.end()) return;
  drop(found->second);
  under_way().updates.erase(found);
}

void RoutingComponent::Impl::carry_out(topology::SendJoin& wish) {
  const NodeId to = wish.to;
  drop(join_);
  join_ = ask({wire::to_node(to)}, MessageCode::join_req, wire::encode(wire::JoinReq{self(), {}}),
              [this, to](const Outcome& outcome) {
                std::optional<wire::ErrorCode> error;
                if (const auto* failure = std::get_if<RequestFailure>(&outcome)) error = failure->code;
                tell_topology([&](auto& actions) { topology_->on_join_answered(now_, to, error, actions); });
              });
}

void RoutingComponent::Impl::carry_out(topology::SendLeave& wish) {
  const NodeId to = wish.to;
  ask({wire::to_node(to)}, MessageCode::leave_req,
      wire::encode(wire::LeaveReq{self(), wire::encode(wish.data)}), [this, to](const Outcome&) {
        tell_topology([&](auto& actions) { topology_->on_leave_answered(now_, to, actions); });
      });
}

void RoutingComponent::Impl::carry_out(topology::AskForUpdate& wish) {
  ask({wire::to_node(wish.to)}, MessageCode::route_query_req,
      wire::encode(wire::RouteQueryReq{true, wire::to_node(self()), {}}), nullptr);
}

void RoutingComponent::Impl::carry_out(topology::Locate& wish) {
  const RingId point = wish.point;
  if (topology_->responsible_for(point)) return;
  ask({wire::to_resource(point)}, MessageCode::ping_req, wire::encode(wire::PingReq{}),
      [this, point](const Outcome& outcome) {
        if (const auto* reply = std::get_if<std::shared_ptr<const security::InspectedMessage>>(&outcome)) {
          const NodeId owner = (*reply)->signer_node;
          tell_topology([&](auto& actions) { topology_->on_found(now_, point, owner, actions); });
        }
      });
}

void RoutingComponent::Impl::carry_out(topology::StartHandOver& wish) {
  out_->push_back(HandOver{wish.number, wish.joining, wish.after});
}

void RoutingComponent::Impl::carry_out(topology::ViewChanged&) {
  const auto view = topology_->view();
  out_->push_back(RingChanged{view});
  if (view->joined && !was_joined_) close_idle_access();
  was_joined_ = view->joined;
  if (topology_->waiting_to_be_admitted()) return;
  // Sent once more it would look as if this peer had started over.
  drop(join_);
  if (under_way().deferred.empty()) return;
  // Admitted (or not): what waited goes its way now.
  auto waiting = std::move(under_way().deferred);
  under_way().deferred.clear();
  for (auto& [from, bytes] : waiting) receive(from, bytes);
}

void RoutingComponent::Impl::carry_out(topology::NeedAccess& wish) { need_access(wish.another); }

void RoutingComponent::Impl::carry_out(topology::AskThroughBootstrap& wish) {
  ask_through_bootstrap(wish.point);
}

void RoutingComponent::Impl::carry_out(topology::LeftRing&) {
  if (!unfit_) return out_->push_back(Left{});
  out_->push_back(
      MustExit{unfit_->cause, unfit_->reason, document_->unsupported.empty() ? document_ : nullptr});
}

// ---- status
// ---------------------------------------------------------------------------------------------------------

RoutingStatus RoutingComponent::Impl::status() const {
  RoutingStatus status;
  static_cast<RoutingCounters&>(status) = counters_;
  status.view = topology_->view();
  status.phase = topology_->phase();
  status.fingers = topology_->fingers();
  status.transactions = under_way().transactions.size();
  status.estimated_peers = topology_->estimated_peers();
  status.listings_left_out = topology_->listings_left_out();
  for (const auto& link : links_.all())
    status.links.push_back(
        {link.id, link.node, link.remote.full(), link.suspected, topology_->is_peer(link.node)});
  if (!channels_) return status;
  status.channels = channels_->channels.size();
  for (const auto& [key, channel] : channels_->channels) status.held_channels += channel.held ? 1 : 0;
  return status;
}

TableSizes RoutingComponent::Impl::tables() const {
  static const ChannelTable none;
  const ChannelTable& channels = channels_ ? *channels_ : none;
  static const AppAttachTable no_app_attaches;
  const AppAttachTable& app_attaches = app_attaches_ ? *app_attaches_ : no_app_attaches;
  TableSizes tables{
      {"links", links_.size(), limits_->max_links},
      {"transactions", under_way().transactions.size(), limits_->max_transactions},
      {"requests of others", under_way().served.size(), limits_->max_served_requests},
      {"answers remembered", answers_ ? answers_->size() : 0, limits_->max_answers_remembered},
      {"bytes of answers remembered", answers_ ? answers_->size_bytes() : 0,
       limits_->max_answers_remembered_bytes},
      {"bytes that wait for their signature check", under_way().inspections.waiting_bytes(),
       limits_->max_inspections_bytes},
      {"bytes of fragments", reassembler_ ? reassembler_->held_bytes() : 0, limits_->max_reassembly_bytes},
      {"channels", channels.channels.size(), limits_->max_channels},
      {"channels that are asked for", channels.opens.size(), k_max_channel_opens},
      {"channels that others have asked for", channels.attempts.size(), k_max_channel_attempts},
      {"applications that are served", app_attaches.served.size(), k_max_served_applications},
      {"AppAttaches of ours", app_attaches.asked.size(), k_max_app_attaches},
      {"connections that AppAttaches of others ask for", app_attaches.connects.size(), k_max_app_connects},
      {"documents on their way", under_way().configuration_pushes.size(), limits_->max_pushes},
      {"Kinds on their way", under_way().kind_pushes.size(), limits_->max_pushes},
      {"messages that wait for our admission", under_way().deferred.size(), k_max_deferred},
      {"addresses found by discovery", found_bootstrap_.size(), k_most_found_bootstrap},
      {"addresses of peers that were linked to", known_peers_.size(), k_most_known_peers},
  };
  const TableSizes of_topology = topology_->tables();
  tables.insert(tables.end(), of_topology.begin(), of_topology.end());
  return tables;
}

// ---- the outside
// ----------------------------------------------------------------------------------------------------

RoutingComponent::RoutingComponent(RoutingSettings settings, config::ConfigurationPtr configuration,
                                   std::shared_ptr<const security::Signer> signer,
                                   std::shared_ptr<Random> random)
    : impl_(std::make_unique<Impl>(std::move(settings), std::move(configuration), std::move(signer),
                                   std::move(random))) {}
RoutingComponent::~RoutingComponent() = default;

void RoutingComponent::start(const Now& now, Outputs& out) { impl_->start(now, out); }
void RoutingComponent::start_joined(const Now& now, const std::vector<StandingLink>& links, Outputs& out) {
  impl_->start_joined(now, links, out);
}
void RoutingComponent::handle(const Now& now, Input input, Outputs& out) {
  impl_->handle(now, std::move(input), out);
}
void RoutingComponent::on_timer(const Now& now, Outputs& out) { impl_->on_timer(now, out); }
std::optional<MonoTime> RoutingComponent::next_deadline() const { return impl_->next_deadline(); }
void RoutingComponent::leave(const Now& now, Outputs& out) { impl_->leave(now, out); }
DocumentOffer RoutingComponent::offer_document(const Now& now, SharedBytes document, Outputs& out) {
  return impl_->offer_document(now, std::move(document), out);
}
RoutingStatus RoutingComponent::status() const { return impl_->status(); }
topology::RingViewPtr RoutingComponent::view() const { return impl_->view(); }
TableSizes RoutingComponent::tables() const { return impl_->tables(); }
const config::ConfigurationPtr& RoutingComponent::configuration() const { return impl_->configuration(); }

}  // namespace ringway::routing
