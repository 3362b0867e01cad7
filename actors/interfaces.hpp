// All actors of a peer at a glance: the messages they exchange and their typed interfaces. What a message
// means to the protocol is said in reload/routing/messages.hpp and reload/data/messages.hpp; here it is only
// packed: whatever one turn of an actor has for another travels as one batch, in order.
//
// Nothing here leaves the process, so no message type is serialisable.
#pragma once

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/atom.hpp>
#include <caf/replies_to.hpp>
#include <caf/typed_actor.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "actors/answer.hpp"
#include "actors/peer.hpp"
#include "actors/submission.hpp"
#include "actors/watch_handle.hpp"
#include "reload/data/messages.hpp"
#include "reload/link/link_id.hpp"
#include "reload/routing/messages.hpp"
#include "reload/routing/routing_component.hpp"
#include "sip-usage/element/events.hpp"
#include "sip-usage/peers/peer_connections.hpp"

namespace ringway::actors {

struct RoutingBatch {
  std::vector<routing::Input> inputs;
};
struct StorageBatch {
  std::vector<data::StorageInput> inputs;
  std::size_t counted = 0;  // of these in Backlog
};
struct ReplicationBatch {
  std::vector<data::ReplicationInput> inputs;
  std::size_t counted = 0;  // of these in Backlog
};
// Messages that one read of a link brought; each costs a credit of that link.
struct LinkBatch {
  link::LinkId link;
  std::vector<SharedBytes> messages;
};
// What phones send, and what the overlay has answered.
struct SipBatch {
  SipBatch() = default;  // nothing but a reason to look at what is due
  explicit SipBatch(sip::element::Input input) { add(std::move(input)); }
  void add(sip::element::Input input) { inputs->push_back(std::move(input)); }

