// A careful read of more than fits into one message (careful_read.hpp): lists first, then each item once,
// from a holder that has listed the newest.
#include <algorithm>
#include <utility>

#include "reload/data/careful_read.hpp"

namespace ringway::data {

namespace {

constexpr unsigned k_most_part_failures = 3;  // of one holder, one after the other
// Of one holder: that so much expires or is lost between its list and a part is rare, and tried again. A liar
// would keep who reads waiting for things that nobody has.
constexpr unsigned k_most_untrue = 16;
// Who has given something true so shortly before the end has more than can be read in time.
constexpr Duration k_part_is_prompt{1'000};

}  // namespace

// False: then its answer is lost.
bool CarefulRead::begins_in_parts(Holder& holder, const Asked& what) {
  if (part_bytes_ == 0 || what.wanted != Wanted::all) return false;
  if (holder.in_parts) return true;  // along another way it has said so before
  holder.in_parts = true;
  holder.route = what.route;
  holder.asked = 0;
  return true;
}

void CarefulRead::listed(std::uint64_t number, HeldItems items) {
  const auto asked = asked_.find(number);
  if (asked == asked_.end() || asked->second.wanted != Wanted::list) return failed(number, Failure::refused);
  if (Holder* holder = holder_of(asked->second.holder)) holder->route = asked->second.route;
  fetched(number, std::move(items));
}

// Of each holder one part at a time.
void CarefulRead::ask_parts(const Now& now, std::vector<Question>& out) {
  if (part_bytes_ == 0 || parts_ended_) return;
  end_patience(now);
  const Duration age = parts_since_ ? now.mono - *parts_since_ : Duration{0};
  const auto newest = newest_of(age < k_lists_are_believed ? Which::all : Which::come);
  for (Holder& holder : holders_) {
    const auto answer = answers_.find(holder.node);
    if (holder.part_under_way || answer == answers_.end()) continue;
    auto keys = next_part(holder, answer->second.held, newest);
    if (keys.empty()) continue;
    if (!parts_since_) parts_since_ = now.mono;
    if (age >= k_careful_parts_limit || parts_asked_ >= k_max_part_requests) {
      out.clear();
      return end_parts(now);
    }
    ++parts_asked_;
    holder.part_under_way = true;
    holder.part_since = now.mono;
    coming_.insert(keys.begin(), keys.end());
    add({std::nullopt, holder.node, holder.route, Wanted::part, std::move(keys)}, out);
  }
}

// Who has given nothing true for so long is asked no more, however it goes about that: others may have to
// give what it has listed.
void CarefulRead::end_patience(const Now& now) {
  for (Holder& holder : holders_) {
    if (holder.part_under_way || !holder.part_since) continue;
    holder.in_vain += now.mono - *std::exchange(holder.part_since, std::nullopt);
    if (holder.in_vain >= k_holder_patience) break_off(holder, false);
  }
}

// The time is over. Those that have given all they had listed have answered, the others have not.
void CarefulRead::end_parts(const Now& now) {
  parts_ended_ = true;
  coming_.clear();
  std::erase_if(asked_, [](const auto& one) { return one.second.wanted == Wanted::part; });
  const auto come = newest_of(Which::come);
  std::vector<const Holder*> owing;
  for (const Holder& holder : holders_) {
    const auto answer = answers_.find(holder.node);
    if (answer == answers_.end()) continue;
    const auto& items = answer->second.held.items;
    if (std::any_of(items.begin(), items.end(),
                    [&](const auto& item) { return is_owed(item.first, item.second, come); }))
      owing.push_back(&holder);
  }
  for (const Holder* holder : owing) {
    const Duration waited = holder->part_since ? now.mono - *holder->part_since : Duration{0};
    if (holder->in_vain + waited < k_part_is_prompt) was_giving_ = true;
    break_off(*holder, false);
  }
}

// `newest` has what counts against it: a newer one, or the same that has come.
bool CarefulRead::is_owed(const ItemKey& key, const HeldItem& item,
                          const std::map<ItemKey, const HeldItem*>& newest) {
  if (item.listed_bytes == 0) return false;
  const auto best = newest.find(key);
  if (best == newest.end()) return true;
  const std::uint64_t best_ms = best->second->entry.storage_time_ms;
  const bool same_has_come = best_ms == item.entry.storage_time_ms && best->second->listed_bytes == 0;
  return best_ms <= item.entry.storage_time_ms && !same_has_come;
}

// What this one has listed as new as anybody, and nobody is asked for: as much as an answer will hold, one
// item at least.
std::vector<ItemKey> CarefulRead::next_part(const Holder& holder, const HeldItems& held,
                                            const std::map<ItemKey, const HeldItem*>& newest) const {
  std::vector<ItemKey> keys;
  std::size_t size_bytes = 0;
  for (const auto& [key, item] : held.items) {
    if (!is_owed(key, item, newest) || coming_.contains(key)) continue;
    size_bytes += item.listed_bytes;
    if (!keys.empty() && (size_bytes > part_bytes_ || keys.size() >= holder.most_keys)) break;
    keys.push_back(key);
  }
  return keys;
}

void CarefulRead::part_came(Holder& holder, const Asked& what, HeldItems items) {
  holder.part_under_way = false;
  HeldItems& held = answers_.at(holder.node).held;
  held.discarded += items.discarded;
  for (const ItemKey& key : what.keys) {
    coming_.erase(key);
    HeldItem& item = held.items.at(key);
    const auto came = items.items.find(key);
    const bool is_there = came != items.items.end();
    if (!is_there || came->second.entry.storage_time_ms < item.entry.storage_time_ms) {
      ++holder.untrue;
    } else {
      holder.parts_failed = 0;
      holder.in_vain = Duration{0};
      holder.part_since.reset();
    }
    if (is_there)
      item = std::move(came->second);
    else
      held.items.erase(key);
  }
  if (holder.untrue > k_most_untrue) break_off(holder, false);
}

void CarefulRead::part_failed(Holder& holder, const Asked& what, Failure failure) {
  holder.part_under_way = false;
  for (const ItemKey& key : what.keys) coming_.erase(key);
  if (failure == Failure::too_large && what.keys.size() > 1) {
    holder.most_keys = what.keys.size() / 2;
    return;
  }
  const bool is_way = failure == Failure::no_answer || failure == Failure::no_way;
  if (what.route && failure == Failure::no_answer) ways_.failed(*what.route, holder.node);
  if (what.route && failure == Failure::no_way) ways_.end_at(what.route->rank);
  if (!is_way || ++holder.parts_failed >= k_most_part_failures)
    return break_off(holder, failure == Failure::lacks);
  if (auto other = ways_.to_node(holder.taken, holder.node))
    holder.route = std::move(other);
  else
    break_off(holder, false);
}

// What it has listed and not given is asked for elsewhere. It has not answered then, or is not sure of what
// it has, as if it had said so at once.
void CarefulRead::break_off(const Holder& holder, bool may_lack) {
  Answer& answer = answers_.at(holder.node);
  std::erase_if(answer.held.items, [](const auto& item) { return item.second.listed_bytes > 0; });
  if (may_lack)
    answer.certain = false;
  else
    answer.broken_off = true;
}

CallFailure CarefulRead::too_long() {
  return {CallError::resource_exhausted, "too much is stored there to be read in time: ask for one entry", 0};
}

}  // namespace ringway::data
