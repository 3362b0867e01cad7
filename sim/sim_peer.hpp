// One simulated peer: the real components on a virtual clock, wired as peer::Dispatcher says. Each component
// has a queue; which queue is served next, and when, is drawn from the seed, as a scheduler of actors might.
// Signatures are checked and commits reach the disk after a seeded delay.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "reload/data/replication_component.hpp"
#include "reload/data/storage_component.hpp"
#include "reload/peer/wiring.hpp"
#include "reload/routing/routing_component.hpp"
#include "reload/security/inspector.hpp"
#include "sim/network.hpp"
#include "sim/planted_bugs.hpp"
#include "sim/seeded_random.hpp"
#include "sim/virtual_clock.hpp"
#include "storage/memory_store.hpp"

namespace ringway::sim {

struct WorkloadSettings {
  std::int64_t step_max_us = 100;  // a queue's next input is handled within so long
  std::int64_t inspection_min_us = 50;
  std::int64_t inspection_max_us = 400;
  std::int64_t commit_min_us = 200;
  std::int64_t commit_max_us = 3'000;
};

// What is wrong with the machine that a peer runs on; its next process finds it so, too.
struct MachineFaults {
  Duration clock_skew{0};  // its wall clock is so much ahead
  Duration disk_takes{0};  // a commit takes so long; 0: as WorkloadSettings says
  bool disk_full = false;  // commits fail, reads go on
};

// What stays of a peer when its process ends: who it is and its disk.
struct PeerIdentity {
  PeerNumber number = 0;
  wire::IpAddressPort address;
  std::shared_ptr<const security::Signer> signer;
  std::shared_ptr<storage::MemoryStore> store;
  config::ConfigurationPtr configuration;  // the one it has accepted last
  std::vector<Bytes> learnt_kinds;
  MachineFaults faults;
};

struct PeerComponents {
  routing::RoutingSettings routing;
  data::StorageSettings storage;
  data::ReplicationSettings replication;
};

class SimPeer : public Endpoint, public std::enable_shared_from_this<SimPeer> {
 public:
  // What the peers of a simulation share.
  struct World {
    VirtualClock& clock;
    Network& network;
    // For messages that come to a peer with this configuration.
    std::function<security::Inspector&(const config::ConfigurationPtr&)> inspector;
    WorkloadSettings workload;
    std::function<void(PeerNumber, const routing::ConfigurationChanged&)> configuration_accepted;
    PlantedBug planted_bug = PlantedBug::none;
  };

  SimPeer(World world, PeerIdentity identity, PeerComponents components, std::uint64_t seed);

  void start();
  void leave();
  // The process ends here and now. The write under way has reached the disk or not, as the seed has it.
  void die(Death how);

  bool alive() const { return alive_; }
  bool has_left() const { return left_; }
  // Why its program has ended by itself; empty when it has not.
  const std::string& exit_reason() const { return exit_reason_; }
  NodeId node_id() const { return identity_.signer->node_id(); }
  const PeerIdentity& identity() const { return identity_; }
  routing::RoutingStatus status() const { return routing_.status(); }
  const routing::RoutingComponent& routing() const { return routing_; }
  const data::StorageComponent& storage() const { return storage_; }
  const data::ReplicationComponent& replication() const { return replication_; }

  // Calls of the API; `done` comes with the results unless the peer dies first.
  using CallsAnswer = std::function<void(std::vector<data::CallResult>)>;
  std::uint64_t submit(std::vector<data::Call> calls, CallsAnswer done);
  void cancel(std::uint64_t token);
  // A request of the application (Origin::application), a Ping say.
  using RequestAnswer = std::function<void(routing::RequestDone)>;
  void request(routing::SendRequest request, RequestAnswer done);

