// The replication component: who should hold copies of what, and getting them there (RFC 6940 §10.4, §10.5,
// §10.7.3). It copies each new value to the replica set, hands a range over to a joining peer, refills the
// set after a failure (after the hold-down of TOPO-27), pushes what this peer should no longer hold to its
// owner and then drops it.
#pragma once

#include <memory>
#include <optional>

#include "reload/config/configuration.hpp"
#include "reload/data/messages.hpp"
#include "reload/table_size.hpp"
#include "reload/time.hpp"

namespace ringway::data {

struct ReplicationSettings {
  Duration successor_hold_down{30'000};     // RFC 6940 §3, §10.7.1 (TOPO-27)
  std::size_t max_requests_in_flight = 32;  // of background copying; new values are not held back by it
  std::size_t max_pending_values = 16384;   // Replicates not yet answered
  // Of background copying, on average; 0: no limit. What somebody waits for (new values, hand-overs) is not
  // held back.
  std::uint64_t background_bytes_per_s = 4U << 20;
  // How often a peer compares what it is responsible for with each of its replicas, give or take a quarter;
  // 0: only when the replica set changes, or a reader has seen a difference.
  Duration comparison_interval{300'000};
  // What this peer's own certificate and its chain take in every message; this component has no key and does
  // not see them.
  std::size_t own_certificates_bytes = 1024;
};

// After the hold-down; what others should hold now is kept as long.
inline constexpr Duration k_until_set_has_copies{120'000};

class ReplicationComponent {
 public:
  ReplicationComponent(ReplicationSettings settings, config::ConfigurationPtr configuration, NodeId self,
                       std::shared_ptr<const ValueStore> store);
  ~ReplicationComponent();

  void handle(const Now& now, ReplicationInput input, ReplicationOutputs& out);
  void on_timer(const Now& now, ReplicationOutputs& out);
  std::optional<MonoTime> next_deadline() const;

  struct Statistics {
    std::uint64_t copies_sent = 0, copies_failed = 0, kinds_handed_over = 0, kinds_dropped = 0;
    std::uint64_t background_bytes = 0;  // Stores and Fetches of background copying
    std::uint64_t comparisons = 0, comparisons_failed = 0;
    std::uint64_t differences = 0;  // Kinds that were found to differ
    std::uint64_t mends_heard = 0, mends_refused = 0;
    std::uint64_t bad_digest_messages = 0;
    std::size_t pending_values = 0, backlog_kinds = 0;
  };
  Statistics statistics() const;
  TableSizes tables() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ringway::data
