// What the SIP actor of a peer stands on: sockets towards phones and other peers, the resolver, the element
// with what the store has kept for it. Made before the actors, so that wrong settings are told at the start.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/peer.hpp"
#include "actors/phone_bridge.hpp"
#include "net/app_links/app_links.hpp"
#include "net/dns/resolver.hpp"
#include "reload/data/user_signers.hpp"
#include "reload/data/value_store.hpp"
#include "reload/security/signer.hpp"
#include "reload/security/trust.hpp"

namespace ringway::actors {

struct PhoneFoundation {
  struct Ground {  // of the peer
    const security::Signer& signer;
    const data::UserSigners& users;
    const config::Configuration& configuration;
    security::TrustPtr trust;
    const data::ValueStore& store;
  };
  // Where no phones are served all members are empty. Takes the accounts out of the settings.
  static Result<PhoneFoundation> lay(net::IoPool& io, const PeerSettings& settings, const Ground& ground);

  std::vector<net::phones::PhoneListen> listening_on() const;

  std::shared_ptr<PhoneBridge> bridge;
  std::shared_ptr<net::phones::PhoneTransports> transports;
  std::shared_ptr<net::app_links::AppLinks> peer_links;
  std::shared_ptr<net::dns::Resolver> resolver;  // null: DNS is not asked
  std::shared_ptr<sip::element::Element> element;
  std::map<sip::Aor, std::string> writers;  // SipSetup::writers
  std::optional<SipKeys> new_keys;          // to be kept
  sip::element::Restarted kept_bindings;    // to be told to the actor first
  sip::registrar::Settings rules;           // SupervisorSetup::phone_rules

 private:
  Outcome<> open_sockets(net::IoPool& io, const PeerSettings& settings, const Ground& ground);
  Outcome<> make_element(const PeerSettings& settings, const Ground& ground);
};

}  // namespace ringway::actors
