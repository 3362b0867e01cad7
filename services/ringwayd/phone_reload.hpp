// What SIGHUP does for phones: the files that the settings name (passwords, certificate and key, authorities)
// are read again. The settings themselves stay.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "actors/peer.hpp"
#include "services/log/event_log.hpp"
#include "services/ringwayd/settings.hpp"

namespace ringway::services {

struct PeerOfPhones {
  std::string name;        // in the log
  std::size_t number = 0;  // of the settings
  std::string overlay;
  std::vector<std::string> users;  // that it has credentials of, its own first
};

// All of it or nothing; one line of the log says which, when it is known. `log` is there as long as the peer.
void reload_phones(const Settings& settings, const PeerOfPhones& of,
                   const std::shared_ptr<actors::Peer>& peer, EventLog& log);

}  // namespace ringway::services
