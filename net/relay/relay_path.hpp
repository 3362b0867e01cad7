// The sockets of a relay: takes what the control path decides to the threads that relay, and tells it what
// comes from clients. One caller at a time, but for counters().
#pragma once

#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

#include "net/relay/relay_shard.hpp"
#include "reload/result.hpp"

namespace ringway::net::relay {

class RelayPath {
 public:
  using MakeRandom = std::function<std::unique_ptr<Random>()>;  // one for each thread
  // Listens at once; nothing comes before start(). `events` outlive it.
  static Result<std::unique_ptr<RelayPath>> open(const RelaySettings& settings, RelayEvents& events,
                                                 const MakeRandom& make_random);
  ~RelayPath() { stop(); }
  void start();
  // Waits for what the threads are doing.
  void stop();

  const std::vector<stun::Address>& listening_udp() const { return listening_udp_; }
  const std::vector<stun::Address>& listening_tcp() const { return listening_tcp_; }
  const std::vector<stun::Address>& listening_tls() const { return listening_tls_; }
  // Of this host, sorted: nobody is a peer there, but for users of this relay (TURN-11).
  const std::vector<stun::IpAddress>& own_addresses() const { return own_addresses_; }
  void perform(ringway::relay::Output output);
  // So many messages from there have been looked at.
  void handled(const ClientPath& from, std::size_t messages);
  const PathCounters& counters(std::size_t thread) const { return shards_.at(thread)->counters(); }
  std::size_t threads() const { return shards_.size(); }

 private:
  RelayPath() = default;
  Outcome<> find_addresses(const RelaySettings& settings);
  static Outcome<> listen(RelayShard& shard, RelayPath& path, const RelaySettings& settings);
  RelayShard& shard_of(const ClientPath& path) {
    return *shards_[static_cast<std::size_t>(path.end >> 32U) % shards_.size()];
  }
  RelayShard* shard_of(AllocationId allocation);

  std::shared_ptr<ReservedPorts> reserved_ = std::make_shared<ReservedPorts>();
  std::vector<std::unique_ptr<RelayShard>> shards_;
  std::vector<stun::IpAddress> own_addresses_;
  std::vector<stun::Address> listening_udp_, listening_tcp_, listening_tls_;
  std::unordered_map<AllocationId, RelayShard*> of_allocation_;  // bounded by the control path
};

}  // namespace ringway::net::relay
