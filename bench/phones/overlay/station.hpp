// A simulated peer that serves a phone: its SIP element and its connections with other peers, on the virtual
// clock, with the peer's own storage and routing for what they ask of the overlay. What the actors do between
// real sockets (actors/sip_actor, sip_peers) is done here between simulated ones.
//
// Modelled: a connection with another peer takes the one-way times of a TCP and a TLS 1.3 handshake (no time
// for their cryptography), and each piece on it one such time, drawn as those of the overlay's links are. The
// phone is at its peer, without a way between them.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "sim/seeded_random.hpp"
#include "sim/simulation.hpp"
#include "sip-usage/element/element.hpp"
#include "sip-usage/peers/peer_connections.hpp"

namespace ringway::bench {

class Station;

// What all stations share: who is where, and the ways between them.
struct Stations {
  sim::Simulation& simulation;
  sim::SeededRandom random;
  std::map<NodeId, Station*> by_node;
  std::map<sim::PeerNumber, std::unique_ptr<Station>> by_peer;
  std::uint64_t last_flow = 1;  // the first is each station's phone

  explicit Stations(sim::Simulation& of) : simulation(of), random(of.seed(), "stations") {}
  Station& at(sim::PeerNumber peer);  // made when it is not there yet
  std::int64_t one_way_us();
};

class Station {
 public:
  Station(Stations& all, sim::PeerNumber peer);
  Station(const Station&) = delete;
  Station& operator=(const Station&) = delete;

  const std::string& user() const { return user_; }  // without the domain
  std::string phone_address() const { return "127.0.0.1:4000"; }

  void phone_says(const std::string& octets);
  // What the phone gets; 100 is left out.
  std::function<void(const std::string&)> phone_hears;

  // When what was asked of the overlay last was asked, and was there; virtual microseconds.
  struct Times {
    std::int64_t fetch_us = 0, fetched_us = 0;  // the callee's registration
    std::int64_t open_us = 0, up_us = 0;        // a connection: AppAttach, its answer, handshakes
  };
  const Times& times() const { return times_; }

 private:
  using Input = sip::element::Input;
  using FlowId = sip::element::FlowId;
  struct Far {  // the other end of a connection
    Station* station = nullptr;
    FlowId flow{};
    std::int64_t last_arrival_us = 0;
  };

  std::int64_t now_us() const;
  MonoTime now() const;
  sim::SimPeer& own_peer() const;
  // Within a step, one at a time and in their order, as messages of a mailbox.
  void enqueue(std::function<void()> event);
  void handle(Input input);
  void end_turn();
  void want_timer();

  void on_routing(routing::ApplicationEvent event);
  bool settle();
  void carry_out(const sip::peers::Connect& wish);
  void carry_out(const sip::peers::Close&) {}
  void carry_out(Input& input);
  void connect(Station& other, FlowId here);
  void arrive(FlowId flow, const SharedBytes& octets);

  void perform(sip::element::Send& send);
  void perform(sip::element::OpenPeer& open);
  void perform(sip::element::FetchFromOverlay& fetch);
  void perform(sip::element::StoreRegistration& store);
  template <typename Other>
  void perform(Other&) {}  // nothing here depends on it
  void submit(data::Call call, std::function<Input(const data::CallResult&)> answer);

  Stations& all_;
  const sim::PeerNumber peer_;
  const std::string user_;
  std::unique_ptr<sip::element::Element> element_;
  sip::peers::PeerConnections connections_;
  std::map<FlowId, Far> far_;
  std::deque<std::function<void()>> queue_;
  Deadline timer_;
  Times times_;
};

}  // namespace ringway::bench
