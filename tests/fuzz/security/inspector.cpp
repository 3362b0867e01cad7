// Whole messages with their certificates. The input brings the root along: its length in two bytes, its DER,
// then the message.
#include <cstddef>
#include <cstdint>

#include "reload/config/kinds.hpp"
#include "reload/security/inspector.hpp"
#include "tests/fuzz/security/require.hpp"

namespace {

using namespace ringway;
using fuzz::require;

constexpr WallMs k_now_ms = 1'800'000'000'000;

std::shared_ptr<const config::Kinds> kinds() {
  auto all = std::make_shared<config::Kinds>();
  for (const KindId id : {config::k_sip_registration, config::k_turn_service, config::k_certificate_by_node,
                          config::k_certificate_by_user})
    all->add(*config::iana_kind(id));
  return all;
}

template <typename Kinds>
void require_same_shape(const Kinds& body, const security::InspectedMessage& message) {
  require(body.size() == message.verdicts.size());
  for (std::size_t i = 0; i < body.size(); ++i) {
    require(body[i].values.size() == message.verdicts[i].size());
    for (const auto& verdict : message.verdicts[i])
      require(verdict.signer == nullptr || verdict.signer->has_node_id(verdict.signer_node));
  }
}

void try_message(security::Inspector& inspector, const SharedBytes& bytes) {
  auto header = wire::parse_header(bytes);
  if (!header) return;
  const auto resource = resource_id_of("alice@example.org");
  const auto first = inspector.inspect(k_now_ms, *header, bytes, resource);
  const auto checked = inspector.statistics().signatures_checked;
  const auto second = inspector.inspect(k_now_ms, *header, bytes, resource);
  require(first.ok() == second.ok());
  if (!first) return;
  require(first->signer != nullptr && first->signer->has_node_id(first->signer_node));
  if (first->store) require_same_shape(first->store->kind_data, *first);
  if (first->fetch) require_same_shape(first->fetch->kind_responses, *first);
  if (first->verdicts.empty()) require(inspector.statistics().signatures_checked == checked);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size_bytes) {
  wire::Reader in(SharedBytes(Bytes(data, data + size_bytes)));
  security::TrustSettings settings;
  settings.overlay_name = "overlay.example.org";
  settings.root_certificates_der = {in.opaque(2)};
  settings.self_signed_permitted = security::SelfSignedDigest::sha1;
  if (!in.ok()) return 0;
  const SharedBytes message = in.take(in.remaining());
  auto trust = security::Trust::make(settings);
  if (!trust) return 0;
  static const auto known_kinds = kinds();
  security::Inspector inspector({*trust, known_kinds});
  try_message(inspector, message);
  return 0;
}
