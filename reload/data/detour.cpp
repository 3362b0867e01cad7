#include "reload/data/detour.hpp"

#include <utility>

namespace ringway::data {

namespace {

constexpr Duration k_search_limit{5'000};
// The responsible peer answers a Store when the copies are made.
constexpr Duration k_request_deadline{2'500};
// Ways at once to the resource itself: all of them end in silence, mostly.
constexpr unsigned k_ways_at_once = 6;

SearchRules rules() {
  SearchRules rules = disjoint_search(1);
  rules.at_once = k_ways_at_once;
  return rules;
}

}  // namespace

Detour::Detour(const Now& now, const RingId& resource, double peers) : started_(now.mono) {
  search_.emplace(resource, rules(), peers, ways_);
}

std::vector<Detour::Question> Detour::next(const Now& now) {
  std::vector<Question> out;
  if (done_) return out;
  const Duration age = now.mono - started_;
  if (search_) {
    if (age >= k_search_limit || last_number_ >= k_max_search_requests) search_->stop();
    for (const auto& question : search_->next())
      add({question, question.route}, k_ping_deadline, out).search = question;
    if (!search_->done()) return out;
    if (!search_->holders().empty()) owner_ = search_->holders().front();
    search_.reset();
    asked_.clear();
  }
  if (asked_.empty() && owner_ && age < k_detour_limit && ways_asked_ < k_most_detours) {
    if (const auto route = ways_.to_node(taken_, *owner_)) {
      ++ways_asked_;
      add({std::nullopt, route}, k_request_deadline, out).holder = *owner_;
    }
  }
  done_ = asked_.empty();
  return out;
}

Detour::Question& Detour::add(Asked asked, Duration deadline, std::vector<Question>& out) {
  Question question;
  question.number = ++last_number_;
  question.route = asked.route;
  question.deadline = deadline;
  asked_.emplace(question.number, std::move(asked));
  return out.emplace_back(std::move(question));
}

bool Detour::is_search(std::uint64_t number) const {
  const auto asked = asked_.find(number);
  return asked == asked_.end() || asked->second.search;
}

void Detour::found(std::uint64_t number, const NodeId& owner) {
  const auto asked = asked_.extract(number);
  if (search_ && asked && asked.mapped().search) search_->answered(*asked.mapped().search, owner);
}

void Detour::failed(std::uint64_t number, Failure failure) {
  const auto asked = asked_.extract(number);
  if (!asked) return;
  const Asked& what = asked.mapped();
  if (what.search) {
    if (!search_) return;
    return failure == Failure::no_way ? search_->no_way(*what.search)
                                      : search_->answered(*what.search, std::nullopt);
  }
  if (failure == Failure::no_way) return ways_.end_at(what.route->rank);
  if (failure == Failure::refused) {
    owner_.reset();  // not responsible: the right one was not found
    return;
  }
  ways_.failed(*what.route, *owner_);
}

}  // namespace ringway::data
