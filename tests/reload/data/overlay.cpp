#include "tests/reload/data/overlay.hpp"

#include <algorithm>
#include <stdexcept>

#include "reload/config/inspection.hpp"
#include "reload/data/message_budget.hpp"
#include "reload/topology/peer_table.hpp"

namespace ringway::data::test {

namespace {

using wire::DataModel;
using wire::MessageCode;

config::KindDefinition kind(KindId id, DataModel model, config::AccessPolicy access) {
  config::KindDefinition out;
  out.kind = id;
  out.model = model;
  out.access = access;
  out.max_count = k_max_count;
  out.max_size_bytes = k_max_size_bytes;
  out.max_node_multiple = access == config::AccessPolicy::node_multiple ? 3 : 0;
  return out;
}

DataModel model_of(KindId id) {
  DataModel model{};
  test_configuration()->kinds.model_of(id, model);
  return model;
}

}  // namespace

std::shared_ptr<config::Configuration> test_configuration() {
  using config::AccessPolicy;
  auto out = std::make_shared<config::Configuration>();
  out->instance_name = authority().overlay_name();
  out->sequence = 1;
  out->max_message_size_bytes = 5000;
  out->root_certificates_der = {authority().root_der()};
  out->kinds.add(kind(k_single_kind, DataModel::single, AccessPolicy::user_match));
  out->kinds.add(kind(k_array_kind, DataModel::array, AccessPolicy::user_match));
  out->kinds.add(kind(k_dictionary_kind, DataModel::dictionary, AccessPolicy::user_node_match));
  out->kinds.add(kind(k_node_kind, DataModel::single, AccessPolicy::node_match));
  out->kinds.add(kind(k_node_multiple_kind, DataModel::single, AccessPolicy::node_multiple));
  auto owner = kind(config::k_owner_value, DataModel::dictionary, AccessPolicy::owner_path_match);
  auto shared = kind(config::k_shared_value, DataModel::dictionary, AccessPolicy::shared_writer_match);
  auto subscription = kind(config::k_subscription, DataModel::dictionary, AccessPolicy::watcher_match);
  owner.max_count = shared.max_count = subscription.max_count = 40;
  out->kinds.add(owner);
  out->kinds.add(shared);
  out->kinds.add(subscription);
  return out;
}

const ringway::test::TestAuthority& authority() {
  static const ringway::test::TestAuthority one;
  return one;
}

SignerPtr issue(const std::string& user, const NodeId& node) {
  static std::map<std::pair<std::string, NodeId>, SignerPtr> issued;
  auto& signer = issued[{user, node}];
  if (signer == nullptr) signer = authority().issue(user, node);
  return signer;
}

NodeId node_at(std::uint8_t first_byte) { return ringway::test::node_id(first_byte); }

wire::StoredData signed_value(const security::Signer& signer, const ValueSpec& spec) {
  wire::StoredData out;
  out.storage_time_ms = spec.storage_time_ms;
  out.lifetime_s = spec.lifetime_s;
  out.value.model = model_of(spec.kind);
  out.value.index = spec.index;
  out.value.key = SharedBytes{spec.key};
  out.value.data = {spec.exists, spec.exists ? SharedBytes{copy_of(view_of(spec.value))} : SharedBytes{}};
  out.value_wire = SharedBytes{wire::encode(out.value)};
  out.signature = signer.sign(security::value_signature_input(spec.resource, spec.kind, spec.storage_time_ms,
                                                              out.value.model, out.value_wire));
  return out;
}

wire::StoreReq store_of(const ValueSpec& spec, const security::Signer& signer, std::uint64_t generation,
                        std::uint8_t replica_number) {
  wire::StoreReq out;
  out.resource = copy_of(spec.resource.view());
  out.replica_number = replica_number;
  wire::StoreKindData data;
  data.kind = spec.kind;
  data.generation_counter = generation;
  data.values.push_back(signed_value(signer, spec));
  out.kind_data.push_back(std::move(data));
  return out;
}

wire::FetchReq fetch_of(const ResourceId& resource, KindId id, std::uint64_t generation) {
  wire::FetchReq out;
  out.resource = copy_of(resource.view());
  wire::StoredDataSpecifier specifier;
  specifier.kind = id;
  specifier.generation_counter = generation;
  specifier.model = model_of(id);
  if (specifier.model == DataModel::array) specifier.indices.push_back({0, wire::k_array_end});
  out.specifiers.push_back(std::move(specifier));
  return out;
}

wire::StoreAns Answered::store() const {
  auto decoded = wire::decode<wire::StoreAns>(code == MessageCode::error ? SharedBytes{error.info}
                                                                         : message->message.contents.body);
  return decoded ? *decoded : wire::StoreAns{};
}

wire::FetchKindResponse Answered::fetch() const {
  if (message == nullptr || !message->fetch || message->fetch->kind_responses.empty()) return {};
  return message->fetch->kind_responses.front();
}

Overlay::Overlay() {
  inspector_ =
      std::make_shared<security::Inspector>(config::inspection_context(authority().trust(), configuration));
}

Peer& Overlay::add(const std::string& user, const NodeId& node) { return add(issue(user, node)); }

Peer& Overlay::add(SignerPtr signer) {
  auto added = std::make_unique<Peer>();
  const NodeId node = signer->node_id();
  added->signer = std::move(signer);
  added->node = node;
  Peer& peer = *peers_.emplace(node, std::move(added)).first->second;
  restart(peer);
  peer.joined = true;
  return peer;
}

void Overlay::kill(Peer& peer) {
  peer.alive = false;
  peer.joined = false;
  ++peer.life;
  peer.held_commits.clear();
  std::vector<Answer> unanswered;
  for (auto at = waiting_.begin(); at != waiting_.end();) {
    if (at->first.first == peer.node) {
      unanswered.push_back(std::move(at->second));
      at = waiting_.erase(at);
    } else {
      ++at;
    }
  }
  for (const auto& answer : unanswered) answer(std::nullopt);
  for (auto& [node, other] : peers_)
    if (other->alive) break_channel(peer, *other);
  peer.storage.reset();
  peer.replication.reset();
}

void Overlay::restart(Peer& peer) {
  peer.alive = true;
  peer.joined = false;
  ++peer.life;
  peer.view = std::make_shared<const topology::RingView>();
  peer.storage = std::make_unique<StorageComponent>(storage_settings, configuration, peer.signer, peer.store);
  ReplicationSettings replication = replication_settings;
  replication.own_certificates_bytes = own_certificates_bytes(*peer.signer);
  peer.replication =
      std::make_unique<ReplicationComponent>(replication, configuration, peer.node, peer.store);
}

topology::RingView Overlay::ring_view(const Peer& peer) const {
  topology::RingView view;
  view.self = peer.node;
  view.joined = peer.joined;
  view.replicas = replicas;
  if (!peer.joined) return view;
  std::vector<NodeId> ring;  // clockwise from this peer
  for (const auto& [node, other] : peers_) {
    if (other->alive && other->joined && node != peer.node) ring.push_back(node);
  }
  std::sort(ring.begin(), ring.end(), [&](const NodeId& a, const NodeId& b) {
    return ring_distance(peer.node, a) < ring_distance(peer.node, b);
  });
  const std::size_t count = std::min(topology::neighbors_per_side(replicas), ring.size());
  view.successors.assign(ring.begin(), ring.begin() + static_cast<std::ptrdiff_t>(count));
  view.predecessors.assign(ring.rbegin(), ring.rbegin() + static_cast<std::ptrdiff_t>(count));
  return view;
}

void Overlay::update_views() {
  for (auto& [node, peer] : peers_) {
    if (peer->alive && peer->joined) set_view(*peer, ring_view(*peer));
  }
}

void Overlay::set_view(Peer& peer, topology::RingView view) {
  view.version = ++view_version_;
  peer.view = std::make_shared<const topology::RingView>(std::move(view));
  to_storage(peer, routing::RingChanged{peer.view});
  to_replication(peer, routing::RingChanged{peer.view});
}

void Overlay::to_storage(Peer& peer, StorageInput input) {
  queue_.push_back([this, &peer, life = peer.life, input = std::move(input)]() mutable {
    if (!peer.alive || peer.life != life) return;
    StorageOutputs outputs;
    peer.storage->handle(now_, std::move(input), outputs);
    dispatch(peer, outputs);
  });
}

void Overlay::to_replication(Peer& peer, ReplicationInput input) {
  queue_.push_back([this, &peer, life = peer.life, input = std::move(input)]() mutable {
    if (!peer.alive || peer.life != life) return;
    ReplicationOutputs outputs;
    peer.replication->handle(now_, std::move(input), outputs);
    dispatch(peer, outputs);
  });
}

void Overlay::run() {
  while (!queue_.empty()) {
    auto next = std::move(queue_.front());
    queue_.pop_front();
    next();
  }
}

bool Overlay::leave(Peer& peer, Duration within) {
  to_replication(peer, routing::Drain{});
  const MonoTime end = now_.mono + within;
  while (!peer.drained && now_.mono < end) advance(Duration{10});
  kill(peer);
  update_views();
  run();
  return peer.drained;
}

void Overlay::advance(Duration by) {
  const MonoTime end = now_.mono + by;
  run();
  for (std::size_t steps = 0;; ++steps) {
    if (steps > 100'000) throw std::runtime_error("timers never rest");
    std::optional<MonoTime> next;
    for (auto& [node, peer] : peers_) {
      if (!peer->alive) continue;
      for (const auto& at : {peer->storage->next_deadline(), peer->replication->next_deadline()}) {
        if (at && (!next || *at < *next)) next = at;
      }
    }
    if (!later_.empty() && (!next || later_.begin()->first < *next)) next = later_.begin()->first;
    if (!next || *next > end) break;
    if (*next > now_.mono) {
      now_.wall_ms += static_cast<WallMs>((*next - now_.mono).count());
      now_.mono = *next;
    }
    while (!later_.empty() && later_.begin()->first <= now_.mono) {
      queue_.push_back(std::move(later_.begin()->second));
      later_.erase(later_.begin());
    }
    for (auto& [node, peer] : peers_) {
      if (!peer->alive) continue;
      StorageOutputs storage_outputs;
      if (auto at = peer->storage->next_deadline(); at && *at <= now_.mono) {
        peer->storage->on_timer(now_, storage_outputs);
      }
      dispatch(*peer, storage_outputs);
      ReplicationOutputs replication_outputs;
      if (auto at = peer->replication->next_deadline(); at && *at <= now_.mono) {
        peer->replication->on_timer(now_, replication_outputs);
      }
      dispatch(*peer, replication_outputs);
    }
    run();
  }
  now_.wall_ms += static_cast<WallMs>((end - now_.mono).count());
  now_.mono = end;
}

std::uint64_t Overlay::begin(Peer& peer, std::vector<Call> calls) {
  const std::uint64_t token = ++last_calls_;
  to_storage(peer, Calls{token, std::move(calls)});
  return token;
}

CallResult Overlay::call(Peer& peer, Call one) {
  const std::uint64_t token = begin(peer, {std::move(one)});
  run();
  for (int i = 0; i < 300 && !peer.results.contains(token); ++i) advance(Duration{100});
  if (!peer.results.contains(token)) return CallFailure{CallError::internal, "no result", 0};
  return peer.results.at(token).front();
}

void Overlay::commit(Peer& peer, const Commit& one) {
  if (peer.fail_commits) return to_storage(peer, Committed{one.token, false, "disk full"});
  const auto outcome = peer.store->commit({one.batch});
  to_storage(peer, Committed{one.token, outcome.ok(), {}});
}

void Overlay::release_commits(Peer& peer) {
  peer.hold_commits = false;
  for (; !peer.held_commits.empty(); peer.held_commits.pop_front()) commit(peer, peer.held_commits.front());
  run();
}

void Overlay::dispatch(Peer& peer, StorageOutputs& outputs) {
  for (auto& output : outputs) {
    if (auto* one = std::get_if<Commit>(&output)) {
      if (peer.hold_commits) {
        peer.held_commits.push_back(std::move(*one));
      } else {
        commit(peer, *one);
      }
    } else if (auto* replicate = std::get_if<Replicate>(&output)) {
      to_replication(peer, std::move(*replicate));
    } else if (auto* mend = std::get_if<AskToMend>(&output)) {
      peer.asked_to_mend.push_back(*mend);
      to_replication(peer, *mend);
    } else if (auto* done = std::get_if<CallsDone>(&output)) {
      peer.results[done->token] = std::move(done->results);
    } else if (auto* certificates = std::get_if<CertificatesFound>(&output)) {
      peer.found = std::move(*certificates);
    } else if (auto* send = std::get_if<routing::SendRequest>(&output)) {
      request(peer, *send);
    } else if (auto* cancel = std::get_if<routing::CancelRequest>(&output)) {
      cancelled_.insert({peer.node, peer.life, cancel->origin, cancel->token});
    } else if (auto* answer = std::get_if<routing::SendAnswer>(&output)) {
      const auto found = waiting_.find({peer.node, answer->request});
      if (found == waiting_.end()) throw std::runtime_error("a request was answered twice");
      auto reply = std::move(found->second);
      waiting_.erase(found);
      reply(std::move(*answer));
    } else {
      dispatch_watching(peer, output);
    }
  }
  outputs.clear();
}

// ---- watches and channels ---------------------------------------------------------------------------------

void Overlay::dispatch_watching(Peer& peer, StorageOutput& output) {
  if (auto* event = std::get_if<WatchEvent>(&output)) {
    peer.events[event->token].push_back(std::move(event->result));
    if (!slow_applications) to_storage(peer, WatchNext{event->token});
  } else if (auto* service = std::get_if<ServiceDone>(&output)) {
    peer.services.push_back(std::move(*service));
  } else if (auto* relays = std::get_if<RelaysFound>(&output)) {
    peer.relays.push_back(std::move(*relays));
  } else if (auto* order = std::get_if<CheckValues>(&output)) {
    check_values(peer, *order);
  } else if (auto* open = std::get_if<routing::OpenChannel>(&output)) {
    channel(peer, *open);
  } else if (auto* send = std::get_if<routing::SendOnChannel>(&output)) {
    channel(peer, *send);
  } else if (auto* close = std::get_if<routing::CloseChannel>(&output)) {
    channel(peer, *close);
  }
}

void Overlay::check_values(Peer& peer, const CheckValues& order) {
  ValuesChecked checked{order.ticket, {}};
  for (const auto& value : *order.values)
    checked.verdicts.push_back(
        inspector_->check_value(now_.wall_ms, order.resource, order.kind, value, order.certificates));
  to_storage(peer, std::move(checked));
}

std::uint64_t Overlay::watch(Peer& peer, WatchCall call) {
  const std::uint64_t token = ++last_watch_;
  to_storage(peer, Watch{token, std::move(call)});
  run();
  return token;
}

void Overlay::dispatch(Peer& peer, ReplicationOutputs& outputs) {
  for (auto& output : outputs) {
    if (auto* send = std::get_if<routing::SendRequest>(&output)) {
      request(peer, *send);
    } else if (auto* cancel = std::get_if<routing::CancelRequest>(&output)) {
      cancelled_.insert({peer.node, peer.life, cancel->origin, cancel->token});
    } else if (auto* report = std::get_if<routing::HandOverReport>(&output)) {
      peer.hand_overs.push_back(*report);
    } else if (std::get_if<routing::Drained>(&output) != nullptr) {
      peer.drained = true;
    } else if (auto* replicated = std::get_if<Replicated>(&output)) {
      to_storage(peer, std::move(*replicated));
    } else if (auto* drop = std::get_if<DropKinds>(&output)) {
      to_storage(peer, std::move(*drop));
    } else if (auto* damaged = std::get_if<SeenDamaged>(&output)) {
      to_storage(peer, std::move(*damaged));
    } else if (auto* adopt = std::get_if<Adopt>(&output)) {
      to_storage(peer, std::move(*adopt));
    } else if (auto* open = std::get_if<routing::OpenChannel>(&output)) {
      channel(peer, *open);
    } else if (auto* message = std::get_if<routing::SendOnChannel>(&output)) {
      channel(peer, *message);
    } else if (auto* close = std::get_if<routing::CloseChannel>(&output)) {
      channel(peer, *close);
    }
  }
  outputs.clear();
}

Peer* Overlay::target_of(const routing::SendRequest& request) {
  if (const auto* node = std::get_if<wire::NodeDestination>(&request.destination.back())) {
    const auto found = peers_.find(node->node);
    return found == peers_.end() || !found->second->alive ? nullptr : found->second.get();
  }
  const RingId resource = ring_id_from(std::get<wire::ResourceDestination>(request.destination.back()).id);
  Peer* nearest = nullptr;
  for (auto& [node, peer] : peers_) {
    if (!peer->alive || !peer->joined) continue;
    if (nearest == nullptr || ring_distance(resource, node) < ring_distance(resource, nearest->node)) {
      nearest = peer.get();
    }
  }
  return nearest;
}

void Overlay::request(Peer& peer, const routing::SendRequest& request) {
  Peer* to = target_of(request);
  const Sent one{peer.node,    to == nullptr ? k_no_node : to->node,
                 request.code, copy_of(request.body),
                 now_.mono,    std::holds_alternative<wire::ResourceDestination>(request.destination.back())};
  sent.push_back(one);
  const std::uint64_t life = peer.life;
  if (to == nullptr || loses(one)) return lost(peer, life, request);
  const auto bytes = encode(request.signer ? *request.signer : *peer.signer, request.destination,
                            request.code, request.body, request.certificates_der);
  if (bytes.size() > configuration->max_message_size_bytes)
    throw std::runtime_error("a message is too large");
  deliver(*to, inspect(bytes, std::nullopt), peer.node,
          [this, &peer, life, request, to, one](std::optional<routing::SendAnswer> answer) {
            if (!answer || loses_answer(one)) return lost(peer, life, request);
            Bytes body = copy_of(answer->body);
            bends(*to, answer->code, body);
            if (answer->code == MessageCode::error) {
              const auto error = wire::decode<wire::ErrorResponse>(SharedBytes{body});
              return finish(peer, life, request,
                            routing::RequestFailure{error->code, error->info, false, to->node});
            }
            const auto reply = encode(*to->signer, {wire::to_node(peer.node)}, answer->code,
                                      SharedBytes{body}, answer->certificates_der);
            if (reply.size() > configuration->max_message_size_bytes) {
              throw std::runtime_error("an answer is too large");
            }
            finish(peer, life, request, inspect(reply, request.fetch_resource));
          });
}

void Overlay::lost(Peer& peer, std::uint64_t life, const routing::SendRequest& request) {
  constexpr Duration k_request_lifetime{15'000};  // RFC 6940 §6.2.1
  later_.emplace(now_.mono + request.deadline.value_or(k_request_lifetime), [this, &peer, life, request] {
    routing::RequestFailure failure;
    failure.local = true;
    finish(peer, life, request, failure);
  });
}

void Overlay::finish(
    Peer& peer, std::uint64_t life, const routing::SendRequest& request,
    std::variant<std::shared_ptr<const security::InspectedMessage>, routing::RequestFailure> outcome) {
  queue_.push_back(
      [this, &peer, life, origin = request.origin, token = request.token, outcome = std::move(outcome)] {
        if (!peer.alive || peer.life != life || cancelled_.contains({peer.node, life, origin, token})) return;
        routing::RequestDone done{origin, token, outcome};
        if (origin == routing::Origin::storage) {
          to_storage(peer, std::move(done));
        } else {
          to_replication(peer, std::move(done));
        }
      });
}

void Overlay::deliver(Peer& to, std::shared_ptr<const security::InspectedMessage> message, const NodeId& from,
                      Answer answer) {
  if (message->message.contents.code == MessageCode::ping_req)  // is for routing to answer
    return answer(
        routing::SendAnswer{0, MessageCode::ping_ans, SharedBytes{wire::encode(wire::PingAns{})}, {}});
  const std::uint64_t id = ++last_request_;
  waiting_[{to.node, id}] = std::move(answer);
  to_storage(to, routing::DeliverRequest{id, std::move(message), from});
}

SharedBytes Overlay::encode(const security::Signer& signer, const wire::DestinationList& destination,
                            MessageCode code, SharedBytes body,
                            const std::vector<SharedBytes>& certificates) {
  wire::Message message;
  message.header.overlay = wire::overlay_hash(configuration->instance_name);
  message.header.configuration_sequence = configuration->sequence;
  message.header.transaction_id = ++last_transaction_;
  message.header.destination_list = destination;
  message.contents.code = code;
  message.contents.body = std::move(body);
  const Bytes contents = wire::encode(message.contents);
  const Bytes input =
      security::message_signature_input(message.header.overlay, message.header.transaction_id, contents);
  const auto block = security::make_security_block(signer, input, certificates);
  const Bytes payload = wire::encode_payload(contents, block);
  Bytes bytes = wire::encode_header(message.header, payload.size());
  append(bytes, payload);
  return SharedBytes{std::move(bytes)};
}

std::shared_ptr<const security::InspectedMessage> Overlay::inspect(
    const SharedBytes& bytes, const std::optional<ResourceId>& fetch_resource) {
  auto header = wire::parse_header(bytes);
  if (!header) throw std::runtime_error("header: " + header.error().reason);
  if (forgetful)
    inspector_->replace(
        {*security::Trust::make(configuration->trust_settings()), {configuration, &configuration->kinds}});
  auto verdict = inspector_->inspect(now_.wall_ms, std::move(*header), bytes, fetch_resource);
  if (!verdict) throw std::runtime_error("inspection: " + verdict.error().reason);
  return std::make_shared<const security::InspectedMessage>(std::move(*verdict));
}

std::optional<Answered> Overlay::ask(const SignerPtr& from, Peer& to, MessageCode code, Bytes body,
                                     std::vector<SharedBytes> more_certificates, bool by_node) {
  wire::Reader reader(SharedBytes{body});
  const auto resource = reader.opaque(1);
  const wire::DestinationList destination{
      by_node ? wire::to_node(to.node) : wire::Destination{wire::ResourceDestination{copy_of(resource)}}};
  const auto bytes = encode(*from, destination, code, SharedBytes{std::move(body)}, more_certificates);
  auto result = std::make_shared<std::optional<Answered>>();
  deliver(to, inspect(bytes, std::nullopt), from->node_id(),
          [this, result, &to, resource](std::optional<routing::SendAnswer> answer) {
            if (!answer) return;
            const auto& m = *answer;
            Answered answered;
            answered.code = m.code;
            if (m.code == MessageCode::error) {
              answered.error = *wire::decode<wire::ErrorResponse>(m.body);
            } else {
              const auto reply =
                  encode(*to.signer, {wire::to_node(node_at(1))}, m.code, m.body, m.certificates_der);
              std::optional<ResourceId> fetch_resource;
              if (resource.size() == k_node_id_size_bytes)
                fetch_resource = as_resource(ring_id_from(resource));
              answered.message = inspect(reply, fetch_resource);
            }
            *result = std::move(answered);
          });
  run();
  return *result;
}

std::optional<Answered> Overlay::store(const SignerPtr& from, Peer& to, const wire::StoreReq& request,
                                       std::vector<SharedBytes> more_certificates) {
  return ask(from, to, MessageCode::store_req, wire::encode(request), std::move(more_certificates));
}

std::optional<Answered> Overlay::fetch(const SignerPtr& from, Peer& to, const wire::FetchReq& request,
                                       bool by_node) {
  return ask(from, to, MessageCode::fetch_req, wire::encode(request), {}, by_node);
}

}  // namespace ringway::data::test
