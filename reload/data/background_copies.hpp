// Copying what is on disk already, a Kind at a time and not too many at once: handing a range over to a
// joining peer, refilling the replica set, pushing to the owner what this peer should not be the only one to
// hold. What is to be copied when is decided in ring_changes.hpp; here it is carried out.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "reload/data/copies.hpp"
#include "reload/data/hidden_kinds.hpp"
#include "reload/data/pace.hpp"
#include "reload/data/range_scan.hpp"

namespace ringway::data {

enum class Purpose {
  hand_over,  // all of a range to the joining peer `targets[0]`, before it is responsible (TOPO-15)
  refill,     // what this peer is responsible for, to members of its replica set (TOPO-37)
  parting,    // what this peer is responsible for, to the peer that comes into the set when this one has left
  push,       // what others are responsible for, to them; dropped here if this peer holds no copies of it
};

struct CopyTask {
  Purpose purpose = Purpose::refill;
  RingId after;  // (after, up_to]
  RingId up_to;
  std::vector<NodeId> targets;  // not for push; none for refill means whoever is in the set when it starts
  MonoTime not_before;
  unsigned repetition = 0;      // how often it has been started again for what could not be copied
  std::uint64_t hand_over = 0;  // routing::HandOver's number
  unsigned restarts = 0;        // of its comparison, since channels broke
};

// Items of one Kind that this peer and another one hold differently; what is in both lists is fetched first,
// so that what both have signed versions of becomes the newest here before it is stored there.
struct Difference {
  KindAt at;
  NodeId target;
  std::vector<ItemKey> to_fetch;  // each list in order
  std::vector<ItemKey> to_store;
  // Neither knows the Kind's generation: others, who are compared now as well, may bring it first.
  bool others_first = false;
};

// From one list that was compared; what else it shows is found the next time.
inline constexpr std::size_t k_most_differences = 512;

class BackgroundCopies {
 public:
  explicit BackgroundCopies(CopyContext& context)
      : context_(context), pace_(context.settings.background_bytes_per_s) {}

  void start(CopyTask task);
  // One Kind to one member of the replica set. With no room for it, everything is gone through again later.
  void start(MonoTime now, const KindAt& at, const NodeId& target);
  // Only with room.
  bool has_room() const { return room_to_list(Purpose::refill); }
  void start(MonoTime now, Difference difference);
  // One Kind to the peer that is responsible for it.
  void push(const KindAt& at);
  // Whether what is not this peer's to hold may go, once the responsible peer is known to have it.
  void allow_dropping(bool allowed) { may_drop_ = allowed; }
  // Forgets those of them that are not this peer's to hold: the responsible peer is known to have them.
  void drop(const std::vector<KindAt>& kinds);
  // Nothing more is sent for it and no HandOverReport follows.
  void stop_hand_over(const NodeId& joining, ReplicationOutputs& out);
  void stop_all(ReplicationOutputs& out);
  // Whether that peer was handed all of its range, and has been a neighbour since.
  bool has_handed_over(const NodeId& joining) const { return handed_over_.contains(joining); }
  void forget_absent();
  // What was to wait for its time starts now.
  void expedite(MonoTime now);
  // Nothing is under way, or could be before its time.
  bool idle(MonoTime now) const;

  bool request_done(const Now& now, const routing::RequestDone& answer, ReplicationOutputs& out);
  // Does the next step; to be called after anything else has happened.
  void go_on(const Now& now, ReplicationOutputs& out);
  std::optional<MonoTime> next_deadline(MonoTime now) const;
  std::size_t backlog() const { return jobs_.size(); }
  TableSizes tables() const;

