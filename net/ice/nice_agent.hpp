// One agent of libnice, on the loop's thread but for what waits to be sent.
#pragma once

#include <nice/agent.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>

#include "net/ice/agents.hpp"
#include "net/ice/glib_loop.hpp"
#include "net/slots.hpp"

namespace ringway::net::ice {

// What the agents of one loop share.
struct Shared {
  explicit Shared(const AgentLimits& of) : limits(of), slots(of.agents) {}
  const AgentLimits limits;
  Slots slots;
  std::atomic<std::size_t> busy{0};  // that gather or check
  std::atomic<std::uint64_t> refused{0}, failed{0}, lost_datagrams{0}, direct{0}, reflexive{0}, relayed{0};

  // libnice's agents that are being closed.
  void begin_closing();
  void end_closing();
  void wait_until_closed(std::chrono::milliseconds at_most);

 private:
  std::mutex mutex_;
  std::condition_variable one_closed_;
  std::size_t closing_ = 0;
};

class LoopAgent : public std::enable_shared_from_this<LoopAgent> {
 public:
  // The loop is there as long as anything of this happens on it.
  LoopAgent(const GlibLoop& loop, std::shared_ptr<Shared> shared, Slot slot,
            std::weak_ptr<AgentEvents> events);

  // On the loop's thread. `ended` is called once there.
  void start(const Gathering& what, std::function<void()> ended);
  void set_remote(const Description& remote);
  void end();
  void flush();

  // From any thread. True: flush() is to be called on the loop's.
  bool enqueue(BytesView datagram);

 private:
  enum class State { idle, gathering, gathered, checking, connected, ended };

  bool configure(const Gathering& what);
  void listen_to_signals();
  void tell_gathered();
  void on_selected(const NiceCandidate& local, const NiceCandidate& remote);
  void on_component_state(guint state);
  void on_datagram(BytesView datagram);
  void fail(const std::string& reason);
  void set_state(State state);
  guint pacing_ms() const;

  const GlibLoop& loop_;
  const std::shared_ptr<Shared> shared_;
  Slot slot_;
  const std::weak_ptr<AgentEvents> events_;
  std::function<void()> ended_;
  bool only_relayed_ = false;
  State state_ = State::idle;
  NiceAgent* agent_ = nullptr;
  guint stream_ = 0;
  GlibTimer deadline_;

  std::mutex mutex_;
  std::deque<Bytes> outgoing_;
};

}  // namespace ringway::net::ice
