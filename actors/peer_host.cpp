#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/send.hpp>

#include <algorithm>
#include <future>
#include <memory>
#include <thread>
#include <utility>

#include "actors/bootstrap_cache.hpp"
#include "actors/committer.hpp"
#include "actors/configuration_choice.hpp"
#include "actors/crypto_pool.hpp"
#include "actors/driver.hpp"
#include "actors/link_bridge.hpp"
#include "actors/peer.hpp"
#include "actors/peer_impl.hpp"
#include "actors/peer_log.hpp"
#include "actors/phone_foundation.hpp"
#include "actors/relay_actor.hpp"
#include "actors/replication_actor.hpp"
#include "actors/routing_actor.hpp"
#include "actors/sip_actor.hpp"
#include "actors/storage_actor.hpp"
#include "actors/supervisor.hpp"
#include "actors/system_clock.hpp"
#include "actors/system_random.hpp"
#include "actors/user_credentials.hpp"
#include "net/discovery.hpp"
#include "net/interfaces.hpp"
#include "net/io_pool.hpp"
#include "reload/config/inspection.hpp"
#include "reload/data/message_budget.hpp"
#include "reload/link/link_id.hpp"
#include "sip-usage/messages/storing_peer.hpp"
#include "storage/memory_store.hpp"
#include "storage/rocks_store.hpp"

namespace ringway::actors {

namespace {

std::size_t or_cores(std::size_t threads) {
  return threads > 0 ? threads : std::max(1U, std::thread::hardware_concurrency());
}

struct SystemConfig : caf::actor_system_config {
  explicit SystemConfig(std::size_t threads) {
    // Stealing wakes up to a millisecond late on few cores.
    set("scheduler.policy", caf::atom("sharing"));
    set("scheduler.max-threads", static_cast<std::int64_t>(threads));
  }
};

Result<std::shared_ptr<data::ValueStore>> open_store(const PeerSettings& settings) {
  if (settings.data_directory.empty())
    return std::shared_ptr<data::ValueStore>(std::make_shared<storage::MemoryStore>());
  auto opened = storage::RocksStore::open(settings.data_directory);
  if (!opened) return opened.error();
  return std::shared_ptr<data::ValueStore>(std::move(*opened));
}

// The document that the peer has accepted last; null when there is none.
config::ConfigurationPtr kept_configuration(const PeerSettings& settings, const data::ValueStore& store) {
  const auto kept = store.fact(k_configuration_fact);
  if (!kept || !*kept) return nullptr;
  const auto parsed = config::parse_configuration(SharedBytes(**kept), settings.configuration->instance_name);
  if (!parsed) {
    peer_log(settings.name)
        ->warn("the configuration kept in the store is not used: {}", parsed.error().reason);
    return nullptr;
  }
  return *parsed;
}

Result<config::ConfigurationPtr> start_configuration(const PeerSettings& settings,
                                                     const data::ValueStore& store, WallMs now_ms) {
  auto chosen = choose_configuration(settings.configuration, kept_configuration(settings, store), now_ms);
  if (chosen && *chosen != settings.configuration && settings.configuration->expired_at(now_ms)) {
    peer_log(settings.name)
        ->warn(
            "the configuration document given (sequence {}) has expired: going on with the one in the "
            "store (sequence {})",
            settings.configuration->sequence, (*chosen)->sequence);
  }
  return chosen;
}

BootstrapCache kept_bootstrap_cache(const data::ValueStore& store) {
  const auto kept = store.fact(k_bootstrap_fact);
  if (!kept || !*kept) return {};
  return BootstrapCache::decode(**kept);
}

// Those that were learnt beside the document.
std::vector<Bytes> kept_kinds(const data::ValueStore& store) {
  const auto kept = store.fact(k_learnt_kinds_fact);
  if (!kept || !*kept) return {};
  auto update = wire::decode<wire::ConfigUpdateReq>(SharedBytes(**kept));
  return update ? std::move(update->kinds) : std::vector<Bytes>{};
}

// Where others are told to connect to.
std::vector<wire::IpAddressPort> own_addresses(const PeerSettings& settings,
                                               const wire::IpAddressPort& listening_on) {
  if (!settings.advertise.empty()) return settings.advertise;
  if (settings.advertise_all) return net::reachable_addresses(listening_on);
  return {listening_on};
}

}  // namespace

class PeerHostImpl : public PeerHost, public std::enable_shared_from_this<PeerHostImpl> {
 public:
  explicit PeerHostImpl(const HostSettings& settings)
      : clock_(std::make_shared<SystemClock>()),
        config_(or_cores(settings.actor_threads)),
        system_(config_),
        io_(settings.io_threads),
        crypto_(or_cores(settings.crypto_threads), clock_) {}

