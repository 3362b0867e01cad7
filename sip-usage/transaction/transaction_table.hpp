// All transactions of one element (RFC 3261 §17): finds the one that a message belongs to, holds their timers
// in one queue, makes and destroys them.
//
// No I/O and no clock: what comes from the network, the user's calls and the time go in, Outputs come out, in
// the order in which they are to be carried out. "The user" is the core above: a registrar, a proxy, an
// endpoint.
//
//   a request comes      -> receive -> RequestArrived (or a retransmission is answered, or an ACK absorbed)
//   the user answers     -> respond -> Transmit
//   the user asks others -> send_request -> Transmit, later ResponseArrived …, or TransactionFailed
//   next_wake() has come -> on_timer
//
// A Flow is what the driver sends over: a connection, or a local UDP socket and a remote address. For a
// request that came over UDP it is the way back that §18.2.2 gives (response_target in via.hpp), not where
// the datagram came from.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "reload/table_size.hpp"
#include "sip-usage/transaction/client.hpp"
#include "sip-usage/transaction/server.hpp"
#include "sip-usage/transaction/shares.hpp"

namespace ringway::sip {

// Never used twice by one table.
struct TransactionId {
  std::uint64_t value = 0;
  auto operator<=>(const TransactionId&) const = default;
};

struct Flow {
  std::uint64_t id = 0;  // the driver's
  Transport transport = Transport::unreliable;
  bool operator==(const Flow&) const = default;
};

struct Transmit {
  std::optional<TransactionId>
      transaction;  // whose on_transport_error it is when this fails; none for stateless answers
  Flow flow;
  SharedBytes octets;
};
struct RequestArrived {  // a new server transaction
  TransactionId transaction;
  Message request;
  Flow flow;
  std::optional<TransactionId>
      cancels;  // of a CANCEL: the INVITE's, if it is here (§9.2); otherwise 481 is due
};
struct AckArrived {  // of a 2xx; it is in no transaction of its own and is not answered
  std::optional<TransactionId> transaction;  // of the INVITE, when the ACK has its branch
  Message ack;
  Flow flow;
};
struct ResponseArrived {
  TransactionId transaction;
  Message response;
};
struct TransactionFailed {
  TransactionId transaction;
  TransactionFailure failure = TransactionFailure::timeout;
};
// The last of a transaction: it is forgotten, and calls for it do nothing.
struct TransactionEnded {
  TransactionId transaction;
};
using TransactionOutput =
    std::variant<Transmit, RequestArrived, AckArrived, ResponseArrived, TransactionFailed, TransactionEnded>;
using TransactionOutputs = std::vector<TransactionOutput>;

inline constexpr unsigned k_busy_retry_after_s = 10;

struct TransactionCounters {
  std::uint64_t refused_busy = 0;     // requests answered with 503, or ours that were not sent
  std::uint64_t stray_responses = 0;  // dropped (RFC 6026 §7.2)
  std::uint64_t retransmissions = 0;  // requests and ACKs that came again
  std::uint64_t timeouts = 0;
};

class TransactionTable {
 public:
  // `stateless_tag` goes into To of answers that no transaction remembers; any unguessable token (§8.2.6.2).
  TransactionTable(TimerSettings timers, TransactionLimits limits, std::string stateless_tag);

  TransactionOutputs receive(MonoTime now, Message message, Flow flow, const TransactionSender& sender = {});

  struct Sent {
    TransactionId transaction;
    TransactionOutputs outputs;
  };
  // A request that is no ACK, with the top Via of this element and a branch that no other has. Nothing at the
  // bound, or when a transaction with this branch and method is there: then it is as if 503 had come. It
  // counts as of who has sent what it is `for_the_sake_of`, if that is here.
  std::optional<Sent> send_request(MonoTime now, Message request, Flow flow,
                                   std::optional<TransactionId> for_the_sake_of = std::nullopt);
  // It counts as of `sender`, who has brought it about.
  std::optional<Sent> send_request_of(MonoTime now, Message request, Flow flow, TransactionSender sender);
  TransactionOutputs respond(MonoTime now, TransactionId transaction, const Message& response);

  // Ends a transaction that its user has done with and that nothing else ends: a client that has had a
  // provisional answer and no other (64*T1 after a CANCEL, §9.1; timer C, §16.8), a server that nobody will
  // answer.
  TransactionOutputs give_up(TransactionId transaction);

  TransactionOutputs on_timer(MonoTime now);
  TransactionOutputs on_transport_error(MonoTime now, TransactionId transaction);
  Deadline next_wake() const;

  // Did this request come by several ways (§8.2.2.2)? An endpoint answers the later ones with 482; a proxy
  // does not ask.
  bool is_merged(TransactionId transaction) const;
  // The request that began it, while it is here; without its body.
  const Message* request(TransactionId transaction) const;

  TransactionCounters counters() const { return counters_; }
  TableSizes sizes() const;

 private:
  using Machine = std::variant<InviteClient, NonInviteClient, InviteServer, NonInviteServer>;
  struct Entry {
    Machine machine;
    Flow flow;
    bool is_client = false;
    std::size_t size_bytes = 0;          // of its request
    std::string key;                     // in clients_ or servers_
    std::optional<std::string> ack_key;  // in servers_ as well, once there is an answer (RFC 2543's ACKs)
    std::optional<std::string> merge_key;
    TransactionSender sender;  // whose share it takes
    Deadline queued_at;        // in wakes_

    TransactionLimits taken() const {
      return {is_client ? std::size_t{0} : 1, is_client ? std::size_t{1} : 0, size_bytes};
    }
  };
  using Keys = std::map<std::string,
                        TransactionId>;  // ordered: keys come from strangers, who could make hashes collide

  TransactionOutputs receive_response(MonoTime now, Message response);
  TransactionOutputs receive_request(MonoTime now, Message request, Flow flow,
                                     const TransactionSender& sender);
  TransactionOutputs begin_server(MonoTime now, Message request, Flow flow, const TransactionSender& sender);
  TransactionOutputs answer_busy(const Message& request, Flow flow);
  // What a step means outside; ends the transaction if the step did.
  TransactionOutputs after(TransactionId id, Entry& entry, Step step);
  void queue(TransactionId id, Entry& entry);
  void remember_ack_key(TransactionId id, Entry& entry, const Message& response);
  void forget(TransactionId id);
  Entry* find(TransactionId id);
  const Entry* find(TransactionId id) const;
  std::optional<TransactionId> find_invite(const Message& cancel) const;

  TimerSettings timers_;
  Shares shares_;
  std::string stateless_tag_;
  std::uint64_t last_id_ = 0;
  std::unordered_map<std::uint64_t, Entry> entries_;
  Keys clients_, servers_;
  std::set<std::pair<std::string, TransactionId>> merge_keys_;
  std::set<std::pair<MonoTime, TransactionId>> wakes_;
  TransactionCounters counters_;
};

}  // namespace ringway::sip
