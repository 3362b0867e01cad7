// Relays that advertise themselves (RFC 6940 §9), and who finds them.
#include "reload/data/turn_service.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "reload/wire/service_bodies.hpp"
#include "tests/reload/data/overlay.hpp"

namespace ringway::data::test {
namespace {

wire::IpAddressPort address(std::uint8_t last) {
  wire::IpAddressPort out;
  out.type = wire::AddressType::ipv4;
  out.address = {192, 0, 2, last};
  out.port = 3478;
  return out;
}

class TurnServiceTest : public ::testing::Test {
 protected:
  TurnServiceTest() {
    auto turn = *config::iana_kind(config::k_turn_service);
    turn.max_count = 1;
    turn.max_size_bytes = 64;
    overlay.configuration->kinds.add(turn);
    overlay.configuration->turn_density = 3;
    overlay.configuration->max_message_size_bytes = 20'000;
    for (const int first : {0x20, 0x60, 0xA0, 0xE0})
      peers.push_back(&overlay.add("user" + std::to_string(first) + "@example.org",
                                   node_at(static_cast<std::uint8_t>(first))));
    overlay.update_views();
    overlay.advance(Duration{5'000});
  }
  void advertise(Peer& peer, const wire::IpAddressPort& where) {
    overlay.to_storage(peer, AdvertiseRelay{where});
    overlay.run();
    overlay.advance(Duration{0});
  }
  // The addresses that stand at H(node ‖ 1), H(node ‖ 2), …
  std::vector<wire::IpAddressPort> advertised(const NodeId& node) {
    std::vector<wire::IpAddressPort> found;
    for (unsigned d = 1; d <= 255; ++d) {
      const KindAt at{turn_resource_of(node, static_cast<std::uint8_t>(d)), config::k_turn_service};
      for (Peer* peer : peers) {
        if (!peer->view->responsible_for(at.resource)) continue;
        const std::vector<RecordPtr> records = peer->store->load(at)->records;
        for (const auto& record : records) {
          if (!record->stored.value.data.exists || !record->alive_at(overlay.now().wall_ms)) continue;
          const auto server = wire::decode<wire::TurnServer>(record->stored.value.data.value);
          EXPECT_TRUE(server);
          EXPECT_EQ(server->iteration, d);
          found.push_back(server->server_address);
        }
      }
    }
    return found;
  }
  RelaysFound find(Peer& peer, std::vector<ResourceId> probes, std::size_t wanted = 1) {
    peer.relays.clear();
    overlay.to_storage(peer, FindRelays{5, wanted, std::move(probes), 0});
    overlay.run();
    EXPECT_EQ(peer.relays.size(), 1U);
    return peer.relays.empty() ? RelaysFound{} : peer.relays.back();
  }
  // Where each peer's range begins: a Find is answered with what follows the point.
  std::vector<ResourceId> everywhere() const {
    std::vector<ResourceId> points;
    for (const Peer* peer : peers) points.push_back(as_resource(ring_add(peer->node, ring_power_of_two(0))));
    return points;
  }
  Peer& at(std::size_t i) { return *peers.at(i); }

  Overlay overlay;
  std::vector<Peer*> peers;
};

TEST_F(TurnServiceTest, ARelayRecordsItselfAsOftenAsTheDensitySays) {
  // Shows: TURN-02, TURN-03.
  advertise(at(1), address(1));
  EXPECT_EQ(advertised(at(1).node), (std::vector{address(1), address(1), address(1)}));
  overlay.advance(Duration{3 * 3'600'000});
  EXPECT_EQ(advertised(at(1).node).size(), 3U) << "they are put again";
}

TEST_F(TurnServiceTest, ADensityOfZeroAdvertisesNothing) {
  // Shows: TURN-04.
  overlay.configuration->turn_density = 0;
  advertise(at(1), address(1));
  EXPECT_TRUE(advertised(at(1).node).empty());
  EXPECT_EQ(config::Configuration{}.turn_density, 1U);
}

TEST_F(TurnServiceTest, TwentyRecordsAreTheMost) {
  // Shows: TURN-03.
  overlay.configuration->turn_density = 255;
  advertise(at(1), address(1));
  EXPECT_EQ(advertised(at(1).node).size(), k_most_turn_records);
}

TEST_F(TurnServiceTest, AnotherAddressTakesThePlaceOfTheFirst) {
  // Shows: TURN-02.
  advertise(at(1), address(1));
  advertise(at(1), address(2));
  EXPECT_EQ(advertised(at(1).node), (std::vector{address(2), address(2), address(2)}));
}

TEST_F(TurnServiceTest, AWithdrawnRelayIsFoundNoMore) {
  // Shows: TURN-12.
  advertise(at(1), address(1));
  overlay.to_storage(at(1), WithdrawRelay{});
  overlay.run();
  overlay.advance(Duration{0});
  EXPECT_TRUE(advertised(at(1).node).empty());
  EXPECT_TRUE(find(at(0), everywhere()).relays.empty());
  advertise(at(1), address(3));
  EXPECT_EQ(advertised(at(1).node).size(), 3U);
}

TEST_F(TurnServiceTest, WithdrawingBeforeLeavingWaitsForTheRemovals) {
  // Shows: TURN-12.
  advertise(at(1), address(1));
  overlay.to_storage(at(1), WithdrawServices{12});
  overlay.run();
  ASSERT_EQ(at(1).services.size(), 1U);
  EXPECT_TRUE(advertised(at(1).node).empty());
}

TEST_F(TurnServiceTest, OthersFindItFromRandomPoints) {
  // Shows: TURN-05.
  advertise(at(1), address(1));
  const auto found = find(at(3), everywhere());
  ASSERT_EQ(found.relays.size(), 1U);
  EXPECT_EQ(found.relays[0], (FoundRelay{at(1).node, address(1)}));
  EXPECT_EQ(found.token, 5U);
  // The peer itself needs no relay of its own.
  EXPECT_TRUE(find(at(1), everywhere()).relays.empty());
}

TEST_F(TurnServiceTest, AMissIsFollowedByAnotherPoint) {
  // Shows: TURN-05.
  overlay.configuration->turn_density = 1;
  advertise(at(1), address(1));
  const auto resource = turn_resource_of(at(1).node, 1);
  std::vector<ResourceId> misses;
  for (const ResourceId& point : everywhere()) {
    bool holds = false;
    for (Peer* peer : peers)
      if (peer->view->responsible_for(point) &&
          !peer->store->load({resource, config::k_turn_service})->records.empty())
        holds = true;
    if (!holds) misses.push_back(point);
  }
  ASSERT_FALSE(misses.empty()) << "three of four have a copy";
  EXPECT_EQ(find(at(3), misses).failure->error, CallError::not_found);
  misses.push_back(resource);
  EXPECT_EQ(find(at(3), misses).relays.size(), 1U);
}

TEST_F(TurnServiceTest, SeveralAreFoundOfDifferentNodes) {
  // Shows: TURN-05.
  advertise(at(1), address(1));
  advertise(at(2), address(2));
  auto points = everywhere();
  points.push_back(turn_resource_of(at(1).node, 1));
  points.push_back(turn_resource_of(at(2).node, 1));
  const auto found = find(at(3), points, 2);
  ASSERT_EQ(found.relays.size(), 2U);
  EXPECT_NE(found.relays[0].node, found.relays[1].node);
}

TEST_F(TurnServiceTest, ARecordThatAnotherHasChangedIsNotUsed) {
  // Shows: TURN-06.
  advertise(at(1), address(1));
  int bent = 0;
  overlay.bends = [&bent](const Peer&, wire::MessageCode code, Bytes& body) {
    if (code != wire::MessageCode::fetch_ans) return;
    const Bytes before{192, 0, 2, 1};
    const auto found = std::search(body.begin(), body.end(), before.begin(), before.end());
    if (found == body.end()) return;
    *(found + 3) = 66;
    ++bent;
  };
  for (const std::size_t asks : {0U, 2U, 3U})
    for (const auto& relay : find(at(asks), everywhere()).relays) EXPECT_EQ(relay.address, address(1));
  EXPECT_GT(bent, 0);
}

TEST_F(TurnServiceTest, SoManySearchesAreUnderWayAtOnce) {
  for (std::size_t i = 0; i <= k_max_relay_searches; ++i)
    overlay.to_storage(at(0), FindRelays{i + 1, 1, everywhere(), 0});
  overlay.run();
  ASSERT_EQ(at(0).relays.size(), k_max_relay_searches + 1);
  EXPECT_EQ(std::count_if(at(0).relays.begin(), at(0).relays.end(),
                          [](const RelaysFound& found) {
                            return found.failure && found.failure->error == CallError::resource_exhausted;
                          }),
            1);
}

class RelaysByRedirTest : public TurnServiceTest {
 protected:
  RelaysByRedirTest() {
    auto redir = *config::iana_kind(config::k_redir);
    redir.max_count = 40;
    redir.max_size_bytes = 500;
    overlay.configuration->kinds.add(redir);
  }
};

TEST_F(RelaysByRedirTest, WhoHasNoLuckWithFindAsksTheTree) {
  // Shows: DISC-16, TURN-05.
  overlay.configuration->turn_density = 1;
  advertise(at(1), address(1));
  EXPECT_EQ(at(1).storage->statistics().services_provided, 1U);
  const auto found = find(at(3), {});
  ASSERT_EQ(found.relays.size(), 1U);
  EXPECT_EQ(found.relays[0], (FoundRelay{at(1).node, address(1)}));
}

TEST_F(RelaysByRedirTest, WithoutRelaysNothingIsFoundEitherWay) {
  // Shows: DISC-16, TURN-05.
  const auto found = find(at(3), everywhere());
  ASSERT_TRUE(found.failure);
  EXPECT_EQ(found.failure->error, CallError::not_found);
}

}  // namespace
}  // namespace ringway::data::test
