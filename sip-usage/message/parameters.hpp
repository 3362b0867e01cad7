// The parameters of a URI or of a header field's value: ";name" and ";name=value", in the order in which they
// came.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ringway::sip {

struct Parameter {
  std::string name;
  std::optional<std::string> value;  // as on the wire, with its quotes or escapes
  bool operator==(const Parameter&) const = default;
};

class Parameters {
 public:
  Parameters() = default;
  Parameters(std::initializer_list<Parameter> list) : list_(list) {}

  const Parameter* find(std::string_view name) const;  // names are compared without case
  bool has(std::string_view name) const { return find(name) != nullptr; }
  // Its value, empty when it has none or is not there.
  std::string_view value(std::string_view name) const;
  void set(std::string_view name, std::optional<std::string> value);
  void remove(std::string_view name);
  void add(Parameter parameter) { list_.push_back(std::move(parameter)); }

  bool empty() const { return list_.empty(); }
  std::size_t size() const { return list_.size(); }
  auto begin() const { return list_.begin(); }
  auto end() const { return list_.end(); }
  bool operator==(const Parameters&) const = default;

  std::string print() const;  // each with its ";"

 private:
  std::vector<Parameter> list_;
};

}  // namespace ringway::sip
