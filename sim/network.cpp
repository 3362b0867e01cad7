#include "sim/network.hpp"

#include <algorithm>
#include <utility>

#include "reload/wire/header.hpp"

namespace ringway::sim {

namespace {

std::pair<std::string, std::uint16_t> key_of(const wire::IpAddressPort& address) {
  return {std::string(text_of(address.address)), address.port};
}

// What a trace may say of a message: nothing that depends on random keys or signatures.
std::uint64_t summary(const SharedBytes& bytes) {
  const auto parsed = wire::parse_header(bytes);
  if (!parsed) return 1;
  Trace mix;
  mix.note(parsed->header.transaction_id);
  mix.note(parsed->header.ttl);
  mix.note(parsed->header.destination_list.size());
  mix.note(parsed->header.via_list.size());
  return mix.hash();
}

}  // namespace

Network::Network(VirtualClock& clock, Trace& trace, NetworkSettings settings, std::uint64_t seed)
    : clock_(clock), trace_(trace), settings_(settings), random_(seed, "network") {}

// ---- who is there -----------------------------------------------------------------------------------------

void Network::attach(const std::shared_ptr<Endpoint>& endpoint) {
  endpoints_[endpoint->number()] = endpoint;
  listeners_[key_of(endpoint->address())] = endpoint->number();
  if (gone_silent_.erase(endpoint->number()) == 0) return;
  // Back on the same machine: its system resets the connections that it no longer knows.
  std::vector<Side> sides;
  for (const auto& [number, link] : links_)
    for (std::size_t index = 0; index < 2; ++index)
      if (link->ends[1 - index].peer == endpoint->number()) sides.push_back({link, index});
  for (const Side& side : sides)
    if (reachable(side.near().peer, side.far().peer)) path_restored(side);
}

void Network::detach(PeerNumber peer, Death how) {
  const auto gone = endpoints_.find(peer);
  if (gone == endpoints_.end()) return;
  endpoints_.erase(gone);
  if (how == Death::silent) gone_silent_[peer] = true;
  std::vector<Side> sides;
  for (const auto& [number, link] : links_)
    for (std::size_t index = 0; index < 2; ++index)
      if (link->ends[index].peer == peer) sides.push_back({link, index});
  for (const Side& side : sides) {
    // A killed process' system still sends what the process had written.
    if (how == Death::reset && reaches(peer, side.far().peer))
      bring_down(side.other(), "connection reset", arrival_us(side.far(), delay_us()) - clock_.now_us());
    else
      watch_silence(side.other(), settings_.idle_notice_us);
    take_down_now(side, "");
  }
}

std::shared_ptr<Endpoint> Network::endpoint(PeerNumber peer) const {
  const auto found = endpoints_.find(peer);
  return found == endpoints_.end() ? nullptr : found->second.lock();
}

std::shared_ptr<Endpoint> Network::listener(const wire::IpAddressPort& address) const {
  const auto found = listeners_.find(key_of(address));
  return found == listeners_.end() ? nullptr : endpoint(found->second);
}

bool Network::reaches(PeerNumber from, PeerNumber to) const {
  if (gone_silent_.contains(from) || gone_silent_.contains(to) || cuts_.contains({from, to})) return false;
  const auto group = [this](PeerNumber peer) {
    const auto found = groups_.find(peer);
    return found == groups_.end() ? 0 : found->second;
  };
  return group(from) == group(to);
}

std::optional<Network::Side> Network::find(PeerNumber peer, link::LinkId id) const {
  const auto number = link_of_id_.find(id.number);
  if (number == link_of_id_.end()) return std::nullopt;
  const auto found = links_.find(number->second);
  if (found == links_.end()) return std::nullopt;
  const std::size_t index = found->second->ends[0].id == id ? 0 : 1;
  const Side side{found->second, index};
  if (side.near().peer != peer || !side.near().up) return std::nullopt;
  return side;
}

std::int64_t Network::delay_us() {
  std::int64_t delay = random_.between(settings_.delay_min_us, settings_.delay_max_us);
  if (settings_.packet_loss > 0)
    while (random_.chance(settings_.packet_loss)) delay += settings_.packet_loss_costs_us;
  return delay;
}

std::int64_t Network::arrival_us(End& to, std::int64_t delay_us) {
  to.last_arrival_us = std::max(to.last_arrival_us, clock_.now_us() + delay_us);
  return to.last_arrival_us;
}

void Network::deliver(PeerNumber to, std::uint64_t what, routing::Input event) {
  const auto receiver = endpoint(to);
  if (!receiver) return;
  trace_.note(static_cast<std::uint64_t>(clock_.now_us()));
  trace_.note(to);
  trace_.note(what);
  receiver->link_event(std::move(event));
}

// ---- opening ----------------------------------------------------------------------------------------------

void Network::open(PeerNumber from, routing::OpenLink command) {
  try_address(from, std::make_shared<routing::OpenLink>(std::move(command)), 0);
}

void Network::try_address(PeerNumber from, const std::shared_ptr<routing::OpenLink>& command,
                          std::size_t index) {
  if (index >= command->addresses.size())
    return refuse(from, command->attempt, "no address answers", delay_us());
  const auto& address = command->addresses[index];
  const auto listening = listeners_.find(key_of(address));
  const bool silent = listening != listeners_.end() && !reachable(from, listening->second);
  const bool there = !silent && listener(address) != nullptr;
  if (there) {
    // TCP and TLS 1.3: two round trips until both ends know each other.
    std::int64_t handshake = 0;
    for (int flight = 0; flight < 4; ++flight) handshake += delay_us();
    const PeerNumber to = listening->second;
    clock_.after_us(handshake, [this, from, to, command] { connect(from, to, *command); });
    return;
  }
  clock_.after_us(silent ? settings_.connect_timeout_us : 2 * delay_us(),
                  [this, from, command, index] { try_address(from, command, index + 1); });
}

void Network::refuse(PeerNumber from, std::uint64_t attempt, std::string reason, std::int64_t delay_us) {
  ++counters_.links_refused;
  clock_.after_us(delay_us, [this, from, attempt, reason = std::move(reason)] {
    deliver(from, 2, routing::LinkDown{{}, attempt, reason});
  });
}

void Network::connect(PeerNumber from, PeerNumber to, const routing::OpenLink& command) {
  const auto client = endpoint(from);
  const auto server = endpoint(to);
  if (!client) return;
  if (!server || !reachable(from, to)) return refuse(from, command.attempt, "handshake failed", 0);
  if (command.expected && !server->certificate()->has_node_id(*command.expected))
    return refuse(from, command.attempt, "the certificate names another node", 0);
  if (!client->trusts(*server->certificate()) || !server->trusts(*client->certificate())) {
    ++counters_.links_refused;
    return refuse(from, command.attempt, "the certificate is refused", 0);
  }
  ++counters_.links_made;
  auto link = std::make_shared<Link>();
  link->number = ++last_link_;
  link->ends[0].peer = from;
  link->ends[1].peer = to;
  for (End& end : link->ends) {
    end.id.number = ++last_id_;
    end.up = true;
    link_of_id_[end.id.number] = link->number;
  }
  links_[link->number] = link;
  link->application = command.application;
  announce({link, 0}, command.attempt);
  const Side far{link, 1};
  clock_.at_us(arrival_us(far.near(), delay_us()), [this, far] { announce(far, 0); });
}

void Network::announce(const Side& side, std::uint64_t attempt) {
  const auto remote = endpoint(side.far().peer);
  if (!side.near().up) return;
  if (!remote) return take_down_now(side, "connection reset");  // it died during the last flight
  wire::IpAddressPort address = remote->address();
  // The one who accepts sees the port that the other's connection happens to have.
  if (attempt == 0) address.port = static_cast<std::uint16_t>(49152 + side.link->number % 16384);
  deliver(side.near().peer, 3,
          routing::LinkUp{side.near().id, attempt, remote->certificate(), address, side.link->application});
}

// ---- messages ---------------------------------------------------------------------------------------------

void Network::transmit(PeerNumber from, routing::Transmit command) {
  const auto side = find(from, command.link);
  if (!side || side->link->closing) return;
  Bytes whole = std::move(command.header);
  append(whole, command.payload);
  SharedBytes message(std::move(whole));
  const auto liar = tampering_.find(from);
  if (liar == tampering_.end()) return pass(*side, std::move(message));
  for (SharedBytes& instead : liar->second(side->far().peer, message)) pass(*side, std::move(instead));
}

bool Network::inject(PeerNumber from, PeerNumber to, SharedBytes message) {
  for (const auto& [number, link] : links_) {
    for (const std::size_t index : {0U, 1U}) {
      const Side side{link, index};
      if (side.near().peer != from || side.far().peer != to || !side.near().up || link->closing) continue;
      if (link->application) continue;
      pass(side, std::move(message));
      return true;
    }
  }
  return false;
}

void Network::pass(const Side& side, SharedBytes message) {
  ++counters_.messages;
  counters_.bytes += message.size();
  if (settings_.message_drop > 0 && random_.chance(settings_.message_drop)) {
    ++counters_.dropped;
    return;
  }
  if (settings_.link_failure > 0 && random_.chance(settings_.link_failure)) {
    ++counters_.resets;
    bring_down(side, "connection reset", delay_us());
    bring_down(side.other(), "connection reset", delay_us());
    return;
  }
  if (settings_.message_duplication > 0 && random_.chance(settings_.message_duplication)) {
    ++counters_.duplicated;
    carry(side, message);
  }
  carry(side, std::move(message));
}

void Network::carry(const Side& from, SharedBytes bytes) {
  if (!reachable(from.near().peer, from.far().peer)) watch_silence(from, settings_.traffic_notice_us);
  if (!reaches(from.near().peer, from.far().peer)) {
    from.near().held.push_back(std::move(bytes));
    return;
  }
  const Side to = from.other();
  if (!to.near().up) return;
  std::int64_t arrival = clock_.now_us() + delay_us();
  if (settings_.message_reordering > 0 && random_.chance(settings_.message_reordering)) {
    ++counters_.reordered;
    arrival += random_.between(1, settings_.reordering_max_us);
  } else {
    arrival = arrival_us(to.near(), arrival - clock_.now_us());
  }
  clock_.at_us(arrival, [this, to, bytes = std::move(bytes)] {
    if (!to.near().up) return;
    deliver(to.near().peer, summary(bytes), routing::LinkMessage{to.near().id, bytes});
  });
}

// ---- ending -----------------------------------------------------------------------------------------------

void Network::close(PeerNumber from, const routing::CloseLink& command) {
  const auto side = find(from, command.link);
  if (!side) return;
  side->link->closing = true;
  // What is under way to the other end arrives before the end of the stream.
  if (reaches(from, side->far().peer))
    clock_.at_us(arrival_us(side->far(), delay_us()),
                 [this, far = side->other()] { take_down_now(far, "closed by the other side"); });
  bring_down(*side, command.reason, 0);
}

void Network::bring_down(const Side& side, const std::string& reason, std::int64_t delay_us) {
  clock_.after_us(delay_us, [this, side, reason] { take_down_now(side, reason); });
}

void Network::take_down_now(const Side& side, const std::string& reason) {
  if (!side.near().up) return;
  side.near().up = false;
  side.near().held.clear();
  link_of_id_.erase(side.near().id.number);
  if (!side.far().up) links_.erase(side.link->number);
  deliver(side.near().peer, 4, routing::LinkDown{side.near().id, 0, reason});
}

// ---- silence ----------------------------------------------------------------------------------------------

void Network::partition(std::map<PeerNumber, int> groups) {
  groups_ = std::move(groups);
  paths_changed();
}

void Network::cut(PeerNumber from, PeerNumber to) {
  cuts_.insert({from, to});
  paths_changed();
}

void Network::heal() {
  groups_.clear();
  cuts_.clear();
  paths_changed();
}

void Network::paths_changed() {
  std::vector<LinkPtr> all;
  for (const auto& [number, link] : links_) all.push_back(link);
  for (const LinkPtr& link : all)
    for (std::size_t index = 0; index < 2; ++index) {
      const Side side{link, index};
      if (reachable(side.near().peer, side.far().peer))
        path_restored(side);
      else
        watch_silence(side, settings_.idle_notice_us);
    }
}

void Network::watch_silence(const Side& side, std::int64_t notice_us) {
  End& end = side.near();
  if (!end.up || end.suspected) return;
  if (!end.quiet_since_us) end.quiet_since_us = clock_.now_us();
  const std::int64_t since = *end.quiet_since_us;
  clock_.after_us(notice_us, [this, side, since] { notice_silence(side, since); });
}

void Network::notice_silence(const Side& side, std::int64_t since_us) {
  End& end = side.near();
  if (!end.up || end.suspected || end.quiet_since_us != since_us) return;
  end.suspected = true;
  clock_.after_us(settings_.give_up_us, [this, side, since_us] {
    if (side.near().quiet_since_us == since_us) take_down_now(side, "the link has gone quiet");
  });
  deliver(end.peer, 5, routing::LinkSuspected{end.id, true});
}

void Network::path_restored(const Side& side) {
  End& end = side.near();
  if (!end.up || !end.quiet_since_us) return;
  end.quiet_since_us.reset();
  if (!side.far().up) return bring_down(side, "connection reset", 2 * delay_us());
  if (std::exchange(end.suspected, false))
    clock_.at_us(arrival_us(end, 2 * delay_us()), [this, side] {
      if (side.near().up && !side.near().suspected)
        deliver(side.near().peer, 5, routing::LinkSuspected{side.near().id, false});
    });
  for (auto& bytes : std::exchange(end.held, {})) carry(side, std::move(bytes));
}

}  // namespace ringway::sim
