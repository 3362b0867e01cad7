// The links between the peers of a simulation, in memory: a reliable stream each way, with a seeded delay.
// Losing a packet of a stream costs time, not the message; what can be lost are links (reset or gone quiet)
// and, in the unreliable mode, whole messages, which may also come twice or late, to exercise what repeats
// and recognises them end to end.
//
// A link appears at both ends after a handshake; each end knows it by a LinkId of its own.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "reload/routing/messages.hpp"
#include "sim/seeded_random.hpp"
#include "sim/trace.hpp"
#include "sim/virtual_clock.hpp"

namespace ringway::sim {

using PeerNumber = std::size_t;

struct NetworkSettings {
  std::int64_t delay_min_us = 500;  // one way
  std::int64_t delay_max_us = 5'000;
  double packet_loss = 0;  // a message whose packet is lost comes later by packet_loss_costs_us
  std::int64_t packet_loss_costs_us = 200'000;
  // The unreliable mode, for each message: it never comes; it comes twice; others overtake it.
  double message_drop = 0;
  double message_duplication = 0;
  double message_reordering = 0;
  std::int64_t reordering_max_us = 100'000;  // so late, at most, comes a message that others overtake
  double link_failure = 0;                   // for each message: the link is reset instead of carrying it
  std::int64_t connect_timeout_us = 5'000'000;
  // A path that has gone silent: how long until an idle link notices, until one with traffic does, and until
  // the link is given up after that (RFC 6940 §6.6.5). Idle: with the 5 s for which a suspected peer stays in
  // the tables, as long as the system's keep-alives take to end the link (net/sockets.cpp).
  std::int64_t idle_notice_us = 6'000'000;
  std::int64_t traffic_notice_us = 1'000'000;
  std::int64_t give_up_us = 30'000'000;
};

// A peer as the network sees it.
class Endpoint {
 public:
  virtual ~Endpoint() = default;
  virtual PeerNumber number() const = 0;
  virtual wire::IpAddressPort address() const = 0;  // IPv4
  virtual const security::CertificatePtr& certificate() const = 0;
  // In a handshake: is the other's certificate good?
  virtual bool trusts(const security::Certificate& other) const = 0;
  virtual void link_event(routing::Input event) = 0;  // LinkUp, LinkDown, LinkSuspected, LinkMessage
};

// How a peer disappears.
enum class Death {
  reset,   // its machine still runs: the neighbours' links are reset
  silent,  // its machine is gone: nobody says anything
};

struct NetworkCounters {
  std::uint64_t links_made = 0, links_refused = 0, messages = 0, bytes = 0, dropped = 0, resets = 0;
  std::uint64_t duplicated = 0, reordered = 0;
};

// What a peer's links have carried away from it.
struct Traffic {
  std::uint64_t messages = 0, bytes = 0;
};

class Network {
 public:
  Network(VirtualClock& clock, Trace& trace, NetworkSettings settings, std::uint64_t seed);

  // Room for so many peers, when it is known beforehand.
  void reserve(std::size_t peers);
  // From now on the endpoint can be reached at its address.
  void attach(const std::shared_ptr<Endpoint>& endpoint);
  // The endpoint is gone; it gets no event any more.
  void detach(PeerNumber peer, Death how);

  void open(PeerNumber from, routing::OpenLink command);
  void transmit(PeerNumber from, routing::Transmit command);
  void close(PeerNumber from, const routing::CloseLink& command);

  // Peers reach each other within a group only; a peer that is not named is in group 0.
  void partition(std::map<PeerNumber, int> groups);
  // One way only: what `from` sends does not arrive at `to` any more. The other way does, but `from` cannot
  // acknowledge it, so that both ends find the link silent in the end, and no new one comes about.
  void cut(PeerNumber from, PeerNumber to);
  // Ends every partition and every cut.
  void heal();

  // Of a liar: what goes out instead of a message (nothing, it, others). It sees all that the peer sends.
  using Tampering = std::function<std::vector<SharedBytes>(PeerNumber to, const SharedBytes& message)>;
  void tamper(PeerNumber from, Tampering tampering) { tampering_[from] = std::move(tampering); }
  void be_honest(PeerNumber from) { tampering_.erase(from); }
  // A message that the peer's own components have not sent, over its link to that one; false: there is none.
  bool inject(PeerNumber from, PeerNumber to, SharedBytes message);

  // A link that stands at once, without a handshake and without a word to its ends: to build rings that are
  // too large to grow.
  void stand(PeerNumber a, PeerNumber b);
  struct LinkEnd {
    link::LinkId id;
    PeerNumber other = 0;
    bool accepted = false;  // the other end has connected
  };
  std::vector<LinkEnd> links_of(PeerNumber peer);

