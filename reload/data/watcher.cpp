#include "reload/data/watcher.hpp"

#include <algorithm>

namespace ringway::data {

namespace {

CallFailure too_many(const std::string& what) {
  return {CallError::resource_exhausted, "too many " + what + " here: end some of them", 0};
}

}  // namespace

// ---- applications -----------------------------------------------------------------------------------------

void Watcher::watch(const Now& now, Watch watch, StorageOutputs& out) {
  const auto refuse_with = [&](CallFailure failure) {
    out.emplace_back(WatchEvent{watch.token, std::move(failure)});
  };
  auto planned = plan_call(data_, now.wall_ms, GetCall{watch.call.key, watch.call.entry});
  if (auto* failure = std::get_if<CallFailure>(&planned)) return refuse_with(std::move(*failure));
  if (data_.configuration->kinds.find(config::k_subscription) == nullptr) {
    return refuse_with({CallError::failed_precondition,
                        "this overlay's configuration document lacks the Kind of subscriptions (" +
                            std::to_string(config::k_subscription) +
                            "): have the overlay's authority add it, as docs/extensions.md shows",
                        0});
  }
  std::optional<ResumePoint> resume;
  if (!watch.call.resume_token.empty()) {
    resume = resume_point_of(watch.call.resume_token);
    if (!resume) {
      return refuse_with({CallError::invalid_argument,
                          "that is no resume token of this program: use one of an event, or none", 0});
    }
  }
  if (watches_.size() >= k_max_watches) return refuse_with(too_many("watches"));
  auto subject = subjects_.find(watch.call.key);
  if (subject == subjects_.end()) {
    if (subjects_.size() >= k_max_watched_keys) return refuse_with(too_many("watched keys"));
    // All entries are followed, so that one subscription does for every watch of the key.
    auto all = plan_call(data_, now.wall_ms, GetCall{watch.call.key, std::nullopt});
    Subject made;
    made.plan = std::get<CallPlan>(std::move(all));
    made.key = watch.call.key;
    subject = subjects_.emplace(watch.call.key, std::move(made)).first;
  }
  Watching& watching = watches_[watch.token];
  watching.key = std::move(watch.call.key);
  watching.entry = std::move(watch.call.entry);
  watching.resume = std::move(resume);
  subject->second.watches.insert(watch.token);
  if (subject->second.state) return first_event(now, watching, watch.token, subject->second, out);
  if (!subject->second.busy() && !subject->second.due) look_soon(now, subject->second, Duration{0}, true);
  on_timer(now, out);  // begins at once, if there is room
}

void Watcher::next(const Now& now, std::uint64_t token, StorageOutputs& out) {
  const auto found = watches_.find(token);
  if (found == watches_.end()) return;
  found->second.wants_event = true;
  emit(now, found->second, token, subjects_.at(found->second.key).holder, out);
}

void Watcher::cancel(const Now& now, std::uint64_t token, StorageOutputs& out) {
  const auto found = watches_.find(token);
  if (found == watches_.end()) return;
  const auto subject = subjects_.find(found->second.key);
  watches_.erase(found);
  subject->second.watches.erase(token);
  if (subject->second.watches.empty()) drop(now, subject, out);
}

// The subscription is taken back, so that nobody goes on telling; should that get lost, it ends by itself.
void Watcher::drop(const Now& now, Subjects::iterator found, StorageOutputs& out) {
  Subject& subject = found->second;
  plan(subject, std::nullopt);
  if (subject.state) bytes_ -= subject.state->bytes();
  if (subject.busy()) --looks_;
  for (const std::uint64_t number : {subject.storing, subject.reading, subject.checking})
    numbers_.erase(number);
  if (subject.reading != 0) client_.cancel(now, {subject.reading}, out);
  if (subject.storing != 0)
    out.emplace_back(routing::CancelRequest{routing::Origin::storage, subject.storing});
  if (subject.holder != k_no_node && data_.view->joined) {
    store(now, subject, false, out);
    numbers_.erase(subject.storing);
  }
  subjects_.erase(found);
}

void Watcher::fail(Subject& subject, const CallFailure& failure, StorageOutputs& out) {
  for (const std::uint64_t token : subject.watches) {
    watches_.erase(token);
    out.emplace_back(WatchEvent{token, failure});
  }
  subject.watches.clear();
  ended_.push_back(subject.key);
}

void Watcher::drop_ended(const Now& now, StorageOutputs& out) {
  for (const std::string& key : std::exchange(ended_, {})) {
    const auto subject = subjects_.find(key);
    if (subject != subjects_.end() && subject->second.watches.empty()) drop(now, subject, out);
  }
}

// ---- events -----------------------------------------------------------------------------------------------

void Watcher::set_state(const Now& now, Subject& subject, WatchedState state, bool compacted,
                        StorageOutputs& out) {
  if (subject.state) bytes_ -= subject.state->bytes();
  bytes_ += state.bytes();
  subject.state = std::make_shared<const WatchedState>(std::move(state));
  subject.summaries.clear();
  if (bytes_ > k_max_watched_bytes) return fail(subject, too_many("values are watched"), out);
  for (const std::uint64_t token : subject.watches) {
    Watching& watching = watches_.at(token);
    if (watching.told) {
      push(now, watching, token, subject, compacted, out);
    } else {
      first_event(now, watching, token, subject, out);
    }
  }
}

// Who goes on from where an earlier watch was hears nothing when nothing has changed since.
void Watcher::first_event(const Now& now, Watching& watching, std::uint64_t token, Subject& subject,
                          StorageOutputs& out) {
  watching.told = true;
  if (!watching.resume) return push(now, watching, token, subject, false, out);
  watching.last_digest = watching.resume->digest;
  const bool next_one = watching.resume->holder == subject.holder &&
                        watching.resume->generation + 1 == subject.state->generation();
  push(now, watching, token, subject, !next_one, out);
}

const Watcher::Summary& Watcher::summary(Subject& subject, const std::optional<std::string>& entry) {
  const auto [found, made] = subject.summaries.try_emplace(entry);
  if (made) found->second = {subject.state->digest(entry), subject.state->largest_bytes(entry)};
  return found->second;
}

void Watcher::push(const Now& now, Watching& watching, std::uint64_t token, Subject& subject, bool compacted,
                   StorageOutputs& out) {
  // Events share what they have in common; the newest value is what each adds.
  const auto& [digest, bytes] = summary(subject, watching.entry);
  if (digest == watching.last_digest) return;
  watching.last_digest = digest;
  watching.waiting.push_back({subject.state, compacted, digest, bytes});
  watching.waiting_bytes += bytes;
  if (watching.waiting.size() > k_max_waiting_events ||
      (watching.waiting_bytes > k_max_waiting_event_bytes && watching.waiting.size() > 1)) {
    watching.waiting = {{subject.state, true, digest, bytes}};
    watching.waiting_bytes = bytes;
  }
  emit(now, watching, token, subject.holder, out);
}

void Watcher::emit(const Now& now, Watching& watching, std::uint64_t token, const NodeId& holder,
                   StorageOutputs& out) {
  if (!watching.wants_event || watching.waiting.empty()) return;
  const Event event = std::move(watching.waiting.front());
  watching.waiting.pop_front();
  watching.waiting_bytes -= event.bytes;
  watching.wants_event = false;
  ++data_.statistics.watch_events;
  if (event.compacted) ++data_.statistics.events_compacted;
  WatchUpdate update;
  update.state = event.state->result(now.wall_ms, watching.entry);
  update.compacted = event.compacted;
  update.resume_token = token_of({holder, event.state->generation(), event.digest});
  out.emplace_back(WatchEvent{token, std::move(update)});
}

// ---- what others of the component say ---------------------------------------------------------------------

Watcher::Subject* Watcher::subject_of(std::uint64_t number) {
  const auto found = numbers_.extract(number);
  if (!found) return nullptr;
  const auto subject = subjects_.find(found.mapped());
  return subject == subjects_.end() ? nullptr : &subject->second;
}

// Whoever is responsible next says so by itself; this is for keys that this peer sees change hands.
void Watcher::ring_changed(const Now& now, const topology::RingView& before) {
  constexpr Duration k_after_change{1'000};
  for (auto& [key, subject] : subjects_) {
    const ResourceId& resource = subject.plan.at.resource;
    const bool ours = data_.view->responsible_for(resource);
    if (ours != before.responsible_for(resource)) {
      look_soon(now, subject, Duration{0}, true);
    } else if (!ours && before.is_neighbor(subject.holder) && !data_.view->is_neighbor(subject.holder)) {
      look_soon(now, subject, k_after_change, true);
    }
  }
}

// Where it is the same peer still, it makes another channel and goes on telling.
void Watcher::channel_down(const Now& now, const NodeId& node) {
  constexpr Duration k_after_loss{500};
  sessions_.erase(node);
  for (auto& [key, subject] : subjects_)
    if (subject.holder == node) look_soon(now, subject, k_after_loss, false);
}

TableSizes Watcher::tables() const {
  std::size_t events = 0, event_bytes = 0, notices = 0;
  for (const auto& [token, watching] : watches_) {
    events = std::max(events, watching.waiting.size());
    // A single event may be of any size that a value may have.
    if (watching.waiting.size() > 1) event_bytes = std::max(event_bytes, watching.waiting_bytes);
  }
  for (const auto& [key, subject] : subjects_) notices = std::max(notices, subject.notices.size());
  return {
      {"watches", watches_.size(), k_max_watches},
      {"watched keys", subjects_.size(), k_max_watched_keys},
      {"bytes of watched values", bytes_, k_max_watched_bytes},
      {"events that wait for an application", events, k_max_waiting_events},
      {"bytes of events that wait for an application", event_bytes, k_max_waiting_event_bytes},
      {"notices of a key that wait", notices, k_max_waiting_notices},
      {"nodes whose notices are counted", sessions_.size(), k_max_notifying_nodes},
      {"nodes that give hints", hinting_.size(), k_max_hinting_nodes},
      {"nodes whose hints were disproved", disproved_.size(), k_max_disproved_nodes},
      {"looks at watched keys", looks_, k_most_looks_at_once},
  };
}

}  // namespace ringway::data
