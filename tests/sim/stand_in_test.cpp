// The stand-in for cryptography: whatever is forged or changed is refused, as with the real one, and an
// overlay lives on it.
#include "sim/stand_in.hpp"

#include <gtest/gtest.h>

#include "tests/sim/overlay.hpp"

namespace ringway::sim {
namespace {

constexpr WallMs k_now_ms = 1'800'000'000'000;

struct StandInTest : testing::Test {
  std::shared_ptr<const security::Signer> signer(std::uint8_t node) const {
    return scheme->issue("user@example.org", node_at(node), std::chrono::hours{1});
  }
  security::TrustPtr trust(std::string overlay = "overlay.example.org") const {
    return *security::Trust::make({std::move(overlay), {}, {}, {}, scheme});
  }
  static Bytes text(const std::string& of) { return copy_of(view_of(of)); }

  std::shared_ptr<const StandIn> scheme = std::make_shared<const StandIn>("overlay.example.org", k_now_ms, 1);
};

TEST_F(StandInTest, ACertificateIsReadAsItWasIssued) {
  const auto issued = signer(7)->certificate();
  const auto read = scheme->read_certificate(issued->der());
  ASSERT_TRUE(read);
  EXPECT_EQ((*read)->node_ids(), issued->node_ids());
  EXPECT_EQ((*read)->user_name(), "user@example.org");
  EXPECT_EQ((*read)->not_after_ms(), k_now_ms + 3'600'000);
  EXPECT_TRUE(equal((*read)->sha256(), issued->sha256()));
  EXPECT_TRUE(trust()->check(**read, {}, k_now_ms));
  const auto apart = security::split_certificates(issued->der());
  ASSERT_EQ(apart.size(), 1U);
  EXPECT_EQ(apart[0].size(), issued->der().size());
}

TEST_F(StandInTest, AForgedCertificateIsRefused) {
  const auto issued = signer(7)->certificate();
  for (const std::size_t at : {std::size_t{4}, std::size_t{20}, std::size_t{40}, issued->der().size() - 1}) {
    Bytes changed = copy_of(issued->der());
    changed[at] ^= 1;
    const auto read = scheme->read_certificate(SharedBytes(changed));
    EXPECT_FALSE(read && trust()->check(**read, {}, k_now_ms)) << "byte " << at;
  }
  EXPECT_FALSE(scheme->read_certificate(SharedBytes(text("short"))));
  const auto foreign = std::make_shared<const StandIn>("overlay.example.org", k_now_ms, 2);
  const auto other = foreign->issue("user@example.org", node_at(7), std::chrono::hours{1});
  EXPECT_FALSE(trust()->check(*other->certificate(), {}, k_now_ms)) << "of another simulation";
}

TEST_F(StandInTest, TimeOverlayAndBadNodesCountAsEver) {
  const auto certificate = signer(7)->certificate();
  EXPECT_FALSE(trust()->check(*certificate, {}, k_now_ms + 3'600'001));
  EXPECT_FALSE(trust("other.example.org")->check(*certificate, {}, k_now_ms));
  const auto shut = *security::Trust::make({"overlay.example.org", {}, {}, {node_at(7)}, scheme});
  EXPECT_FALSE(shut->check(*certificate, {}, k_now_ms));
}

TEST_F(StandInTest, ASignatureIsGoodForItsSignerAndItsBytesOnly) {
  const auto mine = signer(7), other = signer(8);
  const auto signature = mine->sign(text("hello"));
  Bytes covered = text("hello");
  append(covered, signature.identity_wire);
  EXPECT_TRUE(scheme->signature_good(signature, *mine->certificate(), covered));
  EXPECT_FALSE(scheme->signature_good(signature, *other->certificate(), covered));
  covered[0] ^= 1;
  EXPECT_FALSE(scheme->signature_good(signature, *mine->certificate(), covered));
  EXPECT_EQ(signature.value.size(), k_stand_in_signature_bytes);
}

TEST_F(StandInTest, WithoutTheSchemeNothingOfItIsTaken) {
  const auto certificate = signer(7)->certificate();
  EXPECT_FALSE(security::Certificate::parse(certificate->der()));
  const Authority authority("overlay.example.org", k_now_ms);
  const auto real = *security::Trust::make({"overlay.example.org", {authority.root_der()}, {}, {}, nullptr});
  EXPECT_FALSE(real->check(*certificate, {}, k_now_ms));
}

// ---- whole overlays

SimulationSettings stand_in_settings(std::uint64_t seed) {
  auto settings = settings_of(seed);
  settings.cryptography = Cryptography::stand_in;
  return settings;
}

TEST(StandInOverlay, PutsFindsAndCopiesAgainAfterARestart) {
  Simulation simulation(stand_in_settings(75));
  RINGWAY_SEED(simulation);
  ASSERT_TRUE(simulation.grow(10));
  ASSERT_TRUE(forms_ring(simulation));
  Values values(simulation);
  ASSERT_TRUE(values.put(40));
  EXPECT_TRUE(values.placed_as_the_rfc_says());
  // What comes from the disk again needs its writers' certificates from there.
  for (const PeerNumber peer : {2U, 5U}) simulation.restart(peer);
  ASSERT_TRUE(forms_ring(simulation));
  simulation.run_for(Duration{210'000});
  EXPECT_TRUE(values.all_found_from_everywhere());
  EXPECT_TRUE(values.placed_as_the_rfc_says());
}

// Whoever changes what it passes on gets nothing through.
TEST(StandInOverlay, WhatIsChangedOnTheWayIsRefused) {
  Simulation simulation(stand_in_settings(76));
  RINGWAY_SEED(simulation);
  ASSERT_TRUE(simulation.grow(4));
  ASSERT_TRUE(forms_ring(simulation));
  simulation.network().tamper(1, [](PeerNumber, const SharedBytes& message) {
    Bytes changed = copy_of(message);
    changed.back() ^= 1;
    return std::vector<SharedBytes>{SharedBytes(std::move(changed))};
  });
  data::PutCall put;
  put.key = "shared/changed";
  put.value = {1};
  std::size_t refused_before = 0, refused_after = 0;
  for (const PeerNumber peer : simulation.living())
    refused_before += simulation.peer(peer).status().bad_signatures;
  (void)simulation.call(1, put);
  for (const PeerNumber peer : simulation.living())
    refused_after += simulation.peer(peer).status().bad_signatures;
  EXPECT_GT(refused_after, refused_before);
}

TEST(StandInOverlay, TheSameSeedIsTheSameRun) {
  const auto story = [](std::uint64_t seed) {
    Simulation simulation(stand_in_settings(seed));
    if (!simulation.grow(5)) return std::uint64_t{0};
    Values values(simulation);
    (void)values.put(5);
    return simulation.trace_hash();
  };
  EXPECT_EQ(story(3), story(3));
  EXPECT_NE(story(3), story(4));
}

}  // namespace
}  // namespace ringway::sim
