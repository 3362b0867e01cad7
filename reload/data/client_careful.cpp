// Reads that ask several holders (client.hpp, careful_read.hpp): the requests of such a read, and what of an
// answer counts.
#include <algorithm>
#include <utility>

#include "reload/data/call_failures.hpp"
#include "reload/data/client.hpp"
#include "reload/data/reading.hpp"
#include "reload/data/replica_rules.hpp"

namespace ringway::data {

using wire::ErrorCode;
using wire::MessageCode;

CarefulRead::Failure Client::why_of(const routing::RequestFailure& failure) {
  using Failure = CarefulRead::Failure;
  if (failure.local) return failure.code == ErrorCode::not_found ? Failure::no_way : Failure::no_answer;
  if (failure.code == ErrorCode::response_too_large) return Failure::too_large;
  return failure.code == ErrorCode::in_progress ? Failure::lacks : Failure::refused;
}

// Who has answered a question of a search, or the peer that this one names. Nobody: no such answer.
std::optional<NodeId> Client::named_by(const security::InspectedMessage& message) {
  const auto& contents = message.message.contents;
  if (contents.code == MessageCode::ping_ans) return message.signer_node;
  if (contents.code != MessageCode::route_query_ans) return std::nullopt;
  const auto answer = wire::decode<wire::ChordRouteQueryAns>(contents.body);
  if (!answer) return std::nullopt;
  return answer->next_peer;
}

bool Client::is_careful(const Call& call) {
  const auto* get = std::get_if<GetCall>(&call);
  return get != nullptr && get->consistency != Consistency::one;
}

// Who writes does not go by the word of one that nothing is there.
Consistency Client::consistency_of(const Call& call) {
  if (const auto* get = std::get_if<GetCall>(&call)) return get->consistency;
  return std::holds_alternative<StatCall>(call) ? Consistency::one : Consistency::quorum;
}

// The responsible peer has just become that, and has nothing: its replicas are asked as well. What they have
// is read also where less is asked for (Stat, and before a value is removed or signed again): then it is
// known to be good.
void Client::become_careful(Work& work) {
  ++data_.statistics.second_opinions;
  work.stage = Stage::careful;
  careful_waiting_.push_back(work.id);
}

// Each of them has dozens of requests under way, so only so many at once.
void Client::start_careful_reads(const Now& now, StorageOutputs& out) {
  while (!careful_waiting_.empty() && careful_under_way_ < k_max_careful_reads) {
    Work& work = works_.at(careful_waiting_.front());
    careful_waiting_.pop_front();
    begin_careful(now, work);
    drive_careful(now, work, out);
  }
}

void Client::begin_careful(const Now& now, Work& work) {
  ++data_.statistics.careful_reads;
  ++careful_under_way_;
  const auto& view = *data_.view;
  const auto& resource = work.plan.at.resource;
  work.careful = std::make_unique<CarefulRead>(now, consistency_of(work.call), resource, 1 + view.replicas,
                                               view.estimated_peers(), known_holders_);
  // Who asked one peer reads what is too large from one (read_in_chunks).
  if (is_careful(work.call) && !work.plan.one) work.careful->may_read_in_parts(data_.budget_bytes());
  if (view.replica_position(resource)) work.careful->holders_are(holders_of(view, resource));
}

void Client::drive_careful(const Now& now, Work& work, StorageOutputs& out) {
  bool asked_here = true;
  while (asked_here) {
    asked_here = false;
    for (const auto& question : work.careful->next(now)) {
      if (!question.search && question.holder == data_.signer->node_id()) {
        if (may_lack(now, work.plan) || hidden(work.plan)) {
          work.careful->failed(question.number, CarefulRead::Failure::lacks);
        } else {
          work.careful->fetched(question.number, held_here(now, work.plan));
        }
        asked_here = true;
      } else {
        ask_carefully(work, question, out);
      }
    }
  }
  if (work.careful->done()) return finish_careful(now, work, out);
  if (const auto at = work.careful->wakes_at(); at && *at > now.mono && !work.retry_at) {
    work.retry_at = at;
    retries_.emplace(*at, work.id);
  }
}

void Client::ask_carefully(Work& work, const CarefulRead::Question& question, StorageOutputs& out) {
  const std::uint64_t token = ++last_request_;
  works_of_requests_[token] = work.id;
  work.asked[token] = question.number;
  routing::SendRequest request;
  request.origin = routing::Origin::storage;
  request.token = token;
  request.deadline = question.deadline;
  if (question.route) request.way = {work.plan.at.resource, question.route->rank};
  if (question.search) {
    const auto& search = *question.search;
    const bool asks_for_next_hop = search.what == HolderSearch::What::before;
    const wire::Destination point = wire::to_resource(search.point);
    request.destination = {search.what == HolderSearch::What::owner ? point : wire::to_node(search.node)};
    request.code = asks_for_next_hop ? MessageCode::route_query_req : MessageCode::ping_req;
    request.body = SharedBytes{asks_for_next_hop ? wire::encode(wire::RouteQueryReq{false, point, {}})
                                                 : wire::encode(wire::PingReq{})};
  } else if (work.detour != nullptr) {
    request.destination = {wire::to_node(question.holder)};
    request.code = work.own_code;
    request.body = work.own_body;
    if (work.own_code == MessageCode::store_req) request.signer = work.plan.as_user;
  } else {
    const bool fetches = question.wanted != CarefulRead::Wanted::list;
    std::vector<Bytes> keys = question.keys;
    if (work.plan.one) keys.push_back(work.plan.item);
    request.destination = {wire::to_node(question.holder)};
    request.code = fetches ? MessageCode::fetch_req : MessageCode::stat_req;
    request.body = SharedBytes{query(work, std::move(keys))};
    if (fetches) request.fetch_resource = work.plan.at.resource;
  }
  if (question.route) {
    wire::DestinationList by;
    for (const NodeId& relay : question.route->relays) by.push_back(wire::to_node(relay));
    request.destination.insert(request.destination.begin(), by.begin(), by.end());
  }
  out.emplace_back(std::move(request));
}

void Client::careful_done(const Now& now, Work& work, const routing::RequestDone& done, StorageOutputs& out) {
  const auto asked = work.asked.extract(done.token);
  if (!asked) return;
  const std::uint64_t number = asked.mapped();
  if (const auto* failure = std::get_if<routing::RequestFailure>(&done.outcome))
    work.careful->failed(number, why_of(*failure));
  else
    careful_answer(work, number, *std::get<0>(done.outcome));
  drive_careful(now, work, out);
}

void Client::careful_answer(Work& work, std::uint64_t number, const security::InspectedMessage& message) {
  auto& read = *work.careful;
  if (const auto named = named_by(message)) {
    read.found(number, *named);
  } else if (is_answer_to_get(work, message)) {
    read.fetched(number, held_by(work, message.fetch->kind_responses[0], message.verdicts[0]));
  } else if (const auto list = stat_answer(work, message)) {
    read.listed(number, listed_by(work, *list));
  } else {
    read.failed(number, CarefulRead::Failure::refused);
  }
}

// What this peer has itself: checked when it was stored.
HeldItems Client::held_here(const Now& now, const CallPlan& plan) {
  HeldItems held;
  const auto state = data_.cache.committed(plan.at);
  if (!state) return held;
  held.generation = (*state)->generation_counter;
  const RecordRange range = records_of(plan, (*state)->records);
  for (auto at = range.begin; at != range.end; ++at) {
    const Record& record = **at;
    if (!counts(record, *data_.configuration, now.wall_ms)) continue;
    HeldItem item;
    item.exists = record.stored.value.data.exists;
    item.entry = entry_of_record(plan, record, now.wall_ms);
    held.items.emplace(item_key_of(record.stored.value), std::move(item));
  }
  return held;
}

HeldItems Client::held_by(Work& work, const wire::FetchKindResponse& response,
                          const std::vector<security::ValueVerdict>& verdicts) {
  HeldItems held;
  held.generation = response.generation_counter;
  for (std::size_t i = 0; i < response.values.size(); ++i) {
    const wire::StoredData& value = response.values[i];
    if (wire::is_absent(value) || of_another_name(work.plan, value)) continue;
    const auto entry = entry_of(work.plan, value.value.key);
    if (!entry || !acceptable(work, value, verdicts[i])) {
      ++held.discarded;
      ++data_.statistics.values_discarded;
      continue;
    }
    held.items.emplace(item_key_of(value.value),
                       HeldItem{value.value.data.exists, entry_of_value(*entry, value, verdicts[i])});
  }
  return held;
}

// Nobody has signed what is said of an item: it is fetched before it counts.
HeldItems Client::listed_by(const Work& work, const wire::StatKindResponse& response) {
  HeldItems held;
  held.generation = response.generation_counter;
  for (const wire::StoredMetaData& value : response.values) {
    if (!entry_of(work.plan, value.key)) continue;
    HeldItem item;
    item.exists = value.metadata.exists;
    item.entry.storage_time_ms = value.storage_time_ms;
    item.listed_bytes = answer_size_bytes(work.plan, value);
    held.items.emplace(value.key, std::move(item));
  }
  return held;
}

void Client::finish_careful(const Now& now, Work& work, StorageOutputs& out) {
  CarefulRead& read = *work.careful;
  if (read.holders_differ()) {
    ++data_.statistics.holders_differed;
    if (const auto responsible = read.responsible())
      out.emplace_back(AskToMend{work.plan.at.resource, *responsible});
  }
  if (const auto responsible = read.responsible(); responsible && read.has_answered(*responsible))
    answered_by(work.batch, *responsible);
  const bool writes =
      std::holds_alternative<PutCall>(work.call) || std::holds_alternative<RemoveCall>(work.call);
  if (writes) return learned_carefully(now, work, out);
  const auto large = read.too_large_at();
  if (large && consistency_of(work.call) == Consistency::one && !work.plan.one) {
    if (const auto responsible = read.responsible())
      out.emplace_back(AskToMend{work.plan.at.resource, *responsible});
    return read_in_chunks(now, work, *large, out);
  }
  auto result = read.result();
  auto* got = std::get_if<GetResult>(&result);
  if (got == nullptr) return finish(work, std::move(result), out);
  auto entry = got->entries.begin();
  for (const auto& [item, held] : read.newest()) {
    const std::uint64_t storage_time_ms = held->entry.storage_time_ms;
    const bool older = rolled_back(work.plan, item, storage_time_ms);
    times_.remember(work.plan.at, item, storage_time_ms);
    if (held->exists) (entry++)->rolled_back = older;
  }
  auto found = sorted(std::move(*got));
  const bool gets = std::holds_alternative<GetCall>(work.call);
  finish(work, gets ? get_result(std::move(found)) : stat_of_values(work.plan, found), out);
}

// Who asked one peer reads from one that has more than fits into an answer as it would have from that one.
void Client::read_in_chunks(const Now& now, Work& work, NodeId holder, StorageOutputs& out) {
  end_careful(work, out);
  const bool gets = std::holds_alternative<GetCall>(work.call);
  work.elsewhere = wire::to_node(holder);
  work.stage = gets ? Stage::list : Stage::read;  // a Stat is small
  drive(now, work, out);
}

void Client::end_careful(Work& work, StorageOutputs& out) {
  stop_waiting(work);
  stop_asking(work, out);
  work.careful.reset();
  work.asked_all = true;
}

// The Store went in, and whoever was to answer it has gone.
bool Client::is_stored_already(const Work& work, const HeldItem& newest) const {
  if (!work.value) return false;
  const wire::DataValue& sent = work.value->value.data;
  return newest.entry.storage_time_ms == work.value->storage_time_ms &&
         newest.entry.writer_node == signer_of(work).node_id() && newest.exists == sent.exists &&
         equal(newest.entry.value, sent.value.view());
}

// What is to be replaced or removed, of what all holders have. The responsible peer gets that meanwhile
// (AskToMend); what depends on a generation is tried until it has.
void Client::learned_carefully(const Now& now, Work& work, StorageOutputs& out) {
  auto result = work.careful->result();
  const auto* got = std::get_if<GetResult>(&result);
  if (got == nullptr) return finish(work, std::move(result), out);
  const auto newest = work.careful->newest();
  if (!newest.empty() && is_stored_already(work, *newest.begin()->second)) {
    // The generation is another one by this very write. The same Store again is told which (STORE-49).
    end_careful(work, out);
    work.stage = Stage::write;
    return drive(now, work, out);
  }
  if (const auto expected = expected_generation(work.call); expected && *expected != got->generation)
    return finish(work, failure_of({ErrorCode::generation_counter_too_low, {}, got->generation}, false), out);
  std::optional<wire::StoredMetaData> present;
  if (!newest.empty()) {
    const HeldItem& item = *newest.begin()->second;
    present.emplace();
    present->storage_time_ms = item.entry.storage_time_ms;
    present->lifetime_s = item.entry.lifetime_s;
    present->metadata = metadata_of({item.exists, SharedBytes{copy_of(item.entry.value)}});
  }
  end_careful(work, out);
  work.value.reset();  // it has to be newer than that
  learned(now, work, present ? &*present : nullptr, out);
}

// Nobody waits for what is still under way.
void Client::stop_asking(Work& work, StorageOutputs& out) {
  for (const auto& [token, number] : work.asked) {
    works_of_requests_.erase(token);
    out.emplace_back(routing::CancelRequest{routing::Origin::storage, token});
  }
  work.asked.clear();
  if (work.careful != nullptr || work.detour != nullptr) --careful_under_way_;
  work.detour.reset();
}

}  // namespace ringway::data
