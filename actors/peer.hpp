// A running peer, for the programs in services/: start it, call it, ask how it is, leave. No CAF type shows
// here; each call is one message to an actor, its answer arrives on a thread of the actor system.
// Dropping a Peer stops it without leaving the ring.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "actors/sip_settings.hpp"
#include "net/app_links/app_links.hpp"
#include "net/tls_links.hpp"
#include "reload/config/configuration.hpp"
#include "reload/data/api.hpp"
#include "reload/data/messages.hpp"
#include "reload/data/replication_component.hpp"
#include "reload/data/storage_component.hpp"
#include "reload/result.hpp"
#include "reload/routing/routing_component.hpp"
#include "sip-usage/element/element.hpp"
#include "sip-usage/messages/reader.hpp"
#include "sip-usage/peers/peer_connections.hpp"

namespace ringway::actors {

struct RelaySettings;
struct RelaySecrets;
struct RelayReport;

// Of a user besides the node's own, in whose name calls may write (data::UserSigners).
struct UserCredentials {
  std::string private_key_pem;
  std::string certificates_pem;
};

struct PeerSettings {
  std::string name;  // for logs, "peer-3"
  config::ConfigurationPtr configuration;
  std::string private_key_pem;
  std::string certificates_pem;
  std::vector<UserCredentials> further_users;
  std::string data_directory;  // empty: nothing is kept (tests only)
  wire::IpAddressPort listen;
  std::vector<wire::IpAddressPort> advertise;  // empty: the listening address
  bool advertise_all = false;                  // else: this machine's addresses, listening at all of them
  routing::RoutingSettings routing;
  data::StorageSettings storage;
  data::ReplicationSettings replication;
  net::LinkSettings links;           // listen, credentials and the shared secret are filled from above
  std::shared_ptr<SipSettings> sip;  // null: no phones are served; taken at the start
  std::shared_ptr<const RelaySettings> relay = nullptr;  // null: nothing is relayed
  bool discovery = false;                                // find peers of this overlay on the local network
  Duration leave_timeout{5'000};
};

// Fails where no phones are served, and at a peer that has stopped.
using CallLogResult = Result<std::vector<sip::CallRecord>, data::CallFailure>;

// A text message to a user's phones, in the name of a user of this peer.
struct TextMessage {
  std::string sender;     // user name
  std::string recipient;  // a URI of sip, sips or tel
  std::string content_type, body;
  std::optional<std::uint32_t> expires_s{};  // nothing: it waits as long as messages may
};
// Its outcome as SIP has it: 2xx when a phone has it, 202 when it is kept for later, else why not.
struct MessageOutcome {
  unsigned status = 0;
  std::optional<unsigned> retry_after_s{};
};
using MessageResult = Result<MessageOutcome, data::CallFailure>;
using MailboxResult = std::variant<sip::messages::MailboxContents, data::CallFailure>;

// How the peer serves phones.
struct SipReport {
  std::vector<net::phones::PhoneListen> listening_on;
  net::phones::PhoneCounters transports;
  sip::registrar::RegistrarCounters registrar;
  sip::proxy::Counters proxy;
  sip::element::ElementCounters element;
  sip::TransactionCounters transactions;
  sip::peers::PeerCounters peers;
  net::app_links::AppLinkCounters peer_links;
  TableSizes tables;
};
using SipReportPtr = std::shared_ptr<const SipReport>;

struct PeerStatus {
  NodeId node;
  std::string user;
  bool users_unverified = false;  // anybody may say to be any user (self-signed certificates, FM-19)
  std::string overlay;
  std::uint16_t configuration_sequence = 0;
  std::optional<WallMs> configuration_expires_ms;  // nothing: never
  config::ConfigurationPtr configuration;          // the present document
  wire::IpAddressPort listening_on;
  std::uint64_t uptime_s = 0;
  WallMs certificate_not_after_ms = 0;
  routing::RoutingStatus routing;
  data::StorageComponent::Statistics storage;
  data::ReplicationComponent::Statistics replication;
  net::LinkCounters links;
  data::ValueStore::Totals totals;
  SipReportPtr sip;                                    // null: no phones are served
  std::shared_ptr<const RelayReport> relay = nullptr;  // null: nothing is relayed
};

struct PingOutcome {
  bool ok = false;
  std::string reason;  // when not ok
  NodeId responder;
  std::uint64_t response_id = 0;
  WallMs responder_time_ms = 0;
  double round_trip_ms = 0;
};

// Why a peer went down that nobody had told to.
struct PeerFailure {
  enum class Cause : std::uint8_t {
    broken,    // an actor died, or the store broke
    shut_out,  // the overlay talks to this node no more (RFC 6940 §11.1); others of the process may go on
    cannot_follow,  // this program cannot meet the overlay's new document: none of the process's peers can
  };
  Cause cause = Cause::broken;
  std::string reason;
};

// Why one did not start.
struct StartFailure {
  std::string reason;
  config::ConfigurationPtr shut_out_by = nullptr;  // the document that refuses its certificate, if so
};

// What the peers of one process share: the actor system, the I/O threads, the pool that checks signatures.
class PeerHost;

class Peer {
 public:
  virtual ~Peer() = default;

