#include "reload/config/grammar.hpp"

#include <algorithm>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

#include "reload/config/domain_restriction.hpp"
#include "reload/config/kinds.hpp"
#include "reload/config/namespaces.hpp"
#include "reload/config/replicas.hpp"
#include "reload/config/xml_document.hpp"

namespace ringway::config {
namespace {

enum class Count { one, at_most_one, any };
enum class Content { text, elements, nothing };

struct Rule {
  std::string_view name;
  Count count = Count::at_most_one;
  Content content = Content::text;
  std::span<const std::string_view> attributes = {};
  std::string_view ns = k_base_namespace;
};

constexpr std::string_view k_signature_attributes[] = {"algorithm"};  // ignored: AMB-31
constexpr std::string_view k_configuration_attributes[] = {"instance-name", "expiration", "sequence"};
constexpr std::string_view k_digest_attributes[] = {"digest"};
constexpr std::string_view k_bootstrap_attributes[] = {"address", "port"};
constexpr std::string_view k_kind_attributes[] = {"name", "id"};
constexpr std::string_view k_restriction_attributes[] = {"enable"};

constexpr Rule k_overlay[] = {
    {"configuration", Count::any, Content::elements, k_configuration_attributes},
    {"signature", Count::any, Content::text, k_signature_attributes},
};

constexpr Rule k_configuration[] = {
    {"topology-plugin"},
    {"max-message-size"},
    {"initial-ttl"},
    {"root-cert", Count::any},
    {"required-kinds", Count::at_most_one, Content::elements},
    {"enrollment-server", Count::any},
    {"kind-signer", Count::any},
    {"configuration-signer", Count::any},
    {"bad-node", Count::any},
    {"no-ice"},
    {"shared-secret"},
    {"overlay-link-protocol", Count::any},
    {"clients-permitted"},
    {"turn-density"},
    {"node-id-length"},
    {"mandatory-extension", Count::any},
    {"self-signed-permitted", Count::at_most_one, Content::text, k_digest_attributes},
    {"bootstrap-node", Count::any, Content::nothing, k_bootstrap_attributes},
    {"overlay-reliability-timer"},  // in the prose, missing in the RFC's grammar (AMB-32)
    {"chord-ping-interval", Count::at_most_one, Content::text, {}, k_chord_namespace},
    {"chord-update-interval", Count::at_most_one, Content::text, {}, k_chord_namespace},
    {"chord-reactive", Count::at_most_one, Content::text, {}, k_chord_namespace},
    {"replicas", Count::at_most_one, Content::text, {}, k_replication_namespace},
};

constexpr Rule k_required_kinds[] = {{"kind-block", Count::any, Content::elements}};

// The grammar has kind-signature optional, the prose does not (AMB-32).
constexpr Rule k_kind_block[] = {
    {"kind", Count::one, Content::elements, k_kind_attributes},
    {"kind-signature", Count::one, Content::text, k_signature_attributes},
};

constexpr Rule k_kind[] = {
    {"max-count", Count::one},
    {"max-size", Count::one},
    {"max-node-multiple"},
    {"data-model", Count::one},
    {"access-control", Count::one},
    {"branching-factor", Count::at_most_one, Content::text, {}, k_redir_namespace},
    // RFC 7904 §3.4: named so in its grammar, and with an s in its prose.
    {"domain-restriction", Count::at_most_one, Content::elements, k_restriction_attributes, k_sip_namespace},
    {"domain-restrictions", Count::at_most_one, Content::elements, k_restriction_attributes, k_sip_namespace},
};

constexpr Rule k_restriction[] = {{"pattern", Count::any, Content::text, {}, k_sip_namespace}};

std::string_view name_of(const xmlNode* node) { return reinterpret_cast<const char*>(node->name); }
std::string_view namespace_of(const xmlNs* ns) {
  return ns == nullptr || ns->href == nullptr ? std::string_view() : reinterpret_cast<const char*>(ns->href);
}
bool is_own(std::string_view ns) {
  return ns.empty() || ns == k_base_namespace || ns == k_chord_namespace || ns == k_replication_namespace ||
         ns == k_sip_namespace || ns == k_redir_namespace;
}

Failure misplaced(const xmlNode* parent, std::string_view what) {
  return {"<" + std::string(name_of(parent)) + "> does not have " + std::string(what)};
}

Outcome<> check_attributes(const xmlNode* element, std::span<const std::string_view> allowed) {
  for (const xmlAttr* at = element->properties; at != nullptr; at = at->next) {
    const std::string_view ns = namespace_of(at->ns);
    if (!is_own(ns)) continue;
    const std::string_view name = reinterpret_cast<const char*>(at->name);
    if (!ns.empty() || std::find(allowed.begin(), allowed.end(), name) == allowed.end())
      return misplaced(element, "an attribute " + std::string(name));
  }
  return Done{};
}

bool is_blank(const xmlNode* text) {
  return std::string_view(reinterpret_cast<const char*>(text->content)).find_first_not_of(" \t\r\n") ==
         std::string_view::npos;
}

Outcome<> check_content(const xmlNode* element, Content content) {
  for (const xmlNode* node = element->children; node != nullptr; node = node->next) {
    const bool text = node->type == XML_TEXT_NODE || node->type == XML_CDATA_SECTION_NODE;
    if (text && content != Content::text && !is_blank(node)) return misplaced(element, "text in it");
    if (node->type == XML_ELEMENT_NODE && content != Content::elements)
      return misplaced(element, "elements in it");
    if (node->type == XML_ENTITY_REF_NODE) return misplaced(element, "entities in it");
  }
  return Done{};
}

// The children of one element against the rules for them.
Outcome<> check_children(const xmlNode* parent, std::span<const Rule> rules) {
  for (const xmlNode* node = parent->children; node != nullptr; node = node->next) {
    if (node->type != XML_ELEMENT_NODE || !is_own(namespace_of(node->ns))) continue;
    const auto rule = std::find_if(rules.begin(), rules.end(),
                                   [&](const Rule& r) { return is_element(node, r.ns, r.name); });
    if (rule == rules.end()) return misplaced(parent, "an element <" + std::string(name_of(node)) + ">");
    if (auto good = check_attributes(node, rule->attributes); !good) return good;
    if (auto good = check_content(node, rule->content); !good) return good;
  }
  for (const Rule& rule : rules) {
    if (rule.count == Count::any) continue;
    const std::size_t count = children(parent, rule.ns, rule.name).size();
    if (count > 1) return misplaced(parent, "more than one <" + std::string(rule.name) + ">");
    if (count == 0 && rule.count == Count::one)
      return Failure{"<" + std::string(name_of(parent)) + "> lacks <" + std::string(rule.name) + ">"};
  }
  return Done{};
}

}  // namespace

Outcome<> check_overlay_grammar(const xmlNode* overlay) {
  if (!is_element(overlay, k_base_namespace, "overlay"))
    return Failure{"the root element is not <overlay> of " + std::string(k_base_namespace)};
  if (auto good = check_attributes(overlay, {}); !good) return good;
  if (auto good = check_content(overlay, Content::elements); !good) return good;
  return check_children(overlay, k_overlay);
}

Outcome<> check_kind_block_grammar(const xmlNode* kind_block) {
  if (auto good = check_children(kind_block, k_kind_block); !good) return good;
  const xmlNode* kind = child(kind_block, k_base_namespace, "kind");
  if (auto good = check_children(kind, k_kind); !good) return good;
  for (const char* name : {"domain-restriction", "domain-restrictions"}) {
    const xmlNode* restriction = child(kind, k_sip_namespace, name);
    if (restriction == nullptr) continue;
    if (auto good = check_children(restriction, k_restriction); !good) return good;
  }
  return Done{};
}

Outcome<> check_configuration_grammar(const xmlNode* configuration) {
  if (auto good = check_children(configuration, k_configuration); !good) return good;
  const xmlNode* kinds = child(configuration, k_base_namespace, "required-kinds");
  if (kinds == nullptr) return Done{};
  if (auto good = check_children(kinds, k_required_kinds); !good) return good;
  for (const xmlNode* block : children(kinds, k_base_namespace, "kind-block")) {
    if (auto good = check_kind_block_grammar(block); !good) return good;
  }
  return Done{};
}

}  // namespace ringway::config
