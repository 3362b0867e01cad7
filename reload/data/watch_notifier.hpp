// The side of a watch that is responsible for the key: each change there, once its Store is answered, is told
// to every node that has a subscription, over the channel of watches between the two peers, in order and
// until it is acknowledged. Who becomes responsible tells everybody that it finds to look again: what
// happened in between nobody has counted. Values travel as they are signed; the watcher checks them like an
// answer to a Fetch.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "reload/data/changes_in_order.hpp"
#include "reload/data/messages.hpp"
#include "reload/data/notice_line.hpp"
#include "reload/data/peer_data.hpp"
#include "reload/data/range_scan.hpp"
#include "reload/data/watch_notice.hpp"
#include "reload/table_size.hpp"

namespace ringway::data {

inline constexpr std::size_t k_max_notified_watchers = 4096;
inline constexpr std::size_t k_max_notice_bytes = 64U << 20;  // of all watchers

class WatchNotifier {
 public:
  explicit WatchNotifier(PeerData& data) : data_(data) {}

  // After data_.view has changed.
  void ring_changed(const Now& now);
  // Subscriptions there were written; `copied` as in Holder::Subscribed.
  void subscribed(const Now& now, const ResourceId& resource, bool copied, StorageOutputs& out);
  void changed(const Now& now, const Change& change, StorageOutputs& out);
  void channel_up(const Now& now, const NodeId& node, StorageOutputs& out);
  void channel_down(const Now& now, const NodeId& node);
  void seen(const Now& now, const NodeId& node, const Seen& seen, StorageOutputs& out);
  // `listens`: this peer's own watcher is told by that node over the same channel, so it is not closed.
  using Listens = std::function<bool(const NodeId&)>;
  void on_timer(const Now& now, const Listens& listens, StorageOutputs& out);
  std::optional<MonoTime> next_deadline() const;

  // What this peer itself, as a watcher, is told: values that were checked when they were stored.
  struct OwnNotice {
    Notice notice;
    std::vector<security::ValueVerdict> verdicts;
  };
  std::vector<OwnNotice> take_own() { return std::exchange(own_, {}); }

  TableSizes tables() const;

 private:
  struct Line {
    NoticeLine notices;
    bool up = false;
    unsigned attempts = 0;          // since something was acknowledged
    std::optional<MonoTime> again;  // in timers_ as well
  };
  using Lines = std::map<NodeId, Line>;

  void scan(const Now& now, StorageOutputs& out);
  std::vector<NodeId> load(const Now& now, const ResourceId& resource);
  void tell(const Now& now, const NodeId& node, const ResourceId& resource, const SharedBytes& encoded,
            bool hint, StorageOutputs& out);
  void look_again(const Now& now, const NodeId& node, const ResourceId& resource, StorageOutputs& out);
  void push(const Now& now, Lines::iterator line, StorageOutputs& out);
  void again(const Now& now, Lines::iterator line, const Listens& listens, StorageOutputs& out);
  void plan(Lines::iterator line, std::optional<MonoTime> at);
  void forget(Lines::iterator line, const Listens& listens, StorageOutputs& out);
  void keep_only_watched(Lines::iterator line);
  ValuesChanged values_of(const Now& now, const Change& change,
                          std::vector<security::ValueVerdict>& verdicts);

  PeerData& data_;
  std::optional<RingId> lower_end_;  // of the range that is known here; nothing while not joined
  RangeScan scan_;
  std::optional<MonoTime> scan_at_;
  std::optional<MonoTime> expire_at_;
  Lines lines_;
  std::size_t bytes_ = 0;
  std::set<std::pair<MonoTime, NodeId>> timers_;
  std::vector<OwnNotice> own_;
};

}  // namespace ringway::data
