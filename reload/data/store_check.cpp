#include "reload/data/store_check.hpp"

#include <algorithm>
#include <set>

namespace ringway::data {

namespace {

using wire::DataModel;
using wire::ErrorCode;

// Removed values do not count as values, but neither may they pile up.
constexpr std::size_t max_records(const config::KindDefinition& kind) {
  return std::size_t{kind.max_count} * 4 + 64;
}
// What a Store leaves of it: it has written these records, and the generation if that has changed.
std::shared_ptr<const Damage> left_of(const std::shared_ptr<const Damage>& before, const Records& written,
                                      bool has_generation) {
  if (!before) return nullptr;
  auto left = std::make_shared<Damage>(*before);
  if (has_generation) left->generation = false;
  for (const RecordPtr& record : written) std::erase(left->items, item_key_of(record->stored.value));
  return left->any() ? left : nullptr;
}

// Far beyond any number of writes; keeps a wrong neighbour from exhausting the counter.
constexpr std::uint64_t k_max_generation = std::uint64_t{1} << 62U;
// A copy that prolongs its value's lifetime by less than this is no change: seconds are rounded at each hop.
constexpr WallMs k_lifetime_tolerance_ms = 5000;

std::size_t count_values(const Records& records) {
  return static_cast<std::size_t>(std::count_if(records.begin(), records.end(), [](const RecordPtr& record) {
    return record->stored.value.data.exists;
  }));
}

// The Store's checks, in the RFC's order; `refused` is set by the first that fails.
class Check {
 public:
  Check(const config::Configuration& configuration, KindCache& cache, WallMs now_ms,
        const IncomingStore& store)
      : configuration_(configuration), cache_(cache), now_ms_(now_ms), store_(store) {}

  Result<AcceptedStore, Refusal> run() {
    if (!check_kinds() || !check_writers() || !load() || !check_generations() || !apply()) return refused_;
    return std::move(accepted_);
  }

 private:
  // What one Kind has before and after the Store.
  struct Work {
    const wire::StoreKindData* data = nullptr;
    const std::vector<security::ValueVerdict>* verdicts = nullptr;
    const config::KindDefinition* kind = nullptr;
    KindAt at;
    KindStatePtr before;
    Records after;    // alive ones only
    Records dropped;  // those that had expired
    std::size_t alive_before = 0;
    std::size_t values_before = 0;  // removed ones not counted
    Records written;
    Records records;
  };

  bool fail(Refusal refused) {
    refused_ = std::move(refused);
    return false;
  }
  bool fail(ErrorCode code, std::string_view reason) { return fail(refuse(code, reason)); }

  bool check_kinds();
  bool check_writers();
  bool check_value(const Work& work, const wire::StoredData& value, const security::ValueVerdict& verdict);
  bool load();
  bool check_generations();
  bool same_as_stored(const Work& work) const;
  bool apply();
  bool replaces(const wire::StoredData& value, const wire::StoredData& old) const;
  bool apply_value(Work& work, const wire::StoredData& value, const security::ValueVerdict& verdict);
  bool append_value(Work& work, wire::StoredData value, const security::ValueVerdict& verdict);
  void keep_present(Work& work, const RecordPtr& present, const wire::StoredData& value,
                    const security::ValueVerdict& verdict);
  void put(Work& work, const RecordPtr& record, const security::ValueVerdict& verdict);
  bool check_limits(const Work& work);
  std::uint64_t generation_after(const Work& work) const;
  void finish(Work& work);

