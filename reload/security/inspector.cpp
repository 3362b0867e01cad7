#include "reload/security/inspector.hpp"

#include <unordered_map>

#include "reload/security/recent.hpp"
#include "reload/security/signer.hpp"
#include "reload/security/verify.hpp"

namespace ringway::security {
namespace {

// A certificate whose chain was found good, and until when the chain is.
struct Trusted {
  CertificatePtr certificate;
  WallMs until_ms = 0;
  ChainPtr chain;
};

// Which check was good: the bytes that were signed, the signature, and whose it is. The length keeps two ways
// of cutting the same bytes apart.
Sha256 memory_key(BytesView signed_bytes, const wire::Signature& signature, const Certificate& certificate) {
  wire::Writer out;
  out.reserve(16 + signed_bytes.size() + signature.value.size() + SHA256_DIGEST_LENGTH);
  out.u64(signed_bytes.size());
  out.raw(signed_bytes);
  out.u8(static_cast<std::uint8_t>(signature.hash));
  out.u8(static_cast<std::uint8_t>(signature.algorithm));
  out.raw(certificate.sha256());
  out.raw(signature.value);
  return sha256_of(out.bytes());
}

ValueVerdict refused(std::string reason) { return {nullptr, {}, std::move(reason)}; }

}  // namespace

struct Inspector::Memory {
  explicit Memory(const InspectionLimits& limits)
      : certificates(limits.max_certificates, limits.most_unused_ms),
        signatures(limits.max_signatures, limits.most_unused_ms) {}
  Recent<Trusted> certificates;  // by SHA-256 of the DER
  Recent<Done> signatures;       // by memory_key()
};

// The certificates that came along with one message. Each is parsed, and its chain checked, at most once
// however many values refer to it, and only if one does: a message cannot make its receiver work more than it
// has bytes for.
class Inspector::Carried {
 public:
  Carried(const std::vector<wire::GenericCertificate>& certificates, const Trust& trust, Memory& memory,
          Statistics& statistics, WallMs now_ms)
      : trust_(trust), memory_(memory), statistics_(statistics), now_ms_(now_ms) {
    for (const auto& certificate : certificates) {
      ders_.push_back(certificate.der);
      entries_.push_back({sha256_of(certificate.der), {}, {}, false});
    }
  }

  struct Named {
    std::size_t index = 0;
    NodeId node;
  };

  // Which certificate the identity names, and as which node.
  std::optional<Named> find(const wire::SignerIdentity& identity) {
    if (identity.digest.size() != SHA256_DIGEST_LENGTH) return std::nullopt;
    if (identity.type == wire::SignerIdentityType::cert_hash) return find_by_certificate(identity);
    if (identity.type != wire::SignerIdentityType::cert_hash_node_id) return std::nullopt;
    if (!nodes_hashed_) hash_nodes();
    Sha256 digest;
    std::copy_n(identity.digest.view().begin(), digest.size(), digest.begin());
    const auto found = by_node_hash_.find(digest);
    if (found == by_node_hash_.end()) return std::nullopt;
    return found->second;
  }

  // The certificate, with its chain good and in its validity period (SEC-16, SEC-17).
  Result<Trusted> trusted(std::size_t index) {
    Entry& entry = entries_[index];
    const auto* known = memory_.certificates.find(entry.sha256, now_ms_);
    if (known != nullptr && known->certificate->valid_at(now_ms_) && now_ms_ <= known->until_ms)
      return *known;
    if (!entry.fault.empty()) return Failure{entry.fault};
    ++statistics_.certificates_checked;
    auto chain = trust_.trusted_chain(*entry.certificate, ders_, now_ms_);
    if (!chain) {
      entry.fault = chain.error().reason;
      return Failure{entry.fault};
    }
    Trusted good{entry.certificate, chain->until_ms, std::move(chain->intermediates)};
    memory_.certificates.add(entry.sha256, good, now_ms_);
    return good;
  }

 private:
  struct Entry {
    Sha256 sha256;
    CertificatePtr certificate;
    std::string fault;  // why its chain is not good
    bool parsed = false;
  };

  // Null for what is no node's certificate, as an intermediate.
  const CertificatePtr& parsed(std::size_t index) {
    Entry& entry = entries_[index];
    if (entry.parsed) return entry.certificate;
    entry.parsed = true;
    if (const auto* known = memory_.certificates.find(entry.sha256, now_ms_)) {
      entry.certificate = known->certificate;
    } else if (auto certificate = read_certificate(trust_.settings().scheme, ders_[index])) {
      entry.certificate = std::move(*certificate);
    }
    return entry.certificate;
  }

  std::optional<Named> find_by_certificate(const wire::SignerIdentity& identity) {
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      if (!equal(entries_[i].sha256, identity.digest) || !parsed(i)) continue;
      if (const auto node = identity_names(identity, *entries_[i].certificate)) return Named{i, *node};
    }
    return std::nullopt;
  }

  void hash_nodes() {
    nodes_hashed_ = true;
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      const CertificatePtr& certificate = parsed(i);
      if (!certificate || certificate->node_ids().size() < 2) continue;
      for (const NodeId& node : certificate->node_ids()) {
        const auto identity = make_identity(*certificate, node);
        Sha256 digest;
        std::copy_n(identity.digest.view().begin(), digest.size(), digest.begin());
        by_node_hash_.emplace(digest, Named{i, node});
      }
    }
  }

  const Trust& trust_;
  Memory& memory_;
  Statistics& statistics_;
  const WallMs now_ms_;
  std::vector<SharedBytes> ders_;
  std::vector<Entry> entries_;
  std::unordered_map<Sha256, Named, Sha256Hash> by_node_hash_;
  bool nodes_hashed_ = false;
};

