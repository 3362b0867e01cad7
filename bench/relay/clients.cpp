#include "bench/relay/clients.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstring>
#include <stdexcept>

#include "reload/stun/long_term.hpp"

namespace ringway::bench {
namespace {

using stun::Attribute;
using stun::Class;
using stun::ErrorCode;
using stun::Method;
using Clock = std::chrono::steady_clock;

constexpr std::uint16_t k_channel = 0x4000;
constexpr int k_client_buffer_bytes = 256 << 10, k_peer_buffer_bytes = 16 << 20;
constexpr std::chrono::milliseconds k_repeat_after{300}, k_silent_for{100};

double seconds_since(Clock::time_point then) {
  return std::chrono::duration<double>(Clock::now() - then).count();
}

// Many sources, as a relay has many: what it allows one source is not what is measured.
stun::Address address_of_client(std::size_t index) {
  stun::Address out;
  out.ip.octets = {127, 0, static_cast<std::uint8_t>(3 + index / 250),
                   static_cast<std::uint8_t>(1 + index % 250)};
  return out;
}

int open_socket(const stun::Address& at, int buffer_bytes) {
  const int out = ::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
  const auto where = net::relay::to_socket_address(at);
  for (const int name : {SO_RCVBUFFORCE, SO_SNDBUFFORCE, SO_RCVBUF, SO_SNDBUF}) {
    if ((name == SO_RCVBUF || name == SO_SNDBUF) && ::geteuid() == 0) continue;
    ::setsockopt(out, SOL_SOCKET, name, &buffer_bytes, sizeof buffer_bytes);
  }
  if (out < 0 || ::bind(out, reinterpret_cast<const sockaddr*>(&where.storage), where.size) != 0)
    throw std::runtime_error("no socket at " + stun::to_text(at) + ": " + std::strerror(errno));
  return out;
}

stun::Address address_of_socket(int socket) {
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  ::getsockname(socket, reinterpret_cast<sockaddr*>(&bound), &size);
  return net::relay::from_socket_address(bound);
}

}  // namespace

Clients::Clients(LoadSettings settings, std::size_t count)
    : settings_(std::move(settings)),
      key_(stun::long_term_key(stun::PasswordAlgorithm::md5, settings_.user, settings_.realm,
                               settings_.password)),
      clients_(count),
      epoll_(::epoll_create1(0)) {
  peer_ = open_socket(settings_.peer, k_peer_buffer_bytes);
  settings_.peer = address_of_socket(peer_);
  const auto watch = [this](int socket, std::size_t index) {
    epoll_event wanted{EPOLLIN, {.u64 = index}};
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, socket, &wanted);
  };
  watch(peer_, clients_.size());
  for (std::size_t index = 0; index < clients_.size(); ++index) {
    clients_[index].socket = open_socket(address_of_client(index), k_client_buffer_bytes);
    watch(clients_[index].socket, index);
  }
}

Clients::~Clients() {
  for (const auto& each : clients_) ::close(each.socket);
  ::close(peer_);
  ::close(epoll_);
}

void Clients::send(const Client& client, BytesView octets) {
  leaving_.add(settings_.relay, octets);
  leaving_.flush(client.socket, segmenting_);
}

Bytes Clients::make_request(const Client& client, Method method, const Fill& fill) {
  stun::TransactionId transaction{};
  ++transactions_;
  std::memcpy(transaction.data(), &transactions_, sizeof transactions_);
  stun::MessageWriter out(Class::request, method, transaction);
  fill(out);
  if (!client.nonce.empty()) {
    out.add(Attribute::username, settings_.user);
    out.add(Attribute::realm, settings_.realm);
    out.add(Attribute::nonce, client.nonce);
    out.add_integrity(key_);
  }
  return out.take();
}

Clients::Step Clients::request(Method method, Fill fill) {
  return [this, method, fill = std::move(fill)](Client& client,
                                                const stun::Message* answer) -> std::optional<Bytes> {
    if (answer == nullptr) return make_request(client, method, fill);
    if (answer->cls() == Class::success) return std::nullopt;
    const auto error = answer->error();
    if (error != ErrorCode::unauthenticated && error != ErrorCode::stale_nonce)
      throw std::runtime_error("refused with " + std::to_string(error ? static_cast<int>(*error) : 0));
    client.nonce = text_of(answer->find(Attribute::nonce).value());
    return make_request(client, method, fill);
  };
}

