// How long the overlay's document may become: a peer gets it in one message (RFC 6940 §6.5.4), and one that
// does not fit into a message shuts nobody out any more.
#pragma once

#include <cstddef>

#include "reload/config/configuration.hpp"

namespace ringway::enrolld {

// What a message needs besides the document: header, certificates, signature.
inline constexpr std::size_t k_message_overhead_bytes = 2048;
// <bad-node>, 32 digits, </bad-node> and the white space between; or a little less.
inline constexpr std::size_t k_bad_node_bytes = 64;

// The longest document that can be brought to the peers.
std::size_t most_document_bytes(const config::Configuration& document);
// Three quarters of that: the rest is for what operators revoke.
bool is_nearly_full(std::size_t bytes, const config::Configuration& document);

}  // namespace ringway::enrolld
