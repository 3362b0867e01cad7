// Full ICE agents (RFC 8445) by libnice, one for each connection that is to be made: one stream of one
// component (RFC 6940 §6.5.1.7), regular nomination, kept alive by STUN Binding indications. All agents of a
// process live on one thread of their own, and share no socket with anybody.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "net/ice/description.hpp"
#include "reload/bytes.hpp"
#include "reload/result.hpp"
#include "reload/time.hpp"

namespace ringway::net::ice {

// Called on the agents' thread, and never again once close() has been called there or failed() has.
class AgentEvents {
 public:
  virtual ~AgentEvents() = default;
  virtual void gathered(Description local) = 0;        // once
  virtual void connected(SelectedPair pair) = 0;       // once: a pair is nominated
  virtual void received(BytesView datagram) = 0;       // maybe before that (RFC 6940 §6.5.1.14)
  virtual void failed(const std::string& reason) = 0;  // the last
};

// One agent. From any thread; it closes itself when nobody has it any more.
class Agent {
 public:
  virtual ~Agent() = default;
  virtual void set_remote(Description remote) = 0;  // once, after gathered()
  // What is sent before a pair is there waits for it; what there is no room for is lost, as datagrams are.
  virtual void send(BytesView datagram) = 0;
  virtual void close() = 0;
};

struct AgentLimits {
  std::size_t agents = 256;             // sockets that close slowly included
  std::size_t waiting_datagrams = 256;  // of each, to be sent
  Duration gathering{2'000};            // then what has been found is told
  Duration connecting{20'000};          // from set_remote() to a pair
};

class Agents {
 public:
  static std::shared_ptr<Agents> start(const AgentLimits& limits = {});
  virtual ~Agents() = default;
  // gathered() or failed() follows. The events are held weakly: who has them has the agent.
  virtual Result<std::shared_ptr<Agent>> gather(Gathering what, std::weak_ptr<AgentEvents> events) = 0;
  struct Counters {
    std::size_t agents = 0;
    std::uint64_t refused = 0, failed = 0, lost_datagrams = 0;
    std::uint64_t direct = 0, reflexive = 0, relayed = 0;  // the paths that were selected
  };
  virtual Counters counters() const = 0;
  // Closes all agents, without a word; allocations of relays are given back if they answer soon. Not on the
  // agents' thread.
  virtual void stop() = 0;
};

}  // namespace ringway::net::ice
