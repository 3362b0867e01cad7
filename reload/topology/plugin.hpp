// The topology plug-in (RFC 6940 §5.3.1): decides who is responsible, where a message goes next and whom to
// connect to. routing/ owns links and transactions and carries out what a plug-in asks for; the plug-in owns
// the tables.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "reload/config/configuration.hpp"
#include "reload/ids.hpp"
#include "reload/table_size.hpp"
#include "reload/time.hpp"
#include "reload/topology/ring_view.hpp"
#include "reload/wire/bodies.hpp"
#include "reload/wire/destination.hpp"

namespace ringway::topology {

// ---- what a plug-in asks for
// ----------------------------------------------------------------------------------------

enum class AttachPurpose { admitting, neighbor, finger, partition };

// A link to the node that answers for `destination`; the outcome is on_attached() or on_attach_failed().
struct AttachTo {
  wire::DestinationList destination;
  AttachPurpose purpose = AttachPurpose::neighbor;
  bool send_update = false;
};
struct SendUpdate {
  NodeId to;
  wire::ChordUpdate update;
};
struct SendJoin {
  NodeId to;
};
struct SendLeave {
  NodeId to;
  wire::ChordLeaveData data;
};
// RouteQuery with send_update: the way to get a peer's tables again (RFC 6940 §6.4.2.4).
struct AskForUpdate {
  NodeId to;
};
// Who answers for this point? The answer is on_found().
struct Locate {
  RingId point;
};
// With the next number: what an earlier one does matters no more.
struct StartHandOver {
  std::uint64_t number = 0;
  NodeId joining;
  RingId after;
};
// The snapshot in view() has changed.
struct ViewChanged {};
// A link to some bootstrap node is needed: on_access_link() follows. `another`: the one at hand has led
// nowhere (that node may still be joining itself), it is to be the next one of the list (BOOT-03).
struct NeedAccess {
  bool another = false;
};
// Ask the owner of `point` through a bootstrap node (RFC 6940 §10.7.4.4): on_partition_answer() follows, or
// nothing.
struct AskThroughBootstrap {
  RingId point;
};
struct LeftRing {};

using Action = std::variant<AttachTo, SendUpdate, SendJoin, SendLeave, AskForUpdate, Locate, StartHandOver,
                            ViewChanged, NeedAccess, AskThroughBootstrap, LeftRing>;
using Actions = std::vector<Action>;

class Plugin {
 public:
  virtual ~Plugin() = default;

  virtual void start(const Now& now, Actions& out) = 0;
  // Instead of start(): a member of a ring already, attached to these peers of it.
  virtual void start_joined(const Now& now, const std::vector<NodeId>& peers, Actions& out) = 0;
  virtual void leave(const Now& now, Actions& out) = 0;
  // A newer configuration document is in force.
  virtual void reconfigure(const Now& now, const config::Configuration& configuration, Actions& out) = 0;
  virtual void on_timer(const Now& now, Actions& out) = 0;
  virtual std::optional<MonoTime> next_deadline() const = 0;

  // There are bootstrap nodes that were not known before. `others_first`: one of them is to begin a ring, if
  // there is none yet, rather than this peer.
  virtual void on_bootstrap_found(const Now& now, bool others_first, Actions& out) = 0;

  // Links. An access link is one without an Attach: to a bootstrap node.
  virtual void on_access_link(const Now& now, const NodeId& node, Actions& out) = 0;
  virtual void on_attached(const Now& now, const NodeId& node, AttachPurpose purpose, Actions& out) = 0;
  // The other side attached to us.
  virtual void on_attached_by(const Now& now, const NodeId& node, bool send_update, Actions& out) = 0;
  virtual void on_attach_failed(const Now& now, const AttachTo& what, Actions& out) = 0;
  virtual void on_lost(const Now& now, const NodeId& node, Actions& out) = 0;
  virtual void on_suspected(const Now& now, const NodeId& node, bool suspected, Actions& out) = 0;

  // Messages; routing has checked that the signer is the node at the other end of the link they came over.
  virtual void on_update(const Now& now, const NodeId& from, const wire::ChordUpdate& update,
                         Actions& out) = 0;
  // An error code to answer with, or nothing: then the hand-over is under way, or done already.
  virtual std::optional<wire::ErrorCode> on_join(const Now& now, const NodeId& from, Actions& out) = 0;
  virtual void on_join_answered(const Now& now, const NodeId& from, std::optional<wire::ErrorCode> error,
                                Actions& out) = 0;
  virtual void on_leave(const Now& now, const NodeId& from, const wire::ChordLeaveData& data,
                        Actions& out) = 0;
  virtual void on_leave_answered(const Now& now, const NodeId& from, Actions& out) = 0;
  virtual void on_update_wanted(const Now& now, const NodeId& from, Actions& out) = 0;
  virtual void on_found(const Now& now, const RingId& point, const NodeId& owner, Actions& out) = 0;
  virtual void on_partition_answer(const Now& now, const NodeId& bootstrap, const NodeId& owner,
                                   Actions& out) = 0;
  // The number is StartHandOver's.
  virtual void on_hand_over_goes_on(const Now& now, std::uint64_t number) = 0;
  virtual void on_hand_over_done(const Now& now, std::uint64_t number, bool complete, Actions& out) = 0;

  virtual bool joined() const = 0;
  virtual bool waiting_to_be_admitted() const = 0;  // the range may become ours at any moment
  virtual bool responsible_for(const RingId& id) const = 0;
  // The next hop towards `id` (RFC 6940 §10.3); nothing when no peer is known.
  virtual std::optional<NodeId> next_hop(const RingId& id) const = 0;
  // Every peer that may be the next hop, in the order in which they would be chosen.
  virtual std::vector<NodeId> hops_towards(const RingId& id) const = 0;
  // Is `answerer` at least as close to `resource` as every peer that this one knows (RFC 6940 §6.3.4,
  // AMB-39)?
  virtual bool plausible_owner(const RingId& resource, const NodeId& answerer) const = 0;
  virtual bool is_peer(const NodeId& node) const = 0;  // has sent an Update: may be routed through
  // Nearer than the furthest neighbour on its side, or there is still room for neighbours.
  virtual bool wanted_as_neighbor(const NodeId& node) const = 0;
  virtual RingViewPtr view() const = 0;
  virtual std::vector<NodeId> fingers() const = 0;
  virtual std::string phase() const = 0;
  virtual double estimated_peers() const = 0;
  virtual std::uint32_t uptime_s(const Now& now) const = 0;
  virtual TableSizes tables() const = 0;
  // What Updates have listed and was not kept, since there was no room for it.
  virtual std::uint64_t listings_left_out() const = 0;
};

}  // namespace ringway::topology
