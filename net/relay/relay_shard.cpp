#include "net/relay/relay_shard.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

#include "net/relay/listening.hpp"
#include "net/relay/socket_errors.hpp"
#include "net/sockets.hpp"
#include "relay/peer_policy.hpp"
#include "reload/stun/binding.hpp"
#include "reload/stun/message.hpp"

namespace ringway::net::relay {
namespace {

namespace asio = boost::asio;
using ringway::relay::k_headroom_bytes;
using ringway::relay::Lane;
using ringway::relay::Passed;
using Error = boost::system::error_code;

constexpr int k_batches_in_a_row = 4;              // then others have their turn
constexpr std::uint64_t k_stream_bit = 1U << 31U;  // in ClientPath::end: a stream's, not a socket's
constexpr std::size_t k_families = 2;
std::size_t index_of(stun::Family family) { return family == stun::Family::ipv4 ? 0 : 1; }

bool is_binding_request(BytesView message) {
  return message.size() >= stun::k_header_size_bytes && message[0] == 0 && message[1] == 1;
}

}  // namespace

// A relayed socket. Its waiting holds it, so that a slot may close it at any time.
struct RelayShard::Relayed {
  Relayed(UdpSocket opened, Slot& of) : socket(std::move(opened)), slot(&of) {}
  UdpSocket socket;
  Slot* slot;  // null: closed
  Segmenting segmenting;
  std::size_t family = 0;
  std::uint16_t port = 0;
};

struct RelayShard::Slot {
  Slot(const ClientPath& of, std::uint64_t bytes_per_s) : path(of), lane(bytes_per_s) {}
  ClientPath path;
  ClientEnd* end = nullptr;  // one of the two
  std::shared_ptr<StreamClient> stream;
  Lane lane;
  std::array<std::shared_ptr<Relayed>, k_families> relayed;
};

struct RelayShard::Stream {
  std::shared_ptr<StreamClient> client;
  ringway::relay::Transport transport = ringway::relay::Transport::tcp;
  Slot* slot = nullptr;  // until it has an allocation
  std::size_t control_waiting = 0;
};

// Where clients send to by UDP. They are told apart by their address.
struct RelayShard::ClientEnd {
  ClientEnd(UdpSocket listening, std::uint64_t hash_seed)
      : socket(std::move(listening)), slots(0, Hash{hash_seed}) {}
  struct Hash {
    std::uint64_t seed;
    std::size_t operator()(const stun::Address& address) const noexcept {
      return stun::hash_of(address.ip, seed ^ address.port);
    }
  };
  UdpSocket socket;
  Segmenting segmenting;
  std::uint64_t number = 0;  // ClientPath::end
  std::unordered_map<stun::Address, Slot*, Hash> slots;
};

RelayShard::RelayShard(std::uint32_t number, const RelaySettings& settings, RelayEvents& events,
                       std::unique_ptr<Random> random, OwnAddresses own,
                       std::shared_ptr<ReservedPorts> reserved)
    : number_(number),
      settings_(settings),
      events_(events),
      random_(std::move(random)),
      own_(std::move(own)),
      reserved_(std::move(reserved)),
      places_(random_->next()),
      budget_(random_->next(), settings.replies),
      stream_slots_(settings.max_streams_of_thread),
      arrived_(k_headroom_bytes, ringway::relay::k_max_padding_bytes) {
  bounds = settings.streams;
}

// The ports that other relays of the process see are nobody's from now on.
RelayShard::~RelayShard() {
  stop();
  for (const auto& [allocation, slot] : slots_)
    for (std::size_t family = 0; family < k_families; ++family) close_relayed(*slot, family);
}

void RelayShard::stop() {
  stoppables_.stop_all();
  pool_.stop();
}

Result<stun::Address> RelayShard::listen_udp(const stun::Address& at) {
  auto socket = open_listening(*pool_.context(), at);
  if (!socket) return socket.error();
  Error error;
  const auto bound = socket->local_endpoint(error);
  if (error) return Failure{"cannot listen at " + stun::to_text(at) + ": " + error.message()};
  ends_.push_back(std::make_unique<ClientEnd>(*std::move(socket), random_->next()));
  ends_.back()->number = std::uint64_t{number_} << 32U | (ends_.size() - 1);
  return stun::Address{at.ip, bound.port()};
}

void RelayShard::start() {
  asio::post(*pool_.context(), [this] {
    is_started_ = true;
    for (const auto& end : ends_) wait_for(*end);
    // Who fails at once is taken out of the table.
    std::vector<std::shared_ptr<StreamClient>> early;
    early.reserve(streams_.size());
    for (const auto& [number, stream] : streams_) early.push_back(stream->client);
    for (const auto& client : early) client->start();
  });
}

// ---- from clients

void RelayShard::wait_for(ClientEnd& end) {
  end.socket.async_wait(asio::socket_base::wait_read, [this, &end](const Error& error) {
    if (error) return;  // closed
    for (int batch = 0; batch < k_batches_in_a_row && receive_from_clients(end); ++batch) {
    }
    wait_for(end);
  });
}

bool RelayShard::receive_from_clients(ClientEnd& end) {
  const std::size_t arrived = arrived_.receive(end.socket.native_handle());
  if (arrived != 0) {
    const std::size_t going = sort_out(end, mono_now(), arrived);
    send_answers(end);
    send_to_peers(going);
  }
  return arrived == k_batch;
}

// What goes on, into `going_`; the rest is passed to the control path, or counted.
std::size_t RelayShard::sort_out(ClientEnd& end, MonoTime now, std::size_t arrived) {
  std::size_t count = 0;
  for (std::size_t index = 0; index < arrived; ++index) {
    const BytesView packet = arrived_.datagram(index);
    const auto from = arrived_.from(index);
    const auto found = end.slots.find(from);
    if (found == end.slots.end()) {
      if (ringway::relay::may_be_channel_data(packet))
        counters_.no_allocation.add(1);
      else
        to_control(end, from, packet, false);
      continue;
    }
    const auto out = judge(*found->second, now, packet);
    if (out.passed == Passed::control) to_control(end, from, packet, true);
    if (out.passed == Passed::passed)
      going_.at(count++) = {found->second, index_of(out.peer.ip.family), out.peer, out.payload};
  }
  return count;
}

ringway::relay::ToPeer RelayShard::judge(Slot& slot, MonoTime now, BytesView packet) {
  auto out = slot.lane.from_client(now, packet);
  if (out.passed == Passed::control) return out;
  const std::size_t family = index_of(out.peer.ip.family);
  if (out.passed == Passed::passed && (!slot.relayed.at(family) || !may_send_to(out.peer, family)))
    out.passed = Passed::no_permission;
  if (out.passed != Passed::passed) counters_.not_passed.at(static_cast<std::size_t>(out.passed)).add(1);
  return out;
}

// Those of one socket together.
void RelayShard::send_to_peers(std::size_t going) {
  for (std::size_t first = 0; first < going; ++first) {
    auto* const slot = going_.at(first).slot;
    if (slot == nullptr) continue;
    const std::size_t family = going_.at(first).family;
    std::size_t packets = 0;
    for (std::size_t index = first; index < going; ++index) {
      auto& each = going_.at(index);
      if (each.slot != slot || each.family != family) continue;
      leaving_.add(each.peer, each.payload);
      ++packets;
      each.slot = nullptr;
    }
    auto& relayed = *slot->relayed.at(family);
    const auto sent = leaving_.flush(relayed.socket.native_handle(), relayed.segmenting);
    counters_.packets_to_peers.add(sent.packets);
    counters_.bytes_to_peers.add(sent.bytes);
    counters_.not_sent.add(packets - sent.packets);
    if (sent.has_met_error) tell_errors(relayed);
  }
}

// ---- what is no packet of an allocation

// Binding requests need nothing of the control path.
std::optional<Bytes> RelayShard::answer_to_binding(const stun::Address& from, BytesView message,
                                                   bool is_stream) {
  auto answer = stun::answer_binding(message, from);
  if (!answer) answer = stun::answer_bare_binding(message, from);
  // A stream proves its address by being there.
  if (answer && !is_stream && !budget_.take(mono_now(), from.ip, message.size(), answer->size())) {
    counters_.bindings_dropped.add(1);
    return std::nullopt;
  }
  if (answer) counters_.bindings.add(1);
  return answer;
}

void RelayShard::to_control(ClientEnd& end, const stun::Address& from, BytesView message,
                            bool has_allocation) {
  if (is_binding_request(message)) {
    if (auto answer = answer_to_binding(from, message, false)) {
      auto& kept = answers_.at(answers_count_++) = *std::move(answer);
      leaving_.add(from, kept);
    }
    return;
  }
  if (message.size() > k_max_control_bytes || !stun::may_be_stun(message) ||
      !places_.take(from.ip, has_allocation))
    return counters_.control_dropped.add(1);
  events_.received({ringway::relay::Transport::udp, end.number, from}, copy_of(message));
}

// Before anything else of the batch is sent.
void RelayShard::send_answers(ClientEnd& end) {
  if (answers_count_ == 0) return;
  leaving_.flush(end.socket.native_handle(), end.segmenting);
  answers_count_ = 0;
}

bool RelayShard::to_control(Stream& stream, BytesView message) {
  const auto& from = stream.client->remote;
  if (is_binding_request(message)) {
    if (const auto answer = answer_to_binding(from, message, true)) stream.client->send(*answer);
    return true;
  }
  if (message.size() > k_max_control_bytes) {
    counters_.control_dropped.add(1);
    return true;
  }
  ++stream.control_waiting;
  events_.received({stream.transport, stream.client->number, from}, copy_of(message));
  return stream.control_waiting < k_max_control_of_stream;
}

void RelayShard::handled(const ClientPath& from, std::size_t messages) {
  if (from.transport == ringway::relay::Transport::udp) return places_.give_back(from.client.ip, messages);
  asio::post(*pool_.context(), [this, from, messages] {
    auto* const stream = stream_of(from);
    if (stream == nullptr) return;
    stream->control_waiting -= messages;
    const auto client = stream->client;  // it may close
    if (stream->control_waiting < k_max_control_of_stream) client->go_on();
  });
}

// ---- from peers

void RelayShard::wait_for(const std::shared_ptr<Relayed>& relayed) {
  relayed->socket.async_wait(asio::socket_base::wait_read, [this, relayed](const Error& error) {
    if (error == asio::error::operation_aborted || relayed->slot == nullptr) return;
    for (int batch = 0; batch < k_batches_in_a_row && receive_from_peers(*relayed); ++batch) {
    }
    wait_for(relayed);
  });
}

bool RelayShard::receive_from_peers(Relayed& relayed) {
  const std::size_t arrived = arrived_.receive(relayed.socket.native_handle());
  // A wake without a datagram is one for an error, also where the system has told that by a call that sends,
  // and has not said so; left where it is, it would wake this thread again at once.
  if (arrived == 0 || arrived_.has_met_error()) tell_errors(relayed);
  if (arrived == 0) return false;
  auto& slot = *relayed.slot;
  const auto now = mono_now();
  std::size_t packets = 0;
  Sent sent;
  for (std::size_t index = 0; index < arrived; ++index) {
    const auto datagram = arrived_.datagram(index);
    const std::span<std::uint8_t, k_headroom_bytes> headroom(datagram.data() - k_headroom_bytes,
                                                             k_headroom_bytes);
    const auto out = slot.lane.from_peer(now, known_as(arrived_.from(index), relayed.family), datagram.size(),
                                         headroom, *random_, slot.end == nullptr);
    if (out.passed != Passed::passed) {
      counters_.not_passed.at(static_cast<std::size_t>(out.passed)).add(1);
      continue;
    }
    std::fill_n(datagram.data() + datagram.size(), out.padding_bytes, std::uint8_t{0});
    const BytesView wrapped{datagram.data() - out.header_bytes,
                            out.header_bytes + datagram.size() + out.padding_bytes};
    ++packets;
    if (slot.end != nullptr) {
      leaving_.add(slot.path.client, wrapped);
    } else if (slot.stream && slot.stream->send(wrapped)) {
      ++sent.packets;
      sent.bytes += wrapped.size();
    }
  }
  if (slot.end != nullptr) sent = leaving_.flush(slot.end->socket.native_handle(), slot.end->segmenting);
  counters_.packets_to_clients.add(sent.packets);
  counters_.bytes_to_clients.add(sent.bytes);
  counters_.not_sent.add(packets - sent.packets);
  return arrived == k_batch;
}

// §11.5.
void RelayShard::tell_errors(Relayed& relayed) {
  auto& slot = *relayed.slot;
  for (int count = 0; count < k_max_errors_at_once; ++count) {
    const auto next = next_error(relayed.socket.native_handle());
    if (!next) return;
    const auto told =
        slot.lane.about_error(mono_now(), known_as(next->to, relayed.family), next->error, *random_);
    if (!told) continue;
    counters_.errors_told.add(1);
    if (slot.end != nullptr) {
      leaving_.add(slot.path.client, *told);
      leaving_.flush(slot.end->socket.native_handle(), slot.end->segmenting);
    } else if (slot.stream) {
      slot.stream->send(*told);
    }
  }
}

// ---- the relay's own addresses

bool RelayShard::may_send_to(stun::Address& peer, std::size_t family) const {
  if (ringway::relay::is_no_host(peer.ip)) return false;
  for (std::size_t index = 0; index < own_.ports.size(); ++index) {
    const auto& own = settings_.relayed_from.at(index);
    if (index_of(own.local.family) != family || (peer.ip != own.external && peer.ip != own.local)) continue;
    if (!own_.ports[index]->has(peer.port)) return false;
    peer.ip = own.local;  // the NAT in front may not send back what comes from behind it
    return true;
  }
  return !std::binary_search(own_.all.begin(), own_.all.end(), peer.ip);
}

stun::Address RelayShard::known_as(const stun::Address& from, std::size_t family) const {
  for (std::size_t index = 0; index < own_.ports.size(); ++index) {
    const auto& own = settings_.relayed_from.at(index);
    if (index_of(own.local.family) == family && from.ip == own.local && own_.ports[index]->has(from.port))
      return {own.external, from.port};
  }
  return from;
}

// ---- commands

void RelayShard::send(ringway::relay::SendToClient message) {
  asio::post(*pool_.context(), [this, message = std::move(message)] { do_send(message); });
}

void RelayShard::do_send(const ringway::relay::SendToClient& message) {
  if (const auto* stream = stream_of(message.to)) {
    stream->client->send(message.message);
  } else if (const std::size_t index = message.to.end & 0xFFFFFFFFU; index < ends_.size()) {
    leaving_.add(message.to.client, message.message);
    leaving_.flush(ends_[index]->socket.native_handle(), ends_[index]->segmenting);
  }
}

void RelayShard::open(ringway::relay::OpenRelayed wanted) {
  asio::post(*pool_.context(), [this, wanted = std::move(wanted)] { do_open(wanted); });
}

void RelayShard::do_open(const ringway::relay::OpenRelayed& wanted) {
  auto slot = std::make_unique<Slot>(wanted.path, settings_.bytes_per_s_of_allocation);
  if (!attach(wanted.path, *slot)) {  // its stream has gone
    if (wanted.take) reserved_->end(*wanted.take);
    return events_.failed(wanted.allocation);
  }
  auto relayed = open_all(wanted, *slot);
  if (relayed.empty()) {
    detach(*slot);
    return events_.failed(wanted.allocation);
  }
  for (const auto& each : slot->relayed)
    if (each) wait_for(each);
  slots_[wanted.allocation] = std::move(slot);
  events_.opened(wanted.allocation, std::move(relayed));
}

std::vector<stun::Address> RelayShard::open_all(const ringway::relay::OpenRelayed& wanted, Slot& slot) {
  std::vector<stun::Address> out;
  for (std::size_t index = 0; index < settings_.relayed_from.size(); ++index) {
    const auto& own = settings_.relayed_from[index];
    if (std::find(wanted.families.begin(), wanted.families.end(), own.local.family) == wanted.families.end())
      continue;
    std::optional<OpenedPorts> opened;
    if (wanted.take) {
      auto held = reserved_->take(*wanted.take, *pool_.context());
      if (!held) continue;
      opened = OpenedPorts{*std::move(held), std::nullopt};
    } else {
      opened = open_relayed(*pool_.context(), own.local, settings_, *random_, wanted.even_port,
                            wanted.reserve_next.has_value());
      if (!opened) continue;
    }
    if (opened->next) reserved_->hold(*wanted.reserve_next, *std::move(opened->next));
    const std::size_t family = index_of(own.local.family);
    auto relayed = std::make_shared<Relayed>(std::move(opened->first.socket), slot);
    relayed->family = family;
    relayed->port = opened->first.port;
    own_.ports[index]->set(relayed->port);
    slot.relayed.at(family) = std::move(relayed);
    out.push_back({own.external, opened->first.port});
  }
  return out;
}

void RelayShard::close(const ringway::relay::CloseRelayed& what) {
  asio::post(*pool_.context(), [this, what] { do_close(what); });
}

void RelayShard::do_close(const ringway::relay::CloseRelayed& what) {
  const auto found = slots_.find(what.allocation);
  if (found == slots_.end()) return;
  auto& slot = *found->second;
  if (what.only) {
    slot.lane.forget(*what.only);
    return close_relayed(slot, index_of(*what.only));
  }
  for (std::size_t family = 0; family < k_families; ++family) close_relayed(slot, family);
  detach(slot);
  slots_.erase(found);
}

void RelayShard::close_relayed(Slot& slot, std::size_t family) {
  const auto relayed = std::exchange(slot.relayed.at(family), nullptr);
  if (!relayed) return;
  for (std::size_t index = 0; index < own_.ports.size(); ++index)
    if (index_of(settings_.relayed_from[index].local.family) == family)
      own_.ports[index]->clear(relayed->port);
  Error ignored;
  relayed->socket.close(ignored);
  relayed->slot = nullptr;
}

bool RelayShard::attach(const ClientPath& path, Slot& slot) {
  if (auto* stream = stream_of(path)) {
    stream->slot = &slot;
    stream->client->hold(true);
    slot.stream = stream->client;
    return true;
  }
  const std::size_t index = path.end & 0xFFFFFFFFU;
  if (path.transport != ringway::relay::Transport::udp || index >= ends_.size()) return false;
  slot.end = ends_[index].get();
  slot.end->slots[path.client] = &slot;
  return true;
}

void RelayShard::detach(Slot& slot) {
  if (auto* stream = stream_of(slot.path); stream != nullptr && stream->slot == &slot) {
    stream->slot = nullptr;
    stream->client->hold(false);
  }
  if (slot.end == nullptr) return;
  const auto at = slot.end->slots.find(slot.path.client);
  if (at != slot.end->slots.end() && at->second == &slot) slot.end->slots.erase(at);
}

// ---- clients over streams

Result<stun::Address> RelayShard::listen_streams(const stun::Address& at, TlsContextPtr tls) {
  auto acceptor = std::make_shared<TcpAcceptor>(
      *pool_.context(), stoppables_,
      [this, tls = std::move(tls)](Socket socket, const wire::IpAddressPort& from) {
        admit(std::move(socket), from, tls);
      });
  const auto bound = acceptor->start(stun::to_wire(at), true);
  if (!bound) return bound.error();
  acceptors_.push_back(std::move(acceptor));
  return stun::from_wire(*bound).value();
}

void RelayShard::admit(Socket socket, const wire::IpAddressPort& from, const TlsContextPtr& tls) {
  const auto remote = stun::from_wire(from);
  auto share = stream_shares_.take(from);
  auto slot = share ? stream_slots_.take() : std::nullopt;
  if (!remote || !slot) return counters_.streams_refused.add(1);
  auto client = make_stream_client(std::move(socket), tls, {*share, *slot}, *this);
  client->number = std::uint64_t{number_} << 32U | k_stream_bit | ++last_stream_ % k_stream_bit;
  client->remote = *remote;
  const auto transport = tls ? ringway::relay::Transport::tls : ringway::relay::Transport::tcp;
  streams_[client->number] = std::make_unique<Stream>(Stream{client, transport});
  if (is_started_) client->start();
}

RelayShard::Stream* RelayShard::stream_of(const ClientPath& path) {
  if (path.transport == ringway::relay::Transport::udp) return nullptr;
  const auto found = streams_.find(path.end);
  return found == streams_.end() ? nullptr : found->second.get();
}

bool RelayShard::on_message(StreamClient& client, BytesView message) {
  const auto found = streams_.find(client.number);
  if (found == streams_.end()) return true;
  auto* const slot = found->second->slot;
  if (slot == nullptr) {
    if (!ringway::relay::may_be_channel_data(message)) return to_control(*found->second, message);
    counters_.no_allocation.add(1);
    return true;
  }
  const auto out = judge(*slot, mono_now(), message);
  if (out.passed == Passed::control) return to_control(*found->second, message);
  if (out.passed != Passed::passed) return true;
  going_[0] = {slot, index_of(out.peer.ip.family), out.peer, out.payload};
  send_to_peers(1);
  return true;
}

void RelayShard::on_closed(StreamClient& client) {
  const auto found = streams_.find(client.number);
  if (found == streams_.end()) return;
  const ClientPath path{found->second->transport, client.number, client.remote};
  auto* const slot = found->second->slot;
  streams_.erase(found);
  // Without one there is nothing to end: an allocation that is on its way will not find its stream.
  if (slot == nullptr) return;
  slot->stream.reset();
  events_.gone(path);
}

void RelayShard::permit(const ringway::relay::Permit& permit) {
  asio::post(*pool_.context(), [this, permit] {
    if (const auto found = slots_.find(permit.allocation); found != slots_.end())
      found->second->lane.permit(mono_now(), permit.peer, permit.until);
  });
}

void RelayShard::bind(const ringway::relay::BindChannel& bind) {
  asio::post(*pool_.context(), [this, bind] {
    if (const auto found = slots_.find(bind.allocation); found != slots_.end())
      found->second->lane.bind(mono_now(), bind.channel, bind.peer, bind.until);
  });
}

}  // namespace ringway::net::relay