  const config::Configuration& configuration_;
  KindCache& cache_;
  WallMs now_ms_;
  const IncomingStore& store_;
  std::vector<Work> works_;
  AcceptedStore accepted_;
  Refusal refused_;
};

bool Check::check_kinds() {
  std::set<KindId> seen;
  std::vector<KindId> unknown;
  for (std::size_t i = 0; i < store_.kinds->size(); ++i) {
    const auto& data = (*store_.kinds)[i];
    if (!seen.insert(data.kind).second) return fail(ErrorCode::invalid_message, "a Kind appears twice");
    const auto* kind = configuration_.kinds.find(data.kind);
    if (kind == nullptr || data.unknown_kind) {
      unknown.push_back(data.kind);
      continue;
    }
    if (store_.mode == StoreMode::replica && data.generation_counter == 0) {
      return fail(ErrorCode::invalid_message, "a replica without a generation counter");
    }
    if (data.generation_counter > k_max_generation) {
      return fail(ErrorCode::invalid_message, "the generation counter is out of bounds");
    }
    if (i >= store_.verdicts->size() || (*store_.verdicts)[i].size() != data.values.size()) {
      return fail(ErrorCode::forbidden, "the values' signatures were not checked");
    }
    Work work;
    work.data = &data;
    work.verdicts = &(*store_.verdicts)[i];
    work.kind = kind;
    work.at = {store_.resource, data.kind};
    works_.push_back(std::move(work));
  }
  return unknown.empty() || fail(refuse_unknown_kinds(std::move(unknown)));
}

bool Check::check_writers() {
  for (const Work& work : works_) {
    for (std::size_t i = 0; i < work.data->values.size(); ++i) {
      if (!check_value(work, work.data->values[i], (*work.verdicts)[i])) return false;
    }
  }
  return true;
}

bool Check::check_value(const Work& work, const wire::StoredData& value,
                        const security::ValueVerdict& verdict) {
  if (value.value.model != work.kind->model) {
    return fail(ErrorCode::invalid_message, "the value is not in the Kind's data model");
  }
  if (value.signature.identity.type == wire::SignerIdentityType::none ||
      (value.signature.hash == wire::HashAlgorithm::none &&
       value.signature.algorithm == wire::SignatureAlgorithm::anonymous)) {
    return fail(ErrorCode::forbidden, "a value without a signature");
  }
  if (verdict.signer == nullptr) return fail(ErrorCode::forbidden, verdict.reason);
  // It may have been checked by the document before.
  if (configuration_.is_revoked(*verdict.signer))
    return fail(ErrorCode::forbidden, "the writer is revoked (bad-node)");
  const Writer signer{verdict.signer->user_name(), verdict.signer_node};
  const auto writer = check_writer(*work.kind, store_.resource, signer, value.value);
  if (!writer) return fail(ErrorCode::forbidden, writer.error().reason);
  if (store_.mode != StoreMode::original) return true;
  const auto requester = check_writer(*work.kind, store_.resource, store_.requester, value.value);
  if (!requester) return fail(ErrorCode::forbidden, requester.error().reason);
  const auto usage = check_usage(store_.usage_checks, configuration_, *work.kind, signer, value.value);
  if (!usage) return fail(ErrorCode::forbidden, usage.error().reason);
  if (value.lifetime_s == 0) return fail(ErrorCode::invalid_message, "a lifetime of 0 seconds");
  return true;
}

bool Check::load() {
  for (Work& work : works_) {
    auto state = cache_.newest(work.at);
    if (!state) return fail(ErrorCode::request_timeout, state.error().reason);
    work.before = std::move(*state);
    work.after.reserve(work.before->records.size() + work.data->values.size());
    for (const RecordPtr& record : work.before->records) {
      (counts(*record, configuration_, now_ms_) ? work.after : work.dropped).push_back(record);
    }
    work.alive_before = work.after.size();
    work.values_before = count_values(work.after);
  }
  return true;
}

// What is already there in just this form needs no permission: the first one's answer was lost (STORE-49).
bool Check::same_as_stored(const Work& work) const {
  return std::all_of(work.data->values.begin(), work.data->values.end(), [&](const wire::StoredData& value) {
    if (value.value.model == DataModel::array && value.value.index == wire::k_array_end) {
      return std::any_of(work.after.begin(), work.after.end(),
                         [&](const RecordPtr& record) { return same_signed(record->stored, value); });
    }
    const auto present = find(work.after, value.value);
    return present != work.after.end() && same_signed((*present)->stored, value);
  });
}

bool Check::check_generations() {
  if (store_.mode != StoreMode::original) return true;
  wire::StoreAns present;
  bool differs = false;
  for (const Work& work : works_) {
    present.kind_responses.push_back({work.at.kind, work.before->generation_counter, {}});
    // Any other number is refused, not only a lower one (AMB-15); 0 asks for no check (STORE-12).
    const std::uint64_t expected = work.data->generation_counter;
    if (expected != 0 && expected != work.before->generation_counter &&
        (work.data->values.empty() || !same_as_stored(work))) {
      differs = true;
      if (refused_.generation_counter == 0) refused_.generation_counter = work.before->generation_counter;
    }
  }
  if (!differs) return true;
  refused_.code = ErrorCode::generation_counter_too_low;
  refused_.info = wire::encode(present);
  return false;
}

bool Check::apply() {
  for (Work& work : works_) {
    for (std::size_t i = 0; i < work.data->values.size(); ++i) {
      if (!apply_value(work, work.data->values[i], (*work.verdicts)[i])) return false;
    }
    if (!check_limits(work)) return false;
  }
  for (Work& work : works_) finish(work);
  return true;
}

// By storage time; of two copies that are equally old all holders must keep the same one.
bool Check::replaces(const wire::StoredData& value, const wire::StoredData& old) const {
  if (value.storage_time_ms != old.storage_time_ms) return value.storage_time_ms > old.storage_time_ms;
  if (store_.mode == StoreMode::original) return false;
  const BytesView now = value.signature.value, before = old.signature.value;
  // One signature is over one value, and this one has been checked: what is on the disk is damaged.
  if (equal(now, before)) return true;
  return std::lexicographical_compare(before.begin(), before.end(), now.begin(), now.end());
}

bool Check::apply_value(Work& work, const wire::StoredData& value, const security::ValueVerdict& verdict) {
  // The responsible peer has judged what its replicas get; the limit may have become lower since.
  if (store_.mode == StoreMode::original && value.value.data.value.size() > work.kind->max_size_bytes) {
    return fail(ErrorCode::data_too_large, "a value is larger than the Kind's max-size");
  }
  if (value.lifetime_s == 0) return true;  // a copy that ended on its way
  if (value.value.model == DataModel::array && value.value.index == wire::k_array_end) {
    return append_value(work, value, verdict);
  }
  const auto present = find(work.after, value.value);
  if (present != work.after.end()) {
    const wire::StoredData& old = (*present)->stored;
    if (same_signed(old, value)) {
      keep_present(work, *present, value, verdict);
      return true;
    }
    if (!replaces(value, old)) {
      if (store_.mode == StoreMode::adopt) return true;  // ours stays
      return fail(ErrorCode::data_too_old, "a newer value is stored");
    }
  }
  put(work, make_record(value, verdict, now_ms_), verdict);
  return true;
}

// The index is assigned here, once; copies carry it (AMB-21). The same signed value again is a
// retransmission.
bool Check::append_value(Work& work, wire::StoredData value, const security::ValueVerdict& verdict) {
  if (store_.mode != StoreMode::original) {
    return fail(ErrorCode::invalid_message, "a copy of an array value without its index");
  }
  const auto twin = std::find_if(work.after.begin(), work.after.end(),
                                 [&](const RecordPtr& record) { return same_signed(record->stored, value); });
  if (twin != work.after.end()) {
    work.records.push_back(*twin);
    return true;
  }
  const std::uint32_t next = work.after.empty() ? 0 : work.after.back()->stored.value.index + 1;
  if (next == wire::k_array_end) return fail(ErrorCode::data_too_large, "the array is full");
  value.value.index = next;
  put(work, make_record(value, verdict, now_ms_), verdict);
  return true;
}

// The lifetime is not signed: a copy or a refresh may prolong it (AMB-17).
void Check::keep_present(Work& work, const RecordPtr& present, const wire::StoredData& value,
                         const security::ValueVerdict& verdict) {
  const WallMs expires_ms = now_ms_ + WallMs{value.lifetime_s} * 1000;
  if (expires_ms <= present->expires_ms() + k_lifetime_tolerance_ms) {
    work.records.push_back(present);
    return;
  }
  auto prolonged = std::make_shared<Record>(*present);
  prolonged->stored.lifetime_s = value.lifetime_s;
  prolonged->received_ms = now_ms_;
  put(work, prolonged, verdict);
}

void Check::put(Work& work, const RecordPtr& record, const security::ValueVerdict& verdict) {
  const auto at = lower_bound(work.after, record->stored.value);
  const auto index = at - work.after.cbegin();
  if (find(work.after, record->stored.value) != work.after.end()) {
    work.after[static_cast<std::size_t>(index)] = record;
  } else {
    work.after.insert(at, record);
  }
  work.written.push_back(record);
  work.records.push_back(record);
  accepted_.signers.push_back({verdict.signer, verdict.chain, record->expires_ms()});
}

bool Check::check_limits(const Work& work) {
  if (work.after.size() > max_records(*work.kind) && work.after.size() > work.alive_before) {
    return fail(ErrorCode::data_too_large, "too many values and removed values");
  }
  // The responsible peer has counted what its replicas get.
  if (store_.mode != StoreMode::original) return true;
  const std::size_t values = count_values(work.after);
  if (values > work.kind->max_count && values > work.values_before) {
    return fail(ErrorCode::data_too_large, "more values than the Kind's max-count");
  }
  return true;
}

std::uint64_t Check::generation_after(const Work& work) const {
  const std::uint64_t before = work.before->generation_counter;
  const bool written = !work.written.empty();
  if (store_.mode == StoreMode::original) {
    if (!written) return before;
    const bool is_lost = work.before->damage && work.before->damage->generation;
    return std::min(is_lost ? generation_after_loss(now_ms_) : before + 1, k_max_generation);
  }
  const std::uint64_t given = work.data->generation_counter;
  // A number with nothing signed beside it is nobody's word.
  const bool counts = !work.data->values.empty() && given <= before + k_most_generations_ahead;
  const std::uint64_t after = counts ? std::max(before, given) : before;
  if (after != 0 || !written) return after;
  return given == 0 ? generation_after_loss(now_ms_) : 1;  // copies without any are refused
}

void Check::finish(Work& work) {
  auto state = std::make_shared<KindState>();
  const std::uint64_t before = work.before->generation_counter;
  const bool written = !work.written.empty();
  state->generation_counter = generation_after(work);
  for (const RecordPtr& record : work.dropped) {
    accepted_.batch.push_back(DropRecord{work.at, item_key_of(record->stored.value)});
  }
  for (const RecordPtr& record : work.written) accepted_.batch.push_back(PutRecord{work.at, record});
  // Also when it stays: the disk may not give it at the moment of the write, which keeps it for the records.
  if (state->generation_counter != before || written) {
    accepted_.batch.push_back(SetGeneration{work.at, state->generation_counter});
  }
  state->records = std::move(work.after);
  state->damage = left_of(work.before->damage, work.written, state->generation_counter != before);
  const bool changed = written || !work.dropped.empty() || state->generation_counter != before;
  const std::uint64_t expected = work.data->generation_counter;
  const bool is_repeated = store_.mode == StoreMode::original && expected != 0 && expected < before;
  const std::uint64_t told = is_repeated ? expected + 1 : state->generation_counter;
  accepted_.kinds.push_back({work.at, std::move(state), changed, std::move(work.records), told});
}

}  // namespace

std::uint64_t generation_after_loss(WallMs now_ms) { return now_ms / 1000; }

bool is_of_revoked(const security::ValueVerdict& verdict, const config::Configuration& configuration) {
  if (verdict.signer == nullptr) return security::is_revocation(Failure{verdict.reason});
  return configuration.is_revoked(*verdict.signer);
}

Result<AcceptedStore, Refusal> check_store(const config::Configuration& configuration, KindCache& cache,
                                           WallMs now_ms, const IncomingStore& store) {
  return Check(configuration, cache, now_ms, store).run();
}

}  // namespace ringway::data