  using Inputs = std::vector<sip::element::Input>;
  std::shared_ptr<Inputs> inputs =
      std::make_shared<Inputs>();  // shared: a message must be copyable, and not all of these are
};
// What other peers send, and what routing tells of them.
using SipPeerEvent = std::variant<routing::ApplicationEvent, sip::peers::Arrived, sip::element::Received,
                                  sip::element::Drained, sip::element::FlowDown>;
struct SipPeerBatch {
  explicit SipPeerBatch(SipPeerEvent event) : events(std::make_shared<std::vector<SipPeerEvent>>()) {
    events->push_back(std::move(event));
  }
  std::shared_ptr<std::vector<SipPeerEvent>> events;
};
struct CommitBatch {
  std::vector<data::Commit> commits;
};
struct PingOrder {
  wire::Destination destination;
  Duration deadline{0};
  Answer<PingOutcome> done;
};
struct CredentialsOrder {
  std::string private_key_pem;
  std::string certificates_pem;
  Answer<std::optional<std::string>> done;
};
struct UsersOrder {
  std::vector<UserCredentials> users;
  Answer<std::optional<std::string>> done;
};
struct PhonesOrder {
  std::shared_ptr<std::vector<sip::registrar::Account>> accounts;  // shared: a message must be copyable
  Answer<std::optional<std::string>> done;
};
struct DocumentOrder {
  SharedBytes document;
  Answer<routing::DocumentOffer> done;
};
struct CertificatesOrder {
  data::CertificatesOf of;
  Answer<data::CertificatesFound> done;
};
// The tokens of these are the actor's to give.
struct ServiceOrder {
  std::variant<data::RegisterService, data::UnregisterService, data::FindService> wish;
  Answer<data::ServiceDone> done;
};
struct RelaysOrder {
  std::size_t wanted = 1;
  Answer<data::RelaysFound> done;
};
struct CallLogOrder {
  std::optional<sip::Aor> user;  // none: of all
  std::size_t limit = 0;
  Answer<CallLogResult> done;
};
struct SendMessageOrder {
  sip::element::SendMessage message;  // without an id
  Answer<MessageResult> done;
};
struct MailboxOrder {
  sip::messages::MailboxRequest request;
  Answer<MailboxResult> done;
};
struct WatchOrder {
  std::uint64_t token = 0;
  data::WatchCall call;
  WatchHandlePtr handle;
};
struct SightOrder {
  sip::element::WatchUser watch;
  SightHandlePtr handle;
};
struct RoutingReport {
  routing::RoutingStatus status;
  std::uint16_t configuration_sequence = 0;
  std::optional<WallMs> configuration_expires_ms;
  config::ConfigurationPtr configuration;
};
struct StorageReport {
  data::StorageComponent::Statistics statistics;
  data::ValueStore::Totals totals;
};
struct ReplicationReport {
  data::ReplicationComponent::Statistics statistics;
};

using StartAtom = caf::atom_constant<caf::atom("start")>;
using TickAtom = caf::atom_constant<caf::atom("tick")>;
using CreditsAtom = caf::atom_constant<caf::atom("credits")>;
using CancelAtom = caf::atom_constant<caf::atom("cancel")>;
using WatchNextAtom = caf::atom_constant<caf::atom("watchnext")>;
using EndWatchAtom = caf::atom_constant<caf::atom("endwatch")>;
using StatusAtom = caf::atom_constant<caf::atom("status")>;
using FlushAtom = caf::atom_constant<caf::atom("flush")>;
using LeaveAtom = caf::atom_constant<caf::atom("leave")>;
using LeftAtom = caf::atom_constant<caf::atom("left")>;
using GiveUpAtom = caf::atom_constant<caf::atom("giveup")>;
using StopAtom = caf::atom_constant<caf::atom("stop")>;

using RoutingActor = caf::typed_actor<
    // Starts bootstrapping and joining; sent once, when every actor of the peer can be reached.
    caf::reacts_to<StartAtom>,
    // From the links: messages of one link.
    caf::reacts_to<LinkBatch>,
    // From the links (up, down, suspected), the crypto pool (verdicts), storage and replication.
    caf::reacts_to<RoutingBatch>,
    // From the API: a Ping of our own.
    caf::reacts_to<PingOrder>,
    // From the API: a configuration document that was fetched.
    caf::reacts_to<DocumentOrder>,
    // From itself: its alarm, with the generation it was set under.
    caf::reacts_to<TickAtom, std::uint64_t>,
    // From storage and replication: their backlog is short again, credits held back may be returned.
    caf::reacts_to<CreditsAtom>,
    // From the supervisor: leave the ring; LeftAtom to the supervisor follows.
    caf::reacts_to<LeaveAtom>,
    // From the supervisor.
    caf::replies_to<StatusAtom>::with<RoutingReport>>;

using StorageActor = caf::typed_actor<
    // From the API: calls with the handle that takes their results.
    caf::reacts_to<SubmissionPtr>,
    // From the API: nobody waits for the calls with this token any more.
    caf::reacts_to<CancelAtom, std::uint64_t>,
    // From the API: a key to watch; its next event is wanted; nobody wants any more.
    caf::reacts_to<WatchOrder>, caf::reacts_to<WatchNextAtom, std::uint64_t>,
    caf::reacts_to<EndWatchAtom, std::uint64_t>,
    // From the API: whose certificates are wanted.
    caf::reacts_to<CertificatesOrder>,
    // From the API: services that this peer provides or looks for; from whoever needs one: relays.
    caf::reacts_to<ServiceOrder>, caf::reacts_to<RelaysOrder>,
    // From the supervisor: the peer is about to leave; answered when no service of it is to be found any
    // more.
    caf::replies_to<LeaveAtom>::with<LeftAtom>,
    // From routing, replication and the committer.
    caf::reacts_to<StorageBatch>,
    // From itself: its alarm.
    caf::reacts_to<TickAtom, std::uint64_t>,
    // From the supervisor.
    caf::replies_to<StatusAtom>::with<StorageReport>>;

using ReplicationActor = caf::typed_actor<
    // From routing and storage.
    caf::reacts_to<ReplicationBatch>,
    // From itself: its alarm.
    caf::reacts_to<TickAtom, std::uint64_t>,
    // From the supervisor.
    caf::replies_to<StatusAtom>::with<ReplicationReport>>;

using SipActor = caf::typed_actor<
    // From the sockets towards phones, from storage (the results of calls) and from itself.
    caf::reacts_to<SipBatch>,
    // From the sockets towards other peers, and from routing.
    caf::reacts_to<SipPeerBatch>,
    // From itself: its alarm.
    caf::reacts_to<TickAtom, std::uint64_t>,
    // From the supervisor: the peer is about to leave; answered when nobody is registered here any more.
    caf::replies_to<LeaveAtom>::with<LeftAtom>,
    // From the API.
    caf::reacts_to<CallLogOrder>, caf::reacts_to<SightOrder>, caf::reacts_to<SendMessageOrder>,
    caf::reacts_to<MailboxOrder>,
    // From the supervisor.
    caf::replies_to<StatusAtom>::with<SipReportPtr>>;

using CommitterActor = caf::typed_actor<
    // From storage: make these durable and answer each with Committed, in order.
    caf::reacts_to<CommitBatch>,
    // From routing and SIP: keep this fact, or forget it; nobody waits for it.
    caf::reacts_to<data::PutFact>, caf::reacts_to<data::DropFact>,
    // From itself: everything that waited in the mailbox has been collected, write it.
    caf::reacts_to<FlushAtom>,
    // From the supervisor: write what waits, then end.
    caf::reacts_to<StopAtom>>;

using SupervisorActor = caf::typed_actor<
    // Links itself to all actors of the peer and lets routing start.
    caf::reacts_to<StartAtom>,
    // From the API: leave the ring, stop, then call back.
    caf::reacts_to<LeaveAtom, Answer<Stopped>>,
    // From routing: the neighbours know that we leave.
    caf::reacts_to<LeftAtom>,
    // From itself: the neighbours have taken too long.
    caf::reacts_to<GiveUpAtom>,
    // From the crypto pool: something that is not an actor has broken. From routing: the peer must not go on.
    caf::reacts_to<PeerFailure>,
    // From the API: a renewed certificate.
    caf::reacts_to<CredentialsOrder>,
    // From the API: the credentials of the further users, all of them.
    caf::reacts_to<UsersOrder>,
    // From the API: whose phones may register; their certificates are read again.
    caf::reacts_to<PhonesOrder>,
    // From the API: how is the peer?
    caf::reacts_to<Answer<PeerStatus>>,
    // From the API's destructor: stop without leaving the ring.
    caf::reacts_to<StopAtom>>;

// How the actors of one peer reach each other; filled once, before the first message is sent.
struct Mailboxes {
  RoutingActor routing;
  StorageActor storage;
  ReplicationActor replication;
  SipActor sip;  // none: this peer serves no phones
  CommitterActor committer;
  SupervisorActor supervisor;
};
using MailboxesPtr = std::shared_ptr<const Mailboxes>;

}  // namespace ringway::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ringway::actors::RoutingBatch)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ringway::actors::StorageBatch)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ringway::actors::ReplicationBatch)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ringway::actors::LinkBatch)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ringway::actors::SipBatch)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ringway::actors::SipPeerBatch)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ringway::actors::SipReportPtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ringway::actors::CommitBatch)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ringway::actors::PingOrder)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ringway::actors::SubmissionPtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ringway::actors::DocumentOrder)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ringway::actors::CertificatesOrder)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ringway::actors::ServiceOrder)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ringway::actors::RelaysOrder)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ringway::actors::WatchOrder)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ringway::actors::CredentialsOrder)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ringway::actors::UsersOrder)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ringway::actors::PhonesOrder)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ringway::actors::PeerFailure)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ringway::actors::RoutingReport)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ringway::actors::StorageReport)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ringway::actors::ReplicationReport)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ringway::actors::CallLogOrder)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ringway::actors::SightOrder)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ringway::actors::SendMessageOrder)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ringway::actors::MailboxOrder)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ringway::data::PutFact)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ringway::data::DropFact)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ringway::actors::Answer<ringway::actors::Stopped>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ringway::actors::Answer<ringway::actors::PeerStatus>)
