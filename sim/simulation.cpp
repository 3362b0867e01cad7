#include "sim/simulation.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "reload/config/inspection.hpp"
#include "reload/config/known_kinds.hpp"
#include "storage/memory_store.hpp"

namespace ringway::sim {

namespace {

constexpr std::chrono::hours k_year{24 * 365};

// Nobody's: whoever signs the documents is no peer.
const NodeId k_document_signer = [] {
  NodeId node;
  node.bytes.fill(0xD0);
  return node;
}();

config::ConfigurationPtr make_configuration(const SimulationSettings& settings, const Authority& authority,
                                            security::SchemePtr scheme) {
  auto configuration = std::make_shared<config::Configuration>();
  configuration->scheme = std::move(scheme);
  configuration->instance_name = settings.overlay_name;
  configuration->sequence = 1;
  configuration->no_ice = true;
  configuration->root_certificates_der = {authority.root_der()};
  configuration->configuration_signers = configuration->kind_signers = {k_document_signer};
  configuration->mandatory_extensions = {std::string(config::k_access_namespace)};
  for (const auto& [kind, access] :
       {std::pair{config::k_owner_value, config::AccessPolicy::owner_path_match},
        std::pair{config::k_shared_value, config::AccessPolicy::shared_writer_match},
        std::pair{config::k_subscription, config::AccessPolicy::watcher_match}}) {
    config::KindDefinition definition;
    definition.kind = kind;
    definition.model = wire::DataModel::dictionary;
    definition.access = access;
    definition.max_count = 100;
    definition.max_size_bytes = 4000;
    configuration->kinds.add(definition);
  }
  if (settings.configure) settings.configure(*configuration);
  return configuration;
}

security::InspectionContext context_of(const config::ConfigurationPtr& configuration) {
  auto trust = security::Trust::make(configuration->trust_settings());
  if (!trust) throw std::runtime_error("the simulation's roots are refused: " + trust.error().reason);
  return config::inspection_context(*trust, configuration);
}

}  // namespace

Simulation::Simulation(SimulationSettings settings)
    : settings_(std::move(settings)),
      clock_(settings_.start_wall_ms),
      network_(clock_, trace_, settings_.network, settings_.seed),
      random_(settings_.seed, "simulation"),
      authority_(settings_.overlay_name, settings_.start_wall_ms),
      stand_in_(settings_.cryptography == Cryptography::real
                    ? nullptr
                    : std::make_shared<const StandIn>(settings_.overlay_name, settings_.start_wall_ms,
                                                      settings_.seed)),
      configuration_(make_configuration(settings_, authority_, stand_in_)),
      document_signer_(authority_.issue("signer@example.org", k_document_signer).signer()),
      world_{clock_,
             network_,
             settings_.workload,
             settings_.storage,
             settings_.replication,
             settings_.data_on_demand,
             [this](const config::ConfigurationPtr& of) -> security::Inspector& { return inspector_for(of); },
             settings_.planted_bug,
             {}} {}

// ---- peers ------------------------------------------------------------------------------------------------

wire::IpAddressPort Simulation::address_of(PeerNumber peer) {
  wire::IpAddressPort address;
  address.type = wire::AddressType::ipv4;
  address.address = {10, static_cast<std::uint8_t>(peer >> 16U), static_cast<std::uint8_t>(peer >> 8U),
                     static_cast<std::uint8_t>(peer)};
  address.port = config::k_default_bootstrap_port;
  return address;
}

PeerNumber Simulation::add_peer(std::optional<NodeId> node, std::chrono::hours certificate_lifetime,
                                const std::string& user_name) {
  const PeerNumber number = identities_.size();
  if (!node) {
    node.emplace();
    for (std::size_t i = 0; i < node->bytes.size(); ++i)
      node->bytes[i] = static_cast<std::uint8_t>(random_.below(256));
  }
  PeerIdentity identity;
  identity.number = number;
  identity.address = address_of(number);
  identity.signer = issue(user_name.empty() ? "user" + std::to_string(number) + "@example.org" : user_name,
                          *node, certificate_lifetime);
  identity.configuration = configuration_;
  identities_.push_back(std::move(identity));
  peers_.push_back(nullptr);
  return number;
}

std::shared_ptr<const security::Signer> Simulation::issue(const std::string& user_name, const NodeId& node,
                                                          std::chrono::hours lifetime) const {
  if (stand_in_) return stand_in_->issue(user_name, node, lifetime);
  return authority_.issue(user_name, node, lifetime).signer();
}

void Simulation::renew(PeerNumber peer) {
  auto& identity = identities_.at(peer);
  identity.signer = issue(identity.signer->certificate()->user_name(), identity.signer->node_id(), k_year);
  peers_.at(peer)->use_signer(identity.signer);
}

security::Inspector& Simulation::inspector_for(const config::ConfigurationPtr& configuration) {
  auto& place = inspectors_[{configuration->sequence, configuration->kinds.all().size()}];
  // A stand-in's check is as quick as looking for what it has found before.
  constexpr security::InspectionLimits k_of_stand_in{.max_certificates = 256, .max_signatures = 256};
  if (!place)
    place = std::make_unique<security::Inspector>(context_of(configuration),
                                                  stand_in_ ? k_of_stand_in : security::InspectionLimits{});
  return *place;
}

std::shared_ptr<SimPeer> Simulation::make_process(PeerNumber peer, bool first,
                                                  std::optional<PeerNumber> bootstrap) {
  PeerIdentity& identity = identities_.at(peer);
  routing::RoutingSettings routing = settings_.routing;
  routing.own_addresses = {identity.address.full()};
  routing.first_peer = first;
  routing.learnt_kinds = identity.learnt_kinds;
  if (bootstrap) routing.bootstrap = {address_of(*bootstrap)};
  for (const PeerNumber other : settings_.bootstrap_peers) routing.bootstrap.push_back(address_of(other));
  // Each process draws its own numbers, or a restarted one would repeat its transaction IDs.
  return std::make_shared<SimPeer>(world_, identity, std::move(routing),
                                   settings_.seed + 0x9E3779B97F4A7C15ULL * processes_made_++);
}

void Simulation::start(PeerNumber peer, bool first, PeerNumber bootstrap) {
  peers_.at(peer) = make_process(peer, first, bootstrap);
  peers_.at(peer)->start();
}

void Simulation::restart(PeerNumber peer, bool first, PeerNumber bootstrap) {
  if (peers_.at(peer)) kill(peer);
  start(peer, first, bootstrap);
}

void Simulation::crash(PeerNumber peer, Disk disk, Death how) {
  peers_.at(peer)->die(how);
  if (disk == Disk::kept) return;
  auto& identity = identities_.at(peer);
  identity.store.reset();
  // Whoever sets it up again has the newest document.
  identity.configuration = configuration_;
  identity.learnt_kinds.clear();
}

// ---- faults -----------------------------------------------------------------------------------------------

void Simulation::skew(PeerNumber peer, Duration ahead) { identities_.at(peer).faults.clock_skew = ahead; }

void Simulation::slow_disk(PeerNumber peer, Duration write_takes) {
  identities_.at(peer).faults.disk_takes = write_takes;
}

void Simulation::full_disk(PeerNumber peer, bool full) { identities_.at(peer).faults.disk_full = full; }

void Simulation::damage(PeerNumber peer, const data::KindAt& at, bool generation) {
  auto& disk = *identities_.at(peer).need_disk();
  if (generation) {
    disk.damage_generation(at);
    return;
  }
  const auto state = disk.load(at);
  if (!state || state->records.empty()) return;
  disk.damage_record(at,
                     data::item_key_of(state->records[random_.below(state->records.size())]->stored.value));
}

void Simulation::damage_block(PeerNumber peer, const data::KindAt& at) {
  identities_.at(peer).need_disk()->damage_block(at);
}

void Simulation::refuse_reads(PeerNumber peer, bool refused) {
  auto& identity = identities_.at(peer);
  if (refused || identity.store) identity.need_disk()->refuse_reads(refused);
}

bool Simulation::grow(std::size_t count, Duration limit) {
  for (std::size_t i = 0; i < count; ++i) {
    const PeerNumber peer = add_peer();
    start(peer, peer == 0);
    if (!run_until([&] { return is_one_ring(); }, limit)) return false;
  }
  return true;
}

std::vector<PeerNumber> Simulation::living() const {
  std::vector<PeerNumber> numbers;
  for (PeerNumber number = 0; number < peers_.size(); ++number)
    if (peers_[number] && peers_[number]->alive()) numbers.push_back(number);
  std::sort(numbers.begin(), numbers.end(),
            [this](PeerNumber a, PeerNumber b) { return peers_[a]->node_id() < peers_[b]->node_id(); });
  return numbers;
}

// ---- configuration ----------------------------------------------------------------------------------------

const config::ConfigurationPtr& Simulation::publish(
    PeerNumber peer, const std::function<void(config::Configuration&)>& change) {
  if (stand_in_) throw std::logic_error("documents are signed for real, and this simulation has a stand-in");
  config::Configuration next = *configuration_;
  next.sequence = static_cast<std::uint16_t>(next.sequence + 1);
  change(next);
  auto written = config::write_document(next, *document_signer_, *document_signer_);
  if (!written) throw std::runtime_error("the next document cannot be written: " + written.error().reason);
  auto parsed = config::parse_configuration(SharedBytes(*written), settings_.overlay_name);
  if (!parsed) throw std::runtime_error("the next document cannot be read: " + parsed.error().reason);
  configuration_ = *parsed;
  wire::ConfigUpdateReq update;
  update.type = wire::ConfigUpdateType::config;
  update.configuration = *written;
  hand_to(peer, update);
  return configuration_;
}

void Simulation::publish_kind(PeerNumber peer, const config::KindDefinition& kind) {
  // A document that nobody sees, for its one signed block.
  config::Configuration with = *configuration_;
  with.kinds = {};
  with.kinds.add(kind);
  const auto written = config::write_document(with, *document_signer_, *document_signer_);
  if (!written) throw std::runtime_error("the Kind cannot be written: " + written.error().reason);
  const auto parsed = config::parse_configuration(SharedBytes(*written), settings_.overlay_name);
  if (!parsed) throw std::runtime_error("the Kind cannot be read: " + parsed.error().reason);
  wire::ConfigUpdateReq update;
  update.type = wire::ConfigUpdateType::kind;
  update.kinds = {config::kind_block_xml((*parsed)->kind_blocks.at(0))};
  hand_to(peer, update);
}

void Simulation::hand_to(PeerNumber peer, const wire::ConfigUpdateReq& update) {
  routing::SendRequest request;
  request.destination = {wire::to_node(peers_.at(peer)->node_id())};
  request.code = wire::MessageCode::config_update_req;
  request.body = SharedBytes(wire::encode(update));
  peers_.at(peer)->request(std::move(request), nullptr);
}

// ---- time -------------------------------------------------------------------------------------------------

bool Simulation::run_until(const std::function<bool()>& condition, Duration limit) {
  const std::int64_t end_us = clock_.now_us() + limit.count() * 1000;
  while (!condition()) {
    if (clock_.now_us() >= end_us) return false;
    const std::int64_t ask_us = std::min(end_us, clock_.now_us() + k_ask_every_us);
    while (clock_.run_next(ask_us)) {
    }
  }
  return true;
}

void Simulation::run_for(Duration duration) {
  run_until([] { return false; }, duration);
}

// ---- questions --------------------------------------------------------------------------------------------

bool Simulation::is_one_ring(std::size_t depth) const { return ring_fault(depth).empty(); }

std::string Simulation::ring_fault(std::size_t depth) const {
  const auto ring = living();
  if (ring.empty()) return "no peer is alive";
  const std::size_t wanted = std::min(depth, ring.size() - 1);
  for (std::size_t i = 0; i < ring.size(); ++i) {
    const auto view = peers_[ring[i]]->view();
    const std::string who = "peer " + std::to_string(ring[i]);
    if (!view || !view->joined) return who + " has not joined";
    if (view->successors.size() < wanted || view->predecessors.size() < wanted)
      return who + " knows too few neighbours";
    for (std::size_t step = 1; step <= wanted; ++step) {
      const NodeId next = peers_[ring[(i + step) % ring.size()]]->node_id();
      const NodeId previous = peers_[ring[(i + ring.size() - step) % ring.size()]]->node_id();
      if (view->successors[step - 1] != next) return who + " has a wrong successor " + std::to_string(step);
      if (view->predecessors[step - 1] != previous)
        return who + " has a wrong predecessor " + std::to_string(step);
    }
    if (wanted == 0 && !view->alone()) return who + " is alone and does not know it";
  }
  return {};
}

PeerNumber Simulation::responsible_for(const RingId& id) const {
  const auto ring = living();
  for (const PeerNumber number : ring)
    if (static_cast<const RingId&>(peers_[number]->node_id()) >= id) return number;
  return ring.front();  // past the last one: around the ring
}

std::vector<PeerNumber> Simulation::holders_of(const data::KindAt& at) const {
  std::vector<PeerNumber> holders;
  for (PeerNumber number = 0; number < peers_.size(); ++number) {
    if (!peers_[number] || !peers_[number]->alive()) continue;
    const auto state = identities_[number].disk().load(at);
    if (state && !state->records.empty()) holders.push_back(number);
  }
  return holders;
}

std::vector<PeerNumber> Simulation::whole_at(const data::KindAt& at) const {
  const auto ring = living();
  std::vector<PeerNumber> whole;
  if (ring.empty()) return whole;
  const auto first = std::find(ring.begin(), ring.end(), responsible_for(at.resource)) - ring.begin();
  const std::size_t holders = std::min(ring.size(), 1 + configuration_->replicas);
  for (std::size_t i = 0; i < holders; ++i) {
    const PeerNumber number = ring[(static_cast<std::size_t>(first) + i) % ring.size()];
    const auto state = identities_[number].disk().load(at);
    if (state && state->damage) return {};
    if (state && !state->records.empty()) whole.push_back(number);
  }
  return whole;
}

std::vector<PeerNumber> Simulation::damaged_disks() const {
  auto damaged = living();
  std::erase_if(damaged,
                [this](PeerNumber number) { return identities_[number].disk().damaged_kinds() == 0; });
  return damaged;
}

// ---- calls ------------------------------------------------------------------------------------------------

data::CallResult Simulation::call(PeerNumber peer, data::Call call, Duration limit) {
  auto answered = std::make_shared<std::vector<data::CallResult>>();
  peers_.at(peer)->submit({std::move(call)}, [answered](std::vector<data::CallResult> results) {
    *answered = std::move(results);
  });
  if (!run_until([&] { return !answered->empty(); }, limit))
    return data::CallFailure{data::CallError::deadline_exceeded, "no answer in the simulation", 0};
  return std::move(answered->front());
}

std::optional<routing::RequestDone> Simulation::request(PeerNumber peer, routing::SendRequest request,
                                                        Duration limit) {
  auto answered = std::make_shared<std::optional<routing::RequestDone>>();
  peers_.at(peer)->request(std::move(request),
                           [answered](routing::RequestDone done) { *answered = std::move(done); });
  run_until([&] { return answered->has_value(); }, limit);
  return std::move(*answered);
}

}  // namespace ringway::sim
