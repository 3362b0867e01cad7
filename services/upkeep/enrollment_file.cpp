#include "services/upkeep/enrollment_file.hpp"

#include <nlohmann/json.hpp>

#include "services/enrolld/folder/files.hpp"

namespace ringway::services {
namespace {

using Json = nlohmann::json;

// A member that is there must be a text; others are for programs to come.
bool take(const Json& object, const char* name, std::string& into) {
  const auto found = object.find(name);
  if (found == object.end() || found->is_null()) return true;
  if (!found->is_string()) return false;
  into = found->get<std::string>();
  return true;
}

}  // namespace

ConfigurationSource configuration_source(const EnrollmentServer& server, const std::string& overlay_name) {
  return {overlay_name, server.found_by_name ? "" : server.configuration_url};
}

Result<std::optional<EnrollmentServer>> read_enrollment_file(const std::string& folder) {
  const std::string path = folder + "/enrollment.json";
  if (!enrolld::exists(path)) return std::optional<EnrollmentServer>{};
  const auto text = enrolld::read_file(path);
  if (!text) return text.error();
  const Json object = Json::parse(*text, nullptr, false);
  if (!object.is_object()) return Failure{path + " is no JSON object"};
  EnrollmentServer server;
  if (!take(object, "configuration_url", server.configuration_url) || !take(object, "grpc", server.grpc) ||
      !take(object, "ca_file", server.ca_file))
    return Failure{path + ": configuration_url, grpc and ca_file are texts"};
  if (!server.configuration_url.empty() && !server.configuration_url.starts_with("https://"))
    return Failure{path + ": configuration_url is not https"};
  if (const auto by_name = object.find("found_by_name"); by_name != object.end()) {
    if (!by_name->is_boolean()) return Failure{path + ": found_by_name is true or false"};
    server.found_by_name = by_name->get<bool>();
  }
  return std::optional(std::move(server));
}

}  // namespace ringway::services
