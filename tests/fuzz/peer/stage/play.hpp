// Runs one script: bytes that say which neighbour does what, and when. Any bytes are a script.
#pragma once

#include "reload/bytes.hpp"

namespace ringway::fuzz {

// The first byte of a script: the sum of these.
inline constexpr std::uint8_t k_compress_via_lists = 1;
inline constexpr std::uint8_t k_peer_joins = 2;
inline constexpr std::uint8_t k_large_messages = 4;

// Then steps. The low four bits of a step's first byte say what happens, the next two who does it, the
// highest whether a short while passes afterwards.
enum class Step : std::uint8_t {
  connect,
  hang_up,
  silence,
  raw,     // a message whose bytes are bent, the signature with them
  send,    // a message whose header and body are bent, signed afterwards
  answer,  // the same as the answer to what the peer has asked
  wait,
  call,
  ping,
  leave,
  count,
};
inline constexpr unsigned k_who_shift = 4;
inline constexpr std::uint8_t k_then_pause = 0x80;

void play(BytesView bytes);

}  // namespace ringway::fuzz
