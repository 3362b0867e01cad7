#include "reload/data/comparisons.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "reload/data/listing_difference.hpp"
#include "reload/data/ring_changes.hpp"
#include "reload/topology/peer_table.hpp"

namespace ringway::data {

namespace {

constexpr std::size_t k_most_purposes = 2;     // of a comparison with one neighbour
constexpr std::size_t k_most_tasks = 64;       // then more are copied in full
constexpr std::size_t k_most_promised = 64;    // ranges of one session; then they become one
constexpr std::size_t k_most_open = 1024;      // parts of one session; a ring has 32 levels of 15 at most
constexpr std::size_t k_listed_items = 256;    // of each side: so few are listed
constexpr std::size_t k_dropped_items = 1024;  // that are gone through once more together
constexpr std::size_t k_most_listed = 16'384;  // items at one resource
constexpr std::size_t k_most_unlisted = 128;   // damaged Kinds of a span; the others are found the next time
constexpr std::size_t k_most_nothing = 1024;   // damaged Kinds that some replicas have nothing of; so too
constexpr std::size_t k_most_list_bytes = 64U << 20;
constexpr Duration k_ask_again{15'000};
constexpr Duration k_after_loss{1'000};
constexpr unsigned k_most_asked = 4;
constexpr unsigned k_most_restarts = 3;  // for channels that stand and break

bool contains(const std::vector<NodeId>& nodes, const NodeId& node) {
  return std::find(nodes.begin(), nodes.end(), node) != nodes.end();
}

}  // namespace

// ---- what is to be compared

void Comparisons::start(CopyTask task) {
  if (tasks_.size() >= k_most_tasks) return background_.start(std::move(task));
  tasks_.push_back(std::move(task));
}

void Comparisons::mend(const ResourceId& resource) {
  if (!context_.view->responsible_for(resource)) return;
  for (const NodeId& node : context_.view->replica_set())
    add({node, Purpose::refill}, span_of(resource), std::nullopt);
}

// Without a number of restarts it is nobody's task: what is left out is found the next time.
void Comparisons::add(const Partner& partner, const Span& wanted, std::optional<unsigned> promised_restarts) {
  const bool refill = partner.purpose == Purpose::refill;
  // The ring may have changed since somebody thought of it.
  const Span span = !refill || is_within(wanted, range_) ? wanted : range_;
  Session& session = sessions_[partner];
  if (promised_restarts && session.promised.size() >= k_most_promised) {
    if (!refill) return background_.start({Purpose::push, span.after, span.up_to, {}, MonoTime{}});
    session.promised = {{range_, *promised_restarts}};
    session.open = {{range_, false, {}}};
    return;
  }
  if (session.open.size() >= k_most_open) {
    if (promised_restarts) background_.start(copy_of_span(partner, span, MonoTime{}));
    session.incomplete = true;
    return;
  }
  if (promised_restarts) session.promised.push_back({span, *promised_restarts});
  session.open.push_back({span, false, {}});
}

CopyTask Comparisons::copy_of_span(const Partner& partner, const Span& span, MonoTime not_before) {
  CopyTask task{partner.purpose, span.after, span.up_to, {}, not_before};
  if (partner.purpose == Purpose::refill) task.targets = {partner.node};
  return task;
}

void Comparisons::begin_due(const Now& now) {
  std::vector<CopyTask> due;
  const auto later = std::stable_partition(tasks_.begin(), tasks_.end(),
                                           [&](const auto& one) { return one.not_before > now.mono; });
  std::move(later, tasks_.end(), std::back_inserter(due));
  tasks_.erase(later, tasks_.end());
  const auto set = context_.view->replica_set();
  for (CopyTask& task : due) {
    const Span span{task.after, task.up_to};
    if (task.purpose == Purpose::refill) {
      for (const NodeId& node : task.targets.empty() ? set : task.targets) {
        if (contains(set, node)) add({node, Purpose::refill}, span, task.restarts);
      }
    } else if (const auto owner = owner_of(*context_.view, span)) {
      add({*owner, Purpose::push}, span, task.restarts);
    } else {
      background_.start(std::move(task));
    }
  }
}

// A quarter more or less, so that peers that joined together do not compare at the same moments for ever.
Duration Comparisons::jittered(Duration interval) const {
  Bytes seed = copy_of(context_.self.view());
  seed.push_back(static_cast<std::uint8_t>(rounds_));
  const auto digest = sha1(seed);
  const std::int64_t share = std::int64_t{digest[0]} << 8U | digest[1];  // of 65,536
  return interval * 3 / 4 + interval * share / 131'072;
}

void Comparisons::begin_round(const Now& now) {
  if (!round_at_ || *round_at_ > now.mono || expedited_) return;
  ++rounds_;
  nothing_at_.clear();
  round_at_ = now.mono + jittered(context_.settings.comparison_interval);
  for (const NodeId& node : context_.view->replica_set()) {
    const Partner partner{node, Purpose::refill};
    if (!sessions_.contains(partner) && !channels_.refused(now.mono, node))
      add(partner, range_, std::nullopt);
  }
}

bool Comparisons::is_out_of_date(const Partner& partner, const Session& session, bool range_moved) const {
  const auto& view = *context_.view;
  if (partner.purpose == Purpose::refill) return range_moved || !contains(view.replica_set(), partner.node);
  return std::any_of(session.promised.begin(), session.promised.end(),
                     [&](const Promise& one) { return owner_of(view, one.span) != partner.node; });
}

void Comparisons::ring_changed(const Now& now) {
  if (!round_at_ && context_.settings.comparison_interval > Duration{0})
    round_at_ = now.mono + jittered(context_.settings.comparison_interval);
  const Span range = own_range(*context_.view);
  const bool moved = std::exchange(range_, range) != range;
  forget_who_left();
  // What somebody counts on begins again, as the ring is now.
  for (auto at = sessions_.begin(); at != sessions_.end();) {
    const auto here = at++;
    const auto& [partner, session] = *here;
    if (!is_out_of_date(partner, session, moved)) continue;
    if (partner.purpose == Purpose::push) {
      for (const Promise& one : session.promised) start(copy_of_span(partner, one.span, now.mono));
    } else if (!session.promised.empty()) {
      start({Purpose::refill, range_.after, range_.up_to, {partner.node}, now.mono});
    }
    sessions_.erase(here);
  }
}

// Those that stay have said what they have nothing of.
void Comparisons::forget_who_left() {
  const auto set = context_.view->replica_set();
  for (auto& [at, nodes] : nothing_at_)
    std::erase_if(nodes, [&](const NodeId& node) { return !contains(set, node); });
  std::erase_if(nothing_at_, [&](const auto& one) {
    return one.second.empty() || !context_.view->responsible_for(one.first.resource);
  });
}

void Comparisons::stop_all() {
  tasks_.clear();
  sessions_.clear();
  nothing_at_.clear();
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
    const NodeId& node = here->first.node;
    channels_.want(now.mono, node, out);
    if (channels_.refused(now.mono, node)) give_up(now, here);
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
    ReplicaChannels::send(here->first.node, session.question, out);
  }
}

bool Comparisons::can_step(const Partner& partner, const Session& session) const {
  if (!channels_.stands(partner.node) || session.number != 0) return false;
  return session.stage == Stage::counting || background_.has_room();
}

void Comparisons::step(const Now& now, Sessions::iterator at, ReplicationOutputs& out) {
  const NodeId& node = at->first.node;
  Session& session = at->second;
  if (session.stage == Stage::between) {
    if (session.open.empty()) return finish(at);
    next_span(session);
    if (session.stage == Stage::waits_for_list) ask_for_list(now, node, session, out);
    return;
  }
  const bool listing = session.stage == Stage::listing;
  const auto read = listing ? session.list.go_on(*context_.store, *context_.configuration, now.wall_ms)
                            : session.digest.go_on(*context_.store, *context_.configuration, now.wall_ms);
  if (!read) return begin_again(now, at);
  note_damaged(session, listing ? session.list.take_damaged() : session.digest.take_damaged());
  if (listing) {
    if (session.list.done()) compare(now.mono, at->first, session);
    return;
  }
  if (!session.digest.done()) return;
  if (session.stage == Stage::dropping) return drop(now.wall_ms, session);
  session.stage = Stage::waits_for_digests;
  ask(now, node, session, DigestsWanted{++last_number_, session.span, session.digest.total()}, out);
}

void Comparisons::note_damaged(Session& session, const std::vector<KindAt>& kinds) {
  auto& seen = context_.damaged.kinds;
  seen.insert(seen.end(), kinds.begin(), kinds.end());
  for (const KindAt& kind : kinds) {
    const bool is_full = session.unlisted.size() >= k_most_unlisted;
    session.incomplete = session.incomplete || (is_full && session.stage == Stage::listing);
    if (!is_full) session.unlisted.push_back(kind);
  }
}

// When that goes for the whole set nobody has what the disk has lost, or it has expired.
void Comparisons::same_at(const Partner& partner, const KindAt& damaged) {
  if (partner.purpose != Purpose::refill || !context_.view->responsible_for(damaged.resource)) return;
  if (!nothing_at_.contains(damaged) && nothing_at_.size() >= k_most_nothing) return;
  auto& nodes = nothing_at_[damaged];
  nodes.insert(partner.node);
  const auto set = context_.view->replica_set();
  if (!std::all_of(set.begin(), set.end(), [&](const NodeId& node) { return nodes.contains(node); })) return;
  context_.damaged.nowhere.push_back(damaged);
  nothing_at_.erase(damaged);
}

void Comparisons::same_at(const Partner& partner, const Session& session, const Span& span) {
  for (const KindAt& kind : session.unlisted)
    if (in_half_open(kind.resource, span.after, span.up_to)) same_at(partner, kind);
}

void Comparisons::next_span(Session& session) {
  session.unlisted.clear();
  const Open next = session.open.back();
  session.open.pop_back();
  session.span = next.span;
  if (next.held && next.held->items > k_dropped_items) {
    if (session.open.size() + k_digest_parts > k_most_open) {
      session.incomplete = true;
      return;
    }
    for (const Span& part : split(next.span)) session.open.push_back({part, false, {}});
  } else if (next.held) {
    session.held = *next.held;
    session.digest = DigestScan(next.span, true);
    session.stage = Stage::dropping;
  } else if (next.list || split(next.span).empty()) {
    session.theirs.clear();
    session.stage = Stage::waits_for_list;
  } else {
    session.digest = DigestScan(next.span);
    session.stage = Stage::counting;
  }
}

void Comparisons::ask(const Now& now, const NodeId& node, Session& session, const DigestMessage& question,
                      ReplicationOutputs& out) {
  session.number = last_number_;
  session.question = encode(question);
  session.asked = 1;
  session.ask_again_at = now.mono + k_ask_again;
  ReplicaChannels::send(node, session.question, out);
}

void Comparisons::ask_for_list(const Now& now, const NodeId& node, Session& session,
                               ReplicationOutputs& out) {
  ListWanted question{++last_number_, session.span, std::nullopt};
  if (!session.theirs.empty())
    question.behind = ListPosition{session.theirs.back().at, session.theirs.back().items.back().key};
  ask(now, node, session, question, out);
}

// ---- answers

// Another number is that of a question which was asked twice, and answered.
Comparisons::Sessions::iterator Comparisons::waiting_for(const NodeId& node, std::uint64_t number,
                                                         Stage stage) {
  for (const Purpose purpose : {Purpose::refill, Purpose::push}) {
    const auto found = sessions_.find({node, purpose});
    if (found == sessions_.end() || number == 0 || found->second.number != number) continue;
    if (found->second.stage != stage) break;
    found->second.number = 0;
    return found;
  }
  return sessions_.end();
}

void Comparisons::heard(const Now& now, const NodeId& node, Digests answer) {
  const auto at = waiting_for(node, answer.number, Stage::waits_for_digests);
  if (at == sessions_.end()) return;
  Session& session = at->second;
  const bool push = at->first.purpose == Purpose::push;
  session.stage = Stage::between;
  if (answer.parts.empty()) {
    if (push) same_there(session, session.span, session.digest.total());
    return same_at(at->first, session, session.span);
  }
  RangeDigest theirs;
  for (const RangeDigest& part : answer.parts) theirs.add(part);
  if (!push && theirs.items == 0 && session.digest.total().items > k_listed_items) {
    // It has nothing of all this: that is the ordinary way to copy a range.
    return background_.start({Purpose::refill, session.span.after, session.span.up_to, {node}, now.mono});
  }
  const auto parts = split(session.span);
  for (std::size_t i = parts.size(); i > 0; --i) {
    const RangeDigest& mine = session.digest.parts()[i - 1];
    const RangeDigest& other = answer.parts[i - 1];
    const bool few = mine.items <= k_listed_items && other.items <= k_listed_items;
    if (mine != other) {
      if (session.open.size() < k_most_open)
        session.open.push_back({parts[i - 1], few, {}});
      else
        leave_out(now, at->first, session, parts[i - 1]);
    } else {
      if (push) same_there(session, parts[i - 1], mine);
      same_at(at->first, session, parts[i - 1]);
    }
  }
}

// No room to compare it: what somebody counts on is copied in full.
void Comparisons::leave_out(const Now& now, const Partner& partner, Session& session, const Span& part) {
  session.incomplete = true;
  const bool promised = std::any_of(session.promised.begin(), session.promised.end(),
                                    [&](const Promise& one) { return is_within(part, one.span); });
  if (promised) background_.start(copy_of_span(partner, part, now.mono));
}

// The responsible peer has it all. Only what is there now may go, not what comes in between: it is counted
// again while it is gone through, so much at a time.
void Comparisons::same_there(Session& session, const Span& span, const RangeDigest& digest) {
  if (session.open.size() < k_most_open) return session.open.push_back({span, false, digest});
  session.incomplete = true;  // it stays until the next time
}

// That what is hidden in a damaged block does not keep here what the responsible peer has as well. (Of which
// that has nothing, and nothing can be read here, this may be the last copy, and the disk give it again.)
bool Comparisons::is_partly_hidden(const KindAt& at, WallMs now_ms) const {
  const auto state = context_.store->load(at);
  return state && state->damage && state->damage->more &&
         std::any_of(state->records.begin(), state->records.end(), [&](const RecordPtr& record) {
           return counts(*record, *context_.configuration, now_ms);
         });
}

void Comparisons::drop(WallMs now_ms, Session& session) {
  session.stage = Stage::between;
  auto kinds = session.digest.kinds();
  if (session.digest.total() == session.held && kinds.size() < k_most_kept_kinds) {
    std::copy_if(session.unlisted.begin(), session.unlisted.end(), std::back_inserter(kinds),
                 [&](const KindAt& at) { return is_partly_hidden(at, now_ms); });
    return background_.drop(kinds);
  }
  background_.start({Purpose::push, session.span.after, session.span.up_to, {}, MonoTime{}});
}

void Comparisons::heard(const Now& now, const NodeId& node, List answer, ReplicationOutputs& out) {
  const auto at = waiting_for(node, answer.number, Stage::waits_for_list);
  if (at == sessions_.end()) return;
  Session& session = at->second;
  const bool good = add_page(session.theirs, std::move(answer.kinds), session.span);
  if (!good || count_items(session.theirs) > k_most_listed) {
    ++context_.statistics.bad_digest_messages;
    return give_up(now, at);
  }
  if (!answer.complete) return ask_for_list(now, node, session, out);
  session.list = ListScan(session.span, std::nullopt, k_most_list_bytes);
  session.stage = Stage::listing;
}

void Comparisons::heard(const Now& now, const NodeId& node, const NotAnswered& answer) {
  for (const Stage stage : {Stage::waits_for_digests, Stage::waits_for_list}) {
    const auto at = waiting_for(node, answer.number, stage);
    if (at != sessions_.end()) return give_up(now, at);
  }
}

void Comparisons::compare(MonoTime now, const Partner& partner, Session& session) {
  auto found = differences(session.list.listing(), session.theirs, partner.node);
  std::erase_if(found, [&](const Difference& one) {
    return context_.configuration->kinds.find(one.at.kind) == nullptr;
  });
  if (partner.purpose == Purpose::push) {
    offer(session, std::move(found));
  } else {
    context_.statistics.differences += found.size();
    for (const KindAt& kind : session.unlisted) {
      const bool gets_some = std::any_of(found.begin(), found.end(), [&](const Difference& one) {
        return one.at == kind && !one.to_fetch.empty();
      });
      if (!gets_some) same_at(partner, kind);
    }
    // Few items were said to be there; a list that shows very many must not fill the memory.
    if (found.size() > k_most_differences) {
      found.resize(k_most_differences);
      session.incomplete = true;
    }
    for (Difference& difference : found) background_.start(now, std::move(difference));
  }
  session.theirs.clear();
  session.list = ListScan();
  session.stage = Stage::between;
}

// What the responsible peer lacks, or has older, it gets; the rest it has, the same or newer.
void Comparisons::offer(Session& session, std::vector<Difference> found) {
  std::set<KindAt> lacking;
  for (const Difference& one : found) {
    if (!one.to_store.empty()) lacking.insert(one.at);
  }
  context_.statistics.differences += lacking.size();
  std::vector<KindAt> there;
  std::set<KindAt> unlisted(session.unlisted.begin(), session.unlisted.end());
  for (const ListedKind& kind : session.list.listing()) {
    unlisted.erase(kind.at);
    if (lacking.contains(kind.at))
      background_.push(kind.at);
    else
      there.push_back(kind.at);
  }
  std::set<KindAt> theirs;
  for (const ListedKind& kind : session.theirs) theirs.insert(kind.at);
  // Nothing of these counts that can be read, so nothing is offered; looked at once more it is, or goes. What
  // a damaged block hides may be more than what is there (hidden_kinds.hpp).
  for (const KindAt& at : unlisted) {
    const auto state = context_.store->load(at);
    if (state && state->damage && !state->damage->more && theirs.contains(at))
      there.push_back(at);
    else
      background_.push(at);
  }
  background_.drop(there);
}

void Comparisons::finish(Sessions::iterator at) {
  ++(at->second.incomplete ? context_.statistics.comparisons_failed : context_.statistics.comparisons);
  sessions_.erase(at);
}

void Comparisons::give_up(const Now& now, Sessions::iterator at) {
  ++context_.statistics.comparisons_failed;
  const auto& [partner, session] = *at;
  for (const Promise& one : session.promised) background_.start(copy_of_span(partner, one.span, now.mono));
  sessions_.erase(at);
}

void Comparisons::channel_lost(const Now& now, const NodeId& node) {
  for (const Purpose purpose : {Purpose::refill, Purpose::push}) {
    const auto found = sessions_.find({node, purpose});
    if (found == sessions_.end()) continue;
    if (channels_.refused(now.mono, node))
      give_up(now, found);
    else
      begin_again(now, found);  // it has stood: another one can be had
  }
}

// What somebody counts on, a moment later; but not for ever.
void Comparisons::begin_again(const Now& now, Sessions::iterator at) {
  ++context_.statistics.comparisons_failed;
  for (const Promise& one : at->second.promised) {
    CopyTask task = copy_of_span(at->first, one.span, now.mono + k_after_loss);
    task.restarts = one.restarts + 1;
    if (task.restarts > k_most_restarts)
      background_.start(std::move(task));
    else
      start(std::move(task));
  }
  sessions_.erase(at);
}

std::optional<MonoTime> Comparisons::next_deadline(MonoTime now) const {
  std::optional<MonoTime> next = expedited_ ? std::nullopt : round_at_;
  const auto consider = [&](MonoTime at) { next = next ? std::min(*next, at) : at; };
  for (const CopyTask& task : tasks_) consider(std::max(now, task.not_before));
  for (const auto& [partner, session] : sessions_) {
    if (session.number != 0) consider(session.ask_again_at);
    if (can_step(partner, session)) consider(now);
  }
  return next;
}

TableSizes Comparisons::tables() const {
  constexpr std::size_t most_neighbors = 2 * topology::neighbors_per_side(config::k_most_replicas);
  std::size_t open = 0, listed = 0, unlisted = 0;
  for (const auto& [partner, session] : sessions_) {
    open = std::max(open, session.open.size());
    listed = std::max(listed, count_items(session.theirs));
    unlisted = std::max(unlisted, session.unlisted.size());
  }
  return {
      {"ranges to compare", tasks_.size(), k_most_tasks},
      {"comparisons", sessions_.size(), k_most_purposes * most_neighbors},
      {"parts of a comparison", open, k_most_open},
      {"items listed of a neighbour", listed, k_most_listed},
      {"damaged Kinds of a span", unlisted, k_most_unlisted},
      {"damaged Kinds that others have nothing of", nothing_at_.size(), k_most_nothing},
  };
}

}  // namespace ringway::data
