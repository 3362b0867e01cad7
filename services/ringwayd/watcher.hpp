// Turns what a peer says of itself, asked again and again, into events: joined, neighbours changed, all
// of them lost, phase changed, values older than before, what expires.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "actors/peer.hpp"
#include "services/api/gate.hpp"
#include "services/log/event_log.hpp"
#include "services/ringwayd/validity_watch.hpp"
#include "services/upkeep/plan.hpp"

namespace ringway::services {

class Watcher {
 public:
  // What has changed since the last time.
  std::vector<EventLog::Event> observe(const actors::PeerStatus& status, WallMs now_ms,
                                       const UpkeepReport& upkeep = {});
  bool joined() const { return joined_; }
  // True once when it has lost all its neighbours, or does not get in after its start: perhaps a document
  // that it has not seen shuts it out.
  bool wants_news() const { return wants_news_; }

 private:
  std::string phase_;
  bool joined_ = false;
  bool in_company_ = false;
  bool wants_news_ = false;
  bool waits_to_join_ = true;  // for the first time, and not for long yet
  std::optional<WallMs> first_ms_;
  std::vector<NodeId> predecessors_;
  std::vector<NodeId> successors_;
  std::uint64_t bad_signatures_ = 0;
  std::uint64_t next_rollbacks_ = 1;  // to be told of
  ValidityWatch document_{k_document_words};
  ValidityWatch certificate_{k_certificate_words};
  ValidityWatch further_users_{k_further_user_words};
};

// Calls that the API has refused: told each time their number has doubled, so that who is refused again and
// again does not fill the log.
class RefusalWatch {
 public:
  std::optional<EventLog::Event> observe(const Refusals::Count& count);

 private:
  std::uint64_t next_ = 1;  // to be told of
};

}  // namespace ringway::services
