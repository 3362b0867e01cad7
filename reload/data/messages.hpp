// What goes into and comes out of the storage and replication components (data::Holder with data::Client, and
// data::Replicator), besides the requests and outcomes of routing/messages.hpp.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "reload/data/api.hpp"
#include "reload/data/service_messages.hpp"
#include "reload/data/user_signers.hpp"
#include "reload/data/value_store.hpp"
#include "reload/routing/messages.hpp"

namespace ringway::data {

// ---- storage: in
// --------------------------------------------------------------------------------------------------

// Calls of applications, answered by CallsDone with the same token: one result for each call, in order.
struct Calls {
  std::uint64_t token = 0;
  std::vector<Call> calls;
};
// The valid certificates that are stored in the overlay under a Node-ID or a user name (RFC 6940 §8),
// answered by CertificatesFound with the same token.
using CertificatesOf = std::variant<NodeId, std::string>;
struct FindCertificates {
  std::uint64_t token = 0;
  CertificatesOf of;
};
// From now on these are the further users that calls may be made as, instead of those before: one has come,
// or the certificate of one was renewed.
struct UseUsers {
  UserSignersPtr users;
};
struct CancelCalls {
  std::uint64_t token = 0;
};
// The outcome of a Commit; in the order of the commits.
struct Committed {
  std::uint64_t token = 0;
  bool ok = false;
  std::string reason;
};
// The outcome of a Replicate: who has it on disk now, and whether that is everybody who should.
struct Replicated {
  std::uint64_t token = 0;
  std::vector<NodeId> holders;
  bool complete = false;
};

// Watches a key for an application: WatchEvents follow with the same token, the present state first, until
// CancelWatch or an event with a failure. After each event the next comes only when WatchNext has asked for
// it; a few wait meanwhile, more become one event, marked as compacted.
struct Watch {
  std::uint64_t token = 0;
  WatchCall call;
};
struct WatchNext {
  std::uint64_t token = 0;
};
struct CancelWatch {
  std::uint64_t token = 0;
};

// The outcome of CheckValues: a verdict for each value, or none when they could not be looked at.
struct ValuesChecked {
  std::uint64_t ticket = 0;
  std::vector<security::ValueVerdict> verdicts;
};

// Take over what another peer has that is newer than ours (RFC 6940 §7.4.1.1, STORE-43): a FetchAns, each
// value with its verdict.
struct Adopt {
  ResourceId resource;
  std::shared_ptr<const security::InspectedMessage> fetched;
};

// ---- storage: out
// -------------------------------------------------------------------------------------------------

// Make this durable (in order, several at once if they wait together), then say Committed.
inline constexpr std::uint64_t k_nobody_waits = 0;  // a token: for what is kept beside, Committed is ignored
struct Commit {
  std::uint64_t token = 0;
  WriteBatch batch;
};
// Copy what was just committed to every peer that should hold it, then say Replicated.
struct Replicate {
  std::uint64_t token = 0;
  ResourceId resource;
  std::vector<std::pair<KindAt, std::uint64_t>> generations;  // one per Kind in the Store
  std::vector<std::pair<KindAt, RecordPtr>> records;
};
// A read has seen that holders of this resource do not agree: to replication, which has its responsible peer
// (known by Node-ID from the answers) compare what it holds with its replicas.
struct AskToMend {
  ResourceId resource;
  NodeId responsible;
};
struct CallsDone {
  std::uint64_t token = 0;
  std::vector<CallResult> results;
};

// Have these signatures checked, as those of an answer to a Fetch are (security::Inspector), then say
// ValuesChecked: values that another peer tells of on a channel, with the certificates that came along.
struct CheckValues {
  std::uint64_t ticket = 0;
  ResourceId resource;
  KindId kind = 0;
  std::shared_ptr<const std::vector<wire::StoredData>> values;
  std::vector<wire::GenericCertificate> certificates;
};

struct WatchEvent {
  std::uint64_t token = 0;
  WatchResult result;  // a failure ends the watch
};

struct CertificatesFound {
  std::uint64_t token = 0;
  std::vector<security::CertificatePtr> certificates;  // as they are stored: the oldest first
  std::optional<CallFailure> failure;
};

// Storage and replication also use routing::SendRequest, CancelRequest and SendAnswer; replication also
// HandOverReport. Replication reads the ValueStore; what it adopts, or drops after handing it over, goes
// through storage, which owns the writes:
struct DropKinds {
  std::vector<KindAt> kinds;
};
// What a comparison, or copying, has seen to be damaged on the disk (KindState::damage): what memory has of
// it counts no more, so that the copies that come are written. `nowhere`: of these the other holders have
// nothing that could be brought back.
struct SeenDamaged {
  std::vector<KindAt> kinds;
  std::vector<KindAt> nowhere = {};
};

using StorageInput =
    std::variant<routing::DeliverRequest, routing::RequestDone, routing::RingChanged,
                 routing::ConfigurationChanged, routing::UseSigner, UseUsers, Calls, CancelCalls,
                 FindCertificates, Committed, Replicated, DropKinds, SeenDamaged, Adopt, ValuesChecked, Watch,
                 WatchNext, CancelWatch, RegisterService, UnregisterService, WithdrawServices, FindService,
                 AdvertiseRelay, WithdrawRelay, FindRelays, routing::ChannelUp, routing::ChannelDown,
                 routing::ChannelMessage>;
using StorageOutput =
    std::variant<Commit, Replicate, AskToMend, CallsDone, CertificatesFound, routing::SendRequest,
                 routing::CancelRequest, routing::SendAnswer, CheckValues, WatchEvent, ServiceDone,
                 RelaysFound, routing::OpenChannel, routing::SendOnChannel, routing::CloseChannel>;
using StorageOutputs = std::vector<StorageOutput>;

using ReplicationInput =
    std::variant<Replicate, AskToMend, routing::HandOver, routing::RingChanged, routing::RequestDone,
                 routing::ConfigurationChanged, routing::UseSigner, routing::Drain, routing::ChannelUp,
                 routing::ChannelDown, routing::ChannelMessage>;
using ReplicationOutput = std::variant<Replicated, DropKinds, SeenDamaged, Adopt, routing::SendRequest,
                                       routing::CancelRequest, routing::HandOverReport, routing::Drained,
                                       routing::OpenChannel, routing::SendOnChannel, routing::CloseChannel>;
using ReplicationOutputs = std::vector<ReplicationOutput>;

}  // namespace ringway::data
