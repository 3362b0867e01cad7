// How many replicas an overlay keeps of each value: two by RFC 6940 §10.4. A document may ask for more, in a
// namespace of our own (docs/extensions.md).
#pragma once

#include <cstddef>
#include <string_view>

namespace ringway::config {

inline constexpr std::string_view k_replication_namespace = "urn:ringway:params:xml:ns:replication";
inline constexpr std::size_t k_default_replicas = 2;
inline constexpr std::size_t k_most_replicas = 7;

}  // namespace ringway::config
