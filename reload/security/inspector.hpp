// Checking what arrives: one received message, decoded, its signature and certificate chain checked, and the
// signatures of the values inside a Store or a FetchAns (RFC 6940 §6.3.4, §7.1, §7.4.2.2).
//
// An Inspector is not shared between threads: the peer's pool has one per worker, the simulator one. It
// remembers certificates and signatures that it has found good (bounded, and for as long as they are used),
// so that nothing is checked twice.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "reload/security/certificate.hpp"
#include "reload/security/trust.hpp"
#include "reload/table_size.hpp"
#include "reload/time.hpp"
#include "reload/wire/codec.hpp"
#include "reload/wire/message.hpp"
#include "reload/wire/storage_bodies.hpp"

namespace ringway::security {

// How much an Inspector remembers.
struct InspectionLimits {
  std::size_t max_certificates = 4096;
  std::size_t max_signatures = 65536;
  WallMs most_unused_ms = 300'000;  // what was not asked for so long is forgotten
};

// Who signed a value; null with a reason when the signature, the certificate or the identity form is wrong.
struct ValueVerdict {
  CertificatePtr signer;
  NodeId signer_node;  // the one of the certificate's Node-IDs that the identity names
  std::string reason;
  ChainPtr chain = nullptr;  // that the signer's certificate needs; for whoever keeps the value (SEC-11)
};

// A message whose signature is good. For store_req and fetch_ans the body is decoded and each value has its
// verdict, in the order of kinds and values.
struct InspectedMessage {
  wire::Message message;
  CertificatePtr signer;
  NodeId signer_node;
  std::optional<wire::StoreReq> store;
  std::optional<wire::FetchAns> fetch;
  std::vector<std::vector<ValueVerdict>> verdicts;  // [kind][value]; same shape as the body's
  std::string body_fault;  // a store_req or fetch_ans whose body did not decode: Invalid_Message
};

// Everything an inspection depends on that can change with the configuration; replaced as a whole.
struct InspectionContext {
  TrustPtr trust;
  std::shared_ptr<const wire::KindModels> kinds;
  // Asked before the signatures of what somebody stores are checked: a failure is their verdict. Copies that
  // holders send each other are not asked for. Empty: anybody may store.
  std::function<Outcome<>(KindId kind, const Certificate& requester)> may_store = {};
};

class Inspector {
 public:
  explicit Inspector(InspectionContext context, InspectionLimits limits = {});
  void replace(InspectionContext context);  // forgets what it remembered
  const InspectionContext& context() const { return context_; }

  // `bytes` is one whole message with its parsed header. A failure means: drop it (RFC 6940 §6.3.4). A
  // FetchAns does not say which resource it is about: `fetch_resource` does, from the request that it
  // answers.
  Result<InspectedMessage> inspect(WallMs now_ms, wire::ParsedHeader header, const SharedBytes& bytes,
                                   const std::optional<ResourceId>& fetch_resource);

  // One value's signature; `certificates` are those that came along with it.
  ValueVerdict check_value(WallMs now_ms, const ResourceId& resource, KindId kind,
                           const wire::StoredData& value,
                           const std::vector<wire::GenericCertificate>& certificates);

  struct Statistics {
    std::uint64_t signatures_checked = 0;
    std::uint64_t signatures_remembered = 0;
    std::uint64_t certificates_checked = 0;
  };
  const Statistics& statistics() const { return statistics_; }
  TableSizes tables() const;

 private:
  struct Memory;
  class Carried;
  ValueVerdict check_signature(WallMs now_ms, Bytes input, const wire::Signature& signature,
                               Carried& carried);
  ValueVerdict check_one_value(WallMs now_ms, const ResourceId& resource, KindId kind,
                               const wire::StoredData& value, Carried& carried);
  template <typename KindData>
  std::vector<ValueVerdict> judge(WallMs now_ms, const ResourceId& resource, const KindData& kind,
                                  Carried& carried);
  void inspect_store(WallMs now_ms, const SharedBytes& body, Carried& carried, InspectedMessage& out);
  void inspect_fetch(WallMs now_ms, const SharedBytes& body, const ResourceId& resource, Carried& carried,
                     InspectedMessage& out);

  InspectionLimits limits_;
  std::shared_ptr<Memory> memory_;
  InspectionContext context_;
  Statistics statistics_;
};

}  // namespace ringway::security