  NetworkSettings& settings() { return settings_; }
  const NetworkCounters& counters() const { return counters_; }
  std::size_t links_up() const { return links_.size() - free_.size(); }
  Traffic traffic_of(PeerNumber peer) const {
    return peer < places_.size() ? places_[peer].traffic : Traffic{};
  }

 private:
  // There are very many of these: each byte counts.
  struct End {
    std::int64_t last_arrival_us = 0;  // keeps what comes to this end in order
    std::uint32_t peer = 0;
    bool up = false;
    bool suspected = false;
    bool quiet = false;  // has a Silence
  };
  // Of an end whose path has been silent, and that has begun to notice.
  struct Silence {
    std::int64_t since_us = 0;
    std::vector<SharedBytes> held;  // from this end
  };
  struct Link {
    std::array<End, 2> ends;
    std::uint32_t number = 0;  // grows over all links; 0: nobody's place
    std::uint16_t application_id = k_no_application;
    bool closing = false;

    std::optional<routing::Application> application() const;
  };
  // One end of a link, as long as it is the same link.
  struct Side {
    std::uint32_t slot = 0;
    std::uint32_t number = 0;
    std::uint32_t index = 0;
    Side other() const { return {slot, number, 1 - index}; }
    std::uint32_t end_number() const {
      return slot << 1U | index;
    }  // as long as the link is there, only its own
  };
  struct Place {
    std::weak_ptr<Endpoint> endpoint;
    std::vector<std::uint32_t> ends;  // of its links, up or not: Side::end_number()
    Traffic traffic;
    bool gone_silent = false;
  };
  // A message under way.
  struct Flight {
    Side to;
    SharedBytes message;
  };
  using Flights = std::list<Flight>;
  static constexpr std::uint16_t k_no_application = 0;  // a RELOAD link; no Application-ID is 0
  // Of an end's list in its Place. Few at a time: half of a table that doubles is empty on average.
  static constexpr std::size_t k_ends_grow_by = 8;

  Link* link(const Side& side);
  // Null when the link has gone for good.
  End* near(const Side& side);
  End* far(const Side& side) { return near(side.other()); }
  bool is_up(const Side& side);
  bool quiet_since(const Side& side, std::int64_t since_us);
  static link::LinkId id_of(const Side& side);
  Side new_link(PeerNumber a, PeerNumber b);
  void free_link(const Side& side);
  Place& place(PeerNumber peer);
  std::vector<Side> sides_of(PeerNumber peer);

  bool reaches(PeerNumber from, PeerNumber to) const;
  bool reachable(PeerNumber a, PeerNumber b) const { return reaches(a, b) && reaches(b, a); }
  void paths_changed();
  std::shared_ptr<Endpoint> endpoint(PeerNumber peer) const;
  // Who has attached there, alive or not.
  std::optional<PeerNumber> listening_at(const wire::IpAddressPort& address) const;
  std::optional<Side> find(PeerNumber peer, link::LinkId id);
  std::int64_t delay_us();
  // When something sent to this end now arrives: never before what was sent earlier.
  std::int64_t arrival_us(const Side& to, std::int64_t delay_us);

  void try_address(PeerNumber from, const std::shared_ptr<routing::OpenLink>& command, std::size_t index);
  void refuse(PeerNumber from, std::uint64_t attempt, std::string reason, std::int64_t delay_us);
  void connect(PeerNumber from, PeerNumber to, const routing::OpenLink& command);
  void announce(const Side& side, std::uint64_t attempt);
  void pass(const Side& side, SharedBytes message);
  void carry(const Side& from, SharedBytes bytes);
  void land(Flights::iterator flight);
  void bring_down(const Side& side, const std::string& reason, std::int64_t delay_us);
  void take_down_now(const Side& side, const std::string& reason);
  void watch_silence(const Side& side, std::int64_t notice_us);
  void notice_silence(const Side& side, std::int64_t since_us);
  void path_restored(const Side& side);
  void deliver(PeerNumber to, std::uint64_t what, routing::Input event);

  VirtualClock& clock_;
  Trace& trace_;
  NetworkSettings settings_;
  SeededRandom random_;
  std::vector<Place> places_;  // by PeerNumber
  // By their addresses as numbers: peers come with growing ones, so that a new one is mostly the last.
  struct Listener {
    std::uint64_t address = 0;
    std::uint32_t peer = 0;
  };
  std::vector<Listener> listeners_;
  std::map<PeerNumber, int> groups_;
  std::set<std::pair<PeerNumber, PeerNumber>> cuts_;  // from, to
  std::map<PeerNumber, Tampering> tampering_;
  std::deque<Link> links_;
  std::unordered_map<std::uint32_t, Silence> silences_;  // by Side::end_number()
  std::vector<std::uint32_t> free_;                      // of links_
  std::uint32_t last_link_ = 0;
  Flights flights_;
  NetworkCounters counters_;
};

}  // namespace ringway::sim
