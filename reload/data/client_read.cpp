// Get and Stat (client.hpp).
#include <algorithm>

#include "reload/data/access_control.hpp"
#include "reload/data/client.hpp"
#include "reload/data/records.hpp"
#include "reload/data/resource_names.hpp"

namespace ringway::data {

namespace {

// Around a value in a FetchAns: times, key's length, identity, signature.
constexpr std::size_t k_value_frame_bytes = 300;
// With one entry for each node each value brings another certificate.
constexpr std::size_t k_certificate_bytes = 1200;

// The Node-ID at the end of the dictionary key, where it is there.
NodeId writer_in_key(const CallPlan& plan, BytesView key) {
  if (!plan.by_node || key.size() != plan.prefix.size() + k_node_id_size_bytes) return {};
  return as_node(ring_id_from(key.subspan(plan.prefix.size())));
}

StatEntry stat_of_record(const CallPlan& plan, const Record& record, WallMs now_ms) {
  StatEntry entry;
  entry.entry = *entry_of(plan, record.stored.value.key);
  entry.writer_node = writer_in_key(plan, record.stored.value.key);
  entry.size_bytes = static_cast<std::uint32_t>(record.stored.value.data.value.size());
  entry.storage_time_ms = record.stored.storage_time_ms;
  entry.lifetime_s = record.remaining_s(now_ms);
  return entry;
}

CallResult result_of(StatResult found) {
  if (!found.entries.empty()) return found;
  return CallFailure{CallError::not_found, "nothing is stored there", found.generation};
}

StatResult sorted(StatResult found) {
  std::sort(found.entries.begin(), found.entries.end(), [](const StatEntry& a, const StatEntry& b) {
    return std::tie(a.entry, a.writer_node) < std::tie(b.entry, b.writer_node);
  });
  return found;
}

}  // namespace

GetResult sorted(GetResult found) {
  std::sort(found.entries.begin(), found.entries.end(), [](const Entry& a, const Entry& b) {
    return std::tie(a.entry, a.writer_node) < std::tie(b.entry, b.writer_node);
  });
  return found;
}

// Of values that were read whole.
CallResult stat_of_values(const CallPlan& plan, const GetResult& found) {
  StatResult result;
  result.generation = found.generation;
  for (const Entry& entry : found.entries)
    result.entries.push_back(
        {entry.entry, plan.at.kind == config::k_shared_value ? entry.writer_node : NodeId{},
         static_cast<std::uint32_t>(entry.value.size()), entry.storage_time_ms, entry.lifetime_s});
  return result_of(sorted(std::move(result)));
}

CallResult get_result(GetResult found) {
  if (!found.entries.empty()) return found;
  if (found.discarded > 0) {
    return CallFailure{
        CallError::data_loss,
        "every value there failed its checks: the peer that holds it, or its disk, is not to be trusted",
        found.generation};
  }
  return CallFailure{CallError::not_found, "nothing is stored there", found.generation};
}

Entry Client::entry_of_record(const CallPlan& plan, const Record& record, WallMs now_ms) {
  Entry entry;
  entry.entry = *entry_of(plan, record.stored.value.key);
  entry.value = copy_of(record.stored.value.data.value);
  entry.writer_node = record.signer_node;
  entry.storage_time_ms = record.stored.storage_time_ms;
  entry.lifetime_s = record.remaining_s(now_ms);
  const auto certificate = data_.certificates.find(record.signer_certificate_sha256);
  if (certificate != nullptr)
    entry.writer = certificate->user_name();
  else
    data_.cache.forget(plan.at);  // read again, it may turn out to be damaged
  return entry;
}

// Values held here were checked when they were stored: no signature is checked again.
std::optional<CallResult> Client::read_here(const Now& now, std::uint64_t batch, const Call& call,
                                            const CallPlan& plan) {
  const bool gets = std::holds_alternative<GetCall>(call);
  if (!gets && !std::holds_alternative<StatCall>(call)) return std::nullopt;
  if (!data_.view->responsible_for(plan.at.resource)) return std::nullopt;
  if (may_lack(now, plan) || hidden(plan) || lacks_generation(plan)) return std::nullopt;
  answered_by(batch, data_.view->self);
  return read_store(now, call, plan);
}

// A removal is known as well as a value is.
bool Client::may_lack(const Now& now, const CallPlan& plan) {
  if (!data_.newly_held.may_lack(now, plan.at.resource)) return false;
  const auto state = data_.cache.committed(plan.at);
  if (!state) return false;
  const RecordRange range = records_of(plan, (*state)->records);
  return std::none_of(range.begin, range.end,
                      [&](const RecordPtr& record) { return record->alive_at(now.wall_ms); });
}

// Whether what is asked for may be behind a damage of the disk, or cannot be read now, while others have it.
bool Client::hidden(const CallPlan& plan) {
  if (!data_.may_be_elsewhere()) return false;
  const auto state = data_.cache.committed(plan.at);
  if (!state) return true;
  if (!(*state)->hides_any()) return false;
  return !plan.one || (*state)->hides(plan.item);
}

// The counter is damaged, which comes with every answer; the values may be whole.
bool Client::lacks_generation(const CallPlan& plan) {
  const auto state = data_.cache.committed(plan.at);
  return data_.may_be_elsewhere() && state && (*state)->damage && (*state)->damage->generation;
}

CallResult Client::read_store(const Now& now, const Call& call, const CallPlan& plan) {
  const bool gets = std::holds_alternative<GetCall>(call);
  const auto state = data_.cache.committed(plan.at);
  if (!state)
    return CallFailure{CallError::internal, "this peer's store cannot be read: " + state.error().reason, 0};
  GetResult got;
  StatResult stats;
  got.generation = stats.generation = (*state)->generation_counter;
  const RecordRange range = records_of(plan, (*state)->records);
  for (auto at = range.begin; at != range.end; ++at) {
    const Record& record = **at;
    if (!record.stored.value.data.exists || !record.alive_at(now.wall_ms)) continue;
    if (!counts(record, *data_.configuration, now.wall_ms)) {
      ++data_.statistics.revoked_values;
      continue;
    }
    if (!gets) {
      stats.entries.push_back(stat_of_record(plan, record, now.wall_ms));
      continue;
    }
    got.entries.push_back(entry_of_record(plan, record, now.wall_ms));
    got.entries.back().rolled_back =
        rolled_back(plan, item_key_of(record.stored.value), record.stored.storage_time_ms);
  }
  if (gets) return get_result(std::move(got));
  return result_of(std::move(stats));
}

Bytes Client::query(const Work& work, std::vector<Bytes> keys) const {
  wire::StoredDataSpecifier specifier;
  specifier.kind = work.plan.at.kind;
  specifier.model = wire::DataModel::dictionary;
  specifier.keys = std::move(keys);
  wire::FetchReq request;
  request.resource = copy_of(work.plan.at.resource.view());
  request.specifiers.push_back(std::move(specifier));
  return wire::encode(request);  // a StatReq is laid out alike
}

void Client::ask(Work& work, StorageOutputs& out) {
  if (work.stage == Stage::next_holder)
    return send(work, wire::MessageCode::ping_req, wire::encode(wire::PingReq{}), out);
  const bool fetches = work.stage == Stage::chunk || work.stage == Stage::copy ||
                       (work.stage == Stage::read && std::holds_alternative<GetCall>(work.call));
  std::vector<Bytes> keys;
  if (work.plan.one) keys.push_back(work.plan.item);
  if (work.stage == Stage::chunk) {
    keys = keys_of_chunk(work);
    work.asked_keys = keys.size();
  }
  send(work, fetches ? wire::MessageCode::fetch_req : wire::MessageCode::stat_req,
       query(work, std::move(keys)), out);
}

bool Client::is_answer_to_get(const Work& work, const security::InspectedMessage& message) {
  return message.fetch && message.body_fault.empty() && message.fetch->kind_responses.size() == 1 &&
         message.fetch->kind_responses[0].kind == work.plan.at.kind && message.verdicts.size() == 1 &&
         message.verdicts[0].size() == message.fetch->kind_responses[0].values.size();
}

std::optional<wire::StatKindResponse> Client::stat_answer(const Work& work,
                                                          const security::InspectedMessage& message) const {
  const auto& contents = message.message.contents;
  if (contents.code != wire::MessageCode::stat_ans) return std::nullopt;
  auto answer = wire::decode<wire::StatAns>(contents.body, &data_.configuration->kinds);
  if (!answer || answer->kind_responses.size() != 1 || answer->kind_responses[0].kind != work.plan.at.kind)
    return std::nullopt;
  return std::move(answer->kind_responses[0]);
}

void Client::fetched(const Now& now, Work& work, const security::InspectedMessage& message,
                     StorageOutputs& out) {
  if (!is_answer_to_get(work, message)) {
    return finish(work, CallFailure{CallError::unavailable, "a peer gave a malformed answer: try again", 0},
                  out);
  }
  if (!work.elsewhere) answered_by(work.batch, message.signer_node);  // else a replica has
  gather(work, message.fetch->kind_responses[0], message.verdicts[0]);
  if (work.stage == Stage::chunk) {
    work.keys.erase(work.keys.begin(), work.keys.begin() + static_cast<std::ptrdiff_t>(work.asked_keys));
    if (!work.keys.empty()) return next_chunk(now, work, out);
  }
  work.gathered = sorted(std::move(work.gathered));
  if (doubtful(work)) return ask_again(now, message.signer_node, work, out);
  finish(work, get_result(std::move(work.gathered)), out);
}

// A different name may have the same Resource-ID; when all entries are asked for it comes along.
bool Client::of_another_name(const CallPlan& plan, const wire::StoredData& value) {
  return !plan.one && !entry_of(plan, value.value.key) && parse_dictionary_key(value.value.key);
}

Entry Client::entry_of_value(std::string entry, const wire::StoredData& value,
                             const security::ValueVerdict& verdict) {
  return {std::move(entry),    copy_of(value.value.data.value), verdict.signer->user_name(),
          verdict.signer_node, value.storage_time_ms,           value.lifetime_s};
}

void Client::gather(Work& work, const wire::FetchKindResponse& response,
                    const std::vector<security::ValueVerdict>& verdicts) {
  // Of what comes in parts the list's: what was written since is not among them, and a compare-and-swap must
  // not replace it unseen.
  if (work.stage != Stage::chunk) work.gathered.generation = response.generation_counter;
  for (std::size_t i = 0; i < response.values.size(); ++i) {
    const wire::StoredData& value = response.values[i];
    if (wire::is_absent(value)) continue;
    if (of_another_name(work.plan, value)) continue;
    const auto entry = entry_of(work.plan, value.value.key);
    if (!entry || !acceptable(work, value, verdicts[i])) {
      ++work.gathered.discarded;
      ++data_.statistics.values_discarded;
      continue;
    }
    const ItemKey item = item_key_of(value.value);
    const bool older = rolled_back(work.plan, item, value.storage_time_ms);
    times_.remember(work.plan.at, item, value.storage_time_ms);
    if (!value.value.data.exists) {
      work.removed = true;
      continue;
    }
    work.gathered.entries.push_back(entry_of_value(*entry, value, verdicts[i]));
    work.gathered.entries.back().rolled_back = older;
  }
}

// Signature and writer (RFC 6940 §7.4.2.2).
bool Client::acceptable(const Work& work, const wire::StoredData& value,
                        const security::ValueVerdict& verdict) {
  if (is_of_revoked(verdict, *data_.configuration)) ++data_.statistics.revoked_values;
  // It may have been checked by the document before.
  if (verdict.signer == nullptr || data_.configuration->is_revoked(*verdict.signer)) return false;
  const auto* kind = data_.configuration->kinds.find(work.plan.at.kind);
  if (kind == nullptr) return false;
  const Writer writer{verdict.signer->user_name(), verdict.signer_node};
  return check_writer(*kind, work.plan.at.resource, writer, value.value).ok();
}

// Older than what was seen of this item before (RFC 6940 §13.5.3). It is shown all the same: the newer value
// may come of a Store that failed half-way, while this one was acknowledged.
bool Client::rolled_back(const CallPlan& plan, const ItemKey& item, std::uint64_t storage_time_ms) {
  if (storage_time_ms >= times_.newest_ms(plan.at, item)) return false;
  ++data_.statistics.rollbacks;
  return true;
}

void Client::listed(const Now& now, Work& work, const wire::StatKindResponse& response, StorageOutputs& out) {
  work.gathered = {};
  work.gathered.generation = response.generation_counter;
  work.keys.clear();
  for (const auto& value : response.values) {
    if (!value.metadata.exists || !entry_of(work.plan, value.key)) continue;
    work.keys.push_back({value.key, answer_size_bytes(work.plan, value)});
  }
  next_chunk(now, work, out);
}

std::size_t Client::answer_size_bytes(const CallPlan& plan, const wire::StoredMetaData& value) {
  const std::size_t size_bytes = value.metadata.value_length + 2 * value.key.size() + k_value_frame_bytes;
  return plan.by_node ? size_bytes + k_certificate_bytes : size_bytes;
}

void Client::next_chunk(const Now& now, Work& work, StorageOutputs& out) {
  if (work.keys.empty()) return finish(work, get_result(std::move(work.gathered)), out);
  work.stage = Stage::chunk;
  drive(now, work, out);
}

// As many of the next keys as an answer will hold, one at least.
std::vector<Bytes> Client::keys_of_chunk(const Work& work) const {
  std::vector<Bytes> keys;
  std::size_t size_bytes = 0;
  for (const auto& key : work.keys) {
    size_bytes += key.size_bytes;
    if (!keys.empty() && (size_bytes > data_.budget_bytes() || keys.size() >= work.most_keys)) break;
    keys.push_back(key.key);
  }
  return keys;
}

CallResult Client::stat_result(const Work& work, const wire::StatKindResponse& response) const {
  StatResult result;
  result.generation = response.generation_counter;
  for (const auto& value : response.values) {
    const auto entry = entry_of(work.plan, value.key);
    if (!entry || !value.metadata.exists) continue;
    result.entries.push_back({*entry, writer_in_key(work.plan, value.key), value.metadata.value_length,
                              value.storage_time_ms, value.lifetime_s});
  }
  return result_of(sorted(std::move(result)));
}

}  // namespace ringway::data
