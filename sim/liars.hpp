// Peers that lie, as insiders do: with the key and certificate of a node of the overlay. They keep the ring
// with the others, as it pays to be in it, and cheat on what is read and on what goes through their hands.
// What they send is changed on its way into the network; their own components go on in good faith.
#pragma once

#include <map>
#include <memory>
#include <string_view>
#include <vector>

#include "reload/security/signer.hpp"
#include "sim/simulation.hpp"

namespace ringway::sim {

enum class Lie {
  drop,      // passes nothing on for others, and does not answer who reads
  deny,      // passes on, but says that nothing is stored here
  stale,     // passes on, but shows what it held when it became a liar
  misroute,  // answers for any resource itself, as if it were responsible; requests to nodes it drops
  collude,   // as misroute, but in the name of the liar that is nearest to the resource
  block,     // passes on nothing at all: neither Joins nor Stores nor reads
  list,      // passes on, but lists what is not there, and what is there as newer and huge; of what is asked
             // for then it gives little, and slowly
};
inline constexpr std::size_t k_kinds_of_lies = 5;  // of these that let the ring stand

class Liars {
 public:
  explicit Liars(Simulation& simulation) : simulation_(simulation) {}

  // From now on that peer lies so. Those that collude know of each other.
  void add(PeerNumber peer, Lie lie);
  void all_honest();
  bool contains(PeerNumber peer) const { return liars_.contains(peer); }
  std::size_t size() const { return liars_.size(); }

 private:
  using Messages = std::vector<SharedBytes>;
  struct Liar {
    Lie lie = Lie::drop;
    std::shared_ptr<const security::Signer> signer;
    std::map<Bytes, wire::StoredData> held_once;  // by dictionary key
    bool has_listed = false;
    std::size_t parts = 0;  // asked for since then
  };

  Messages says(PeerNumber peer, Liar& liar, PeerNumber to, const SharedBytes& message);
  Messages passes_on(PeerNumber peer, const Liar& liar, const wire::ParsedHeader& parsed,
                     const SharedBytes& message);
  KindId kind_asked_for(const SharedBytes& message) const;
  Messages answers(const Liar& liar, const SharedBytes& message) const;
  Messages lists(Liar& liar, const SharedBytes& message) const;
  Messages gives_slowly(PeerNumber peer, Liar& liar, PeerNumber to, const SharedBytes& message) const;
  const security::Signer& nearest_to(const RingId& point) const;
  std::map<Bytes, wire::StoredData> all_held_by(PeerNumber peer) const;
  PeerNumber number_of(const NodeId& node) const;

  Simulation& simulation_;
  std::map<PeerNumber, Liar> liars_;
};

}  // namespace ringway::sim
