// Comparing what this peer is responsible for with what its replicas hold, by digests of ranges
// (ring_digest.hpp): with all of them every few minutes, with whoever has come into the set, and at a
// resource that a reader has seen differ. A range that differs is asked for in parts, down to lists of a few
// items; only those that differ are copied, in either direction. In the same way a peer finds out what the
// responsible one lacks of what it should no longer hold itself, and drops the rest. What was to be copied
// and cannot be compared, since the other end does not do this, is copied in full.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "reload/data/background_copies.hpp"
#include "reload/data/copies.hpp"
#include "reload/data/digest_messages.hpp"
#include "reload/data/replica_channels.hpp"

namespace ringway::data {

class Comparisons {
 public:
  Comparisons(CopyContext& context, ReplicaChannels& channels, BackgroundCopies& background)
      : context_(context), channels_(channels), background_(background) {}

  // What the targets of a refill, or the responsible peer of a push, lack, they are to get.
  void start(CopyTask task);
  // What this peer is responsible for.
  void mend(const ResourceId& resource);
  void ring_changed(const Now& now);
  void stop_all();
  // What was to wait for its time starts now, and no comparison that nobody asked for starts any more.
  void expedite(MonoTime now);
  bool idle(MonoTime now) const;

  void channel_lost(const Now& now, const NodeId& node);
  void heard(const Now& now, const NodeId& node, Digests answer);
  void heard(const Now& now, const NodeId& node, List answer, ReplicationOutputs& out);
  void heard(const Now& now, const NodeId& node, const NotAnswered& answer);

  // Does the next step; to be called after anything else has happened.
  void go_on(const Now& now, ReplicationOutputs& out);
  std::optional<MonoTime> next_deadline(MonoTime now) const;
  TableSizes tables() const;

 private:
  enum class Stage { between, counting, waits_for_digests, waits_for_list, listing, dropping };
  struct Open {
    Span span;
    bool list = false;                // few items: they are listed
    std::optional<RangeDigest> held;  // by the responsible peer as well: looked at once more, and dropped
  };
  // Refill: a member of the replica set. Push: the peer that is responsible.
  struct Partner {
    NodeId node;
    Purpose purpose = Purpose::refill;
    auto operator<=>(const Partner&) const = default;
  };
  struct Promise {
    Span span;
    unsigned restarts = 0;  // for channels that broke
  };
  struct Session {
    std::vector<Open> open;         // still to be compared, the next one last
    std::vector<Promise> promised;  // of tasks: copied in full if they cannot be compared
    bool incomplete = false;        // some of what differs was left for the next time
    Stage stage = Stage::between;
    Span span;  // being compared
    RangeDigest held;
    DigestScan digest;
    ListScan list;
    std::vector<KindAt> unlisted;  // damaged here in this span: what can be read of them counts
    Listing theirs;
    std::uint64_t number = 0;  // of the question that waits for its answer
    Bytes question;
    unsigned asked = 0;
    MonoTime ask_again_at;
  };
  using Sessions = std::map<Partner, Session>;

  void begin_due(const Now& now);
  void begin_round(const Now& now);
  void forget_who_left();
  void add(const Partner& partner, const Span& span, std::optional<unsigned> promised_restarts);
  bool is_out_of_date(const Partner& partner, const Session& session, bool range_moved) const;
  void connect(const Now& now, ReplicationOutputs& out);
  void ask_again(const Now& now, ReplicationOutputs& out);
  bool can_step(const Partner& partner, const Session& session) const;
  void step(const Now& now, Sessions::iterator at, ReplicationOutputs& out);
  void next_span(Session& session);
  void ask(const Now& now, const NodeId& node, Session& session, const DigestMessage& question,
           ReplicationOutputs& out);
  void ask_for_list(const Now& now, const NodeId& node, Session& session, ReplicationOutputs& out);
  static CopyTask copy_of_span(const Partner& partner, const Span& span, MonoTime not_before);
  void leave_out(const Now& now, const Partner& partner, Session& session, const Span& part);
  Sessions::iterator waiting_for(const NodeId& node, std::uint64_t number, Stage stage);
  void same_there(Session& session, const Span& span, const RangeDigest& digest);
  bool is_partly_hidden(const KindAt& at, WallMs now_ms) const;
  void drop(WallMs now_ms, Session& session);
  void compare(MonoTime now, const Partner& partner, Session& session);
  void offer(Session& session, std::vector<Difference> found);
  void note_damaged(Session& session, const std::vector<KindAt>& kinds);
  void same_at(const Partner& partner, const KindAt& damaged);
  void same_at(const Partner& partner, const Session& session, const Span& span);
  void begin_again(const Now& now, Sessions::iterator at);
  void finish(Sessions::iterator at);
  void give_up(const Now& now, Sessions::iterator at);
  Duration jittered(Duration interval) const;

  CopyContext& context_;
  ReplicaChannels& channels_;
  BackgroundCopies& background_;
  std::vector<CopyTask> tasks_;  // that wait for their time
  Sessions sessions_;            // one with each neighbour for each purpose at most
  // Damaged here, and who of the replica set has nothing of them that is not here, in this round.
  std::map<KindAt, std::set<NodeId>> nothing_at_;
  Partner last_stepped_;
  Span range_;  // ours
  std::uint64_t last_number_ = 0;
  std::uint64_t rounds_ = 0;
  std::optional<MonoTime> round_at_;
  bool expedited_ = false;
};

}  // namespace ringway::data
