#include "bench/relay/served_relay.hpp"

#include <condition_variable>
#include <functional>
#include <iostream>
#include <mutex>
#include <random>
#include <vector>

#include "net/relay/relay_path.hpp"
#include "net/sockets.hpp"
#include "relay/server.hpp"
#include "sim/seeded_random.hpp"

namespace ringway::bench {
namespace {

using net::relay::RelayPath;

relay::Settings control_settings(const ServedRelay& wanted) {
  relay::Settings out;
  out.realm = wanted.realm;
  (wanted.at.ip.family == stun::Family::ipv4 ? out.has_ipv4 : out.has_ipv6) = true;
  out.max_allocations = out.max_allocations_of_user = 16'000;
  // Peers are on the loopback interface.
  out.policy =
      relay::PeerPolicy({}, {relay::range_of("127.0.0.0/8").value(), relay::range_of("::1").value()});
  out.replies = {0, 0};  // the load comes from few addresses
  return out;
}

net::relay::RelaySettings path_settings(const ServedRelay& wanted) {
  net::relay::RelaySettings out;
  out.udp = {wanted.at};
  out.relayed_from = {{wanted.at.ip, wanted.at.ip}};
  out.threads = wanted.threads;
  out.replies = {0, 0};
  return out;
}

// Takes what the threads tell in the order in which they tell it, all that is there at once.
class ControlThread : public net::relay::RelayEvents {
 public:
  explicit ControlThread(const ServedRelay& wanted)
      : credentials_({{{wanted.user, wanted.password}}, {}}, Bytes(32, 2)),
        server_(control_settings(wanted), credentials_, Bytes(32, 1), random_) {}

  void received(relay::ClientPath from, Bytes message) override {
    act([this, from, message = std::move(message)] {
      server_.receive({net::mono_now(), net::wall_now()}, from, message);
      path->handled(from, 1);
    });
  }
  void opened(relay::AllocationId id, std::vector<stun::Address> relayed) override {
    act([this, id, relayed = std::move(relayed)] { server_.opened(net::mono_now(), id, relayed); });
  }
  void failed(relay::AllocationId id) override {
    act([this, id] { server_.failed(net::mono_now(), id); });
  }
  void gone(relay::ClientPath client) override {
    act([this, client] { server_.gone(client); });
  }

  void run() {
    std::vector<std::function<void()>> now;
    for (;;) {
      {
        std::unique_lock lock(mutex_);
        more_.wait(lock, [this] { return !waiting_.empty(); });
        std::swap(now, waiting_);
      }
      for (const auto& each : now) {
        each();
        for (auto& output : server_.take_outputs()) path->perform(std::move(output));
      }
      now.clear();
    }
  }
  std::unique_ptr<RelayPath> path;

 private:
  void act(std::function<void()> action) {
    const std::scoped_lock lock(mutex_);
    waiting_.push_back(std::move(action));
    if (waiting_.size() == 1) more_.notify_one();
  }

  sim::SeededRandom random_{std::random_device()()};
  relay::Credentials credentials_;
  relay::Server server_;
  std::mutex mutex_;
  std::condition_variable more_;
  std::vector<std::function<void()>> waiting_;
};

}  // namespace

std::string serve(const ServedRelay& wanted) {
  ControlThread control(wanted);
  auto opened = RelayPath::open(path_settings(wanted), control,
                                [] { return std::make_unique<sim::SeededRandom>(std::random_device()()); });
  if (!opened) return opened.error().reason;
  control.path = *std::move(opened);
  control.path->start();
  std::cout << "serving " << stun::to_text(control.path->listening_udp().front()) << std::endl;
  control.run();
  return {};
}

}  // namespace ringway::bench
