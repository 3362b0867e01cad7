// A user's entry in the overlay (RFC 7904 §3) as this peer knows it: what is there, what has been asked for
// and not been answered, when it has to be written again. One write at a time, so that none overtakes
// another.
#pragma once

#include <cstdint>
#include <optional>

#include "reload/deadline.hpp"
#include "reload/time.hpp"
#include "sip-usage/registration/sip_registration.hpp"

namespace ringway::sip::registrar {

enum class OverlayRequestId : std::uint64_t {};  // never used twice by one registrar

// What should be there; nothing: no entry.
using WantedEntry = std::optional<RouteRegistration>;

class OverlayEntry {
 public:
  explicit OverlayEntry(std::uint32_t lifetime_s) : lifetime_(std::chrono::seconds(lifetime_s)) {}

  // Does everybody find this there already?
  bool shows(MonoTime now, const RouteRegistration& wanted) const;
  // Whether a phone may bring about another write; it counts then.
  bool take_write(MonoTime now);
  // Something may be there that this peer does not know of, from before it was started.
  void suspect() { may_be_there_ = true; }

  void ask(MonoTime now, OverlayRequestId request, WantedEntry wanted);
  const std::optional<OverlayRequestId>& asked() const { return asked_; }
  bool is_overdue(MonoTime now) const;
  void answered(MonoTime now, bool is_done);

  // Whether to ask now without any phone's doing: to renew, to mend, to remove.
  bool is_due(MonoTime now, const WantedEntry& wanted) const;
  // When one of is_overdue and is_due becomes true.
  Deadline next_wake(const WantedEntry& wanted) const;

 private:
  struct Stored {
    RouteRegistration value;
    MonoTime renew_at, ends_at;
  };
  Deadline due_at(const WantedEntry& wanted) const;

  Duration lifetime_;
  std::optional<Stored> stored_;
  bool may_be_there_ = false;  // something else than stored_, or of unknown content
  std::optional<OverlayRequestId> asked_;
  WantedEntry asked_for_;
  MonoTime asked_at_;
  unsigned failures_ = 0;  // since the last success
  Deadline retry_at_;
  Deadline writes_paid_until_;
};

}  // namespace ringway::sip::registrar
