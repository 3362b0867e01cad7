#include "reload/security/inspector.hpp"

#include <openssl/sha.h>

#include <list>
#include <string>
#include <unordered_map>

#include "reload/security/signer.hpp"
#include "reload/security/verify.hpp"

namespace ringway::security {
namespace {

std::string sha256_of(BytesView bytes) {
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  SHA256(bytes.data(), bytes.size(), reinterpret_cast<unsigned char*>(digest.data()));
  return digest;
}

// The latest entries of a map, the least recently used forgotten first.
template <typename Value>
class Recent {
 public:
  explicit Recent(std::size_t max_entries) : max_entries_(max_entries) {}
  const Value* find(const std::string& key) {
    const auto found = by_key_.find(key);
    if (found == by_key_.end()) return nullptr;
    order_.splice(order_.begin(), order_, found->second);
    return &found->second->second;
  }
  void add(std::string key, Value value) {
    if (by_key_.contains(key)) return;
    order_.emplace_front(key, std::move(value));
    by_key_.emplace(std::move(key), order_.begin());
    if (order_.size() <= max_entries_) return;
    by_key_.erase(order_.back().first);
    order_.pop_back();
  }

 private:
  using Order = std::list<std::pair<std::string, Value>>;
  std::size_t max_entries_;
  Order order_;
  std::unordered_map<std::string, typename Order::iterator> by_key_;
};

}  // namespace

struct Inspector::Memory {
  Recent<CertificatePtr> certificates{
      k_max_cached_certificates};                    // parsed, chain found good; by SHA-256 of the DER
  Recent<bool> signatures{k_max_cached_signatures};  // found good
};

Inspector::Inspector(InspectionContext context)
    : memory_(std::make_shared<Memory>()), context_(std::move(context)) {}

void Inspector::replace(InspectionContext context) {
  context_ = std::move(context);
  memory_ = std::make_shared<Memory>();
}

ValueVerdict Inspector::check_signature(WallMs now_ms, Bytes input, const wire::Signature& signature,
                                        const std::vector<wire::GenericCertificate>& certificates) {
  if (signature.identity.type == wire::SignerIdentityType::none) return {nullptr, {}, "not signed"};
  for (const auto& carried : certificates) {
    std::string digest = sha256_of(carried.der);
    CertificatePtr certificate;
    if (const auto* known = memory_->certificates.find(digest)) {
      certificate = *known;
    } else if (auto parsed = Certificate::parse(carried.der)) {
      certificate = *parsed;  // trusted only after the chain check below
    } else {
      continue;  // an intermediate has no Node-ID
    }
    const auto named = identity_names(signature.identity, *certificate);
    if (!named) continue;
    const NodeId node = *named;
    if (!memory_->certificates.find(digest)) {
      std::vector<SharedBytes> others;
      for (const auto& other : certificates) others.push_back(other.der);
      ++statistics_.certificates_checked;
      const auto trusted = context_.trust->check(*certificate, others, now_ms);
      if (!trusted) return {nullptr, {}, trusted.error().reason};
      memory_->certificates.add(digest, certificate);
    }
    if (!certificate->valid_at(now_ms))
      return {nullptr, {}, "certificate: expired or not valid yet"};  // SEC-17
    append(input, signature.identity_wire);
    Bytes memory_key = input;
    append(memory_key, signature.value);
    append(memory_key, certificate->sha256());
    memory_key.push_back(static_cast<std::uint8_t>(signature.hash));
    memory_key.push_back(static_cast<std::uint8_t>(signature.algorithm));
    std::string remembered = sha256_of(memory_key);
    if (memory_->signatures.find(remembered) != nullptr) {
      ++statistics_.signatures_remembered;
      return {certificate, node, {}};
    }
    ++statistics_.signatures_checked;
    if (!signature_good(signature, *certificate, input)) return {nullptr, {}, "signature is wrong"};
    memory_->signatures.add(std::move(remembered), true);
    return {certificate, node, {}};
  }
  return {nullptr, {}, "the signer's certificate is missing"};
}

ValueVerdict Inspector::check_value(WallMs now_ms, const ResourceId& resource, KindId kind,
                                    const wire::StoredData& value,
                                    const std::vector<wire::GenericCertificate>& certificates) {
  if (wire::is_absent(value)) return {};
  return check_signature(
      now_ms,
      value_signature_input(resource, kind, value.storage_time_ms, value.value.model, value.value_wire),
      value.signature, certificates);
}

Result<InspectedMessage> Inspector::inspect(WallMs now_ms, wire::ParsedHeader header,
                                            const SharedBytes& bytes,
                                            const std::optional<ResourceId>& fetch_resource) {
  auto message = wire::decode_payload(std::move(header), bytes);
  if (!message) return message.error();
  const auto& security = message->security;
  const auto verdict =
      check_signature(now_ms,
                      message_signature_input(message->header.overlay, message->header.transaction_id,
                                              message->contents_wire),
                      security.signature, security.certificates);
  if (!verdict.signer) return Failure{verdict.reason};

  InspectedMessage out;
  out.signer = verdict.signer;
  out.signer_node = verdict.signer_node;
  const auto judge = [&](const ResourceId& resource, const auto& kinds) {
    for (const auto& kind : kinds) {
      auto& row = out.verdicts.emplace_back();
      for (const auto& value : kind.values)
        row.push_back(check_value(now_ms, resource, kind.kind, value, security.certificates));
    }
  };
  if (message->contents.code == wire::MessageCode::store_req) {
    auto store = wire::decode<wire::StoreReq>(message->contents.body, context_.kinds.get());
    if (!store) {
      out.body_fault = store.error().reason;
    } else if (store->resource.size() != k_node_id_size_bytes) {
      out.body_fault = "Resource-ID is not 16 bytes";
    } else {
      judge(as_resource(ring_id_from(store->resource)), store->kind_data);
      out.store = std::move(*store);
    }
  } else if (message->contents.code == wire::MessageCode::fetch_ans && fetch_resource) {
    auto fetch = wire::decode<wire::FetchAns>(message->contents.body, context_.kinds.get());
    if (!fetch) {
      out.body_fault = fetch.error().reason;
    } else {
      judge(*fetch_resource, fetch->kind_responses);
      out.fetch = std::move(*fetch);
    }
  }
  out.message = std::move(*message);
  return out;
}

}  // namespace ringway::security
