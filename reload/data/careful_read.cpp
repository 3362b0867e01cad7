#include "reload/data/careful_read.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace ringway::data {

namespace {

// A liar that stays silent costs one deadline, so with disjoint ways those are short; several are under way.
struct Patience {
  Duration deadline;
  unsigned at_once;  // of one holder, after the first
  unsigned at_most;
};
constexpr Patience k_quorum{Duration{4'000}, 1, 2};
constexpr Patience k_disjoint{Duration{2'000}, 2, 9};

// Each is along another way and so finds a peer that liars on the ways before would hide.
constexpr unsigned k_fewest_guesses = 6;

// The same that has come is better than one that is only listed.
bool is_better(const HeldItem& one, const HeldItem& other) {
  const std::uint64_t time_ms = one.entry.storage_time_ms, other_ms = other.entry.storage_time_ms;
  return time_ms > other_ms || (time_ms == other_ms && one.listed_bytes == 0 && other.listed_bytes > 0);
}

SearchRules rules_of(Consistency consistency, std::size_t wanted) {
  if (consistency == Consistency::disjoint) return disjoint_search(wanted);
  SearchRules rules;
  rules.holders = wanted;
  rules.guesses = static_cast<unsigned>(wanted);
  return rules;
}

}  // namespace

SearchRules disjoint_search(std::size_t holders) {
  SearchRules rules;
  rules.holders = holders;
  rules.at_once = 3;
  rules.at_most = 12;
  rules.agreeing = 2;
  rules.further = 1;
  rules.witnesses = 2;
  rules.ways_to_guess = 6;
  rules.more_relays = 4;
  rules.guesses = std::max(static_cast<unsigned>(holders), k_fewest_guesses);
  rules.usual_way_first = false;
  return rules;
}

CarefulRead::CarefulRead(const Now& now, Consistency consistency, const RingId& resource, std::size_t wanted,
                         double peers, HolderCache& cache)
    : started_(now.mono),
      consistency_(consistency),
      resource_(resource),
      wanted_(wanted),
      peers_(peers),
      cache_(cache) {
  begin_search(now, true);
}

void CarefulRead::holders_are(std::vector<NodeId> holders) {
  search_.reset();
  from_cache_ = false;
  expected_ = holders.size();
  for (const NodeId& node : holders) holders_.push_back(Holder(node));
}

// ---- searching

void CarefulRead::begin_search(const Now& now, bool with_cache) {
  const SearchRules rules = rules_of(consistency_, behind_ ? 2 * wanted_ - 1 : wanted_);
  search_.emplace(resource_, rules, peers_, ways_);
  from_cache_ = false;
  if (!with_cache) return;
  // Whether those who are known from before still come one after the other, all are asked at once: others may
  // have come in between, who alone hold what was written in another part of a ring that had fallen apart.
  // With disjoint that would be the whole search again; there only the first is asked.
  RingId at = resource_;
  for (std::size_t i = 0; i < wanted_; ++i) {
    const auto owner = cache_.owner_of(now.mono, at, rules.agreeing);
    if (!owner) return;
    if (i == 0 || !disjoint()) {
      search_->expect(*owner);
    } else {
      search_->know(at, *owner);
    }
    from_cache_ = true;
    at = point_after(*owner);
  }
}

void CarefulRead::end_search(const Now& now) {
  for (const auto& fact : search_->facts()) cache_.learn(now.mono, fact);
  for (const NodeId& node : search_->holders())
    if (holder_of(node) == nullptr) holders_.push_back(Holder(node));
  std::sort(holders_.begin(), holders_.end(), [&](const Holder& a, const Holder& b) {
    return ring_distance(resource_, a.node) < ring_distance(resource_, b.node);
  });
  whole_ring_ = search_->whole_ring();
  if (!behind_) expected_ = whole_ring_ ? search_->holders().size() : wanted_;
  search_.reset();
}

// Two have just joined, perhaps, and the disk of the third is damaged.
bool CarefulRead::looks_behind(const Now& now) {
  const bool nobody_is_sure = expected_ > 0 && answered() >= expected_ && certain() == 0;
  if (behind_ || whole_ring_ || !nobody_is_sure) return false;
  behind_ = true;
  begin_search(now, false);
  return true;
}

// ---- asking

std::vector<CarefulRead::Question> CarefulRead::next(const Now& now) {
  std::vector<Question> out;
  if (done_) return out;
  const Duration age = now.mono - started_;
  if (search_) {
    if (age >= k_careful_search_limit || last_number_ >= k_max_search_requests) search_->stop();
    for (const auto& question : search_->next()) {
      add({question, {}, question.route}, out);
    }
    if (!search_->done()) return out;
    end_search(now);
  }
  const bool in_time = age < k_careful_read_limit && last_number_ < k_max_careful_requests;
  const bool enough = is_enough(now);
  if (in_time && !enough) ask_holders(out);
  const bool waits = std::any_of(holders_.begin(), holders_.end(), [](const Holder& holder) {
    return !holder.answered && holder.under_way > 0;
  });
  if (!enough && waits) return out;
  if (in_time && looks_behind(now)) return next(now);
  // Those who are known from before have gone, perhaps.
  if (!enough && answered() < needed() && from_cache_ && in_time && !too_large_at_) {
    for (const Holder& holder : holders_)
      if (!holder.answered) cache_.forget(holder.node);
    std::erase_if(holders_, [](const Holder& holder) { return !holder.answered; });
    begin_search(now, false);
    return next(now);
  }
  // Where there are too few anyhow, nothing is fetched in vain.
  if (disjoint() || has_enough()) ask_parts(now, out);
  done_ = coming_.empty();
  return out;
}

void CarefulRead::ask_holders(std::vector<Question>& out) {
  const Patience& patience = disjoint() ? k_disjoint : k_quorum;
  for (Holder& holder : holders_) {
    const unsigned at_once = holder.failed ? patience.at_once : 1;
    while (!holder.answered && !holder.given_up && holder.under_way < at_once &&
           holder.asked < patience.at_most)
      ask(holder, out);
  }
}

void CarefulRead::ask(Holder& holder, std::vector<Question>& out) {
  std::optional<Route> route;
  if (holder.in_parts && holder.asked == 0) {
    route = holder.route;
  } else if (disjoint() || holder.asked > 0) {
    route = ways_.to_node(holder.taken, holder.node);
    if (!route) {
      holder.given_up = true;
      return;
    }
  }
  ++holder.asked;
  ++holder.under_way;
  add({std::nullopt, holder.node, std::move(route), holder.in_parts ? Wanted::list : Wanted::all}, out);
}

void CarefulRead::add(Asked asked, std::vector<Question>& out) {
  Question question;
  question.number = ++last_number_;
  question.search = asked.search;
  question.holder = asked.holder;
  question.wanted = asked.wanted;
  question.keys = asked.keys;
  question.route = asked.route;
  question.deadline = (disjoint() ? k_disjoint : k_quorum).deadline;
  if (disjoint() && asked.search) question.deadline = k_ping_deadline;
  asked_.emplace(question.number, std::move(asked));
  out.push_back(std::move(question));
}

// ---- answers

CarefulRead::Holder* CarefulRead::holder_of(const NodeId& node) {
  const auto found = std::find_if(holders_.begin(), holders_.end(),
                                  [&](const Holder& holder) { return holder.node == node; });
  return found == holders_.end() ? nullptr : &*found;
}

void CarefulRead::found(std::uint64_t number, const NodeId& owner) {
  const auto asked = asked_.extract(number);
  if (search_ && asked && asked.mapped().search) search_->answered(*asked.mapped().search, owner);
}

void CarefulRead::fetched(std::uint64_t number, HeldItems items) {
  const auto asked = asked_.extract(number);
  Holder* holder = asked ? holder_of(asked.mapped().holder) : nullptr;
  if (holder == nullptr) return;
  if (asked.mapped().wanted == Wanted::part) return part_came(*holder, asked.mapped(), std::move(items));
  --holder->under_way;
  answer(*holder, std::move(items), true);
}

void CarefulRead::answer(Holder& holder, HeldItems items, bool certain) {
  holder.answered = true;
  answers_.try_emplace(holder.node, Answer{std::move(items), certain, false});
}

void CarefulRead::failed(std::uint64_t number, Failure failure) {
  const auto asked = asked_.extract(number);
  if (!asked) return;
  const Asked& what = asked.mapped();
  if (what.search) {
    if (!search_) return;
    return failure == Failure::no_way ? search_->no_way(*what.search)
                                      : search_->answered(*what.search, std::nullopt);
  }
  Holder* holder = holder_of(what.holder);
  if (holder == nullptr) return;
  if (what.wanted == Wanted::part) return part_failed(*holder, what, failure);
  --holder->under_way;
  if (failure == Failure::too_large && begins_in_parts(*holder, what)) return;
  if (failure == Failure::lacks) return answer(*holder, {}, false);
  holder->failed = true;
  if (failure == Failure::too_large && !too_large_at_) too_large_at_ = holder->node;
  if (failure == Failure::refused || failure == Failure::too_large) holder->given_up = true;
  if (!what.route) return;
  if (failure == Failure::no_answer) ways_.failed(*what.route, holder->node);
  if (failure == Failure::no_way) {
    --holder->asked;
    ways_.end_at(what.route->rank);
  }
}

bool CarefulRead::is_enough(const Now& now) {
  if (disjoint() || certain() < needed()) return false;
  if (!rest_until_) rest_until_ = now.mono + k_rest_is_awaited;
  return !waits_for_responsible() && (*rest_until_ <= now.mono || !waits_for_rest());
}

// Not for who has failed to answer once.
bool CarefulRead::waits_for_rest() const {
  return std::any_of(holders_.begin(), holders_.end(),
                     [](const Holder& holder) { return holder.may_answer(); });
}

// The responsible peer has whatever was acknowledged, also when its replicas have just come to be that (a
// failed one's successor holds nothing before the hold-down of RFC 6940 §10.7.1 is over) and are a majority.
bool CarefulRead::waits_for_responsible() const {
  if (holders_.empty()) return false;
  return holders_.front().may_answer();
}

// ---- what they amount to

std::map<ItemKey, const HeldItem*> CarefulRead::newest() const { return newest_of(Which::all); }

std::map<ItemKey, const HeldItem*> CarefulRead::newest_of(Which which) const {
  std::map<ItemKey, const HeldItem*> newest;
  for (const auto& [node, answer] : answers_) {
    for (const auto& [key, item] : answer.held.items) {
      if (which == Which::come && item.listed_bytes > 0) continue;
      const HeldItem*& best = newest[key];
      if (best == nullptr || is_better(item, *best)) best = &item;
    }
  }
  return newest;
}

bool CarefulRead::holders_differ() const {
  const auto newest = this->newest();
  return std::any_of(answers_.begin(), answers_.end(), [&](const auto& answer) {
    return std::any_of(newest.begin(), newest.end(), [&](const auto& one) {
      const auto& items = answer.second.held.items;
      const auto held = items.find(one.first);
      return !answer.second.broken_off &&
             (held == items.end() || held->second.entry.storage_time_ms < one.second->entry.storage_time_ms);
    });
  });
}

std::optional<NodeId> CarefulRead::responsible() const {
  if (holders_.empty()) return std::nullopt;
  return holders_.front().node;
}

bool CarefulRead::has_answered(const NodeId& holder) const {
  const auto answer = answers_.find(holder);
  return answer != answers_.end() && !answer->second.broken_off;
}

std::size_t CarefulRead::answered() const {
  return static_cast<std::size_t>(std::count_if(
      answers_.begin(), answers_.end(), [](const auto& answer) { return !answer.second.broken_off; }));
}

std::size_t CarefulRead::certain() const {
  return static_cast<std::size_t>(std::count_if(answers_.begin(), answers_.end(), [](const auto& answer) {
    return !answer.second.broken_off && answer.second.certain;
  }));
}

// Who asked one peer that had just become responsible waits for a majority, but does not depend on it.
// Those that are not certain count when all are heard: then nobody is left who might have it.
bool CarefulRead::has_enough() const {
  const std::size_t least = consistency_ == Consistency::one ? 1 : needed();
  return expected_ > 0 && (certain() >= least || answered() >= expected_);
}

CallFailure CarefulRead::too_few() const {
  if (too_large_at_) {
    return {CallError::resource_exhausted,
            "too large for one message of this overlay, or its list is: ask for one entry", 0};
  }
  if (holders_.empty())
    return {CallError::unavailable, "none of the peers that hold the key can be found now: try again", 0};
  return {CallError::unavailable,
          std::to_string(answered()) + " of the " + std::to_string(expected_) +
              " peers that hold the key have answered, " + std::to_string(needed()) +
              " are needed: try again",
          0};
}

CallResult CarefulRead::result() const {
  GetResult result;
  // Half of what an honest holder has, beside what liars say, would pass for all of it.
  if (parts_ended_ && (disjoint() ? was_giving_ : !has_enough())) return too_long();
  for (const auto& [node, answer] : answers_) {
    result.generation = std::max(result.generation, answer.held.generation);
    result.discarded += answer.held.discarded;
  }
  // A compare-and-swap compares with the responsible peer's; who lacks everything has none.
  if (const auto responsible = this->responsible())
    if (const auto first = answers_.find(*responsible);
        first != answers_.end() && first->second.held.generation != 0)
      result.generation = first->second.held.generation;
  for (const auto& [key, item] : newest())
    if (item->exists) result.entries.push_back(item->entry);
  if (!has_enough() && (!disjoint() || result.entries.empty())) return too_few();
  return result;
}

}  // namespace ringway::data
