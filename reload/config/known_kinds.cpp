#include "reload/config/known_kinds.hpp"

#include <algorithm>

#include "reload/config/base64.hpp"
#include "reload/config/document_reader.hpp"
#include "reload/config/grammar.hpp"
#include "reload/config/kind_element.hpp"
#include "reload/config/namespaces.hpp"
#include "reload/config/signed_block.hpp"

namespace ringway::config {
namespace {

constexpr std::size_t k_max_kind_block_size_bytes = 65535;  // KindDescription<0..2^16-1>

Failure refused(const std::string& reason) { return {"kind-block: " + reason, 0}; }

// The block inside an element that binds the default namespace; the bytes of the <kind> stay as they are.
SharedBytes wrapped(const SharedBytes& xml) {
  std::string text = "<overlay xmlns=\"" + std::string(k_base_namespace) + "\">";
  text += text_of(xml);
  text += "</overlay>";
  return SharedBytes(copy_of(view_of(text)));
}

Result<const xmlNode*> only_kind_block(const xmlNode* root) {
  const xmlNode* found = nullptr;
  for (const xmlNode* node = root->children; node != nullptr; node = node->next) {
    if (node->type == XML_TEXT_NODE && xmlIsBlankNode(node) == 1) continue;
    if (node->type == XML_COMMENT_NODE) continue;
    if (found != nullptr || !is_element(node, k_base_namespace, "kind-block"))
      return refused("it is not one kind-block element");
    found = node;
  }
  if (found == nullptr) return refused("it is not one kind-block element");
  return found;
}

}  // namespace

KnownKinds known_kinds(const Configuration& configuration) {
  KnownKinds known;
  for (const KindBlock& block : configuration.kind_blocks) {
    const auto signer = claimed_signer(block.signature);
    known[block.kind] = {*configuration.kinds.find(block.kind), signer ? *signer : k_no_node, block};
  }
  return known;
}

Result<KindUpdate> parse_kind_block(const SharedBytes& xml) {
  if (xml.size() > k_max_kind_block_size_bytes) return refused("too large");
  const auto document = XmlDocument::parse(wrapped(xml));
  if (!document) return refused(document.error().reason);
  const auto element = only_kind_block(document->root());
  if (!element) return element.error();
  if (auto good = check_kind_block_grammar(*element); !good) return refused(good.error().reason);
  auto block = read_kind_block(*document, *element);
  if (!block) return refused(block.error().reason);
  auto definition = read_kind(child(*element, k_base_namespace, "kind"));
  if (!definition) return refused(definition.error().reason);
  block->kind = definition->kind;
  return KindUpdate{std::move(*definition), std::move(*block)};
}

Bytes kind_block_xml(const KindBlock& block) {
  std::string text = "<kind-block>";
  text += text_of(block.element);
  text += "<kind-signature>" + to_base64(block.signature) + "</kind-signature></kind-block>";
  return copy_of(view_of(text));
}

Result<KnownKinds, KindFailure> with_update(KnownKinds known, const KindUpdate& update,
                                            const Configuration& configuration, const security::Trust& trust,
                                            WallMs now_ms) {
  const auto signer =
      check_element(update.block.element, update.block.signature, configuration.kind_signers, trust, now_ms);
  if (!signer) return KindFailure{KindRefusal::badly_signed, signer.error().reason};
  const auto found = known.find(update.definition.kind);
  if (found != known.end() && found->second.signer != *signer)
    return KindFailure{KindRefusal::conflict, "the Kind is known with another signer's definition"};
  known[update.definition.kind] = {update.definition, *signer, update.block};
  return known;
}

KnownKinds after_change(const KnownKinds& known, const Configuration& next) {
  KnownKinds after = known_kinds(next);
  for (const auto& [kind, entry] : known) {
    const bool listed = std::find(next.kind_signers.begin(), next.kind_signers.end(), entry.signer) !=
                        next.kind_signers.end();
    if (listed) after.try_emplace(kind, entry);
  }
  return after;
}

std::vector<KindId> dropped_kinds(const KnownKinds& before, const KnownKinds& after) {
  std::vector<KindId> dropped;
  for (const auto& [kind, entry] : before) {
    if (!after.contains(kind)) dropped.push_back(kind);
  }
  return dropped;
}

Kinds definitions_of(const KnownKinds& known) {
  Kinds kinds;
  for (const auto& [kind, entry] : known) kinds.add(entry.definition);
  return kinds;
}

}  // namespace ringway::config
