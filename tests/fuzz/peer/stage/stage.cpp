#include "tests/fuzz/peer/stage/stage.hpp"

#include <algorithm>
#include <utility>

#include "reload/config/inspection.hpp"
#include "reload/topology/peer_table.hpp"
#include "tests/fuzz/wire/check/check.hpp"

namespace ringway::fuzz {
namespace {

constexpr sim::PeerNumber k_peer_number = 0;
constexpr std::uint64_t k_seed = 1;
// Longer than everything that a peer waits for: the longest is a joining peer (k_hand_over_limit).
constexpr std::int64_t k_quiet_us = 200'000'000;
constexpr std::int64_t k_call_us = 60'000'000;
constexpr std::size_t k_max_links_of_a_neighbor = 6;

security::InspectionContext context_of(const config::ConfigurationPtr& configuration) {
  const auto trust = security::Trust::make(configuration->trust_settings());
  require(trust.ok(), "roots are refused");
  return config::inspection_context(*trust, configuration);
}

routing::RoutingSettings routing_settings(const StageSettings& settings) {
  routing::RoutingSettings out;
  out.own_addresses = {cast().peer.address};
  out.first_peer = !settings.joins;
  if (settings.joins) out.bootstrap = {cast().neighbors.front().address};
  out.compress_via_lists = settings.compress_via_lists;
  out.max_links = Stage::k_max_links;
  out.max_transactions = Stage::k_max_transactions;
  out.max_answers_remembered = Stage::k_max_pending;
  out.max_inspections_per_link = Stage::k_max_pending;
  return out;
}

data::StorageSettings storage_settings() {
  data::StorageSettings out;
  out.max_cached_kinds = Stage::k_max_cached_kinds;
  out.max_pending_requests = Stage::k_max_pending;
  out.max_pending_calls = Stage::k_max_pending;
  return out;
}

data::ReplicationSettings replication_settings() {
  data::ReplicationSettings out;
  out.max_pending_values = Stage::k_max_pending;
  return out;
}

void check_side(const std::vector<NodeId>& side, const NodeId& self) {
  require(side.size() <= topology::k_neighbors_per_side, "too many neighbours");
  require(std::find(side.begin(), side.end(), self) == side.end(), "the peer is its own neighbour");
}

}  // namespace

Stage::Stage(const StageSettings& settings)
    : clock_(test::k_now_ms),
      network_(clock_, trace_, {}, k_seed),
      rules_(settings.large_messages ? cast().large : cast().usual),
      inspector_(std::make_unique<security::Inspector>(context_of(rules_.present))),
      store_(std::make_shared<storage::MemoryStore>()),
      identity_{k_peer_number, cast().peer.address, cast().peer.signer, store_, rules_.present, {}, {}},
      world_{clock_,
             network_,
             {},
             storage_settings(),
             replication_settings(),
             false,
             [this](const config::ConfigurationPtr& of) -> security::Inspector& { return inspector_for(of); },
             sim::PlantedBug::none,
             {}} {
  for (std::size_t i = 0; i < k_neighbors; ++i) {
    neighbors_[i] = std::make_shared<Neighbor>(cast().neighbors[i], k_peer_number + 1 + i,
                                               [this](const SharedBytes& bytes) { check_message(bytes); });
    network_.attach(neighbors_[i]);
  }
  peer_ = std::make_shared<sim::SimPeer>(world_, identity_, routing_settings(settings), k_seed);
  peer_->start();
}

security::Inspector& Stage::inspector_for(const config::ConfigurationPtr& configuration) {
  if (std::exchange(inspected_, configuration) != configuration)
    inspector_->replace(context_of(configuration));
  return *inspector_;
}

// ---- what happens -----------------------------------------------------------------------------------------

void Stage::connect(std::size_t number) {
  Neighbor& from = neighbor(number);
  if (from.links().size() >= k_max_links_of_a_neighbor) return;
  network_.open(from.number(), {1, {cast().peer.address}, std::nullopt});
}

void Stage::hang_up(std::size_t number, link::LinkId link) {
  network_.close(neighbor(number).number(), {link, "hung up"});
}

void Stage::transmit(std::size_t number, link::LinkId link, const wire::ForwardingHeader& header,
                     const SharedBytes& payload) {
  network_.transmit(neighbor(number).number(), {link, wire::encode_header(header, payload.size()), payload});
}

void Stage::transmit_raw(std::size_t number, link::LinkId link, Bytes whole) {
  network_.transmit(neighbor(number).number(), {link, std::move(whole), {}});
}

void Stage::silence(std::optional<std::size_t> number) {
  std::map<sim::PeerNumber, int> groups;
  if (number) groups[neighbor(*number).number()] = 1;
  network_.partition(std::move(groups));
}

void Stage::submit(data::Call call) {
  const std::uint64_t number = ++last_call_;
  const auto token = peer_->submit({std::move(call)}, [this, number](const auto& results) {
    require(results.size() == 1, "not one result for one call");
    require(calls_.erase(number) == 1, "a result that nobody waits for");
  });
  calls_[number] = token;
}

void Stage::cancel_last_call() {
  if (calls_.empty()) return;
  peer_->cancel(calls_.rbegin()->second);
  calls_.erase(std::prev(calls_.end()));
}

void Stage::ping(std::size_t number) {
  routing::SendRequest request;
  request.destination = {wire::to_node(cast().neighbors.at(number).node)};
  request.code = wire::MessageCode::ping_req;
  request.body = SharedBytes(wire::encode(wire::PingReq{}));
  ++requests_under_way_;
  peer_->request(std::move(request), [this](const routing::RequestDone&) { --requests_under_way_; });
}

void Stage::run(std::int64_t duration_us) {
  const std::int64_t end_us = clock_.now_us() + duration_us;
  while (clock_.run_next(end_us)) {
  }
  check_bounds();
}

// ---- what must hold ---------------------------------------------------------------------------------------

// Whatever the peer sends, or passes on, its neighbours can read.
void Stage::check_message(const SharedBytes& bytes) {
  require(bytes.size() <= configuration().max_message_size_bytes, "a message above max-message-size");
  const auto parsed = wire::parse_header(bytes);
  require(parsed.ok(), "a header that nobody can read");
  require(parsed->header.ttl <= configuration().initial_ttl, "a ttl above initial-ttl");
  for (const auto& entry : parsed->header.via_list)
    if (const auto* id = std::get_if<wire::CompressedDestination>(&entry)) last_compressed_ = id->id;
}

void Stage::check_bounds() const {
  const auto status = peer_->status();
  require(status.links.size() <= k_max_links, "too many links");
  require(status.transactions <= k_max_transactions, "too many transactions");
  const auto storage = peer_->storage().statistics();
  require(storage.pending_requests <= k_max_pending, "too many requests under way");
  require(storage.pending_calls <= k_max_pending, "too many calls under way");
  require(storage.cached_kinds <= k_max_cached_kinds, "too many Kinds in memory");
  require(peer_->replication().statistics().pending_values <= k_max_pending, "too many values under way");
  check_side(status.view->predecessors, cast().peer.node);
  check_side(status.view->successors, cast().peer.node);
}

// What is stored keeps to its Kind's limits (RFC 6940 §7.4.1.1).
void Stage::check_store() const {
  const RingId everything;
  const auto kinds = store_->list(everything, everything, 1'000'000);
  require(kinds.ok(), "the store cannot be listed");
  for (const auto& at : *kinds) {
    const auto* definition = configuration().kinds.find(at.kind);
    require(definition != nullptr, "a value of an unknown Kind is stored");
    const auto state = store_->load(at);
    require(state.ok(), "a Kind cannot be loaded");
    std::size_t count = 0;
    for (const auto& record : state->records) {
      const auto& value = record->stored.value.data;
      require(value.value.size() <= definition->max_size_bytes, "a stored value is too large");
      if (value.exists && record->alive_at(clock_.now().wall_ms)) ++count;
    }
    require(count <= definition->max_count, "too many values are stored");
  }
}

data::CallResult Stage::call(data::Call call) {
  std::optional<data::CallResult> result;
  peer_->submit({std::move(call)},
                [&result](std::vector<data::CallResult> results) { result = std::move(results.front()); });
  run(k_call_us);
  require(result.has_value(), "a call without an answer");
  return std::move(*result);
}

void Stage::check_works() {
  const std::string key = cast().peer.user + "/works";
  const auto put = call(data::PutCall{key, "", copy_of(view_of("still here")), 3600, std::nullopt});
  require(std::holds_alternative<data::PutResult>(put), "a peer that is alone cannot store");
  const auto got = call(data::GetCall{key, std::nullopt});
  const auto* found = std::get_if<data::GetResult>(&got);
  require(found != nullptr && found->entries.size() == 1, "what was stored is not found");
}

void Stage::finish() {
  silence(std::nullopt);
  for (const auto& one : neighbors_) network_.detach(one->number(), sim::Death::reset);
  run(k_quiet_us);
  check_store();
  if (!peer_->alive()) {
    require(peer_->has_left(), "a peer that has not left is gone");
    return;
  }
  const auto status = peer_->status();
  require(status.links.empty(), "a link to nobody");
  require(status.transactions == 0, "a request that never ends");
  require(calls_.empty(), "a call that never ends");
  require(requests_under_way_ == 0, "a request of the application that never ends");
  const auto storage = peer_->storage().statistics();
  require(storage.pending_requests == 0 && storage.pending_calls == 0, "storage waits for nothing");
  require(peer_->replication().statistics().pending_values == 0, "replication waits for nothing");
  if (status.phase == "joined") check_works();
}

}  // namespace ringway::fuzz
