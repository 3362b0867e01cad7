#include "services/enrolld/serve/http_enrolment.hpp"

#include <utility>
#include <variant>

#include "services/enrolld/http/enrolment.hpp"
#include "services/enrolld/proofs/tokens.hpp"

namespace ringway::enrolld {
namespace {

using enrolld_http::EnrolRefusal;
using enrolld_http::Request;
using enrolld_http::Response;
using Form = enrolld_http::EnrolRequest;

Response later(unsigned status, const Refused& refused) {
  Response response = enrolld_http::text_response(status, refused.message + "\n");
  const auto wait_s = (refused.retry_after.count() + 999) / 1000;
  if (wait_s > 0) response.headers.push_back({"Retry-After", std::to_string(wait_s)});
  return response;
}

// The RFC has four tokens. What may be otherwise in a moment is none of them.
Response refuse(const Refused& refused) {
  switch (refused.refusal) {
    case Refusal::bad_csr:
      return enrolld_http::refuse_enrolment(EnrolRefusal::bad_csr);
    case Refusal::bad_request:
    case Refusal::name_not_available:
      return enrolld_http::refuse_enrolment(EnrolRefusal::username_not_available);
    case Refusal::nodes_not_available:
      return enrolld_http::refuse_enrolment(EnrolRefusal::node_ids_not_available);
    case Refusal::too_many:
      return later(429, refused);
    case Refusal::unavailable:
      return later(503, refused);
    default:
      return enrolld_http::refuse_enrolment(EnrolRefusal::failed_authentication);
  }
}

Response still_to_prove(const std::string& enrolment) {
  Response response = enrolld_http::refuse_enrolment(EnrolRefusal::failed_authentication);
  response.headers.push_back({k_enrolment_header, enrolment});
  return response;
}

Response answer(const Form& form, const Delivered& delivered) {
  std::vector<SharedBytes> chain;
  for (const Bytes& der : delivered.chain) chain.emplace_back(der);
  return enrolld_http::answer_enrolment(form, chain);
}

// What the form's password is, or what is to prove the name in its place.
Method method_of(const Settings& settings, const Form& form, const Caller& caller) {
  const auto offers = [&](Method method) { return settings.methods.contains(method); };
  const std::string password = form.password.value_or("");
  if (!password.empty()) {
    const bool invitation = offers(Method::invitation) && read_invitation(password);
    return invitation || !offers(Method::password) ? Method::invitation : Method::password;
  }
  if (form.user_name.value_or("").starts_with("tel:")) return Method::telephone;
  const bool shown = !caller.certificates.empty() && offers(Method::certificate);
  return shown ? Method::certificate : Method::mail;
}

}  // namespace

Caller caller_of(const Request& request) { return {request.source, request.client_certificates_der}; }

Response enrol_by_form(Desk& desk, const Request& request) {
  auto read = enrolld_http::read_enrolment(request);
  if (auto* const refusal = std::get_if<Response>(&read)) return std::move(*refusal);
  const Form& form = std::get<Form>(read);
  const Caller caller = caller_of(request);
  if (form.enrolment) {
    const auto delivered = desk.confirm(*form.enrolment, form.password.value_or(""), caller);
    if (delivered) return answer(form, *delivered);
    if (delivered.error().refusal == Refusal::not_proved_yet) return still_to_prove(*form.enrolment);
    return refuse(delivered.error());
  }
  if (!form.user_name) return enrolld_http::refuse_enrolment(EnrolRefusal::failed_authentication);
  BeginRequest asked;
  asked.user = *form.user_name;
  asked.method = method_of(desk.settings(), form, caller);
  asked.csr = form.csr_der;
  asked.secret = Secret(form.password.value_or(""));
  asked.node_count = form.nodes;
  const auto begun = desk.begin(asked, caller);
  if (!begun) return refuse(begun.error());
  if (begun->delivered) return answer(form, *begun->delivered);
  return still_to_prove(begun->waiting ? begun->waiting->enrolment : std::string());
}

}  // namespace ringway::enrolld
