#include "reload/config/configuration.hpp"

#include <algorithm>

#include "reload/config/base64.hpp"
#include "reload/config/document_reader.hpp"
#include "reload/config/grammar.hpp"
#include "reload/config/namespaces.hpp"
#include "reload/config/signed_block.hpp"
#include "reload/config/xml_document.hpp"
#include "reload/wire/header.hpp"

namespace ringway::config {
namespace {

Failure refused(const std::string& reason) { return {"configuration: " + reason, 0}; }

// The one element to read: that of this name, or the only one.
Result<const xmlNode*> pick(const xmlNode* overlay, std::string_view instance_name) {
  const auto elements = children(overlay, k_base_namespace, "configuration");
  if (elements.empty()) return Failure{"no <configuration> in it"};
  if (instance_name.empty() && elements.size() == 1) return elements.front();
  if (instance_name.empty()) return Failure{"it holds several overlays: say which"};
  const xmlNode* found = nullptr;
  for (const xmlNode* element : elements) {
    if (attribute(element, "instance-name") != instance_name) continue;
    if (found != nullptr) return Failure{"it holds " + std::string(instance_name) + " twice"};
    found = element;
  }
  if (found == nullptr) return Failure{"it does not hold " + std::string(instance_name)};
  return found;
}

// A configuration may be followed by several signatures (RFC 6940 §11.1), up to the next configuration.
Result<std::vector<Bytes>> signatures_of(const xmlNode* element) {
  std::vector<Bytes> signatures;
  for (const xmlNode* next = element->next; next != nullptr; next = next->next) {
    if (is_element(next, k_base_namespace, "configuration")) break;
    if (!is_element(next, k_base_namespace, "signature")) continue;
    if (!from_base64(text_of_element(next), signatures.emplace_back()))
      return Failure{"a signature is not base64"};
    if (signatures.size() > k_max_document_signatures) return Failure{"too many signatures"};
  }
  return signatures;
}

Outcome<> check_document(const Configuration& configuration, const std::vector<NodeId>& signers,
                         const security::Trust& trust, WallMs now_ms) {
  Failure last{"not signed"};
  for (const Bytes& signature : configuration.signatures) {
    const auto good = check_element(configuration.element, signature, signers, trust, now_ms);
    if (good) return Done{};
    last = good.error();
  }
  return last;
}

}  // namespace

bool Configuration::is_revoked(const security::Certificate& certificate) const {
  const auto& nodes = certificate.node_ids();
  return !bad_nodes.empty() &&
         std::any_of(nodes.begin(), nodes.end(), [this](const NodeId& node) { return is_bad_node(node); });
}

std::uint32_t Configuration::overlay_hash() const { return wire::overlay_hash(instance_name); }

security::TrustSettings Configuration::trust_settings() const {
  security::TrustSettings settings;
  settings.overlay_name = instance_name;
  settings.root_certificates_der = root_certificates_der;
  settings.self_signed_permitted = self_signed_permitted;
  settings.bad_nodes = bad_nodes;
  settings.scheme = scheme;
  return settings;
}

Result<ConfigurationPtr> parse_configuration(SharedBytes document, std::string_view instance_name) {
  auto any = parse_any_configuration(std::move(document), instance_name);
  if (any && !(*any)->unsupported.empty()) return refused((*any)->unsupported);
  return any;
}

Result<ConfigurationPtr> parse_any_configuration(SharedBytes document, std::string_view instance_name) {
  if (document.size() > k_max_document_size_bytes) return refused("larger than 1 MiB");
  const auto xml = XmlDocument::parse(document);
  if (!xml) return refused(xml.error().reason);
  if (auto good = check_overlay_grammar(xml->root()); !good) return refused(good.error().reason);
  const auto element = pick(xml->root(), instance_name);
  if (!element) return refused(element.error().reason);
  if (auto good = check_configuration_grammar(*element); !good) return refused(good.error().reason);
  auto out = std::make_shared<Configuration>();
  if (auto good = read_configuration(*xml, *element, *out); !good) return refused(good.error().reason);
  auto signatures = signatures_of(*element);
  if (!signatures) return refused(signatures.error().reason);
  out->signatures = std::move(*signatures);
  out->element = xml->bytes_of(*element);
  if (out->element.empty()) return refused("its bytes cannot be found");
  out->document = std::move(document);
  return ConfigurationPtr(out);
}

Outcome<> check_signature(const Configuration& configuration, const std::vector<NodeId>& signers,
                          const security::Trust& trust, WallMs now_ms) {
  if (auto good = check_document(configuration, signers, trust, now_ms); !good)
    return refused(good.error().reason);
  for (const KindBlock& block : configuration.kind_blocks) {
    const auto good =
        check_element(block.element, block.signature, configuration.kind_signers, trust, now_ms);
    if (!good) return refused("kind " + std::to_string(block.kind) + ": " + good.error().reason);
  }
  return Done{};
}

Outcome<> check_successor(const Configuration& current, const Configuration& next,
                          const security::Trust& trust, WallMs now_ms) {
  if (next.instance_name != current.instance_name) return refused("of another overlay");
  if (!sequence_newer(next.sequence, current.sequence)) return refused("not newer than the present one");
  if (next.expired_at(now_ms)) return refused("expired");
  return check_signature(next, current.configuration_signers, trust, now_ms);
}

bool sequence_newer(std::uint16_t a, std::uint16_t b) {
  constexpr std::uint32_t k_modulus = 65535;
  const std::uint32_t ahead = (std::uint32_t{a} + k_modulus - b) % k_modulus;
  return 0 < ahead && ahead < 32768;
}

}  // namespace ringway::config
