#include "services/decode/verifier.hpp"

#include <algorithm>
#include <utility>

#include "reload/config/mailbox_kind.hpp"
#include "reload/security/certificate.hpp"
#include "reload/wire/storage_bodies.hpp"

namespace ringway::services {
namespace {

constexpr std::size_t k_max_remembered_fetches = 65536;

// Ringway's own Kinds carry the resource's name in the dictionary key (docs/extensions.md).
std::optional<ResourceId> resource_named_in(KindId kind, const wire::StoredData& stored) {
  if (kind != config::k_owner_value && kind != config::k_shared_value && kind != config::k_subscription &&
      kind != config::k_mailbox)
    return std::nullopt;
  wire::Reader reader(stored.value.key);
  const SharedBytes name = reader.opaque(2);
  if (!reader.ok() || name.empty()) return std::nullopt;
  return resource_id_of(name.view());
}

template <typename Kinds>
std::string check_values(const Kinds& kinds, const std::vector<std::vector<security::ValueVerdict>>& verdicts,
                         Verification& out) {
  std::string first_reason;
  for (std::size_t k = 0; k < kinds.size(); ++k) {
    auto& list = out.values.emplace_back();
    if (kinds[k].unknown_kind && first_reason.empty()) {
      first_reason = "the values of Kind " + std::to_string(kinds[k].kind) +
                     " cannot be read: its data model is unknown";
    }
    for (std::size_t v = 0; v < kinds[k].values.size(); ++v) {
      if (wire::is_absent(kinds[k].values[v])) {
        list.push_back({false, "not signed: stands for a value that is not there"});
        continue;
      }
      const bool has_verdict = k < verdicts.size() && v < verdicts[k].size();
      const bool good = has_verdict && verdicts[k][v].signer != nullptr;
      std::string reason = good ? "" : has_verdict ? verdicts[k][v].reason : "not checked";
      if (!good && first_reason.empty()) first_reason = "a stored value: " + reason;
      list.push_back({good, std::move(reason)});
    }
  }
  return first_reason;
}

}  // namespace

Verifier::Verifier(VerifySettings settings, std::shared_ptr<const config::Kinds> kinds)
    : settings_(std::move(settings)), kinds_(std::move(kinds)) {}

Result<std::string> Verifier::overlay_name_of(const wire::Message& message) const {
  if (!settings_.trust.overlay_name.empty()) return settings_.trust.overlay_name;
  std::string reason = "the message carries no certificate";
  for (const auto& certificate : message.security.certificates) {
    const auto parsed = security::Certificate::parse(certificate.der);
    if (!parsed) {
      reason = "a certificate of the message: " + parsed.error().reason;
    } else if (wire::overlay_hash((*parsed)->overlay_name()) == message.header.overlay) {
      return (*parsed)->overlay_name();
    } else {
      reason = "the certificate is of the overlay " + (*parsed)->overlay_name() + ", the message of another";
    }
  }
  return Failure{reason};
}

Result<security::Inspector*> Verifier::inspector_for(const wire::Message& message) {
  auto name = overlay_name_of(message);
  if (!name) return name.error();
  auto found = inspectors_.find(*name);
  if (found == inspectors_.end()) {
    auto settings = settings_.trust;
    settings.overlay_name = *name;
    auto trust = security::Trust::make(std::move(settings));
    if (!trust) return trust.error();
    found = inspectors_.emplace(*name, security::Inspector({*trust, kinds_})).first;
  }
  return &found->second;
}

void Verifier::remember_request(const wire::Message& message) {
  if (message.contents.code != wire::MessageCode::fetch_req || fetches_.size() >= k_max_remembered_fetches)
    return;
  const auto request = wire::decode<wire::FetchReq>(message.contents.body, kinds_.get());
  if (!request || request->resource.size() != k_node_id_size_bytes) return;
  fetches_[message.header.transaction_id] = as_resource(ring_id_from(request->resource));
}

std::optional<ResourceId> Verifier::fetched_resource(const wire::Message& message) const {
  if (message.contents.code != wire::MessageCode::fetch_ans) return std::nullopt;
  if (settings_.fetch_resource) return settings_.fetch_resource;
  if (const auto found = fetches_.find(message.header.transaction_id); found != fetches_.end())
    return found->second;
  const auto answer = wire::decode<wire::FetchAns>(message.contents.body, kinds_.get());
  if (!answer) return std::nullopt;
  for (const auto& response : answer->kind_responses) {
    for (const auto& value : response.values) {
      if (auto resource = resource_named_in(response.kind, value)) return resource;
    }
  }
  return std::nullopt;
}

bool Verifier::carries_values(const wire::Message& fetch_answer) const {
  const auto answer = wire::decode<wire::FetchAns>(fetch_answer.contents.body, kinds_.get());
  if (!answer) return false;
  for (const auto& response : answer->kind_responses) {
    if (response.unknown_kind && !response.undecoded_values.empty()) return true;
    if (!std::all_of(response.values.begin(), response.values.end(), wire::is_absent)) return true;
  }
  return false;
}

Verification Verifier::verify(const wire::ParsedHeader& header, const wire::Message& message,
                              const SharedBytes& bytes) {
  Verification out;
  remember_request(message);
  const auto inspector = inspector_for(message);
  if (!inspector) {
    out.reason = inspector.error().reason;
    return out;
  }
  const auto resource = fetched_resource(message);
  const auto inspected = (*inspector)->inspect(settings_.at_ms, header, bytes, resource);
  if (!inspected) {
    out.reason = inspected.error().reason;
    return out;
  }
  out.reason = inspected->body_fault;
  if (inspected->store) out.reason = check_values(inspected->store->kind_data, inspected->verdicts, out);
  if (inspected->fetch) out.reason = check_values(inspected->fetch->kind_responses, inspected->verdicts, out);
  if (message.contents.code == wire::MessageCode::fetch_ans && !resource && carries_values(message)) {
    out.reason =
        "which resource this answer is about is not known: give --resource, or its FetchReq before it";
  }
  out.verified = out.reason.empty();
  return out;
}

}  // namespace ringway::services
