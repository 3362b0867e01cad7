// The watching side of a watch. For each key that applications of this peer watch there is one subscription,
// a value that is stored at the key and refreshed; whoever is responsible sends changes because of it
// (watch_notifier.hpp). The present state is read first, then each change is applied and told. Nothing
// depends on notices arriving: the key is read again now and then, when a notice is missing, when the
// responsible peer is another one or cannot be reached, and when a value expires.
#pragma once

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "reload/data/call_plan.hpp"
#include "reload/data/client.hpp"
#include "reload/data/holder.hpp"
#include "reload/data/messages.hpp"
#include "reload/data/peer_data.hpp"
#include "reload/data/watch_notice.hpp"
#include "reload/data/watched_state.hpp"
#include "reload/table_size.hpp"

namespace ringway::data {

inline constexpr std::size_t k_max_watches = 4096;       // of the applications of one peer
inline constexpr std::size_t k_max_watched_keys = 1024;  // of these
inline constexpr std::size_t k_max_watched_bytes = 64U << 20;
// Told to an application one by one; what comes besides becomes one event.
inline constexpr std::size_t k_max_waiting_events = 32;
inline constexpr std::size_t k_max_waiting_event_bytes = 256U << 10;
inline constexpr std::size_t k_max_waiting_notices = 64;  // of one key
// Nodes whose notices are counted; beyond, those are forgotten that hold nothing that is watched here.
inline constexpr std::size_t k_max_notifying_nodes = 2 * k_max_watched_keys;
// Nodes that are not responsible and say that something has changed; of more none is heeded.
inline constexpr std::size_t k_max_hinting_nodes = 256;
// Of nodes that said so and would be responsible, if they were in the ring, those for whom another one
// answered.
inline constexpr std::size_t k_max_disproved_nodes = 256;
// Subscriptions that are being refreshed, and keys that are being read, at once.
inline constexpr std::size_t k_most_looks_at_once = 64;

class Watcher {
 public:
  Watcher(PeerData& data, Holder& holder, Client& client) : data_(data), holder_(holder), client_(client) {}

  void watch(const Now& now, Watch watch, StorageOutputs& out);
  void next(const Now& now, std::uint64_t token, StorageOutputs& out);
  void cancel(const Now& now, std::uint64_t token, StorageOutputs& out);

  // False when it is not about a request, a store or a read made here.
  bool request_done(const Now& now, const routing::RequestDone& done, StorageOutputs& out);
  bool stored_here(const Now& now, const Holder::Outcome& outcome, StorageOutputs& out);
  // `holder` is the responsible peer, which has answered.
  void read_done(const Now& now, CallsDone done, const NodeId& holder, StorageOutputs& out);

  void notice(const Now& now, const NodeId& from, NumberedNotice notice, StorageOutputs& out);
  // By this peer itself; the values are good.
  void own_notice(const Now& now, Notice notice, std::vector<security::ValueVerdict> verdicts,
                  StorageOutputs& out);
  void checked(const Now& now, ValuesChecked checked, StorageOutputs& out);

  void ring_changed(const Now& now, const topology::RingView& before);
  void channel_down(const Now& now, const NodeId& node);
  void on_timer(const Now& now, StorageOutputs& out);
  std::optional<MonoTime> next_deadline() const;
  // Notices of that node are listened to: the channel is not to be closed.
  bool listens_to(const NodeId& node) const { return !subjects_.empty() && sessions_.contains(node); }

  std::size_t watches() const { return watches_.size(); }
  TableSizes tables() const;

 private:
  struct Event {
    WatchedStatePtr state;
    bool compacted = false;
    std::string digest;
    std::size_t bytes = 0;
  };
  // Of what one entry, or all, has in a state: the same for every watch of it.
  struct Summary {
    std::string digest;
    std::size_t largest_bytes = 0;  // of one value
  };
  // One application's.
  struct Watching {
    std::string key;
    std::optional<std::string> entry;
    std::optional<ResumePoint> resume;
    bool told = false;                       // something, or that nothing has changed since `resume`
    std::optional<std::string> last_digest;  // of what was told or waits
    bool wants_event = true;
    std::deque<Event> waiting;
    std::size_t waiting_bytes = 0;
  };
  struct WaitingNotice {
    ValuesChanged changed;
    std::uint64_t ticket = 0;  // of the check of these very values
    std::optional<std::vector<security::ValueVerdict>> verdicts;
  };
  // A peer that is not the holder has answered. It is given the subscription then, unless it says before that
  // it has it.
  struct AwaitedHint {
    NodeId from;
    MonoTime until;
  };
  // One key that is watched here.
  struct Subject {
    CallPlan plan;
    std::string key;
    std::set<std::uint64_t> watches;
    WatchedStatePtr state;                                    // null until it was read
    std::map<std::optional<std::string>, Summary> summaries;  // of the state, as far as they were asked for
    NodeId holder;                                            // who has the subscription, and tells
    NodeId hinted;       // another one that says so of itself; one read is made of it
    NodeId vouched;      // that one, when the read under way began
    bool moved = false;  // the holder was another one when the state was read
    std::deque<WaitingNotice> notices;
    std::uint64_t storing = 0;   // the request or own store under way
    std::uint64_t reading = 0;   // the read under way
    std::uint64_t checking = 0;  // the check under way
    bool adopting = false;       // the read under way tells the state; else it only compares
    bool careful = false;        // the read under way asks the replicas as well
    bool too_large = false;      // for that: what one peer shows has to do
    bool adopt_next = true;      // that of the next look does
    bool look_after = false;     // once more when the look under way has ended
    bool only_reads = false;     // the look under way: the subscription was not to be stored before
    MonoTime store_at;           // looks from then on store the subscription
    std::optional<AwaitedHint> awaited_hint;
    unsigned failures = 0;
    MonoTime began;                  // the first look
    std::optional<MonoTime> looked;  // began last
    std::optional<MonoTime> due;     // in due_ as well
    bool busy() const { return storing != 0 || reading != 0; }
    MonoTime stores_from() const { return awaited_hint ? std::min(store_at, awaited_hint->until) : store_at; }
  };
  using Subjects = std::map<std::string, Subject>;

