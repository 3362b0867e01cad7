// Configuration documents for tests: parts put together as text, so that any of them can be wrong.
#pragma once

#include <string>

#include "reload/config/configuration.hpp"
#include "tests/support/test_authority.hpp"

namespace ringway::config {

inline constexpr std::string_view k_overlay_open =
    "<overlay xmlns=\"urn:ietf:params:xml:ns:p2p:config-base\""
    " xmlns:chord=\"urn:ietf:params:xml:ns:p2p:config-chord\" xmlns:ext=\"urn:example:ext\">";

// One authority for all tests of a program: making keys takes time.
const test::TestAuthority& test_authority();
std::string root_element();  // <root-cert>…</root-cert>
inline constexpr std::string_view k_no_ice_element = "<no-ice>true</no-ice>";

// <configuration …>root-cert, no-ice unless `content` has its own, and `content`</configuration>
std::string configuration_element(
    const std::string& content,
    const std::string& attributes = "instance-name=\"overlay.example.org\" sequence=\"22\"");
std::string document_of(const std::string& elements);

Result<ConfigurationPtr> parse(const std::string& document, std::string_view instance_name = "");
// The document with one configuration of this content.
Result<ConfigurationPtr> parse_content(const std::string& content);
std::string refusal_of_content(const std::string& content);  // empty when it is accepted

}  // namespace ringway::config
