// One real peer (sim::SimPeer: routing, storage, replication) among played neighbours, on virtual links and a
// virtual clock; and what must hold whatever the neighbours do.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>

#include "sim/network.hpp"
#include "sim/sim_peer.hpp"
#include "tests/fuzz/peer/stage/cast.hpp"
#include "tests/fuzz/peer/stage/neighbor.hpp"

namespace ringway::fuzz {

struct StageSettings {
  bool compress_via_lists = false;
  bool joins = false;  // through the first neighbour; else it makes a ring of its own
  bool large_messages = false;
};

class Stage {
 public:
  // Bounds of the peer's tables, small enough to be reached.
  static constexpr std::size_t k_max_links = 12;
  static constexpr std::size_t k_max_transactions = 64;
  static constexpr std::size_t k_max_pending = 16;
  static constexpr std::size_t k_max_cached_kinds = 8;

  explicit Stage(const StageSettings& settings);

  Neighbor& neighbor(std::size_t number) { return *neighbors_.at(number); }
  sim::SimPeer& peer() { return *peer_; }
  const config::Configuration& configuration() const { return *peer_->routing().configuration(); }
  // The opaque ID that the peer has put into a via list last.
  std::optional<std::uint16_t> last_compressed() const { return last_compressed_; }

  TransactionId fresh_transaction() { return ++last_transaction_; }

  void connect(std::size_t number);
  void hang_up(std::size_t number, link::LinkId link);
  void transmit(std::size_t number, link::LinkId link, const wire::ForwardingHeader& header,
                const SharedBytes& payload);
  void transmit_raw(std::size_t number, link::LinkId link, Bytes whole);
  void silence(std::optional<std::size_t> number);  // its path carries nothing any more; none: all do again
  void submit(data::Call call);
  void cancel_last_call();
  void ping(std::size_t number);

  // Lets virtual time pass, then checks the bounds.
  void run(std::int64_t duration_us);
  // The neighbours go for good: nothing may stay under way, and the peer goes on working.
  void finish();

 private:
  security::Inspector& inspector_for(const config::ConfigurationPtr& configuration);
  void check_message(const SharedBytes& bytes);
  void check_bounds() const;
  void check_store() const;
  void check_works();
  data::CallResult call(data::Call call);

  sim::VirtualClock clock_;
  sim::Trace trace_;
  sim::Network network_;
  const Rules& rules_;
  std::unique_ptr<security::Inspector> inspector_;
  config::ConfigurationPtr inspected_;  // what the inspector goes by
  std::shared_ptr<storage::MemoryStore> store_;
  sim::PeerIdentity identity_;
  sim::SimPeer::World world_;
  std::array<std::shared_ptr<Neighbor>, k_neighbors> neighbors_;
  std::shared_ptr<sim::SimPeer> peer_;
  std::optional<std::uint16_t> last_compressed_;
  TransactionId last_transaction_ = 0x100000;
  std::uint64_t last_call_ = 0;
  std::map<std::uint64_t, std::uint64_t> calls_;  // under way: our number, the peer's token
  std::size_t requests_under_way_ = 0;
};

}  // namespace ringway::fuzz
