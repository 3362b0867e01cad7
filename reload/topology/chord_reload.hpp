// CHORD-RELOAD (RFC 6940 §10): joining, admitting others, Updates, stabilisation, fingers, failures, leaving,
// and the check for partitions. The tables' arithmetic is peer_table.hpp's, links and messages are routing's.
#pragma once

#include <boost/container/flat_map.hpp>
#include <boost/container/flat_set.hpp>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "reload/deadline.hpp"
#include "reload/random.hpp"
#include "reload/topology/listed_nodes.hpp"
#include "reload/topology/peer_table.hpp"
#include "reload/topology/plugin.hpp"

namespace ringway::topology {

struct ChordSettings {
  NodeId self;
  bool first_peer = false;
  bool has_bootstrap = false;  // someone to ask before forming a ring alone
  bool reactive = true;
  std::size_t replicas = config::k_default_replicas;
  Duration update_interval{600'000};  // chord-update-interval
  Duration ping_interval{3'600'000};  // chord-ping-interval
  Duration retry_min{500};
  Duration retry_max{30'000};
  std::size_t max_peers = 1024;  // each has a link: routing's bound of these
};

inline constexpr Duration k_join_limit{20'000};  // one attempt to join, from locating to joined
// How long a hand-over may go without a sign of progress, and how often the joining peer asks for one.
inline constexpr Duration k_hand_over_limit{120'000};
inline constexpr Duration k_join_again{15'000};
// Before looking again for a peer that admits us; twice as long each time that one is busy with another.
inline constexpr Duration k_busy_pause_min{100};
inline constexpr Duration k_busy_pause_max{2'000};
// A neighbour that has not said whom it knows is asked so soon, and then every minute.
inline constexpr Duration k_lists_patience{5'000};
inline constexpr Duration k_lists_asked_again{60'000};
inline constexpr Duration k_gather_step{1'000};    // asks again for tables that have not come
inline constexpr Duration k_update_gathering{20};  // changes so close together make one round of Updates
inline constexpr Duration k_failed_peer_pause{
    10'000};  // a peer that did not answer an Attach is left alone so long
// Before asking the next bootstrap node, when one has answered but could not help. (Not backed off: a node
// that is still joining itself says so at once, and soon it will not be.)
inline constexpr Duration k_next_access_pause{500};
inline constexpr Duration k_leave_limit{2'000};
inline constexpr Duration k_first_peer_patience{
    3'000};                                   // the first peer looks for a ring before it makes one
inline constexpr unsigned k_most_yields = 4;  // so often as long again when somebody else is to begin it
inline constexpr Duration k_check_found_soon{1'000};  // partition check of a lonely peer that hears of others
// Partition check of a peer that knows nobody; twice as long each time, up to the limit.
inline constexpr Duration k_lonely_check_interval{5'000};
inline constexpr Duration k_lonely_check_limit{30'000};
// So long a peer that joins again after it has lost everyone looks for the ring before it serves alone again.
inline constexpr Duration k_rejoin_patience{8'000};
inline constexpr Duration k_first_partition_check{15'000};  // after joining: a ring of two halves is young
inline constexpr std::size_t k_max_listed_nodes = 256;      // of one Update
// Nodes that are attached to and nodes that are left alone, together: no Attach begins unless there is room
// to note that it has failed, or it would be tried again at once, for ever. Who lists nodes that do not exist
// gets no further than this.
inline constexpr std::size_t k_max_tried_nodes = 4096;

class ChordReload : public Plugin {
 public:
  ChordReload(ChordSettings settings, std::shared_ptr<Random> random);

  void start(const Now& now, Actions& out) override;
  void start_joined(const Now& now, const std::vector<NodeId>& peers, Actions& out) override;
  void leave(const Now& now, Actions& out) override;
  void reconfigure(const Now& now, const config::Configuration& configuration, Actions& out) override;
  void on_timer(const Now& now, Actions& out) override;
  std::optional<MonoTime> next_deadline() const override;

  void on_bootstrap_found(const Now& now, bool others_first, Actions& out) override;
  void on_access_link(const Now& now, const NodeId& node, Actions& out) override;
  void on_attached(const Now& now, const NodeId& node, AttachPurpose purpose, Actions& out) override;
  void on_attached_by(const Now& now, const NodeId& node, bool send_update, Actions& out) override;
  void on_attach_failed(const Now& now, const AttachTo& what, Actions& out) override;
  void on_lost(const Now& now, const NodeId& node, Actions& out) override;
  void on_suspected(const Now& now, const NodeId& node, bool suspected, Actions& out) override;

  void on_update(const Now& now, const NodeId& from, const wire::ChordUpdate& update, Actions& out) override;
  std::optional<wire::ErrorCode> on_join(const Now& now, const NodeId& from, Actions& out) override;
  void on_join_answered(const Now& now, const NodeId& from, std::optional<wire::ErrorCode> error,
                        Actions& out) override;
  void on_leave(const Now& now, const NodeId& from, const wire::ChordLeaveData& data, Actions& out) override;
  void on_leave_answered(const Now& now, const NodeId& from, Actions& out) override;
  void on_update_wanted(const Now& now, const NodeId& from, Actions& out) override;
  void on_found(const Now& now, const RingId& point, const NodeId& owner, Actions& out) override;
  void on_partition_answer(const Now& now, const NodeId& bootstrap, const NodeId& owner,
                           Actions& out) override;
  void on_hand_over_goes_on(const Now& now, std::uint64_t number) override;
  void on_hand_over_done(const Now& now, std::uint64_t number, bool complete, Actions& out) override;

  bool joined() const override { return phase_ == Phase::joined; }
  bool waiting_to_be_admitted() const override {
    return phase_ == Phase::asking || phase_ == Phase::receiving;
  }
  bool responsible_for(const RingId& id) const override { return view_->responsible_for(id); }
  std::optional<NodeId> next_hop(const RingId& id) const override { return peers_.next_hop(id); }
  bool plausible_owner(const RingId& resource, const NodeId& answerer) const override;
  bool is_peer(const NodeId& node) const override { return peers_.routable(node); }
  bool wanted_as_neighbor(const NodeId& node) const override;
  RingViewPtr view() const override { return view_; }
  std::vector<NodeId> hops_towards(const RingId& id) const override { return peers_.hops_towards(id); }
  std::vector<NodeId> fingers() const override { return peers_.fingers(); }
  std::string phase() const override;
  double estimated_peers() const override;
  std::uint32_t uptime_s(const Now& now) const override;
  TableSizes tables() const override;
  std::uint64_t listings_left_out() const override { return listings_left_out_; }

 private:
  enum class Phase { idle, connecting, locating, gathering, asking, receiving, joined, leaving, left };
  // Whom a coming round of Updates goes to.
  enum class Audience { nobody, neighbors, connections };

  // Named transitions: each sets the phase and what belongs to it.
  void become_connecting(const Now& now, Actions& out);
  void become_locating(const Now& now, Actions& out);
  void become_gathering(const Now& now, const NodeId& admitting, Actions& out);
  void become_asking(const Now& now, Actions& out);
  void become_joined(const Now& now, Actions& out);
  void become_left(Actions& out);
  void retry_join(const Now& now, Duration wait, Actions& out);
  void rejoin(const Now& now, Actions& out);

  void gather_neighbors(const Now& now, Actions& out);
  void refresh_tables(const Now& now, Audience audience_of_change, Actions& out);
  bool exclude_long_suspected(const Now& now);
  void seek_neighbors(const Now& now, Actions& out);
  unsigned finger_table_size() const;
  void seek_initial_fingers(Actions& out);
  void refresh_finger(Actions& out);
  void keep_lists_of_neighbors(const Now& now, Actions& out);
  void seek_again_by(MonoTime at);
  void schedule_update(const Now& now, Audience audience);
  void send_updates(const Now& now, Audience audience, Actions& out);
  void send_update_to(const Now& now, const NodeId& node, wire::ChordUpdateType type, Actions& out) const;
  void forget(const NodeId& node);
  void publish(const Now& now, Actions& out);
  void start_hand_over(const Now& now, Actions& out);
  void follow_range(const Now& now, Actions& out);
  void check_partition(const Now& now, Actions& out);
  std::set<NodeId> current_neighbors() const;
  bool paused(const Now& now, const NodeId& node) const;
  bool worth_attaching(const Now& now, const NodeId& node);
  bool room_to_try(const Now& now);
  void leave_alone_for_now(const Now& now, const NodeId& node);
  std::vector<NodeId> wanted_neighbors(const std::vector<NodeId>& known) const;
  Duration jittered(Duration interval);
  Duration next_back_off();
  std::size_t neighbors_per_side() const { return topology::neighbors_per_side(settings_.replicas); }
  RingId point_after_self() const { return ring_add(settings_.self, ring_power_of_two(0)); }

  ChordSettings settings_;
  std::shared_ptr<Random> random_;
  PeerTable peers_;
  Phase phase_ = Phase::idle;
  MonoTime started_;
  RingViewPtr view_;

  ListedNodes lists_;                        // of neighbours; before we have joined, of everybody
  std::uint64_t listings_left_out_ = 0;      // of Updates: there was no room in lists_
  std::map<NodeId, MonoTime> attaching_;     // since when
  std::map<NodeId, MonoTime> failed_until_;  // not tried again before
  // Of the few peers in peers_ that have one; flat, since they are empty most of the time.
  boost::container::flat_map<NodeId, MonoTime> suspected_since_;
  boost::container::flat_map<NodeId, MonoTime> lists_due_;  // a neighbour without lists is asked then
  unsigned fingers_sought_ = 0;                             // so many entries, from the first on

  // Joining.
  std::optional<NodeId> admitting_;
  Duration back_off_{0};
  Duration lonely_back_off_{0};
  unsigned refused_as_busy_ = 0;    // since an admitting peer had time for us
  bool labelled_too_soon_ = false;  // an Update names us, and our Join is not answered yet
  bool access_led_nowhere_ = false;
  bool others_first_ = false;
  unsigned yields_ = 0;
  Deadline join_deadline_, join_again_at_, retry_at_, gather_again_at_, patience_until_;

  // Admitting.
  std::optional<NodeId> joining_;
  MonoTime joining_deadline_;
  std::uint64_t hand_over_ = 0;  // the number of the last one started
  NodeId handed_over_after_;     // where its range begins
  // Told by an Update that they are our predecessors; none of theirs has come since. Ours may be under way,
  // or have been lost.
  boost::container::flat_set<NodeId> admitted_;

  // Upkeep.
  Audience due_audience_ = Audience::nobody;
  Deadline update_due_, periodic_update_at_, fingers_at_, partition_at_, suspicion_at_, seek_again_at_;

  // Leaving.
  boost::container::flat_set<NodeId> leave_waits_for_;
  Deadline leave_deadline_;
  std::optional<NodeId> leaver_;  // until the view shows that it is gone
};

}  // namespace ringway::topology
