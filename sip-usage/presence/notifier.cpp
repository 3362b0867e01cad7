#include "sip-usage/presence/notifier.hpp"

#include <algorithm>
#include <array>

#include "sip-usage/message/builders.hpp"
#include "sip-usage/message/grammar.hpp"
#include "sip-usage/presence/answers.hpp"

namespace ringway::sip::presence {
namespace {

// RFC 6665 §4.1.3.
constexpr std::string_view k_timeout = "timeout";
constexpr std::string_view k_probation = "probation";
constexpr std::string_view k_rejected = "rejected";
constexpr std::string_view k_no_resource = "noresource";
constexpr std::uint32_t k_hour_s = 3600;
constexpr unsigned k_no_answer = 408;

// Without an Accept it takes the package's usual documents (RFC 3856 §6.5).
bool takes_documents(const Message& message) {
  if (message.field("Accept") == nullptr) return true;
  static constexpr std::array k_good = {k_document_type, std::string_view("application/*"),
                                        std::string_view("*/*")};
  const auto ranges = message.values("Accept");
  return std::any_of(ranges.begin(), ranges.end(), [](std::string_view range) {
    const auto type = trimmed(range.substr(0, range.find(';')));
    return std::any_of(k_good.begin(), k_good.end(),
                       [&](std::string_view good) { return same_ignoring_case(type, good); });
  });
}

}  // namespace

Notifier::Notifier(Settings settings, std::shared_ptr<Random> random, std::shared_ptr<Envelope> envelope)
    : settings_(std::move(settings)), random_(std::move(random)), envelope_(std::move(envelope)) {}

// ---- SUBSCRIBE

Notifier::Outputs Notifier::subscribe(MonoTime now, RequestId request, const Message& message,
                                      const Subscriber& subscriber) {
  ++counters_.requests;
  const std::uint32_t asked_s = message.expires_s().value_or(settings_.default_expires_s);
  if (auto refusal = refuse_early(message, "SUBSCRIBE", new_tag(*random_))) {
    ++counters_.rejected;
    outputs_.emplace_back(Respond{request, std::move(*refusal)});
  } else if (!takes_documents(message)) {
    reject(request, message, {406, {}});
  } else if (asked_s > 0 && asked_s < std::min(k_hour_s, settings_.min_expires_s)) {
    reject(request, message, {423, {}, settings_.min_expires_s});
  } else if (message.to.tag().empty()) {
    begin(now, request, message, subscriber);
  } else {
    refresh(now, request, message, subscriber);
  }
  return take_outputs();
}

void Notifier::begin(MonoTime now, RequestId request, const Message& message, const Subscriber& subscriber) {
  const auto watched = user_of(message.request_uri(), settings_.overlay_name);
  if (!watched) return reject(request, message, {404, {}});
  if (message.contacts.size() != 1) return reject(request, message, {400, "One Contact is needed"});
  if (const auto refusal = no_room(*watched, subscriber)) {
    ++counters_.busy;
    return reject(request, message, *refusal);
  }
  const std::uint32_t expires_s = lifetime_s(message);
  const SubscriptionId id = ++last_subscription_;
  const std::string tag = new_tag(*random_);
  Subscription& subscription =
      subscriptions_
          .emplace(id,
                   Subscription{Dialog(message, tag, own_contact(subscriber)), *watched, subscriber.watcher,
                                subscriber.flow, now + std::chrono::seconds(expires_s),
                                expires_s == 0 ? k_timeout : std::string_view(), now + k_first_state})
          .first->second;
  dialogs_.emplace(subscription.dialog.id(), id);
  ++counts_[subscriber.watcher];
  if (!subscriber.watcher) {
    subscription.source = subscriber.source;
    ++of_sources_[subscription.source];
  }
  add_to_flow(id, subscription);
  accept(request, message, expires_s, subscription.dialog.own_contact(), tag);
  const auto [at, is_new] = watches_.try_emplace(*watched, *watched);
  at->second.subscriptions.insert(id);
  if (is_new) begin_watch(at->first, at->second);
  advance(now, id);
}

void Notifier::refresh(MonoTime now, RequestId request, const Message& message,
                       const Subscriber& subscriber) {
  const auto dialog = dialogs_.find(dialog_of(message));
  if (dialog == dialogs_.end()) return reject(request, message, {481, {}});
  const SubscriptionId id = dialog->second;
  Subscription& subscription = subscriptions_.at(id);
  if (!subscription.ending.empty() || message.event()->id != subscription.dialog.event_id())
    return reject(request, message, {481, {}});
  if (subscription.watcher != subscriber.watcher) return reject(request, message, {403, {}});
  if (!subscription.dialog.take_refresh(message)) return reject(request, message, {500, "Out of order"});
  const std::uint32_t expires_s = lifetime_s(message);
  subscription.expires_at = now + std::chrono::seconds(expires_s);
  if (expires_s == 0) subscription.ending = k_timeout;
  subscription.owed_by = now + k_first_state;
  set_flow(id, subscription, subscriber.flow);
  accept(request, message, expires_s, subscription.dialog.own_contact(), {});
  advance(now, id);
}

std::uint32_t Notifier::lifetime_s(const Message& message) const {
  return std::min(message.expires_s().value_or(settings_.default_expires_s), settings_.max_expires_s);
}

std::optional<registrar::Rejection> Notifier::no_room(const Aor& watched,
                                                      const Subscriber& subscriber) const {
  const auto count = counts_.find(subscriber.watcher);
  const auto of_source = subscriber.watcher ? of_sources_.end() : of_sources_.find(subscriber.source);
  if ((count != counts_.end() && count->second >= k_max_subscriptions_of_watcher) ||
      (of_source != of_sources_.end() && of_source->second >= k_max_subscriptions_of_source))
    return registrar::Rejection{403, "Too many subscriptions"};
  const bool needs_watch = !watches_.contains(watched);
  if (subscriptions_.size() >= k_max_subscriptions || (needs_watch && watches_.size() >= k_max_watched_users))
    return registrar::Rejection{503, "Too many subscriptions here", std::nullopt, k_retry_after_s};
  return std::nullopt;
}

void Notifier::accept(RequestId request, const Message& message, std::uint32_t expires_s,
                      const NameAddr& contact, const std::string& tag) {
  ++counters_.accepted;
  Message response = make_response(message, 200, tag);
  response.contacts = {contact};
  response.set_field("Expires", std::to_string(expires_s));
  outputs_.emplace_back(Respond{request, std::move(response)});
}

void Notifier::reject(RequestId request, const Message& message, const registrar::Rejection& rejection) {
  ++counters_.rejected;
  outputs_.emplace_back(Respond{request, refused(message, rejection, new_tag(*random_))});
}

NameAddr Notifier::own_contact(const Subscriber& subscriber) const {
  NameAddr out;
  out.uri = subscriber.contact.value_or(settings_.contact);
  return out;
}

// ---- NOTIFY

void Notifier::advance(MonoTime now, SubscriptionId id) {
  const auto found = subscriptions_.find(id);
  if (found == subscriptions_.end()) return;
  Subscription& subscription = found->second;
  WatchedUser& user = watches_.at(subscription.watched).user;
  if (subscription.ending.empty() && subscription.expires_at <= now) subscription.ending = k_timeout;
  const bool is_ending = !subscription.ending.empty();
  if (subscription.under_way)
    return queue(id, subscription, is_ending ? Deadline() : subscription.expires_at);
  const bool is_owed = static_cast<bool>(subscription.owed_by);
  if (is_owed && !user.is_known() && now < *subscription.owed_by)
    return queue(id, subscription, subscription.owed_by);
  if (!is_owed && !is_ending) {
    if (!subscription.is_changed) return queue(id, subscription, subscription.expires_at);
    const MonoTime from = subscription.last_notify ? *subscription.last_notify + k_throttle : now;
    if (now < from) return queue(id, subscription, std::min(from, subscription.expires_at));
    subscription.is_changed = false;
    if (subscription.told == user.seen_by(subscription.watcher, *envelope_))
      return queue(id, subscription, subscription.expires_at);
  }
  notify(now, id, subscription, user.seen_by(subscription.watcher, *envelope_));
}

void Notifier::notify(MonoTime now, SubscriptionId id, Subscription& subscription, const Seen& seen) {
  Notice notice;
  if (subscription.ending != k_rejected) notice.document = seen.document;
  if (!subscription.ending.empty()) {
    notice.state = Substate::terminated;
    notice.reason = subscription.ending;
    if (subscription.ending == k_probation) notice.retry_after_s = k_retry_after_s;
  } else {
    notice.state = seen.document ? Substate::active : Substate::pending;
    notice.expires_s = static_cast<std::uint32_t>(
        std::chrono::ceil<std::chrono::seconds>(subscription.expires_at - now).count());
  }
  const NotifyId number{++last_notify_};
  ++counters_.notifies;
  outputs_.emplace_back(SendNotify{number, subscription.dialog.notify(notice), subscription.flow});
  if (!subscription.ending.empty()) return end(id);
  notifies_.emplace(number, id);
  subscription.under_way = number;
  subscription.notified_over = subscription.flow;
  subscription.owed_by.reset();
  subscription.is_changed = false;
  subscription.last_notify = now;
  subscription.told = seen;
  queue(id, subscription, subscription.expires_at);
}

Notifier::Outputs Notifier::on_answer(MonoTime now, NotifyId notify, unsigned status) {
  const auto found = notifies_.find(notify);
  if (found == notifies_.end()) return {};
  const SubscriptionId id = found->second;
  Subscription& subscription = subscriptions_.at(id);
  const bool has_moved = status == k_no_answer && subscription.flow != subscription.notified_over;
  if ((status >= 200 && status < 300) || has_moved) {
    notifies_.erase(found);
    subscription.under_way.reset();
    if (has_moved) subscription.owed_by = now;
    advance(now, id);
  } else {
    ++counters_.failed_notifies;
    end(id);
  }
  return take_outputs();
}

// ---- the overlay

void Notifier::begin_watch(const Aor& aor, Watch& watch) {
  const WatchId id{++last_watch_};
  watch.id = id;
  watch_ids_.emplace(id, aor);
  outputs_.emplace_back(BeginWatch{id, aor});
}

Notifier::Outputs Notifier::on_watched(MonoTime now, WatchId watch, std::vector<data::Entry> entries) {
  const auto found = watch_ids_.find(watch);
  if (found == watch_ids_.end()) return {};
  Watch& told = watches_.at(found->second);
  told.user.set(std::move(entries));
  const std::set<SubscriptionId> subscriptions = told.subscriptions;
  for (const SubscriptionId id : subscriptions) {
    subscriptions_.at(id).is_changed = true;
    advance(now, id);
  }
  return take_outputs();
}

// What was seen last stays.
Notifier::Outputs Notifier::on_watch_failed(MonoTime now, WatchId watch) {
  const auto found = watch_ids_.find(watch);
  if (found == watch_ids_.end()) return {};
  Watch& failed = watches_.at(found->second);
  failed.id.reset();
  failed.retry_at = now + k_watch_retry;
  retries_.emplace(*failed.retry_at, found->second);
  watch_ids_.erase(found);
  return {};
}

// ---- ends and time

Notifier::Outputs Notifier::on_flow_failed(MonoTime, FlowId flow) {
  const auto found = flows_.find(flow);
  if (found == flows_.end()) return {};
  const std::set<SubscriptionId> subscriptions = found->second;
  for (const SubscriptionId id : subscriptions) end(id);
  return take_outputs();
}

Notifier::Outputs Notifier::on_users_gone(MonoTime now, const std::set<Aor>& gone) {
  std::vector<std::pair<SubscriptionId, std::string_view>> which;
  for (const auto& [id, subscription] : subscriptions_) {
    if (subscription.watcher && gone.contains(*subscription.watcher))
      which.emplace_back(id, k_rejected);
    else if (!subscription.watcher && gone.contains(subscription.watched))
      which.emplace_back(id, k_no_resource);
  }
  close_all(now, which);
  return take_outputs();
}

Notifier::Outputs Notifier::end_all(MonoTime now) {
  std::vector<std::pair<SubscriptionId, std::string_view>> all;
  for (const auto& [id, subscription] : subscriptions_) all.emplace_back(id, k_probation);
  close_all(now, all);
  return take_outputs();
}

// Each with its last NOTIFY, which says why.
void Notifier::close_all(MonoTime now,
                         const std::vector<std::pair<SubscriptionId, std::string_view>>& which) {
  for (const auto& [id, reason] : which) {
    Subscription& subscription = subscriptions_.at(id);
    if (subscription.ending.empty()) subscription.ending = reason;
    subscription.owed_by.reset();
    advance(now, id);
  }
}

void Notifier::end(SubscriptionId id) {
  const auto found = subscriptions_.find(id);
  Subscription& subscription = found->second;
  queue(id, subscription, {});
  set_flow(id, subscription, std::nullopt);
  dialogs_.erase(subscription.dialog.id());
  if (subscription.under_way) notifies_.erase(*subscription.under_way);
  if (--counts_.at(subscription.watcher) == 0) counts_.erase(subscription.watcher);
  if (!subscription.watcher && --of_sources_.at(subscription.source) == 0)
    of_sources_.erase(subscription.source);
  leave_watch(id, subscription);
  subscriptions_.erase(found);
}

void Notifier::leave_watch(SubscriptionId id, const Subscription& subscription) {
  const auto found = watches_.find(subscription.watched);
  Watch& watch = found->second;
  watch.subscriptions.erase(id);
  if (watch.subscriptions.empty()) {
    if (watch.retry_at) retries_.erase({*watch.retry_at, found->first});
    if (watch.id) {
      watch_ids_.erase(*watch.id);
      outputs_.emplace_back(EndWatch{*watch.id});
    }
    watches_.erase(found);
    return;
  }
  const auto is_of_same = [&](SubscriptionId each) {
    return subscriptions_.at(each).watcher == subscription.watcher;
  };
  if (std::none_of(watch.subscriptions.begin(), watch.subscriptions.end(), is_of_same))
    watch.user.forget(subscription.watcher);
}

void Notifier::set_flow(SubscriptionId id, Subscription& subscription, std::optional<FlowId> flow) {
  if (subscription.flow == flow) return;
  if (subscription.flow) {
    const auto before = flows_.find(*subscription.flow);
    before->second.erase(id);
    const auto is_known = [&](SubscriptionId each) { return subscriptions_.at(each).watcher.has_value(); };
    if (subscription.watcher && std::none_of(before->second.begin(), before->second.end(), is_known))
      outputs_.emplace_back(HoldFlow{before->first, false});
    if (before->second.empty()) flows_.erase(before);
  }
  subscription.flow = flow;
  add_to_flow(id, subscription);
}

void Notifier::add_to_flow(SubscriptionId id, const Subscription& subscription) {
  if (!subscription.flow) return;
  flows_[*subscription.flow].insert(id);
  if (subscription.watcher) outputs_.emplace_back(HoldFlow{*subscription.flow, true});
}

void Notifier::queue(SubscriptionId id, Subscription& subscription, Deadline at) {
  if (subscription.queued_at) wakes_.erase({*subscription.queued_at, id});
  subscription.queued_at = at;
  if (at) wakes_.emplace(*at, id);
}

Notifier::Outputs Notifier::on_timer(MonoTime now) {
  while (!retries_.empty() && retries_.begin()->first <= now) {
    const auto found = watches_.find(retries_.begin()->second);
    retries_.erase(retries_.begin());
    found->second.retry_at.reset();
    begin_watch(found->first, found->second);
  }
  while (!wakes_.empty() && wakes_.begin()->first <= now) advance(now, wakes_.begin()->second);
  return take_outputs();
}

Deadline Notifier::next_wake() const {
  const Deadline of_subscriptions = wakes_.empty() ? Deadline() : Deadline(wakes_.begin()->first);
  return sooner(of_subscriptions, retries_.empty() ? Deadline() : Deadline(retries_.begin()->first));
}

TableSizes Notifier::sizes() const {
  std::size_t most = 0;
  for (const auto& [watcher, count] : counts_) most = std::max(most, count);
  std::size_t most_of_source = 0;
  for (const auto& [source, count] : of_sources_) most_of_source = std::max(most_of_source, count);
  return {{"presence subscriptions", subscriptions_.size(), k_max_subscriptions},
          {"presence subscriptions of one watcher", most, k_max_subscriptions_of_watcher},
          {"presence subscriptions of one stranger or peer", most_of_source, k_max_subscriptions_of_source},
          {"users whose presence is watched", watches_.size(), k_max_watched_users}};
}

}  // namespace ringway::sip::presence
