#include "services/enrolld/http/form.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "services/enrolld/http/url_encoding.hpp"

namespace ringway::enrolld_http {

namespace {

std::optional<std::string> decoded(std::string_view text) {
  std::string spaced(text);
  std::replace(spaced.begin(), spaced.end(), '+', ' ');  // before the percent signs: "%2B" is a plus
  return url_decoded(spaced);
}

}  // namespace

std::size_t Form::count(std::string_view name) const {
  return static_cast<std::size_t>(std::count_if(fields_.begin(), fields_.end(),
                                                [&](const FormField& field) { return field.name == name; }));
}

const FormField* Form::find(std::string_view name) const {
  if (count(name) != 1) return nullptr;
  return &*std::find_if(fields_.begin(), fields_.end(),
                        [&](const FormField& field) { return field.name == name; });
}

std::string_view Form::text(std::string_view name) const {
  const FormField* const field = find(name);
  return field == nullptr ? std::string_view() : std::string_view(field->value);
}

Result<Form> parse_url_encoded(std::string_view text) {
  std::vector<FormField> fields;
  while (!text.empty()) {
    const std::string_view pair = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(text.size(), pair.size() + 1));
    if (pair.empty()) continue;
    if (fields.size() == k_max_form_fields) return Failure{"too many fields"};
    const std::size_t equals = pair.find('=');
    auto name = decoded(pair.substr(0, equals));
    auto value = decoded(equals == std::string_view::npos ? "" : pair.substr(equals + 1));
    if (!name || !value) return Failure{"a field cannot be decoded"};
    fields.push_back({*std::move(name), "", *std::move(value)});
  }
  return Form(std::move(fields));
}

Result<Form> parse_form(const Request& request) {
  const std::string_view type = request.header("Content-Type");
  const std::string media = media_type(type);
  if (media == "application/x-www-form-urlencoded") return parse_url_encoded(request.body);
  if (media == "multipart/form-data") return parse_multipart(type, request.body);
  return Failure{"not a form"};
}

std::string media_type(std::string_view header) {
  std::string type(header.substr(0, header.find(';')));
  const std::size_t begin = type.find_first_not_of(" \t");
  const std::size_t end = type.find_last_not_of(" \t");
  type = begin == std::string::npos ? "" : type.substr(begin, end - begin + 1);
  std::transform(type.begin(), type.end(), type.begin(), [](char letter) {
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
  });
  return type;
}

}  // namespace ringway::enrolld_http
