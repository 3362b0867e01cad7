// The XML namespaces of the configuration document (RFC 6940 §11.1).
#pragma once

#include <string_view>

namespace ringway::config {

inline constexpr std::string_view k_base_namespace = "urn:ietf:params:xml:ns:p2p:config-base";
inline constexpr std::string_view k_chord_namespace = "urn:ietf:params:xml:ns:p2p:config-chord";

}  // namespace ringway::config