 private:
  struct Task {
    CopyTask what;
    RangeScan scan;
    bool started = false;
    std::size_t open_jobs = 0;
    bool failed = false;  // some of it could not be copied
    MonoTime reported;    // a hand-over: when it was last said to go on
  };
  using Tasks = std::map<std::uint64_t, Task>;
  enum class Step { store, fetch, ask_generation, ask_whether_there };
  struct Job {
    std::uint64_t task = 0;  // 0: none
    Purpose purpose = Purpose::refill;
    KindAt at;
    NodeId target;  // not for push
    Step step = Step::store;
    NodeId newer_at;  // who refused the copy as too old
    std::uint64_t request = 0;
    unsigned attempts = 0;
    CopyPart part;                 // under way, or the last one
    std::optional<ItemKey> after;  // items up to this one are done
    // Of a Difference.
    std::optional<std::vector<ItemKey>> only;  // these are stored; unset: all
    std::vector<ItemKey> to_fetch;             // before that
    std::size_t fetched_at_once = 0;
    bool last_part = false;
    // Nothing of it could be read here: it may be the last copy, and is not dropped unless its owner has
    // some.
    bool unread = false;
    // Of a push whose generation is lost here: what the part is to carry, after what its owner has said.
    std::optional<std::uint64_t> generation;
    std::optional<MonoTime> retry_at;
  };
  using Jobs = std::map<std::uint64_t, Job>;

  bool may_drop(const ResourceId& resource) const;
  void start_over(MonoTime not_before);
  void go_through_again(MonoTime now);
  void copy_later(MonoTime now, const ResourceId& resource, const NodeId& target);
  Task* next_to_list(const Now& now);
  void list_more(const Now& now, ReplicationOutputs& out);
  void add_jobs(std::uint64_t id, Task& task, const std::vector<KindAt>& kinds);
  Job& add_job(std::uint64_t task, Purpose purpose, const KindAt& at, const NodeId& target);
  bool room_to_list(Purpose purpose) const;
  std::list<std::uint64_t>& queue_of(const Job& job);
  bool has_ready_and_may_send() const;
  std::optional<std::uint64_t> take_ready(MonoTime now);
  void report_progress(const Now& now, std::uint64_t id, ReplicationOutputs& out);
  bool still_wanted(const Job& job) const;
  void send_next(const Now& now, std::uint64_t id, ReplicationOutputs& out);
  enum class Part { ready, nothing, unread, not_now, without_generation };
  Part prepare_part(const Now& now, Job& job);
  void cannot_read(const Now& now, std::uint64_t id, Job& job, ReplicationOutputs& out);
  wire::Destination destination_of(const Job& job) const;
  routing::SendRequest request_of(const Now& now, Job& job);
  routing::SendRequest fetch_next(Job& job);
  void owner_said(const Now& now, std::uint64_t id, Job& job, const routing::RequestDone& answer,
                  ReplicationOutputs& out);
  void owner_has(const Now& now, std::uint64_t id, Job& job, const routing::RequestDone& answer,
                 ReplicationOutputs& out);
  bool owner_has_enough(const Now& now, const KindAt& at, const NodeId& owner);
  void fetched(const Now& now, std::uint64_t id, Job& job, ReplicationOutputs& out);
  void fetch_failed(const Now& now, std::uint64_t id, Job& job, const routing::RequestFailure& failure,
                    ReplicationOutputs& out);
  void failed(const Now& now, std::uint64_t id, Job& job, const routing::RequestFailure& failure,
              ReplicationOutputs& out);
  void retry(const Now& now, std::uint64_t id, Job& job);
  void put_off(std::uint64_t id, Job& job, MonoTime until);
  void done(const Now& now, std::uint64_t id, bool ok, ReplicationOutputs& out);
  void erase_job(Jobs::iterator job, ReplicationOutputs& out);
  void close_if_done(const Now& now, std::uint64_t id, ReplicationOutputs& out);
  void close_hand_over(std::uint64_t id, ReplicationOutputs& out);

  CopyContext& context_;
  Pace pace_;  // of what nobody waits for
  std::uint64_t last_id_ = 0;
  Tasks tasks_;
  Jobs jobs_;
  std::size_t awaited_jobs_ = 0;          // of jobs_
  std::list<std::uint64_t> ready_;        // a deque would take 600 bytes when it is empty, as it mostly is
  std::list<std::uint64_t> ready_first_;  // for who waits: a hand-over, a parting
  std::set<std::pair<MonoTime, std::uint64_t>> retries_;
  std::unordered_map<std::uint64_t, std::uint64_t> requests_;
  std::set<NodeId> handed_over_;
  std::vector<KindAt> dropped_;
  HiddenKinds hidden_;
  bool may_drop_ = true;
};

}  // namespace ringway::data
