// A user's entry in the overlay (RFC 7904 §3) as this peer knows it: what is there, what has been asked for
// and not been answered, when it has to be written again. One write at a time, so that none overtakes
// another. What is kept there is anything that can be compared: a registration here, presence as well.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

#include "reload/deadline.hpp"
#include "reload/time.hpp"
#include "sip-usage/registrar/settings.hpp"
#include "sip-usage/registration/sip_registration.hpp"

namespace ringway::sip::registrar {

enum class OverlayRequestId : std::uint64_t {};  // never used twice by one registrar

template <typename Value>
class EntryOf {
 public:
  // What should be there; nothing: no entry.
  using Wanted = std::optional<Value>;

  explicit EntryOf(std::uint32_t lifetime_s) : lifetime_(std::chrono::seconds(lifetime_s)) {}

  // Does everybody find this there already?
  bool shows(MonoTime now, const Value& wanted) const;
  // Whether a phone may bring about another write; it counts then.
  bool take_write(MonoTime now);
  // Something may be there that this peer does not know of, from before it was started.
  void suspect() { may_be_there_ = true; }

  void ask(MonoTime now, OverlayRequestId request, Wanted wanted);
  const std::optional<OverlayRequestId>& asked() const { return asked_; }
  bool is_overdue(MonoTime now) const;
  void answered(MonoTime now, bool is_done);

  // Whether to ask now without any phone's doing: to renew, to mend, to remove.
  bool is_due(MonoTime now, const Wanted& wanted) const;
  // When one of is_overdue and is_due becomes true.
  Deadline next_wake(const Wanted& wanted) const;

 private:
  struct Stored {
    Value value;
    MonoTime renew_at, ends_at;
  };
  Deadline due_at(const Wanted& wanted) const;

  Duration lifetime_;
  std::optional<Stored> stored_;
  bool may_be_there_ = false;  // something else than stored_, or of unknown content
  std::optional<OverlayRequestId> asked_;
  Wanted asked_for_;
  MonoTime asked_at_;
  unsigned failures_ = 0;  // since the last success
  Deadline retry_at_;
  Deadline writes_paid_until_;
};

// ---- what follows is how

template <typename Value>
bool EntryOf<Value>::shows(MonoTime now, const Value& wanted) const {
  return stored_ && stored_->value == wanted && now < stored_->ends_at;
}

// A write is paid for by one interval; so many may be paid later.
template <typename Value>
bool EntryOf<Value>::take_write(MonoTime now) {
  const MonoTime paid_until = writes_paid_until_ ? std::max(*writes_paid_until_, now) : now;
  if (paid_until - now > (k_max_store_burst - 1) * k_store_interval) return false;
  writes_paid_until_ = paid_until + k_store_interval;
  return true;
}

template <typename Value>
void EntryOf<Value>::ask(MonoTime now, OverlayRequestId request, Wanted wanted) {
  // Until it is answered nobody can say which of two values others see.
  if (stored_ && (!wanted || stored_->value != *wanted)) {
    stored_.reset();
    may_be_there_ = true;
  }
  asked_ = request;
  asked_for_ = std::move(wanted);
  asked_at_ = now;
}

template <typename Value>
bool EntryOf<Value>::is_overdue(MonoTime now) const {
  return asked_ && asked_at_ + k_overlay_time <= now;
}

template <typename Value>
void EntryOf<Value>::answered(MonoTime now, bool is_done) {
  asked_.reset();
  if (!is_done) {
    // A write that was given up may still be carried out.
    may_be_there_ = true;
    const auto pause = k_first_retry * (1U << std::min(failures_, 16U));
    ++failures_;
    retry_at_ = now + std::min(pause, k_last_retry);
    return;
  }
  failures_ = 0;
  retry_at_.reset();
  may_be_there_ = false;
  stored_.reset();
  if (asked_for_) stored_ = Stored{*asked_for_, asked_at_ + lifetime_ / 2, asked_at_ + lifetime_};
}

template <typename Value>
Deadline EntryOf<Value>::due_at(const Wanted& wanted) const {
  constexpr MonoTime k_at_once{0};
  Deadline due;
  if (wanted) {
    due = stored_ && stored_->value == *wanted ? stored_->renew_at : k_at_once;
  } else if (stored_ || may_be_there_) {
    due = k_at_once;
  }
  return due && retry_at_ ? Deadline(std::max(*due, *retry_at_)) : due;
}

template <typename Value>
bool EntryOf<Value>::is_due(MonoTime now, const Wanted& wanted) const {
  const Deadline due = due_at(wanted);
  return !asked_ && due && *due <= now;
}

template <typename Value>
Deadline EntryOf<Value>::next_wake(const Wanted& wanted) const {
  return asked_ ? Deadline(asked_at_ + k_overlay_time) : due_at(wanted);
}

using OverlayEntry = EntryOf<RouteRegistration>;
using WantedEntry = OverlayEntry::Wanted;

}  // namespace ringway::sip::registrar
