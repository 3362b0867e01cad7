#include "reload/data/holder_search.hpp"

#include <algorithm>
#include <cmath>

namespace ringway::data {

namespace {

// Distances between neighbours are spread exponentially: one in e^16 is longer than that. The estimate of
// the ring's size may be wrong by a factor of two.
constexpr double k_plausible_gaps = 16;
// The last is 2^7 times the average distance before the resource.
constexpr std::size_t k_most_before = 8;
// Peers know so many neighbours on each side.
constexpr unsigned k_neighbors_known = 4;
// Who comes before a holder that is no further from the one before is not asked.
constexpr double k_least_gap = 0.25;

double share_of_ring(const RingId& distance) {
  double share = 0;
  for (std::size_t i = 0; i < 8; ++i) share = share * 256 + distance.bytes[i];
  return share / std::ldexp(1.0, 64);
}

RingId distance_of_share(double share) {
  RingId distance;
  for (std::size_t i = 0; i < 6; ++i) {
    share *= 256;
    const double whole = std::min(std::floor(share), 255.0);
    distance.bytes[i] = static_cast<std::uint8_t>(whole);
    share -= whole;
  }
  return distance;
}

}  // namespace

RingId point_after(const NodeId& node) { return ring_add(node, ring_power_of_two(0)); }

HolderSearch::HolderSearch(const RingId& resource, SearchRules rules, double peers, Ways& ways)
    : resource_(resource), rules_(rules), peers_(std::max(peers, 1.0)), ways_(ways) {}

void HolderSearch::know(const RingId& point, const NodeId& owner) {
  known_.insert(owner);
  points_[point].known = true;
}

bool HolderSearch::plausible(const RingId& point, const NodeId& owner) const {
  return gaps_between(point, owner) <= k_plausible_gaps;
}

// As many peers are between on average.
double HolderSearch::gaps_between(const RingId& at, const NodeId& owner) const {
  return share_of_ring(ring_distance(at, owner)) * peers_;
}

std::optional<NodeId> HolderSearch::nearest(const RingId& point) const {
  if (known_.empty()) return std::nullopt;
  const auto at = known_.lower_bound(as_node(point));
  const NodeId& owner = at == known_.end() ? *known_.begin() : *at;
  if (!plausible(point, owner)) return std::nullopt;
  return owner;
}

bool HolderSearch::exhausted(const Point& point) const {
  return point.under_way == 0 && (point.no_more || point.asked >= rules_.at_most);
}

// The further off, the more likely is it that somebody between is being hidden.
unsigned HolderSearch::agreeing(const RingId& at, const NodeId& owner) const {
  return rules_.agreeing + rules_.further * static_cast<unsigned>(gaps_between(at, owner));
}

bool HolderSearch::settled(const RingId& at, const Point& point, const std::optional<NodeId>& owner) const {
  if (exhausted(point)) return true;
  if (!owner) return false;
  if (point.known) return true;
  const auto answers = point.answers.find(*owner);
  return answers != point.answers.end() && answers->second >= agreeing(at, *owner);
}

void HolderSearch::ask(const RingId& at, Point& point, std::vector<Question>& out) {
  while (point.under_way < rules_.at_once && point.asked < rules_.at_most && !point.no_more) {
    std::optional<Route> route;
    if (!rules_.usual_way_first || point.asked > 0) {
      route = ways_.to_point(point.taken, at);
      if (!route) {
        point.no_more = true;
        return;
      }
    }
    ++point.asked;
    ++point.under_way;
    out.push_back({What::owner, at, {}, std::move(route)});
  }
}

// Peers before the resource know the holders as their successors: they are witnesses and relays. Where ways
// come together at a liar before all of these, those further off have others.
bool HolderSearch::needs_more_before() const {
  if (before_.size() < rules_.witnesses) return true;
  if (complete() || rules_.witnesses == 0 || before_.size() >= k_most_before) return false;
  const bool asked = points_.at(before_.back()).asked > 1;
  const auto known = std::count_if(known_.begin(), known_.end(), [&](const NodeId& node) {
    return !silent_.contains(node) && plausible(node, as_node(resource_));
  });
  return asked && known < rules_.witnesses;
}

void HolderSearch::choose_guesses() {
  if (rules_.guesses == 0 || whole_ring_) return;
  const RingId gap = distance_of_share(1 / std::max(peers_, 2.0));
  double up_to = static_cast<double>(rules_.holders - holders_.size() + rules_.witnesses);
  if (!holders_.empty()) up_to += gaps_between(resource_, holders_.back());
  const auto first = static_cast<double>(rules_.guesses);
  up_to = keeps_guessing() ? std::max(up_to, first) : first;
  while (guesses_.size() < k_most_guesses && static_cast<double>(guesses_.size()) < up_to)
    guesses_.push_back(ring_add(guesses_.empty() ? resource_ : guesses_.back(), gap));
  if (needs_more_before()) {
    const double gaps = std::ldexp(1.0, static_cast<int>(before_.size()));
    before_.push_back(ring_subtract(resource_, distance_of_share(gaps / std::max(peers_, 2.0))));
  }
}

// So many ways have led to the peer after the point as there might be others between: none for the nearest.
bool HolderSearch::guessed_well(const RingId& at, const Point& point) const {
  const auto owner = nearest(at);
  if (!owner) return false;
  const auto answers = point.answers.find(*owner);
  const unsigned count = answers == point.answers.end() ? 0 : answers->second;
  return count >= static_cast<unsigned>(gaps_between(at, *owner));
}

bool HolderSearch::after_holders(const RingId& at) const {
  return complete() && gaps_between(resource_, holders_.back()) + static_cast<double>(rules_.witnesses) <
                           gaps_between(resource_, as_node(at));
}

bool HolderSearch::guess_at(const RingId& at, std::vector<Question>& out) {
  Point& point = points_[at];
  if (guessed_well(at, point)) return false;
  const unsigned at_once = point.asked == 0 ? 1 : 2;
  // Relays that have become known since are tried as well.
  const unsigned at_most = rules_.ways_to_guess + (complete() ? 0 : rules_.more_relays);
  while (point.under_way < at_once && point.asked < at_most) {
    auto route = point.asked < rules_.ways_to_guess ? ways_.to_point(point.taken, at)
                                                    : ways_.through_relay(point.taken, at);
    if (!route) break;
    ++point.asked;
    ++point.under_way;
    out.push_back({What::owner, at, {}, std::move(route)});
  }
  return point.under_way > 0;
}

// True while an answer is waited for.
bool HolderSearch::guess(std::vector<Question>& out) {
  bool waits = false;
  for (const RingId& at : before_) waits = guess_at(at, out) || waits;
  for (const RingId& at : guesses_)
    if (!after_holders(at)) waits = guess_at(at, out) || waits;
  return waits && keeps_guessing();
}

// Goes along the chain of holders as it looks now. Who comes after a peer that may still turn out not to be
// one is asked for already: mostly it is one.
std::vector<HolderSearch::Question> HolderSearch::next() {
  std::vector<Question> out;
  if (done_) return out;
  bool open = false;
  bool all_from_before = rules_.holders > 1;  // of the replicas
  holders_.clear();
  whole_ring_ = false;
  RingId at = resource_;
  while (holders_.size() < rules_.holders) {
    Point& point = points_[at];
    const auto owner = nearest(at);
    all_from_before = all_from_before && (point.known || at == resource_);
    if (!settled(at, point, owner)) {
      ask(at, point, out);
      open = open || !exhausted(point);
    }
    if (!owner) break;
    if (std::find(holders_.begin(), holders_.end(), *owner) != holders_.end()) {
      whole_ring_ = true;
      break;
    }
    holders_.push_back(*owner);
    at = point_after(*owner);
  }
  if ((open && !complete()) || !guesses_.empty()) choose_guesses();
  open = guess(out) || open;
  // What is known from before was not contradicted then.
  if (!all_from_before || !complete()) open = ask_witnesses(out) || open;
  done_ = !open;
  return out;
}

bool HolderSearch::ask(ToNode& state, Question question, std::vector<Question>& out) {
  const bool named = question.what == What::presence;
  const unsigned at_once = named && state.asked > 0 ? 2 : 1;
  const unsigned at_most = named ? rules_.ways_to_named : rules_.ways_to_witness;
  while (state.under_way < at_once && !state.ended && state.asked < at_most) {
    question.route = ways_.to_node(state.taken, question.node, state.by);
    if (!question.route) {
      state.ended = true;
      break;
    }
    ++state.asked;
    ++state.under_way;
    out.push_back(question);
  }
  return state.under_way > 0;
}

// Those who come right after it, and those right before the resource; the silent are passed over.
std::vector<NodeId> HolderSearch::witnesses_of(const NodeId& holder) const {
  std::vector<NodeId> witnesses;
  const auto add = [&](const NodeId& node) {
    const auto asked = witnesses_.find({holder, node});
    const bool answers = asked == witnesses_.end() ? !silent_.contains(node) : !asked->second.silent;
    if (answers && std::find(witnesses.begin(), witnesses.end(), node) == witnesses.end())
      witnesses.push_back(node);
  };
  NodeId node = holder;
  for (unsigned i = 0; i < k_neighbors_known && witnesses.size() < rules_.witnesses; ++i) {
    const auto next = nearest(point_after(node));
    if (!next || *next == holder) break;
    node = *next;
    add(node);
  }
  const std::size_t after = witnesses.size();
  auto before = known_.lower_bound(as_node(resource_));
  for (unsigned i = 0; i < k_neighbors_known && witnesses.size() < after + rules_.witnesses; ++i) {
    if (known_.empty()) break;
    before = std::prev(before == known_.begin() ? known_.end() : before);
    if (!plausible(*before, as_node(resource_))) break;
    if (*before != holder) add(*before);
  }
  return witnesses;
}

// The holder itself knows who comes before it, but says so of points only that are not its own.
bool HolderSearch::ask_about_gap(const NodeId& holder, std::vector<Question>& out) {
  const auto at = known_.find(holder);
  const NodeId& before = at == known_.begin() ? *known_.rbegin() : *std::prev(at);
  RingId from = before;
  if (ring_distance(resource_, before) > ring_distance(resource_, holder)) from = resource_;
  const double gap = gaps_between(from, holder);
  if (gap < k_least_gap || silent_.contains(holder)) return false;
  const RingId middle = ring_add(from, distance_of_share(gap / 2 / peers_));
  return ask(witnesses_[{as_node(middle), holder}], {What::before, middle, holder, {}}, out);
}

// When the last one before the resource passes nothing on, those before that one have links past it.
bool HolderSearch::ask_before_resource(std::vector<Question>& out) {
  const auto at = known_.lower_bound(as_node(resource_));
  if (known_.empty()) return false;
  const NodeId last = *std::prev(at == known_.begin() ? known_.end() : at);
  if (!plausible(last, as_node(resource_))) return false;
  bool waits = false;
  for (const NodeId& witness : witnesses_of(last))
    waits = ask(witnesses_[{last, witness}], {What::before, last, witness, {}}, out) || waits;
  return waits;
}

// True while an answer is awaited.
bool HolderSearch::ask_witnesses(std::vector<Question>& out) {
  if (rules_.witnesses == 0) return false;
  bool waits = false;
  for (const NodeId& holder : holders_) {
    waits = ask_about_gap(holder, out) || waits;
    for (const NodeId& witness : witnesses_of(holder))
      waits = ask(witnesses_[{holder, witness}], {What::before, holder, witness, {}}, out) || waits;
  }
  if (!complete()) waits = ask_before_resource(out) || waits;
  for (auto& [node, state] : named_) {
    if (known_.contains(node)) state.ended = true;
    waits = ask(state, {What::presence, {}, node, {}}, out) || waits;
  }
  return waits;
}

// Between the resource and the holders, or right before it: a holder perhaps, a witness and relay there.
bool HolderSearch::is_helper(const NodeId& node) const {
  return gaps_between(node, as_node(resource_)) <= static_cast<double>(k_neighbors_known);
}

HolderSearch::ToNode& HolderSearch::state_of(const Question& question) {
  if (question.what == What::presence) return named_[question.node];
  return witnesses_[{as_node(question.point), question.node}];
}

void HolderSearch::answered(const Question& question, const std::optional<NodeId>& owner) {
  if (question.what == What::owner) return point_answered(question, owner);
  ToNode& state = state_of(question);
  --state.under_way;
  if (!owner) {
    ways_.failed(*question.route, question.node);
    if (question.what == What::before && state.asked > 1) {
      state.silent = true;
      silent_.insert(question.node);
    }
    return;
  }
  state.ended = true;
  ways_.reached(question.node, *question.route);
  if (question.what == What::presence) {
    known_.insert(question.node);
  } else if (!known_.contains(*owner) &&
             (is_helper(*owner) ||
              ring_distance(resource_, *owner) < ring_distance(resource_, question.point))) {
    if (const auto [named, added] = named_.try_emplace(*owner); added) named->second.by = question.node;
  }
}

void HolderSearch::point_answered(const Question& question, const std::optional<NodeId>& owner) {
  Point& point = points_[question.point];
  --point.under_way;
  if (!owner || !plausible(question.point, *owner)) {
    if (question.route) ways_.failed(*question.route);
    return;
  }
  known_.insert(*owner);
  if (!question.route) {
    ++point.answers[*owner];
    return;
  }
  ways_.reached(*owner, *question.route);
  // Relays are near to each other: only those who came by a first hop of their own agree.
  if (question.route->relays.empty()) ++point.answers[*owner];
  if (nearest(question.point) != owner) return ways_.failed(*question.route);
  // Whoever was named before, and is further off, was not the right one.
  std::erase_if(point.answered_ways, [&](const auto& before) {
    if (before.second != *owner) ways_.failed(before.first);
    return before.second != *owner;
  });
  point.answered_ways.emplace_back(*question.route, *owner);
}

void HolderSearch::no_way(const Question& question) {
  if (question.what != What::owner) {
    ToNode& state = state_of(question);
    --state.under_way;
    --state.asked;
    return ways_.end_at(question.route->rank);
  }
  Point& point = points_[question.point];
  --point.under_way;
  --point.asked;
  if (question.route) {
    ways_.end_at(question.route->rank);
  } else {
    point.no_more = true;
  }
}

std::vector<HolderCache::Fact> HolderSearch::facts() const {
  std::vector<HolderCache::Fact> facts;
  for (const auto& [at, point] : points_) {
    const auto owner = nearest(at);
    if (!owner || point.known) continue;
    const auto answers = point.answers.find(*owner);
    if (answers != point.answers.end() && answers->second >= agreeing(at, *owner))
      facts.push_back({at, *owner, answers->second});
  }
  return facts;
}

}  // namespace ringway::data
