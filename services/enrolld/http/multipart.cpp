// multipart/form-data, read by GMime.
#include <gmime/gmime.h>

#include <algorithm>
#include <memory>
#include <mutex>
#include <utility>

#include "services/enrolld/http/form.hpp"

namespace ringway::enrolld_http {

namespace {

template <typename T>
struct Unref {
  void operator()(T* object) const { g_object_unref(object); }
};
template <typename T>
using Ref = std::unique_ptr<T, Unref<T>>;

void set_up_gmime() {
  static std::once_flag once;
  std::call_once(once, [] { g_mime_init(); });
}

// GMime looks for the boundary in the body when the header names none; a reader that does not would see
// another form.
bool names_boundary(const std::string& content_type) {
  const Ref<GMimeContentType> type(g_mime_content_type_parse(nullptr, content_type.c_str()));
  const char* const boundary = type ? g_mime_content_type_get_parameter(type.get(), "boundary") : nullptr;
  return boundary != nullptr && *boundary != '\0';
}

// GMime reads MIME entities: the header of the request goes before its body.
Ref<GMimeObject> parse(std::string_view content_type, std::string_view body) {
  std::string entity = "MIME-Version: 1.0\r\nContent-Type: ";
  entity.append(content_type).append("\r\n\r\n").append(body);
  const Ref<GMimeStream> stream(g_mime_stream_mem_new_with_buffer(entity.data(), entity.size()));
  const Ref<GMimeParser> parser(g_mime_parser_new_with_stream(stream.get()));
  return Ref<GMimeObject>(g_mime_parser_construct_part(parser.get(), nullptr));
}

std::string content_of(GMimePart* part) {
  GMimeDataWrapper* const content = g_mime_part_get_content(part);
  if (content == nullptr) return {};  // an empty part
  const Ref<GMimeStream> out(g_mime_stream_mem_new());
  g_mime_data_wrapper_write_to_stream(content, out.get());
  const GByteArray* const bytes = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(out.get()));
  return {reinterpret_cast<const char*>(bytes->data), bytes->len};
}

Result<FormField> field_of(GMimeObject* object) {
  if (object == nullptr || !GMIME_IS_PART(object)) return Failure{"a part of the form is not a plain one"};
  const char* const disposition = g_mime_object_get_disposition(object);
  if (disposition == nullptr || g_ascii_strcasecmp(disposition, "form-data") != 0)
    return Failure{"a part of the form is no field"};
  const char* const name = g_mime_object_get_content_disposition_parameter(object, "name");
  if (name == nullptr || *name == '\0') return Failure{"a field of the form has no name"};
  const char* const type = g_mime_object_get_header(object, "Content-Type");
  return FormField{name, type == nullptr ? "" : media_type(type), content_of(GMIME_PART(object))};
}

}  // namespace

Result<Form> parse_multipart(std::string_view content_type, std::string_view body) {
  if (media_type(content_type) != "multipart/form-data") return Failure{"not multipart/form-data"};
  if (std::any_of(content_type.begin(), content_type.end(),
                  [](char letter) { return static_cast<unsigned char>(letter) < ' ' && letter != '\t'; }))
    return Failure{"the content type cannot be read"};
  set_up_gmime();
  if (!names_boundary(std::string(content_type))) return Failure{"the form's boundary is missing"};
  const Ref<GMimeObject> entity = parse(content_type, body);
  if (!entity || !GMIME_IS_MULTIPART(entity.get())) return Failure{"the form has no parts"};
  GMimeMultipart* const parts = GMIME_MULTIPART(entity.get());
  // Set by the parser when it came to the last boundary: otherwise the body is cut off.
  if (parts->write_end_boundary == FALSE) return Failure{"the form is not complete"};
  const int count = g_mime_multipart_get_count(parts);
  if (count > static_cast<int>(k_max_form_fields)) return Failure{"too many fields"};
  std::vector<FormField> fields;
  for (int i = 0; i < count; ++i) {
    auto field = field_of(g_mime_multipart_get_part(parts, i));
    if (!field) return field.error();
    fields.push_back(*std::move(field));
  }
  return Form(std::move(fields));
}

}  // namespace ringway::enrolld_http
