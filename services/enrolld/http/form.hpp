// The fields of a form: multipart/form-data (RFC 7578, which RFC 6940 §11.3 knows as RFC 2388), read by
// GMime, and application/x-www-form-urlencoded.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "reload/result.hpp"
#include "services/enrolld/http/message.hpp"

namespace ringway::enrolld_http {

inline constexpr std::size_t k_max_form_fields = 32;

struct FormField {
  std::string name;
  std::string content_type;  // "type/subtype"; empty when the field says none
  std::string value;         // decoded; any bytes
};

class Form {
 public:
  explicit Form(std::vector<FormField> fields) : fields_(std::move(fields)) {}
  // Null when there is no such field, or several: two readers might not take the same one.
  const FormField* find(std::string_view name) const;
  bool repeats(std::string_view name) const { return count(name) > 1; }
  std::string_view text(std::string_view name) const;  // empty when find() is null
  std::size_t size() const { return fields_.size(); }

 private:
  std::size_t count(std::string_view name) const;
  std::vector<FormField> fields_;
};

// `content_type`: the request's header, with the boundary. Refused: nested parts, parts without a name, a
// body whose last boundary is missing.
Result<Form> parse_multipart(std::string_view content_type, std::string_view body);
Result<Form> parse_url_encoded(std::string_view text);
// What a page's own forms send. The query is never looked at.
Result<Form> parse_form(const Request& request);

// "type/subtype" of a Content-Type or of one element of Accept, in lower case, without parameters.
std::string media_type(std::string_view header);

}  // namespace ringway::enrolld_http
