// What goes into and comes out of the routing component. The other components and the drivers (actors,
// simulator, tests) see routing only through these values.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "reload/config/configuration.hpp"
#include "reload/link/link_id.hpp"
#include "reload/security/inspector.hpp"
#include "reload/security/signer.hpp"
#include "reload/topology/ring_view.hpp"
#include "reload/wire/bodies.hpp"
#include "reload/wire/destination.hpp"
#include "reload/wire/message.hpp"

namespace ringway::routing {

using link::LinkId;

// Which component of this peer asked for a request and gets its outcome.
// `application` stands for the driver (a Ping asked for over the API).
enum class Origin : std::uint8_t { routing, storage, replication, application };

// Applications that talk over connections of their own between two peers, set up with AppAttach (RFC 6940
// §6.5.2). The numbers are Application-IDs; 61441 to 65534 are for private use.
enum class Application : std::uint16_t {
  replication = 61441,  // digests of what two neighbours hold (reload/data)
  watch = 61442,        // changes of watched keys (reload/data)
};
inline constexpr std::array k_applications{Application::replication, Application::watch};

// ---- in
// -----------------------------------------------------------------------------------------------------------

// A link is up: the handshake is done and `certificate` is trusted. `attempt` names the OpenLink that led to
// it, if any; an accepted link has none and is matched to a pending Attach by the certificate's Node-IDs.
struct LinkUp {
  LinkId link;
  std::uint64_t attempt = 0;
  security::CertificatePtr certificate;
  wire::IpAddressPort remote;
  std::optional<Application> application = std::nullopt;  // none: a RELOAD link; else that one's connection
};
// A link is gone, or an attempt has failed (then link.number is 0).
struct LinkDown {
  LinkId link;
  std::uint64_t attempt = 0;
  std::string reason;
};
// The link's acknowledgements stopped, or resumed (RFC 6940 §6.6.5): routing goes around it meanwhile.
struct LinkSuspected {
  LinkId link;
  bool suspected = true;
};
// One framed message.
struct LinkMessage {
  LinkId link;
  SharedBytes bytes;
};
// The verdict on an Inspect, in any order; routing restores the order of each link.
struct Inspected {
  std::uint64_t ticket = 0;
  std::shared_ptr<Result<security::InspectedMessage>> verdict;
};
// Originates a request. The outcome comes as RequestDone to `origin` with the same token, exactly once.
struct SendRequest {
  Origin origin = Origin::routing;
  std::uint64_t token = 0;
  wire::DestinationList destination;
  wire::MessageCode code = wire::MessageCode::invalid;
  SharedBytes body;
  std::vector<SharedBytes> certificates_der;  // that the values inside need, besides our own (SEC-10)
  std::optional<ResourceId> fetch_resource;   // of a Fetch
  std::uint32_t max_response_length = 0;
  std::optional<Duration> deadline;  // sooner than the RFC's 15 s
  // Which first hop, for requests that are to take different ways: of the peers that may be the next one
  // towards `point`, in the order in which they would be chosen, number `rank` (from 0). Requests with the
  // same point and different ranks have no first hop in common. When there are not so many the request fails
  // at once (not_found, local). A repetition takes the same hop. A node that is the destination and has a
  // link to this peer is reached over it, whatever the rank: no way is shorter.
  struct Way {
    RingId point;
    std::uint32_t rank = 0;
  };
  std::optional<Way> way = std::nullopt;
  // Signs the message in this peer's stead: another user whose credentials this peer holds has the request
  // made. The answer comes to this peer all the same, along the via list.
  std::shared_ptr<const security::Signer> signer = nullptr;
};
// Drops interest in an earlier SendRequest; no RequestDone follows.
struct CancelRequest {
  Origin origin = Origin::routing;
  std::uint64_t token = 0;
};
// The answer to a DeliverRequest.
struct SendAnswer {
  std::uint64_t request = 0;  // DeliverRequest::request
  wire::MessageCode code = wire::MessageCode::error;
  SharedBytes body;  // an ErrorResponse when code is error
  std::vector<SharedBytes> certificates_der;
};
// How a HandOver goes. When it is complete the joining peer may become our predecessor (TOPO-15); when it has
// failed the admission is dropped. That it goes on is said now and then, so that a long one is not given up.
struct HandOverReport {
  enum class State { goes_on, complete, failed };
  std::uint64_t number = 0;  // the HandOver's
  State state = State::failed;
};

// From now on this signs what is new: the certificate was renewed, for the same Node-ID (SEC-38). What the
// one before has signed stays good until it ends. For storage and replication too.
struct UseSigner {
  std::shared_ptr<const security::Signer> signer;
};

// The answer to Drain: what this peer holds is where it has to be, as far as that could be done.
struct Drained {};

// Where discovery has heard of peers of this overlay, in place of what it said before: to be tried as
// bootstrap nodes are, and believed no more than anybody at a bootstrap address.
struct BootstrapFound {
  std::vector<wire::IpAddressPort> addresses;
};

// ---- channels: one connection for each application and node, made when either end wants it. Who has it is
// the component that the application belongs to (peer/wiring.hpp). Messages are at most max-message-size
// long and come in order, each once at most; one is lost when the connection breaks or its queue is full, so
// what must not be lost is acknowledged by the application itself.

// Wants a channel to that node; ChannelUp or ChannelDown follows. One that stands is used. It is kept alive
// until CloseChannel; what only the other end has opened is closed after five minutes without a message.
struct OpenChannel {
  Application application = Application::replication;
  NodeId node;
};
// Dropped when there is no channel, or the message is empty.
struct SendOnChannel {
  Application application = Application::replication;
  NodeId node;
  SharedBytes message;
};
// No interest in it any more; no ChannelDown follows. The other end may go on using it: then messages still
// come.
struct CloseChannel {
  Application application = Application::replication;
  NodeId node;
};

// ---- connections that routing does not carry: an application that has a protocol of its own on the wire
// (SIP, RFC 7904 §5.1) has a component that makes them. Routing carries the AppAttach and its answer (RFC
// 6940 §6.5.2). Whoever sends an AppAttach waits for the connection as TLS server; who answers it connects
// (§6.5.1.13, AMB-26). Each checks the other's certificate against the Node-ID that it has from here.

// From now on AppAttaches for this application are answered, and sent, with these addresses, at which its
// connections are waited for. No addresses: no longer. Channels' applications are none of these.
struct ServeApplication {
  std::uint16_t application = 0;
  std::vector<wire::IpAddressPort> addresses;
};
// Asks whoever is at the end of that list for a connection; AppAttachDone follows with the same token,
// exactly once.
struct SendAppAttach {
  std::uint64_t token = 0;
  std::uint16_t application = 0;
  wire::DestinationList destination;
  std::optional<Duration> deadline = std::nullopt;  // sooner than the RFC's 15 s
};
// Drops interest in an earlier SendAppAttach; no AppAttachDone follows. The connection may come all the same.
struct DropAppAttach {
  std::uint64_t token = 0;
};
// What an AppConnect has asked for is there, or could not be made: until this is said (or half a minute has
// passed) another AppAttach of that node gets Error_In_Progress.
struct AppConnectEnded {
  std::uint16_t application = 0;
  NodeId node;
};

using Input =
    std::variant<LinkUp, LinkDown, LinkSuspected, LinkMessage, Inspected, SendRequest, CancelRequest,
                 SendAnswer, HandOverReport, UseSigner, Drained, BootstrapFound, OpenChannel, SendOnChannel,
                 CloseChannel, ServeApplication, SendAppAttach, DropAppAttach, AppConnectEnded>;

// ---- out
// ----------------------------------------------------------------------------------------------------------

// `header ‖ payload` is one message for this link; the payload is shared with whatever it came from.
struct Transmit {
  LinkId link;
  Bytes header;
  SharedBytes payload;
};
// Connect to one of these addresses. As TLS client when we answered an Attach or bootstrap, which is the only
// case over TCP: the sender of an Attach is the TLS server and waits (AMB-26). `expected` is checked against
// the certificate.
struct OpenLink {
  std::uint64_t attempt = 0;
  std::vector<wire::IpAddressPort> addresses;
  std::optional<NodeId> expected;                         // none for a bootstrap link (BOOT-05)
  std::optional<Application> application = std::nullopt;  // none: a RELOAD link
  // Where it may be a link over datagrams (DTLS-UDP-SR-NO-ICE); these are tried first.
  std::vector<wire::IpAddressPort> datagram_addresses = {};
};
struct CloseLink {
  LinkId link;
  std::string reason;
  bool notable = false;  // an operator wants to read the reason
};
// Check this message on the pool (security::Inspector) and give the verdict back as Inspected.
struct Inspect {
  std::uint64_t ticket = 0;
  wire::ParsedHeader header;
  SharedBytes bytes;
  std::optional<ResourceId> fetch_resource;
};
// A Store, Fetch, Stat or Find for this peer; storage answers it with SendAnswer (exactly once).
struct DeliverRequest {
  std::uint64_t request = 0;
  std::shared_ptr<const security::InspectedMessage> message;
  NodeId arrived_from;  // the neighbour whose link it came over; self when it never left this peer
};
// How a request ended.
struct RequestFailure {
  wire::ErrorCode code = wire::ErrorCode::request_timeout;
  Bytes info;
  bool local = false;  // found out here (timeout, no route), not told by an answer
  NodeId answered_by;  // who told; all-zero when local
};
struct RequestDone {
  Origin origin = Origin::routing;
  std::uint64_t token = 0;
  std::variant<std::shared_ptr<const security::InspectedMessage>, RequestFailure> outcome;
};
// The ring has changed; goes to storage and replication.
struct RingChanged {
  topology::RingViewPtr view;
};
// A peer has asked to join in our range: replication sends it everything in (predecessor, joining], and says
// how it goes by HandOverReport (RFC 6940 §10.5, TOPO-15).
struct HandOver {
  std::uint64_t number = 0;
  NodeId joining;
  RingId after;  // exclusive lower end of the range
};
// This peer is about to leave: replication brings what it holds to those who will have to have it, then says
// Drained.
struct Drain {};
// A newer configuration document was accepted, or a Kind has become known beside it (RFC 6940 §6.5.4): its
// `kinds` are all that are known. `learnt_kinds` are kind-blocks that the document does not hold, for whoever
// keeps them over a restart (RoutingSettings::learnt_kinds).
struct ConfigurationChanged {
  config::ConfigurationPtr configuration;
  std::vector<Bytes> learnt_kinds = {};
};
// The channel stands: asked for with OpenChannel, or made by the other end.
struct ChannelUp {
  Application application = Application::replication;
  NodeId node;
};
// It is gone, or could not be made.
struct ChannelDown {
  Application application = Application::replication;
  NodeId node;
  std::string reason;
};
struct ChannelMessage {
  Application application = Application::replication;
  NodeId node;
  SharedBytes message;
};
// A node has asked for a connection of that application and was told that it comes: connect to it at one of
// these addresses as TLS client, and see that it is this node (RFC 6940 §6.5.1.11). Say AppConnectEnded then.
struct AppConnect {
  std::uint16_t application = 0;
  NodeId node;
  std::vector<wire::IpAddressPort> addresses;
};
// The node at the end of the list connects to us: expect it. It may have been faster than its answer.
struct AppAttachAccepted {
  NodeId node;
  // Of who has signed the answer; none when it has answered an earlier AppAttach of ours, whose connection is
  // on the way (Error_In_Progress).
  security::CertificatePtr certificate;
  std::vector<wire::IpAddressPort> addresses;  // where it waits for connections itself
};
struct AppAttachDone {
  std::uint64_t token = 0;
  std::uint16_t application = 0;
  std::variant<AppAttachAccepted, RequestFailure> outcome;
};
// leave() has finished: neighbours have answered or time is up.
struct Left {};
// What of a new document ends a peer.
enum class ExitCause : std::uint8_t {
  shut_out,       // nobody talks to this node any more: this one, not the others of its process
  cannot_be_met,  // this program does not know how
};
// The same as Left, after a document that this peer cannot meet, or that shuts it out (RFC 6940 §11.1): it is
// to end, and say why. The document is for whoever keeps it over a restart; null when this program cannot
// read it.
struct MustExit {
  ExitCause cause = ExitCause::cannot_be_met;
  std::string reason;
  config::ConfigurationPtr document = nullptr;
};

using Output = std::variant<Transmit, OpenLink, CloseLink, Inspect, DeliverRequest, RequestDone, RingChanged,
                            HandOver, Drain, ConfigurationChanged, ChannelUp, ChannelDown, ChannelMessage,
                            AppConnect, AppAttachDone, Left, MustExit>;
using Outputs = std::vector<Output>;

// What the component that makes an application's connections gets of routing.
using ApplicationEvent = std::variant<AppConnect, AppAttachDone>;

}  // namespace ringway::routing
