// The few words of a schema that SQLite and PostgreSQL spell differently.
#pragma once

#include <string>
#include <string_view>

namespace ringway::enrolld {

struct Dialect {
  std::string_view id;
  std::string_view integer;
  std::string_view blob;
  std::string_view text;
  std::string_view table;
};

// `text` with {id}, {int}, {blob}, {text} and {table} replaced.
std::string in_dialect(std::string text, const Dialect& dialect);

}  // namespace ringway::enrolld
