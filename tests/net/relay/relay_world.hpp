// A relay on sockets of the loopback interface for tests: control path and data path together, clients and
// peers as plain sockets.
#pragma once

#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include "net/relay/relay_path.hpp"
#include "net/sockets.hpp"
#include "relay/server.hpp"
#include "reload/stun/long_term.hpp"
#include "reload/stun/message.hpp"
#include "sim/seeded_random.hpp"

namespace ringway::net::relay::test {

using ringway::relay::Credentials;
using ringway::relay::PeerPolicy;
using ringway::relay::Server;
using stun::Attribute;
using stun::Class;
using stun::Method;

inline constexpr int k_patience_ms = 20'000;
inline constexpr int k_silence_ms = 200;

// Each process has addresses of its own: tests run side by side, and a port that one has closed may be
// another's. The relay and its clients have the first, peers the second.
inline std::string loopback(int last) {
  const int process = ::getpid();
  return "127." + std::to_string(1 + process / 250 % 250) + '.' + std::to_string(1 + process % 250) + '.' +
         std::to_string(last);
}

// A socket of UDP with a deadline on everything.
class Udp {
 public:
  explicit Udp(const std::string& ip = loopback(1)) {
    const auto at = to_socket_address(stun::address_of(ip, 0).value());
    socket_ = ::socket(at.storage.ss_family, SOCK_DGRAM, 0);
    EXPECT_EQ(::bind(socket_, reinterpret_cast<const sockaddr*>(&at.storage), at.size), 0);
    sockaddr_storage bound{};
    socklen_t size = sizeof bound;
    EXPECT_EQ(::getsockname(socket_, reinterpret_cast<sockaddr*>(&bound), &size), 0);
    address = from_socket_address(bound);
  }
  ~Udp() { ::close(socket_); }
  Udp(const Udp&) = delete;
  Udp& operator=(const Udp&) = delete;

  void send(const stun::Address& to, BytesView octets) {
    const auto at = to_socket_address(to);
    EXPECT_EQ(::sendto(socket_, octets.data(), octets.size(), 0,
                       reinterpret_cast<const sockaddr*>(&at.storage), at.size),
              static_cast<ssize_t>(octets.size()));
  }
  // Empty when nothing comes.
  Bytes receive(int patience_ms = k_patience_ms) {
    pollfd waiting{socket_, POLLIN, 0};
    if (::poll(&waiting, 1, patience_ms) != 1) return {};
    Bytes out(65536);
    sockaddr_storage from_storage{};
    socklen_t size = sizeof from_storage;
    const auto count =
        ::recvfrom(socket_, out.data(), out.size(), 0, reinterpret_cast<sockaddr*>(&from_storage), &size);
    EXPECT_GE(count, 0);
    out.resize(static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
    from = from_socket_address(from_storage);
    return out;
  }

  stun::Address address, from;

 private:
  int socket_ = -1;
};

// What an actor will be: one thread that has the control path.
class Host : public RelayEvents {
 public:
  explicit Host(RelaySettings settings) {
    ringway::relay::Settings of_server;
    of_server.realm = "example.org";
    for (const auto& each : settings.relayed_from)
      (each.local.family == stun::Family::ipv4 ? of_server.has_ipv4 : of_server.has_ipv6) = true;
    of_server.policy = PeerPolicy(
        {}, {ringway::relay::range_of("127.0.0.0/8").value(), ringway::relay::range_of("::1").value()});
    server_ = std::make_unique<Server>(of_server, credentials_, Bytes(32, 1), random_);
    auto opened = RelayPath::open(settings, *this, [seed = std::uint64_t{1}]() mutable {
      return std::make_unique<sim::SeededRandom>(static_cast<std::uint64_t>(mono_now().ms) + ++seed);
    });
    EXPECT_TRUE(opened) << (opened ? "" : opened.error().reason);
    path = *std::move(opened);
    thread_ = std::thread([this] { run(); });
    path->start();
  }
  ~Host() override {
    path->stop();
    act({});
    thread_.join();
  }

