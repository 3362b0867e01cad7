#include "reload/config/xml_document.hpp"

#include <libxml/SAX2.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h>

#include <algorithm>

namespace ringway::config {
namespace {

constexpr std::string_view k_white_space = " \t\r\n";

const char* text(const xmlChar* chars) { return reinterpret_cast<const char*>(chars); }
const xmlChar* chars(const char* text) { return reinterpret_cast<const xmlChar*>(text); }

using XmlText = std::unique_ptr<xmlChar, void (*)(xmlChar*)>;
void free_text(xmlChar* text) { xmlFree(text); }

std::string stripped(std::string_view text) {
  const auto first = text.find_first_not_of(k_white_space);
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(k_white_space) - first + 1));
}

void no_message(void*, const char*, ...) {}

// Signatures cover these elements only; ranges of others are not kept.
bool is_signed_element(const xmlChar* name) {
  return std::string_view(text(name)) == "configuration" || std::string_view(text(name)) == "kind";
}

// UTF-8 without the character 0, whatever the declaration says: byte positions mean something, and no other
// encoding can be guessed from the first bytes.
bool is_utf8(BytesView bytes) {
  const std::string terminated(text_of(bytes));
  return terminated.find('\0') == std::string::npos && xmlCheckUTF8(chars(terminated.c_str())) == 1;
}

std::string reason_of(const xmlError& error) {
  const std::string message = error.message == nullptr ? "not well-formed" : error.message;
  return "XML, line " + std::to_string(error.line) + ": " + message.substr(0, message.find('\n'));
}

}  // namespace

// libxml2's tree builder with two stops on the way, to note where signed elements begin and end.
struct XmlDocument::Parsing {
  xmlParserCtxtPtr context = nullptr;
  BytesView bytes;
  std::unordered_map<const xmlNode*, Range>* ranges = nullptr;
  bool has_dtd = false;

  static Parsing& of(void* context) {
    return *static_cast<Parsing*>(static_cast<xmlParserCtxtPtr>(context)->_private);
  }

  std::size_t position() const {
    const long at = xmlByteConsumed(context);
    return at < 0 ? 0 : std::min(static_cast<std::size_t>(at), bytes.size());
  }

  static void start(void* context, const xmlChar* name, const xmlChar* prefix, const xmlChar* uri,
                    int namespaces, const xmlChar** namespace_list, int attributes, int defaulted,
                    const xmlChar** attribute_list) {
    xmlSAX2StartElementNs(context, name, prefix, uri, namespaces, namespace_list, attributes, defaulted,
                          attribute_list);
    Parsing& parsing = of(context);
    if (!is_signed_element(name) || parsing.context->node == nullptr) return;
    // The parser stands behind the attributes. No attribute value may hold a "<", so the last one began this
    // tag.
    const std::size_t begin = text_of(parsing.bytes).substr(0, parsing.position()).rfind('<');
    if (begin != std::string_view::npos) (*parsing.ranges)[parsing.context->node].begin = begin;
  }

  static void end(void* context, const xmlChar* name, const xmlChar* prefix, const xmlChar* uri) {
    Parsing& parsing = of(context);
    const auto range = parsing.ranges->find(parsing.context->node);
    if (range != parsing.ranges->end()) range->second.end = parsing.position();
    xmlSAX2EndElementNs(context, name, prefix, uri);
  }

  // Called before anything of a document type declaration is read.
  static void dtd(void* context, const xmlChar* /*name*/, const xmlChar* /*external*/,
                  const xmlChar* /*system*/) {
    of(context).has_dtd = true;
    xmlStopParser(static_cast<xmlParserCtxtPtr>(context));
  }
};

Result<XmlDocument> XmlDocument::parse(const SharedBytes& bytes) {
  if (!is_utf8(bytes)) return Failure{"XML: not UTF-8"};
  XmlDocument document;
  document.bytes_ = bytes;
  const BytesView view = bytes;
  const std::unique_ptr<xmlParserCtxt, decltype(&xmlFreeParserCtxt)> context(
      xmlCreateMemoryParserCtxt(reinterpret_cast<const char*>(view.data()), static_cast<int>(view.size())),
      xmlFreeParserCtxt);
  if (!context) return Failure{"XML: empty"};
  Parsing parsing{context.get(), view, &document.ranges_, false};
  context->_private = &parsing;
  xmlCtxtUseOptions(context.get(), XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
  context->sax->startElementNs = Parsing::start;
  context->sax->endElementNs = Parsing::end;
  context->sax->internalSubset = Parsing::dtd;
  context->sax->error = no_message;
  context->sax->warning = no_message;
  context->sax->serror = nullptr;
  xmlParseDocument(context.get());
  document.tree_ = std::shared_ptr<xmlDoc>(context->myDoc, xmlFreeDoc);
  context->myDoc = nullptr;
  if (parsing.has_dtd) return Failure{"XML: a document type declaration is not accepted"};
  if (context->wellFormed == 0 || context->nsWellFormed == 0 || !document.tree_ || document.root() == nullptr)
    return Failure{reason_of(context->lastError)};
  const xmlChar* declared = document.tree_->encoding;
  if (declared != nullptr && xmlParseCharEncoding(text(declared)) != XML_CHAR_ENCODING_UTF8)
    return Failure{"XML: the encoding is not UTF-8"};
  return document;
}

SharedBytes XmlDocument::bytes_of(const xmlNode* element) const {
  const auto found = ranges_.find(element);
  if (found == ranges_.end() || found->second.end <= found->second.begin) return {};
  return bytes_.slice(found->second.begin, found->second.end - found->second.begin);
}

bool is_element(const xmlNode* node, std::string_view ns, std::string_view name) {
  return node != nullptr && node->type == XML_ELEMENT_NODE && node->ns != nullptr &&
         node->ns->href != nullptr && text(node->ns->href) == ns && text(node->name) == name;
}

std::vector<const xmlNode*> children(const xmlNode* parent, std::string_view ns, std::string_view name) {
  std::vector<const xmlNode*> found;
  for (const xmlNode* node = parent->children; node != nullptr; node = node->next)
    if (is_element(node, ns, name)) found.push_back(node);
  return found;
}

const xmlNode* child(const xmlNode* parent, std::string_view ns, std::string_view name) {
  const auto all = children(parent, ns, name);
  return all.empty() ? nullptr : all.front();
}

std::string text_of_element(const xmlNode* element) {
  const XmlText content(xmlNodeGetContent(element), free_text);
  return content ? stripped(text(content.get())) : std::string();
}

std::optional<std::string> attribute(const xmlNode* element, const char* name) {
  const XmlText value(xmlGetNoNsProp(element, chars(name)), free_text);
  if (!value) return std::nullopt;
  return stripped(text(value.get()));
}

std::string expand_qualified_name(const xmlNode* element, const std::string& name) {
  const auto colon = name.find(':');
  if (colon == std::string::npos) return name;
  const std::string prefix = name.substr(0, colon);
  xmlNode* where = const_cast<xmlNode*>(element);  // libxml2 does not write here, it only lacks the const
  const xmlNs* ns = xmlSearchNs(element->doc, where, chars(prefix.c_str()));
  if (ns == nullptr || ns->href == nullptr) return {};
  return "{" + std::string(text(ns->href)) + "}" + name.substr(colon + 1);
}

}  // namespace ringway::config
