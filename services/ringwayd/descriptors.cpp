#include "services/ringwayd/descriptors.hpp"

#include <sys/resource.h>

#include <algorithm>

#include "relay/settings.hpp"

namespace ringway::services {
namespace {

// Of one peer without what its relay gives away.
std::uint64_t own_descriptors(const Settings& settings) {
  const auto& sockets = settings.relay.sockets;
  const std::size_t listening = sockets.udp.size() + sockets.tcp.size() + sockets.tls.size();
  std::uint64_t out = settings.max_links + k_handshake_descriptors + k_store_descriptors +
                      relay::k_max_reservations + sockets.threads * (listening + k_thread_descriptors);
  if (!settings.sip_listen.empty()) out += net::phones::PhoneSettings{}.max_connections;
  return out;
}

std::string advice(std::uint64_t limit) {
  return ": the process may have " + std::to_string(limit) +
         " file descriptors (ulimit -Hn, LimitNOFILE of systemd)";
}

}  // namespace

std::uint64_t raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
  const rlimit raised{limit.rlim_max, limit.rlim_max};
  if (::setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
  return limit.rlim_cur;
}

Result<std::string> share_descriptors(Settings& settings, std::uint64_t limit) {
  auto& relay = settings.relay;
  if (!relay.relays()) return std::string();
  const std::uint64_t of_process = std::min<std::uint64_t>(limit, k_process_descriptors);
  const std::uint64_t of_peer = (limit - of_process) / settings.peers;
  const std::uint64_t own = own_descriptors(settings);
  const bool has_streams = !relay.sockets.tcp.empty() || !relay.sockets.tls.empty();
  const std::uint64_t least_streams = has_streams ? relay.sockets.threads * k_least_streams_of_thread : 0;
  const std::uint64_t left = of_peer - std::min(of_peer, own + least_streams);
  std::string told;
  if (relay.max_allocations > left) {
    if (relay.max_allocations != RelayOptions{}.max_allocations || left < k_least_allocations)
      return Failure{"--relay-max-allocations " + std::to_string(relay.max_allocations) + " takes " +
                     std::to_string((own + least_streams + relay.max_allocations) * settings.peers +
                                    k_process_descriptors) +
                     " file descriptors with all else" + advice(limit)};
    relay.max_allocations = left;
    told = "the relay has room for " + std::to_string(left) + " allocations only" + advice(limit);
  }
  if (!has_streams) return told;
  const std::uint64_t of_thread =
      (left - relay.max_allocations) / relay.sockets.threads + k_least_streams_of_thread;
  relay.sockets.max_streams_of_thread = std::min<std::uint64_t>(net::relay::k_max_streams, of_thread);
  return told;
}

}  // namespace ringway::services
