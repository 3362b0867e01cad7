// New documents and Kinds take effect in overlays that run (RFC 6940 §6.5.4.2, §11.1).
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/sim/overlay.hpp"

namespace ringway::sim {
namespace {

constexpr Duration k_within{10'000};

// Five peers whose document lacks the Kind of shared values.
class Change : public testing::Test {
 protected:
  Change() : simulation(settings()) {
    EXPECT_TRUE(simulation.grow(5)) << simulation.ring_fault();
    EXPECT_TRUE(forms_ring(simulation));
    for (int i = 0; simulation.responsible_for(resource_id_of(key_)) != 4; ++i)
      key_ = "shared/list-" + std::to_string(i);
  }
  static SimulationSettings settings() {
    auto settings = settings_of(501);
    settings.configure = [](auto& values) {
      values.max_message_size_bytes = 65'536;
      config::Kinds kinds;
      kinds.add(*values.kinds.find(config::k_owner_value));
      values.kinds = kinds;
    };
    return settings;
  }
  config::KindDefinition shared_kind() const {
    auto kind = *simulation.configuration()->kinds.find(config::k_owner_value);
    kind.kind = config::k_shared_value;
    kind.access = config::AccessPolicy::shared_writer_match;
    return kind;
  }
  bool put(PeerNumber peer) {
    data::PutCall call;
    call.key = key_;
    call.value = copy_of(view_of("value"));
    return std::holds_alternative<data::PutResult>(simulation.call(peer, call));
  }
  std::size_t found() {
    const auto got = simulation.call(0, data::GetCall{key_, std::nullopt});
    const auto* result = std::get_if<data::GetResult>(&got);
    return result == nullptr ? 0 : result->entries.size();
  }
  bool everybody(const std::function<bool(PeerNumber)>& holds) {
    return simulation.run_until(
        [&] {
          const auto ring = simulation.living();
          return std::all_of(ring.begin(), ring.end(), holds);
        },
        k_within);
  }
  bool everybody_has_the_document() {
    return everybody([this](PeerNumber peer) {
      return simulation.configuration_of(peer).sequence == simulation.configuration()->sequence;
    });
  }
  bool everybody_knows_shared_values() {
    return everybody([this](PeerNumber peer) {
      return simulation.configuration_of(peer).kinds.find(config::k_shared_value) != nullptr;
    });
  }

  Simulation simulation;
  std::string key_ = "shared/list";  // peer 4 is responsible for it
};

TEST_F(Change, AKindOfANewDocumentIsUsedAtOnce) {
  // Shows: CONFIG-31, CONFIG-33.
  EXPECT_FALSE(put(1));
  simulation.publish(2, [this](auto& next) { next.kinds.add(shared_kind()); });
  ASSERT_TRUE(everybody_has_the_document());
  EXPECT_TRUE(put(1));
  EXPECT_EQ(found(), 1U);
}

TEST_F(Change, AKindBesideTheDocumentSpreadsAndIsTaughtToWhoReturns) {
  // Shows: CONFIG-30, CONFIG-31, CONFIG-35.
  simulation.kill(4);
  ASSERT_TRUE(forms_ring(simulation));
  simulation.publish_kind(2, shared_kind());
  ASSERT_TRUE(everybody_knows_shared_values());
  EXPECT_TRUE(put(1));
  simulation.restart(2);  // has kept it
  ASSERT_TRUE(forms_ring(simulation));
  EXPECT_EQ(found(), 1U);
  EXPECT_NE(simulation.configuration_of(2).kinds.find(config::k_shared_value), nullptr);
  simulation.restart(4);  // has never heard of it: whoever copies something there tells it
  ASSERT_TRUE(forms_ring(simulation));
  simulation.run_for(Duration{60'000});
  EXPECT_TRUE(put(3));
  EXPECT_NE(simulation.configuration_of(4).kinds.find(config::k_shared_value), nullptr);
  EXPECT_EQ(found(), 2U);
}

TEST_F(Change, AKindWhoseSignerIsGoneGoesWithItsData) {
  // Shows: CONFIG-32.
  simulation.publish_kind(2, shared_kind());
  ASSERT_TRUE(everybody_knows_shared_values());
  EXPECT_TRUE(put(1));
  const data::KindAt at{resource_id_of(std::string_view(key_)), config::k_shared_value};
  EXPECT_EQ(simulation.holders_of(at).size(), 3U);
  simulation.publish(3, [](auto& next) {
    next.kinds = {};
    next.kind_signers = {node_at(0x77)};
  });
  ASSERT_TRUE(everybody_has_the_document());
  EXPECT_FALSE(put(1));
  EXPECT_TRUE(simulation.run_until([&] { return simulation.holders_of(at).empty(); }, k_within));
}

TEST_F(Change, WhoCannotMeetTheDocumentGoes) {
  // Shows: CONFIG-31.
  const Authority another(simulation.configuration()->instance_name, simulation.now().wall_ms);
  simulation.publish(2, [&](auto& next) { next.root_certificates_der = {another.root_der()}; });
  EXPECT_TRUE(simulation.run_until([&] { return simulation.living().empty(); }, Duration{60'000}));
  for (PeerNumber peer = 0; peer < 5; ++peer)
    EXPECT_NE(simulation.peer(peer).exit_reason().find("certificate"), std::string::npos) << "peer " << peer;
}

}  // namespace
}  // namespace ringway::sim
