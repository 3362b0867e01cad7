#include "sip-usage/registrar/overlay_entry.hpp"

#include <algorithm>

#include "sip-usage/registrar/settings.hpp"

namespace ringway::sip::registrar {

bool OverlayEntry::shows(MonoTime now, const RouteRegistration& wanted) const {
  return stored_ && stored_->value == wanted && now < stored_->ends_at;
}

// A write is paid for by one interval; so many may be paid later.
bool OverlayEntry::take_write(MonoTime now) {
  const MonoTime paid_until = writes_paid_until_ ? std::max(*writes_paid_until_, now) : now;
  if (paid_until - now > (k_max_store_burst - 1) * k_store_interval) return false;
  writes_paid_until_ = paid_until + k_store_interval;
  return true;
}

void OverlayEntry::ask(MonoTime now, OverlayRequestId request, WantedEntry wanted) {
  // Until it is answered nobody can say which of two values others see.
  if (stored_ && (!wanted || stored_->value != *wanted)) {
    stored_.reset();
    may_be_there_ = true;
  }
  asked_ = request;
  asked_for_ = std::move(wanted);
  asked_at_ = now;
}

bool OverlayEntry::is_overdue(MonoTime now) const { return asked_ && asked_at_ + k_overlay_time <= now; }

void OverlayEntry::answered(MonoTime now, bool is_done) {
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

Deadline OverlayEntry::due_at(const WantedEntry& wanted) const {
  constexpr MonoTime k_at_once{0};
  Deadline due;
  if (wanted) {
    due = stored_ && stored_->value == *wanted ? stored_->renew_at : k_at_once;
  } else if (stored_ || may_be_there_) {
    due = k_at_once;
  }
  return due && retry_at_ ? Deadline(std::max(*due, *retry_at_)) : due;
}

bool OverlayEntry::is_due(MonoTime now, const WantedEntry& wanted) const {
  const Deadline due = due_at(wanted);
  return !asked_ && due && *due <= now;
}

Deadline OverlayEntry::next_wake(const WantedEntry& wanted) const {
  return asked_ ? Deadline(asked_at_ + k_overlay_time) : due_at(wanted);
}

}  // namespace ringway::sip::registrar
