#include "sip-usage/message/parameters.hpp"

#include <algorithm>

#include "sip-usage/message/grammar.hpp"

namespace ringway::sip {

const Parameter* Parameters::find(std::string_view name) const {
  const auto found = std::find_if(list_.begin(), list_.end(), [&](const Parameter& parameter) {
    return same_ignoring_case(parameter.name, name);
  });
  return found == list_.end() ? nullptr : &*found;
}

std::string_view Parameters::value(std::string_view name) const {
  const Parameter* found = find(name);
  return found != nullptr && found->value ? std::string_view(*found->value) : std::string_view();
}

void Parameters::set(std::string_view name, std::optional<std::string> value) {
  for (auto& parameter : list_) {
    if (!same_ignoring_case(parameter.name, name)) continue;
    parameter.value = std::move(value);
    return;
  }
  list_.push_back({std::string(name), std::move(value)});
}

void Parameters::remove(std::string_view name) {
  std::erase_if(list_, [&](const Parameter& parameter) { return same_ignoring_case(parameter.name, name); });
}

std::string Parameters::print() const {
  std::string out;
  for (const auto& parameter : list_) {
    out += ';';
    out += parameter.name;
    if (parameter.value) out += '=' + *parameter.value;
  }
  return out;
}

}  // namespace ringway::sip
