// An XML document in memory with the byte ranges of its signed elements, because signatures cover the bytes
// as received (RFC 6940 §11.1). Hardened: UTF-8 only, no DTD, no entities, no network.
#pragma once

#include <libxml/tree.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "reload/bytes.hpp"
#include "reload/result.hpp"

namespace ringway::config {

class XmlDocument {
 public:
  static Result<XmlDocument> parse(const SharedBytes& bytes);

  const xmlNode* root() const { return xmlDocGetRootElement(tree_.get()); }
  // Exactly "<name …>…</name>" of a <configuration> or <kind> element; empty for any other.
  SharedBytes bytes_of(const xmlNode* element) const;

 private:
  struct Range {
    std::size_t begin = 0;
    std::size_t end = 0;
  };
  struct Parsing;
  SharedBytes bytes_;
  std::shared_ptr<xmlDoc> tree_;
  std::unordered_map<const xmlNode*, Range> ranges_;
};

bool is_element(const xmlNode* node, std::string_view ns, std::string_view name);
std::vector<const xmlNode*> children(const xmlNode* parent, std::string_view ns, std::string_view name);
const xmlNode* child(const xmlNode* parent, std::string_view ns,
                     std::string_view name);          // the first, or null
std::string text_of_element(const xmlNode* element);  // without white space around it
// Of no namespace, without white space around it; nothing when it is absent.
std::optional<std::string> attribute(const xmlNode* element, const char* name);
// A qualified name in an element's text as "{namespace}local", or the text itself when it has no prefix;
// empty when the prefix is not bound.
std::string expand_qualified_name(const xmlNode* element, const std::string& name);

}  // namespace ringway::config
