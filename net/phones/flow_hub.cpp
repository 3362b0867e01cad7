#include "net/phones/flow_hub.hpp"

#include <utility>

#include "net/sockets.hpp"

namespace ringway::net::phones {

FlowHub::FlowHub(PhoneSettings settings, PhoneTls tls, std::shared_ptr<PhoneEvents> listener,
                 std::uint64_t flows_from)
    : events(std::move(listener)),
      connections(settings.max_connections),
      arriving(settings.max_arriving),
      datagram_flows(settings.max_datagram_flows),
      send_queues(
          std::make_shared<ByteBudget>(settings.max_send_queues_bytes, settings.free_send_queue_bytes)),
      settings_(std::move(settings)),
      tls_(std::move(tls)),
      connections_of_address_(settings_.max_connections_per_address),
      arriving_of_address_(settings_.max_arriving_per_address),
      datagram_flows_of_address_(settings_.max_datagram_flows_per_address),
      rates_({.per_second = settings_.datagrams_per_second_per_address,
              .at_once = settings_.datagrams_at_once_per_address,
              .addresses = settings_.max_rated_addresses}),
      last_flow_(flows_from) {}

PhoneTls FlowHub::tls() const {
  const std::lock_guard lock(mutex_);
  return tls_;
}

void FlowHub::replace_tls(PhoneTls tls) {
  const std::lock_guard lock(mutex_);
  tls_ = std::move(tls);
}

void FlowHub::add(FlowId id, std::shared_ptr<Flow> flow) {
  const std::lock_guard lock(mutex_);
  flows_.emplace(id, std::move(flow));
}

void FlowHub::remove(FlowId id) {
  const std::lock_guard lock(mutex_);
  flows_.erase(id);
}

std::shared_ptr<Flow> FlowHub::find(FlowId id) const {
  const std::lock_guard lock(mutex_);
  const auto found = flows_.find(id);
  return found == flows_.end() ? nullptr : found->second;
}

void FlowHub::forget_all() {
  std::unordered_map<FlowId, std::shared_ptr<Flow>> all;  // let go of outside of the lock
  const std::lock_guard lock(mutex_);
  all.swap(flows_);
}

std::optional<Slot> FlowHub::connection_share(const wire::IpAddressPort& from) {
  const std::lock_guard lock(bounds_mutex_);
  return connections_of_address_.take(from);
}

std::optional<Slot> FlowHub::arriving_share(const wire::IpAddressPort& from) {
  const std::lock_guard lock(bounds_mutex_);
  return arriving_of_address_.take(from);
}

std::optional<Slot> FlowHub::datagram_share(const wire::IpAddressPort& from) {
  const std::lock_guard lock(bounds_mutex_);
  return datagram_flows_of_address_.take(from);
}

bool FlowHub::datagram_in_time(const wire::IpAddressPort& from) {
  const std::lock_guard lock(bounds_mutex_);
  return rates_.take(from, mono_now());
}

PhoneCounters FlowHub::read_counters() const {
  PhoneCounters out;
  out.bytes_in = counters_.bytes_in;
  out.bytes_out = counters_.bytes_out;
  out.datagrams_in = counters_.datagrams_in;
  out.datagrams_out = counters_.datagrams_out;
  out.opening_failed = counters_.opening_failed;
  out.silent = counters_.silent;
  out.idle = counters_.idle;
  out.too_slow = counters_.too_slow;
  out.refused_connections = counters_.refused_connections;
  out.refused_of_address = counters_.refused_of_address;
  out.refused_upgrades = counters_.refused_upgrades;
  out.refused_messages = counters_.refused_messages;
  out.datagrams_too_fast = counters_.datagrams_too_fast;
  out.datagrams_over_credit = counters_.datagrams_over_credit;
  out.datagrams_refused = counters_.datagrams_refused;
  out.datagram_flows_displaced = counters_.datagram_flows_displaced;
  out.datagrams_not_sent = counters_.datagrams_not_sent;
  out.refused_full_queue = counters_.refused_full_queue;
  return out;
}

TableSizes FlowHub::tables() const {
  const std::lock_guard lock(bounds_mutex_);
  return {{"connections of phones", connections.taken(), settings_.max_connections},
          {"connections of phones that have said nothing", arriving.taken(), settings_.max_arriving},
          {"flows of datagrams", datagram_flows.taken(), settings_.max_datagram_flows},
          {"addresses whose datagrams are counted", rates_.addresses(), settings_.max_rated_addresses},
          {"bytes to be sent to phones", send_queues->taken(), settings_.max_send_queues_bytes}};
}

}  // namespace ringway::net::phones
