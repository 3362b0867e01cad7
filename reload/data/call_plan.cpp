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

KindId kind_of(const Call& call) {
  if (const auto* put = std::get_if<PutCall>(&call)) return put->kind;
  if (const auto* remove = std::get_if<RemoveCall>(&call)) return remove->kind;
  if (const auto* get = std::get_if<GetCall>(&call)) return get->kind;
  return 0;
}

std::optional<CallFailure> check_generation(const std::optional<std::uint64_t>& expected) {
  // On the wire 0 means "do not check" (RFC 6940 §7.4.1.1).
  if (expected && *expected == 0) {
    return invalid("generations start at 1: leave the expected generation unset to write in any case");
  }
  return std::nullopt;
}

std::optional<CallFailure> check_put(const PeerData& data, const config::KindDefinition& kind,
                                     const PutCall& put, const security::Signer& writer) {
  if (put.lifetime_s == 0) return invalid("the lifetime is 0 seconds: use at least 1");
  if (put.value.size() > kind.max_size_bytes) {
    return CallFailure{CallError::resource_exhausted,
                       "the value has " + std::to_string(put.value.size()) + " bytes, this overlay allows " +
                           std::to_string(kind.max_size_bytes),
                       0};
  }
  // Copies carry the writer's certificate besides the sender's.
  const std::size_t needed = put.value.size() + 2 * put.key.size() + put.entry.size() + k_value_frame_bytes +
                             writer.certificate()->der().size();
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
  const auto* put = std::get_if<PutCall>(&call);
  if (put != nullptr) value.data = {true, SharedBytes{put->value}};
  const security::Signer& writer = plan.as_user ? *plan.as_user : *data.signer;
  const auto& certificate = writer.certificate();
  const auto allowed =
      check_writer(kind, plan.at.resource, {certificate->user_name(), writer.node_id()}, value);
  if (!allowed) {
    return CallFailure{CallError::permission_denied,
                       allowed.error().reason + "; this call writes as " + certificate->user_name(), 0};
  }
  if (put != nullptr) {
    const auto usable = check_usage(data.settings.usage_checks.get(), *data.configuration, kind,
                                    {certificate->user_name(), writer.node_id()}, value);
    if (!usable) return CallFailure{CallError::permission_denied, usable.error().reason, 0};
    return check_put(data, kind, *put, writer);
  }
  return check_generation(std::get<RemoveCall>(call).expected_generation);
}

// Of a call that writes.
const std::string& as_user_of(const Call& call) {
  if (const auto* put = std::get_if<PutCall>(&call)) return put->as_user;
  return std::get<RemoveCall>(call).as_user;
}

// The credentials of the user that the call is made as, when that is not the peer's own.
std::optional<CallFailure> find_writer(const PeerData& data, WallMs now_ms, const std::string& user,
                                       CallPlan& plan) {
  if (user.size() > k_max_user_name_bytes) return invalid("the user to write as has too long a name");
  auto signer = data.users->find(user);
  if (!signer) {
    return CallFailure{CallError::not_found,
                       "this peer has no credentials of " + user +
                           ": start ringwayd with --user-credentials and a folder that holds them",
                       0};
  }
  const security::Certificate& certificate = *signer->certificate();
  if (data.configuration->is_revoked(certificate))
    return CallFailure{CallError::permission_denied, "the credentials of " + user + " are revoked", 0};
  // What is stored here at once is not looked at by anybody else (SEC-17).
  if (!certificate.valid_at(now_ms)) {
    return CallFailure{CallError::failed_precondition,
                       "the certificate of " + user +
                           " is not valid now: renew it, put it in the place of the old one, and start "
                           "this peer again",
                       0};
  }
  plan.as_user = std::move(signer);
  return std::nullopt;
}

// The name of the call's key and its dictionary keys, of the two forms that Ringway's own Kinds have.
std::optional<CallFailure> read_key(const Call& call, CallPlan& plan) {
  const auto name = parse_resource_name(key_of(call));
  if (!name) return invalid(name.error().reason);
  plan.at = {name->resource(), name->kind()};
  plan.prefix = dictionary_key_of(*name, {});
  plan.by_node = name->shared();
  return std::nullopt;
}

