// Connections with other peers (RFC 7904 §5.1): from a destination list to a flow of the SIP element. The
// overlay carries an AppAttach there; whoever answers it connects to this peer (RFC 6940 §6.5.2), and has to
// be the node that was asked. The other way round this peer connects to who has asked. Sans I/O: the driver
// has the sockets (connections that are up have shown the certificates of their nodes) and routing.
//
// Who connects without having been asked is not listened to: a peer that wants to speak sends an AppAttach.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "reload/deadline.hpp"
#include "reload/routing/messages.hpp"
#include "reload/table_size.hpp"
#include "reload/time.hpp"
#include "sip-usage/element/events.hpp"

namespace ringway::sip::peers {

using element::FlowId;
using element::OpenId;

inline constexpr std::uint16_t k_sip_application = 5060, k_sips_application = 5061;
inline constexpr const char* k_protocol_name = "sip/2";  // of ALPN, as registered for SIP

inline constexpr std::size_t k_max_opens = 1024;  // wishes that wait for their connection
inline constexpr std::size_t k_max_expected =
    1024;                                         // connections that may still come, and are not waited for
inline constexpr std::size_t k_max_unknown = 64;  // that have come before the answer that names them
inline constexpr std::size_t k_max_flows_per_node = 4;  // past it this peer does not connect when it is asked
inline constexpr Duration k_open_time{15'000};
inline constexpr Duration k_unknown_time{5'000};

// A connection that is up: what its certificate says.
struct Arrived {
  FlowId flow{};
  std::vector<NodeId> nodes;
  std::vector<std::string> users;
  bool opened_here = false;
};

// Connect to that node; PeerConnections::connecting() says what came of it.
struct Connect {
  std::uint16_t application = 0;
  NodeId node;
  std::vector<wire::IpAddressPort> addresses;
};
struct Close {
  FlowId flow{};
  std::string reason;
};
// For routing, for the sockets, for the element.
using Output = std::variant<routing::SendAppAttach, routing::DropAppAttach, routing::AppConnectEnded, Connect,
                            Close, element::Input>;

struct PeerCounters {
  std::uint64_t opened = 0;         // wishes that came true
  std::uint64_t open_failed = 0;    // wishes that did not
  std::uint64_t accepted = 0;       // connections that others have asked for
  std::uint64_t refused_asked = 0;  // these, when there is no room
  std::uint64_t uninvited = 0;      // who has connected without having been asked
};

class PeerConnections {
 public:
  void open(MonoTime now, element::OpenPeer wish);
  // Of routing.
  void on_event(MonoTime now, routing::ApplicationEvent event);
  // What became of a Connect; no flow: there is no room for one.
  void connecting(const Connect& wish, std::optional<FlowId> flow);
  // Of the sockets.
  void on_up(MonoTime now, Arrived arrived);
  void on_received(element::Received received);
  void on_drained(FlowId flow);
  void on_down(FlowId flow, const std::string& reason);
  void on_timer(MonoTime now);

  Deadline next_wake() const;
  std::vector<Output> take_outputs() { return std::exchange(outputs_, {}); }
  const PeerCounters& counters() const { return counters_; }
  TableSizes tables() const;

 private:
  struct Open {
    OpenId open{};
    std::optional<NodeId> node;  // who is to connect; none: the answer will tell
    bool is_answered = false;
    MonoTime deadline;
  };
  struct Expected {
    NodeId node;
    MonoTime deadline;
  };
  // Nobody knows yet whether it was asked for.
  struct Unknown {
    Arrived arrived;
    MonoTime deadline;
    std::vector<element::Received> received;  // bounded by the flow's credit
  };
  using Opens = std::map<std::uint64_t, Open>;

  void on(MonoTime now, routing::AppConnect& asked);
  void on(MonoTime now, routing::AppAttachDone& done);
  void fail(Opens::iterator open, std::string reason);
  std::optional<NodeId> why_it_comes(const Arrived& arrived);
  bool may_be_asked_for() const;
  void greet(MonoTime now, Arrived arrived, const NodeId& node);
  void look_at_unknown(MonoTime now);
  void refuse(FlowId flow);
  std::size_t flows_of(const NodeId& node) const;

  Opens opens_;  // by the token of the AppAttach
  std::uint64_t last_token_ = 0;
  std::deque<Expected> expected_;                                  // the first ends first
  std::map<FlowId, std::pair<std::uint16_t, NodeId>> connecting_;  // bounded by routing
  std::map<FlowId, Unknown> unknown_;
  std::map<FlowId, NodeId> up_;  // told of; bounded by the sockets
  std::vector<Output> outputs_;
  PeerCounters counters_;
};

}  // namespace ringway::sip::peers
