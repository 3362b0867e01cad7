#include "reload/data/call_plan.hpp"

#include <algorithm>

#include "reload/data/access_control.hpp"
#include "reload/data/resource_names.hpp"

namespace ringway::data {

namespace {

// Around a value's bytes in a Store: times, identity, signature, lengths.
constexpr std::size_t k_value_frame_bytes = 256;

CallFailure invalid(std::string message) { return {CallError::invalid_argument, std::move(message), 0}; }

const std::string* entry_of(const Call& call) {
  if (const auto* put = std::get_if<PutCall>(&call)) return &put->entry;
  if (const auto* remove = std::get_if<RemoveCall>(&call)) return &remove->entry;
  if (const auto* get = std::get_if<GetCall>(&call)) return get->entry ? &*get->entry : nullptr;
  return nullptr;
}

const std::string& key_of(const Call& call) {
  return std::visit([](const auto& one) -> const std::string& { return one.key; }, call);
}

std::optional<CallFailure> check_generation(const std::optional<std::uint64_t>& expected) {
  // On the wire 0 means "do not check" (RFC 6940 §7.4.1.1).
  if (expected && *expected == 0) {
    return invalid("generations start at 1: leave the expected generation unset to write in any case");
  }
  return std::nullopt;
}

std::optional<CallFailure> check_put(const PeerData& data, const config::KindDefinition& kind,
                                     const PutCall& put) {
  if (put.lifetime_s == 0) return invalid("the lifetime is 0 seconds: use at least 1");
  if (put.value.size() > kind.max_size_bytes) {
    return CallFailure{CallError::resource_exhausted,
                       "the value has " + std::to_string(put.value.size()) + " bytes, this overlay allows " +
                           std::to_string(kind.max_size_bytes),
                       0};
  }
  // Copies carry the writer's certificate besides the sender's.
  const std::size_t needed = put.value.size() + 2 * put.key.size() + put.entry.size() + k_value_frame_bytes +
                             data.signer->certificate()->der().size();
  if (needed > data.budget_bytes()) {
    return CallFailure{CallError::resource_exhausted,
                       "the value does not fit into a message of this overlay (max-message-size " +
                           std::to_string(data.configuration->max_message_size_bytes) + " bytes)",
                       0};
  }
  return check_generation(put.expected_generation);
}

std::optional<CallFailure> check_writing(const PeerData& data, const config::KindDefinition& kind,
                                         const Call& call, const CallPlan& plan) {
  wire::StoredDataValue value;
  value.model = wire::DataModel::dictionary;
  value.key = SharedBytes{plan.item};
  const auto& certificate = data.signer->certificate();
  const auto allowed =
      check_writer(kind, plan.at.resource, {certificate->user_name(), data.signer->node_id()}, value);
  if (!allowed) {
    return CallFailure{CallError::permission_denied,
                       allowed.error().reason + "; this peer writes as " + certificate->user_name(), 0};
  }
  if (const auto* put = std::get_if<PutCall>(&call)) return check_put(data, kind, *put);
  return check_generation(std::get<RemoveCall>(call).expected_generation);
}

bool starts_with(BytesView key, BytesView prefix) {
  return key.size() >= prefix.size() && equal(key.first(prefix.size()), prefix);
}

}  // namespace

std::variant<CallPlan, CallFailure> plan_call(const PeerData& data, const Call& call) {
  const auto name = parse_resource_name(key_of(call));
  if (!name) return invalid(name.error().reason);
  CallPlan plan;
  plan.at = {name->resource(), name->kind()};
  plan.prefix = dictionary_key_of(*name, {});
  const auto* kind = data.configuration->kinds.find(plan.at.kind);
  if (kind == nullptr || kind->model != wire::DataModel::dictionary) {
    return CallFailure{CallError::failed_precondition,
                       "this overlay's configuration does not define the Kind for such keys", 0};
  }
  const std::string* entry = entry_of(call);
  const bool writes = std::holds_alternative<PutCall>(call) || std::holds_alternative<RemoveCall>(call);
  if (entry != nullptr && entry->size() > k_max_entry_name_bytes)
    return invalid("the entry's name is too long");
  if (entry != nullptr && name->shared() && !entry->empty()) {
    return invalid("shared keys have one entry for each writer: leave the entry empty");
  }
  // A shared key has no entry to choose when reading: all writers' are wanted.
  plan.one = writes || (entry != nullptr && !name->shared());
  if (plan.one) {
    plan.item = dictionary_key_of(
        *name, name->shared() ? BytesView{data.signer->node_id().view()} : ringway::view_of(*entry));
  }
  if (writes) {
    if (auto failure = check_writing(data, *kind, call, plan)) return std::move(*failure);
  }
  return plan;
}

std::optional<std::string> entry_of(const CallPlan& plan, BytesView dictionary_key) {
  if (!starts_with(dictionary_key, plan.prefix)) return std::nullopt;
  if (plan.one && !equal(dictionary_key, plan.item)) return std::nullopt;
  if (plan.at.kind == config::k_shared_value) return std::string();
  return std::string(text_of(dictionary_key.subspan(plan.prefix.size())));
}

RecordRange records_of(const CallPlan& plan, const Records& records) {
  if (plan.one) {
    const auto found = find_key(records, plan.item);
    return {found, found == records.end() ? found : found + 1};
  }
  const std::string_view prefix = text_of(plan.prefix);
  const auto begin = std::lower_bound(
      records.begin(), records.end(), prefix,
      [](const RecordPtr& record, std::string_view key) { return text_of(record->stored.value.key) < key; });
  auto end = begin;
  while (end != records.end() && starts_with((*end)->stored.value.key, plan.prefix)) ++end;
  return {begin, end};
}

}  // namespace ringway::data