// Of a Kind that is named: its resource name is a user's, or a tree node's of a service; its dictionary keys
// are Node-IDs.
std::optional<CallFailure> read_user_name(const Call& call, CallPlan& plan) {
  const std::string& user = key_of(call);
  if (user.empty() || user.size() > k_max_user_name_bytes)
    return invalid("the key is no user name: it has 1 to " + std::to_string(k_max_user_name_bytes) +
                   " bytes");
  plan.at = {resource_id_of(std::string_view(user)), kind_of(call)};
  plan.by_node = true;
  return std::nullopt;
}

// Kinds of usages with an entry for whoever writes. Subscriptions are the watcher's.
bool is_open_to_all(const config::KindDefinition& kind) {
  return kind.access == config::AccessPolicy::watcher_match && kind.kind != config::k_subscription;
}

bool has_such_keys(const config::KindDefinition& kind, const Call& call) {
  return kind.model == wire::DataModel::dictionary &&
         (kind_of(call) == 0 || kind.access == config::AccessPolicy::user_node_match ||
          kind.access == config::AccessPolicy::node_id_match || is_open_to_all(kind));
}

// How the call's key is read depends on its Kind.
std::optional<CallFailure> read_name(const PeerData& data, const Call& call, CallPlan& plan) {
  const KindId named = kind_of(call);
  const auto* kind = named == 0 ? nullptr : data.configuration->kinds.find(named);
  if (named != 0 && (kind == nullptr || !is_open_to_all(*kind))) return read_user_name(call, plan);
  if (auto failure = read_key(call, plan)) return failure;
  if (named != 0) {
    plan.at.kind = named;
    plan.by_node = true;
  }
  return std::nullopt;
}

// A Get of a named Kind may want one node's entry.
bool names_node(const Call& call) {
  const auto* get = std::get_if<GetCall>(&call);
  return get != nullptr && get->kind != 0 && get->entry && get->entry->size() == k_node_id_size_bytes;
}

bool starts_with(BytesView key, BytesView prefix) {
  return key.size() >= prefix.size() && equal(key.first(prefix.size()), prefix);
}

}  // namespace

std::variant<CallPlan, CallFailure> plan_call(const PeerData& data, WallMs now_ms, const Call& call) {
  CallPlan plan;
  if (auto failure = read_name(data, call, plan)) return std::move(*failure);
  const auto* kind = data.configuration->kinds.find(plan.at.kind);
  if (kind == nullptr || !has_such_keys(*kind, call)) {
    return CallFailure{CallError::failed_precondition,
                       "this overlay's configuration does not define the Kind for such keys", 0};
  }
  const std::string* entry = entry_of(call);
  const bool writes = std::holds_alternative<PutCall>(call) || std::holds_alternative<RemoveCall>(call);
  if (entry != nullptr && entry->size() > k_max_entry_name_bytes)
    return invalid("the entry's name is too long");
  if (entry != nullptr && plan.by_node && !entry->empty() && !names_node(call)) {
    return invalid("such keys have one entry for each writer: leave the entry empty");
  }
  if (writes && !as_user_of(call).empty()) {
    if (auto failure = find_writer(data, now_ms, as_user_of(call), plan)) return std::move(*failure);
  }
  // With one entry for each writer all are wanted when reading, unless one is named.
  plan.one = writes || (entry != nullptr && (!plan.by_node || names_node(call)));
  if (plan.one) {
    const NodeId writer = plan.as_user ? plan.as_user->node_id() : data.signer->node_id();
    plan.item = plan.prefix;
    append(plan.item, plan.by_node && writes ? BytesView{writer.view()} : ringway::view_of(*entry));
  }
  if (writes) {
    if (auto failure = check_writing(data, *kind, call, plan)) return std::move(*failure);
  }
  return plan;
}

std::optional<std::string> entry_of(const CallPlan& plan, BytesView dictionary_key) {
  if (!starts_with(dictionary_key, plan.prefix)) return std::nullopt;
  if (plan.one && !equal(dictionary_key, plan.item)) return std::nullopt;
  if (plan.by_node) return std::string();
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
