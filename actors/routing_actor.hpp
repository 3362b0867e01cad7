// The actor around routing::RoutingComponent: between the links, the crypto pool and the other components. It
// gives the links their credits back, answers our own Pings, and keeps the cache of bootstrap peers.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include "actors/alarm.hpp"
#include "actors/bootstrap_cache.hpp"
#include "actors/credit_ledger.hpp"
#include "actors/crypto_pool.hpp"
#include "actors/outbox.hpp"
#include "actors/peer_log.hpp"
#include "actors/system_clock.hpp"
#include "net/app_links/app_links.hpp"
#include "net/tls_links.hpp"
#include "reload/config/configuration.hpp"
#include "reload/peer/wiring.hpp"
#include "reload/random.hpp"
#include "reload/routing/routing_component.hpp"
#include "reload/security/signer.hpp"

namespace ringway::actors {

inline constexpr std::size_t k_max_pings_under_way = 1024;
inline constexpr Duration k_bootstrap_cache_interval{30'000};  // at most one write of the cache in so long

struct RoutingSetup {
  std::string name;  // for the log
  routing::RoutingSettings settings;
  config::ConfigurationPtr configuration;
  std::shared_ptr<const security::Signer> signer;
  std::shared_ptr<Random> random;
  std::shared_ptr<const Clock> clock;
  MailboxesPtr mailboxes;
  std::shared_ptr<net::TlsLinks> links;
  std::shared_ptr<InspectionDesk> desk;
  std::shared_ptr<Backlog> backlog;
  BootstrapCache bootstrap_cache;
  // Who makes the connections of applications that routing does not carry; none: nobody serves any.
  std::function<void(routing::ApplicationEvent)> applications = nullptr;
  std::shared_ptr<net::app_links::AppLinks> app_links = nullptr;  // these connections; null: there are none
};

class RoutingDriver : public Outbox {
 public:
  using Interface = RoutingActor;
  using Setup = RoutingSetup;

  RoutingDriver(RoutingActor::pointer self, RoutingSetup setup);
  RoutingActor::behavior_type make_behavior();

  // Effects (peer::Dispatcher).
  void perform(routing::Transmit command) { links_->transmit(std::move(command)); }
  void perform(routing::OpenLink command) { links_->open(std::move(command)); }
  void perform(routing::CloseLink command);
  void perform(routing::Inspect order);
  void perform(const routing::RequestDone& done);
  void perform(routing::AppConnect wish) { tell_applications(std::move(wish)); }
  void perform(routing::AppAttachDone done) { tell_applications(std::move(done)); }
  void perform(const routing::ConfigurationChanged& change);
  void perform(routing::Left left);
  void perform(const routing::MustExit& exit);

 private:
  void start();
  void handle_messages(LinkBatch& batch);
  void handle(RoutingBatch& batch);
  void ping(PingOrder& order);
  void offer(DocumentOrder& order);
  void tick(std::uint64_t generation);
  void return_credits();
  void leave();
  RoutingReport report() const;

  void tell_applications(routing::ApplicationEvent event) {
    if (applications_) applications_(std::move(event));
  }
  void keep_document(const config::Configuration& configuration);
  void step(routing::Input input);
  void note_bootstrap_peer(const routing::LinkUp& up);
  void keep_bootstrap_cache(MonoTime now, bool at_once);
  void end_turn();

  struct Ping {
    std::chrono::steady_clock::time_point sent;
    Answer<PingOutcome> done;
  };

  std::shared_ptr<spdlog::logger> log_;
  std::shared_ptr<const Clock> clock_;
  std::shared_ptr<net::TlsLinks> links_;
  std::shared_ptr<net::app_links::AppLinks> app_links_;
  std::shared_ptr<InspectionDesk> desk_;
  routing::RoutingComponent component_;
  Alarm alarm_;
  routing::Outputs outputs_;
  CreditLedger credits_;
  std::unordered_map<std::uint64_t, Ping> pings_;
  std::uint64_t last_ping_ = 0;
  BootstrapCache bootstrap_cache_;
  bool bootstrap_cache_changed_ = false;
  std::function<void(routing::ApplicationEvent)> applications_;
  std::optional<MonoTime> bootstrap_cache_kept_;
};

}  // namespace ringway::actors
