// Put and Remove (client.hpp).
#include <algorithm>

#include "reload/data/client.hpp"
#include "reload/data/reading.hpp"
#include "reload/data/records.hpp"

namespace ringway::data {

namespace {

// A removal outlives what it removes by so much, since both ends count from when a Store arrives.
constexpr std::uint32_t k_tombstone_extra_s = 60;

// Whatever is put there at the same time is newer than a value that is only signed again.
std::uint64_t renewed_ms(std::uint64_t renews_ms, std::uint64_t present_ms) {
  return std::max(renews_ms, present_ms) + 1;
}

}  // namespace

std::optional<std::uint64_t> expected_generation(const Call& call) {
  if (const auto* put = std::get_if<PutCall>(&call)) return put->expected_generation;
  return std::get<RemoveCall>(call).expected_generation;
}

void Client::learn(const Now& now, Work& work, StorageOutputs& out) {
  if (!responsible(work)) {
    send(work, wire::MessageCode::stat_req, query(work, {work.plan.item}), out);
    return watch_for_silence(now, work);
  }
  const auto state = data_.cache.newest(work.plan.at);
  if (!state) {
    return refused(now, work, refuse(wire::ErrorCode::request_timeout, state.error().reason), false, out);
  }
  if (may_lack(now, work.plan) || hidden(work.plan)) return become_careful(work);
  const auto record = find_key((*state)->records, work.plan.item);
  if (record == (*state)->records.end() || !counts(**record, *data_.configuration, now.wall_ms)) {
    return learned(now, work, nullptr, out);
  }
  wire::StoredMetaData present;
  present.storage_time_ms = (*record)->stored.storage_time_ms;
  present.lifetime_s = (*record)->remaining_s(now.wall_ms);
  present.metadata = metadata_of((*record)->stored.value.data);
  learned(now, work, &present, out);
}

void Client::learned(const Now& now, Work& work, const wire::StoredMetaData* present, StorageOutputs& out) {
  if (work.renews_ms != 0 && !still_ours(work, present))
    return finish(work, CallFailure{CallError::aborted, "another value is stored", 0}, out);
  if (present != nullptr) {
    work.previous_ms = present->storage_time_ms;
    work.previous_lifetime_s = present->lifetime_s;
  }
  const auto* remove = std::get_if<RemoveCall>(&work.call);
  if (remove != nullptr && (present == nullptr || !present->metadata.exists)) {
    // It has expired and was to be put again.
    written_.forget(name_of(*remove));
    keep_written(out);
    return finish(work, CallFailure{CallError::not_found, "nothing is stored there", 0}, out);
  }
  if (work.renews_ms != 0) {
    written_.note(name_of(std::get<PutCall>(work.call)), renewed_ms(work.renews_ms, work.previous_ms));
    if (wait_for_fact(work, out)) return;
  }
  work.stage = Stage::write;
  drive(now, work, out);
}

void Client::write(const Now& now, Work& work, StorageOutputs& out) {
  if (!work.value) sign(now, work);
  wire::StoreKindData kind;
  kind.kind = work.plan.at.kind;
  kind.generation_counter = expected_generation(work.call).value_or(0);
  kind.values.push_back(*work.value);
  if (responsible(work)) {
    work.here = true;
    ++data_.statistics.calls_local;
    return holder_.store_own(now, work.id, work.plan.at.resource, std::move(kind), signer_of(work), out);
  }
  wire::StoreReq request;
  request.resource = copy_of(work.plan.at.resource.view());
  request.kind_data.push_back(std::move(kind));
  send(work, wire::MessageCode::store_req, wire::encode(request), out);
  watch_for_silence(now, work);
}

// Whose credentials this peer does not hold (any more) has none.
BytesView Client::present_certificate(const std::string& user) const {
  if (user.empty()) return data_.signer->certificate()->sha256();
  const auto signer = data_.users->find(user);
  return signer ? signer->certificate()->sha256() : BytesView{};
}

void Client::sign(const Now& now, Work& work) {
  std::uint64_t previous_ms = std::max(work.previous_ms, times_.newest_ms(work.plan.at, work.plan.item));
  if (responsible(work)) {
    const auto state = data_.cache.newest(work.plan.at);
    if (state) {
      const auto record = find_key((*state)->records, work.plan.item);
      if (record != (*state)->records.end() && (*record)->alive_at(now.wall_ms)) {
        previous_ms = std::max(previous_ms, (*record)->stored.storage_time_ms);
      }
    }
  }
  wire::StoredData& value = work.value.emplace();
  value.storage_time_ms = std::max<std::uint64_t>(now.wall_ms, previous_ms + 1);
  if (work.renews_ms != 0) value.storage_time_ms = renewed_ms(work.renews_ms, work.previous_ms);
  const security::Signer& signer = signer_of(work);
  work.certificate_sha256 = copy_of(signer.certificate()->sha256());
  work.signed_ms = now.wall_ms;
  work.certificate_not_after_ms = signer.certificate()->not_after_ms();
  value.value.model = wire::DataModel::dictionary;
  value.value.key = SharedBytes{work.plan.item};
  if (auto* put = std::get_if<PutCall>(&work.call)) {
    value.lifetime_s = put->lifetime_s;
    value.value.data = {true, SharedBytes{put->value}};
  } else {
    value.lifetime_s =
        std::min(work.previous_lifetime_s, UINT32_MAX - k_tombstone_extra_s) + k_tombstone_extra_s;
  }
  value.value_wire = SharedBytes{wire::encode(value.value)};
  value.signature = signer.sign(
      security::value_signature_input(work.plan.at.resource, work.plan.at.kind, value.storage_time_ms,
                                      wire::DataModel::dictionary, value.value_wire));
}

void Client::written(Work& work, const wire::StoreAns& answer, StorageOutputs& out) {
  const auto response = std::find_if(answer.kind_responses.begin(), answer.kind_responses.end(),
                                     [&](const auto& one) { return one.kind == work.plan.at.kind; });
  if (response == answer.kind_responses.end()) {
    return finish(work, CallFailure{CallError::unavailable, "a peer gave a malformed answer: try again", 0},
                  out);
  }
  times_.remember(work.plan.at, work.plan.item, work.value->storage_time_ms);
  remember(work);
  PutResult result;
  result.generation = response->generation_counter;
  result.replicas = response->replicas;
  result.copies = 1 + static_cast<std::uint32_t>(result.replicas.size());
  result.copies_wanted = 1 + static_cast<std::uint32_t>(data_.view->replicas);
  result.storage_time_ms = work.value->storage_time_ms;
  const auto* put = std::get_if<PutCall>(&work.call);
  if (put != nullptr && put->keep && wait_for_fact(work, out)) {
    work.kept = std::move(result);
    return;
  }
  keep_written(out);
  finish(work, std::move(result), out);
}

}  // namespace ringway::data
