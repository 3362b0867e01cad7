// The AppAttaches for connections that routing does not carry (RFC 6940 §6.5.2): which applications are
// served, what this peer has asked for, and what others have been told to expect. What is done with them is
// in app_attach.cpp.
#pragma once

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "reload/deadline.hpp"
#include "reload/routing/messages.hpp"
#include "reload/routing/remote_address.hpp"

namespace ringway::routing {

inline constexpr std::size_t k_max_served_applications = 8;
inline constexpr std::size_t k_max_app_attaches = 1024;  // of ours, not answered yet
inline constexpr std::size_t k_max_app_connects = 256;   // that others have asked for and that are being made
// So long a connection may take that another node has asked for.
inline constexpr Duration k_app_connect_wait{30'000};

struct AppAttachTable {
  // Of ours, by its token.
  struct Asked {
    std::uint16_t application = 0;
    wire::Destination last;  // who is asked
    TransactionId transaction = 0;
  };
  using Key = std::pair<std::uint16_t, NodeId>;

  std::map<std::uint16_t, std::vector<RemoteAddress>> served;
  std::map<std::uint64_t, Asked> asked;
  std::map<Key, MonoTime> connects;  // until then

  Deadline next_deadline() const {
    Deadline soonest;
    for (const auto& [key, until] : connects) soonest = sooner(soonest, until);
    return soonest;
  }
};

}  // namespace ringway::routing
