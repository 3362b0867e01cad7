// The channels of this peer: for each application and node, the connections that carry them, the AppAttaches
// of ours that are to lead to one, and the connections that we are making for an AppAttach of somebody else
// (RFC 6940 §6.5.2). What is done with them is in channels.cpp.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "reload/routing/messages.hpp"

namespace ringway::routing {

// Of AppAttaches of ours under way, and of connections that those of others have made us open.
inline constexpr std::size_t k_max_channel_opens = 64;
inline constexpr std::size_t k_max_channel_attempts = 64;

struct ChannelTable {
  using Key = std::pair<Application, NodeId>;

  struct Connection {
    LinkId link;
    security::CertificatePtr certificate;
    MonoTime up_at;
    std::optional<MonoTime> suspected_at;
  };
  struct Channel {
    std::vector<Connection> connections;  // we send on the first one, and read from all
    bool held = false;                    // its owner has opened it and not let go
    bool told = false;                    // its owner knows that it stands
    MonoTime used_at;                     // the latest message of either end, or when it came up
    MonoTime sent_at;
  };
  // An AppAttach of ours, for an owner who waits for the channel.
  struct Open {
    TransactionId transaction = 0;
    std::optional<MonoTime> link_deadline;  // it has been answered: so long its connection may take
  };

  std::map<Key, Channel> channels;
  std::map<Key, Open> opens;
  std::map<std::uint64_t, Key> attempts;  // OpenLinks, by their number
  std::map<LinkId, Key> by_link;
  std::optional<MonoTime> check_at;

  std::size_t size() const { return channels.size() + opens.size() + attempts.size(); }
  void check_by(MonoTime at) { check_at = check_at ? std::min(*check_at, at) : at; }
};

}  // namespace ringway::routing
