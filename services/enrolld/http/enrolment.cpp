#include "services/enrolld/http/enrolment.hpp"

#include <glib.h>
#include <openssl/pem.h>

#include <charconv>
#include <memory>
#include <utility>

#include "services/enrolld/http/form.hpp"

namespace ringway::enrolld_http {

namespace {

constexpr const char* k_certificate_type = "application/pkix-cert";        // RFC 2585
constexpr const char* k_chain_type = "application/pem-certificate-chain";  // RFC 8555 §9.1
constexpr const char* k_request_type = "application/pkcs10";               // RFC 2311

// Is `wanted` named in the Accept header, and not with a weight of zero (RFC 9110 §12.4.2)?
bool accepts(std::string_view accept, std::string_view wanted) {
  while (!accept.empty()) {
    const std::string_view element = accept.substr(0, accept.find(','));
    accept.remove_prefix(std::min(accept.size(), element.size() + 1));
    if (media_type(element) != wanted) continue;
    const std::size_t weight = element.find("q=");
    if (weight == std::string_view::npos) return true;
    return element.find_first_of("123456789", weight) != std::string_view::npos;
  }
  return false;
}

bool is_utf8(std::string_view text) {
  return g_utf8_validate(text.data(), static_cast<gssize>(text.size()), nullptr) != FALSE;
}

// The optional text of a field; false when it is not UTF-8, holds a NUL, or is there twice.
bool read_text(const Form& form, std::string_view name, std::optional<std::string>& out) {
  if (form.repeats(name)) return false;
  const FormField* const field = form.find(name);
  if (field == nullptr) return true;
  if (!is_utf8(field->value)) return false;  // a NUL is refused as well
  out = field->value;
  return true;
}

bool read_nodes(const Form& form, std::uint32_t& nodes) {
  if (form.repeats("nodeids")) return false;
  const FormField* const field = form.find("nodeids");
  if (field == nullptr) return true;
  const char* const end = field->value.data() + field->value.size();
  const auto [stopped, error] = std::from_chars(field->value.data(), end, nodes);
  return error == std::errc() && stopped == end && nodes > 0;
}

// The form itself, once it is known to be one.
std::variant<EnrolRequest, Response> read_fields(const Form& form) {
  EnrolRequest asked;
  if (!read_text(form, "username", asked.user_name) || !read_text(form, "password", asked.password) ||
      !read_text(form, "enrolment", asked.enrolment))
    return refuse_enrolment(EnrolRefusal::failed_authentication);
  if (!read_nodes(form, asked.nodes)) return refuse_enrolment(EnrolRefusal::node_ids_not_available);
  const FormField* const csr = form.find("csr");
  if (csr == nullptr || csr->content_type != k_request_type || csr->value.empty())
    return refuse_enrolment(EnrolRefusal::bad_csr);
  asked.csr_der = copy_of(view_of(csr->value));
  return asked;
}

// Nothing when a certificate is no certificate.
std::optional<std::string> to_pem(const std::vector<SharedBytes>& chain_der) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new(BIO_s_mem()), &BIO_free);
  for (const SharedBytes& der : chain_der) {
    const BytesView bytes = der.view();
    if (PEM_write_bio(out.get(), PEM_STRING_X509, "", bytes.data(), static_cast<long>(bytes.size())) <= 0)
      return std::nullopt;
  }
  char* text = nullptr;
  const long size = BIO_get_mem_data(out.get(), &text);
  return std::string(text, static_cast<std::size_t>(size));
}

}  // namespace

std::variant<EnrolRequest, Response> read_enrolment(const Request& request) {
  // A password in an address ends up in logs and histories (ENROLL-21): not even looked at.
  if (!request.query.empty()) return text_response(400, "The fields belong into the body.\n");
  const std::string_view accept = request.header("Accept");
  if (!accepts(accept, k_certificate_type))
    return text_response(406, "Accept must name application/pkix-cert.\n");
  const std::string_view type = request.header("Content-Type");
  if (media_type(type) != "multipart/form-data")
    return text_response(415, "The body must be multipart/form-data.\n");
  const auto form = parse_multipart(type, request.body);
  if (!form) return text_response(400, "The form cannot be read: " + form.error().reason + ".\n");
  auto asked = read_fields(*form);
  if (auto* const fields = std::get_if<EnrolRequest>(&asked))
    fields->takes_chain = accepts(accept, k_chain_type);
  return asked;
}

Response refuse_enrolment(EnrolRefusal refusal) {
  const char* token = "bad_CSR";
  if (refusal == EnrolRefusal::failed_authentication) token = "failed_authentication";
  if (refusal == EnrolRefusal::username_not_available) token = "username_not_available";
  if (refusal == EnrolRefusal::node_ids_not_available) token = "Node-IDs_not_available";
  return {403, "text/plain", token, {}};
}

Response answer_enrolment(const EnrolRequest& request, const std::vector<SharedBytes>& chain_der) {
  if (chain_der.empty()) return text_response(500, "The server failed.\n");
  if (!request.takes_chain) return {200, k_certificate_type, std::string(text_of(chain_der.front())), {}};
  auto pem = to_pem(chain_der);
  if (!pem) return text_response(500, "The server failed.\n");
  return {200, k_chain_type, *std::move(pem), {}};
}

}  // namespace ringway::enrolld_http
