#include "sip-usage/presence/pidf.hpp"

#include <libxml/tree.h>

#include <algorithm>
#include <memory>
#include <set>

#include "reload/config/xml_document.hpp"
#include "sip-usage/presence/settings.hpp"

namespace ringway::sip::presence {
namespace {

constexpr std::string_view k_namespace = "urn:ietf:params:xml:ns:pidf";

const xmlChar* chars(const char* text) { return reinterpret_cast<const xmlChar*>(text); }

using config::XmlDocument;

std::string entity_of(const Aor& user) { return "pres:" + escaped(user); }

Outcome<> check_tuple(const xmlNode* tuple) {
  for (const xmlNode* status : config::children(tuple, k_namespace, "status")) {
    for (const xmlNode* basic : config::children(status, k_namespace, "basic")) {
      const std::string value = config::text_of_element(basic);
      if (value != "open" && value != "closed") return Failure{"a basic status of neither open nor closed"};
    }
  }
  return Done{};
}

Result<XmlDocument> read(std::string_view text) {
  if (text.size() > k_max_document_bytes) return Failure{"a presence document that is too long"};
  auto document = XmlDocument::parse(SharedBytes(copy_of(view_of(text))));
  if (!document) return document.error();
  if (!config::is_element(document->root(), k_namespace, "presence"))
    return Failure{"no presence document (RFC 3863)"};
  std::size_t count = 0;
  for (const xmlNode* each = document->root()->children; each != nullptr; each = each->next) {
    if (each->type != XML_ELEMENT_NODE) continue;
    if (++count > k_max_document_elements) return Failure{"a presence document of too many elements"};
    if (!config::is_element(each, k_namespace, "tuple")) continue;
    if (auto good = check_tuple(each); !good) return good.error();
  }
  return document;
}

// A document about one user that grows.
class Composition {
 public:
  explicit Composition(const Aor& user)
      : tree_(xmlNewDoc(chars("1.0")), xmlFreeDoc),
        root_(xmlNewDocNode(tree_.get(), nullptr, chars("presence"), nullptr)) {
    xmlDocSetRootElement(tree_.get(), root_);
    namespace_ = xmlNewNs(root_, chars(k_namespace.data()), nullptr);
    xmlSetNs(root_, namespace_);
    xmlNewProp(root_, chars("entity"), chars(entity_of(user).c_str()));
  }

  // All of it, or nothing and false.
  bool add(const XmlDocument& document, std::size_t max_bytes) {
    std::vector<xmlNode*> added;
    const auto ids_before = ids_;
    for (const xmlNode* each = document.root()->children; each != nullptr; each = each->next) {
      if (each->type != XML_ELEMENT_NODE) continue;
      xmlNode* from = const_cast<xmlNode*>(each);  // libxml2 does not write here, it only lacks the const
      xmlNode* copy = xmlDocCopyNode(from, tree_.get(), 1);
      if (copy == nullptr) continue;
      added.push_back(xmlAddChild(root_, copy));
      give_own_id(added.back());
    }
    if (count_ + added.size() <= k_max_document_elements && print().size() <= max_bytes) {
      count_ += added.size();
      return true;
    }
    ids_ = ids_before;
    for (xmlNode* each : added) {
      xmlUnlinkNode(each);
      xmlFreeNode(each);
    }
    return false;
  }

  void add_tuple(const char* id, Basic basic) {
    xmlNode* tuple = xmlNewChild(root_, namespace_, chars("tuple"), nullptr);
    xmlNewProp(tuple, chars("id"), chars(id));
    xmlNode* status = xmlNewChild(tuple, namespace_, chars("status"), nullptr);
    xmlNewTextChild(status, namespace_, chars("basic"), chars(basic == Basic::open ? "open" : "closed"));
  }

  std::string print() const {
    xmlChar* text = nullptr;
    int size = 0;
    xmlDocDumpMemoryEnc(tree_.get(), &text, &size, "UTF-8");
    const std::unique_ptr<xmlChar, void (*)(xmlChar*)> owner(text, [](xmlChar* each) { xmlFree(each); });
    return {reinterpret_cast<const char*>(text), static_cast<std::size_t>(size)};
  }

 private:
  // §4.1.2: no two tuples of a document have the same id; persons and devices (RFC 4479) neither.
  void give_own_id(xmlNode* element) {
    const auto id = config::attribute(element, "id");
    if (!id || ids_.insert(*id).second) return;
    std::string other;
    for (std::size_t n = ids_.size(); !ids_.insert(other = *id + "-" + std::to_string(n)).second;) ++n;
    xmlSetProp(element, chars("id"), chars(other.c_str()));
  }

  std::unique_ptr<xmlDoc, decltype(&xmlFreeDoc)> tree_;
  xmlNode* root_;
  xmlNs* namespace_ = nullptr;
  std::set<std::string> ids_;
  std::size_t count_ = 0;  // of elements below <presence>
};

}  // namespace

Outcome<> check_document(std::string_view text) {
  const auto document = read(text);
  return document ? Outcome<>{Done{}} : Outcome<>{document.error()};
}

bool fits(const Aor& user, std::string_view text) {
  const auto document = read(text);
  return document && Composition(user).add(*document, k_max_document_bytes);
}

Outcome<> check_document_about(const Aor& user, std::string_view text) {
  const auto document = read(text);
  if (!document) return document.error();
  if (config::attribute(document->root(), "entity") != entity_of(user))
    return Failure{"a presence document about somebody else"};
  return Done{};
}

bool says_open(std::string_view text) {
  const auto document = XmlDocument::parse(SharedBytes(copy_of(view_of(text))));
  if (!document) return false;
  for (const xmlNode* tuple : config::children(document->root(), k_namespace, "tuple"))
    for (const xmlNode* status : config::children(tuple, k_namespace, "status"))
      for (const xmlNode* basic : config::children(status, k_namespace, "basic"))
        if (config::text_of_element(basic) == "open") return true;
  return false;
}

std::string composed(const Aor& user, const std::vector<std::string_view>& documents, std::size_t max_bytes) {
  Composition out(user);
  for (const auto text : documents)
    if (const auto document = read(text)) out.add(*document, max_bytes);
  return out.print();
}

std::string derived(const Aor& user, Basic basic) {
  Composition out(user);
  out.add_tuple("phones", basic);
  return out.print();
}

}  // namespace ringway::sip::presence