  Result<std::shared_ptr<Peer>, StartFailure> start_peer(PeerSettings settings,
                                                         std::function<void(PeerFailure)> failed) override;

 private:
  struct Foundation;  // what the actors of one peer stand on
  Result<Foundation, StartFailure> lay_foundation(PeerSettings& settings);
  std::shared_ptr<net::Discovery> start_discovery(const PeerSettings& settings,
                                                  const config::Configuration& configuration,
                                                  std::shared_ptr<const Mailboxes> mailboxes);
  RunningRelay spawn_relay(const PeerSettings& settings, RelayFoundation made);
  std::shared_ptr<Peer> spawn_actors(PeerSettings& settings, Foundation made,
                                     std::function<void(PeerFailure)> failed);

  std::shared_ptr<const Clock> clock_;
  SystemConfig config_;
  caf::actor_system system_;
  net::IoPool io_;
  CryptoPool crypto_;
};

struct PeerHostImpl::Foundation {
  std::shared_ptr<const security::Signer> signer;
  data::UserSignersPtr users;
  std::shared_ptr<data::ValueStore> store;
  config::ConfigurationPtr configuration;
  security::TrustPtr trust;
  BootstrapCache bootstrap_cache;
  std::shared_ptr<LinkBridge> bridge;
  std::shared_ptr<net::TlsLinks> links;
  std::shared_ptr<net::Discovery> discovery;  // null: none
  PhoneFoundation phones;
  RelayFoundation relay;
};

Result<std::shared_ptr<Peer>, StartFailure> PeerHostImpl::start_peer(
    PeerSettings settings, std::function<void(PeerFailure)> failed) {
  auto foundation = lay_foundation(settings);
  if (!foundation) return foundation.error();
  return spawn_actors(settings, std::move(*foundation), std::move(failed));
}

Result<PeerHostImpl::Foundation, StartFailure> PeerHostImpl::lay_foundation(PeerSettings& settings) {
  Foundation made;
  auto signer = security::load_signer(settings.private_key_pem, settings.certificates_pem);
  if (!signer) return StartFailure{"the node's key or certificate cannot be used: " + signer.error().reason};
  made.signer = *signer;
  auto users = load_users(settings.further_users, *made.signer);
  if (!users) return StartFailure{users.error().reason};
  made.users = *users;
  auto store = open_store(settings);
  if (!store) return StartFailure{"the store cannot be opened: " + store.error().reason};
  made.store = *store;
  const WallMs now_ms = clock_->now().wall_ms;
  auto configuration = start_configuration(settings, *made.store, now_ms);
  if (!configuration) return StartFailure{configuration.error().reason};
  made.configuration = *configuration;
  made.bootstrap_cache = kept_bootstrap_cache(*made.store);
  auto trust = security::Trust::make(made.configuration->trust_settings());
  if (!trust)
    return StartFailure{"the configuration's root certificates cannot be used: " + trust.error().reason};
  made.trust = *trust;
  const auto trusted = made.trust->check(*made.signer->certificate(), made.signer->chain_der(), now_ms);
  if (!trusted)
    return StartFailure{"the overlay does not accept the node's certificate: " + trusted.error().reason,
                        made.configuration};
  made.bridge = std::make_shared<LinkBridge>();
  settings.links.listen = settings.listen;
  settings.links.private_key_pem = settings.private_key_pem;
  settings.links.certificates_pem = settings.certificates_pem;
  settings.links.overlay_name = made.configuration->instance_name;
  settings.links.shared_secret = made.configuration->shared_secret;
  settings.links.max_message_size_bytes = made.configuration->max_message_size_bytes;
  auto links = net::TlsLinks::start(io_, settings.links, made.trust, made.bridge);
  if (!links)
    return StartFailure{"cannot listen for links: " + links.error().reason + " (--listen chooses where)"};
  made.links = *links;
  auto phones = PhoneFoundation::lay(
      io_, settings, {*made.signer, *made.users, *made.configuration, made.trust, *made.store});
  if (!phones) return StartFailure{phones.error().reason};
  made.phones = *std::move(phones);
  if (settings.relay) {
    auto relay = RelayFoundation::lay(*settings.relay);
    if (!relay) return StartFailure{relay.error().reason};
    made.relay = *std::move(relay);
  }
  return made;
}

// A machine without multicast is no reason not to start: there may be bootstrap nodes.
std::shared_ptr<net::Discovery> PeerHostImpl::start_discovery(const PeerSettings& settings,
                                                              const config::Configuration& configuration,
                                                              std::shared_ptr<const Mailboxes> mailboxes) {
  if (!settings.discovery) return nullptr;
  auto started = net::Discovery::start(
      io_, {configuration.instance_name, settings.routing.own_addresses}, std::make_shared<SystemRandom>(),
      [mailboxes = std::move(mailboxes)](std::vector<wire::IpAddressPort> found) {
        RoutingBatch batch;
        batch.inputs.emplace_back(routing::BootstrapFound{std::move(found)});
        caf::anon_send(mailboxes->routing, std::move(batch));
      });
  if (started) return *std::move(started);
  peer_log(settings.name)->warn("peers of the local network cannot be found: {}", started.error().reason);
  return nullptr;
}

// It begins when the supervisor says so.
RunningRelay PeerHostImpl::spawn_relay(const PeerSettings& settings, RelayFoundation made) {
  if (!made.sockets) return {};
  RunningRelay out;
  out.drain_time = settings.relay->drain_time;
  out.listening_on = made.sockets->listening_on();
  if (settings.relay->is_advertised) out.advertised = made.sockets->reached_at();
  relay::Settings control = settings.relay->control;
  control.has_ipv4 = control.has_ipv6 = false;
  for (const auto& from : settings.relay->sockets.relayed_from)
    (from.local.family == stun::Family::ipv4 ? control.has_ipv4 : control.has_ipv6) = true;
  control.own_addresses = made.sockets->own_addresses();
  out.actor = system_.spawn<caf::detached>(
      drive<RelayDriver>, RelaySetup{settings.name, std::move(control), settings.relay->secrets.users,
                                     std::move(made), clock_, std::make_shared<SystemRandom>()});
  return out;
}

std::shared_ptr<Peer> PeerHostImpl::spawn_actors(PeerSettings& settings, Foundation made,
                                                 std::function<void(PeerFailure)> failed) {
  const auto mailboxes = std::make_shared<Mailboxes>();
  const auto backlog = std::make_shared<Backlog>();
  const auto desk = crypto_.open_desk(
      config::inspection_context(made.trust, made.configuration),
      {[mailboxes](routing::Inspected verdict) {
         RoutingBatch batch;
         batch.inputs.emplace_back(std::move(verdict));
         caf::anon_send(mailboxes->routing, std::move(batch));
       },
       [mailboxes](data::ValuesChecked checked) {
         StorageBatch batch;
         batch.inputs.emplace_back(std::move(checked));
         caf::anon_send(mailboxes->storage, std::move(batch));
       },
       [mailboxes](const std::string& reason) {
         caf::anon_send(mailboxes->supervisor, PeerFailure{PeerFailure::Cause::broken, reason});
       }});

  PeerStatus identity;
  identity.node = made.signer->node_id();
  identity.user = made.signer->certificate()->user_name();
  identity.overlay = made.configuration->instance_name;
  identity.users_unverified = made.configuration->self_signed_permitted.has_value();
  identity.configuration_sequence = made.configuration->sequence;
  identity.configuration_expires_ms = made.configuration->expiration_ms;
  identity.configuration = made.configuration;
  identity.listening_on = made.links->listening_on();
  identity.certificate_not_after_ms = made.signer->certificate()->not_after_ms();

  routing::RoutingSettings& routing = settings.routing;
  routing.learnt_kinds = kept_kinds(*made.store);
  routing.own_addresses = own_addresses(settings, identity.listening_on);
  routing.datagram_links = settings.links.datagrams && !made.configuration->shared_secret;
  routing.known_peers = made.bootstrap_cache.addresses();
  routing.bootstrap_may_come = settings.discovery;

  settings.replication.own_certificates_bytes = data::own_certificates_bytes(*made.signer);

  mailboxes->committer =
      system_.spawn<caf::detached>(drive<CommitterDriver>, CommitterSetup{made.store, mailboxes});
  settings.storage.usage_checks = sip::messages::usage_checks();  // no program may forget them
  mailboxes->storage = system_.spawn<caf::detached>(
      drive<StorageDriver>, StorageSetup{settings.storage, made.configuration, made.signer, made.store,
                                         clock_, mailboxes, backlog, desk});
  mailboxes->replication = system_.spawn<caf::detached>(
      drive<ReplicationDriver>, ReplicationSetup{settings.replication, made.configuration, identity.node,
                                                 made.store, clock_, mailboxes, backlog});
  mailboxes->routing = system_.spawn(
      drive<RoutingDriver>,
      RoutingSetup{settings.name, routing, made.configuration, made.signer, std::make_shared<SystemRandom>(),
                   clock_, mailboxes, made.links, desk, backlog, std::move(made.bootstrap_cache),
                   to_sip_peers(mailboxes), made.phones.peer_links});
  const auto bound = std::make_shared<CallBound>(settings.storage.max_pending_calls);
  if (made.phones.transports) {
    mailboxes->sip = system_.spawn(
        drive<SipDriver>, SipSetup{settings.name, std::move(made.phones.element),
                                   std::move(made.phones.writers), made.phones.transports, clock_, mailboxes,
                                   bound, made.phones.peer_links, made.phones.resolver});
    caf::anon_send(mailboxes->routing,
                   serve_sip(call_addresses(settings.advertise, made.phones.peer_links->listening_on())));
    if (made.phones.new_keys)
      caf::anon_send(mailboxes->committer, data::PutFact{k_sip_keys_fact, made.phones.new_keys->encode()});
  }
  made.discovery = start_discovery(settings, *made.configuration, mailboxes);
  auto stopped = std::make_shared<std::promise<void>>();
  const RunningRelay relay = spawn_relay(settings, std::move(made.relay));
  PeerImpl::Parts parts{shared_from_this(),         mailboxes, bound, stopped->get_future(), identity,
                        made.phones.listening_on(), relay};
  mailboxes->supervisor =
      system_.spawn<caf::detached>(drive<SupervisorDriver>, SupervisorSetup{settings.name,
                                                                            mailboxes,
                                                                            std::move(made.links),
                                                                            std::move(made.bridge),
                                                                            desk,
                                                                            std::move(made.store),
                                                                            clock_,
                                                                            settings.leave_timeout,
                                                                            identity,
                                                                            std::move(failed),
                                                                            std::move(stopped),
                                                                            std::move(made.discovery),
                                                                            made.signer,
                                                                            std::move(made.phones.transports),
                                                                            std::move(made.phones.bridge),
                                                                            std::move(made.phones.peer_links),
                                                                            std::move(made.phones.resolver),
                                                                            std::move(settings.further_users),
                                                                            std::move(made.phones.rules),
                                                                            relay});
  if (made.users->size() > 0) {
    StorageBatch users;
    users.inputs.emplace_back(data::UseUsers{std::move(made.users)});
    caf::anon_send(mailboxes->storage, std::move(users));
  }
  // Before the supervisor lets phones in.
  if (mailboxes->sip) caf::anon_send(mailboxes->sip, SipBatch(std::move(made.phones.kept_bindings)));
  caf::anon_send(mailboxes->supervisor, StartAtom::value);
  return std::make_shared<PeerImpl>(std::move(parts));
}

std::shared_ptr<PeerHost> PeerHost::make(HostSettings settings) {
  return std::make_shared<PeerHostImpl>(settings);
}

}  // namespace ringway::actors
