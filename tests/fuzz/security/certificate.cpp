// Certificates in DER, and reload URIs as text.
#include <cstddef>
#include <cstdint>

#include "reload/security/signer.hpp"
#include "reload/security/trust.hpp"
#include "reload/security/verify.hpp"
#include "tests/fuzz/security/require.hpp"

namespace {

using namespace ringway;
using fuzz::require;

void try_certificate(const SharedBytes& bytes) {
  const auto parsed = security::Certificate::parse(bytes);
  if (!parsed) return;
  const security::Certificate& certificate = **parsed;
  require(!certificate.node_ids().empty() && !certificate.user_name().empty());
  require(certificate.node_ids().size() <= security::k_max_node_ids_per_certificate);
  require(!certificate.public_key_info_der().empty());
  for (const NodeId& node : certificate.node_ids()) {
    require(certificate.has_node_id(node) && node != k_no_node && node != wildcard_node());
    require(security::identity_names(security::make_identity(certificate, node), certificate) == node);
    const auto uri = security::parse_reload_uri(security::reload_uri(node, certificate.overlay_name()));
    require(uri.ok() && uri->overlay_name == certificate.overlay_name());
  }
  security::TrustSettings settings;
  settings.overlay_name = certificate.overlay_name();
  settings.root_certificates_der = {bytes};
  settings.self_signed_permitted = security::SelfSignedDigest::sha256;
  const auto trust = security::Trust::make(settings);
  require(trust.ok());
  static_cast<void>((*trust)->check(certificate, {bytes}, certificate.not_before_ms()));
  require(!(*trust)->check(certificate, {bytes}, certificate.not_after_ms() + 1).ok());
}

void try_uri(std::string_view text) {
  const auto uri = security::parse_reload_uri(text);
  if (!uri) return;
  require(!uri->overlay_name.empty() && !uri->destination_list.empty());
  const std::string again = "reload://" + to_hex(wire::encode(uri->destination_list)) + "@" +
                            uri->overlay_name + "/" + to_hex(uri->specifier);
  require(again.size() == text.size());
  require(security::parse_reload_uri(again).ok());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size_bytes) {
  const SharedBytes bytes(Bytes(data, data + size_bytes));
  try_certificate(bytes);
  try_uri(text_of(bytes));
  return 0;
}
