// The overlay configuration document (RFC 6940 §11.1): parsed, validated, and kept byte for byte as received,
// because its signature and every later copy are over those bytes.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "reload/bytes.hpp"
#include "reload/config/kinds.hpp"
#include "reload/config/replicas.hpp"
#include "reload/ids.hpp"
#include "reload/result.hpp"
#include "reload/security/signer.hpp"
#include "reload/security/trust.hpp"
#include "reload/time.hpp"

namespace ringway::config {

inline constexpr std::size_t k_max_document_size_bytes = 1U << 20;
inline constexpr std::uint16_t k_default_bootstrap_port = 6084;
inline constexpr std::uint16_t k_max_sequence = 65534;  // 65535 is never a real one (AMB-34)
inline constexpr std::uint16_t k_any_sequence = 65535;
inline constexpr std::size_t k_max_document_signatures = 16;

// A Kind's definition as it stands in the document, with the signature over exactly those bytes.
struct KindBlock {
  KindId kind = 0;
  SharedBytes element;  // <kind …>…</kind>
  Bytes signature;      // a SecurityBlock in wire form
};

struct BootstrapNode {
  std::string address;  // IPv4 or IPv6 literal
  std::uint16_t port = k_default_bootstrap_port;
  bool operator==(const BootstrapNode&) const = default;
};

// One <configuration> element; absent elements have the RFC's defaults (conformance.md A.12).
struct Configuration {
  std::string instance_name;
  std::optional<WallMs> expiration_ms;
  std::uint16_t sequence = 0;
  std::string topology_plugin = "CHORD-RELOAD";
  std::uint32_t node_id_length = 16;
  std::vector<SharedBytes> root_certificates_der;
  std::vector<std::string> enrollment_servers;
  std::optional<security::SelfSignedDigest> self_signed_permitted;
  std::vector<BootstrapNode> bootstrap_nodes;
  std::uint32_t turn_density = 1;
  bool clients_permitted = true;
  bool no_ice = false;
  std::uint8_t initial_ttl = 100;
  Duration overlay_reliability_timer{3000};
  std::vector<std::string> overlay_link_protocols{"TLS"};
  std::uint32_t max_message_size_bytes = 5000;
  std::vector<NodeId> kind_signers;
  std::vector<NodeId> configuration_signers;
  std::set<NodeId> bad_nodes;
  std::vector<std::string> mandatory_extensions;
  std::optional<std::string> shared_secret;
  std::chrono::seconds chord_update_interval{600};
  std::chrono::seconds chord_ping_interval{3600};
  bool chord_reactive = true;
  std::size_t replicas = k_default_replicas;  // 1 to k_most_replicas
  Kinds kinds;
  std::vector<KindBlock> kind_blocks;  // of the required Kinds, in order
  std::string unsupported;             // what of it this program cannot serve; empty: nothing

  // Not of the document: how certificates and signatures are checked; null: as RELOAD does
  // (security/scheme.hpp).
  security::SchemePtr scheme = nullptr;

  SharedBytes document;           // the whole file as received
  SharedBytes element;            // exactly <configuration …>…</configuration>, what the signature covers
  std::vector<Bytes> signatures;  // SecurityBlocks in wire form, as many as the document carries

  // An expired document is not used (RFC 6940 §11.1).
  bool expired_at(WallMs now_ms) const { return expiration_ms && *expiration_ms <= now_ms; }
  bool is_bad_node(const NodeId& node) const { return bad_nodes.contains(node); }
  // One bad Node-ID makes the certificate invalid, whatever else is in it (RFC 6940 §11.1).
  bool is_revoked(const security::Certificate& certificate) const;
  std::uint32_t overlay_hash() const;
  security::TrustSettings trust_settings() const;
};
using ConfigurationPtr = std::shared_ptr<const Configuration>;

// Parses and validates. With an empty `instance_name` the document must hold one configuration; else the one
// so named is taken. Refuses what this program cannot serve: node-id-length other than 16, unknown topology
// plug-in, ICE (a document without no-ice), link protocols without TLS, unknown mandatory-extension, required
// Kinds that are not understood.
Result<ConfigurationPtr> parse_configuration(SharedBytes document, std::string_view instance_name);
// The same, but what this program cannot serve is only noted (Configuration::unsupported): whoever is a
// member has to find out whether the document is genuine before it goes (RFC 6940 §11.1).
Result<ConfigurationPtr> parse_any_configuration(SharedBytes document, std::string_view instance_name);

// Checks that one of the document's signatures is made by a certificate that chains to `trust` and names one
// of `signers`, and that each required Kind is signed by one of the document's kind-signers.
Outcome<> check_signature(const Configuration& configuration, const std::vector<NodeId>& signers,
                          const security::Trust& trust, WallMs now_ms);
// May `next` replace `current` (RFC 6940 §11.1, §6.5.4.2)? Same instance, newer sequence, signed by a
// configuration-signer of `current`, not expired.
Outcome<> check_successor(const Configuration& current, const Configuration& next,
                          const security::Trust& trust, WallMs now_ms);

// a newer than b by serial arithmetic modulo 65535 (AMB-34).
bool sequence_newer(std::uint16_t a, std::uint16_t b);

// Writes a document from values, signs its kinds and the whole. Fails when the values are not acceptable.
Result<Bytes> write_document(const Configuration& configuration, const security::Signer& document_signer,
                             const security::Signer& kind_signer);

}  // namespace ringway::config