  void received(ClientPath from, Bytes message) override {
    act([this, from, message = std::move(message)] {
      server_->receive({mono_now(), wall_now()}, from, message);
      path->handled(from, 1);
    });
  }
  void opened(AllocationId allocation, std::vector<stun::Address> relayed) override {
    act([this, allocation, relayed = std::move(relayed)] {
      server_->opened(mono_now(), allocation, relayed);
    });
  }
  void failed(AllocationId allocation) override {
    act([this, allocation] { server_->failed(mono_now(), allocation); });
  }
  void gone(ClientPath client) override {
    ++gone_streams;
    act([this, client] { server_->gone(client); });
  }

  stun::Address at() const { return path->listening_udp().front(); }
  std::unique_ptr<RelayPath> path;
  std::atomic<int> gone_streams{0};

 private:
  void act(std::function<void()> action) {
    const std::scoped_lock lock(mutex_);
    actions_.push_back(std::move(action));
    more_.notify_one();
  }
  void run() {
    for (;;) {
      std::unique_lock lock(mutex_);
      more_.wait(lock, [this] { return !actions_.empty(); });
      const auto action = std::move(actions_.front());
      actions_.pop_front();
      lock.unlock();
      if (!action) return;
      action();
      for (auto& output : server_->take_outputs()) path->perform(std::move(output));
    }
  }

  sim::SeededRandom random_{7};
  Credentials credentials_{{{{"alice", "secret"}}, {}}, Bytes(32, 2)};
  std::unique_ptr<Server> server_;
  std::mutex mutex_;
  std::condition_variable more_;
  std::deque<std::function<void()>> actions_;
  std::thread thread_;
};

// A connection that cuts what comes into messages of STUN and of channels.
class Tcp {
 public:
  explicit Tcp(const stun::Address& to) {
    const auto at = to_socket_address(to);
    socket_ = ::socket(at.storage.ss_family, SOCK_STREAM, 0);
    EXPECT_EQ(::connect(socket_, reinterpret_cast<const sockaddr*>(&at.storage), at.size), 0);
  }
  virtual ~Tcp() { close(); }
  Tcp(const Tcp&) = delete;
  Tcp& operator=(const Tcp&) = delete;

  void send(const stun::Address&, BytesView octets) {
    EXPECT_EQ(write(octets), static_cast<ssize_t>(octets.size()));
  }
  // Empty when the other side has closed, or nothing comes.
  Bytes receive(int patience_ms = k_patience_ms) {
    for (;;) {
      const bool is_channel = ringway::relay::may_be_channel_data(have_);
      const std::size_t size =
          is_channel ? ringway::relay::size_of_channel_data_in_stream(have_) : stun::size_of_next(have_);
      if (size != 0 && have_.size() >= size) {
        const Bytes out(have_.begin(), have_.begin() + static_cast<std::ptrdiff_t>(size));
        have_.erase(have_.begin(), have_.begin() + static_cast<std::ptrdiff_t>(size));
        return out;
      }
      pollfd waiting{socket_, POLLIN, 0};
      if (::poll(&waiting, 1, patience_ms) != 1) return {};
      Bytes more(4096);
      const auto count = read(more);
      if (count <= 0) return {};
      append(have_, BytesView(more).first(static_cast<std::size_t>(count)));
    }
  }
  void close() {
    if (socket_ >= 0) ::close(std::exchange(socket_, -1));
  }

 protected:
  virtual ssize_t write(BytesView octets) {
    return ::send(socket_, octets.data(), octets.size(), MSG_NOSIGNAL);
  }
  virtual ssize_t read(Bytes& into) { return ::recv(socket_, into.data(), into.size(), 0); }
  int socket_ = -1;

 private:
  Bytes have_;
};

// The same within TLS. Whose certificate it is does not matter here.
class Tls : public Tcp {
 public:
  explicit Tls(const stun::Address& to) : Tcp(to) {
    SSL_set_fd(ssl_.get(), socket_);
    EXPECT_EQ(SSL_connect(ssl_.get()), 1);
  }

 protected:
  ssize_t write(BytesView octets) override {
    return SSL_write(ssl_.get(), octets.data(), static_cast<int>(octets.size()));
  }
  ssize_t read(Bytes& into) override {
    return SSL_read(ssl_.get(), into.data(), static_cast<int>(into.size()));
  }