Inspector::Inspector(InspectionContext context, InspectionLimits limits)
    : limits_(limits), memory_(std::make_shared<Memory>(limits)), context_(std::move(context)) {}

void Inspector::replace(InspectionContext context) {
  context_ = std::move(context);
  memory_ = std::make_shared<Memory>(limits_);
}

TableSizes Inspector::tables() const {
  return {{"certificates found good", memory_->certificates.size(), limits_.max_certificates},
          {"signatures found good", memory_->signatures.size(), limits_.max_signatures}};
}

ValueVerdict Inspector::check_signature(WallMs now_ms, Bytes input, const wire::Signature& signature,
                                        Carried& carried) {
  if (signature.identity.type == wire::SignerIdentityType::none) return refused("not signed");
  // SHA-256 only: the identity is what binds the signature to a certificate (SEC-39).
  if (signature.identity.hash != wire::HashAlgorithm::sha256) return refused("the identity is not a SHA-256");
  const auto named = carried.find(signature.identity);
  if (!named) return refused("the identity names none of the certificates that came along");
  const auto trusted = carried.trusted(named->index);
  if (!trusted) return refused(trusted.error().reason);
  const CertificatePtr& certificate = trusted->certificate;

  append(input, signature.identity_wire);
  const Sha256 key = memory_key(input, signature, *certificate);
  if (memory_->signatures.find(key, now_ms) != nullptr) {
    ++statistics_.signatures_remembered;
    return {certificate, named->node, {}, trusted->chain};
  }
  ++statistics_.signatures_checked;
  if (!signature_good(context_.trust->settings().scheme, signature, *certificate, input))
    return refused("the signature is wrong");
  memory_->signatures.add(key, {}, now_ms);
  return {certificate, named->node, {}, trusted->chain};
}

ValueVerdict Inspector::check_value(WallMs now_ms, const ResourceId& resource, KindId kind,
                                    const wire::StoredData& value,
                                    const std::vector<wire::GenericCertificate>& certificates) {
  Carried carried(certificates, *context_.trust, *memory_, statistics_, now_ms);
  return check_one_value(now_ms, resource, kind, value, carried);
}

ValueVerdict Inspector::check_one_value(WallMs now_ms, const ResourceId& resource, KindId kind,
                                        const wire::StoredData& value, Carried& carried) {
  if (wire::is_absent(value)) return {};
  return check_signature(
      now_ms,
      value_signature_input(resource, kind, value.storage_time_ms, value.value.model, value.value_wire),
      value.signature, carried);
}

Result<InspectedMessage> Inspector::inspect(WallMs now_ms, wire::ParsedHeader header,
                                            const SharedBytes& bytes,
                                            const std::optional<ResourceId>& fetch_resource) {
  if (!header.header.is_whole()) return Failure{"a fragment, not a whole message"};
  auto message = wire::decode_payload(std::move(header), bytes);
  if (!message) return message.error();
  Carried carried(message->security.certificates, *context_.trust, *memory_, statistics_, now_ms);
  auto verdict =
      check_signature(now_ms,
                      message_signature_input(message->header.overlay, message->header.transaction_id,
                                              message->contents_wire),
                      message->security.signature, carried);
  if (!verdict.signer) return Failure{verdict.reason};

  InspectedMessage out;
  out.signer = std::move(verdict.signer);
  out.signer_node = verdict.signer_node;
  if (message->contents.code == wire::MessageCode::store_req)
    inspect_store(now_ms, message->contents.body, carried, out);
  if (message->contents.code == wire::MessageCode::fetch_ans && fetch_resource)
    inspect_fetch(now_ms, message->contents.body, *fetch_resource, carried, out);
  out.message = std::move(*message);
  return out;
}

template <typename KindData>
std::vector<ValueVerdict> Inspector::judge(WallMs now_ms, const ResourceId& resource, const KindData& kind,
                                           Carried& carried) {
  std::vector<ValueVerdict> verdicts;
  verdicts.reserve(kind.values.size());
  for (const auto& value : kind.values)
    verdicts.push_back(check_one_value(now_ms, resource, kind.kind, value, carried));
  return verdicts;
}

void Inspector::inspect_store(WallMs now_ms, const SharedBytes& body, Carried& carried,
                              InspectedMessage& out) {
  auto store = wire::decode<wire::StoreReq>(body, context_.kinds.get());
  if (!store) {
    out.body_fault = store.error().reason;
    return;
  }
  if (store->resource.size() != k_node_id_size_bytes) {
    out.body_fault = "a Resource-ID that is not 16 bytes long";
    return;
  }
  const ResourceId resource = as_resource(ring_id_from(store->resource));
  for (const wire::StoreKindData& kind : store->kind_data) {
    const bool is_asked = context_.may_store && store->replica_number == 0;
    const Outcome<> may = is_asked ? context_.may_store(kind.kind, *out.signer) : Outcome<>(Done{});
    out.verdicts.push_back(may ? judge(now_ms, resource, kind, carried)
                               : std::vector<ValueVerdict>(kind.values.size(), refused(may.error().reason)));
  }
  out.store = std::move(*store);
}

void Inspector::inspect_fetch(WallMs now_ms, const SharedBytes& body, const ResourceId& resource,
                              Carried& carried, InspectedMessage& out) {
  auto fetch = wire::decode<wire::FetchAns>(body, context_.kinds.get());
  if (!fetch) {
    out.body_fault = fetch.error().reason;
    return;
  }
  for (const auto& kind : fetch->kind_responses)
    out.verdicts.push_back(judge(now_ms, resource, kind, carried));
  out.fetch = std::move(*fetch);
}

}  // namespace ringway::security
