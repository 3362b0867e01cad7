// Configuration documents, and the kind-blocks of ConfigUpdates.
#include <cstddef>
#include <cstdint>

#include "reload/config/configuration.hpp"
#include "reload/config/known_kinds.hpp"
#include "tests/fuzz/security/require.hpp"

namespace {

using namespace ringway;
using fuzz::require;

constexpr WallMs k_now_ms = 1'800'000'000'000;

bool is_element(BytesView bytes) { return text_of(bytes).starts_with('<') && text_of(bytes).ends_with('>'); }

void try_document(const SharedBytes& bytes) {
  const auto parsed = config::parse_configuration(bytes, "");
  if (!parsed) return;
  const config::Configuration& configuration = **parsed;
  require(is_element(configuration.element));
  require(text_of(bytes).find(text_of(configuration.element)) != std::string_view::npos);
  require(configuration.kind_blocks.size() == configuration.kinds.all().size());
  for (const auto& block : configuration.kind_blocks) {
    require(is_element(block.element));
    require(text_of(configuration.element).find(text_of(block.element)) != std::string_view::npos);
  }
  const auto trust = security::Trust::make(configuration.trust_settings());
  require(trust.ok());
  static_cast<void>(
      config::check_signature(configuration, configuration.configuration_signers, **trust, k_now_ms));
  static_cast<void>(config::known_kinds(configuration));
  require(!config::check_successor(configuration, configuration, **trust, k_now_ms).ok());
  const auto again = config::parse_configuration(bytes, configuration.instance_name);
  require(again.ok() && equal((*again)->element, configuration.element));
}

void try_kind_block(const SharedBytes& bytes) {
  const auto update = config::parse_kind_block(bytes);
  if (!update) return;
  require(is_element(update->block.element) && update->definition.max_count > 0);
  require(text_of(bytes).find(text_of(update->block.element)) != std::string_view::npos);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size_bytes) {
  const SharedBytes bytes(Bytes(data, data + size_bytes));
  try_document(bytes);
  try_kind_block(bytes);
  return 0;
}
