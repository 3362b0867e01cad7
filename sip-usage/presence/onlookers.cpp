#include "sip-usage/presence/onlookers.hpp"

#include "sip-usage/presence/pidf.hpp"

namespace ringway::sip::presence {
namespace {

WatchId watch_of(OnlookerId id) { return WatchId{static_cast<std::uint64_t>(id)}; }
OnlookerId onlooker_of(WatchId id) { return OnlookerId{static_cast<std::uint64_t>(id)}; }

}  // namespace

Onlookers::Outputs Onlookers::begin(OnlookerId id, const Aor& watched, const Aor& watcher) {
  if (onlookers_.size() >= k_max_onlookers) {
    outputs_.emplace_back(Show{id, data::CallFailure{data::CallError::resource_exhausted,
                                                     "too many programs watch users at this peer", 0}});
  } else if (onlookers_.try_emplace(id, watched, watcher).second) {
    outputs_.emplace_back(BeginWatch{watch_of(id), watched});
  }
  return take_outputs();
}

Onlookers::Outputs Onlookers::next(MonoTime now, OnlookerId id) {
  const auto found = onlookers_.find(id);
  if (found == onlookers_.end()) return {};
  found->second.is_waiting = true;
  advance(now, id, found->second);
  return take_outputs();
}

Onlookers::Outputs Onlookers::end(OnlookerId id) {
  const auto found = onlookers_.find(id);
  if (found == onlookers_.end()) return {};
  queue(id, found->second, {});
  onlookers_.erase(found);
  outputs_.emplace_back(EndWatch{watch_of(id)});
  return take_outputs();
}

Onlookers::Outputs Onlookers::on_users_gone(const std::set<Aor>& gone) {
  for (auto at = onlookers_.begin(); at != onlookers_.end();) {
    const auto each = at++;
    if (!gone.contains(*each->second.watcher)) continue;
    queue(each->first, each->second, {});
    outputs_.emplace_back(EndWatch{watch_of(each->first)});
    outputs_.emplace_back(
        Show{each->first,
             data::CallFailure{data::CallError::not_found,
                               each->second.watcher->name() + " is no user of this peer any more", 0}});
    onlookers_.erase(each);
  }
  return take_outputs();
}

Onlookers::Outputs Onlookers::on_watched(MonoTime now, WatchId watch, data::WatchUpdate update) {
  const auto found = onlookers_.find(onlooker_of(watch));
  if (found == onlookers_.end()) return {};
  Onlooker& onlooker = found->second;
  onlooker.is_compacted = onlooker.is_compacted || update.compacted || onlooker.is_changed;
  onlooker.is_changed = true;
  onlooker.user.set(std::move(update.state.entries));
  advance(now, found->first, onlooker);
  return take_outputs();
}

Onlookers::Outputs Onlookers::on_watch_failed(WatchId watch, data::CallFailure failure) {
  const auto found = onlookers_.find(onlooker_of(watch));
  if (found == onlookers_.end()) return {};
  queue(found->first, found->second, {});
  outputs_.emplace_back(Show{found->first, std::move(failure)});
  onlookers_.erase(found);
  return take_outputs();
}

void Onlookers::advance(MonoTime now, OnlookerId id, Onlooker& onlooker) {
  queue(id, onlooker, {});
  if (!onlooker.is_waiting || !onlooker.is_changed) return;
  const Deadline not_before = onlooker.shown_at ? Deadline(*onlooker.shown_at + k_throttle) : Deadline();
  if (not_before && now < *not_before) return queue(id, onlooker, not_before);
  onlooker.is_changed = false;
  const Seen& seen = onlooker.user.seen_by(onlooker.watcher, *envelope_);
  if (onlooker.shown == seen) return;
  Sight sight{onlooker.aor, seen.document, seen.document && says_open(*seen.document),
              std::exchange(onlooker.is_compacted, false)};
  onlooker.shown = seen;
  onlooker.shown_at = now;
  onlooker.is_waiting = false;
  outputs_.emplace_back(Show{id, std::move(sight)});
}

void Onlookers::queue(OnlookerId id, Onlooker& onlooker, Deadline at) {
  if (onlooker.queued_at) wakes_.erase({*onlooker.queued_at, id});
  onlooker.queued_at = at;
  if (at) wakes_.emplace(*at, id);
}

Onlookers::Outputs Onlookers::on_timer(MonoTime now) {
  while (!wakes_.empty() && wakes_.begin()->first <= now) {
    const OnlookerId id = wakes_.begin()->second;
    advance(now, id, onlookers_.at(id));
  }
  return take_outputs();
}

}  // namespace ringway::sip::presence
