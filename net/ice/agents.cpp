#include "net/ice/agents.hpp"

#include <future>
#include <map>
#include <utility>
#include <vector>

#include "net/ice/nice_agent.hpp"

namespace ringway::net::ice {

namespace {

constexpr std::chrono::milliseconds k_farewell{1'000};  // for relays that answer

// On the loop's thread: it alone keeps agents that nobody has closed.
using OpenAgents = std::map<const LoopAgent*, std::shared_ptr<LoopAgent>>;

// The loop is not to end on its own thread, so nothing there owns it.
class AgentHandle : public Agent {
 public:
  AgentHandle(std::weak_ptr<GlibLoop> loop, std::shared_ptr<LoopAgent> agent)
      : loop_(std::move(loop)), agent_(std::move(agent)) {}
  ~AgentHandle() override { end(); }
  AgentHandle(const AgentHandle&) = delete;
  AgentHandle& operator=(const AgentHandle&) = delete;

  void set_remote(Description remote) override {
    post([agent = agent_, remote = std::move(remote)] { agent->set_remote(remote); });
  }
  void send(BytesView datagram) override {
    if (agent_->enqueue(datagram)) post([agent = agent_] { agent->flush(); });
  }
  void close() override { end(); }

 private:
  void post(std::function<void()> action) {
    if (const auto loop = loop_.lock()) loop->post(std::move(action));
  }
  void end() {
    post([agent = agent_] { agent->end(); });
  }
  const std::weak_ptr<GlibLoop> loop_;
  const std::shared_ptr<LoopAgent> agent_;
};

class AgentsImpl : public Agents {
 public:
  explicit AgentsImpl(const AgentLimits& limits) : shared_(std::make_shared<Shared>(limits)) {}
  ~AgentsImpl() override { end(); }
  AgentsImpl(const AgentsImpl&) = delete;
  AgentsImpl& operator=(const AgentsImpl&) = delete;

  Result<std::shared_ptr<Agent>> gather(Gathering what, std::weak_ptr<AgentEvents> events) override {
    if (what.turn_servers.size() > k_max_turn_servers) return Failure{"too many relays"};
    if (what.local_addresses.size() > k_max_local_addresses) return Failure{"too many addresses"};
    const auto loop = running();
    if (!loop) return Failure{"stopping"};
    auto slot = shared_->slots.take();
    if (!slot) {
      ++shared_->refused;
      return Failure{"as many ICE agents as allowed"};
    }
    auto agent = std::make_shared<LoopAgent>(*loop, shared_, *std::move(slot), std::move(events));
    loop->post([open = open_, agent, what = std::move(what)] {
      const auto* const key = agent.get();
      open->emplace(key, agent);
      agent->start(what, [open, key] { open->erase(key); });
    });
    return std::shared_ptr<Agent>(std::make_shared<AgentHandle>(loop, std::move(agent)));
  }

  Counters counters() const override {
    return {shared_->slots.taken(), shared_->refused,   shared_->failed, shared_->lost_datagrams,
            shared_->direct,        shared_->reflexive, shared_->relayed};
  }
  void stop() override { end(); }

 private:
  std::shared_ptr<GlibLoop> running() const {
    const std::lock_guard lock(mutex_);
    return loop_;
  }
  void end() {
    std::shared_ptr<GlibLoop> loop;
    {
      const std::lock_guard lock(mutex_);
      loop.swap(loop_);
    }
    if (!loop) return;
    std::promise<void> told;
    loop->post([this, &told] {
      const OpenAgents all = *open_;
      for (const auto& [key, agent] : all) agent->end();
      told.set_value();
    });
    told.get_future().wait();
    shared_->wait_until_closed(k_farewell);
    loop->stop();
  }

  const std::shared_ptr<Shared> shared_;
  const std::shared_ptr<OpenAgents> open_ = std::make_shared<OpenAgents>();
  mutable std::mutex mutex_;
  std::shared_ptr<GlibLoop> loop_ = std::make_shared<GlibLoop>();
};

}  // namespace

std::shared_ptr<Agents> Agents::start(const AgentLimits& limits) {
  return std::make_shared<AgentsImpl>(limits);
}

}  // namespace ringway::net::ice
