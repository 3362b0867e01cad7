// The file descriptors of the process, and what is left of them for a relay: whoever connects to a relay
// takes one without a password, so that links, the store and allocations have to have theirs before.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "reload/result.hpp"
#include "services/ringwayd/settings.hpp"

namespace ringway::services {

// Of the process: log, APIs and their callers, threads.
inline constexpr std::size_t k_process_descriptors = 256;
// Of each peer: the store's files, and handshakes of links that are no links yet.
inline constexpr std::size_t k_store_descriptors = 320;
inline constexpr std::size_t k_handshake_descriptors = 256;
// What a relay thread has besides, and the fewest clients over streams that are worth a thread.
inline constexpr std::size_t k_thread_descriptors = 8;
inline constexpr std::size_t k_least_streams_of_thread = 64;
inline constexpr std::size_t k_least_allocations = 64;

// The soft limit becomes the hard one. Answers how many the process may have now.
std::uint64_t raise_descriptor_limit();

// Sets the bounds of each peer's relay so that all of them together have room in `limit`: allocations first,
// then connections. Answers what there is to be told of that, empty when there is nothing; a failure where
// what was asked for does not fit.
Result<std::string> share_descriptors(Settings& settings, std::uint64_t limit);

}  // namespace ringway::services
