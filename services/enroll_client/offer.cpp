#include "services/enroll_client/offer.hpp"

#include <array>
#include <nlohmann/json.hpp>
#include <utility>

namespace ringway::services {

namespace {

constexpr std::size_t k_max_offer_size_bytes = 16384;
constexpr std::array<std::pair<Proof, const char*>, 5> k_proofs{{{Proof::mail, "mail"},
                                                                 {Proof::invitation, "invitation"},
                                                                 {Proof::password, "password"},
                                                                 {Proof::certificate, "certificate"},
                                                                 {Proof::telephone, "telephone"}}};

// "https://host:port/.well-known/reload-config" -> the same server's page.
std::string offer_url(const std::string& document_url) {
  const auto host = document_url.find("://");
  const auto path = document_url.find('/', host == std::string::npos ? 0 : host + 3);
  return document_url.substr(0, path) + "/.well-known/ringway-enrollment";
}

// "host:port"; without a colon a gRPC client would take a port of its own.
bool is_host_and_port(const std::string& text) {
  const auto colon = text.rfind(':');
  return colon != std::string::npos && colon > 0 && colon + 1 < text.size() &&
         text.find_first_not_of("0123456789", colon + 1) == std::string::npos &&
         text.find_first_of("/ \t\r\n") == std::string::npos;
}

Result<EnrollmentOffer> read_offer(const std::string& text) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  const auto is_text = [&json](const char* name) { return json.contains(name) && json[name].is_string(); };
  if (!json.is_object() || !is_text("overlay") || !json.contains("proofs") || !json["proofs"].is_array())
    return Failure{"it does not say what it offers"};
  EnrollmentOffer offer;
  offer.overlay_name = json["overlay"].get<std::string>();
  for (const auto& one : json["proofs"]) {
    if (!one.is_string()) continue;
    if (const auto proof = proof_named(one.get<std::string>())) offer.proofs.push_back(*proof);
  }
  if (!is_text("grpc") || !is_host_and_port(json["grpc"].get<std::string>()))
    return Failure{"it does not say where its gRPC service is (ringway-enrolld serve --grpc)"};
  offer.grpc = json["grpc"].get<std::string>();
  return offer;
}

}  // namespace

const char* name_of(Proof proof) {
  for (const auto& [one, name] : k_proofs) {
    if (one == proof) return name;
  }
  return "unknown";
}

std::optional<Proof> proof_named(const std::string& name) {
  for (const auto& [proof, one] : k_proofs) {
    if (name == one) return proof;
  }
  return std::nullopt;
}

Result<std::optional<EnrollmentOffer>> fetch_offer(const HttpsSettings& https,
                                                   const ConfigurationServer& server) {
  HttpsRequest request;
  request.url = offer_url(server.url);
  request.connect_host = server.connect_host;
  request.connect_port = server.connect_port;
  request.headers.push_back("Accept: application/json");
  request.max_answer_size_bytes = k_max_offer_size_bytes;
  const auto answer = ask_https(https, request);
  if (!answer) return answer.error();
  if (answer->status == 404) return std::optional<EnrollmentOffer>();
  if (answer->status != 200)
    return Failure{request.url + ": the server answered with status " + std::to_string(answer->status)};
  auto offer = read_offer(answer->body);
  if (!offer) return Failure{request.url + ": " + offer.error().reason};
  return std::optional<EnrollmentOffer>(*std::move(offer));
}

}  // namespace ringway::services
