#include "services/enroll_client/configuration.hpp"

#include <utility>

namespace ringway::services {

namespace {

constexpr const char* k_well_known = "/.well-known/reload-config";

// That the document is authentic is the word of HTTPS (RFC 6940 §11.2); but a signature in it must be right,
// or its neighbours would refuse it (§6.5.4).
Outcome<> check_own_signature(const config::Configuration& document, WallMs now_ms) {
  if (document.signatures.empty()) return Done{};
  const auto trust = security::Trust::make(document.trust_settings());
  if (!trust) return trust.error();
  return config::check_signature(document, document.configuration_signers, **trust, now_ms);
}

// Of somebody else: the wrong port, most likely.
Failure no_document(const HttpsRequest& request, const HttpsAnswer& answer, const std::string& why) {
  const std::string type = answer.content_type.empty() ? "no content type" : answer.content_type;
  const bool grpc = answer.content_type.starts_with("application/grpc");
  return Failure{request.url + ": asked for the overlay's configuration document, got status " +
                 std::to_string(answer.status) + ", " + type + ", " + std::to_string(answer.body.size()) +
                 " bytes" + why + (grpc ? ": that is a gRPC server" : "") +
                 "; the URL has to be that of the enrollment server's HTTPS (ringway-enrolld serve --https)"};
}

Result<FoundConfiguration> fetch(const HttpsSettings& https, ConfigurationServer server,
                                 const std::string& overlay_name, WallMs now_ms) {
  HttpsRequest request;
  request.url = server.url;
  request.connect_host = server.connect_host;
  request.connect_port = server.connect_port;
  request.headers.push_back("Accept: application/p2p-overlay+xml, application/xml;q=0.5");
  request.max_answer_size_bytes = config::k_max_document_size_bytes;
  const auto answer = ask_https(https, request);
  if (!answer) return answer.error();
  if (answer->status / 100 == 5)
    return Failure{request.url + ": the server answered with status " + std::to_string(answer->status)};
  if (answer->status != 200) return no_document(request, *answer, "");
  auto document = config::parse_configuration(SharedBytes(copy_of(view_of(answer->body))), overlay_name);
  if (!document && answer->content_type.find("xml") == std::string::npos)
    return no_document(request, *answer, ", which is none");
  if (!document) return Failure{request.url + ": " + document.error().reason};
  if ((*document)->expired_at(now_ms)) return Failure{request.url + ": the document has expired"};
  if (auto good = check_own_signature(**document, now_ms); !good)
    return Failure{request.url + ": the document's signature is wrong: " + good.error().reason};
  return FoundConfiguration{*std::move(document), std::move(server)};
}

}  // namespace

Result<FoundConfiguration> find_configuration(const HttpsSettings& https, const DnsSettings& dns,
                                              const ConfigurationSource& source, WallMs now_ms) {
  if (!source.url.empty()) return fetch(https, {source.url, "", 0}, source.overlay_name, now_ms);
  if (source.overlay_name.empty()) return Failure{"neither a URL nor an overlay name"};
  const auto places = locate_configuration_server(dns, source.overlay_name);
  if (!places) return places.error();
  Failure last{"no server"};
  for (const ServerPlace& place : *places) {
    // The port is the record's; the name in the URL is what the certificate must be for.
    auto found = fetch(https, {"https://" + source.overlay_name + k_well_known, place.host, place.port},
                       source.overlay_name, now_ms);
    if (found) return found;
    last = found.error();
  }
  return last;
}

Result<config::ConfigurationPtr> fetch_configuration(const HttpsSettings& https, const DnsSettings& dns,
                                                     const ConfigurationSource& source, WallMs now_ms) {
  auto found = find_configuration(https, dns, source, now_ms);
  if (!found) return found.error();
  return std::move(found->document);
}

}  // namespace ringway::services
