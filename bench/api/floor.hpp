// The floor below the API's figures: a server with the same contract and nothing behind it. It answers every
// call at once, in the handler, so what it costs is gRPC and Protocol Buffers alone.
#pragma once

#include <cstddef>
#include <string>

namespace ringway::bench {

// Serves at the address ("unix:PATH" or "HOST:PORT") until the process is ended; returns only when it cannot.
void serve_floor(const std::string& address, std::size_t value_bytes);

}  // namespace ringway::bench
