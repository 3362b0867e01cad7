// An overlay of many peers in one thread and one virtual time. The same seed gives the same run.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "reload/config/configuration.hpp"
#include "sim/authority.hpp"
#include "sim/network.hpp"
#include "sim/sim_peer.hpp"
#include "sim/stand_in.hpp"
#include "sim/trace.hpp"
#include "sim/virtual_clock.hpp"

namespace ringway::sim {

// What certificates and signatures are (a report says which). With the stand-in there is no new configuration
// document: those are signed for real.
enum class Cryptography { real, stand_in };

struct SimulationSettings {
  std::uint64_t seed = 1;
  std::string overlay_name = "overlay.example.org";
  WallMs start_wall_ms = 1'800'000'000'000;
  Cryptography cryptography = Cryptography::real;
  NetworkSettings network;
  WorkloadSettings workload;
  routing::RoutingSettings routing;  // addresses, bootstrap and first_peer are set for each peer
  data::StorageSettings storage;
  data::ReplicationSettings replication;
  // Addresses that every peer may bootstrap at, besides the one that it is started with.
  std::vector<PeerNumber> bootstrap_peers;
  PlantedBug planted_bug = PlantedBug::none;  // in every peer
  bool data_on_demand = false;                // SimPeer::World says what it means; for very many peers
  // May change the configuration before the first peer is made.
  std::function<void(config::Configuration&)> configure;
};

enum class Disk { kept, lost };

class Simulation {
 public:
  explicit Simulation(SimulationSettings settings);

