// One simulated peer: the real components on a virtual clock, wired as peer::Dispatcher says. Each component
// has a queue; which queue is served next, and when, is drawn from the seed, as a scheduler of actors might.
// Signatures are checked and commits reach the disk after a seeded delay.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "reload/data/replication_component.hpp"
#include "reload/data/storage_component.hpp"
#include "reload/peer/wiring.hpp"
#include "reload/routing/remote_address.hpp"
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
  routing::RemoteAddress address;
  std::shared_ptr<const security::Signer> signer;
  std::shared_ptr<storage::MemoryStore> store;  // null: nothing was written yet; see need_disk()
  config::ConfigurationPtr configuration;       // the one it has accepted last
  std::vector<Bytes> learnt_kinds;
  MachineFaults faults;

  const std::shared_ptr<storage::MemoryStore>& need_disk() {
    if (!store) store = std::make_shared<storage::MemoryStore>();
    return store;
  }
  // To look at.
  const storage::MemoryStore& disk() const {
    static const storage::MemoryStore empty;
    return store ? *store : empty;
  }
};

class SimPeer : public Endpoint, public std::enable_shared_from_this<SimPeer> {
 public:
  // What the peers of a simulation share.
  struct World {
    VirtualClock& clock;
    Network& network;
    WorkloadSettings workload;
    data::StorageSettings storage;
    data::ReplicationSettings replication;
    // Storage and replication of a peer are made when the first request or call needs them. (A peer without
    // values has nothing else to do for them, as long as it does not look after certificates of its own.)
    bool data_on_demand = false;
    // For messages that come to a peer with this configuration.
    std::function<security::Inspector&(const config::ConfigurationPtr&)> inspector;
    PlantedBug planted_bug = PlantedBug::none;
    std::vector<SimPeer*> processes;  // by their numbers; null when one has ended
  };

  // `identity` outlives it.
  SimPeer(World& world, PeerIdentity& identity, routing::RoutingSettings routing, std::uint64_t seed);
  ~SimPeer() override;
  SimPeer(const SimPeer&) = delete;
  SimPeer& operator=(const SimPeer&) = delete;

  void start();
  // As a member of a ring whose links stand already (Simulation::build_ring).
  void start_joined(const std::vector<routing::StandingLink>& links);
  void leave();
  // The process ends here and now. The write under way has reached the disk or not, as the seed has it.
  void die(Death how);

  bool alive() const { return alive_; }
  bool has_left() const { return left_; }
  // Why its program has ended by itself; empty when it has not.
  const std::string& exit_reason() const { return exit_reason_; }
  // Its number among all processes of the simulation. (The address of one that has ended may be another's
  // later.)
  std::uint32_t process() const { return process_; }
  NodeId node_id() const { return identity_.signer->node_id(); }
  const PeerIdentity& identity() const { return identity_; }
  routing::RoutingStatus status() const { return routing_.status(); }
  topology::RingViewPtr view() const { return routing_.view(); }
  const routing::RoutingComponent& routing() const { return routing_; }
  bool has_data() const { return data_ != nullptr; }
  // Of the Inspector that all peers with the same configuration share.
  TableSizes inspection_tables() const { return world_.inspector(identity_.configuration).tables(); }
  // To look at; made by that when it was not needed yet.
  const data::StorageComponent& storage() const { return const_cast<SimPeer*>(this)->need_data().storage; }
  const data::ReplicationComponent& replication() const {
    return const_cast<SimPeer*>(this)->need_data().replication;
  }

  // Calls of the API; `done` comes with the results unless the peer dies first.
  using CallsAnswer = std::function<void(std::vector<data::CallResult>)>;
  std::uint64_t submit(std::vector<data::Call> calls, CallsAnswer done);
  void cancel(std::uint64_t token);
  // A request of the application (Origin::application), a Ping say.
  using RequestAnswer = std::function<void(routing::RequestDone)>;
  void request(routing::SendRequest request, RequestAnswer done);
  // Who makes the connections of applications that routing does not carry, and hears of AppAttaches for them.
  using ApplicationEvents = std::function<void(routing::ApplicationEvent)>;
  void serve_applications(ApplicationEvents events) { application().events = std::move(events); }

  // A watch; an application that takes each event at once unless `slow`, then with watch_next().
  using WatchAnswer = std::function<void(data::WatchResult)>;
  std::uint64_t watch(data::WatchCall call, WatchAnswer event, bool slow = false);
  void watch_next(std::uint64_t token) { to_storage(data::WatchNext{token}); }
  void cancel_watch(std::uint64_t token);

  using CertificatesAnswer = std::function<void(data::CertificatesFound)>;
  void find_certificates(data::CertificatesOf of, CertificatesAnswer done);

