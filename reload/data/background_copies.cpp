#include "reload/data/background_copies.hpp"

#include <algorithm>
#include <iterator>

#include "reload/config/replicas.hpp"
#include "reload/data/ring_digest.hpp"
#include "reload/data/store_check.hpp"

namespace ringway::data {

namespace {

using wire::ErrorCode;

constexpr std::size_t k_slice_kinds = 64;         // listed in one step
constexpr std::size_t k_most_jobs = 512;          // no more is listed while so many wait
constexpr std::size_t k_most_awaited_jobs = 256;  // of those that somebody waits for, beside the others
constexpr std::size_t k_most_tasks = 128;         // then the ranges that wait become one
constexpr std::size_t k_most_awaited_tasks = 2;   // a hand-over and a parting, beside the others
constexpr std::size_t k_most_handed_over = 64;    // peers remembered
constexpr Duration k_first_retry{250};
constexpr Duration k_report_interval{5'000};  // of a hand-over that goes on
constexpr Duration k_longest_retry{15'000};
constexpr unsigned k_most_attempts = 8;
constexpr unsigned k_most_hand_over_attempts = 6;
constexpr std::size_t k_fetched_at_once = 16;  // items of one Kind in one Fetch
constexpr Duration k_others_first{5'000};  // while a Kind's generation may come from somebody who knows it
// What could not be copied is tried once more with its whole range, ever less often.
constexpr Duration k_first_repetition{60'000};
constexpr unsigned k_most_repetition_doublings = 5;

// Trying again will not help.
bool is_permanent(ErrorCode code) {
  return code == ErrorCode::data_too_large || code == ErrorCode::unknown_kind ||
         code == ErrorCode::message_too_large || code == ErrorCode::invalid_message;
}

// Somebody waits for it.
bool is_awaited(Purpose purpose) { return purpose == Purpose::hand_over || purpose == Purpose::parting; }

bool contains(const std::vector<NodeId>& nodes, const NodeId& node) {
  return std::find(nodes.begin(), nodes.end(), node) != nodes.end();
}

// What a copy is to carry whose generation is lost here: its owner's, one more when that lacks something of
// it (each change counts); and one that was never given out when the owner knows none.
std::uint64_t generation_for(const CopyPart& part, const wire::FetchAns& at_owner, WallMs now_ms) {
  const auto& kinds = at_owner.kind_responses;
  const auto there = std::find_if(kinds.begin(), kinds.end(), [&](const auto& one) {
    return one.kind == part.generations.front().first.kind;
  });
  if (there == kinds.end() || there->generation_counter == 0) return generation_after_loss(now_ms);
  const bool has_all = std::all_of(part.records.begin(), part.records.end(), [&](const auto& mine) {
    return std::any_of(there->values.begin(), there->values.end(),
                       [&](const auto& value) { return same_signed(value, mine.second->stored); });
  });
  return has_all ? there->generation_counter : there->generation_counter + 1;
}

}  // namespace

void BackgroundCopies::start(CopyTask task) {
  if (tasks_.size() >= k_most_tasks && !is_awaited(task.purpose)) return start_over(task.not_before);
  const std::uint64_t id = ++last_id_;
  if (task.purpose == Purpose::hand_over) handed_over_.erase(task.targets.front());
  tasks_[id].what = std::move(task);
}

void BackgroundCopies::start(MonoTime now, const KindAt& at, const NodeId& target) {
  if (!room_to_list(Purpose::refill)) return go_through_again(now);
  add_job(0, Purpose::refill, at, target);
}

void BackgroundCopies::start(MonoTime now, Difference difference) {
  Job& job = add_job(0, Purpose::refill, difference.at, difference.target);
  job.only = std::move(difference.to_store);
  job.to_fetch = std::move(difference.to_fetch);
  job.fetched_at_once = k_fetched_at_once;
  if (!job.to_fetch.empty()) job.step = Step::fetch;
  if (!difference.others_first) return;
  queue_of(job).pop_back();
  put_off(last_id_, job, now + k_others_first);
}

void BackgroundCopies::push(const KindAt& at) { add_job(0, Purpose::push, at, k_no_node); }

void BackgroundCopies::drop(const std::vector<KindAt>& kinds) {
  std::copy_if(kinds.begin(), kinds.end(), std::back_inserter(dropped_),
               [this](const KindAt& at) { return may_drop(at.resource); });
}

// More predecessors than there are replicas stand before it (TOPO-38). Only a peer that knows as many can
// tell.
bool BackgroundCopies::may_drop(const ResourceId& resource) const {
  const auto& view = *context_.view;
  return may_drop_ && view.joined && view.predecessors.size() > view.replicas &&
         !view.replica_position(resource);
}

// So many ranges wait that to copy everything is no more work.
void BackgroundCopies::start_over(MonoTime not_before) {
  std::erase_if(tasks_, [](const auto& one) { return !is_awaited(one.second.what.purpose); });
  const NodeId& self = context_.self;
  start({Purpose::push, self, self, {}, not_before, 0});
  start({Purpose::refill, self, self, {}, not_before, 0});
}

// There was no room for a copy.
void BackgroundCopies::go_through_again(MonoTime now) {
  const NodeId& self = context_.self;
  const bool waits = std::any_of(tasks_.begin(), tasks_.end(), [&](const auto& one) {
    const CopyTask& what = one.second.what;
    return what.purpose == Purpose::refill && !one.second.started && what.targets.empty() &&
           what.after == self && what.up_to == self;
  });
  if (!waits) start({Purpose::refill, self, self, {}, now + k_first_repetition, 1});
}

// A copy was not made and no task remembers it.
void BackgroundCopies::copy_later(MonoTime now, const ResourceId& resource, const NodeId& target) {
  const Span point = span_of(resource);
  const bool waits = std::any_of(tasks_.begin(), tasks_.end(), [&](const auto& one) {
    const CopyTask& what = one.second.what;
    return what.purpose == Purpose::refill && !one.second.started && what.up_to == point.up_to &&
           what.after == point.after && what.targets == std::vector{target};
  });
  if (!waits) start({Purpose::refill, point.after, point.up_to, {target}, now + k_first_repetition, 1});
}

void BackgroundCopies::stop_hand_over(const NodeId& joining, ReplicationOutputs& out) {
  for (auto task = tasks_.begin(); task != tasks_.end();) {
    const auto& what = task->second.what;
    if (what.purpose != Purpose::hand_over || what.targets.front() != joining) {
      ++task;
      continue;
    }
    const std::uint64_t id = task->first;
    task = tasks_.erase(task);
    for (auto job = jobs_.begin(); job != jobs_.end();) {
      const auto here = job++;
      if (here->second.task == id) erase_job(here, out);
    }
  }
}

void BackgroundCopies::forget_absent() {
  std::erase_if(handed_over_, [&](const NodeId& node) { return !context_.view->is_neighbor(node); });
}

void BackgroundCopies::expedite(MonoTime now) {
  for (auto& [id, task] : tasks_) {
    if (task.what.repetition == 0) task.what.not_before = std::min(task.what.not_before, now);
  }
}

bool BackgroundCopies::idle(MonoTime now) const {
  return jobs_.empty() && std::all_of(tasks_.begin(), tasks_.end(),
                                      [&](const auto& one) { return one.second.what.not_before > now; });
}

void BackgroundCopies::stop_all(ReplicationOutputs& out) {
  tasks_.clear();
  while (!jobs_.empty()) erase_job(jobs_.begin(), out);
  handed_over_.clear();
  hidden_.clear();
}

void BackgroundCopies::go_on(const Now& now, ReplicationOutputs& out) {
  while (!retries_.empty() && retries_.begin()->first <= now.mono) {
    const std::uint64_t id = retries_.begin()->second;
    retries_.erase(retries_.begin());
    Job& job = jobs_.at(id);
    job.retry_at.reset();
    queue_of(job).push_back(id);
  }
  list_more(now, out);
  if (room_to_list(Purpose::push))
    for (const KindAt& at : hidden_.take_due(now.mono, k_slice_kinds)) push(at);
  while (const auto id = take_ready(now.mono)) {
    if (jobs_.contains(*id)) send_next(now, *id, out);
  }
  if (!dropped_.empty()) {
    context_.statistics.kinds_dropped += dropped_.size();
    out.emplace_back(DropKinds{std::exchange(dropped_, {})});
  }
}

// What somebody waits for is sent before what nobody does.
std::list<std::uint64_t>& BackgroundCopies::queue_of(const Job& job) {
  return is_awaited(job.purpose) ? ready_first_ : ready_;
}

// Others that nobody answers do not keep them waiting either: half as many more may be under way.
bool BackgroundCopies::has_ready_and_may_send() const {
  const std::size_t most = context_.settings.max_requests_in_flight;
  if (!ready_first_.empty()) return requests_.size() < most + most / 2;
  return !ready_.empty() && requests_.size() < most;
}

std::optional<std::uint64_t> BackgroundCopies::take_ready(MonoTime now) {
  if (!has_ready_and_may_send()) return std::nullopt;
  if (ready_first_.empty() && !pace_.is_open(now)) return std::nullopt;
  auto& queue = ready_first_.empty() ? ready_ : ready_first_;
  const std::uint64_t id = queue.front();
  queue.pop_front();
  return id;
}

bool BackgroundCopies::room_to_list(Purpose purpose) const {
  return is_awaited(purpose) ? awaited_jobs_ < k_most_awaited_jobs
                             : jobs_.size() - awaited_jobs_ < k_most_jobs;
}

// A joining peer waits for its range: that comes first.
BackgroundCopies::Task* BackgroundCopies::next_to_list(const Now& now) {
  Task* next = nullptr;
  for (auto& [id, task] : tasks_) {
    if (task.what.not_before > now.mono || (task.started && task.scan.done())) continue;
    if (!room_to_list(task.what.purpose)) continue;
    if (task.what.purpose == Purpose::hand_over) return &task;
    if (next == nullptr) next = &task;
  }
  return next;
}

// One slice in each step, so that no step takes long.
void BackgroundCopies::list_more(const Now& now, ReplicationOutputs& out) {
  Task* task = next_to_list(now);
  if (task == nullptr) return;
  if (!task->started) {
    task->started = true;
    task->reported = now.mono;
    task->scan = RangeScan(task->what.after, task->what.up_to);
    if (task->what.purpose == Purpose::refill && task->what.targets.empty()) {
      task->what.targets = context_.view->replica_set();
    }
  }
  std::uint64_t id = 0;
  for (const auto& [number, one] : tasks_) {
    if (&one == task) id = number;
  }
  const auto kinds = task->scan.next(*context_.store, k_slice_kinds);
  if (kinds) {
    add_jobs(id, *task, *kinds);
  } else {
    task->failed = true;
    task->scan = RangeScan();
  }
  close_if_done(now, id, out);
}

void BackgroundCopies::add_jobs(std::uint64_t id, Task& task, const std::vector<KindAt>& kinds) {
  for (const KindAt& at : kinds) {
    const auto position = context_.view->replica_position(at.resource);
    switch (task.what.purpose) {
      case Purpose::push:
        if (position != 0U) {
          add_job(id, Purpose::push, at, k_no_node);
          ++task.open_jobs;
        }
        break;
      case Purpose::refill:
        if (position != 0U) break;
        [[fallthrough]];
      case Purpose::parting:
      case Purpose::hand_over:
        for (const NodeId& target : task.what.targets) {
          add_job(id, task.what.purpose, at, target);
          ++task.open_jobs;
        }
        break;
    }
  }
}

BackgroundCopies::Job& BackgroundCopies::add_job(std::uint64_t task, Purpose purpose, const KindAt& at,
                                                 const NodeId& target) {
  const std::uint64_t id = ++last_id_;
  Job& job = jobs_[id];
  job.task = task;
  job.purpose = purpose;
  job.at = at;
  job.target = target;
  if (is_awaited(purpose)) ++awaited_jobs_;
  queue_of(job).push_back(id);
  return job;
}

bool BackgroundCopies::still_wanted(const Job& job) const {
  const auto& view = *context_.view;
  switch (job.purpose) {
    case Purpose::hand_over:
      return tasks_.contains(job.task);
    case Purpose::parting:
      return view.joined;
    case Purpose::refill:
      return view.responsible_for(job.at.resource) && contains(view.replica_set(), job.target);
    case Purpose::push:
      return !view.responsible_for(job.at.resource);
  }
  return false;
}

wire::Destination BackgroundCopies::destination_of(const Job& job) const {
  if (job.step == Step::fetch && job.newer_at != k_no_node) return wire::to_node(job.newer_at);
  return job.purpose == Purpose::push ? wire::to_resource(job.at.resource) : wire::to_node(job.target);
}

void BackgroundCopies::send_next(const Now& now, std::uint64_t id, ReplicationOutputs& out) {
  Job& job = jobs_.at(id);
  if (!still_wanted(job)) return done(now, id, true, out);
  if (job.step == Step::store) {
    const Part part = prepare_part(now, job);
    if (part == Part::not_now) return cannot_read(now, id, job, out);
    const bool asks = part == Part::unread && job.purpose == Purpose::push && may_drop(job.at.resource);
    if (part == Part::nothing || (part == Part::unread && !asks)) return done(now, id, true, out);
    if (asks) job.step = Step::ask_whether_there;
    if (part == Part::without_generation) job.step = Step::ask_generation;
  }
  auto request = request_of(now, job);
  if (!is_awaited(job.purpose)) {
    pace_.spend(request.body.size());
    context_.statistics.background_bytes += request.body.size();
  }
  job.request = request.token;
  requests_[request.token] = id;
  out.emplace_back(std::move(request));
}

routing::SendRequest BackgroundCopies::request_of(const Now& now, Job& job) {
  if (job.step == Step::store) return store_copies(context_, job.part, destination_of(job), 1, now.wall_ms);
  if (job.step == Step::ask_whether_there) return stat_kind(context_, job.at, destination_of(job));
  return fetch_next(job);
}

routing::SendRequest BackgroundCopies::fetch_next(Job& job) {
  if (job.to_fetch.empty()) return fetch_items(context_, job.part, destination_of(job));
  const std::size_t count = std::min(job.fetched_at_once, job.to_fetch.size());
  return fetch_items(context_, job.at,
                     {job.to_fetch.begin(), job.to_fetch.begin() + static_cast<long>(count)},
                     wire::to_node(job.target));
}

void BackgroundCopies::fetched(const Now& now, std::uint64_t id, Job& job, ReplicationOutputs& out) {
  if (!job.to_fetch.empty()) job.attempts = 0;
  const std::size_t count = std::min(job.fetched_at_once, job.to_fetch.size());
  job.to_fetch.erase(job.to_fetch.begin(), job.to_fetch.begin() + static_cast<long>(count));
  if (!job.to_fetch.empty()) return queue_of(job).push_front(id);
  if (job.only && job.only->empty()) return done(now, id, true, out);
  // Once it is ours too, the copy is made from what is newer.
  job.step = Step::store;
  retry(now, id, job);
}

// Items that are too large to come together are fetched one by one; one that does not come even so is left.
void BackgroundCopies::fetch_failed(const Now& now, std::uint64_t id, Job& job,
                                    const routing::RequestFailure& failure, ReplicationOutputs& out) {
  if (job.attempts >= k_most_attempts) return done(now, id, false, out);
  if (failure.local || failure.code != ErrorCode::response_too_large) return retry(now, id, job);
  if (job.fetched_at_once == 1) return fetched(now, id, job, out);
  job.fetched_at_once = 1;
  queue_of(job).push_front(id);
}

// A hand-over fails with it, and begins again with the joining peer's next Join: then it can be read, or
// counts as damaged and is passed over. To call it complete would leave that peer with what others happen to
// have.
void BackgroundCopies::cannot_read(const Now& now, std::uint64_t id, Job& job, ReplicationOutputs& out) {
  if (job.attempts < k_most_hand_over_attempts) return retry(now, id, job);
  done(now, id, false, out);
}

// The next records, as they are now, that fit into one Store. What is damaged is passed over: nobody gets it
// from this peer. Nor does anybody get a Kind without its generation, or two compare-and-swaps of one number
// could succeed: that comes from others first, or a new one when they have none. Nobody waits for that. What
// this peer is not to hold it gives away all the same, when its owner has said which generation it knows.
BackgroundCopies::Part BackgroundCopies::prepare_part(const Now& now, Job& job) {
  const auto state = context_.store->load(job.at);
  job.part = CopyPart{job.at.resource, {}, {}};
  if (!state) return Part::not_now;
  if (state->damage) context_.damaged.kinds.push_back(job.at);
  const bool is_lost = state->damage && state->damage->generation;
  if (is_lost && is_awaited(job.purpose)) return Part::nothing;
  if (is_lost && job.purpose == Purpose::refill) return Part::not_now;
  job.part.generations.emplace_back(job.at, is_lost ? job.generation.value_or(0) : state->generation_counter);
  const std::size_t budget_bytes = copy_budget_bytes(context_);
  std::size_t size_bytes = 0;
  job.last_part = true;
  for (const RecordPtr& record : state->records) {
    // Nobody takes what a bad node has signed, nor what comes with it.
    if (!counts(*record, *context_.configuration, now.wall_ms)) continue;
    const ItemKey key = item_key_of(record->stored.value);
    if (job.after && key <= *job.after) continue;
    if (job.only && !std::binary_search(job.only->begin(), job.only->end(), key)) continue;
    const std::size_t record_bytes = copy_size_bytes(context_, *record);
    if (!job.part.records.empty() && size_bytes + record_bytes > budget_bytes) {
      job.last_part = false;
      break;
    }
    size_bytes += record_bytes;
    job.part.records.emplace_back(job.at, record);
  }
  job.unread = state->damage && state->damage->more && job.part.records.empty() && !job.after;
  if (job.unread) return Part::unread;
  if (job.part.records.empty()) return Part::nothing;
  return is_lost && !job.generation ? Part::without_generation : Part::ready;
}

bool BackgroundCopies::request_done(const Now& now, const routing::RequestDone& answer,
                                    ReplicationOutputs& out) {
  const auto asked = requests_.find(answer.token);
  if (asked == requests_.end()) return false;
  const std::uint64_t id = asked->second;
  requests_.erase(asked);
  Job& job = jobs_.at(id);
  job.request = 0;
  if (const auto* failure = std::get_if<routing::RequestFailure>(&answer.outcome)) {
    failed(now, id, job, *failure, out);
    return true;
  }
  if (job.step == Step::ask_generation) {
    owner_said(now, id, job, answer, out);
    return true;
  }
  if (job.step == Step::ask_whether_there) {
    owner_has(now, id, job, answer, out);
    return true;
  }
  if (job.step == Step::fetch) {
    const auto& message = std::get<0>(answer.outcome);
    if (!is_awaited(job.purpose)) pace_.spend(message->message.contents.body.size());
    out.emplace_back(Adopt{job.at.resource, message});
    fetched(now, id, job, out);
    return true;
  }
  report_progress(now, job.task, out);
  job.attempts = 0;
  job.generation.reset();
  job.after = item_key_of(job.part.records.back().second->stored.value);
  if (job.last_part) {
    done(now, id, true, out);
  } else {
    queue_of(job).push_front(id);
  }
  return true;
}

void BackgroundCopies::owner_said(const Now& now, std::uint64_t id, Job& job,
                                  const routing::RequestDone& answer, ReplicationOutputs& out) {
  const auto& message = std::get<0>(answer.outcome);
  pace_.spend(message->message.contents.body.size());
  job.step = Step::store;
  if (message->fetch) {
    job.generation = generation_for(job.part, *message->fetch, now.wall_ms);
    queue_of(job).push_front(id);
  } else if (job.attempts >= k_most_attempts) {
    done(now, id, false, out);
  } else {
    retry(now, id, job);
  }
}

// Of what is hidden here: what its owner has something of goes, when it has said so twice.
void BackgroundCopies::owner_has(const Now& now, std::uint64_t id, Job& job,
                                 const routing::RequestDone& answer, ReplicationOutputs& out) {
  const auto& message = *std::get<0>(answer.outcome);
  const auto& contents = message.message.contents;
  pace_.spend(contents.body.size());
  const auto stat = contents.code == wire::MessageCode::stat_ans
                        ? wire::decode<wire::StatAns>(contents.body, &context_.configuration->kinds)
                        : Result<wire::StatAns>(Failure{"another answer"});
  if (stat && stat->kind_responses.size() == 1 && stat->kind_responses[0].kind == job.at.kind) {
    const auto& values = stat->kind_responses[0].values;
    const bool has_some =  // a single value is also named when it is not there
        std::any_of(values.begin(), values.end(),
                    [](const auto& value) { return value.storage_time_ms > 0; });
    if (has_some)
      job.unread = !owner_has_enough(now, job.at, message.signer_node);
    else
      hidden_.owner_lacks(job.at);
  }
  done(now, id, true, out);
}

// It may have got one item of it, and this peer's disk have another.
bool BackgroundCopies::owner_has_enough(const Now& now, const KindAt& at, const NodeId& owner) {
  return hidden_.owner_has(now.mono, context_.settings.successor_hold_down + k_until_set_has_copies, at,
                           owner);
}

void BackgroundCopies::failed(const Now& now, std::uint64_t id, Job& job,
                              const routing::RequestFailure& failure, ReplicationOutputs& out) {
  ++context_.statistics.copies_failed;
  if (!job.to_fetch.empty()) return fetch_failed(now, id, job, failure, out);
  const bool newer_there = job.step == Step::store && !failure.local && has_newer(failure.code);
  // Its owner has more of it than it can tell in one message; nobody can say which generation is right.
  if (job.step == Step::ask_generation && !failure.local && failure.code == ErrorCode::response_too_large)
    job.generation = generation_after_loss(now.wall_ms);
  if (job.step == Step::ask_whether_there && !failure.local &&
      failure.code == ErrorCode::response_too_large) {
    job.unread = !owner_has_enough(now, job.at, failure.answered_by);  // that is a lot
    return done(now, id, true, out);
  }
  job.step = newer_there ? Step::fetch : Step::store;
  job.newer_at = failure.answered_by;
  const unsigned most = job.purpose == Purpose::hand_over ? k_most_hand_over_attempts : k_most_attempts;
  if (job.attempts >= most) return done(now, id, false, out);
  if (!failure.local && is_permanent(failure.code)) {
    // A joining peer that cannot take one value takes the others all the same; what a comparison has found,
    // the next one finds again.
    return done(now, id, job.purpose == Purpose::hand_over || job.only.has_value(), out);
  }
  if (newer_there) {
    queue_of(job).push_front(id);
    return;
  }
  retry(now, id, job);
}

void BackgroundCopies::retry(const Now& now, std::uint64_t id, Job& job) {
  const Duration delay = std::min(k_longest_retry, k_first_retry * (1U << std::min(job.attempts, 8U)));
  ++job.attempts;
  put_off(id, job, now.mono + delay);
}

void BackgroundCopies::put_off(std::uint64_t id, Job& job, MonoTime until) {
  job.retry_at = until;
  retries_.emplace(until, id);
}

void BackgroundCopies::done(const Now& now, std::uint64_t id, bool ok, ReplicationOutputs& out) {
  const auto found = jobs_.find(id);
  const Job& job = found->second;
  const std::uint64_t task_id = job.task;
  const bool is_refill = job.purpose == Purpose::refill;
  const bool is_push = job.purpose == Purpose::push;
  const ResourceId resource = job.at.resource;
  const NodeId target = job.target;
  // The owner's copy is made, of what can be read.
  if (ok && is_push && !job.unread && may_drop(resource)) dropped_.push_back(job.at);
  if (ok && job.purpose == Purpose::hand_over) ++context_.statistics.kinds_handed_over;
  erase_job(found, out);
  const auto task = tasks_.find(task_id);
  if (task == tasks_.end()) {
    if (!ok && is_refill) copy_later(now.mono, resource, target);
    if (!ok && is_push) {
      const Span point = span_of(resource);
      start({Purpose::push, point.after, point.up_to, {}, now.mono + k_first_repetition, 1});
    }
    return;
  }
  --task->second.open_jobs;
  if (ok)
    report_progress(now, task_id, out);
  else
    task->second.failed = true;
  close_if_done(now, task_id, out);
}

void BackgroundCopies::report_progress(const Now& now, std::uint64_t id, ReplicationOutputs& out) {
  const auto found = tasks_.find(id);
  if (found == tasks_.end()) return;
  Task& task = found->second;
  if (task.what.purpose != Purpose::hand_over || now.mono - task.reported < k_report_interval) return;
  task.reported = now.mono;
  out.emplace_back(routing::HandOverReport{task.what.hand_over, routing::HandOverReport::State::goes_on});
}

void BackgroundCopies::erase_job(Jobs::iterator job, ReplicationOutputs& out) {
  if (job->second.request != 0) {
    requests_.erase(job->second.request);
    out.emplace_back(routing::CancelRequest{routing::Origin::replication, job->second.request});
  }
  if (job->second.retry_at) retries_.erase({*job->second.retry_at, job->first});
  if (is_awaited(job->second.purpose)) --awaited_jobs_;
  jobs_.erase(job);
}

void BackgroundCopies::close_if_done(const Now& now, std::uint64_t id, ReplicationOutputs& out) {
  const auto found = tasks_.find(id);
  if (found == tasks_.end()) return;
  Task& task = found->second;
  if (task.what.purpose == Purpose::hand_over) {
    if (task.failed || (task.scan.done() && task.open_jobs == 0)) close_hand_over(id, out);
    return;
  }
  if (!task.scan.done() || task.open_jobs > 0) return;
  if (task.failed) {
    CopyTask again = task.what;
    again.not_before =
        now.mono + k_first_repetition * (1U << std::min(again.repetition, k_most_repetition_doublings));
    ++again.repetition;
    start(std::move(again));
  }
  tasks_.erase(id);
}

void BackgroundCopies::close_hand_over(std::uint64_t id, ReplicationOutputs& out) {
  const bool complete = !tasks_.at(id).failed;
  const NodeId joining = tasks_.at(id).what.targets.front();
  const std::uint64_t number = tasks_.at(id).what.hand_over;
  stop_hand_over(joining, out);
  if (complete) {
    if (handed_over_.size() >= k_most_handed_over) handed_over_.clear();
    handed_over_.insert(joining);
  }
  using State = routing::HandOverReport::State;
  out.emplace_back(routing::HandOverReport{number, complete ? State::complete : State::failed});
}

std::optional<MonoTime> BackgroundCopies::next_deadline(MonoTime now) const {
  std::optional<MonoTime> next;
  const auto consider = [&](MonoTime at) { next = next ? std::min(*next, at) : at; };
  if (!retries_.empty()) consider(retries_.begin()->first);
  if (!dropped_.empty()) consider(now);
  if (has_ready_and_may_send()) consider(ready_first_.empty() ? std::max(now, pace_.opens_at()) : now);
  for (const auto& [id, task] : tasks_) {
    if (!room_to_list(task.what.purpose)) continue;
    if (!task.started || !task.scan.done()) consider(std::max(now, task.what.not_before));
  }
  if (const auto due = hidden_.next_due(); due && room_to_list(Purpose::push)) consider(std::max(now, *due));
  return next;
}

// While there is room one slice, or one list that was compared, comes in whole.
TableSizes BackgroundCopies::tables() const {
  return {
      {"copies in the background", jobs_.size() - awaited_jobs_, k_most_jobs + k_most_differences},
      {"copies that somebody waits for", awaited_jobs_,
       k_most_awaited_jobs + k_slice_kinds * config::k_most_replicas},
      {"ranges to copy", tasks_.size(), k_most_tasks + k_most_awaited_tasks},
      {"peers that were handed their range", handed_over_.size(), k_most_handed_over},
      {"hidden Kinds that their owner has", hidden_.size(), k_max_hidden_kinds},
  };
}

}  // namespace ringway::data
