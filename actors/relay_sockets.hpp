// A relay's data path as its actor sees it: net::relay::RelayPath in a running peer.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/relay_bridge.hpp"
#include "actors/relay_certificate.hpp"
#include "actors/relay_settings.hpp"
#include "reload/result.hpp"

namespace ringway::actors {

class RelaySockets {
 public:
  virtual ~RelaySockets() = default;
  virtual void start() = 0;
  // Waits for what the threads are doing.
  virtual void stop() = 0;
  virtual void perform(relay::Output output) = 0;
  // So many messages from there have been looked at.
  virtual void handled(const relay::ClientPath& from, std::size_t messages) = 0;
  virtual RelayTraffic traffic() const = 0;
  virtual std::vector<stun::IpAddress> own_addresses() const = 0;  // relay::Settings::own_addresses
  virtual std::vector<std::string> listening_on() const = 0;       // RelayReport::listening_on
  // By UDP, at an address that it relays from, as the world calls it.
  virtual std::optional<wire::IpAddressPort> reached_at() const = 0;
};

// What the relay actor stands on: it listens, and nothing comes before start(). Made before the actors, so
// that wrong settings are told at the start.
struct RelayFoundation {
  static Result<RelayFoundation> lay(const RelaySettings& settings);

  std::shared_ptr<RelayBridge> bridge;
  std::shared_ptr<RelayCertificate> certificate;  // null: no TLS
  std::shared_ptr<RelaySockets> sockets;          // null: this peer relays nothing
};

}  // namespace ringway::actors
