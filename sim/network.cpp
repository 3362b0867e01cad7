#include "sim/network.hpp"

#include <algorithm>
#include <utility>

#include "reload/wire/header.hpp"

namespace ringway::sim {

namespace {

// Every machine of a simulation has an IPv4 address; of the others 0, which is nobody's.
std::uint64_t key_of(const wire::IpAddressPort& address) {
  if (address.type != wire::AddressType::ipv4) return 0;
  std::uint64_t key = 0;
  for (std::size_t i = 0; i < 4; ++i) key = key << 8U | address.address[i];
  return key << 16U | address.port;
}

constexpr auto by_address = [](const auto& a, const auto& b) { return a.address < b.address; };

// What a trace may say of a message: nothing that depends on random keys or signatures. These stand at fixed
// places of the forwarding header (RFC 6940 §6.3.2): ttl; transaction ID; the lengths of the via list and of
// the destination list.
std::uint64_t summary(const SharedBytes& bytes) {
  constexpr std::size_t k_ttl_at = 11, k_transaction_at = 20, k_lists_at = 32;
  if (bytes.size() < wire::k_fixed_header_size_bytes) return 1;
  const BytesView view = bytes;
  std::uint64_t transaction = 0, rest = view[k_ttl_at];
  for (std::size_t i = 0; i < 8; ++i) transaction = transaction << 8U | view[k_transaction_at + i];
  for (std::size_t i = 0; i < 4; ++i) rest = rest << 8U | view[k_lists_at + i];
  return transaction ^ (rest * 0x9E3779B97F4A7C15ULL);
}

}  // namespace

Network::Network(VirtualClock& clock, Trace& trace, NetworkSettings settings, std::uint64_t seed)
    : clock_(clock), trace_(trace), settings_(settings), random_(seed, "network") {}

// ---- links as they are kept -------------------------------------------------------------------------------

Network::Link* Network::link(const Side& side) {
  Link& there = links_[side.slot];
  return there.number == side.number ? &there : nullptr;
}

Network::End* Network::near(const Side& side) {
  Link* const there = link(side);
  return there == nullptr ? nullptr : &there->ends[side.index];
}

bool Network::is_up(const Side& side) {
  const End* const end = near(side);
  return end != nullptr && end->up;
}

// Has this end been noticing the same silence since then?
bool Network::quiet_since(const Side& side, std::int64_t since_us) {
  const End* const end = near(side);
  return end != nullptr && end->quiet && silences_.at(side.end_number()).since_us == since_us;
}

std::optional<routing::Application> Network::Link::application() const {
  if (application_id == k_no_application) return std::nullopt;
  return routing::Application{application_id};
}

// Never the same twice, and later links have greater ones.
link::LinkId Network::id_of(const Side& side) {
  return {std::uint64_t{side.number} << 32U | side.end_number()};
}

Network::Side Network::new_link(PeerNumber a, PeerNumber b) {
  if (free_.empty()) {
    free_.push_back(static_cast<std::uint32_t>(links_.size()));
    links_.emplace_back();
  }
  const std::uint32_t slot = free_.back();
  free_.pop_back();
  Link& made = links_[slot];
  made.number = ++last_link_;
  made.closing = false;
  made.application_id = k_no_application;
  const Side first{slot, made.number, 0};
  for (const auto& [side, peer] : {std::pair{first, a}, {first.other(), b}}) {
    End& end = made.ends[side.index] = End{};
    end.peer = static_cast<std::uint32_t>(peer);
    end.up = true;
    auto& ends = place(peer).ends;
    if (ends.size() == ends.capacity()) ends.reserve(ends.size() + k_ends_grow_by);
    ends.push_back(side.end_number());
  }
  return first;
}

void Network::free_link(const Side& side) {
  for (const Side& one : {side, side.other()}) std::erase(place(near(one)->peer).ends, one.end_number());
  link(side)->number = 0;
  free_.push_back(side.slot);
}

Network::Place& Network::place(PeerNumber peer) {
  if (places_.size() <= peer) places_.resize(peer + 1);
  return places_[peer];
}

std::vector<Network::Side> Network::sides_of(PeerNumber peer) {
  std::vector<Side> sides;
  for (const std::uint32_t end : place(peer).ends)
    sides.push_back({end >> 1U, links_[end >> 1U].number, end & 1U});
  return sides;
}

void Network::stand(PeerNumber a, PeerNumber b) {
  ++counters_.links_made;
  (void)new_link(a, b);
}

std::vector<Network::LinkEnd> Network::links_of(PeerNumber peer) {
  std::vector<LinkEnd> ends;
  for (const Side& side : sides_of(peer))
    if (is_up(side)) ends.push_back({id_of(side), far(side)->peer, side.index == 1});
  return ends;
}

// ---- who is there -----------------------------------------------------------------------------------------

void Network::reserve(std::size_t peers) {
  places_.reserve(peers);
  listeners_.reserve(peers);
}

void Network::attach(const std::shared_ptr<Endpoint>& endpoint) {
  Place& here = place(endpoint->number());
  here.endpoint = endpoint;
  const Listener listener{key_of(endpoint->address()), static_cast<std::uint32_t>(endpoint->number())};
  const auto at = std::lower_bound(listeners_.begin(), listeners_.end(), listener, by_address);
  if (at != listeners_.end() && at->address == listener.address)
    *at = listener;
  else
    listeners_.insert(at, listener);
  if (!std::exchange(here.gone_silent, false)) return;
  // Back on the same machine: its system resets the connections that it no longer knows.
  for (const Side& side : sides_of(endpoint->number()))
    if (far(side) != nullptr && reachable(near(side)->peer, far(side)->peer)) path_restored(side.other());
}

void Network::detach(PeerNumber peer, Death how) {
  Place& here = place(peer);
  if (here.endpoint.expired()) return;
  here.endpoint.reset();
  if (how == Death::silent) here.gone_silent = true;
  for (const Side& side : sides_of(peer)) {
    if (!is_up(side)) continue;
    // A killed process' system still sends what the process had written.
    if (how == Death::reset && reaches(peer, far(side)->peer))
      bring_down(side.other(), "connection reset", arrival_us(side.other(), delay_us()) - clock_.now_us());
    else
      watch_silence(side.other(), settings_.idle_notice_us);
    take_down_now(side, "");
  }
}

std::shared_ptr<Endpoint> Network::endpoint(PeerNumber peer) const {
  return peer < places_.size() ? places_[peer].endpoint.lock() : nullptr;
}

std::optional<PeerNumber> Network::listening_at(const wire::IpAddressPort& address) const {
  const Listener wanted{key_of(address), 0};
  const auto found = std::lower_bound(listeners_.begin(), listeners_.end(), wanted, by_address);
  if (wanted.address == 0 || found == listeners_.end() || found->address != wanted.address)
    return std::nullopt;
  return found->peer;
}

bool Network::reaches(PeerNumber from, PeerNumber to) const {
  const auto silent = [this](PeerNumber peer) { return peer < places_.size() && places_[peer].gone_silent; };
  if (silent(from) || silent(to)) return false;
  if (!cuts_.empty() && cuts_.contains({from, to})) return false;
  if (groups_.empty()) return true;
  const auto group = [this](PeerNumber peer) {
    const auto found = groups_.find(peer);
    return found == groups_.end() ? 0 : found->second;
  };
  return group(from) == group(to);
}

std::optional<Network::Side> Network::find(PeerNumber peer, link::LinkId id) {
  const Side side{static_cast<std::uint32_t>(id.number) >> 1U, static_cast<std::uint32_t>(id.number >> 32U),
                  static_cast<std::uint32_t>(id.number & 1U)};
  if (side.number == 0 || side.slot >= links_.size() || !is_up(side) || near(side)->peer != peer)
    return std::nullopt;
  return side;
}

std::int64_t Network::delay_us() {
  std::int64_t delay = random_.between(settings_.delay_min_us, settings_.delay_max_us);
  if (settings_.packet_loss > 0)
    while (random_.chance(settings_.packet_loss)) delay += settings_.packet_loss_costs_us;
  return delay;
}

std::int64_t Network::arrival_us(const Side& to, std::int64_t delay_us) {
  const std::int64_t soonest = clock_.now_us() + delay_us;
  End* const end = near(to);
  if (end == nullptr) return soonest;
  return end->last_arrival_us = std::max(end->last_arrival_us, soonest);
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
  const auto listening = listening_at(address);
  const bool silent = listening && !reachable(from, *listening);
  const bool there = listening && !silent && endpoint(*listening) != nullptr;
  if (there) {
    // TCP and TLS 1.3: two round trips until both ends know each other.
    std::int64_t handshake = 0;
    for (int flight = 0; flight < 4; ++flight) handshake += delay_us();
    const PeerNumber to = *listening;
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
  const Side near_side = new_link(from, to);
  if (command.application) link(near_side)->application_id = static_cast<std::uint16_t>(*command.application);
  announce(near_side, command.attempt);
  const Side far_side = near_side.other();
  clock_.at_us(arrival_us(far_side, delay_us()), [this, far_side] { announce(far_side, 0); });
}

void Network::announce(const Side& side, std::uint64_t attempt) {
  if (!is_up(side)) return;
  const auto remote = endpoint(far(side)->peer);
  if (!remote) return take_down_now(side, "connection reset");  // it died during the last flight
  wire::IpAddressPort address = remote->address();
  // The one who accepts sees the port that the other's connection happens to have.
  if (attempt == 0) address.port = static_cast<std::uint16_t>(49152 + side.slot % 16384);
  deliver(near(side)->peer, 3,
          routing::LinkUp{id_of(side), attempt, remote->certificate(), address, link(side)->application()});
}

// ---- messages ---------------------------------------------------------------------------------------------

void Network::transmit(PeerNumber from, routing::Transmit command) {
  const auto side = find(from, command.link);
  if (!side || link(*side)->closing) return;
  Bytes whole = std::move(command.header);
  append(whole, command.payload);
  SharedBytes message(std::move(whole));
  if (tampering_.empty()) return pass(*side, std::move(message));
  const auto liar = tampering_.find(from);
  if (liar == tampering_.end()) return pass(*side, std::move(message));
  for (SharedBytes& instead : liar->second(far(*side)->peer, message)) pass(*side, std::move(instead));
}

bool Network::inject(PeerNumber from, PeerNumber to, SharedBytes message) {
  for (const Side& side : sides_of(from)) {
    if (!is_up(side) || link(side)->closing || link(side)->application() || far(side)->peer != to) continue;
    pass(side, std::move(message));
    return true;
  }
  return false;
}

void Network::pass(const Side& side, SharedBytes message) {
  if (!is_up(side)) return;  // an earlier message of the same moment has brought it down
  ++counters_.messages;
  counters_.bytes += message.size();
  Traffic& traffic = place(near(side)->peer).traffic;
  ++traffic.messages;
  traffic.bytes += message.size();
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
  End& sender = *near(from);
  const PeerNumber to_peer = far(from)->peer;
  if (!reachable(sender.peer, to_peer)) watch_silence(from, settings_.traffic_notice_us);
  if (!reaches(sender.peer, to_peer)) {
    // What a suspected end sends has nobody who would wait for it: its link is about to be reset.
    if (sender.quiet) silences_.at(from.end_number()).held.push_back(std::move(bytes));
    return;
  }
  const Side to = from.other();
  if (!is_up(to)) return;
  const std::int64_t delay = delay_us();
  std::int64_t arrival = clock_.now_us() + delay;
  if (settings_.message_reordering > 0 && random_.chance(settings_.message_reordering)) {
    ++counters_.reordered;
    arrival += random_.between(1, settings_.reordering_max_us);
  } else {
    arrival = arrival_us(to, delay);
  }
  const auto flight = flights_.insert(flights_.end(), {to, std::move(bytes)});
  clock_.at_us(arrival, [this, flight] { land(flight); });
}

void Network::land(Flights::iterator flight) {
  const Flight landed = std::move(*flight);
  flights_.erase(flight);
  if (!is_up(landed.to)) return;
  // What is on a channel depends on signatures.
  const auto application = link(landed.to)->application();
  const std::uint64_t what = application ? static_cast<std::uint64_t>(*application) : summary(landed.message);
  deliver(near(landed.to)->peer, what, routing::LinkMessage{id_of(landed.to), landed.message});
}

// ---- ending -----------------------------------------------------------------------------------------------

void Network::close(PeerNumber from, const routing::CloseLink& command) {
  const auto side = find(from, command.link);
  if (!side) return;
  link(*side)->closing = true;
  // What is under way to the other end arrives before the end of the stream.
  if (reaches(from, far(*side)->peer))
    clock_.at_us(arrival_us(side->other(), delay_us()),
                 [this, other = side->other()] { take_down_now(other, "closed by the other side"); });
  bring_down(*side, command.reason, 0);
}

void Network::bring_down(const Side& side, const std::string& reason, std::int64_t delay_us) {
  clock_.after_us(delay_us, [this, side, reason] { take_down_now(side, reason); });
}

void Network::take_down_now(const Side& side, const std::string& reason) {
  if (!is_up(side)) return;
  End& end = *near(side);
  end.up = false;
  if (std::exchange(end.quiet, false)) silences_.erase(side.end_number());
  const PeerNumber peer = end.peer;
  if (!far(side)->up) free_link(side);
  deliver(peer, 4, routing::LinkDown{id_of(side), 0, reason});
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
  for (std::uint32_t slot = 0; slot < links_.size(); ++slot) {
    for (const std::uint32_t index : {0U, 1U}) {
      const Side side{slot, links_[slot].number, index};
      if (side.number == 0 || !is_up(side)) continue;
      if (reachable(near(side)->peer, far(side)->peer))
        path_restored(side);
      else
        watch_silence(side, settings_.idle_notice_us);
    }
  }
}

void Network::watch_silence(const Side& side, std::int64_t notice_us) {
  End* const end = near(side);
  if (end == nullptr || !end->up || end->suspected) return;
  if (!std::exchange(end->quiet, true)) silences_[side.end_number()].since_us = clock_.now_us();
  const std::int64_t since = silences_.at(side.end_number()).since_us;
  clock_.after_us(notice_us, [this, side, since] { notice_silence(side, since); });
}

void Network::notice_silence(const Side& side, std::int64_t since_us) {
  End* const end = near(side);
  if (end == nullptr || !end->up || end->suspected || !quiet_since(side, since_us)) return;
  end->suspected = true;
  clock_.after_us(settings_.give_up_us, [this, side, since_us] {
    if (is_up(side) && quiet_since(side, since_us)) take_down_now(side, "the link has gone quiet");
  });
  deliver(end->peer, 5, routing::LinkSuspected{id_of(side), true});
}

void Network::path_restored(const Side& side) {
  End* const end = near(side);
  if (end == nullptr || !end->up || !std::exchange(end->quiet, false)) return;
  auto silence = silences_.extract(side.end_number());
  if (!far(side)->up) return bring_down(side, "connection reset", 2 * delay_us());
  if (std::exchange(end->suspected, false))
    clock_.at_us(arrival_us(side, 2 * delay_us()), [this, side] {
      if (is_up(side) && !near(side)->suspected)
        deliver(near(side)->peer, 5, routing::LinkSuspected{id_of(side), false});
    });
  for (SharedBytes& bytes : silence.mapped().held) carry(side, std::move(bytes));
}

}  // namespace ringway::sim
