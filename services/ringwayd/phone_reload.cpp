#include "services/ringwayd/phone_reload.hpp"

#include <optional>
#include <utility>

#include "services/ringwayd/phone_settings.hpp"

namespace ringway::services {
namespace {

void tell_refusal(EventLog& log, const std::string& peer, const std::string& reason) {
  log.error(peer, "passwords and certificates of phones stay as they were", {{"reason", reason}});
}

}  // namespace

void reload_phones(const Settings& settings, const PeerOfPhones& of,
                   const std::shared_ptr<actors::Peer>& peer, EventLog& log) {
  if (settings.sip_listen.empty()) return log.info(of.name, "nothing to read again: no phones are served");
  Settings read = settings;
  read.sip_presence
      .clear();  // that file is read at the start only: what is wrong with it keeps no password back
  auto phones = load_phones(read, of.number, of.overlay, of.users);
  if (!phones) return tell_refusal(log, of.name, phones.error().reason);
  const std::size_t users = phones->settings->accounts.size();
  peer->use_phones(std::move(phones->settings->accounts), [&log, name = of.name, users,
                                                           warnings = std::move(phones->warnings)](
                                                              const std::optional<std::string>& refusal) {
    if (refusal) return tell_refusal(log, name, *refusal);
    for (const auto& warning : warnings) log.warn(name, warning);
    log.info(name, "passwords and certificates of phones were read again", {{"users", users}});
  });
}

}  // namespace ringway::services
