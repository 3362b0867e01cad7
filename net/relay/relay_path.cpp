#include "net/relay/relay_path.hpp"

#include <algorithm>

namespace ringway::net::relay {

Result<std::unique_ptr<RelayPath>> RelayPath::open(const RelaySettings& settings, RelayEvents& events,
                                                   const MakeRandom& make_random) {
  std::unique_ptr<RelayPath> path(new RelayPath);
  std::vector<std::shared_ptr<ringway::relay::OwnPorts>> own_ports;
  for (const auto& each : settings.relayed_from)
    own_ports.push_back(std::make_shared<ringway::relay::OwnPorts>(each.local));
  path->listening_udp_ = settings.udp;
  path->listening_tcp_ = settings.tcp;
  path->listening_tls_ = settings.tls;
  for (std::uint32_t number = 0; number < std::max<std::size_t>(settings.threads, 1); ++number) {
    auto shard =
        std::make_unique<RelayShard>(number, settings, events, make_random(), own_ports, path->reserved_);
    if (auto done = listen(*shard, *path, settings); !done) return done.error();
    path->shards_.push_back(std::move(shard));
  }
  return path;
}

// The first thread draws the ports for all where they are free to choose.
Outcome<> RelayPath::listen(RelayShard& shard, RelayPath& path, const RelaySettings& settings) {
  const auto take = [](Result<stun::Address> bound, stun::Address& at) -> Outcome<> {
    if (!bound) return bound.error();
    at = *bound;
    return Done{};
  };
  for (auto& at : path.listening_udp_)
    if (auto done = take(shard.listen_udp(at), at); !done) return done;
  for (auto& at : path.listening_tcp_)
    if (auto done = take(shard.listen_streams(at, nullptr), at); !done) return done;
  for (auto& at : path.listening_tls_)
    if (auto done = take(shard.listen_streams(at, settings.tls_context), at); !done) return done;
  return Done{};
}

void RelayPath::start() {
  for (const auto& shard : shards_) shard->start();
}

void RelayPath::stop() {
  for (const auto& shard : shards_) shard->stop();
}

RelayShard* RelayPath::shard_of(AllocationId allocation) {
  const auto found = of_allocation_.find(allocation);
  return found == of_allocation_.end() ? nullptr : found->second;
}

void RelayPath::handled(const ClientPath& from, std::size_t messages) { shard_of(from).handled(messages); }

void RelayPath::perform(ringway::relay::Output output) {
  using namespace ringway::relay;
  if (auto* send = std::get_if<SendToClient>(&output)) {
    auto& shard = shard_of(send->to);
    shard.send(std::move(*send));
  } else if (auto* open = std::get_if<OpenRelayed>(&output)) {
    auto& shard = shard_of(open->path);
    of_allocation_[open->allocation] = &shard;
    shard.open(std::move(*open));
  } else if (const auto* close = std::get_if<CloseRelayed>(&output)) {
    if (auto* shard = shard_of(close->allocation)) shard->close(close->allocation);
    of_allocation_.erase(close->allocation);
  } else if (const auto* end = std::get_if<EndReservation>(&output)) {
    reserved_->end(end->token);
  } else if (const auto* permit = std::get_if<Permit>(&output)) {
    if (auto* shard = shard_of(permit->allocation)) shard->permit(*permit);
  } else if (const auto* bind = std::get_if<BindChannel>(&output)) {
    if (auto* shard = shard_of(bind->allocation)) shard->bind(*bind);
  }
}

}  // namespace ringway::net::relay
