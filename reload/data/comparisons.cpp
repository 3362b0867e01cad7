#include "reload/data/comparisons.hpp"

#include <algorithm>
#include <utility>

#include "reload/data/listing_difference.hpp"
#include "reload/data/ring_changes.hpp"

namespace ringway::data {

namespace {

constexpr std::size_t k_most_tasks = 64;       // then the ranges that wait become one
constexpr std::size_t k_most_promised = 64;    // of one session; likewise
constexpr std::size_t k_most_open = 1024;      // parts of one session; a ring has 32 levels of 15 at most
constexpr std::size_t k_listed_items = 256;    // of both together: so few are listed
constexpr std::size_t k_most_listed = 16'384;  // items at one resource
constexpr std::size_t k_most_list_bytes = 64U << 20;
constexpr Duration k_ask_again{15'000};
constexpr unsigned k_most_asked = 4;

bool contains(const std::vector<NodeId>& nodes, const NodeId& node) {
  return std::find(nodes.begin(), nodes.end(), node) != nodes.end();
}

bool is_everything(const Span& span) { return span.after == span.up_to; }

bool is_within(const Span& span, const Span& outer) {
  if (span == outer) return true;
  const RingId from = ring_distance(outer.after, span.after), to = ring_distance(outer.after, span.up_to);
  return from < to && (is_everything(outer) || to <= ring_distance(outer.after, outer.up_to));
}

}  // namespace

// ---- what is to be compared

void Comparisons::start(CopyTask refill) {
  if (tasks_.size() >= k_most_tasks) {
    const auto soonest = std::min_element(tasks_.begin(), tasks_.end(), [](const auto& a, const auto& b) {
      return a.not_before < b.not_before;
    });
    const NodeId& self = context_.self;
    refill = {Purpose::refill, self, self, {}, std::min(soonest->not_before, refill.not_before)};
    tasks_.clear();
  }
  tasks_.push_back(std::move(refill));
}

void Comparisons::mend(const ResourceId& resource) {
  if (!context_.view->responsible_for(resource)) return;
  for (const NodeId& target : context_.view->replica_set()) add(target, span_of(resource), false);
}

void Comparisons::add(const NodeId& target, const Span& wanted, bool promised) {
  // The ring may have changed since somebody thought of it.
  const Span span = is_within(wanted, range_) ? wanted : range_;
  Session& session = sessions_[target];
  if (promised && session.promised.size() >= k_most_promised) {
    session.promised = {range_};
    session.open = {{range_, false}};
    return;
  }
  if (promised) session.promised.push_back(span);
  if (session.open.size() < k_most_open) session.open.push_back({span, false});
}

void Comparisons::begin_due(const Now& now) {
  std::vector<CopyTask> due;
  const auto later = std::stable_partition(tasks_.begin(), tasks_.end(),
                                           [&](const auto& one) { return one.not_before > now.mono; });
  std::move(later, tasks_.end(), std::back_inserter(due));
  tasks_.erase(later, tasks_.end());
  const auto set = context_.view->replica_set();
  for (const CopyTask& task : due) {
    for (const NodeId& target : task.targets.empty() ? set : task.targets) {
      if (contains(set, target)) add(target, {task.after, task.up_to}, true);
    }
  }
}

// A quarter more or less, so that peers that joined together do not compare at the same moments for ever.
Duration Comparisons::jittered(Duration interval) {
  Bytes seed = copy_of(context_.self.view());
  seed.push_back(static_cast<std::uint8_t>(rounds_));
  const auto digest = sha1(seed);
  const std::int64_t share = std::int64_t{digest[0]} << 8U | digest[1];  // of 65,536
  return interval * 3 / 4 + interval * share / 131'072;
}

void Comparisons::begin_round(const Now& now) {
  if (!round_at_ || *round_at_ > now.mono || expedited_) return;
  ++rounds_;
  round_at_ = now.mono + jittered(context_.settings.comparison_interval);
  for (const NodeId& target : context_.view->replica_set()) {
    if (!sessions_.contains(target) && !channels_.refused(now.mono, target)) add(target, range_, false);
  }
}

void Comparisons::ring_changed(const Now& now) {
  const auto set = context_.view->replica_set();
  std::erase_if(sessions_, [&](const auto& one) { return !contains(set, one.first); });
  if (!round_at_ && context_.settings.comparison_interval > Duration{0})
    round_at_ = now.mono + jittered(context_.settings.comparison_interval);
  const Span range = own_range(*context_.view);
  if (std::exchange(range_, range) == range) return;
  // Begun with another range: those that somebody counts on begin again.
  std::vector<NodeId> again;
  for (const auto& [target, session] : sessions_) {
    if (!session.promised.empty()) again.push_back(target);
  }
  sessions_.clear();
  for (const NodeId& target : again) add(target, range_, true);
}

void Comparisons::stop_all() {
  tasks_.clear();
  sessions_.clear();
  round_at_.reset();
}

void Comparisons::expedite(MonoTime now) {
  expedited_ = true;
  for (CopyTask& task : tasks_) task.not_before = std::min(task.not_before, now);
}

bool Comparisons::idle(MonoTime now) const {
  return sessions_.empty() &&
         std::all_of(tasks_.begin(), tasks_.end(), [&](const auto& one) { return one.not_before > now; });
}

// ---- one step after the other

void Comparisons::go_on(const Now& now, ReplicationOutputs& out) {
  if (!context_.view->joined) return;
  begin_due(now);
  begin_round(now);
  connect(now, out);
  ask_again(now, out);
  // One slice, of each session in turn.
  auto next = sessions_.upper_bound(last_stepped_);
  for (std::size_t i = 0; i < sessions_.size(); ++i, ++next) {
    if (next == sessions_.end()) next = sessions_.begin();
    if (!can_step(next->first, next->second)) continue;
    last_stepped_ = next->first;
    return step(now, next, out);
  }
}

void Comparisons::connect(const Now& now, ReplicationOutputs& out) {
  for (auto at = sessions_.begin(); at != sessions_.end();) {
    const auto here = at++;
    channels_.want(now.mono, here->first, out);
    if (channels_.refused(now.mono, here->first)) give_up(now, here);
  }
}

void Comparisons::ask_again(const Now& now, ReplicationOutputs& out) {
  for (auto at = sessions_.begin(); at != sessions_.end();) {
    const auto here = at++;
    Session& session = here->second;
    if (session.number == 0 || session.ask_again_at > now.mono) continue;
    if (session.asked >= k_most_asked) {
      give_up(now, here);
      continue;
    }
    ++session.asked;
    session.ask_again_at = now.mono + k_ask_again;
    ReplicaChannels::send(here->first, session.question, out);
  }
}

bool Comparisons::can_step(const NodeId& target, const Session& session) const {
  if (!channels_.stands(target) || session.number != 0) return false;
  return session.stage == Stage::counting || background_.has_room();
}

void Comparisons::step(const Now& now, Sessions::iterator at, ReplicationOutputs& out) {
  const NodeId& target = at->first;
  Session& session = at->second;
  if (session.stage == Stage::between) {
    if (session.open.empty()) return finish(at);
    next_span(session);
    if (session.stage == Stage::waits_for_list) ask_for_list(now, target, session, out);
    return;
  }
  const bool counting = session.stage == Stage::counting;
  const auto read = counting ? session.digest.go_on(*context_.store, *context_.configuration, now.wall_ms)
                             : session.list.go_on(*context_.store, *context_.configuration, now.wall_ms);
  if (!read) return give_up(now, at);
  if (counting && session.digest.done()) {
    session.stage = Stage::waits_for_digests;
    return ask(now, target, session, DigestsWanted{++last_number_, session.span, session.digest.total()},
               out);
  }
  if (!counting && session.list.done()) compare(target, session);
}

void Comparisons::next_span(Session& session) {
  const Open next = session.open.back();
  session.open.pop_back();
  session.span = next.span;
  if (next.list || split(next.span).empty()) {
    session.theirs.clear();
    session.stage = Stage::waits_for_list;
    return;
  }
  session.digest = DigestScan(next.span);
  session.stage = Stage::counting;
}

void Comparisons::ask(const Now& now, const NodeId& target, Session& session, DigestMessage question,
                      ReplicationOutputs& out) {
  session.number = last_number_;
  session.question = encode(question);
  session.asked = 1;
  session.ask_again_at = now.mono + k_ask_again;
  ReplicaChannels::send(target, session.question, out);
}

void Comparisons::ask_for_list(const Now& now, const NodeId& target, Session& session,
                               ReplicationOutputs& out) {
  ListWanted question{++last_number_, session.span, std::nullopt};
  if (!session.theirs.empty())
    question.behind = ListPosition{session.theirs.back().at, session.theirs.back().items.back().key};
  ask(now, target, session, std::move(question), out);
}

// ---- answers

Comparisons::Session* Comparisons::waiting_for(const NodeId& node, std::uint64_t number, Stage stage) {
  const auto found = sessions_.find(node);
  if (found == sessions_.end() || found->second.stage != stage) return nullptr;
  if (number == 0 || found->second.number != number) return nullptr;  // of a question asked again
  found->second.number = 0;
  return &found->second;
}

void Comparisons::heard(const Now& now, const NodeId& node, Digests answer, ReplicationOutputs&) {
  Session* session = waiting_for(node, answer.number, Stage::waits_for_digests);
  if (session == nullptr) return;
  session->stage = Stage::between;
  if (answer.parts.empty()) return;
  RangeDigest theirs;
  for (const RangeDigest& part : answer.parts) theirs.add(part);
  const auto& own = session->digest.parts();
  if (theirs.items == 0 && session->digest.total().items > k_listed_items) {
    // It has nothing of all this: that is the ordinary way to copy a range.
    background_.start({Purpose::refill, session->span.after, session->span.up_to, {node}, now.mono});
    return;
  }
  const auto parts = split(session->span);
  for (std::size_t i = parts.size(); i > 0; --i) {
    const RangeDigest& mine = own[i - 1];
    const RangeDigest& other = answer.parts[i - 1];
    if (mine == other || session->open.size() >= k_most_open) continue;
    const bool few = mine.items <= k_listed_items && other.items <= k_listed_items;
    session->open.push_back({parts[i - 1], few});
  }
}

void Comparisons::heard(const Now& now, const NodeId& node, List answer, ReplicationOutputs& out) {
  Session* session = waiting_for(node, answer.number, Stage::waits_for_list);
  if (session == nullptr) return;
  const bool good = add_page(session->theirs, std::move(answer.kinds), session->span);
  if (!good || count_items(session->theirs) > k_most_listed) {
    ++context_.statistics.bad_digest_messages;
    return give_up(now, sessions_.find(node));
  }
  if (!answer.complete) return ask_for_list(now, node, *session, out);
  session->list = ListScan(session->span, std::nullopt, k_most_list_bytes);
  session->stage = Stage::listing;
}

void Comparisons::heard(const Now& now, const NodeId& node, const NotAnswered& answer) {
  const auto found = sessions_.find(node);
  if (found == sessions_.end() || answer.number == 0 || found->second.number != answer.number) return;
  give_up(now, found);
}

void Comparisons::compare(const NodeId& target, Session& session) {
  for (Difference& difference : differences(session.list.listing(), session.theirs, target)) {
    if (context_.configuration->kinds.find(difference.at.kind) == nullptr) continue;
    ++context_.statistics.differences;
    background_.start(std::move(difference));
  }
  session.theirs.clear();
  session.list = ListScan();
  session.stage = Stage::between;
}

void Comparisons::finish(Sessions::iterator at) {
  ++context_.statistics.comparisons;
  sessions_.erase(at);
}

void Comparisons::give_up(const Now& now, Sessions::iterator at) {
  ++context_.statistics.comparisons_failed;
  for (const Span& span : at->second.promised)
    background_.start({Purpose::refill, span.after, span.up_to, {at->first}, now.mono});
  sessions_.erase(at);
}

void Comparisons::channel_lost(const Now& now, const NodeId& node) {
  const auto found = sessions_.find(node);
  if (found != sessions_.end()) give_up(now, found);
}

std::optional<MonoTime> Comparisons::next_deadline(MonoTime now) const {
  std::optional<MonoTime> next = expedited_ ? std::nullopt : round_at_;
  const auto consider = [&](MonoTime at) { next = next ? std::min(*next, at) : at; };
  for (const CopyTask& task : tasks_) consider(std::max(now, task.not_before));
  for (const auto& [target, session] : sessions_) {
    if (session.number != 0) consider(session.ask_again_at);
    if (can_step(target, session)) consider(now);
  }
  return next;
}

}  // namespace ringway::data
