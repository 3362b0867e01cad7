// Storing a subscription, and reading what is there (watcher.hpp).
#include <algorithm>

#include "reload/data/call_failures.hpp"
#include "reload/data/resource_names.hpp"
#include "reload/data/watcher.hpp"

namespace ringway::data {

namespace {

// A third of its lifetime: two refreshes may be lost.
constexpr Duration k_between_refreshes{k_subscription_lifetime_s * 1000 / 3};
constexpr Duration k_least_between_looks{200};
constexpr Duration k_first_retry{1'000};
constexpr Duration k_longest_retry{30'000};
// Then an application is told that its watch does not come about; later it waits for the overlay to heal.
// Both are over: a try takes up to 15 s, when a peer on the way has just gone (RFC 6940 §6.2.1).
constexpr Duration k_first_within{30'000};
constexpr unsigned k_first_tries = 4;
// What a read shows and no notice has told may be on its way.
constexpr Duration k_for_notices_to_come{3'000};
// Who has become responsible has the subscription as a copy, most often, and says so.
constexpr Duration k_for_a_hint_to_come{1'000};
constexpr Duration k_after_expiry{1'000};
constexpr std::uint64_t k_clock_behind_ms = 10'000;

bool may_pass(CallError error) {
  return error == CallError::unavailable || error == CallError::deadline_exceeded ||
         error == CallError::resource_exhausted || error == CallError::aborted;
}

}  // namespace

// ---- when -------------------------------------------------------------------------------------------------

void Watcher::on_timer(const Now& now, StorageOutputs& out) {
  while (!due_.empty() && due_.begin()->first <= now.mono && looks_ < k_most_looks_at_once)
    look(now, subjects_.at(due_.begin()->second), out);
  drop_ended(now, out);
}

std::optional<MonoTime> Watcher::next_deadline() const {
  if (due_.empty() || looks_ >= k_most_looks_at_once) return std::nullopt;
  return due_.begin()->first;
}

void Watcher::plan(Subject& subject, std::optional<MonoTime> due) {
  if (subject.due) due_.erase({*subject.due, subject.key});
  subject.due = due;
  if (due) due_.insert({*due, subject.key});
}

void Watcher::look_soon(const Now& now, Subject& subject, Duration delay, bool adopts) {
  subject.adopt_next = subject.adopt_next || adopts;
  if (subject.busy()) {
    subject.look_after = true;
    return;
  }
  MonoTime at = now.mono + delay;
  if (subject.looked) at = std::max(at, *subject.looked + k_least_between_looks);
  if (!subject.due || at < *subject.due) plan(subject, at);
}

// Not all at one moment: keys differ.
Duration Watcher::until_refresh(const Subject& subject) {
  const auto spread =
      std::hash<std::string>{}(subject.key) % static_cast<std::size_t>(k_between_refreshes.count());
  return k_between_refreshes - Duration{static_cast<std::int64_t>(spread / 8)};
}

Duration Watcher::until_next(const Now& now, const Subject& subject) {
  const WallMs expires_ms = subject.state ? subject.state->expires_ms() : 0;
  if (expires_ms == 0) return k_between_refreshes;
  const auto left = static_cast<std::int64_t>(expires_ms) - static_cast<std::int64_t>(now.wall_ms);
  return std::min(k_between_refreshes, Duration{std::max<std::int64_t>(left, 0)} + k_after_expiry);
}

// Before the failure that is told now is counted.
bool Watcher::gives_up(const Now& now, const Subject& subject) {
  return subject.failures + 1 >= k_first_tries && now.mono - subject.began > k_first_within;
}

Duration Watcher::back_off(Subject& subject) const {
  return std::min(k_longest_retry, k_first_retry * (1U << std::min(subject.failures++, 8U)));
}

// ---- the subscription -------------------------------------------------------------------------------------

void Watcher::look(const Now& now, Subject& subject, StorageOutputs& out) {
  plan(subject, std::nullopt);
  if (!subject.looked) subject.began = now.mono;  // not when it began to wait for its turn
  subject.looked = now.mono;
  subject.adopting = std::exchange(subject.adopt_next, false) || !subject.state;
  subject.look_after = false;
  subject.only_reads = subject.state && now.mono < subject.stores_from();
  ++looks_;
  if (!subject.only_reads) subject.awaited_hint.reset();
  if (!data_.view->joined)
    return not_stored(now, subject, refuse(wire::ErrorCode::not_found, "not in the ring"), true, out);
  if (subject.only_reads) return read(now, subject, out);
  store(now, subject, true, out);
}

wire::StoredData Watcher::signed_subscription(const Now& now, const Subject& subject, bool exists) {
  const auto name = parse_resource_name(subject.key);
  last_storage_time_ms_ = std::max<std::uint64_t>(now.wall_ms, last_storage_time_ms_ + 1);
  wire::StoredData value;
  value.storage_time_ms = last_storage_time_ms_;
  value.lifetime_s = k_subscription_lifetime_s;
  value.value.model = wire::DataModel::dictionary;
  value.value.key = SharedBytes{dictionary_key_of(*name, data_.signer->node_id().view())};
  value.value.data = {exists, exists ? SharedBytes{subscription_value()} : SharedBytes{}};
  value.value_wire = SharedBytes{wire::encode(value.value)};
  value.signature = data_.signer->sign(
      security::value_signature_input(subject.plan.at.resource, config::k_subscription, value.storage_time_ms,
                                      wire::DataModel::dictionary, value.value_wire));
  return value;
}

void Watcher::store(const Now& now, Subject& subject, bool exists, StorageOutputs& out) {
  const ResourceId& resource = subject.plan.at.resource;
  wire::StoreKindData kind;
  kind.kind = config::k_subscription;
  kind.values.push_back(signed_subscription(now, subject, exists));
  subject.storing = next_number();
  numbers_[subject.storing] = subject.key;
  if (data_.view->responsible_for(resource))
    return holder_.store_own(now, subject.storing, resource, std::move(kind), *data_.signer, out);
  wire::StoreReq body;
  body.resource = copy_of(resource.view());
  body.kind_data.push_back(std::move(kind));
  routing::SendRequest request;
  request.origin = routing::Origin::storage;
  request.token = subject.storing;
  request.destination = {wire::to_resource(resource)};
  request.code = wire::MessageCode::store_req;
  request.body = SharedBytes{wire::encode(body)};
  out.emplace_back(std::move(request));
}

bool Watcher::request_done(const Now& now, const routing::RequestDone& done, StorageOutputs& out) {
  if (done.token < k_first_own_number || done.token > last_number_) return false;
  Subject* subject = subject_of(done.token);
  if (subject == nullptr) return true;  // nobody watches it any more
  if (const auto* failure = std::get_if<routing::RequestFailure>(&done.outcome)) {
    not_stored(now, *subject, {failure->code, failure->info, 0}, failure->local, out);
  } else {
    stored(now, *subject, std::get<0>(done.outcome)->signer_node, out);
  }
  drop_ended(now, out);
  return true;
}

bool Watcher::stored_here(const Now& now, const Holder::Outcome& outcome, StorageOutputs& out) {
  if (outcome.call < k_first_own_number) return false;
  Subject* subject = subject_of(outcome.call);
  if (subject == nullptr) return true;
  if (outcome.result) {
    stored(now, *subject, data_.view->self, out);
  } else {
    not_stored(now, *subject, outcome.result.error(), false, out);
  }
  drop_ended(now, out);
  return true;
}

void Watcher::stored(const Now& now, Subject& subject, const NodeId& holder, StorageOutputs& out) {
  subject.storing = 0;
  subject.store_at = now.mono + until_refresh(subject);
  has_subscription(subject, holder);
  read(now, subject, out);
}

// Another one counts generations by itself: what the one before has told is of no use.
void Watcher::has_subscription(Subject& subject, const NodeId& holder) {
  if (subject.holder != holder) {
    subject.adopting = subject.moved = true;
    subject.notices.clear();
  }
  subject.holder = holder;
}

void Watcher::not_stored(const Now& now, Subject& subject, const Refusal& refusal, bool found_here,
                         StorageOutputs& out) {
  subject.storing = 0;
  subject.store_at = now.mono + until_refresh(subject);
  // A later one of this peer's, from before its clock was set back, is as good.
  if (refusal.code == wire::ErrorCode::data_too_old) {
    last_storage_time_ms_ = std::max<std::uint64_t>(last_storage_time_ms_, now.wall_ms) + k_clock_behind_ms;
    return read(now, subject, out);
  }
  const bool passes = is_transient(refusal.code, found_here) ||
                      (found_here && refusal.code == wire::ErrorCode::request_timeout);
  // Who is refused a subscription later on goes on by reading now and then.
  if (!passes && subject.state) return read(now, subject, out);
  if (!subject.state && (!passes || gives_up(now, subject)))
    fail(subject, failure_of(refusal, found_here), out);
  subject.adopt_next = subject.adopt_next || subject.adopting;
  const Duration next = back_off(subject);
  subject.store_at = now.mono + next;
  end_look(now, subject, next);
}

// ---- what is there ----------------------------------------------------------------------------------------

void Watcher::read(const Now& now, Subject& subject, StorageOutputs& out) {
  subject.vouched = std::exchange(subject.hinted, k_no_node);
  begin_read(now, subject, Consistency::one, out);
}

void Watcher::begin_read(const Now& now, Subject& subject, Consistency consistency, StorageOutputs& out) {
  subject.careful = consistency != Consistency::one;
  subject.reading = next_number();
  numbers_[subject.reading] = subject.key;
  client_.calls(now, {subject.reading, {GetCall{subject.key, std::nullopt, consistency}}}, out);
}

bool Watcher::takes_back(const Now& now, const Subject& subject, const WatchedState& read) const {
  const auto* kind = data_.configuration->kinds.find(subject.plan.at.kind);
  const bool shared = kind != nullptr && kind->kind == config::k_shared_value;
  return subject.state && read.takes_back(*subject.state, shared, now.wall_ms);
}

// Of what an earlier watch was told there is only a digest: what another peer shows may be older, or newer.
bool Watcher::may_take_back(const Now& now, const Subject& subject, const WatchedState& read,
                            const NodeId& holder) const {
  if (subject.state) return takes_back(now, subject, read);
  return std::any_of(subject.watches.begin(), subject.watches.end(), [&](std::uint64_t token) {
    const Watching& watching = watches_.at(token);
    return watching.resume && watching.resume->holder != holder &&
           watching.resume->digest != read.digest(watching.entry);
  });
}

void Watcher::read_done(const Now& now, CallsDone done, const NodeId& holder, StorageOutputs& out) {
  Subject* subject = subject_of(done.token);
  if (subject == nullptr) return;
  subject->reading = 0;
  CallResult& result = done.results.front();
  if (auto* got = std::get_if<GetResult>(&result)) {
    found(now, *subject, *got, holder, out);
  } else {
    const auto& failure = std::get<CallFailure>(result);
    if (failure.error == CallError::not_found) {
      GetResult nothing;
      nothing.generation = failure.generation;
      found(now, *subject, nothing, holder, out);
    } else {
      failed(now, *subject, failure, out);
    }
  }
  drop_ended(now, out);
}

void Watcher::failed(const Now& now, Subject& subject, const CallFailure& failure, StorageOutputs& out) {
  // Only what is read from one peer comes in parts.
  if (subject.careful && failure.error == CallError::resource_exhausted) {
    subject.too_large = true;
    return begin_read(now, subject, Consistency::one, out);
  }
  if (!subject.state && (!may_pass(failure.error) || gives_up(now, subject))) fail(subject, failure, out);
  subject.adopt_next = subject.adopt_next || subject.adopting;
  if (subject.hinted == k_no_node) subject.hinted = subject.vouched;  // the next read shows it
  end_look(now, subject, back_off(subject));
}

// The responsible peer is another one than before. Has it said that it has the subscription, before it was
// asked what is there, then it tells whatever comes after that; storing the subscription once more at it and
// its replicas would cost much, with very many keys at the same time. Else it is given it, unless it says so
// in a moment.
bool Watcher::tells_from_now_on(const Now& now, Subject& subject, const NodeId& holder) {
  if (!subject.only_reads || holder == k_no_node) return true;
  if (holder == subject.holder || holder == subject.vouched) {
    subject.awaited_hint.reset();
    has_subscription(subject, holder);
    return true;
  }
  subject.adopt_next = true;
  // However often it answers before, or others do by turns.
  const MonoTime until = subject.awaited_hint ? subject.awaited_hint->until : now.mono + k_for_a_hint_to_come;
  subject.awaited_hint = {holder, until};
  end_look(now, subject, k_for_a_hint_to_come);
  return false;
}

// A read that only compares never takes anything back: what it shows may be older than the last notice.
void Watcher::found(const Now& now, Subject& subject, const GetResult& got, const NodeId& holder,
                    StorageOutputs& out) {
  subject.failures = 0;
  judge_hints(now, subject, holder);
  if (!tells_from_now_on(now, subject, holder)) return;
  WatchedState state = WatchedState::of(got, now.wall_ms);
  const bool same = subject.state && subject.state->digest(std::nullopt) == state.digest(std::nullopt);
  // Who has become responsible may have an older copy than another replica has.
  const bool as_it_is = subject.careful || subject.too_large;
  if (subject.adopting && !as_it_is && may_take_back(now, subject, state, holder))
    return begin_read(now, subject, Consistency::quorum, out);
  if (subject.adopting) {
    subject.too_large = false;
    // Of the same generation by the same peer's count: a value has expired, no change was missed.
    const bool compacted = std::exchange(subject.moved, false) || !subject.state ||
                           subject.state->generation() != state.generation();
    subject.adopting = false;
    set_state(now, subject, std::move(state), compacted, out);
    end_look(now, subject, until_next(now, subject));
    if (!subject.watches.empty()) use_notices(now, subject, out);
  } else if (same) {
    if (state.generation() >= subject.state->generation())
      set_state(now, subject, std::move(state), false, out);  // tells nothing: lifetimes have been prolonged
    end_look(now, subject, until_next(now, subject));
  } else {
    subject.adopt_next = true;
    end_look(now, subject, k_for_notices_to_come);
  }
}

void Watcher::end_look(const Now& now, Subject& subject, Duration next) {
  --looks_;
  plan(subject, std::max(std::min(now.mono + next, subject.stores_from()), now.mono + k_least_between_looks));
  if (std::exchange(subject.look_after, false)) look_soon(now, subject, Duration{0}, false);
}

}  // namespace ringway::data
