// A TURN client without a socket, for tests of the relay's control path.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "relay/server.hpp"
#include "reload/stun/long_term.hpp"
#include "reload/stun/message.hpp"
#include "sim/seeded_random.hpp"

namespace ringway::relay::test {

using stun::Attribute;
using stun::Class;
using stun::ErrorCode;
using stun::Method;

inline constexpr std::uint32_t k_udp = 17U << 24U, k_ipv4 = 1U << 24U, k_ipv6 = 2U << 24U;
inline stun::Address at(std::string_view ip, std::uint16_t port) {
  return stun::address_of(ip, port).value();
}
inline stun::IpAddress ip(std::string_view text) { return at(text, 0).ip; }

struct Answer {
  Bytes octets;
  stun::Message message() const { return stun::Message::read(octets).value(); }
  Class cls() const { return message().cls(); }
  std::optional<ErrorCode> error() const { return message().error(); }
};

using Fill = std::function<void(stun::MessageWriter&)>;

// A server, its clock, and what its driver would do: open whatever is asked for.
struct World {
  explicit World(Settings wanted = settings())
      : server(std::move(wanted), credentials, Bytes(32, 7), random) {}
  static Settings settings() {
    Settings out;
    out.realm = "example.org";
    out.has_ipv4 = out.has_ipv6 = true;
    return out;
  }

  void pass(Duration time) {
    now.mono = now.mono + time;
    now.wall_ms += static_cast<WallMs>(time.count());
    server.wake(now.mono);
    collect();
  }
  // Answers of the server to be seen in `answers`, the rest in `done`.
  void collect() {
    for (auto& output : server.take_outputs()) {
      if (auto* answer = std::get_if<SendToClient>(&output)) {
        closed_before_answer = !done.empty() && std::holds_alternative<CloseRelayed>(done.back());
        answers.push_back({std::move(answer->message)});
        answered.push_back(answer->to);
      } else if (auto* open = std::get_if<OpenRelayed>(&output); open != nullptr && opens) {
        std::vector<stun::Address> relayed;
        for (const auto family : open->families)
          relayed.push_back(family == stun::Family::ipv4 ? at("203.0.113.1", next_port)
                                                         : at("2001:db8::1", next_port));
        ++next_port;
        const auto id = open->allocation;
        done.push_back(std::move(output));
        server.opened(now.mono, id, std::move(relayed));
        collect();
      } else {
        done.push_back(std::move(output));
      }
    }
  }
  template <typename T>
  std::vector<T> take() {
    std::vector<T> out;
    for (const auto& each : done)
      if (const auto* found = std::get_if<T>(&each)) out.push_back(*found);
    done.clear();
    return out;
  }

  sim::SeededRandom random{1};
  Credentials credentials{{{{"alice", "secret"}, {"bob", "hidden"}}, {"shared"}}, Bytes(32, 9)};
  Now now{{1'000'000}, 1'900'000'000'000};
  Server server;
  bool opens = true;
  bool closed_before_answer = false;  // the last of them
  std::uint16_t next_port = 50000;
  std::vector<Answer> answers;
  std::vector<ClientPath> answered;
  std::vector<Output> done;
};

class Client {
 public:
  Client(World& world, std::string user, std::string secret, std::uint16_t port = 4000,
         std::string_view address = "198.51.100.1")
      : path{Transport::udp, 1, at(address, port)},
        user_name(std::move(user)),
        password(std::move(secret)),
        world_(world) {}

  // As it is on the wire; one answer is expected.
  std::optional<Answer> send(const Bytes& octets) {
    const auto before = world_.answers.size();
    world_.server.receive(world_.now, path, octets);
    world_.collect();
    if (world_.answers.size() == before) return std::nullopt;
    EXPECT_EQ(world_.answers.size(), before + 1);
    EXPECT_EQ(world_.answered.back(), path);
    return world_.answers.back();
  }
  static stun::TransactionId next_transaction() {
    static std::uint32_t count = 0;
    stun::TransactionId out{};
    ++count;
    for (std::size_t index = 0; index < 4; ++index)
      out.at(index) = static_cast<std::uint8_t>(count >> 8 * index);
    return out;
  }
  Bytes request(Method method, const Fill& fill = {}, stun::TransactionId transaction = next_transaction()) {
    stun::MessageWriter out(Class::request, method, transaction);
    if (fill) fill(out);
    out.add(Attribute::username, user_name);
    out.add(Attribute::realm, "example.org");
    out.add(Attribute::nonce, nonce);
    if (algorithm == stun::PasswordAlgorithm::sha256) {
      out.add(Attribute::password_algorithms, Bytes{0, 2, 0, 0, 0, 1, 0, 0});
      out.add(Attribute::password_algorithm, Bytes{0, 2, 0, 0});
      out.add_integrity_sha256(key());
    } else {
      out.add_integrity(key());
    }
    return out.take();
  }
  Bytes key() const { return stun::long_term_key(algorithm, user_name, "example.org", password); }

  // With a nonce that is asked for first where there is none.
  Answer call(Method method, const Fill& fill = {}) {
    if (nonce.empty()) {
      const auto challenge = send(stun::MessageWriter(Class::request, method, next_transaction()).take());
      nonce = text_of(*challenge->message().find(Attribute::nonce));
    }
    const auto answer = send(request(method, fill));
    EXPECT_TRUE(answer);
    return answer.value_or(Answer{});
  }
  Answer allocate(const Fill& more = {}) {
    return call(Method::allocate, [&more](stun::MessageWriter& out) {
      out.add_number(Attribute::requested_transport, k_udp);
      if (more) more(out);
    });
  }
  Answer refresh(std::uint32_t seconds) {
    return call(Method::refresh, [seconds](auto& out) { out.add_number(Attribute::lifetime, seconds); });
  }
  Answer refresh_only(std::uint32_t family, std::uint32_t seconds) {
    return call(Method::refresh, [family, seconds](auto& out) {
      out.add_number(Attribute::requested_address_family, family);
      out.add_number(Attribute::lifetime, seconds);
    });
  }
  Answer permit(std::vector<stun::Address> peers) {
    return call(Method::create_permission, [&peers](auto& out) {
      for (const auto& peer : peers) out.add_xor_address(Attribute::xor_peer_address, peer);
    });
  }
  Answer bind(std::uint16_t channel, const stun::Address& peer) {
    return call(Method::channel_bind, [&](auto& out) {
      out.add_number(Attribute::channel_number, std::uint32_t{channel} << 16U);
      out.add_xor_address(Attribute::xor_peer_address, peer);
    });
  }

  ClientPath path;
  std::string user_name, password, nonce;
  stun::PasswordAlgorithm algorithm = stun::PasswordAlgorithm::md5;

 private:
  World& world_;
};

}  // namespace ringway::relay::test
