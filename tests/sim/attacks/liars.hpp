// What the attackers of these tests have: their own key and certificate, and every message that goes through
// their hands. What they send is made by hand.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "reload/data/resource_names.hpp"
#include "reload/wire/storage_bodies.hpp"
#include "sim/signed_messages.hpp"
#include "tests/sim/overlay.hpp"

namespace ringway::sim {

// One message taken apart: who signed it is not checked.
wire::Message taken_apart(const SharedBytes& message);
// The same payload behind another header: nothing in a header is signed.
SharedBytes with_header(const SharedBytes& message,
                        const std::function<void(wire::ForwardingHeader&)>& change);
// An overlay of so many peers, some of which are going to lie.
class Attacks : public testing::Test {
 protected:
  explicit Attacks(std::size_t peers = 16, std::uint64_t seed = 701);

  // A Fetch or Store that has to pass through others: `reader` has no link to whoever is responsible.
  struct Way {
    PeerNumber reader = 0;
    PeerNumber responsible = 0;
    std::string key;
  };
  // Of a key that belongs to `owner` ("user3@example.org/...").
  std::optional<Way> way_through_others(PeerNumber owner);
  // A key of that owner for which this peer is responsible, or any but these.
  std::string key_at(PeerNumber responsible, PeerNumber owner);
  std::string user_of(PeerNumber peer) const { return simulation.peer(peer).certificate()->user_name(); }

  data::CallResult put(PeerNumber writer, const std::string& key, std::string_view value,
                       std::uint32_t lifetime_s = data::k_default_lifetime_s);
  data::CallResult get(PeerNumber reader, const std::string& key);
  // "value" of the only entry, or the error's text.
  std::string read(PeerNumber reader, const std::string& key);

  // Every peer but these two does so with what it passes on for others and this says yes to.
  using Lie = std::function<std::vector<SharedBytes>(const SharedBytes& message)>;
  void on_path(const Way& way, wire::MessageCode code, Lie lie);
  void all_honest();
  // Instead of its answers with this code the peer gives others, signed by itself.
  void answers_of(PeerNumber liar, wire::MessageCode code, std::function<Bytes(const wire::Message&)> body);

  const security::Signer& signer(PeerNumber peer) const { return *simulation.peer(peer).identity().signer; }
  wire::ForwardingHeader header_to(PeerNumber to);
  // Sends that to `to` over its own link and lets it be handled.
  void send(PeerNumber from, PeerNumber to, SharedBytes message);
  // What `peer` has sent of that kind, newest last, from now on.
  std::shared_ptr<std::vector<SharedBytes>> captured_from(PeerNumber peer, wire::MessageCode code);
  routing::RoutingStatus status(PeerNumber peer) const { return simulation.peer(peer).status(); }
  data::StorageComponent::Statistics stored(PeerNumber peer) const {
    return simulation.peer(peer).storage().statistics();
  }
  bool linked(PeerNumber a, PeerNumber b) const;
  // The sum of one counter over all peers.
  std::uint64_t everywhere(std::uint64_t routing::RoutingStatus::*counter) const;

  Simulation simulation;

 private:
  TransactionId last_transaction_ = 0x5000;
};

}  // namespace ringway::sim
