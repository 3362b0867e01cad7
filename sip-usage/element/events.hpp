// What goes into a peer's SIP element and what comes out. A flow is a connection, or the two ends between
// which datagrams go; the driver names flows, never twice by the same name, whether they lead to phones, to
// other peers (AppAttach) or to servers outside.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "reload/bytes.hpp"
#include "reload/ids.hpp"
#include "reload/wire/destination.hpp"
#include "sip-usage/call_log/call_log.hpp"
#include "sip-usage/lookup/resolution.hpp"
#include "sip-usage/messages/calls.hpp"
#include "sip-usage/messages/reader.hpp"
#include "sip-usage/presence/onlookers.hpp"
#include "sip-usage/registrar/registrar.hpp"

namespace ringway::sip::element {

using registrar::FlowId;
enum class OpenId : std::uint64_t {};      // a wish for a flow
enum class QuestionId : std::uint64_t {};  // to the overlay or to DNS
// Which room asks the overlay: each counts its own calls.
enum class Room { keeper, collector, reader, presence };
enum class SendId : std::uint64_t {};  // of a message that a program sends

struct Endpoint {
  std::string host;  // an address; of IPv6 without brackets
  std::uint16_t port = 0;
};

// ---- in

// A flow of a listener, or one that was asked for (OpenAddress).
struct FlowUp {
  FlowId flow{};
  std::string transport = "UDP";  // UDP, TCP, TLS, WS, WSS
  Endpoint local, remote;
  std::string sender;  // what counts as one sender: the address, of IPv6 its first 64 bits
  bool is_loopback = false;
  std::optional<OpenId> opened;
};
// A connection with another peer whose certificate is that of `node`.
struct PeerUp {
  FlowId flow{};
  NodeId node;
  std::optional<OpenId> opened;
  std::vector<std::string> users{};  // the user names in its certificate: "bob@example.org"
};
// What was asked for is there already: the flow of UDP with that remote address, a connection that somebody
// else has asked for. It has been told of by FlowUp or PeerUp.
struct Opened {
  OpenId open{};
  FlowId flow{};
};
struct OpenFailed {
  OpenId open{};
  std::string reason;
};
// Of TCP, TLS and peers: pieces as they come; of UDP a datagram, of WebSocket a message.
struct Received {
  FlowId flow{};
  SharedBytes octets;
  std::size_t credit = 0;
};
struct Congested {  // what was given to be sent waits
  FlowId flow{};
};
struct Drained {  // nothing waits any more
  FlowId flow{};
};
struct FlowDown {
  FlowId flow{};
  std::string reason;
};
struct RegistrationsFetched {
  QuestionId question{};
  std::vector<FetchedRegistration> found;
};
struct ServersFound {
  QuestionId question{};
  std::vector<DnsTarget> servers;
};
struct QuestionFailed {
  QuestionId question{};
  std::string reason;
};
struct OverlayWritten {
  registrar::OverlayRequestId request{};
  bool is_done = false;
};
struct OverlayAnswered {
  Room room{};
  messages::CallId id{};
  data::CallResult result;
};
struct CertificatesAnswered {
  Room room{};
  messages::CallId id{};
  std::vector<security::CertificatePtr> found;
  std::optional<data::CallFailure> failure;
};
// A MESSAGE (RFC 3428) of a program, in the name of one of this peer's users. Answered by MessageSent, once.
struct SendMessage {
  SendId id{};
  Aor sender;
  Uri recipient;
  std::string content_type, body;
  std::optional<std::uint32_t> expires_s;
};
// What waits for one of this peer's users. Answered by MailboxRead, once.
struct ReadMailbox {
  messages::ReadId id{};
  messages::MailboxRequest request;
};
// After a failure there is nothing more.
struct OverlayTold {
  presence::WatchId watch{};
  data::WatchResult result;
};
// A program watches the user of this address (presence::Onlookers), in the name of a user of this peer;
// as_user as of calls. Answered by ShowSight, again after each NextSight, until HideSight or a failure.
struct WatchUser {
  presence::OnlookerId onlooker{};
  std::string address;
  std::string as_user{};
};
struct NextSight {
  presence::OnlookerId onlooker{};
};
struct HideSight {
  presence::OnlookerId onlooker{};
};
// These own users have other keys from now on: of a renewed certificate. What was closed for those before is
// opened still.
struct KeysRenewed {
  std::vector<messages::OwnUser> users;
};
// The peer is about to leave: nobody begins a dialog here any more (503 with Retry-After) or registers, and
// the users' entries go from the overlay (RemoveRegistration). Calls that are there go on.
struct Shutdown {};
// What KeepBindings has said before a restart: told before everything else.
struct Restarted {
  std::vector<registrar::KeptBindings> bindings;
};
// The users whose credentials the peer has from now on: what registrar::check() has found good. Who is not
// among them any more has no phones here and no entry in the overlay.
struct AccountsChanged {
  std::vector<registrar::Account> accounts;
};
using Input =
    std::variant<FlowUp, PeerUp, Opened, OpenFailed, Received, Congested, Drained, FlowDown,
                 RegistrationsFetched, ServersFound, QuestionFailed, OverlayWritten, OverlayAnswered,
                 CertificatesAnswered, OverlayTold, WatchUser, NextSight, HideSight, SendMessage, ReadMailbox,
                 KeysRenewed, Shutdown, Restarted, AccountsChanged>;

// ---- out

struct Send {
  FlowId flow{};
  SharedBytes octets;
};
// From the socket of that flow to another port of its remote address (RFC 3261 §18.2.2: who does not ask for
// rport is answered where its Via says).
struct SendToPort {
  FlowId flow{};
  std::uint16_t port = 0;
  SharedBytes octets;
};
struct GiveCredit {
  FlowId flow{};
  std::size_t credit = 0;
};
using registrar::HoldFlow;
struct CloseFlow {  // answered by FlowDown
  FlowId flow{};
  std::string reason;
};
// Answered by FlowUp, Opened or OpenFailed.
struct OpenAddress {
  OpenId open{};
  std::string transport;
  Endpoint remote;  // perhaps a name, of a server
  // Of TLS: the domain that the server's certificate has to be for (RFC 5922 §7.2). Empty: there is none, the
  // certificate may be anybody's whom the peer trusts.
  std::string server_name{};
  // Of UDP: where the other end knows this peer to be; a NAT may let nothing else in. Port 0: anywhere.
  Endpoint local{};
};
// Answered by PeerUp, Opened or OpenFailed.
struct OpenPeer {
  OpenId open{};
  wire::DestinationList destinations;
  std::uint16_t application = 5060;  // 5061: sips (RFC 7904 §5)
};
// SIP-REGISTRATION at this Resource Name.
struct FetchFromOverlay {
  QuestionId question{};
  Aor aor;
};
// RFC 3263. With a port only addresses are asked for, with a transport SRV records of that one.
struct AskServers {
  QuestionId question{};
  std::string domain;
  std::optional<std::uint16_t> port;
  std::string transport;
  bool sips = false;
};
struct DropQuestion {
  QuestionId question{};
};
using registrar::RemoveRegistration;
using registrar::StoreRegistration;
// A call of the messages that wait for absent users, or of presence, as it stands. Answered by
// OverlayAnswered, once.
struct AskOverlay {
  Room room{};
  messages::CallId id{};
  data::Call call;
};
// The valid certificates of that user, as data::FindCertificates finds them. Answered by
// CertificatesAnswered, once.
struct AskCertificates {
  Room room{};
  messages::CallId id{};
  std::string user_name;
};
// All entries at that key, in OverlayTold, one after the other, until EndOverlayWatch or a failure.
struct WatchOverlay {
  presence::WatchId watch{};
  std::string key;
};
struct EndOverlayWatch {
  presence::WatchId watch{};
};
using ShowSight = presence::Show;
struct MessageSent {
  SendId id{};
  unsigned status = 0;  // the final one: 202 when it is kept for later, another 2xx when a phone has it
  std::optional<unsigned> retry_after_s{};
};
using messages::MailboxRead;
// A call of a user of this peer has begun, has been answered, or is over: to be given to the element again
// when it is made anew.
struct KeepCall {
  CallRecord record;
};
struct ForgetCall {
  std::uint64_t number = 0;
};
using registrar::ForgetBindings;
using registrar::KeepBindings;
struct Log {
  std::string line;
};
using Output =
    std::variant<Send, SendToPort, GiveCredit, HoldFlow, CloseFlow, OpenAddress, OpenPeer, FetchFromOverlay,
                 AskServers, DropQuestion, StoreRegistration, RemoveRegistration, AskOverlay, AskCertificates,
                 WatchOverlay, EndOverlayWatch, ShowSight, MessageSent, MailboxRead, KeepCall, ForgetCall,
                 KeepBindings, ForgetBindings, Log>;

}  // namespace ringway::sip::element
