#include "net/relay/relay_path.hpp"

#include <algorithm>

#include "net/relay/host_addresses.hpp"

namespace ringway::net::relay {
namespace {

// A socket for any address would answer from whichever the system likes.
std::vector<stun::Address> each_address(const std::vector<stun::Address>& wanted,
                                        const std::vector<stun::IpAddress>& of_host) {
  std::vector<stun::Address> out;
  for (const auto& at : wanted) {
    if (at.ip != stun::IpAddress{at.ip.family, {}}) {
      out.push_back(at);
      continue;
    }
    for (const auto& ip : of_host)
      if (ip.family == at.ip.family) out.push_back({ip, at.port});
  }
  return out;
}

}  // namespace

Result<std::unique_ptr<RelayPath>> RelayPath::open(const RelaySettings& settings, RelayEvents& events,
                                                   const MakeRandom& make_random) {
  if (auto done = check(settings); !done) return done.error();
  std::unique_ptr<RelayPath> path(new RelayPath);
  OwnAddresses own;
  own.all = addresses_of_host();
  while (own.ports.size() < settings.relayed_from.size())
    own.ports.push_back(std::make_shared<ringway::relay::OwnPorts>());
  path->listening_udp_ = each_address(settings.udp, own.all);
  path->listening_tcp_ = settings.tcp;
  path->listening_tls_ = settings.tls;
  for (const auto& list : {path->listening_udp_, settings.tcp, settings.tls})
    for (const auto& each : list) own.all.push_back(each.ip);
  std::sort(own.all.begin(), own.all.end());
  for (std::uint32_t number = 0; number < std::max<std::size_t>(settings.threads, 1); ++number) {
    auto shard = std::make_unique<RelayShard>(number, settings, events, make_random(), own, path->reserved_);
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

void RelayPath::handled(const ClientPath& from, std::size_t messages) {
  shard_of(from).handled(from, messages);
}

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
