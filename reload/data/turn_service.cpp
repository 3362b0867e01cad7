#include "reload/data/turn_service.hpp"

#include <algorithm>

#include "reload/data/access_control.hpp"
#include "reload/wire/service_bodies.hpp"

namespace ringway::data {

namespace {

using wire::MessageCode;

constexpr Duration k_first_retry{2'000};
constexpr Duration k_longest_retry{60'000};
constexpr Duration k_removal_gives_up{15'000};
constexpr Duration k_lifetime{std::int64_t{k_turn_record_lifetime_s} * 1000};
constexpr std::uint32_t k_removal_extra_s = 60;

bool usable(const wire::IpAddressPort& address) {
  return address.port != 0 &&
         (address.type == wire::AddressType::ipv4 || address.type == wire::AddressType::ipv6);
}

}  // namespace

ResourceId turn_resource_of(const NodeId& node, std::uint8_t iteration) {
  Bytes name = copy_of(node.view());
  name.push_back(iteration);
  return resource_id_of(BytesView{name});
}

// ---- advertising ------------------------------------------------------------------------------------------

// turn-density says how often; 0: not at all.
std::size_t TurnService::wanted_records() const {
  const auto* kind = data_.configuration->kinds.find(config::k_turn_service);
  if (kind == nullptr || !address_) return 0;
  return std::min({data_.configuration->turn_density, kind->max_node_multiple, k_most_turn_records});
}

void TurnService::advertise(const Now& now, AdvertiseRelay order) {
  const bool changed_address = address_ && *address_ != order.address;
  address_ = std::move(order.address);
  if (changed_address)
    for (Place& place : places_) place.due = now.mono;
  changed(now);
}

void TurnService::withdraw(const Now& now) {
  address_.reset();
  changed(now);
}

void TurnService::changed(const Now& now) {
  const std::size_t wanted = wanted_records();
  for (Place& place : places_) {
    const bool removing = place.iteration > wanted;
    if (removing == place.removing) continue;
    place.removing = removing;
    place.due = now.mono;
    place.attempts = 0;
    if (removing) place.until = std::min(place.until, now.mono + k_removal_gives_up);
  }
  for (std::size_t d = 1; d <= wanted; ++d) {
    const bool known =
        std::any_of(places_.begin(), places_.end(), [&](const Place& place) { return place.iteration == d; });
    if (known) continue;
    Place place;
    place.iteration = static_cast<std::uint8_t>(d);
    place.due = now.mono;
    place.until = now.mono + k_lifetime;
    places_.push_back(place);
  }
}

routing::SendRequest TurnService::request(const ResourceId& resource, MessageCode code, Bytes body) {
  routing::SendRequest out;
  out.origin = routing::Origin::storage;
  out.token = ++last_request_;
  out.destination = {wire::to_resource(resource)};
  out.code = code;
  out.body = SharedBytes{std::move(body)};
  return out;
}

void TurnService::store(const Now& now, Place& place, StorageOutputs& out) {
  place.due.reset();
  const ResourceId resource = turn_resource_of(data_.signer->node_id(), place.iteration);
  last_storage_time_ms_ = std::max<std::uint64_t>(now.wall_ms, last_storage_time_ms_ + 1);
  wire::StoredData value;
  value.storage_time_ms = last_storage_time_ms_;
  value.lifetime_s = k_turn_record_lifetime_s + (place.removing ? k_removal_extra_s : 0);
  value.value.model = wire::DataModel::single;
  if (!place.removing) {
    value.value.data = {true, SharedBytes{wire::encode(wire::TurnServer{place.iteration, *address_})}};
    place.until = now.mono + k_lifetime;
  }
  value.value_wire = SharedBytes{wire::encode(value.value)};
  value.signature = data_.signer->sign(security::value_signature_input(
      resource, config::k_turn_service, value.storage_time_ms, wire::DataModel::single, value.value_wire));
  wire::StoreReq body;
  body.resource = copy_of(resource.view());
  wire::StoreKindData kind;
  kind.kind = config::k_turn_service;
  kind.values.push_back(std::move(value));
  body.kind_data.push_back(std::move(kind));
  auto message = request(resource, MessageCode::store_req, wire::encode(body));
  place.request = message.token;
  stores_[message.token] = place.iteration;
  out.emplace_back(std::move(message));
}

void TurnService::stored(const Now& now, std::size_t index, const routing::RequestDone& done) {
  Place& place = places_[index];
  place.request = 0;
  const bool failed = std::holds_alternative<routing::RequestFailure>(done.outcome);
  if (place.removing) {
    // What was asked for while an advertisement was on its way is done now. One that cannot be removed ends
    // by itself.
    if (place.due && now.mono < place.until) return;
    if (!failed || now.mono + k_first_retry >= place.until) {
      places_.erase(places_.begin() + static_cast<std::ptrdiff_t>(index));
      return;
    }
  }
  if (failed) {
    const Duration delay = std::min(k_longest_retry, k_first_retry * (1U << std::min(place.attempts++, 8U)));
    place.due = now.mono + delay;
    return;
  }
  if (place.due) return;  // with another address
  place.attempts = 0;
  ++data_.statistics.relay_records;
  place.due = now.mono + k_lifetime / 2;
}

void TurnService::on_timer(const Now& now, StorageOutputs& out) {
  if (!data_.view->joined) {
    std::erase_if(places_, [&](const Place& place) { return place.removing && place.request == 0; });
    for (Place& place : places_)
      if (place.due && *place.due <= now.mono) place.due = now.mono + k_first_retry;
    return;
  }
  for (Place& place : places_)
    if (place.request == 0 && place.due && *place.due <= now.mono) store(now, place, out);
}

std::optional<MonoTime> TurnService::next_deadline() const {
  std::optional<MonoTime> next;
  for (const Place& place : places_)
    if (place.request == 0 && place.due && (!next || *place.due < *next)) next = place.due;
  return next;
}

// ---- finding ----------------------------------------------------------------------------------------------

void TurnService::find(const Now& now, FindRelays order, StorageOutputs& out) {
  std::optional<CallFailure> failure;
  if (!data_.view->joined) {
    failure = {CallError::unavailable, "this peer is not in the ring yet: try again when it has joined", 0};
  } else if (data_.configuration->kinds.find(config::k_turn_service) == nullptr) {
    failure = {CallError::failed_precondition, "this overlay's document does not define TURN-SERVICE", 0};
  } else if (searches_.size() >= k_max_relay_searches) {
    failure = {CallError::resource_exhausted, "too many searches for relays are under way: try again", 0};
  }
  if (failure) {
    out.emplace_back(RelaysFound{order.token, {}, std::move(failure)});
    return;
  }
  order.probes.resize(std::min(order.probes.size(), k_most_relay_probes));
  const std::uint64_t number = ++last_search_;
  Search& search = searches_[number];
  search.order = std::move(order);
  search.number = number;
  search.until = now.mono + k_relay_search_time;
  go_on(now, search, out);
}

// First what is said to be somewhere, then the next random point (RFC 6940 §9).
void TurnService::go_on(const Now& now, Search& search, StorageOutputs& out) {
  if (search.found.size() >= search.order.wanted || search.until <= now.mono) return finish(search, out);
  if (!search.to_fetch.empty()) {
    search.fetching = search.to_fetch.back();
    search.to_fetch.pop_back();
    return ask(search, fetch(search.fetching), out);
  }
  if (search.by_redir || search.next_probe >= search.order.probes.size()) {
    if (search.by_redir || !search.found.empty()) return finish(search, out);
    FindRelays fruitless = search.order;
    fruitless.token = search.number;
    fruitless_.push_back(std::move(fruitless));
    return;
  }
  const ResourceId probe = search.order.probes[search.next_probe++];
  wire::FindReq body;
  body.resource = copy_of(probe.view());
  body.kinds = {config::k_turn_service};
  ask(search, request(probe, MessageCode::find_req, wire::encode(body)), out);
}

routing::SendRequest TurnService::fetch(const ResourceId& resource) {
  wire::StoredDataSpecifier specifier;
  specifier.kind = config::k_turn_service;
  specifier.model = wire::DataModel::single;
  wire::FetchReq body;
  body.resource = copy_of(resource.view());
  body.specifiers.push_back(std::move(specifier));
  auto out = request(resource, MessageCode::fetch_req, wire::encode(body));
  out.fetch_resource = resource;
  return out;
}

void TurnService::ask(Search& search, routing::SendRequest request, StorageOutputs& out) {
  requests_of_searches_[request.token] = search.number;
  out.emplace_back(std::move(request));
}

void TurnService::providers_are(const Now& now, std::uint64_t search, const std::vector<NodeId>& nodes,
                                StorageOutputs& out) {
  const auto found = searches_.find(search);
  if (found == searches_.end()) return;
  found->second.by_redir = true;
  for (auto node = nodes.rbegin(); node != nodes.rend(); ++node)
    found->second.to_fetch.push_back(turn_resource_of(*node, 1));
  go_on(now, found->second, out);
}

void TurnService::give_up(std::uint64_t search, StorageOutputs& out) {
  const auto found = searches_.find(search);
  if (found == searches_.end()) return;
  finish(found->second, out);
}

void TurnService::finish(Search& search, StorageOutputs& out) {
  RelaysFound result{search.order.token, std::move(search.found), std::nullopt};
  if (result.relays.empty())
    result.failure = CallFailure{CallError::not_found, "no relay was found in the overlay", 0};
  searches_.erase(search.number);
  out.emplace_back(std::move(result));
}

void TurnService::searched(Search& search, const security::InspectedMessage& message) {
  if (message.message.contents.code == MessageCode::fetch_ans) return take_record(search, message);
  const auto answer = wire::decode<wire::FindAns>(message.message.contents.body);
  if (!answer) return;
  for (const auto& response : answer->kind_responses) {
    if (response.kind != config::k_turn_service || response.closest.size() != k_node_id_size_bytes) continue;
    const ResourceId closest = as_resource(ring_id_from(response.closest));
    // One Kind was asked for, so there is one: an answer with more would lead from place to place.
    if (closest != ResourceId{}) search.to_fetch.push_back(closest);
    return;
  }
}

// Only what its signer may have written there (RFC 6940 §7.4.2.2).
void TurnService::take_record(Search& search, const security::InspectedMessage& message) {
  const auto* kind = data_.configuration->kinds.find(config::k_turn_service);
  if (kind == nullptr || !message.fetch || !message.body_fault.empty()) return;
  if (message.fetch->kind_responses.size() != 1 || message.verdicts.size() != 1) return;
  const auto& response = message.fetch->kind_responses.front();
  const auto& verdicts = message.verdicts.front();
  if (response.kind != config::k_turn_service || response.values.size() != 1 || verdicts.size() != 1) return;
  const auto& value = response.values.front();
  const auto& verdict = verdicts.front();
  if (wire::is_absent(value) || !value.value.data.exists || verdict.signer == nullptr) return;
  if (data_.configuration->is_revoked(*verdict.signer)) return;
  if (!check_writer(*kind, search.fetching, {verdict.signer->user_name(), verdict.signer_node}, value.value))
    return;
  const auto record = wire::decode<wire::TurnServer>(value.value.data.value);
  if (!record || !usable(record->server_address)) return;
  const FoundRelay relay{verdict.signer_node, record->server_address};
  const bool known = std::any_of(search.found.begin(), search.found.end(),
                                 [&](const FoundRelay& one) { return one.node == relay.node; });
  if (!known && relay.node != data_.signer->node_id()) search.found.push_back(relay);
}

bool TurnService::request_done(const Now& now, const routing::RequestDone& done, StorageOutputs& out) {
  if (done.token < k_first_turn_request) return false;
  if (const auto search = requests_of_searches_.extract(done.token)) {
    const auto found = searches_.find(search.mapped());
    if (found == searches_.end()) return true;
    if (const auto* message = std::get_if<0>(&done.outcome)) searched(found->second, **message);
    go_on(now, found->second, out);
    return true;
  }
  const auto place = stores_.extract(done.token);
  if (!place) return true;
  const auto of = std::find_if(places_.begin(), places_.end(),
                               [&](const Place& one) { return one.iteration == place.mapped(); });
  if (of != places_.end()) stored(now, static_cast<std::size_t>(of - places_.begin()), done);
  return true;
}

TableSizes TurnService::tables() const {
  return {{"records of this relay", places_.size(), k_most_turn_records},
          {"searches for relays", searches_.size(), k_max_relay_searches}};
}

}  // namespace ringway::data
