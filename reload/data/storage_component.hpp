// The storage component: the holder's side of Store, Fetch, Stat and Find, and the requester's side of the
// API; and what stands on them: certificates, watches, services, relays. It owns what this peer stores: every
// change goes through here. Driven by an actor or by the simulator.
#pragma once

#include <memory>
#include <optional>

#include "reload/config/configuration.hpp"
#include "reload/data/messages.hpp"
#include "reload/data/usage_check.hpp"
#include "reload/security/signer.hpp"
#include "reload/table_size.hpp"
#include "reload/time.hpp"

namespace ringway::data {

struct StorageSettings {
  std::size_t max_cached_kinds = 65536;  // (resource, kind) states kept in memory
  std::size_t max_cached_bytes = 256U << 20;
  std::size_t max_pending_requests = 16384;  // Stores waiting for their commit or their replicas
  std::size_t max_pending_calls = 16384;     // API calls under way
  // The certificates of the further users, too: one peer of those that hold them is enough, and two that look
  // after a new one at the same moment would store it twice.
  bool keeps_users_certificates = true;
  UsageChecksPtr usage_checks = nullptr;  // of Stores, by Kind
  Duration successor_hold_down{30'000};   // as replication has it
};

class StorageComponent {
 public:
  StorageComponent(StorageSettings settings, config::ConfigurationPtr configuration,
                   std::shared_ptr<const security::Signer> signer, std::shared_ptr<const ValueStore> store);
  ~StorageComponent();

  void handle(const Now& now, StorageInput input, StorageOutputs& out);
  void on_timer(const Now& now, StorageOutputs& out);
  std::optional<MonoTime> next_deadline() const;

  struct Statistics {
    std::uint64_t stores_accepted = 0, stores_refused = 0, fetches = 0, stats = 0, finds = 0;
    std::uint64_t calls = 0, calls_local = 0, cache_hits = 0, cache_misses = 0;
    std::uint64_t values_discarded = 0;  // fetched, but signature, writer or name was wrong
    std::uint64_t rollbacks = 0;         // read and shown, but older than what was seen before
    std::uint64_t second_opinions = 0;   // reads that asked a replica as well: the answer could not be right
    std::uint64_t careful_reads = 0;     // that asked several holders
    std::uint64_t detours = 0;           // writes without an answer: the responsible peer was searched for
    std::uint64_t holders_differed = 0;  // of those: not all had the newest
    std::uint64_t values_signed_again = 0;  // with a new certificate
    std::uint64_t values_refreshed = 0;     // put again because they are to be kept
    std::uint64_t certificates_stored = 0;  // of this peer, in the overlay
    std::uint64_t revoked_values = 0;  // of bad-nodes: refused in a Store, discarded, or held and not shown
    // Kinds at resources of which something on the disk was seen to be damaged, and those that could be read
    // again afterwards.
    std::uint64_t kinds_damaged = 0, kinds_mended = 0;
    std::uint64_t writes_as_others = 0;                    // calls that were to write as a further user
    std::uint64_t notices_sent = 0, notices_repeated = 0;  // to those who watch something here
    std::uint64_t notices_dropped = 0;   // there are too many of them, or what came was not acceptable
    std::uint64_t watch_events = 0;      // given to applications
    std::uint64_t events_compacted = 0;  // of these: stand for several changes
    std::size_t watches = 0;             // of applications here
    std::size_t watched_resources = 0;   // of others, that this peer is responsible for
    std::size_t pending_requests = 0, pending_calls = 0, cached_kinds = 0;
    // Registrations of this peer's services that were completed, lookups, and records of its relay that were
    // stored.
    std::uint64_t service_registrations = 0, service_lookups = 0, relay_records = 0;
    std::size_t services_provided = 0;
    std::size_t further_users = 0;      // whose credentials this peer holds
    WallMs further_users_until_ms = 0;  // the first of their certificates ends; 0: there are none
  };
  Statistics statistics() const;
  TableSizes tables() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ringway::data
