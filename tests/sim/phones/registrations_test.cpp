// Registrations on whole simulated overlays: stored, refreshed, ended, resolved.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sip-usage/lookup/resolution.hpp"
#include "sip-usage/registration/sip_registration.hpp"
#include "sip-usage/registration/storing_peer.hpp"
#include "tests/sim/overlay.hpp"

namespace ringway::sim {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

SimulationSettings settings_with_phones(std::uint64_t seed) {
  auto settings = settings_of(seed);
  settings.storage.usage_checks = sip::usage_checks();
  settings.configure = [](config::Configuration& configuration) {
    auto kind = *config::iana_kind(config::k_sip_registration);
    kind.max_count = 32;
    kind.max_size_bytes = 1024;
    configuration.kinds.add(kind);
  };
  return settings;
}

// Twelve peers; the last two are devices of bob, and one is sam's.
class Registrations : public ::testing::Test {
 protected:
  explicit Registrations(std::uint64_t seed = 61) : simulation(settings_with_phones(seed)) {}

  void SetUp() override {
    ASSERT_TRUE(simulation.grow(9));
    for (const char* user : {k_sam, k_bob, k_bob}) {
      const PeerNumber peer = simulation.add_peer(std::nullopt, std::chrono::hours{1000}, user);
      simulation.start(peer);
      ASSERT_TRUE(simulation.run_until([&] { return simulation.is_one_ring(); }, Duration{60'000}));
    }
    ASSERT_TRUE(forms_ring(simulation));
  }

  NodeId node_of(PeerNumber peer) const { return simulation.peer(peer).node_id(); }

  data::CallResult store(PeerNumber by, const std::string& aor, Bytes value, std::uint32_t lifetime_s,
                         bool keep) {
    data::PutCall call;
    call.key = aor;
    call.kind = config::k_sip_registration;
    call.value = std::move(value);
    call.lifetime_s = lifetime_s;
    call.keep = keep;
    return simulation.call(by, call);
  }
  ::testing::AssertionResult register_at(PeerNumber by, const std::string& aor,
                                         const sip::SipRegistration& value, std::uint32_t lifetime_s = 3600,
                                         bool keep = false) {
    const auto result = store(by, aor, wire::encode(value), lifetime_s, keep);
    if (std::holds_alternative<data::PutResult>(result)) return ::testing::AssertionSuccess();
    return ::testing::AssertionFailure() << describe(result);
  }
  ::testing::AssertionResult unregister(PeerNumber by, const std::string& aor) {
    data::RemoveCall call;
    call.key = aor;
    call.kind = config::k_sip_registration;
    const auto result = simulation.call(by, call);
    if (std::holds_alternative<data::PutResult>(result)) return ::testing::AssertionSuccess();
    return ::testing::AssertionFailure() << describe(result);
  }

  std::vector<sip::FetchedRegistration> fetch(PeerNumber by, const std::string& aor) {
    data::GetCall call;
    call.key = aor;
    call.kind = config::k_sip_registration;
    const auto result = simulation.call(by, call);
    std::vector<sip::FetchedRegistration> out;
    if (const auto* got = std::get_if<data::GetResult>(&result)) {
      for (const auto& entry : got->entries)
        out.push_back({entry.writer_node, entry.value, entry.lifetime_s});
    }
    return out;
  }
  sip::ResolutionResult resolve(PeerNumber by, const std::string& uri) {
    sip::ResolutionSettings settings;
    settings.overlay_name = simulation.configuration()->instance_name;
    settings.policy = sip::LookupPolicy::overlay_only;
    sip::Resolution resolution(settings, simulation.now().mono, uri);
    while (!resolution.done()) {
      for (const auto& output : resolution.take_outputs()) {
        if (const auto* ask = std::get_if<sip::FetchRegistrations>(&output)) {
          ++fetches;
          resolution.fetched(ask->number, fetch(by, ask->aor.name()));
        }
      }
    }
    return resolution.result();
  }
  std::vector<NodeId> called(PeerNumber by, const std::string& uri) {
    std::vector<NodeId> out;
    const auto result = resolve(by, uri);
    if (!result) return out;
    for (const auto& device : result->devices)
      out.push_back(std::get<wire::NodeDestination>(device.route.back()).node);
    std::sort(out.begin(), out.end());
    return out;
  }
  std::vector<NodeId> both() const {
    std::vector<NodeId> out = {node_of(k_bobs_phone), node_of(k_bobs_tablet)};
    std::sort(out.begin(), out.end());
    return out;
  }

  static constexpr const char* k_bob = "bob@overlay.example.org";
  static constexpr const char* k_sam = "sam@overlay.example.org";
  static constexpr PeerNumber k_sams_phone = 9;
  static constexpr PeerNumber k_bobs_phone = 10;
  static constexpr PeerNumber k_bobs_tablet = 11;
  Simulation simulation;
  std::size_t fetches = 0;
};

TEST_F(Registrations, OfAllDevicesAreFoundFromEverywhere) {
  // Shows: SIP-03, SIP-14.
  for (const PeerNumber device : {k_bobs_phone, k_bobs_tablet})
    ASSERT_TRUE(register_at(device, k_bob, sip::registration_of_node(node_of(device), "")));
  for (PeerNumber peer = 0; peer < simulation.size(); ++peer)
    EXPECT_EQ(called(peer, "sip:bob@overlay.example.org"), both());
  ASSERT_TRUE(unregister(k_bobs_phone, k_bob));
  EXPECT_THAT(called(3, k_bob), ElementsAre(node_of(k_bobs_tablet)));
}

TEST_F(Registrations, OfOneDeviceMayLeadToAnother) {
  // Shows: SIP-05.
  const auto tablet = sip::registration_of_node(node_of(k_bobs_tablet), "");
  ASSERT_TRUE(register_at(k_bobs_phone, k_bob, tablet));
  EXPECT_THAT(called(2, k_bob), ElementsAre(node_of(k_bobs_tablet)));
  ASSERT_TRUE(register_at(k_bobs_tablet, k_bob, tablet));
  EXPECT_THAT(called(2, k_bob), ElementsAre(node_of(k_bobs_tablet)));  // once
  EXPECT_THAT(fetch(2, k_bob), SizeIs(2));
}

TEST_F(Registrations, EndWithTheirLifetimeUnlessTheyAreKept) {
  // Shows: SIP-12.
  constexpr std::uint32_t k_lifetime_s = 60;
  ASSERT_TRUE(register_at(k_bobs_phone, k_bob, sip::registration_of_node(node_of(k_bobs_phone), ""),
                          k_lifetime_s, true));
  ASSERT_TRUE(
      register_at(k_bobs_tablet, k_bob, sip::registration_of_node(node_of(k_bobs_tablet), ""), k_lifetime_s));
  EXPECT_EQ(called(1, k_bob), both());
  simulation.run_for(Duration{200'000});
  EXPECT_THAT(called(1, k_bob), ElementsAre(node_of(k_bobs_phone)));
  ASSERT_TRUE(unregister(k_bobs_phone, k_bob));
  simulation.run_for(Duration{200'000});
  EXPECT_THAT(called(1, k_bob), ElementsAre());
}

TEST_F(Registrations, AreFollowedToOtherUsersAndCirclesEnd) {
  // Shows: SIP-15.
  ASSERT_TRUE(register_at(k_bobs_phone, k_bob, sip::UriRegistration{std::string("sip:") + k_sam}));
  ASSERT_TRUE(register_at(k_sams_phone, k_sam, sip::registration_of_node(node_of(k_sams_phone), "")));
  EXPECT_THAT(called(4, k_bob), ElementsAre(node_of(k_sams_phone)));
  EXPECT_EQ(fetches, 2U);
  ASSERT_TRUE(register_at(k_sams_phone, k_sam, sip::UriRegistration{k_bob}));
  const auto result = resolve(4, k_bob);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().error, sip::ResolutionError::forwards_forever);
  EXPECT_EQ(fetches, 4U);
}

TEST_F(Registrations, OfOthersAndNonsenseAreRefused) {
  // Shows: SIP-07, FM-38.
  const auto refused = [](const data::CallResult& result) {
    const auto* failure = std::get_if<data::CallFailure>(&result);
    return failure != nullptr && failure->error == data::CallError::permission_denied;
  };
  const Bytes good = wire::encode(sip::registration_of_node(node_of(k_sams_phone), ""));
  EXPECT_TRUE(refused(store(k_sams_phone, k_bob, good, 3600, false)));
  EXPECT_TRUE(refused(store(k_sams_phone, k_sam, {1, 2, 3}, 3600, false)));
  EXPECT_THAT(called(4, k_bob), ElementsAre());
}

}  // namespace
}  // namespace ringway::sim