 private:
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_{SSL_CTX_new(TLS_client_method()), &SSL_CTX_free};
  std::unique_ptr<SSL, decltype(&SSL_free)> ssl_{SSL_new(context_.get()), &SSL_free};
};

template <typename Way = Udp>
class Client {
 public:
  explicit Client(Host& host) : Client(host, host.at()) {}
  template <typename... Arguments>
  Client(Host& host, const stun::Address& at, const Arguments&... arguments)
      : udp(arguments...), host_(host), at_(at) {}

  Bytes call(Method method, const std::function<void(stun::MessageWriter&)>& fill) {
    if (nonce_.empty()) {
      udp.send(at_, stun::MessageWriter(Class::request, method, {}).take());
      const auto challenge = udp.receive();
      const auto message = stun::Message::read(challenge);
      if (!message || !message->has(Attribute::nonce)) return {};
      nonce_ = text_of(*message->find(Attribute::nonce));
    }
    stun::TransactionId transaction{};
    transaction[0] = ++transactions_;
    stun::MessageWriter out(Class::request, method, transaction);
    fill(out);
    out.add(Attribute::username, "alice");
    out.add(Attribute::realm, "example.org");
    out.add(Attribute::nonce, nonce_);
    out.add_integrity(stun::long_term_key(stun::PasswordAlgorithm::md5, "alice", "example.org", "secret"));
    udp.send(at_, out.take());
    return udp.receive();
  }
  // Where others reach it.
  stun::Address allocate(const std::function<void(stun::MessageWriter&)>& more = {}) {
    const auto answer = call(Method::allocate, [&more](auto& out) {
      out.add_number(Attribute::requested_transport, 17U << 24U);
      if (more) more(out);
    });
    const auto message = stun::Message::read(answer);
    EXPECT_TRUE(message && message->cls() == Class::success);
    if (!message) return {};
    if (const auto token = message->find(Attribute::reservation_token)) reserved = copy_of(*token);
    return message->xor_address(Attribute::xor_relayed_address).value_or(stun::Address{});
  }
  bool permit(const stun::Address& peer) {
    return succeeded(call(Method::create_permission,
                          [&](auto& out) { out.add_xor_address(Attribute::xor_peer_address, peer); }));
  }
  bool bind(std::uint16_t channel, const stun::Address& peer) {
    return succeeded(call(Method::channel_bind, [&](auto& out) {
      out.add_number(Attribute::channel_number, std::uint32_t{channel} << 16U);
      out.add_xor_address(Attribute::xor_peer_address, peer);
    }));
  }
  bool end() {
    return succeeded(call(Method::refresh, [](auto& out) { out.add_number(Attribute::lifetime, 0); }));
  }
  void send(std::uint16_t channel, std::string_view text) {
    Bytes out{static_cast<std::uint8_t>(channel >> 8U), static_cast<std::uint8_t>(channel),
              static_cast<std::uint8_t>(text.size() >> 8U), static_cast<std::uint8_t>(text.size())};
    append(out, view_of(text));
    udp.send(at_, out);
  }
  void send(const stun::Address& peer, std::string_view text) {
    stun::MessageWriter out(Class::indication, Method::send, {});
    out.add_xor_address(Attribute::xor_peer_address, peer);
    out.add(Attribute::data, text);
    udp.send(at_, out.take());
  }
  static bool succeeded(const Bytes& answer) {
    const auto message = stun::Message::read(answer);
    return message && message->cls() == Class::success;
  }

  Way udp;
  Bytes reserved;

 private:
  Host& host_;
  stun::Address at_;
  std::string nonce_;
  std::uint8_t transactions_ = 0;
};

inline RelaySettings settings(std::size_t threads = 2) {
  RelaySettings out;
  const auto local = stun::address_of(loopback(1), 0).value();
  out.udp = {local};
  out.relayed_from = {{local.ip, local.ip}};
  out.threads = threads;
  return out;
}

inline std::string text(const Bytes& octets) { return std::string(text_of(octets)); }

}  // namespace ringway::net::relay::test