  // A watch; an application that takes each event at once unless `slow`, then with watch_next().
  using WatchAnswer = std::function<void(data::WatchResult)>;
  std::uint64_t watch(data::WatchCall call, WatchAnswer event, bool slow = false);
  void watch_next(std::uint64_t token) { to_storage(data::WatchNext{token}); }
  void cancel_watch(std::uint64_t token);

  using CertificatesAnswer = std::function<void(data::CertificatesFound)>;
  void find_certificates(data::CertificatesOf of, CertificatesAnswer done);

  void suffer(const MachineFaults& faults) { identity_.faults = faults; }
  // The time as this peer's clocks have it.
  Now now() const;

  void use_signer(std::shared_ptr<const security::Signer> signer);

  // Endpoint
  PeerNumber number() const override { return identity_.number; }
  const wire::IpAddressPort& address() const override { return identity_.address; }
  const security::CertificatePtr& certificate() const override { return identity_.signer->certificate(); }
  bool trusts(const security::Certificate& other) const override;
  void link_event(routing::Input event) override { to_routing(std::move(event)); }

  // peer::Receiver
  void to_routing(routing::Input input) { enqueue(routing_queue_, std::move(input)); }
  void to_storage(data::StorageInput input) { enqueue(storage_queue_, std::move(input)); }
  void to_replication(data::ReplicationInput input) { enqueue(replication_queue_, std::move(input)); }
  void perform(routing::Transmit command) { world_.network.transmit(number(), std::move(command)); }
  void perform(routing::OpenLink command) { world_.network.open(number(), std::move(command)); }
  void perform(const routing::CloseLink& command) { world_.network.close(number(), command); }
  void perform(routing::Inspect order);
  void perform(routing::RequestDone done);
  void perform(const routing::ConfigurationChanged& change);
  void perform(routing::Left left);
  void perform(routing::MustExit exit);
  void perform(data::Commit commit);
  void perform(data::CallsDone done);
  void perform(data::CertificatesFound found);
  void perform(data::CheckValues order);
  void perform(data::WatchEvent event);

 private:
  template <typename Input>
  void enqueue(std::deque<Input>& queue, Input input) {
    queue.push_back(std::move(input));
    want_step();
  }
  void want_step();
  void step();
  void want_timer();
  void timer(std::int64_t due_us);
  void settle();  // hands on what the components have put out
  template <typename Receiver>
  void hand_on(Receiver& receiver);
  std::int64_t write_takes_us();
  void begin_write();
  void finish_write();
  void end_write(bool ok, const std::string& reason);
  // Runs `event` after the delay unless this peer has died by then.
  void later(std::int64_t delay_us, std::function<void(SimPeer&)> event);

  World world_;
  PeerIdentity identity_;
  security::TrustPtr trust_;
  SeededRandom random_;
  bool alive_ = true;
  bool left_ = false;
  std::string exit_reason_;
  routing::RoutingComponent routing_;
  data::StorageComponent storage_;
  data::ReplicationComponent replication_;
  routing::Outputs routing_outputs_;
  data::StorageOutputs storage_outputs_;
  data::ReplicationOutputs replication_outputs_;
  std::deque<routing::Input> routing_queue_;
  std::deque<data::StorageInput> storage_queue_;
  std::deque<data::ReplicationInput> replication_queue_;
  bool step_wanted_ = false;
  std::optional<std::int64_t> timer_due_us_;
  std::vector<data::Commit> commits_;  // wait for the write that is under way
  bool writing_ = false;
  std::optional<storage::MemoryStore::Ticket> write_;  // none: the one under way will fail
  std::vector<std::uint64_t> written_tokens_;          // of that write
  std::uint64_t last_token_ = 0;
  std::map<std::uint64_t, CallsAnswer> calls_;
  std::map<std::uint64_t, CertificatesAnswer> searches_;
  std::map<std::uint64_t, RequestAnswer> requests_;
  struct Watching {
    WatchAnswer event;
    bool slow = false;
  };
  std::map<std::uint64_t, Watching> watches_;
};

}  // namespace ringway::sim
