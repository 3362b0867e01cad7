// The flows of a SIP element: what each is, its framer, what of its credit is still to be given back and
// when, when its time is over. One flow's octets never touch another's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "reload/deadline.hpp"
#include "reload/table_size.hpp"
#include "sip-usage/element/events.hpp"
#include "sip-usage/element/settings.hpp"
#include "sip-usage/message/stream_framer.hpp"
#include "sip-usage/proxy/target.hpp"
#include "sip-usage/transaction/transaction_table.hpp"

namespace ringway::sip::element {

// The other end of a flow as NetworkFlow has it.
std::string way_to(const Endpoint& remote);

struct FlowState {
  FlowId id{};
  std::string transport;
  Endpoint remote;             // not of peers
  std::optional<NodeId> node;  // of peers
  std::vector<Aor> users;      // of its certificate
  proxy::NetworkFlow way;      // as the proxy knows it
  registrar::Source sender;    // as the registrar knows it
  bool opened_here = false;
  bool is_known_phone = false;  // a user of this peer has shown that it speaks there
  std::optional<StreamFramer> framer;
  std::set<TransactionId> transactions;

  // What Flows alone changes.
  Deadline message_deadline;
  Deadline idle_deadline;  // of those that were opened here
  std::size_t owed_credit = 0;
  MonoTime busy_until;  // the time that its messages have cost
  Deadline pay_at;
  bool is_congested = false, is_closing = false;
  bool is_registered = false, is_in_call = false, is_watching = false;
  Deadline queued_at;

  bool is_reliable() const { return transport != "UDP"; }
  bool is_peer() const { return node.has_value(); }
  bool is_held() const { return is_registered || is_in_call || is_watching; }
};

struct FlowCounters {
  std::uint64_t messages = 0, malformed = 0, pings = 0;
  std::uint64_t stun_answered = 0, stun_dropped = 0;  // keep-alives by datagram
  std::uint64_t out_of_step = 0;                      // streams that could not be cut
  std::uint64_t slow_messages = 0;                    // k_message_time
  std::uint64_t slowed_down = 0;                      // credit that was given back later
  std::uint64_t refused = 0;                          // k_max_flows
  std::uint64_t idle = 0;
};

class Flows {
 public:
  // Nothing at the bound, or of a name that is there: the driver is asked to close it.
  FlowState* add(MonoTime now, FlowState flow);
  void remove(FlowId id);
  FlowState* find(FlowId id);
  // The same way, perhaps by another name (RFC 5626 §5.3 compares addresses and ports).
  FlowState* find(const proxy::NetworkFlow& way);

  // What these octets come to. A ping has been answered, what is no message counted.
  using Incoming = std::variant<Message, Refusal>;
  std::vector<Incoming> receive(MonoTime now, FlowState& flow, const Received& piece);
  void set_congested(MonoTime now, FlowState& flow, bool is_congested);
  // It is kept open while a binding or a subscription depends on it, or a call goes over it.
  void set_registered(MonoTime now, FlowId id, bool is_registered);
  void set_watching(MonoTime now, FlowId id, bool is_watching);
  // Of several connections with one peer one is enough.
  void set_in_call(MonoTime now, const proxy::NetworkFlow& way, bool is_in_call);
  void used(MonoTime now, FlowState& flow);
  void close(FlowState& flow, std::string reason);

  void on_timer(MonoTime now);
  Deadline next_wake() const { return wakes_.empty() ? Deadline() : Deadline(wakes_.begin()->first); }
  std::vector<Output> take_outputs() { return std::exchange(outputs_, {}); }
  const FlowCounters& counters() const { return counters_; }
  TableSize size() const { return {"flows of the SIP element", flows_.size(), k_max_flows}; }

 private:
  void receive_whole(const FlowState& flow, BytesView octets, std::vector<Incoming>& out);
  std::size_t receive_stream(MonoTime now, FlowState& flow, BytesView octets, std::vector<Incoming>& out);
  void count(Incoming incoming, std::vector<Incoming>& out);
  void answer_ping(const FlowState& flow);
  void answer_stun(const FlowState& flow, BytesView octets);
  void hold(MonoTime now, FlowState& flow, bool was_held);
  void pay(MonoTime now, FlowState& flow);
  void queue(FlowState& flow);

  std::unordered_map<FlowId, FlowState> flows_;
  std::map<std::string, std::vector<FlowId>> ways_;  // the latest last
  std::set<std::pair<MonoTime, FlowId>> wakes_;
  std::vector<Output> outputs_;
  FlowCounters counters_;
};

}  // namespace ringway::sip::element
