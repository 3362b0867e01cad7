// The notifier of presence (RFC 6665 §4.2, RFC 3856 §6) for this peer's own phones, whomever of the overlay
// they watch: a SUBSCRIBE is answered here, and its NOTIFYs say what the overlay's watch of that user tells.
// So no SIP goes between peers for presence, and the watched user's peer does not learn who watches.
//
// No I/O, clock or random source: calls in, Outputs out, in the order in which they are to be carried out.
//
//   a SUBSCRIBE comes        -> subscribe -> Respond, SendNotify …
//   a NOTIFY was answered    -> on_answer
//   the overlay tells        -> on_watched, on_watch_failed
//   a phone's flow is gone   -> on_flow_failed
//   next_wake() has come     -> on_timer
//
// A subscription has one NOTIFY under way at a time; what changes meanwhile, or within k_throttle of the last
// one, comes with the next. One that is not answered by a 2xx ends it (§4.2.2), unless the phone has come
// over another flow since: then it goes there. The first NOTIFY waits up to k_first_state for what the
// overlay says: only then a fetch (Expires: 0) has a meaning.
//
// Who is not on a user's list gets "pending" without a document (RFC 3856 §6.6.2), as one for whom the
// overlay has not answered yet.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "reload/deadline.hpp"
#include "reload/random.hpp"
#include "reload/table_size.hpp"
#include "reload/time.hpp"
#include "sip-usage/presence/dialog.hpp"
#include "sip-usage/presence/envelope.hpp"
#include "sip-usage/presence/settings.hpp"
#include "sip-usage/presence/watched_user.hpp"
#include "sip-usage/presence/watches.hpp"
#include "sip-usage/registrar/registrar.hpp"

namespace ringway::sip::presence {

using registrar::FlowId;
using registrar::HoldFlow;  // while somebody who is known subscribes over it
using registrar::RequestId;
using registrar::Respond;

enum class NotifyId : std::uint64_t {};  // never used twice

// Answered by on_answer once: with the final status, 408 when there was none or no way.
struct SendNotify {
  NotifyId notify{};
  Message request;             // without Via
  std::optional<FlowId> flow;  // over which the phone has subscribed; none: where its Route or URI leads
};
// Who subscribes, as far as that was made sure, and from where.
struct Subscriber {
  WatcherId watcher;
  std::optional<FlowId> flow;
  std::optional<Uri> contact{};  // where requests within the subscription reach this peer from there
  std::string source{};          // of nobody known: what counts as one
};

struct NotifierCounters {
  std::uint64_t requests = 0, accepted = 0, rejected = 0;
  std::uint64_t busy = 0;             // 503 and 403: a bound was reached
  std::uint64_t notifies = 0;         // that were sent
  std::uint64_t failed_notifies = 0;  // and ended a subscription
};

class Notifier {
 public:
  using Output = std::variant<Respond, SendNotify, BeginWatch, EndWatch, HoldFlow>;
  using Outputs = std::vector<Output>;

  Notifier(Settings settings, std::shared_ptr<Random> random, std::shared_ptr<Envelope> envelope);
  Notifier(const Notifier&) = delete;
  Notifier& operator=(const Notifier&) = delete;

  Outputs subscribe(MonoTime now, RequestId request, const Message& message, const Subscriber& subscriber);
  Outputs on_answer(MonoTime now, NotifyId notify, unsigned status);
  Outputs on_watched(MonoTime now, WatchId watch, std::vector<data::Entry> entries);
  Outputs on_watch_failed(MonoTime now, WatchId watch);
  Outputs on_flow_failed(MonoTime now, FlowId flow);
  // These are users of this peer no more: they watch nobody any more ("rejected"), and nobody who is not
  // known watches them ("noresource").
  Outputs on_users_gone(MonoTime now, const std::set<Aor>& gone);
  // This peer stops: phones are to subscribe again later (RFC 6665 §4.1.3, "probation").
  Outputs end_all(MonoTime now);
  Outputs on_timer(MonoTime now);
  Deadline next_wake() const;