  // watcher.cpp
  static const Summary& summary(Subject& subject, const std::optional<std::string>& entry);
  void push(const Now& now, Watching& watching, std::uint64_t token, Subject& subject, bool compacted,
            StorageOutputs& out);
  void emit(const Now& now, Watching& watching, std::uint64_t token, const NodeId& holder,
            StorageOutputs& out);
  void first_event(const Now& now, Watching& watching, std::uint64_t token, Subject& subject,
                   StorageOutputs& out);
  void set_state(const Now& now, Subject& subject, WatchedState state, bool compacted, StorageOutputs& out);
  void fail(Subject& subject, const CallFailure& failure, StorageOutputs& out);
  void drop(const Now& now, Subjects::iterator subject, StorageOutputs& out);
  void drop_ended(const Now& now, StorageOutputs& out);

  // watcher_look.cpp: the subscription, then what is there
  void look(const Now& now, Subject& subject, StorageOutputs& out);
  wire::StoredData signed_subscription(const Now& now, const Subject& subject, bool exists);
  void store(const Now& now, Subject& subject, bool exists, StorageOutputs& out);
  void stored(const Now& now, Subject& subject, const NodeId& holder, StorageOutputs& out);
  void not_stored(const Now& now, Subject& subject, const Refusal& refusal, bool found_here,
                  StorageOutputs& out);
  static void has_subscription(Subject& subject, const NodeId& holder);
  void read(const Now& now, Subject& subject, StorageOutputs& out);
  void begin_read(const Now& now, Subject& subject, Consistency consistency, StorageOutputs& out);
  bool takes_back(const Now& now, const Subject& subject, const WatchedState& read) const;
  bool may_take_back(const Now& now, const Subject& subject, const WatchedState& read,
                     const NodeId& holder) const;
  bool tells_from_now_on(const Now& now, Subject& subject, const NodeId& holder);
  void found(const Now& now, Subject& subject, const GetResult& got, const NodeId& holder,
             StorageOutputs& out);
  void failed(const Now& now, Subject& subject, const CallFailure& failure, StorageOutputs& out);
  void end_look(const Now& now, Subject& subject, Duration next);
  void look_soon(const Now& now, Subject& subject, Duration delay, bool adopts);
  void plan(Subject& subject, std::optional<MonoTime> due);
  static Duration until_refresh(const Subject& subject);
  static Duration until_next(const Now& now, const Subject& subject);
  Duration back_off(Subject& subject) const;
  static bool gives_up(const Now& now, const Subject& subject);

  // watcher_notices.cpp
  void take(const Now& now, const NodeId& from, Notice notice,
            std::optional<std::vector<security::ValueVerdict>> verdicts, StorageOutputs& out);
  static bool is_nearer(const Subject& subject, const NodeId& node);
  void judge_hints(const Now& now, const Subject& subject, const NodeId& holder);
  void heed_hint(const Now& now, const NodeId& from, Subject& subject);
  Seen* session_of(const NodeId& from, const NumberedNotice& notice);
  void use_notices(const Now& now, Subject& subject, StorageOutputs& out);
  bool apply(const Now& now, Subject& subject, const WaitingNotice& notice, StorageOutputs& out);

  std::uint64_t next_number() { return ++last_number_; }
  Subject* subject_of(std::uint64_t number);

  PeerData& data_;
  Holder& holder_;
  Client& client_;
  std::uint64_t last_number_ = k_first_own_number;
  std::uint64_t last_storage_time_ms_ = 0;
  std::map<std::uint64_t, Watching> watches_;
  Subjects subjects_;
  std::map<std::uint64_t, std::string> numbers_;  // what is under way, and for which key
  std::set<std::pair<MonoTime, std::string>> due_;
  std::size_t looks_ = 0;           // under way
  std::size_t bytes_ = 0;           // of all states
  std::vector<std::string> ended_;  // keys whose watches have failed
  // From whom notices come: what was acknowledged of the session. It stays while the channel does, whatever
  // is watched meanwhile: the other end goes on counting.
  std::map<NodeId, Seen> sessions_;
  std::map<NodeId, MonoTime> hinting_;    // who is not responsible: when the next hint is heeded
  std::map<NodeId, MonoTime> disproved_;  // until when they are as any other
};

}  // namespace ringway::data