  // ---- peers
  // A new peer with a Node-ID from the seed, or this one, of a user of its own, or this one. It does nothing
  // before start().
  PeerNumber add_peer(std::optional<NodeId> node = std::nullopt,
                      std::chrono::hours certificate_lifetime = std::chrono::hours{24 * 365},
                      const std::string& user_name = {});
  // A new key and certificate for the same Node-ID and user, in use at once.
  void renew(PeerNumber peer);
  // `first` may form a ring alone; the others bootstrap at the address of `bootstrap`.
  void start(PeerNumber peer, bool first = false, PeerNumber bootstrap = 0);
  void kill(PeerNumber peer, Death how = Death::reset) { peers_.at(peer)->die(how); }
  void leave(PeerNumber peer) { peers_.at(peer)->leave(); }
  // With Disk::lost the next process starts with an empty one.
  void crash(PeerNumber peer, Disk disk, Death how = Death::silent);
  // A new process for a peer that has died, on its disk.
  void restart(PeerNumber peer, bool first = false, PeerNumber bootstrap = 0);
  // `count` peers, the first of them alone, the others when the one before has joined (or `limit` is over).
  bool grow(std::size_t count, Duration limit = Duration{60'000});

  // `count` peers that are one ring from the first moment on, as it would have grown: each has its
  // neighbours, its fingers, and links to all of them, and none was joined by a message. Before any other
  // peer.
  void build_ring(std::size_t count);

  std::size_t size() const { return peers_.size(); }
  SimPeer& peer(PeerNumber peer) { return *peers_.at(peer); }
  const SimPeer& peer(PeerNumber peer) const { return *peers_.at(peer); }
  std::vector<PeerNumber> living() const;  // in the order of their Node-IDs

  // ---- faults of a peer's machine, until they are taken back; they outlive its process
  // Its wall clock is so much ahead (negative: behind); what measures intervals is right.
  void skew(PeerNumber peer, Duration ahead);
  // Each write takes so long; zero: as WorkloadSettings says.
  void slow_disk(PeerNumber peer, Duration write_takes);
  // Writes fail, reads go on.
  void full_disk(PeerNumber peer, bool full);
  // From now on it gives other bytes for what it has there, one record or the generation, until that is
  // written again.
  void damage(PeerNumber peer, const data::KindAt& at, bool generation);
  // It gives nothing of the records that it has there, and does not say which these were, until all is
  // written anew.
  void damage_block(PeerNumber peer, const data::KindAt& at);
  // Nothing that is stored can be read, as when the disk is away or says EIO; writes go on.
  void refuse_reads(PeerNumber peer, bool refused);

  // ---- time
  // Until the condition holds (it is asked every k_ask_every_us of virtual time); false when `limit` is over.
  bool run_until(const std::function<bool()>& condition, Duration limit);
  void run_for(Duration duration);
  Now now() const { return clock_.now(); }
  // For what takes part in a simulation beside its peers.
  VirtualClock& clock() { return clock_; }

  // ---- configuration
  // The next document, signed, is handed to this peer, as an enrollment server would: from there it spreads.
  const config::ConfigurationPtr& publish(PeerNumber peer,
                                          const std::function<void(config::Configuration&)>& change);
  // A Kind beside the document, signed, likewise.
  void publish_kind(PeerNumber peer, const config::KindDefinition& kind);
  // The newest one.
  const config::ConfigurationPtr& configuration() const { return configuration_; }
  // What that peer has accepted last.
  const config::Configuration& configuration_of(PeerNumber peer) const {
    return *identities_.at(peer).configuration;
  }

  // ---- questions
  // Every living peer has joined, and its nearest `depth` neighbours on both sides are the right ones.
  bool is_one_ring(std::size_t depth = 1) const;
  // What is_one_ring() does not like; empty when nothing.
  std::string ring_fault(std::size_t depth = 1) const;
  // The living peer that should be responsible.
  PeerNumber responsible_for(const RingId& id) const;
  // Peers that hold a value of this Kind there, in the order of their numbers.
  std::vector<PeerNumber> holders_of(const data::KindAt& at) const;
  // The living of those that should hold it and have something of it; none when any of it is damaged.
  std::vector<PeerNumber> whole_at(const data::KindAt& at) const;
  // The living that cannot read all that is on their disks.
  std::vector<PeerNumber> damaged_disks() const;

  // ---- calls of an application
  // One call through `peer`, run until it is answered.
  data::CallResult call(PeerNumber peer, data::Call call, Duration limit = Duration{60'000});
  std::optional<routing::RequestDone> request(PeerNumber peer, routing::SendRequest request,
                                              Duration limit = Duration{60'000});

  // Who answers for this point, asked with a Ping: whether it is the peer that should (of those alive), over
  // how many links the request went, and how long the answer took.
  struct Lookup {
    bool answered = false;
    NodeId by;
    unsigned hops = 0;
    std::int64_t took_us = 0;
  };
  void lookup(PeerNumber peer, const RingId& point, std::function<void(const Lookup&)> done);
  Lookup lookup(PeerNumber peer, const RingId& point, Duration limit = Duration{60'000});
  // What this peer has sent over its links.
  Traffic traffic_of(PeerNumber peer) const { return network_.traffic_of(peer); }

  std::uint64_t trace_hash() const { return trace_.hash(); }
  std::uint64_t events() const { return clock_.events_run(); }
  Network& network() { return network_; }
  Authority& authority() { return authority_; }
  std::uint64_t seed() const { return settings_.seed; }
  Cryptography cryptography() const { return settings_.cryptography; }

 private:
  static constexpr std::int64_t k_ask_every_us = 10'000;

  std::shared_ptr<const security::Signer> issue(const std::string& user_name, const NodeId& node,
                                                std::chrono::hours lifetime) const;
  std::shared_ptr<SimPeer> make_process(PeerNumber peer, bool first, std::optional<PeerNumber> bootstrap);
  security::Inspector& inspector_for(const config::ConfigurationPtr& configuration);
  void link_up(const std::vector<std::pair<NodeId, PeerNumber>>& ring);
  static wire::IpAddressPort address_of(PeerNumber peer);
  void hand_to(PeerNumber peer, const wire::ConfigUpdateReq& update);

  SimulationSettings settings_;
  VirtualClock clock_;
  Trace trace_;
  Network network_;
  SeededRandom random_;
  Authority authority_;
  std::shared_ptr<const StandIn> stand_in_;  // null: real
  config::ConfigurationPtr configuration_;
  std::shared_ptr<const security::Signer> document_signer_;
  // By the document's sequence and how many Kinds are known.
  std::map<std::pair<std::uint16_t, std::size_t>, std::unique_ptr<security::Inspector>> inspectors_;
  std::deque<PeerIdentity> identities_;  // their processes refer to them
  SimPeer::World world_;
  std::vector<std::shared_ptr<SimPeer>> peers_;  // the present process of each; null before its start
  std::uint64_t processes_made_ = 0;
};

}  // namespace ringway::sim