  // Does the request belong to a subscription here?
  bool has_dialog(const Message& request) const { return dialogs_.contains(dialog_of(request)); }
  // Whose that subscription is.
  const WatcherId& watcher_of(const Message& request) const {
    return subscriptions_.at(dialogs_.at(dialog_of(request))).watcher;
  }
  const NotifierCounters& counters() const { return counters_; }
  TableSizes sizes() const;

 private:
  using SubscriptionId = std::uint64_t;
  struct Subscription {
    Dialog dialog;
    Aor watched;
    WatcherId watcher;
    std::optional<FlowId> flow;
    MonoTime expires_at;
    std::string_view ending;  // why it ends, with the next NOTIFY; empty: it does not
    Deadline owed_by;         // a NOTIFY for a SUBSCRIBE, when the overlay has not answered sooner
    bool is_changed = false;  // perhaps, since the last NOTIFY
    std::optional<NotifyId> under_way{};
    std::optional<FlowId> notified_over{};  // the last one
    std::string source{};                   // of nobody known
    Deadline last_notify{};
    std::optional<Seen> told{};  // with it
    Deadline queued_at{};        // in wakes_
  };
  struct Watch {
    explicit Watch(const Aor& aor) : user(aor) {}
    WatchedUser user;
    std::optional<WatchId> id;  // none: it has failed
    std::set<SubscriptionId> subscriptions;
    Deadline retry_at;  // in retries_
  };
  using Subscriptions = std::map<SubscriptionId, Subscription>;
  using Watches = std::map<Aor, Watch>;

  void begin(MonoTime now, RequestId request, const Message& message, const Subscriber& subscriber);
  void refresh(MonoTime now, RequestId request, const Message& message, const Subscriber& subscriber);
  std::optional<registrar::Rejection> no_room(const Aor& watched, const Subscriber& subscriber) const;
  std::uint32_t lifetime_s(const Message& message) const;
  void accept(RequestId request, const Message& message, std::uint32_t expires_s, const NameAddr& contact,
              const std::string& tag);
  void reject(RequestId request, const Message& message, const registrar::Rejection& rejection);
  void begin_watch(const Aor& aor, Watch& watch);
  void leave_watch(SubscriptionId id, const Subscription& subscription);
  void set_flow(SubscriptionId id, Subscription& subscription, std::optional<FlowId> flow);
  // Sends what is to be sent now. The subscription may be gone then.
  void advance(MonoTime now, SubscriptionId id);
  void notify(MonoTime now, SubscriptionId id, Subscription& subscription, const Seen& seen);
  void close_all(MonoTime now, const std::vector<std::pair<SubscriptionId, std::string_view>>& which);
  void end(SubscriptionId id);
  void queue(SubscriptionId id, Subscription& subscription, Deadline at);
  NameAddr own_contact(const Subscriber& subscriber) const;
  void add_to_flow(SubscriptionId id, const Subscription& subscription);
  Outputs take_outputs() { return std::exchange(outputs_, {}); }

  Settings settings_;
  std::shared_ptr<Random> random_;
  std::shared_ptr<Envelope> envelope_;
  Subscriptions subscriptions_;
  Watches watches_;
  std::map<DialogId, SubscriptionId> dialogs_;
  std::map<WatcherId, std::size_t> counts_;        // of subscriptions
  std::map<std::string, std::size_t> of_sources_;  // of those of nobody known
  std::map<FlowId, std::set<SubscriptionId>> flows_;
  std::map<NotifyId, SubscriptionId> notifies_;
  std::map<WatchId, Aor> watch_ids_;
  std::set<std::pair<MonoTime, SubscriptionId>> wakes_;
  std::set<std::pair<MonoTime, Aor>> retries_;
  std::uint64_t last_subscription_ = 0, last_notify_ = 0, last_watch_ = 0;
  Outputs outputs_;
  NotifierCounters counters_;
};

}  // namespace ringway::sip::presence
