// Turns what a peer says of itself, asked again and again, into events: joined, neighbours changed, phase
// changed, values older than before.
#pragma once

#include <spdlog/common.h>

#include <string>
#include <vector>

#include "actors/peer.hpp"
#include "services/ringwayd/event_log.hpp"

namespace ringway::services {

class Watcher {
 public:
  struct Event {
    std::string name;
    EventLog::Fields fields;
    int level = spdlog::level::info;
  };

  // What has changed since the last time.
  std::vector<Event> observe(const actors::PeerStatus& status);
  bool joined() const { return joined_; }

 private:
  std::string phase_;
  bool joined_ = false;
  std::vector<NodeId> predecessors_;
  std::vector<NodeId> successors_;
  std::uint64_t bad_signatures_ = 0;
  std::uint64_t next_rollbacks_ = 1;  // to be told of
};

}  // namespace ringway::services
