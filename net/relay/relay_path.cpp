#include "net/relay/relay_path.hpp"

#include <algorithm>

#include "net/relay/host_addresses.hpp"
#include "net/relay/listening.hpp"
#include "net/relay/shared_ports.hpp"

namespace ringway::net::relay {
namespace {

// A socket for any address would answer from whichever the system likes. Those that were not named by an
// operator may not be usable yet.
Result<std::vector<stun::Address>> free_addresses(const std::vector<stun::Address>& wanted,
                                                  const std::vector<stun::IpAddress>& of_host) {
  std::vector<stun::Address> out;
  for (const auto& at : wanted) {
    const bool is_any = at.ip == stun::IpAddress{at.ip.family, {}};
    for (const auto& ip : is_any ? of_host : std::vector{at.ip}) {
      if (ip.family != at.ip.family) continue;
      auto found = free_udp_address({ip, at.port}, is_any ? AddressIs::of_host : AddressIs::named);
      if (!found) return found.error();
      out.push_back(*found);
    }
  }
  return out;
}

Result<std::vector<stun::Address>> free_addresses_of_streams(const std::vector<stun::Address>& wanted) {
  std::vector<stun::Address> out;
  for (const auto& at : wanted) {
    auto found = free_stream_address(at);
    if (!found) return found.error();
    out.push_back(*found);
  }
  return out;
}

}  // namespace

Result<std::unique_ptr<RelayPath>> RelayPath::open(const RelaySettings& settings, RelayEvents& events,
                                                   const MakeRandom& make_random) {
  if (auto done = check(settings); !done) return done.error();
  std::unique_ptr<RelayPath> path(new RelayPath);
  if (auto done = path->find_addresses(settings); !done) return done.error();
  OwnAddresses own;
  own.all = path->own_addresses_;
  for (const auto& from : settings.relayed_from) own.ports.push_back(own_ports_of(from.local));
  for (std::uint32_t number = 0; number < std::max<std::size_t>(settings.threads, 1); ++number) {
    auto shard = std::make_unique<RelayShard>(number, settings, events, make_random(), own, path->reserved_);
    if (auto done = listen(*shard, *path, settings); !done) return done.error();
    path->shards_.push_back(std::move(shard));
  }
  return path;
}

Outcome<> RelayPath::find_addresses(const RelaySettings& settings) {
  auto of_host = addresses_of_host();
  if (!of_host) return of_host.error();
  auto udp = free_addresses(settings.udp, *of_host);
  if (!udp) return udp.error();
  auto tcp = free_addresses_of_streams(settings.tcp);
  if (!tcp) return tcp.error();
  auto tls = free_addresses_of_streams(settings.tls);
  if (!tls) return tls.error();
  own_addresses_ = *std::move(of_host);
  listening_udp_ = *std::move(udp);
  listening_tcp_ = *std::move(tcp);
  listening_tls_ = *std::move(tls);
  for (const auto* list : {&listening_udp_, &listening_tcp_, &listening_tls_})
    for (const auto& each : *list) own_addresses_.push_back(each.ip);
  std::sort(own_addresses_.begin(), own_addresses_.end());
  return Done{};
}

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
    if (auto* shard = shard_of(close->allocation)) shard->close(*close);
    if (!close->only) of_allocation_.erase(close->allocation);
  } else if (const auto* end = std::get_if<EndReservation>(&output)) {
    reserved_->end(end->token);
  } else if (const auto* permit = std::get_if<Permit>(&output)) {
    if (auto* shard = shard_of(permit->allocation)) shard->permit(*permit);
  } else if (const auto* bind = std::get_if<BindChannel>(&output)) {
    if (auto* shard = shard_of(bind->allocation)) shard->bind(*bind);
  }
}

}  // namespace ringway::net::relay
