// Turns what a peer says of itself, asked again and again, into events: joined, neighbours changed, all
// of them lost, no peer found, phase changed, values older than before, what is
// damaged, what expires.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "actors/peer.hpp"
#include "services/api/gate.hpp"
#include "services/log/event_log.hpp"
#include "services/ringwayd/validity_watch.hpp"
#include "services/upkeep/plan.hpp"

namespace ringway::services {

class Watcher {
 public:
  // The peer is to find others: at these addresses and those of its document. Without this it may begin a
  // ring.
  void looks_for_peers_at(std::vector<wire::IpAddressPort> given) { given_ = std::move(given); }
  // What has changed since the last time.
  std::vector<EventLog::Event> observe(const actors::PeerStatus& status, WallMs now_ms,
                                       const UpkeepReport& upkeep = {});
  bool joined() const { return joined_; }
  // True once when it has lost all its neighbours, or does not get in after its start: perhaps a document
  // that it has not seen shuts it out.
  bool wants_news() const { return wants_news_; }

 private:
  std::optional<EventLog::Event> lonely(const actors::PeerStatus& status, WallMs now_ms);

  std::optional<std::vector<wire::IpAddressPort>> given_;
  std::string phase_;
  bool joined_ = false;
  bool in_company_ = false;
  bool wants_news_ = false;
  bool lonely_told_ = false;
  bool waits_to_join_ = true;  // for the first time, and not for long yet
  std::optional<WallMs> first_ms_;
  std::optional<WallMs> lonely_since_ms_;  // it has found no peer; since it was told of, then
  std::vector<NodeId> predecessors_;
  std::vector<NodeId> successors_;
  std::uint64_t bad_signatures_ = 0;
  std::uint64_t next_rollbacks_ = 1;  // to be told of
  std::uint64_t next_damaged_ = 1;
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
