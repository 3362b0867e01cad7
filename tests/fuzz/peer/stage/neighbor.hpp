// A neighbour that the script plays: the far end of links, and what the peer under test has sent over them.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <vector>

#include "sim/network.hpp"
#include "tests/fuzz/peer/stage/cast.hpp"

namespace ringway::fuzz {

class Neighbor : public sim::Endpoint {
 public:
  // A request that has come to this neighbour; the oldest are forgotten.
  struct Asked {
    link::LinkId link;
    wire::MessageCode code = wire::MessageCode::invalid;
    TransactionId transaction_id = 0;
    wire::DestinationList via_list;
  };
  static constexpr std::size_t k_max_asked = 16;

  // `inspect` sees every message that the peer under test sends to this neighbour.
  Neighbor(const Role& role, sim::PeerNumber number, std::function<void(const SharedBytes&)> inspect)
      : role_(role), number_(number), inspect_(std::move(inspect)) {}

  const Role& role() const { return role_; }
  const std::vector<link::LinkId>& links() const { return links_; }
  const std::deque<Asked>& asked() const { return asked_; }

  sim::PeerNumber number() const override { return number_; }
  wire::IpAddressPort address() const override { return role_.address; }
  const security::CertificatePtr& certificate() const override { return role_.signer->certificate(); }
  bool trusts(const security::Certificate&) const override { return true; }
  void link_event(routing::Input event) override;

 private:
  void received(const routing::LinkMessage& message);

  const Role& role_;
  sim::PeerNumber number_;
  std::function<void(const SharedBytes&)> inspect_;
  std::vector<link::LinkId> links_;
  std::deque<Asked> asked_;
};

}  // namespace ringway::fuzz
