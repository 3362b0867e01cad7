// The actor around relay::Server: it gives it what comes from the relay's sockets, and carries out there what
// it says. It alone speaks to the sockets, and they end with it. It runs detached, because ending them
// blocks.
#pragma once

#include <caf/typed_response_promise.hpp>

#include <memory>
#include <optional>
#include <string>

#include "actors/alarm.hpp"
#include "actors/interfaces.hpp"
#include "actors/peer_log.hpp"
#include "actors/relay_sockets.hpp"
#include "actors/system_clock.hpp"
#include "reload/random.hpp"

namespace ringway::actors {

struct RelaySecretsOrder {
  std::shared_ptr<RelaySecrets> secrets;  // shared: a message must be copyable
  Answer<std::optional<std::string>> done;
};

using RelayEventsAtom = caf::atom_constant<caf::atom("relevents")>;

using RelayActor = caf::typed_actor<
    // From the supervisor: clients are let in.
    caf::reacts_to<StartAtom>,
    // From RelayBridge: there are events.
    caf::reacts_to<RelayEventsAtom>,
    // From itself: its alarm.
    caf::reacts_to<TickAtom, std::uint64_t>,
    // From the API: who may use the relay, from now on.
    caf::reacts_to<RelaySecretsOrder>,
    // From the supervisor: nothing new is allocated from now on; answered when the last allocation has ended.
    caf::replies_to<LeaveAtom>::with<LeftAtom>,
    // From the supervisor.
    caf::replies_to<StatusAtom>::with<RelayReportPtr>>;

struct RelaySetup {
  std::string name;  // for the log
  relay::Settings control;
  relay::Credentials::Given users;
  RelayFoundation foundation;
  std::shared_ptr<const Clock> clock;
  std::shared_ptr<Random> random;
};

class RelayDriver {
 public:
  using Interface = RelayActor;
  using Setup = RelaySetup;

  RelayDriver(RelayActor::pointer self, RelaySetup setup);
  ~RelayDriver();
  RelayDriver(const RelayDriver&) = delete;
  RelayDriver& operator=(const RelayDriver&) = delete;
  RelayActor::behavior_type make_behavior();

 private:
  void take_events();
  void take(RelayMessage& event);
  void take(RelayOpened& event);
  void take(RelayOpenFailed& event);
  void take(RelayStreamGone& event);
  void tick(std::uint64_t generation);
  std::optional<std::string> use(RelaySecrets& secrets);
  caf::typed_response_promise<LeftAtom> drain();
  RelayReportPtr report() const;
  void end_turn();

  RelaySetup setup_;
  relay::Credentials credentials_;
  relay::Server server_;
  std::shared_ptr<spdlog::logger> log_;
  Alarm alarm_;
  RelayActor::pointer self_;
  bool is_draining_ = false;
  std::optional<caf::typed_response_promise<LeftAtom>> draining_;
};

// What others of the peer know of its relay.
struct RunningRelay {
  RelayActor actor;
  Duration drain_time{0};
  std::vector<std::string> listening_on;
  std::optional<wire::IpAddressPort> advertised{};  // in the overlay
};

}  // namespace ringway::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ringway::actors::RelaySecretsOrder)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ringway::actors::RelayReportPtr)
