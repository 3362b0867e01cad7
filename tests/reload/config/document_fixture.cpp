#include "tests/reload/config/document_fixture.hpp"

#include "reload/config/base64.hpp"

namespace ringway::config {

const test::TestAuthority& test_authority() {
  static const test::TestAuthority authority;
  return authority;
}

std::string root_element() { return "<root-cert>" + to_base64(test_authority().root_der()) + "</root-cert>"; }

std::string configuration_element(const std::string& content, const std::string& attributes) {
  const bool has_no_ice = content.find("<no-ice") != std::string::npos;
  return "<configuration " + attributes + ">" + root_element() +
         (has_no_ice ? "" : std::string(k_no_ice_element)) + content + "</configuration>";
}

std::string document_of(const std::string& elements) {
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" + std::string(k_overlay_open) + elements +
         "</overlay>\n";
}

Result<ConfigurationPtr> parse(const std::string& document, std::string_view instance_name) {
  return parse_configuration(SharedBytes(copy_of(view_of(document))), instance_name);
}

Result<ConfigurationPtr> parse_content(const std::string& content) {
  return parse(document_of(configuration_element(content)));
}

std::string refusal_of_content(const std::string& content) {
  const auto parsed = parse_content(content);
  return parsed ? "" : parsed.error().reason;
}

}  // namespace ringway::config
