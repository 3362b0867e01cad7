// Who holds a resource (RFC 6940 §10.4: its responsible peer and that one's next successors), found out by a
// peer that is none of them: it pings the resource's point, then the point right after whoever answers, and
// so on. Each answer is signed by who gives it, with a Node-ID out of its certificate. So nobody can make
// itself nearer to a point than it is: of all who answer, the nearest after the point is the right one, or
// the right one has not been reached. A liar can only keep others from being found, and that on its own way
// only; what differs from way to way is decided by the ring itself.
//
// But all ways to a point end at the peer right before it (RFC 6940 §10.3): when that one lies, whoever comes
// next is hidden on all of them. So witnesses may be asked as well: peers further on, who know the holders as
// their predecessors, say whom they would send what is for a holder to (RouteQuery, §6.4.2.4): it is the one
// before it. Nobody is believed to be there before it has answered itself.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "reload/data/holder_cache.hpp"
#include "reload/data/ways.hpp"
#include "reload/ids.hpp"
#include "reload/time.hpp"

namespace ringway::data {

struct SearchRules {
  std::size_t holders = 3;  // 1 + replicas
  // Of one point: how many ways are under way at a time and are taken at most, and how many have to lead to
  // the same peer, which is then believed; `further` more for each average distance that it is off.
  unsigned at_once = 1;
  unsigned at_most = 3;
  unsigned agreeing = 1;
  unsigned further = 0;
  // The first ping of a point goes where routing would send it, not along a way of its own.
  bool usual_way_first = true;
  // Besides, so many points are pinged at once, as far apart as peers are on average, so that most of the
  // stretch is known after one round trip.
  unsigned guesses = 0;
  // Of each such point: with more than one way the next is taken until the peer that comes after the point is
  // known, or likely enough, and there are points as far as the holders go, with those that are still missing
  // (k_most_guesses at most).
  unsigned ways_to_guess = 1;
  unsigned more_relays = 0;  // after these ways, while holders are missing
  // And so many witnesses on either side tell who comes before each holder, each asked along so many ways at
  // most; as many points before the resource are pinged to find those on that side.
  unsigned witnesses = 0;
  unsigned ways_to_witness = 3;
  unsigned ways_to_named = 8;  // of a peer that a witness names
};

class HolderSearch {
 public:
  enum class What {
    owner,     // who is responsible for `point`: a Ping to it
    before,    // who comes before `point`, a Node-ID, as `node` knows it: a RouteQuery
    presence,  // is `node` there: a Ping
  };
  struct Question {
    What what = What::owner;
    RingId point;
    NodeId node;
    std::optional<Route> route;  // none: the usual way
  };

  // `peers`: in the ring, estimated. Whoever answers from further off than k_plausible_gaps times the average
  // distance is not believed.
  HolderSearch(const RingId& resource, SearchRules rules, double peers, Ways& ways);

  // What is known from before, and believed.
  void know(const RingId& point, const NodeId& owner);
  // It was responsible for the resource; whether it still is has to be found out.
  void expect(const NodeId& owner) { known_.insert(owner); }
  // What to ask now.
  std::vector<Question> next();
  // How a question has ended. An owner of nothing: no answer.
  void answered(const Question& question, const std::optional<NodeId>& owner);
  // The question could not be put: there is no such way.
  void no_way(const Question& question);

  bool done() const { return done_; }
  // No further questions: time is up.
  void stop() { done_ = true; }
  // The nearest first. Fewer than asked for in a ring that has no more, or when the others cannot be found.
  const std::vector<NodeId>& holders() const { return holders_; }
  // They go all around: there are no others.
  bool whole_ring() const { return whole_ring_; }
  // What has been found out, for a cache.
  std::vector<HolderCache::Fact> facts() const;

 private:
  struct Point {
    Ways::Taken taken;
    unsigned asked = 0, under_way = 0;
    bool no_more = false;                                 // ways
    std::map<NodeId, unsigned> answers;                   // how many ways have led to each
    std::vector<std::pair<Route, NodeId>> answered_ways;  // and to whom; those that proved wrong go
    bool known = false;                                   // from before
  };

  // A question to one node: it is asked along one way after the other.
  struct ToNode {
    Ways::Taken taken;
    unsigned asked = 0, under_way = 0;
    bool ended = false, silent = false;
    std::optional<NodeId> by;  // has named it
  };

  std::optional<NodeId> nearest(const RingId& point) const;
  bool plausible(const RingId& point, const NodeId& owner) const;
  bool settled(const RingId& at, const Point& point, const std::optional<NodeId>& owner) const;
  double gaps_between(const RingId& at, const NodeId& owner) const;
  unsigned agreeing(const RingId& at, const NodeId& owner) const;
  bool exhausted(const Point& point) const;
  void ask(const RingId& at, Point& point, std::vector<Question>& out);
  void choose_guesses();
  bool needs_more_before() const;
  bool complete() const { return whole_ring_ || holders_.size() >= rules_.holders; }
  bool keeps_guessing() const { return rules_.ways_to_guess > 1; }
  bool guess(std::vector<Question>& out);
  bool guess_at(const RingId& at, std::vector<Question>& out);
  bool guessed_well(const RingId& at, const Point& point) const;
  bool after_holders(const RingId& at) const;
  bool ask_witnesses(std::vector<Question>& out);
  std::vector<NodeId> witnesses_of(const NodeId& holder) const;
  bool ask_before_resource(std::vector<Question>& out);
  bool ask_about_gap(const NodeId& holder, std::vector<Question>& out);
  bool is_helper(const NodeId& node) const;
  bool ask(ToNode& state, Question question, std::vector<Question>& out);
  ToNode& state_of(const Question& question);
  void point_answered(const Question& question, const std::optional<NodeId>& owner);

  RingId resource_;
  SearchRules rules_;
  double peers_;
  Ways& ways_;
  std::map<RingId, Point> points_;
  std::set<NodeId> known_;                                 // have answered, whatever the point
  std::map<std::pair<NodeId, NodeId>, ToNode> witnesses_;  // of a holder; by holder and witness
  std::map<NodeId, ToNode> named_;                         // by a witness
  std::set<NodeId> silent_;                                // have not answered as witnesses
  std::vector<NodeId> holders_;
  std::vector<RingId> guesses_, before_;  // some of points_: from the resource on, and before it
  bool whole_ring_ = false;
  bool done_ = false;
};

inline constexpr std::size_t k_most_guesses = 16;

// The place right after a node: whoever is responsible for it comes next in the ring.
RingId point_after(const NodeId& node);

}  // namespace ringway::data
