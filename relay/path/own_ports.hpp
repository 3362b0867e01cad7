// Which ports of one of the relay's own addresses are relayed addresses of somebody: two users of one relay
// reach each other there, and nobody reaches what else listens on the relay's machine (TURN-11). Set by the
// thread that opens a socket, asked by all for each packet to one of these addresses.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

namespace ringway::relay {

class OwnPorts {
 public:
  void set(std::uint16_t port) { word(port).fetch_or(bit(port), std::memory_order_relaxed); }
  void clear(std::uint16_t port) { word(port).fetch_and(~bit(port), std::memory_order_relaxed); }
  bool has(std::uint16_t port) const {
    return (words_[port / 64U].load(std::memory_order_relaxed) & bit(port)) != 0;
  }

 private:
  static std::uint64_t bit(std::uint16_t port) { return std::uint64_t{1} << port % 64U; }
  std::atomic<std::uint64_t>& word(std::uint16_t port) { return words_[port / 64U]; }

  std::array<std::atomic<std::uint64_t>, 1024> words_{};
};

}  // namespace ringway::relay
