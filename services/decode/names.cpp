#include "services/decode/names.hpp"

#include <initializer_list>
#include <string>
#include <utility>

#include "reload/config/mailbox_kind.hpp"

namespace ringway::services {
namespace {

template <typename Enum>
Json named(Enum value, std::initializer_list<std::pair<Enum, const char*>> names) {
  for (const auto& [number, name] : names) {
    if (number == value) return name;
  }
  return static_cast<unsigned>(value);
}

}  // namespace

Json text_or_hex(BytesView bytes) {
  Json text = std::string(text_of(bytes));
  try {
    (void)text.dump();  // refuses what is not UTF-8
    return text;
  } catch (const Json::type_error&) {
    return Json{{"hex", to_hex(bytes)}};
  }
}

Json name_of_address(wire::AddressType type) {
  using wire::AddressType;
  return named(type, {{AddressType::ipv4, "ipv4_address"}, {AddressType::ipv6, "ipv6_address"}});
}

Json name_of_destination(wire::DestinationType type) {
  using wire::DestinationType;
  return named(type, {{DestinationType::node, "node"},
                      {DestinationType::resource, "resource"},
                      {DestinationType::opaque, "opaque_id_type"}});
}

Json name_of_link(wire::OverlayLinkType type) {
  using wire::OverlayLinkType;
  return named(type, {{OverlayLinkType::dtls_udp_sr, "DTLS-UDP-SR"},
                      {OverlayLinkType::dtls_udp_sr_no_ice, "DTLS-UDP-SR-NO-ICE"},
                      {OverlayLinkType::tls_tcp_fh_no_ice, "TLS-TCP-FH-NO-ICE"}});
}

Json name_of_candidate(wire::CandidateType type) {
  using wire::CandidateType;
  return named(type, {{CandidateType::host, "host"},
                      {CandidateType::server_reflexive, "srflx"},
                      {CandidateType::relayed, "relay"}});
}

Json name_of_identity(wire::SignerIdentityType type) {
  using wire::SignerIdentityType;
  return named(type, {{SignerIdentityType::cert_hash, "cert_hash"},
                      {SignerIdentityType::cert_hash_node_id, "cert_hash_node_id"},
                      {SignerIdentityType::none, "none"}});
}

Json name_of_certificate(wire::CertificateType type) {
  return named(type, {{wire::CertificateType::x509, "X.509"}});
}

Json name_of_hash(wire::HashAlgorithm algorithm) {
  using wire::HashAlgorithm;
  return named(algorithm, {{HashAlgorithm::none, "none"},
                           {HashAlgorithm::md5, "md5"},
                           {HashAlgorithm::sha1, "sha1"},
                           {HashAlgorithm::sha224, "sha224"},
                           {HashAlgorithm::sha256, "sha256"},
                           {HashAlgorithm::sha384, "sha384"},
                           {HashAlgorithm::sha512, "sha512"}});
}

Json name_of_signature(wire::SignatureAlgorithm algorithm) {
  using wire::SignatureAlgorithm;
  return named(algorithm, {{SignatureAlgorithm::anonymous, "anonymous"},
                           {SignatureAlgorithm::rsa, "rsa"},
                           {SignatureAlgorithm::dsa, "dsa"},
                           {SignatureAlgorithm::ecdsa, "ecdsa"}});
}

Json name_of_update(wire::ChordUpdateType type) {
  using wire::ChordUpdateType;
  return named(type, {{ChordUpdateType::peer_ready, "peer_ready"},
                      {ChordUpdateType::neighbors, "neighbors"},
                      {ChordUpdateType::full, "full"}});
}

Json name_of_leave(wire::ChordLeaveType type) {
  using wire::ChordLeaveType;
  return named(type, {{ChordLeaveType::from_succ, "from_succ"}, {ChordLeaveType::from_pred, "from_pred"}});
}

Json name_of_config_update(wire::ConfigUpdateType type) {
  using wire::ConfigUpdateType;
  return named(type, {{ConfigUpdateType::config, "config"}, {ConfigUpdateType::kind, "kind"}});
}

Json name_of_probe(wire::ProbeInformationType type) {
  using wire::ProbeInformationType;
  return named(type, {{ProbeInformationType::responsible_set, "responsible_set"},
                      {ProbeInformationType::num_resources, "num_resources"},
                      {ProbeInformationType::uptime, "uptime"}});
}

std::string name_of_kind(KindId kind) {
  if (kind == config::k_owner_value) return "RINGWAY-OWNER-VALUE";
  if (kind == config::k_shared_value) return "RINGWAY-SHARED-VALUE";
  if (kind == config::k_subscription) return "RINGWAY-SUBSCRIPTION";
  if (kind == config::k_mailbox) return "RINGWAY-MAILBOX";
  const auto registered = config::iana_kind(kind);
  return registered ? registered->name : "";
}

config::Kinds well_known_kinds() {
  config::Kinds kinds;
  // Registered Kinds are few and their numbers small (conformance: RFC 6940 §14.6, RFC 7904, 7374, 8076,
  // 7650).
  constexpr KindId k_last_registered = 0x1FF;
  for (KindId kind = 1; kind <= k_last_registered; ++kind) {
    if (auto definition = config::iana_kind(kind)) kinds.add(std::move(*definition));
  }
  for (const auto& [kind, access] :
       {std::pair{config::k_owner_value, config::AccessPolicy::owner_path_match},
        std::pair{config::k_shared_value, config::AccessPolicy::shared_writer_match},
        std::pair{config::k_subscription, config::AccessPolicy::watcher_match}}) {
    config::KindDefinition definition;
    definition.kind = kind;
    definition.model = wire::DataModel::dictionary;
    definition.access = access;
    kinds.add(std::move(definition));
  }
  kinds.add(config::mailbox_kind());
  return kinds;
}

}  // namespace ringway::services
