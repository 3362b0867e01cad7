// Programs that watch users of the overlay in the name of a user of this peer: what phones get by NOTIFY,
// without SIP.
//
// No I/O and no clock: calls in, Outputs out, in the order in which they are to be carried out.
//
//   a program watches           -> begin
//   it has taken what it was shown, and wants more  -> next
//   the overlay tells           -> on_watched, on_watch_failed
//   next_wake() has come        -> on_timer
//
// What changes before the program wants more, or within k_throttle of what it was shown last, comes with the
// next. What looks as before is not shown again.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <variant>
#include <vector>

#include "reload/deadline.hpp"
#include "reload/table_size.hpp"
#include "reload/time.hpp"
#include "sip-usage/presence/envelope.hpp"
#include "sip-usage/presence/settings.hpp"
#include "sip-usage/presence/watched_user.hpp"
#include "sip-usage/presence/watches.hpp"

namespace ringway::sip::presence {

inline constexpr std::size_t k_max_onlookers = 256;  // each with a watch of its own

// After a failure there is nothing more for that onlooker.
struct Show {
  OnlookerId onlooker{};
  SightResult result;
};

class Onlookers {
 public:
  using Output = std::variant<BeginWatch, EndWatch, Show>;
  using Outputs = std::vector<Output>;

  explicit Onlookers(std::shared_ptr<Envelope> envelope) : envelope_(std::move(envelope)) {}

  Outputs begin(OnlookerId id, const Aor& watched, const Aor& watcher);
  Outputs next(MonoTime now, OnlookerId id);
  Outputs end(OnlookerId id);
  // These are users of this peer no more: nobody watches in their name.
  Outputs on_users_gone(const std::set<Aor>& gone);
  Outputs on_watched(MonoTime now, WatchId watch, data::WatchUpdate update);
  Outputs on_watch_failed(WatchId watch, data::CallFailure failure);
  Outputs on_timer(MonoTime now);
  Deadline next_wake() const { return wakes_.empty() ? Deadline() : Deadline(wakes_.begin()->first); }
  TableSize size() const { return {"programs that watch users", onlookers_.size(), k_max_onlookers}; }

 private:
  struct Onlooker {
    Onlooker(const Aor& watched, Aor its_watcher)
        : aor(watched), user(watched), watcher(std::move(its_watcher)) {}
    Aor aor;
    WatchedUser user;
    WatcherId watcher;
    bool is_waiting = true;  // for more
    bool is_changed = false, is_compacted = false;
    std::optional<Seen> shown;
    Deadline shown_at;
    Deadline queued_at;  // in wakes_
  };
  void advance(MonoTime now, OnlookerId id, Onlooker& onlooker);
  void queue(OnlookerId id, Onlooker& onlooker, Deadline at);
  Outputs take_outputs() { return std::exchange(outputs_, {}); }

  std::shared_ptr<Envelope> envelope_;
  std::map<OnlookerId, Onlooker> onlookers_;
  std::set<std::pair<MonoTime, OnlookerId>> wakes_;
  Outputs outputs_;
};

}  // namespace ringway::sip::presence
