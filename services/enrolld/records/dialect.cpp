#include "services/enrolld/records/dialect.hpp"

namespace ringway::enrolld {
namespace {

void replace_all(std::string& text, std::string_view what, std::string_view with) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
    text.replace(at, what.size(), with);
}

}  // namespace

std::string in_dialect(std::string text, const Dialect& dialect) {
  replace_all(text, "{id}", dialect.id);
  replace_all(text, "{int}", dialect.integer);
  replace_all(text, "{blob}", dialect.blob);
  replace_all(text, "{text}", dialect.text);
  replace_all(text, "{table}", dialect.table);
  return text;
}

}  // namespace ringway::enrolld
