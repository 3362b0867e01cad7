// What ringwayd's settings say of the relay, made into what actors::Peer takes: users, secrets and the
// certificate are read from their files, at the start and when a signal says so.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "actors/peer.hpp"
#include "actors/relay_settings.hpp"
#include "reload/result.hpp"
#include "services/log/event_log.hpp"
#include "services/ringwayd/settings.hpp"

namespace ringway::services {

inline constexpr std::size_t k_max_relay_users = 10'000;  // of --relay-static-user

// Lines `name:password`; what is behind the first colon is the password. Lines that begin with # are
// comments.
Result<std::map<std::string, std::string>> parse_relay_users(std::string_view text);
// A secret in each line; lines that begin with # are comments.
Result<std::vector<std::string>> parse_relay_secrets(std::string_view text);

struct LoadedSecrets {
  actors::RelaySecrets secrets;
  std::vector<std::string> warnings;
};
Result<LoadedSecrets> load_relay_secrets(const RelayOptions& options);

struct RelayOfPeer {
  std::shared_ptr<actors::RelaySettings> settings;  // null: nothing is relayed
  std::vector<std::string> warnings;
};
// Of peer `index` of the process.
Result<RelayOfPeer> load_relay(const Settings& settings, std::size_t index, const std::string& overlay);

// What SIGHUP does for a relay. All of it or nothing; one line of the log says which. `log` is there as long
// as the peer.
void reload_relay(const RelayOptions& options, const std::string& name,
                  const std::shared_ptr<actors::Peer>& peer, EventLog& log);

}  // namespace ringway::services
