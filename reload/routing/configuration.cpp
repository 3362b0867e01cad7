// Newer configuration documents, and Kinds beside them: taking one, putting it in force, passing it on (RFC
// 6940 §6.3.2.1, §6.5.4).
#include <algorithm>

#include "reload/routing/routing_impl.hpp"

namespace ringway::routing {

using wire::ErrorCode;
using wire::MessageCode;

namespace {

// So many nodes are handed a new document at once; the others have it from these, or when they ask something.
constexpr std::size_t k_most_handed_on = 64;
// Those of the document and learnt ones.
constexpr std::size_t k_most_known_kinds = 1024;

}  // namespace

// Whoever shows by a small request, with an old number in its header, that it lacks the document, makes us
// send a large one; nobody signs that number, nor the way back, and the request may be played back. So not to
// many at once.
void RoutingComponent::Impl::bring_up_to_date(const NodeId& node, wire::DestinationList to) {
  if (under_way().configuration_pushes.size() < limits_->max_pushes) push_configuration(node, std::move(to));
}

// To that node, by this way. Once at a time: others must not fill our transactions.
void RoutingComponent::Impl::push_configuration(const NodeId& node, wire::DestinationList to) {
  if (!under_way().configuration_pushes.insert(node).second) return;  // it is on its way already
  wire::ConfigUpdateReq update;
  update.type = wire::ConfigUpdateType::config;
  update.configuration = copy_of(document_->document);
  const std::uint16_t sequence = document_->sequence;
  ask(std::move(to), MessageCode::config_update_req, wire::encode(update),
      [this, node, sequence](const Outcome& outcome) {
        under_way().configuration_pushes.erase(node);
        // A newer one has come meanwhile, which could not be sent as well.
        const auto* failure = std::get_if<RequestFailure>(&outcome);
        if (sequence != document_->sequence && (failure == nullptr || !failure->local))
          push_configuration(node, {wire::to_node(node)});
      });
}

// A document spreads from node to node, so that whoever is up has it within seconds (RFC 6940 §4.1): to all
// that this peer is attached to, those it routes through first.
void RoutingComponent::Impl::hand_on(const NodeId& source, const std::function<void(const NodeId&)>& send) {
  std::vector<NodeId> nodes;
  for (const bool peers : {true, false}) {
    for (const auto& link : links_.all()) {
      if (topology_->is_peer(link.node) != peers || (!peers && !link.attached)) continue;
      if (link.node == source || nodes.size() >= k_most_handed_on) continue;
      if (std::find(nodes.begin(), nodes.end(), link.node) == nodes.end()) nodes.push_back(link.node);
    }
  }
  for (const NodeId& node : nodes) send(node);
}

void RoutingComponent::Impl::refuse_update(std::uint64_t request, ErrorCode code, std::string_view reason) {
  ++counters_.refused_configurations;
  answer_error(request, code, reason);
}

void RoutingComponent::Impl::serve_config_update(std::uint64_t request,
                                                 const security::InspectedMessage& message) {
  const auto update = wire::decode<wire::ConfigUpdateReq>(message.message.contents.body);
  if (!update) return refuse_update(request, ErrorCode::invalid_message, "malformed ConfigUpdate");
  if (update->type == wire::ConfigUpdateType::kind)
    return serve_kind_update(request, message.signer_node, *update);
  if (update->type != wire::ConfigUpdateType::config)
    return refuse_update(request, ErrorCode::invalid_message, "a ConfigUpdate of an unknown type");
  auto next = successor(SharedBytes(update->configuration));
  if (!next) {
    const Served served = under_way().served.at(request);
    refuse_update(request, next.error().code, next.error().reason);
    if (next.error().older) bring_up_to_date(served.signer, way_back(served));
    return;
  }
  answer(request, MessageCode::config_update_ans, {});
  follow(std::move(*next), message.signer_node);
}

DocumentOffer RoutingComponent::Impl::offer_document(const Now& now, SharedBytes document, Outputs& out) {
  now_ = now;
  out_ = &out;
  auto next = successor(std::move(document));
  if (!next) {
    const bool old = next.error().code == ErrorCode::config_too_old;
    return {old ? DocumentOffer::Verdict::not_newer : DocumentOffer::Verdict::refused, next.error().reason};
  }
  follow(std::move(*next), self());
  return {DocumentOffer::Verdict::taken, {}};
}

// Made when it is first needed, which in most peers' lives is never: the roots in it take kilobytes.
const security::Trust& RoutingComponent::Impl::trust() const {
  if (!trust_) {
    auto made = security::Trust::make(document_->trust_settings());
    // Roots that cannot be read vouch for nobody.
    if (!made) made = security::Trust::make({document_->instance_name, {}, {}, {}, nullptr});
    trust_ = *made;
  }
  return *trust_;
}

// Newer than ours, and by one of our configuration-signers (RFC 6940 §6.5.4.2, §11.1)?
auto RoutingComponent::Impl::successor(SharedBytes document) const -> Result<Successor, DocumentRefusal> {
  auto next = config::parse_any_configuration(std::move(document), configuration_->instance_name);
  if (!next) return DocumentRefusal{ErrorCode::invalid_message, next.error().reason};
  if (!config::sequence_newer((*next)->sequence, configuration_->sequence))
    return DocumentRefusal{ErrorCode::config_too_old, "not newer than the present configuration",
                           (*next)->sequence != configuration_->sequence};
  const auto allowed = config::check_successor(*configuration_, **next, trust(), now_.wall_ms);
  if (!allowed) return DocumentRefusal{ErrorCode::forbidden, allowed.error().reason};
  auto trust = security::Trust::make((*next)->trust_settings());
  if (!trust) return DocumentRefusal{ErrorCode::invalid_message, trust.error().reason};
  return Successor{std::move(*next), std::move(*trust)};
}

// Puts it in force, or leaves because that cannot be; the others get it either way. `source` has it already.
void RoutingComponent::Impl::follow(Successor next, const NodeId& source) {
  const auto push = [&](const NodeId& node) { push_configuration(node, {wire::to_node(node)}); };
  if (auto unfit = why_unfit(*next.document, *next.trust)) {
    unfit_ = std::make_unique<const Unfit>(std::move(*unfit));
    document_ = std::move(next.document);  // others may be able to; here nothing of it is put in force
    hand_on(source, push);
    leaving_ = true;
    return leave_ring();
  }
  take_configuration(std::move(next.document), std::move(next.trust));
  hand_on(source, push);
}

// RFC 6940 §11.1: a node that does not support the new requirements exits. So does one that nobody will talk
// to any more.
auto RoutingComponent::Impl::why_unfit(const config::Configuration& next, const security::Trust& trust) const
    -> std::optional<Unfit> {
  if (next.is_revoked(*signer_->certificate()))
    return Unfit{ExitCause::shut_out, "this node is shut out of the overlay: configuration " +
                                          std::to_string(next.sequence) + " names it as a bad-node"};
  const std::string document = "the overlay's new configuration (sequence " + std::to_string(next.sequence);
  if (!next.unsupported.empty())
    return Unfit{ExitCause::cannot_be_met, document + ") cannot be met by this program: " + next.unsupported};
  const auto accepted = trust.check(*signer_->certificate(), signer_->chain_der(), now_.wall_ms);
  if (!accepted)
    return Unfit{ExitCause::shut_out,
                 document + ") does not accept this peer's certificate: " + accepted.error().reason};
  return std::nullopt;
}

// Everything here that was made of the document before; the drivers and the other components hear of it too.
void RoutingComponent::Impl::take_configuration(config::ConfigurationPtr next, security::TrustPtr trust) {
  known_kinds_ = config::after_change(known_kinds_, *next);
  document_ = std::move(next);
  trust_ = std::move(trust);
  part_from_revoked();
  announce_configuration();
  if (reassembler_) reassembler_->set_max_message_size_bytes(configuration_->max_message_size_bytes);
  bootstrap_ = bootstrap_addresses(true);
  tell_topology([&](auto& actions) { topology_->reconfigure(now_, *configuration_, actions); });
  cut_off_revoked();
}

// ---- Kinds beside the document (RFC 6940 §6.5.4.2)
// ---------------------------------------------------------------------------------

// What is known becomes the configuration's Kinds.
void RoutingComponent::Impl::announce_configuration() {
  ConfigurationChanged change;
  auto all = std::make_shared<config::Configuration>(*document_);
  for (const auto& [kind, known] : known_kinds_) {
    if (document_->kinds.find(kind) != nullptr) continue;
    all->kinds.add(known.definition);
    change.learnt_kinds.push_back(config::kind_block_xml(known.block));
  }
  configuration_ = change.learnt_kinds.empty() ? document_ : std::move(all);
  change.configuration = configuration_;
  out_->push_back(std::move(change));
}

// From before a restart. What the present document does not allow any more is left out.
void RoutingComponent::Impl::relearn_kinds() {
  bool any = false;
  for (const Bytes& xml : std::exchange(learnt_kinds_, {})) {
    const auto kind = config::parse_kind_block(SharedBytes(xml));
    if (!kind || document_->kinds.find(kind->definition.kind) != nullptr) continue;
    auto known = config::with_update(known_kinds_, *kind, *document_, trust(), now_.wall_ms);
    if (!known) continue;
    known_kinds_ = std::move(*known);
    any = true;
  }
  if (any) announce_configuration();
}

void RoutingComponent::Impl::serve_kind_update(std::uint64_t request, const NodeId& source,
                                               const wire::ConfigUpdateReq& update) {
  auto known = known_kinds_;
  bool news = false;
  for (const Bytes& xml : update.kinds) {
    const auto kind = config::parse_kind_block(SharedBytes(xml));
    if (!kind) return refuse_update(request, ErrorCode::invalid_message, kind.error().reason);
    const auto found = known.find(kind->definition.kind);
    const bool same = found != known.end() && found->second.definition == kind->definition;
    auto with = config::with_update(std::move(known), *kind, *document_, trust(), now_.wall_ms);
    if (!with) return refuse_update(request, ErrorCode::forbidden, with.error().reason);
    known = std::move(*with);
    // Its own number orders documents; Kinds have none, so an old definition could be played back.
    if (!same && document_->kinds.find(kind->definition.kind) != nullptr)
      return refuse_update(request, ErrorCode::forbidden, "the document defines that Kind in another way");
    news = news || !same;
  }
  if (known.size() > k_most_known_kinds)
    return refuse_update(request, ErrorCode::forbidden, "too many Kinds are known already");
  answer(request, MessageCode::config_update_ans, {});
  if (!news) return;  // and goes no further
  known_kinds_ = std::move(known);
  announce_configuration();
  const Bytes body = wire::encode(update);
  hand_on(source, [&](const NodeId& node) {
    ask({wire::to_node(node)}, MessageCode::config_update_req, body, nullptr);
  });
}

// To a node that does not know them.
void RoutingComponent::Impl::push_kinds(const NodeId& node, const std::vector<KindId>& kinds) {
  wire::ConfigUpdateReq update;
  update.type = wire::ConfigUpdateType::kind;
  for (const KindId kind : kinds) {
    const auto known = known_kinds_.find(kind);
    if (known != known_kinds_.end()) update.kinds.push_back(config::kind_block_xml(known->second.block));
  }
  if (update.kinds.empty() || under_way().kind_pushes.size() >= limits_->max_pushes) return;
  if (!under_way().kind_pushes.insert(node).second) return;
  ask({wire::to_node(node)}, MessageCode::config_update_req, wire::encode(update),
      [this, node](const Outcome&) { under_way().kind_pushes.erase(node); });
}

// ---- what follows from a document
// --------------------------------------------------------------------------------------

// Peers that we had links to first (RFC 6940 §11.4), then those that were given and the document's, in any
// order so that not all peers begin with the same one, then discovery's. Our own is no help.
std::vector<RemoteAddress> RoutingComponent::Impl::bootstrap_addresses(bool with_known) {
  auto all = given_bootstrap_;
  for (const auto& node : configuration_->bootstrap_nodes) {
    wire::IpAddressPort address;
    const bool v6 = node.address.find(':') != std::string::npos;
    const std::string text = (v6 ? "[" + node.address + "]" : node.address) + ":" + std::to_string(node.port);
    if (link::parse_address(text, address)) all.emplace_back(address);
  }
  for (std::size_t i = all.size(); i > 1; --i) std::swap(all[i - 1], all[random_->below(i)]);
  if (with_known) all.insert(all.begin(), known_peers_.begin(), known_peers_.end());
  all.insert(all.end(), found_bootstrap_.begin(), found_bootstrap_.end());
  const auto& own = own_addresses_;
  std::vector<RemoteAddress> others;
  for (const auto& address : all) {
    if (std::find(own.begin(), own.end(), address) != own.end()) continue;
    if (std::find(others.begin(), others.end(), address) == others.end()) others.push_back(address);
  }
  return others;
}

// Is a Node-ID of the certificate at the other end one of the document's bad-nodes?
bool RoutingComponent::Impl::names(const config::Configuration& document, const LinkTable::Link& link) const {
  const auto bad = [&](const NodeId& node) { return document.is_bad_node(node); };
  if (document.bad_nodes.empty()) return false;
  if (bad(link.node)) return true;
  const auto others = links_.further_nodes(link.id);
  return std::any_of(others.begin(), others.end(), bad);
}

// The last that a bad-node hears of us is the document that names it, so that it knows why, and ends: nobody
// answers it from now on. Before the drivers hear of the document: they would cut the links off at once.
void RoutingComponent::Impl::part_from_revoked() {
  std::set<NodeId> nodes;
  for (auto& link : links_.all()) {
    if (!names(*document_, link)) continue;
    tell_why(link.id, link.node);
    link.closing = true;
    out_->push_back(CloseLink{
        link.id, link.node.hex() + " is shut out by configuration " + std::to_string(document_->sequence),
        nodes.insert(link.node).second});
  }
}

void RoutingComponent::Impl::tell_why(const LinkId& link, const NodeId& bad_node) {
  // A secret is changed so that whoever is out stays out (RFC 6940 §14.16).
  if (document_->shared_secret) return;
  wire::ConfigUpdateReq update;
  update.type = wire::ConfigUpdateType::config;
  update.configuration = copy_of(document_->document);
  wire::ForwardingHeader header;
  header.overlay = overlay_hash_;
  header.configuration_sequence = config::k_any_sequence;
  header.ttl = configuration_->initial_ttl;
  header.transaction_id = random_->next();
  header.destination_list = {wire::to_node(bad_node)};
  const auto payload =
      make_payload(header.transaction_id, MessageCode::config_update_req, wire::encode(update), {});
  // A document that fills a message can only be fetched.
  if (wire::header_size_bytes(header) + payload.size() <= configuration_->max_message_size_bytes)
    transmit_on(link, header, payload);
}

// A bad-node's certificate is not valid any more (RFC 6940 §11.1): its links are gone from this moment, not
// only when the connection has been closed.
void RoutingComponent::Impl::cut_off_revoked() {
  std::vector<LinkId> links;
  for (const auto& link : links_.all())
    if (names(*configuration_, link)) links.push_back(link.id);
  for (const LinkId& id : links) {
    ++counters_.refused_revoked;
    LinkDown down{id, 0, "revoked"};
    on(down);
  }
  std::vector<std::uint64_t> hopeless;
  for (const auto& [key, pending] : under_way().attaches)
    for (const auto& node : {pending.expected, pending.answered_by})
      if (node && configuration_->is_bad_node(*node)) hopeless.push_back(key);
  for (const std::uint64_t key : hopeless) attach_failed(key);
  cut_off_revoked_channels();
  drop_hopeless_app_attaches();
}

// Of lists in others' Updates: they may not have the document yet.
void RoutingComponent::Impl::drop_bad_nodes(std::vector<NodeId>& nodes) const {
  std::erase_if(nodes, [this](const NodeId& node) { return configuration_->is_bad_node(node); });
}

}  // namespace ringway::routing