  // Services and relays of this peer, and those that it looks for. `done` may be null.
  using ServiceAnswer = std::function<void(data::ServiceDone)>;
  void register_service(std::string service, std::uint32_t lifetime_s, ServiceAnswer done);
  void unregister_service(std::string service, ServiceAnswer done);
  void withdraw_services(ServiceAnswer done);
  void find_service(std::string service, std::optional<NodeId> key, ServiceAnswer done);
  using RelaysAnswer = std::function<void(data::RelaysFound)>;
  void find_relays(std::size_t wanted, std::size_t probes, RelaysAnswer done);

  // The time as this peer's clocks have it.
  Now now() const;

  void use_signer(std::shared_ptr<const security::Signer> signer);

  // Endpoint
  PeerNumber number() const override { return identity_.number; }
  wire::IpAddressPort address() const override { return identity_.address.full(); }
  const security::CertificatePtr& certificate() const override { return identity_.signer->certificate(); }
  bool trusts(const security::Certificate& other) const override;
  void link_event(routing::Input event) override { to_routing(std::move(event)); }

  // peer::Receiver
  void to_routing(routing::Input input) { enqueue(routing_queue_, std::move(input)); }
  void to_storage(data::StorageInput input);
  void to_replication(data::ReplicationInput input);
  void perform(routing::Transmit command) { world_.network.transmit(number(), std::move(command)); }
  void perform(routing::OpenLink command) { world_.network.open(number(), std::move(command)); }
  void perform(const routing::CloseLink& command) { world_.network.close(number(), command); }
  void perform(routing::Inspect order);
  void perform(routing::RequestDone done);
  void perform(routing::AppConnect wish) { tell_applications(std::move(wish)); }
  void perform(routing::AppAttachDone done) { tell_applications(std::move(done)); }
  void perform(const routing::ConfigurationChanged& change);
  void perform(routing::Left left);
  void perform(routing::MustExit exit);
  void perform(data::Commit commit);
  void perform(data::CallsDone done);
  void perform(data::CertificatesFound found);
  void perform(data::CheckValues order);
  void perform(data::WatchEvent event);
  void perform(data::ServiceDone done);
  void perform(data::RelaysFound found);

 private:
  // Storage and replication, with what waits for them and for the disk.
  struct Data {
    Data(const World& world, PeerIdentity& identity);
    data::StorageComponent storage;
    data::ReplicationComponent replication;
    std::list<data::StorageInput> storage_queue;
    std::list<data::ReplicationInput> replication_queue;
    std::vector<data::Commit> commits;  // wait for the write that is under way
    bool writing = false;
    std::optional<storage::MemoryStore::Ticket> write;  // none: the one under way will fail
    std::vector<std::uint64_t> written_tokens;          // of that write
  };
  // Who waits for what, by the tokens that were given out.
  struct Watching {
    WatchAnswer event;
    bool slow = false;
  };
  struct Application {
    std::uint64_t last_token = 0;
    std::map<std::uint64_t, CallsAnswer> calls;
    std::map<std::uint64_t, CertificatesAnswer> searches;
    std::map<std::uint64_t, RequestAnswer> requests;
    std::map<std::uint64_t, Watching> watches;
    std::map<std::uint64_t, ServiceAnswer> services;
    std::map<std::uint64_t, RelaysAnswer> relays;
    ApplicationEvents events;
  };
  // What the components put out in one step.
  struct Outputs {
    routing::Outputs routing;
    data::StorageOutputs storage;
    data::ReplicationOutputs replication;
  };

  template <typename Input>
  void enqueue(std::list<Input>& queue, Input input) {
    queue.push_back(std::move(input));
    want_step();
  }
  template <typename Input>
  bool can_wait(const Input& input);
  bool done_with_nothing(const data::ReplicationInput& input);
  Data& need_data();
  Application& application();
  void tell_applications(routing::ApplicationEvent event);
  void want_step();
  void step();
  void want_timer();
  void timer();
  void settle(Outputs& outputs);  // hands on what the components have put out
  template <typename Receiver>
  void hand_on(Outputs& outputs, Receiver& receiver);
  std::int64_t write_takes_us();
  void begin_write();
  void finish_write();
  void end_write(bool ok, const std::string& reason);
  // Runs `event` after the delay unless this peer has died by then.
  void later(std::int64_t delay_us, std::function<void(SimPeer&)> event);

  World& world_;
  PeerIdentity& identity_;
  std::uint32_t process_;  // its number in World::processes
  SeededRandom random_;
  bool alive_ = true;
  bool left_ = false;
  std::string exit_reason_;
  routing::RoutingComponent routing_;
  // Lists: a standard deque takes 600 bytes when it is empty.
  std::list<routing::Input> routing_queue_;
  // There are very many peers, and few of them have values or applications.
  std::unique_ptr<Data> data_;                // null: not needed yet
  std::unique_ptr<Application> application_;  // likewise
  topology::RingViewPtr view_;                // the latest, for storage and replication when they are made
  bool step_wanted_ = false;
  std::optional<std::int64_t> timer_due_us_;
};

}  // namespace ringway::sim
