#include "reload/data/client.hpp"

#include <algorithm>

#include "reload/data/call_failures.hpp"

namespace ringway::data {

namespace {

using wire::ErrorCode;
using wire::MessageCode;

constexpr std::size_t k_max_remembered_items = 65536;
constexpr std::size_t k_max_written_values = 65536;
constexpr std::size_t k_max_written_bytes = 64U << 20;
constexpr Duration k_first_retry{200};
constexpr Duration k_longest_retry{2000};
// As long as one request may take (RFC 6940 §6.2.1).
constexpr Duration k_retry_for{15'000};

}  // namespace

Client::Client(PeerData& data, Holder& holder)
    : data_(data),
      holder_(holder),
      times_(k_max_remembered_items),
      written_(k_max_written_values, k_max_written_bytes) {
  // A store that is broken shows it with the next thing that is read, and is told then.
  if (written_.load(*data_.store) && written_.size() > 0) renew_at_ = MonoTime{};
}

void Client::calls(const Now& now, Calls calls, StorageOutputs& out) {
  data_.statistics.calls += calls.calls.size();
  Batch& batch = batches_[calls.token];
  batch.results.resize(calls.calls.size());
  batch.missing = calls.calls.size();
  if (calls.calls.empty()) {
    batches_.erase(calls.token);
    out.emplace_back(CallsDone{calls.token, {}});
    return;
  }
  std::optional<CallFailure> refusal;
  if (calls.calls.size() > k_max_batch_calls) {
    refusal =
        CallFailure{CallError::invalid_argument,
                    "too many calls in one batch: send at most " + std::to_string(k_max_batch_calls), 0};
  } else if (works_.size() + calls.calls.size() > data_.settings.max_pending_calls) {
    refusal =
        CallFailure{CallError::resource_exhausted, "too many calls are under way here: try again later", 0};
  } else if (!data_.view->joined) {
    refusal = CallFailure{CallError::unavailable,
                          "this peer is not in the ring yet: try again when it has joined", 0};
  }
  for (std::size_t i = 0; i < calls.calls.size(); ++i) {
    if (refusal) {
      set_result(calls.token, i, *refusal, out);
    } else {
      start(now, calls.token, i, std::move(calls.calls[i]), out);
    }
  }
  start_careful_reads(now, out);
}

void Client::start(const Now& now, std::uint64_t batch, std::size_t index, Call call, StorageOutputs& out) {
  // The peer's own user by his name: the same as by none.
  const auto normalise = [own = &data_.signer->certificate()->user_name()](auto& one) {
    if constexpr (requires { one.as_user; }) {
      if (one.as_user == *own) one.as_user.clear();
    }
  };
  std::visit(normalise, call);
  auto planned = plan_call(data_, now.wall_ms, call);
  if (auto* failure = std::get_if<CallFailure>(&planned)) {
    return set_result(batch, index, std::move(*failure), out);
  }
  const auto* put = std::get_if<PutCall>(&call);
  if (put != nullptr && put->keep && !written_.may_keep(*put)) {
    return set_result(batch, index,
                      CallFailure{CallError::resource_exhausted,
                                  "this peer keeps as much as it can: remove something that it keeps, or put "
                                  "this without keep",
                                  0},
                      out);
  }
  auto& plan = std::get<CallPlan>(planned);
  if (plan.as_user) ++data_.statistics.writes_as_others;
  const bool careful = is_careful(call);
  if (!careful) {
    if (auto result = read_here(now, batch, call, plan)) {
      ++data_.statistics.calls_local;
      return set_result(batch, index, std::move(*result), out);
    }
  }
  const std::uint64_t id = ++last_id_;
  Work& work = works_[id];
  work.id = id;
  work.batch = batch;
  work.index = index;
  work.plan = std::move(plan);
  work.started = now.mono;
  // A removal lasts at least as long as what it removes would have (STORE-25), which must be learned first.
  if (std::holds_alternative<PutCall>(call)) work.stage = Stage::write;
  if (std::holds_alternative<RemoveCall>(call)) work.stage = Stage::learn;
  work.call = std::move(call);
  if (careful) {
    work.stage = Stage::careful;
    careful_waiting_.push_back(id);
    return;
  }
  drive(now, work, out);
}

void Client::set_result(std::uint64_t batch, std::size_t index, CallResult result, StorageOutputs& out) {
  const auto found = batches_.find(batch);
  if (found == batches_.end()) return;
  found->second.results[index] = std::move(result);
  if (--found->second.missing > 0) return;
  CallsDone done{batch, {}};
  const NodeId holder = found->second.holder;
  done.results.reserve(found->second.results.size());
  for (auto& one : found->second.results) done.results.push_back(std::move(*one));
  batches_.erase(found);
  if (batch >= k_first_own_number) {
    own_results_.push_back({std::move(done), holder});
  } else {
    out.emplace_back(std::move(done));
  }
}

void Client::answered_by(std::uint64_t batch, const NodeId& holder) {
  const auto found = batches_.find(batch);
  if (found != batches_.end()) found->second.holder = holder;
}

void Client::finish(Work& work, CallResult result, StorageOutputs& out) {
  stop_waiting(work);
  stop_asking(work, out);
  if (work.renews_ms != 0) renewal_ended(work, result, out);
  const std::uint64_t batch = work.batch;
  const std::size_t index = work.index;
  works_.erase(work.id);
  set_result(batch, index, std::move(result), out);
}

void Client::stop_waiting(Work& work) {
  if (work.request != 0) works_of_requests_.erase(work.request);
  work.request = 0;
  if (work.retry_at) retries_.erase({*work.retry_at, work.id});
  work.retry_at.reset();
}

void Client::cancel(const Now& now, const CancelCalls& cancel, StorageOutputs& out) {
  if (batches_.erase(cancel.token) == 0) return;
  for (auto at = works_.begin(); at != works_.end();) {
    Work& work = at->second;
    if (work.batch != cancel.token) {
      ++at;
      continue;
    }
    if (work.request != 0) out.emplace_back(routing::CancelRequest{routing::Origin::storage, work.request});
    stop_waiting(work);
    stop_asking(work, out);
    at = works_.erase(at);
  }
  std::erase_if(careful_waiting_, [this](std::uint64_t id) { return !works_.contains(id); });
  start_careful_reads(now, out);
}

// Does what the work's stage asks for. May finish it: it must not be touched afterwards.
void Client::drive(const Now& now, Work& work, StorageOutputs& out) {
  switch (work.stage) {
    case Stage::learn:
      return learn(now, work, out);
    case Stage::note:
      return;
    case Stage::write:
      return write(now, work, out);
    case Stage::read:
    case Stage::list:
    case Stage::chunk:
    case Stage::next_holder:
    case Stage::copy:
      if (auto result = read_here(now, work.batch, work.call, work.plan))
        return finish(work, std::move(*result), out);
      if (responsible(work) && !work.asked_all) return become_careful(work);
      return ask(work, out);
    case Stage::careful:
      return drive_careful(now, work, out);
  }
}

void Client::send(Work& work, MessageCode code, Bytes body, StorageOutputs& out) {
  work.request = ++last_request_;
  works_of_requests_[work.request] = work.id;
  routing::SendRequest request;
  request.origin = routing::Origin::storage;
  request.token = work.request;
  request.destination = {work.elsewhere ? *work.elsewhere : wire::to_resource(work.plan.at.resource)};
  request.code = code;
  request.body = SharedBytes{std::move(body)};
  if (code == MessageCode::fetch_req) request.fetch_resource = work.plan.at.resource;
  // Whoever sends an original Store must be allowed to write there, too (RFC 6940 §7.4.1.1, STORE-09).
  if (code == MessageCode::store_req) request.signer = work.plan.as_user;
  if (work.stage == Stage::write || work.stage == Stage::learn) {
    work.own_code = code;
    work.own_body = request.body;
  }
  out.emplace_back(std::move(request));
}

void Client::request_done(const Now& now, const routing::RequestDone& done, StorageOutputs& out) {
  const auto asked = works_of_requests_.find(done.token);
  if (asked == works_of_requests_.end()) return;
  const auto found = works_.find(asked->second);
  works_of_requests_.erase(asked);
  if (found == works_.end()) return;
  Work& work = found->second;
  if (work.careful != nullptr) {
    careful_done(now, work, done, out);
    return start_careful_reads(now, out);
  }
  if (work.detour != nullptr && work.request != done.token) {
    detour_done(now, work, done, out);
    return start_careful_reads(now, out);
  }
  const auto* failure = std::get_if<routing::RequestFailure>(&done.outcome);
  stop_waiting(work);
  if (work.detour != nullptr && failure != nullptr && failure->local) return;  // that one may still succeed
  stop_asking(work, out);
  if (failure != nullptr) {
    refused(now, work, {failure->code, failure->info, 0}, failure->local, out);
  } else {
    answered(now, work, *std::get<0>(done.outcome), out);
  }
  start_careful_reads(now, out);
}

void Client::answered(const Now& now, Work& work, const security::InspectedMessage& message,
                      StorageOutputs& out) {
  const auto code = message.message.contents.code;
  const auto& body = message.message.contents.body;
  if (is_second(work)) return second_answered(now, work, message, out);
  if (code == MessageCode::fetch_ans && (work.stage == Stage::read || work.stage == Stage::chunk)) {
    return fetched(now, work, message, out);
  }
  if (code == MessageCode::store_ans && work.stage == Stage::write) {
    if (const auto answer = wire::decode<wire::StoreAns>(body)) return written(work, *answer, out);
  }
  if (code == MessageCode::stat_ans && work.stage != Stage::write) {
    if (const auto response = stat_answer(work, message)) {
      if (work.stage == Stage::read) return finish(work, stat_result(work, *response), out);
      if (work.stage == Stage::list) return listed(now, work, *response, out);
      const auto present = std::find_if(response->values.begin(), response->values.end(),
                                        [&](const auto& value) { return value.key == work.plan.item; });
      return learned(now, work, present == response->values.end() ? nullptr : &*present, out);
    }
  }
  finish(work, CallFailure{CallError::unavailable, "a peer gave a malformed answer: try again", 0}, out);
}

void Client::refused(const Now& now, Work& work, const Refusal& refusal, bool found_here,
                     StorageOutputs& out) {
  if (is_second(work)) {
    if (refusal.code == ErrorCode::in_progress && work.stage == Stage::copy) return become_careful(work);
    return finish(work, get_result(std::move(work.first)), out);
  }
  if (refusal.code == ErrorCode::response_too_large && !found_here) {
    if (work.stage == Stage::chunk && work.asked_keys > 1) {
      work.most_keys = work.asked_keys / 2;
      return next_chunk(now, work, out);
    }
    if (work.stage == Stage::read && std::holds_alternative<GetCall>(work.call) && !work.plan.one) {
      work.stage = Stage::list;
      return drive(now, work, out);
    }
  }
  if (refusal.code == ErrorCode::in_progress && !found_here && asks_all_then(work))
    return become_careful(work);
  if (refusal.code == ErrorCode::data_too_old && work.stage == Stage::write && !work.renewed) {
    // The clock of whoever wrote before was ahead of ours (RFC 6940 §7, STORE-45); or what is signed again
    // here is not what is stored any more.
    work.renewed = true;
    work.value.reset();
    work.stage = Stage::learn;
    return drive(now, work, out);
  }
  if (is_transient(refusal.code, found_here) && now.mono - work.started < k_retry_for) {
    return retry_later(now, work);
  }
  finish(work, failure_of(refusal, found_here), out);
}

// When the responsible peer may lack what is asked for. A write with a generation waits then until that one
// has what the others have.
bool Client::asks_all_then(const Work& work) { return !work.asked_all && !is_second(work); }

void Client::retry_later(const Now& now, Work& work) {
  const Duration delay = std::min(k_longest_retry, k_first_retry * (1U << std::min(work.attempts, 8U)));
  ++work.attempts;
  work.retry_at = now.mono + delay;
  retries_.emplace(*work.retry_at, work.id);
}

void Client::stored_here(const Now& now, Holder::Outcome outcome, StorageOutputs& out) {
  const auto found = works_.find(outcome.call);
  if (found == works_.end()) return;
  found->second.here = false;
  if (outcome.result) return written(found->second, *outcome.result, out);
  refused(now, found->second, outcome.result.error(), false, out);
  start_careful_reads(now, out);
}

void Client::ring_changed(const Now& now, StorageOutputs& out) {
  std::vector<std::uint64_t> ours;
  for (const auto& [id, work] : works_) {
    if (!work.here && work.stage != Stage::careful && work.stage != Stage::note && responsible(work))
      ours.push_back(id);
  }
  std::sort(ours.begin(), ours.end());
  for (const std::uint64_t id : ours) {
    Work& work = works_.at(id);
    if (work.request != 0) out.emplace_back(routing::CancelRequest{routing::Origin::storage, work.request});
    stop_waiting(work);
    stop_asking(work, out);
    drive(now, work, out);
  }
  start_careful_reads(now, out);
}

void Client::on_timer(const Now& now, StorageOutputs& out) {
  if (renew_at_ && *renew_at_ <= now.mono) renew_values(now, out);
  while (!retries_.empty() && retries_.begin()->first <= now.mono) {
    const std::uint64_t id = retries_.begin()->second;
    retries_.erase(retries_.begin());
    Work& work = works_.at(id);
    work.retry_at.reset();
    if (work.request != 0) {
      begin_detour(now, work, out);
    } else {
      drive(now, work, out);
    }
  }
  start_careful_reads(now, out);
}

std::optional<MonoTime> Client::next_deadline() const {
  if (retries_.empty()) return renew_at_;
  return renew_at_ ? std::min(*renew_at_, retries_.begin()->first) : retries_.begin()->first;
}

TableSizes Client::tables() const {
  return {
      {"calls", works_.size() - renewing_, data_.settings.max_pending_calls},
      {"values that are put again", renewing_, k_max_renewed_at_once},
      {"careful reads", careful_under_way_, k_max_careful_reads},
      {"careful reads that wait", careful_waiting_.size(), data_.settings.max_pending_calls},
      {"holders remembered", known_holders_.size(), k_max_cached_owners},
      {"items whose times are remembered", times_.size(), k_max_remembered_items},
      {"written values", written_.size(), k_max_written_values},
      {"kept values", written_.kept(), k_max_written_values / 4},
  };
}

}  // namespace ringway::data