  using CallToken = std::uint64_t;
  // `done` is called exactly once with one result per call, unless cancel() came first (then at most once).
  // It must not block or throw, and may run before submit() returns (on another thread; on this one when too
  // many calls are under way or the peer has stopped): hold no lock here that it takes.
  virtual CallToken submit(std::vector<data::Call> calls,
                           std::function<void(std::vector<data::CallResult>)> done) = 0;
  virtual void cancel(CallToken token) = 0;
  // `event` is called with what is stored at the key and then with each change, until one is a failure or
  // cancel_watch() came: then at most once more. One at a time: the next follows watch_next(). As of
  // submit().
  virtual CallToken watch(data::WatchCall call, std::function<void(data::WatchResult)> event) = 0;
  virtual void watch_next(CallToken token) = 0;
  virtual void cancel_watch(CallToken token) = 0;
  virtual void status(std::function<void(PeerStatus)> done) = 0;
  virtual void ping(wire::Destination destination, Duration deadline,
                    std::function<void(PingOutcome)> done) = 0;
  // A renewed certificate of the same Node-ID: it is used from now on, values put before are signed again,
  // and both are good until the old one ends. `done` once, with the reason when it cannot be used.
  virtual void use_credentials(std::string private_key_pem, std::string certificates_pem,
                               std::function<void(std::optional<std::string> refusal)> done) = 0;
  // From now on these are the further users, instead of those before: the certificate of one was renewed.
  // What was put in their names is signed again. `done` once, with the reason when they cannot be used; then
  // those before stay.
  virtual void use_users(std::vector<UserCredentials> users,
                         std::function<void(std::optional<std::string> refusal)> done) = 0;
  // From now on these are the users whose phones may register, and the passwords by which they may; the
  // certificates, keys and authorities for phones are read from their files again. Who is no user any more
  // has no phones here. `done` once, with the reason when something of it cannot be used; then all stays.
  virtual void use_phones(std::vector<sip::registrar::Account> accounts,
                          std::function<void(std::optional<std::string> refusal)> done) = 0;
  // From now on these may use the relay, and its clients see this certificate. `done` once, with the reason
  // when something of it cannot be used; then all stays.
  virtual void use_relay_secrets(std::shared_ptr<RelaySecrets> secrets,
                                 std::function<void(std::optional<std::string> refusal)> done) = 0;
  // A configuration document that somebody has fetched: put in force and handed on to the others when it is
  // newer than the present one and signed as a successor must be (RFC 6940 §6.5.4.2).
  virtual void offer_document(SharedBytes document, std::function<void(routing::DocumentOffer)> done) = 0;
  // The valid certificates stored in the overlay under that Node-ID or user name; `done` as of submit().
  virtual void find_certificates(data::CertificatesOf of,
                                 std::function<void(data::CertificatesFound)> done) = 0;
  // This peer provides the service from now on, until it is unregistered or the peer stops (RFC 7374): its
  // records are refreshed, each lives for `lifetime_s`. `done` as of submit(), when they are stored.
  virtual void register_service(std::string service, std::uint32_t lifetime_s,
                                std::function<void(data::ServiceDone)> done) = 0;
  virtual void unregister_service(std::string service, std::function<void(data::ServiceDone)> done) = 0;
  // Who provides the service: the closest successor of the key first; unset: of this peer.
  virtual void find_service(std::string service, std::optional<NodeId> key,
                            std::function<void(data::ServiceDone)> done) = 0;
  // A relay of this peer can be used at that address from now on, and others find it there; until
  // withdraw_relay(), or the peer leaves.
  virtual void advertise_relay(wire::IpAddressPort address) = 0;
  virtual void withdraw_relay() = 0;
  // Relays of other peers (RFC 6940 §9).
  virtual void find_relays(std::size_t wanted, std::function<void(data::RelaysFound)> done) = 0;
  // Calls of this peer's users, under way or over, the newest first. `user`: of that one alone. `done` as of
  // submit().
  virtual void call_log(std::optional<std::string> user, std::size_t limit,
                        std::function<void(CallLogResult)> done) = 0;
  // What the user of that address does, in the name of a user of this peer (as_user as of calls). `event` as
  // of watch(): the next one follows next_sight().
  virtual CallToken watch_user(std::string address, std::string as_user,
                               std::function<void(sip::presence::SightResult)> event) = 0;
  virtual void next_sight(CallToken token) = 0;
  virtual void cancel_sight(CallToken token) = 0;
  // Fails, as the next one does, where no phones are served, and at a peer that has stopped. `done` as of
  // submit().
  virtual void send_message(TextMessage message, std::function<void(MessageResult)> done) = 0;
  // The messages that wait for that user of this peer; first those that are named are taken away.
  virtual void mailbox(std::string user, std::size_t limit, std::vector<sip::messages::MessageName> take_away,
                       std::function<void(MailboxResult)> done) = 0;
  // Leaves the ring gracefully and stops; `done` is called once, at the latest after leave_timeout. A relay
  // waits for its allocations to end before that (RelaySettings::drain_time).
  virtual void leave(std::function<void()> done) = 0;
  virtual NodeId node_id() const = 0;
  virtual wire::IpAddressPort listening_on() const = 0;
  virtual std::vector<net::phones::PhoneListen> phones_listening_on() const = 0;
  virtual std::vector<std::string> relay_listening_on() const = 0;  // "udp:192.0.2.1:3478"
};

struct HostSettings {
  std::size_t actor_threads = 0;  // 0: as many as cores
  std::size_t io_threads = 1;
  std::size_t crypto_threads = 0;  // 0: as many as cores
};

class PeerHost {
 public:
  static std::shared_ptr<PeerHost> make(HostSettings settings);
  virtual ~PeerHost() = default;
  // `failed` is called when the peer has gone down without having been told to; the reason is logged then.
  virtual Result<std::shared_ptr<Peer>, StartFailure> start_peer(PeerSettings settings,
                                                                 std::function<void(PeerFailure)> failed) = 0;
};

}  // namespace ringway::actors
