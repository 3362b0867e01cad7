#include "services/enroll_client/configuration.hpp"

#include <utility>

namespace ringway::services {

namespace {

constexpr const char* k_well_known = "/.well-known/reload-config";

Result<config::ConfigurationPtr> fetch(const HttpsSettings& https, HttpsRequest request,
                                       const std::string& overlay_name, WallMs now_ms) {
  request.headers.push_back("Accept: application/p2p-overlay+xml, application/xml;q=0.5");
  request.max_answer_size_bytes = config::k_max_document_size_bytes;
  const auto answer = ask_https(https, request);
  if (!answer) return answer.error();
  if (answer->status != 200)
    return Failure{request.url + ": the server answered with status " + std::to_string(answer->status)};
  auto document = config::parse_configuration(SharedBytes(copy_of(view_of(answer->body))), overlay_name);
  if (!document) return Failure{request.url + ": " + document.error().reason};
  if ((*document)->expired_at(now_ms)) return Failure{request.url + ": the document has expired"};
  return document;
}

}  // namespace

Result<config::ConfigurationPtr> fetch_configuration(const HttpsSettings& https, const DnsSettings& dns,
                                                     const ConfigurationSource& source, WallMs now_ms) {
  if (!source.url.empty()) {
    HttpsRequest request;
    request.url = source.url;
    return fetch(https, std::move(request), source.overlay_name, now_ms);
  }
  if (source.overlay_name.empty()) return Failure{"neither a URL nor an overlay name"};
  const auto places = locate_configuration_server(dns, source.overlay_name);
  if (!places) return places.error();
  Failure last{"no server"};
  for (const ServerPlace& place : *places) {
    HttpsRequest request;
    // The port is the record's; the name in the URL is what the certificate must be for.
    request.url = "https://" + source.overlay_name + k_well_known;
    request.connect_host = place.host;
    request.connect_port = place.port;
    auto document = fetch(https, std::move(request), source.overlay_name, now_ms);
    if (document) return document;
    last = document.error();
  }
  return last;
}

}  // namespace ringway::services