Measured Clients::exchange(std::size_t at_a_time, const Step& step) {
  const auto begun = Clock::now();
  auto looked = begun;
  std::size_t next = 0, done = 0;
  std::vector<bool> is_waiting(clients_.size());
  const auto begin_one = [&] {
    if (next == clients_.size()) return;
    auto& client = clients_[next];
    client.last_request = *step(client, nullptr);
    is_waiting[next++] = true;
    send(client, client.last_request);
  };
  for (std::size_t count = 0; count < at_a_time; ++count) begin_one();
  std::array<epoll_event, 64> events{};
  while (done < clients_.size()) {
    const int count = ::epoll_wait(epoll_, events.data(), events.size(), 50);
    for (int at = 0; at < count; ++at) {
      const std::size_t index = events.at(static_cast<std::size_t>(at)).data.u64;
      if (index == clients_.size()) continue;
      auto& client = clients_[index];
      const std::size_t arrived = arrived_.receive(client.socket);
      for (std::size_t each = 0; each < arrived; ++each) {
        const auto answer = stun::Message::read(arrived_.datagram(each));
        if (!answer || !is_waiting[index] ||
            !std::equal(answer->transaction().begin(), answer->transaction().end(),
                        client.last_request.begin() + 8))
          continue;
        if (auto more = step(client, &*answer)) {
          client.last_request = *std::move(more);
          send(client, client.last_request);
        } else {
          is_waiting[index] = false;
          ++done;
          begin_one();
        }
      }
    }
    if (Clock::now() - looked < k_repeat_after) continue;
    looked = Clock::now();
    for (std::size_t index = 0; index < next; ++index)
      if (is_waiting[index]) send(clients_[index], clients_[index].last_request);
    if (seconds_since(begun) > 60) throw std::runtime_error("a relay that does not answer");
  }
  return {done, seconds_since(begun)};
}

Measured Clients::allocate(std::size_t at_a_time) {
  return exchange(at_a_time, request(Method::allocate, [](auto& out) {
                    out.add_number(Attribute::requested_transport, 17U << 24U);
                  }));
}

void Clients::bind_channels(std::size_t at_a_time) {
  exchange(at_a_time, request(Method::channel_bind, [this](auto& out) {
             out.add_number(Attribute::channel_number, std::uint32_t{k_channel} << 16U);
             out.add_xor_address(Attribute::xor_peer_address, settings_.peer);
           }));
}

Measured Clients::end(std::size_t at_a_time) {
  return exchange(at_a_time,
                  request(Method::refresh, [](auto& out) { out.add_number(Attribute::lifetime, 0); }));
}

Measured Clients::relay(double seconds, std::size_t in_flight, std::size_t payload_bytes) {
  Bytes packet{k_channel >> 8U, k_channel & 0xFFU, static_cast<std::uint8_t>(payload_bytes >> 8U),
               static_cast<std::uint8_t>(payload_bytes)};
  packet.resize(4 + payload_bytes, 'x');
  auto out = keep_going(seconds, in_flight, packet, false);
  out.count *= 2;
  return out;
}

Measured Clients::ask_where(double seconds, std::size_t in_flight) {
  return keep_going(seconds, in_flight, stun::MessageWriter(Class::request, Method::binding, {}).take(),
                    true);
}

Measured Clients::keep_going(double seconds, std::size_t in_flight, const Bytes& begin, bool sends_the_same) {
  for (auto& each : clients_) each.received = each.received_before = 0;
  const auto begin_again = [&](const Client& client) {
    for (std::size_t count = 0; count < in_flight; ++count) leaving_.add(settings_.relay, begin);
    leaving_.flush(client.socket, segmenting_);
  };
  for (const auto& each : clients_) begin_again(each);
  const auto begun = Clock::now();
  auto looked = begun;
  std::array<epoll_event, 64> events{};
  while (seconds_since(begun) < seconds) {
    const int count = ::epoll_wait(epoll_, events.data(), events.size(), 10);
    for (int at = 0; at < count; ++at) {
      const std::size_t index = events.at(static_cast<std::size_t>(at)).data.u64;
      const bool is_peer = index == clients_.size();
      const int socket = is_peer ? peer_ : clients_[index].socket;
      const std::size_t arrived = arrived_.receive(socket);
      if (!is_peer) clients_[index].received += arrived;
      for (std::size_t each = 0; each < arrived; ++each) {
        const auto datagram = arrived_.datagram(each);
        leaving_.add(is_peer ? arrived_.from(each) : settings_.relay,
                     sends_the_same ? BytesView(begin) : BytesView(datagram));
      }
      leaving_.flush(socket, segmenting_);
    }
    if (Clock::now() - looked < k_silent_for) continue;
    looked = Clock::now();
    for (auto& each : clients_) {
      if (each.received == each.received_before) begin_again(each);
      each.received_before = each.received;
    }
  }
  Measured out{0, seconds_since(begun)};
  for (const auto& each : clients_) out.count += each.received;
  return out;
}

}  // namespace ringway::bench
