// What the flows of one PhoneTransports share: settings, bounds, the table of flows, the way to whoever
// listens to their events, and how they all end. No sockets here.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "net/address_shares.hpp"
#include "net/event_gate.hpp"
#include "net/phones/phone_tls.hpp"
#include "net/phones/phone_transports.hpp"
#include "net/phones/source_rates.hpp"
#include "net/send_queue.hpp"
#include "net/slots.hpp"
#include "net/stoppables.hpp"

namespace ringway::net::phones {

// A connection, or a remote address of a UDP socket. From any thread.
class Flow {
 public:
  virtual ~Flow() = default;
  virtual Given send(SharedBytes message) = 0;
  // Of UDP only: to another port of the same host.
  virtual Given send_to_port(std::uint16_t, SharedBytes) { return Given::refused; }
  virtual void close(std::string reason) = 0;
  virtual void credit(std::size_t credit) = 0;
  virtual void hold(bool held) = 0;
};

class FlowHub {
 public:
  // Names of flows are above `flows_from`.
  FlowHub(PhoneSettings settings, PhoneTls tls, std::shared_ptr<PhoneEvents> listener,
          std::uint64_t flows_from = 0);

  const PhoneSettings& settings() const { return settings_; }
  PhoneTls tls() const;
  void replace_tls(PhoneTls tls);

  EventGate<PhoneEvents> events;
  Stoppables stoppables;  // listeners, sockets of UDP, connections

  FlowId new_flow_id() { return {last_flow_.fetch_add(1) + 1}; }
  void add(FlowId id, std::shared_ptr<Flow> flow);
  void remove(FlowId id);
  std::shared_ptr<Flow> find(FlowId id) const;
  void forget_all();

  Slots connections;
  Slots arriving;
  Slots datagram_flows;
  std::optional<Slot> connection_share(const wire::IpAddressPort& from);
  std::optional<Slot> arriving_share(const wire::IpAddressPort& from);
  std::optional<Slot> datagram_share(const wire::IpAddressPort& from);
  bool datagram_in_time(const wire::IpAddressPort& from);
  const std::shared_ptr<ByteBudget> send_queues;

  struct Counters {
    std::atomic<std::uint64_t> bytes_in{0}, bytes_out{0}, datagrams_in{0}, datagrams_out{0},
        opening_failed{0}, silent{0}, idle{0}, too_slow{0}, refused_connections{0}, refused_of_address{0},
        refused_upgrades{0}, refused_messages{0}, datagrams_too_fast{0}, datagrams_over_credit{0},
        datagrams_refused{0}, datagram_flows_displaced{0}, datagrams_not_sent{0}, refused_full_queue{0};
  };
  Counters& counters() { return counters_; }
  PhoneCounters read_counters() const;
  TableSizes tables() const;

 private:
  const PhoneSettings settings_;

  mutable std::mutex mutex_;  // of the next two
  PhoneTls tls_;
  std::unordered_map<FlowId, std::shared_ptr<Flow>> flows_;

  mutable std::mutex bounds_mutex_;  // of the next four
  AddressShares connections_of_address_;
  AddressShares arriving_of_address_;
  AddressShares datagram_flows_of_address_;
  SourceRates rates_;

  std::atomic<std::uint64_t> last_flow_;
  Counters counters_;
};

}  // namespace ringway::net::phones
