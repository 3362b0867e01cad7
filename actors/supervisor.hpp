// The actor that watches over the others of its peer. Either all of them run or none does: when one dies, or
// the peer is to leave or to stop, it takes everything down in order: links, actors, the commits that wait,
// the store. It monitors each of them, and is linked to each so that they die with it. It runs detached,
// because closing the links blocks.
#pragma once

#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "actors/crypto_pool.hpp"
#include "actors/interfaces.hpp"
#include "actors/link_bridge.hpp"
#include "actors/peer_log.hpp"
#include "actors/phone_bridge.hpp"
#include "actors/relay_actor.hpp"
#include "actors/system_clock.hpp"
#include "net/discovery.hpp"
#include "net/dns/resolver.hpp"
#include "net/phones/phone_transports.hpp"
#include "net/tls_links.hpp"
#include "reload/data/value_store.hpp"

namespace ringway::actors {

inline constexpr Duration k_status_timeout{2'000};
// Of the time for leaving, at most so much for the phones' registrations to be removed from the overlay.
inline constexpr Duration k_sip_leave_timeout{2'000};
// And so much for its services.
inline constexpr Duration k_services_leave_timeout{3'000};

struct SupervisorSetup {
  std::string name;  // for the log
  MailboxesPtr mailboxes;
  std::shared_ptr<net::TlsLinks> links;
  std::shared_ptr<LinkBridge> bridge;
  std::shared_ptr<InspectionDesk> desk;
  std::shared_ptr<data::ValueStore> store;
  std::shared_ptr<const Clock> clock;
  Duration leave_timeout{0};
  PeerStatus identity;  // what of a status never changes
  std::function<void(PeerFailure)> failed;
  std::shared_ptr<std::promise<void>> stopped;  // kept when everything has ended
  std::shared_ptr<net::Discovery> discovery = nullptr;
  std::shared_ptr<const security::Signer> signer = nullptr;  // the peer's own
  std::shared_ptr<net::phones::PhoneTransports> phones = nullptr;
  std::shared_ptr<PhoneBridge> phone_bridge = nullptr;
  std::shared_ptr<net::app_links::AppLinks> peer_links = nullptr;
  std::shared_ptr<net::dns::Resolver> resolver = nullptr;
  std::vector<UserCredentials> further_users{};  // as they are in use
  sip::registrar::Settings phone_rules{};        // that accounts of phones have to meet
  RunningRelay relay{};                          // without an actor: this peer relays nothing
};

class SupervisorDriver {
 public:
  using Interface = SupervisorActor;
  using Setup = SupervisorSetup;

  SupervisorDriver(SupervisorActor::pointer self, SupervisorSetup setup);
  ~SupervisorDriver();
  SupervisorDriver(const SupervisorDriver&) = delete;
  SupervisorDriver& operator=(const SupervisorDriver&) = delete;
  SupervisorActor::behavior_type make_behavior();

 private:
  void start();
  void leave(Answer<Stopped>& done);
  void drain_relay();
  void tell_storage_of_relay(data::StorageInput input);
  void leave_phones();
  void leave_services();
  void leave_ring();
  void left();
  void give_up();
  void fail(const PeerFailure& failure);
  void report(Answer<PeerStatus>& done);
  std::optional<std::string> use_credentials(const CredentialsOrder& order);
  std::optional<std::string> use_users(const UsersOrder& order);
  std::optional<std::string> use_phones(PhonesOrder& order);
  void tell_phones(std::vector<sip::messages::OwnUser> renewed);
  void stop();
  void actor_ended(const caf::down_msg& message);

  // Down in order: begin_stop (links, the three components), stop_committer, finish.
  void begin_stop();
  void stop_phones();
  void stop_committer();
  void finish();
  const char* phase_without_routing() const;
  const char* name_of(const caf::actor_addr& actor) const;

  // Draining: the relay waits for its clients, which may take a day, and all else is as before.
  enum class Phase { running, draining, leaving, stopping_components, stopping_committer, finished };
  bool is_serving() const { return phase_ == Phase::running || phase_ == Phase::draining; }
  bool is_up() const { return is_serving() || phase_ == Phase::leaving; }

  SupervisorActor::pointer self_;
  SupervisorSetup setup_;
  Phase phase_ = Phase::running;
  std::set<caf::actor_addr> alive_;
  std::optional<PeerFailure> failure_;
  std::vector<Answer<Stopped>> waiting_for_stop_;
  MonoTime started_;
  std::shared_ptr<spdlog::logger> log_;
};

}  // namespace ringway::actors
