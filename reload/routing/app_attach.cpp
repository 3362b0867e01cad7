// AppAttaches for connections that routing does not carry (RFC 6940 §6.5.2, RFC 7904 §5.1): routing says who
// may expect whom, the component that serves the application has the sockets.
#include <algorithm>

#include "reload/discovery/announcement.hpp"
#include "reload/routing/routing_impl.hpp"

namespace ringway::routing {

using wire::ErrorCode;
using wire::MessageCode;

namespace {

bool has_channels(std::uint16_t application) {
  return std::any_of(k_applications.begin(), k_applications.end(),
                     [&](const Application one) { return static_cast<std::uint16_t>(one) == application; });
}

// Below are services of other protocols, which nobody is to have this peer talk to; the exception is what
// firewalls let through.
constexpr std::uint16_t k_first_port_of_peers = 1024, k_https_port = 443;

// Where another node may have this peer connect to. Nobody can check that the address is that node's before
// the handshake, but it is not this peer's own, nobody's or everybody's, and on this machine only where
// `served`, which others are to connect to, is as well.
bool may_be_a_peers(const wire::IpAddressPort& address, const std::vector<RemoteAddress>& served,
                    const std::vector<RemoteAddress>& own) {
  const auto has = [&](const std::vector<RemoteAddress>& all) {
    return std::find(all.begin(), all.end(), RemoteAddress(address)) != all.end();
  };
  const bool is_on_this_machine = std::any_of(served.begin(), served.end(), [](const RemoteAddress& one) {
    return discovery::is_loopback(one.full());
  });
  return discovery::can_be_a_peer(address) && !has(served) && !has(own) &&
         (address.port >= k_first_port_of_peers || address.port == k_https_port) &&
         (is_on_this_machine || !discovery::is_loopback(address));
}

RequestFailure local_failure(ErrorCode code, std::string_view reason) {
  return {code, copy_of(view_of(reason)), true, k_no_node};
}

}  // namespace

void RoutingComponent::Impl::on(ServeApplication& input) {
  auto& served = app_attaches().served;
  if (input.addresses.empty()) {
    served.erase(input.application);
    return;
  }
  if (has_channels(input.application)) return;  // routing serves those itself
  if (!served.contains(input.application) && served.size() >= k_max_served_applications) return;
  auto& addresses = served[input.application];
  const std::size_t count = std::min(input.addresses.size(), k_max_candidates);
  addresses.assign(input.addresses.begin(), input.addresses.begin() + static_cast<std::ptrdiff_t>(count));
}

// ---- our AppAttach ----------------------------------------------------------------------------------------

void RoutingComponent::Impl::on(SendAppAttach& input) {
  if (app_attaches().asked.contains(input.token)) return;
  AppAttachTable::Asked asked;
  asked.application = input.application;
  if (!input.destination.empty()) asked.last = input.destination.back();
  const auto refusal = why_not_ask(input);
  if (!refusal.empty()) {
    ++counters_.failed_channels;
    out_->push_back(
        AppAttachDone{input.token, input.application, local_failure(ErrorCode::forbidden, refusal)});
    return;
  }
  const auto& addresses = app_attaches().served.at(input.application);
  const std::uint64_t token = input.token;
  app_attaches().asked.emplace(token, std::move(asked));
  const TransactionId transaction = ask(
      std::move(input.destination), MessageCode::app_attach_req,
      wire::encode(app_attach_body(input.application, "passive", addresses)),
      [this, token](const Outcome& outcome) { app_answered(token, outcome); }, std::nullopt, input.deadline);
  // It may have ended at once.
  if (const auto found = app_attaches().asked.find(token); found != app_attaches().asked.end())
    found->second.transaction = transaction;
}

// Empty when it may be sent.
std::string_view RoutingComponent::Impl::why_not_ask(const SendAppAttach& input) {
  if (!app_attaches().served.contains(input.application)) return "the application is not served here";
  if (input.destination.empty()) return "nobody to ask";
  if (app_attaches().asked.size() >= k_max_app_attaches) return "too many AppAttaches are under way";
  const auto* node = std::get_if<wire::NodeDestination>(&input.destination.back());
  if (node == nullptr) return {};
  if (node->node == self()) return "a connection to oneself";
  if (configuration_->is_bad_node(node->node)) return "revoked (bad-node)";
  return {};
}

void RoutingComponent::Impl::on(DropAppAttach& input) {
  const auto found = app_attaches().asked.extract(input.token);
  if (!found.empty()) drop(found.mapped().transaction);
}

// That it is from the node at the end of the list has been seen to (SIP-17, SEC-13).
void RoutingComponent::Impl::app_answered(std::uint64_t token, const Outcome& outcome) {
  const auto found = app_attaches().asked.find(token);
  if (found == app_attaches().asked.end()) return;
  if (const auto* failure = std::get_if<RequestFailure>(&outcome)) {
    const bool is_on_its_way = failure->code == ErrorCode::in_progress && !failure->local;
    if (is_on_its_way) return app_done(token, AppAttachAccepted{failure->answered_by, nullptr, {}});
    return app_done(token, *failure);
  }
  const auto& message = *std::get<std::shared_ptr<const security::InspectedMessage>>(outcome);
  const auto body = wire::decode<wire::AppAttachBody>(message.message.contents.body);
  const bool usable = body && body->role == "active" && body->candidates.size() <= k_max_candidates &&
                      !offers_ice(body->candidates) && body->application == found->second.application &&
                      message.signer_node != self();
  if (!usable) return app_done(token, local_failure(ErrorCode::invalid_message, "its answer is of no use"));
  app_done(token,
           AppAttachAccepted{message.signer_node, message.signer, reachable_addresses(body->candidates)});
}

void RoutingComponent::Impl::app_done(std::uint64_t token,
                                      std::variant<AppAttachAccepted, RequestFailure> outcome) {
  const auto asked = app_attaches().asked.extract(token);
  if (asked.empty()) return;
  drop(asked.mapped().transaction);
  if (std::holds_alternative<RequestFailure>(outcome)) ++counters_.failed_channels;
  out_->push_back(AppAttachDone{token, asked.mapped().application, std::move(outcome)});
}

// ---- their AppAttach --------------------------------------------------------------------------------------

// What serve_app_attach() has found to be well formed.
void RoutingComponent::Impl::invite(std::uint64_t request, const NodeId& node,
                                    const wire::AppAttachBody& body) {
  AppAttachTable& table = app_attaches();
  const auto served = table.served.find(body.application);
  if (served == table.served.end())
    return answer_error(request, ErrorCode::not_found, "no such application here");  // ICE-18
  if (node == self()) return answer_error(request, ErrorCode::invalid_message, "attach to oneself");
  const AppAttachTable::Key key{body.application, node};
  if (table.connects.contains(key))
    return answer_error(request, ErrorCode::in_progress, "a connection is being made");
  auto addresses = reachable_addresses(body.candidates);
  std::erase_if(addresses, [&](const wire::IpAddressPort& address) {
    return !may_be_a_peers(address, served->second, own_addresses_);
  });
  if (addresses.empty())
    return answer_error(request, ErrorCode::not_found, "no candidate that can be reached");
  if (table.connects.size() >= k_max_app_connects) {
    ++counters_.refused_channels;
    return answer_error(request, ErrorCode::not_found, "too many connections are being made");
  }
  answer(request, MessageCode::app_attach_ans,
         wire::encode(app_attach_body(body.application, "active", served->second)));
  table.connects.emplace(key, now_.mono + k_app_connect_wait);
  out_->push_back(AppConnect{body.application, node, std::move(addresses)});
}

void RoutingComponent::Impl::on(AppConnectEnded& input) {
  app_attaches().connects.erase({input.application, input.node});
}

// ---- documents and time -----------------------------------------------------------------------------------

// A bad-node is asked for nothing any more (RFC 6940 §11.1). Its connections are their owner's to close.
void RoutingComponent::Impl::drop_hopeless_app_attaches() {
  if (!app_attaches_) return;
  std::vector<std::uint64_t> hopeless;
  for (const auto& [token, asked] : app_attaches().asked) {
    const auto* node = std::get_if<wire::NodeDestination>(&asked.last);
    if (node != nullptr && configuration_->is_bad_node(node->node)) hopeless.push_back(token);
  }
  for (const auto token : hopeless)
    app_done(token, local_failure(ErrorCode::forbidden, "revoked (bad-node)"));
}

void RoutingComponent::Impl::app_connects_due() {
  if (!app_attaches_) return;
  std::erase_if(app_attaches().connects, [&](const auto& one) { return one.second <= now_.mono; });
}

}  // namespace ringway::routing
