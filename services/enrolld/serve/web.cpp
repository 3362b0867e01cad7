#include "services/enrolld/serve/web.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "services/enrolld/http/pages.hpp"
#include "services/enrolld/serve/http_enrolment.hpp"

namespace ringway::enrolld {
namespace {

using HttpMethod = enrolld_http::Method;
using enrolld_http::Page;
using enrolld_http::Request;
using enrolld_http::Responder;
using enrolld_http::Response;
using enrolld_http::text_response;

Response with_retry(Response response, Duration wait) {
  const auto wait_s = (wait.count() + 999) / 1000;
  if (wait_s > 0) response.headers.push_back({"Retry-After", std::to_string(wait_s)});
  return response;
}

using Work = std::function<Response(const Request&)>;

// A handler that does its work on the desk's workers.
enrolld_http::Handler on_worker(Desk& desk, Work work) {
  return [&desk, work = std::move(work)](Request request, const Responder& responder) {
    const auto shared = std::make_shared<Request>(std::move(request));
    if (!desk.run([work, shared, responder] { responder(work(*shared)); }))
      responder(with_retry(text_response(503, "The server is busy.\n"), k_when_busy));
  };
}

Response document_response(Desk& desk) {
  const auto document = desk.document();
  if (!document)
    return with_retry(text_response(503, document.error().message + "\n"), document.error().retry_after);
  const Bytes& bytes = (*document)->bytes;
  if (bytes.empty()) return text_response(404, "This overlay has no configuration document yet.\n");
  return {200, "application/p2p-overlay+xml", std::string(text_of(bytes)), {}};
}

Response describe(const Desk& desk, const WebFacts& facts) {
  nlohmann::ordered_json out{{"overlay", facts.overlay_name}, {"proofs", nlohmann::ordered_json::array()}};
  for (const auto method : desk.settings().methods) out["proofs"].push_back(name_of(method));
  if (!facts.grpc.empty()) out["grpc"] = facts.grpc;
  return {200, "application/json", out.dump() + "\n", {}};
}

Page front_page(const WebFacts& facts) {
  return {200,
          "The enrollment server of " + facts.overlay_name,
          {"Here the nodes of the overlay " + facts.overlay_name +
               " get their certificates, and its configuration document.",
           "There is nothing to fill in on this page: the program ringway does it. To join, run: ringway "
           "enroll you@example.org"},
          {}};
}

unsigned status_of(Refusal refusal) {
  switch (refusal) {
    case Refusal::gone:
    case Refusal::not_found:
      return 404;
    case Refusal::too_many:
      return 429;
    case Refusal::unavailable:
      return 503;
    default:
      return 403;
  }
}

Response failed(const Refused& refused) {
  const std::string reason = refused.refusal == Refusal::gone
                                 ? "This link is not good, or not any more: ask for another mail."
                                 : "It is not possible: " + refused.message + ".";
  return with_retry(enrolld_http::render(enrolld_http::failed_page(status_of(refused.refusal), reason)),
                    refused.retry_after);
}

std::string token_of(const Request& request) {
  const auto token = request.path_fields.find("token");
  return token == request.path_fields.end() ? std::string() : token->second;
}

// Opening the link changes nothing, since mail scanners open links too; the button POSTs to the same address.
Response show_link(Desk& desk, const Request& request) {
  const auto told = desk.look_at_link(token_of(request), caller_of(request));
  if (!told) return failed(told.error());
  if (told->done) return enrolld_http::render(enrolld_http::done_page(told->overlay_name, told->user_name));
  Page page = enrolld_http::confirm_page(told->overlay_name, told->user_name,
                                         {request.path, {}, "", "", "Yes, that was me"});
  page.paragraphs.push_back("It was asked from the address " + told->source +
                            (told->label.empty() ? "." : ", for a device called \"" + told->label + "\"."));
  return enrolld_http::render(page);
}

Response follow_link(Desk& desk, const std::string& overlay_name, const Request& request) {
  const auto delivered = desk.confirm_link(token_of(request), caller_of(request));
  if (!delivered) return failed(delivered.error());
  return enrolld_http::render(enrolld_http::done_page(overlay_name, delivered->user_name));
}

}  // namespace

enrolld_http::Router make_routes(Desk& desk, const WebFacts& facts) {
  enrolld_http::Router router;
  const std::string link = std::string(k_confirm_path) + "/{enrolment}/{token}";
  router.add(HttpMethod::get, "/.well-known/reload-config",
             on_worker(desk, [&desk](const Request&) { return document_response(desk); }));
  router.add(HttpMethod::post, "/enroll",
             on_worker(desk, [&desk](const Request& request) { return enrol_by_form(desk, request); }));
  router.add(HttpMethod::get, link,
             on_worker(desk, [&desk](const Request& request) { return show_link(desk, request); }));
  router.add(HttpMethod::post, link,
             on_worker(desk, [&desk, name = facts.overlay_name](const Request& request) {
               return follow_link(desk, name, request);
             }));
  router.add(
      HttpMethod::get, "/.well-known/ringway-enrollment",
      [&desk, facts](const Request&, const Responder& responder) { responder(describe(desk, facts)); });
  router.add(HttpMethod::get, "/", [facts](const Request&, const Responder& responder) {
    responder(enrolld_http::render(front_page(facts)));
  });
  if (!facts.issuer_certificate.empty())
    router.add(HttpMethod::get, k_issuer_path, [facts](const Request&, const Responder& responder) {
      responder({200, "application/pkix-cert", std::string(text_of(facts.issuer_certificate.view())), {}});
    });
  return router;
}

}  // namespace ringway::enrolld
