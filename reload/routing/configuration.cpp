// Newer configuration documents: taking one, putting it in force, passing it on (RFC 6940 §6.3.2.1, §6.5.4).
#include <algorithm>

#include "reload/routing/routing_impl.hpp"

namespace ringway::routing {

using wire::ErrorCode;
using wire::MessageCode;

namespace {

// So many nodes are handed a new document at once; the others have it from these, or when they ask something.
constexpr std::size_t k_most_handed_on = 64;

}  // namespace

// To that node, by this way. Once at a time: others must not fill our transactions.
void RoutingComponent::Impl::push_configuration(const NodeId& node, wire::DestinationList to) {
  if (!configuration_pushes_.insert(node).second) return;  // it is on its way already
  wire::ConfigUpdateReq update;
  update.type = wire::ConfigUpdateType::config;
  update.configuration = copy_of(configuration_->document);
  const std::uint16_t sequence = configuration_->sequence;
  ask(std::move(to), MessageCode::config_update_req, wire::encode(update),
      [this, node, sequence](const Outcome& outcome) {
        configuration_pushes_.erase(node);
        // A newer one has come meanwhile, which could not be sent as well.
        const auto* failure = std::get_if<RequestFailure>(&outcome);
        if (sequence != configuration_->sequence && (failure == nullptr || !failure->local))
          push_configuration(node, {wire::to_node(node)});
      });
}

// A document spreads from node to node, so that whoever is up has it within seconds (RFC 6940 §4.1): to all
// that this peer is attached to, those it routes through first.
void RoutingComponent::Impl::hand_on_configuration(const NodeId& source) {
  std::vector<NodeId> nodes;
  for (const bool peers : {true, false}) {
    for (const auto& [id, link] : links_.all()) {
      if (topology_->is_peer(link.node) != peers || (!peers && !link.attached)) continue;
      if (link.node == source || nodes.size() >= k_most_handed_on) continue;
      if (std::find(nodes.begin(), nodes.end(), link.node) == nodes.end()) nodes.push_back(link.node);
    }
  }
  for (const NodeId& node : nodes) push_configuration(node, {wire::to_node(node)});
}

void RoutingComponent::Impl::serve_config_update(std::uint64_t request,
                                                 const security::InspectedMessage& message) {
  const auto update = wire::decode<wire::ConfigUpdateReq>(message.message.contents.body);
  if (!update) return answer_error(request, ErrorCode::invalid_message, "malformed ConfigUpdate");
  if (update->type != wire::ConfigUpdateType::config)
    return answer_error(request, ErrorCode::forbidden, "Kinds come with the configuration document here");
  auto next = config::parse_configuration(SharedBytes(update->configuration), configuration_->instance_name);
  if (!next) return answer_error(request, ErrorCode::invalid_message, next.error().reason);
  if (!config::sequence_newer((*next)->sequence, configuration_->sequence)) {
    const bool older = (*next)->sequence != configuration_->sequence;
    const Served served = served_.at(request);
    answer_error(request, ErrorCode::config_too_old, "not newer than the present configuration");
    if (older) push_configuration(served.signer, way_back(served));
    return;
  }
  const auto allowed = config::check_successor(*configuration_, **next, *trust_, now_.wall_ms);
  if (!allowed) return answer_error(request, ErrorCode::forbidden, allowed.error().reason);
  auto trust = security::Trust::make((*next)->trust_settings());
  if (!trust) return answer_error(request, ErrorCode::invalid_message, trust.error().reason);
  const NodeId source = message.signer_node;
  answer(request, MessageCode::config_update_ans, {});
  take_configuration(*next, *trust);
  hand_on_configuration(source);
}

// Everything here that was made of the document before; the drivers and the other components hear of it too.
void RoutingComponent::Impl::take_configuration(config::ConfigurationPtr next, security::TrustPtr trust) {
  configuration_ = std::move(next);
  trust_ = std::move(trust);
  reassembler_.set_max_message_size_bytes(configuration_->max_message_size_bytes);
  settings_.bootstrap = bootstrap_addresses();
  topology_->reconfigure(now_, *configuration_);
  out_->push_back(ConfigurationChanged{configuration_});
  cut_off_revoked();
}

// Cached and given addresses first, then the document's; our own is no help.
std::vector<wire::IpAddressPort> RoutingComponent::Impl::bootstrap_addresses() const {
  auto all = given_bootstrap_;
  for (const auto& node : configuration_->bootstrap_nodes) {
    wire::IpAddressPort address;
    const bool v6 = node.address.find(':') != std::string::npos;
    const std::string text = (v6 ? "[" + node.address + "]" : node.address) + ":" + std::to_string(node.port);
    if (link::parse_address(text, address)) all.push_back(address);
  }
  const auto& own = settings_.own_addresses;
  std::vector<wire::IpAddressPort> others;
  for (const auto& address : all) {
    if (std::find(own.begin(), own.end(), address) != own.end()) continue;
    if (std::find(others.begin(), others.end(), address) == others.end()) others.push_back(address);
  }
  return others;
}

// A bad-node's certificate is not valid any more (RFC 6940 §11.1): its links are gone from this moment, not
// only when the connection has been closed.
void RoutingComponent::Impl::cut_off_revoked() {
  std::vector<LinkId> links;
  for (const auto& [id, link] : links_.all())
    if (configuration_->is_revoked(*link.certificate)) links.push_back(id);
  for (const LinkId& id : links) {
    ++counters_.refused_revoked;
    out_->push_back(CloseLink{id, "bad-node in the new configuration"});
    LinkDown down{id, 0, "revoked"};
    on(down);
  }
  std::vector<std::uint64_t> hopeless;
  for (const auto& [key, pending] : attaches_)
    for (const auto& node : {pending.expected, pending.answered_by})
      if (node && configuration_->is_bad_node(*node)) hopeless.push_back(key);
  for (const std::uint64_t key : hopeless) attach_failed(key);
}

// Of lists in others' Updates: they may not have the document yet.
void RoutingComponent::Impl::drop_bad_nodes(std::vector<NodeId>& nodes) const {
  std::erase_if(nodes, [this](const NodeId& node) { return configuration_->is_bad_node(node); });
}

}  // namespace ringway::routing
