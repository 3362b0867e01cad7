#include "services/upkeep/timetable.hpp"

#include <algorithm>
#include <utility>

namespace ringway::services {
namespace {

constexpr Duration k_soonest_retry{5'000};
constexpr Duration k_longest_retry_after{86'400'000};
constexpr Duration k_hurry_spread{1'000};
constexpr Duration k_overdue_poll{600'000};  // how often a peer looks whose document has expired

// Uniform in [from, to].
Duration between(Random& random, Duration from, Duration to) {
  if (to <= from) return from;
  return from + Duration{static_cast<std::int64_t>(
                    random.below(static_cast<std::uint64_t>((to - from).count()) + 1))};
}

Duration up_to(WallMs end_ms, WallMs now_ms) {
  return end_ms <= now_ms ? Duration{0} : Duration{static_cast<std::int64_t>(end_ms - now_ms)};
}

WallMs after(WallMs now_ms, Duration wait) { return now_ms + static_cast<WallMs>(wait.count()); }

// The first wait, doubled with each failure.
Duration doubled(Duration first, std::uint32_t failures, Duration longest) {
  Duration wait = first;
  for (std::uint32_t i = 1; i < failures && wait < longest; ++i) wait *= 2;
  return std::min(wait, longest);
}

}  // namespace

RenewalTimetable::RenewalTimetable(RenewalTimes times, std::shared_ptr<Random> random)
    : times_(times), random_(std::move(random)) {}

// At two thirds of its life, and up to a fifteenth of it later.
void RenewalTimetable::use(WallMs from_ms, WallMs until_ms, WallMs now_ms) {
  from_ms_ = std::min(from_ms, until_ms);
  until_ms_ = until_ms;
  failures_ = 0;
  next_ms_.reset();
  if (until_ms <= now_ms) return;
  const Duration life = up_to(until_ms_, from_ms_);
  const WallMs due_ms = after(from_ms_, between(*random_, life * 2 / 3, life * 2 / 3 + life / 15));
  if (due_ms > now_ms) {
    next_ms_ = due_ms;
    return;
  }
  const Duration spread = std::min(times_.start_spread, up_to(until_ms_, now_ms) / 10);
  next_ms_ = after(now_ms, between(*random_, Duration{0}, spread));
}

// Never so late that there is no time for further attempts before the end.
void RenewalTimetable::failed(bool refused, Duration retry_after, WallMs now_ms) {
  ++failures_;
  next_ms_.reset();
  if (until_ms_ <= now_ms) return;
  const Duration life = up_to(until_ms_, from_ms_);
  const Duration first =
      std::clamp(life / 100, k_soonest_retry, std::max(k_soonest_retry, times_.first_retry));
  Duration wait =
      refused ? times_.longest_retry : doubled(first, failures_, std::max(first, times_.longest_retry));
  wait = std::max(k_soonest_retry, std::min(wait, up_to(until_ms_, now_ms) / 4));
  wait = between(*random_, wait / 2, wait);
  const Duration asked_for = std::min(retry_after, k_longest_retry_after);
  if (asked_for > wait) wait = between(*random_, asked_for, asked_for + asked_for / 4);
  next_ms_ = after(now_ms, wait);
}

PollTimetable::PollTimetable(PollTimes times, std::shared_ptr<Random> random)
    : times_(times), random_(std::move(random)) {}

Duration PollTimetable::shortest() const { return std::min(times_.first_retry, times_.period / 4); }

// At a random moment before the document expires (RFC 6940 §11.1), if not sooner.
void PollTimetable::plan(Duration wait, std::optional<WallMs> expires_ms, WallMs now_ms) {
  if (expires_ms) {
    const Duration left = up_to(*expires_ms, now_ms);
    wait = std::min(wait, left > Duration{0} ? between(*random_, left / 2, left * 9 / 10) : k_overdue_poll);
  }
  next_ms_ = after(now_ms, std::max(wait, shortest()));
}

// A peer that was away may have missed something: soon, but not with all that start in the same moment.
void PollTimetable::start(std::optional<WallMs> expires_ms, WallMs now_ms) {
  plan(between(*random_, shortest(), std::min(times_.period, shortest() * 10)), expires_ms, now_ms);
}

void PollTimetable::succeeded(std::optional<WallMs> expires_ms, WallMs now_ms) {
  looked_ms_ = now_ms;
  failures_ = 0;
  plan(between(*random_, times_.period * 3 / 4, times_.period * 5 / 4), expires_ms, now_ms);
}

void PollTimetable::failed(std::optional<WallMs> expires_ms, WallMs now_ms) {
  looked_ms_ = now_ms;
  ++failures_;
  const Duration wait = doubled(shortest(), failures_, times_.period);
  plan(between(*random_, wait / 2, wait), expires_ms, now_ms);
}

void PollTimetable::hurry(WallMs now_ms) {
  WallMs soon_ms = after(now_ms, between(*random_, Duration{0}, k_hurry_spread));
  if (looked_ms_) soon_ms = std::max(soon_ms, after(*looked_ms_, shortest()));
  next_ms_ = std::min(next_ms_, soon_ms);
}

void PollTimetable::document(std::optional<WallMs> expires_ms, WallMs now_ms) {
  if (expires_ms) plan(up_to(next_ms_, now_ms), expires_ms, now_ms);
}

}  // namespace ringway::services
