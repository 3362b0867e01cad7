// Clients of a relay over UDP, each with a socket and a loopback address of its own, and the peer that they
// all talk to: one thread, batched, so that the load costs less than what is loaded.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "net/relay/udp_batch.hpp"
#include "reload/stun/message.hpp"

namespace ringway::bench {

struct LoadSettings {
  stun::Address relay;
  stun::Address peer;  // where it is to be, port 0
  std::string user, password, realm;
};

struct Measured {
  std::uint64_t count = 0;
  double seconds = 0;
};

class Clients {
 public:
  Clients(LoadSettings settings, std::size_t count);
  ~Clients();
  Clients(const Clients&) = delete;
  Clients& operator=(const Clients&) = delete;

  // Each once, so many at a time.
  Measured allocate(std::size_t at_a_time);
  void bind_channels(std::size_t at_a_time);
  Measured end(std::size_t at_a_time);
  // Payloads to the peer and back, so many of each client on the way. Counted: packets that were relayed,
  // both ways.
  Measured relay(double seconds, std::size_t in_flight, std::size_t payload_bytes);
  // Counted: answers.
  Measured ask_where(double seconds, std::size_t in_flight);

 private:
  struct Client {
    int socket = -1;
    std::string nonce;
    Bytes last_request;
    std::uint64_t received = 0, received_before = 0;
  };
  // What to send next, when nothing or this has come; nothing: it is done.
  using Step = std::function<std::optional<Bytes>(Client&, const stun::Message* answer)>;
  using Fill = std::function<void(stun::MessageWriter&)>;

  Measured exchange(std::size_t at_a_time, const Step& step);
  // A request until it has been answered with success, with a nonce that is asked for on the way.
  Step request(stun::Method method, Fill fill);
  Bytes make_request(const Client& client, stun::Method method, const Fill& fill);
  // Sends back whatever comes; `begin` is sent of each client that has heard nothing for a while.
  Measured keep_going(double seconds, std::size_t in_flight, const Bytes& begin, bool sends_the_same);
  void send(const Client& client, BytesView octets);

  LoadSettings settings_;
  Bytes key_;
  std::vector<Client> clients_;
  int peer_ = -1, epoll_ = -1;
  std::uint64_t transactions_ = 0;
  net::relay::ReceiveBatch arrived_{0, 0};
  net::relay::SendBatch leaving_;
  net::relay::Segmenting segmenting_;
};

}  // namespace ringway::bench
