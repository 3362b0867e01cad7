// A network of peers that only write down what happens to them.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "sim/authority.hpp"
#include "sim/network.hpp"

namespace ringway::sim {

inline NodeId witness_node(std::uint8_t last) {
  NodeId id;
  id.bytes[0] = 0x10;
  id.bytes[15] = last;
  return id;
}

class Witness : public Endpoint {
 public:
  Witness(PeerNumber number, security::CertificatePtr certificate)
      : number_(number), certificate_(std::move(certificate)) {
    address_.type = wire::AddressType::ipv4;
    address_.address = {10, 0, 0, static_cast<std::uint8_t>(number)};
    address_.port = 6084;
  }
  PeerNumber number() const override { return number_; }
  wire::IpAddressPort address() const override { return address_; }
  const security::CertificatePtr& certificate() const override { return certificate_; }
  bool trusts(const security::Certificate&) const override { return true; }
  void link_event(routing::Input event) override {
    if (const auto* up = std::get_if<routing::LinkUp>(&event)) ups.push_back(*up);
    if (const auto* down = std::get_if<routing::LinkDown>(&event)) downs.push_back(*down);
    if (const auto* suspected = std::get_if<routing::LinkSuspected>(&event))
      suspicions.push_back(suspected->suspected);
    if (const auto* message = std::get_if<routing::LinkMessage>(&event))
      texts.emplace_back(text_of(message->bytes));
  }

  std::vector<routing::LinkUp> ups;
  std::vector<routing::LinkDown> downs;
  std::vector<bool> suspicions;
  std::vector<std::string> texts;

 private:
  PeerNumber number_;
  security::CertificatePtr certificate_;
  wire::IpAddressPort address_;
};

struct WitnessedNetwork : testing::Test {
  explicit WitnessedNetwork(std::uint64_t seed = 7) : network(clock, trace, {}, seed) {
    for (std::uint8_t i = 0; i < 3; ++i) {
      peers.push_back(std::make_shared<Witness>(i, certificate(i)));
      network.attach(peers.back());
    }
  }
  // Keys take time to make: one set for all tests.
  static security::CertificatePtr certificate(std::uint8_t number) {
    static const Authority authority("overlay.example.org", 1'800'000'000'000);
    static std::map<std::uint8_t, security::CertificatePtr> made;
    auto& certificate = made[number];
    if (!certificate)
      certificate = authority.issue("u@example.org", witness_node(number)).signer()->certificate();
    return certificate;
  }

  void run_for(std::int64_t us) {
    const std::int64_t end = clock.now_us() + us;
    while (clock.run_next(end)) {
    }
  }
  void open(PeerNumber from, PeerNumber to, std::optional<NodeId> expected = std::nullopt) {
    network.open(from, {.attempt = ++attempts, .addresses = {peers[to]->address()}, .expected = expected});
  }
  // A link from 0 to 1.
  void link_up() {
    open(0, 1, witness_node(1));
    run_for(100'000);
    ASSERT_EQ(peers[0]->ups.size(), 1U);
    ASSERT_EQ(peers[1]->ups.size(), 1U);
  }
  void send(PeerNumber from, const std::string& text) {
    network.transmit(from, {peers[from]->ups.back().link, copy_of(view_of(text)), {}});
  }

  VirtualClock clock{1'800'000'000'000};
  Trace trace;
  Network network;
  std::vector<std::shared_ptr<Witness>> peers;
  std::uint64_t attempts = 0;
};

}  // namespace ringway::sim
