// Values that their writer's peer keeps alive: put once with `keep`.
#include <gmock/gmock.h>

#include "tests/reload/data/replication_fixture.hpp"

namespace ringway::data::test {
namespace {

class Kept : public Replication {
 protected:
  Kept() { make({10, 60, 110, 160, 210}); }

  void put_kept(Peer& by, const std::string& key, std::uint32_t lifetime_s = 100,
                const std::string& value = "kept", bool keep = true) {
    PutCall call;
    call.key = key;
    call.value = copy_of(view_of(value));
    call.lifetime_s = lifetime_s;
    call.keep = keep;
    ASSERT_TRUE(std::holds_alternative<PutResult>(overlay.call(by, call)));
  }
  void wait_s(std::int64_t seconds) { overlay.advance(Duration{seconds * 1000}); }
  void come_back(Peer& peer) {
    overlay.restart(peer);
    peer.joined = true;
    overlay.update_views();
    overlay.advance(Duration{5'000});
  }
};

TEST_F(Kept, ValuesOutliveTheirLifetimeByFar) {
  const auto key = key_of(at(160)), own = key_of(at(10)), other = key_of(at(160));
  put_kept(at(10), key);
  put_kept(at(10), own);
  put_kept(at(10), other, 100, "not kept", false);
  wait_s(1000);
  EXPECT_EQ(get(at(60), key), "kept");
  EXPECT_EQ(get(at(60), own), "kept");
  EXPECT_EQ(get(at(60), other), "");
  EXPECT_GE(at(10).storage->statistics().values_refreshed, 20U);
  EXPECT_LE(at(10).storage->statistics().values_refreshed, 60U);
}

TEST_F(Kept, ValuesSurviveARestart) {
  const auto key = key_of(at(160));
  put_kept(at(10), key);
  overlay.kill(at(10));
  overlay.update_views();
  wait_s(30);
  come_back(at(10));
  wait_s(1000);
  EXPECT_EQ(get(at(60), key), "kept");
}

TEST_F(Kept, ValuesAreThereAgainWhenTheirPeerIs) {
  const auto key = key_of(at(160));
  put_kept(at(10), key);
  overlay.kill(at(10));
  overlay.update_views();
  wait_s(1000);
  EXPECT_EQ(get(at(60), key), "");
  come_back(at(10));
  EXPECT_EQ(get(at(60), key), "kept");
  wait_s(1000);
  EXPECT_EQ(get(at(60), key), "kept");
}

TEST_F(Kept, ValuesEndWhenTheyAreRemovedOrPutWithout) {
  const auto removed = key_of(at(160)), once = key_of(at(160));
  put_kept(at(10), removed);
  put_kept(at(10), once);
  wait_s(120);
  ASSERT_TRUE(std::holds_alternative<PutResult>(overlay.call(at(10), RemoveCall{removed, "", {}})));
  put_kept(at(10), once, 100, "once", false);
  wait_s(90);
  EXPECT_EQ(get(at(60), once), "once");
  wait_s(1000);
  EXPECT_EQ(get(at(60), once), "");
  EXPECT_EQ(get(at(60), removed), "");
}

// Under an owner's key any node of the owner may have written last.
TEST_F(Kept, ValuesGiveWayToWhatAnotherNodeOfTheUserHasPut) {
  overlay.add("p10@example.org", node_at(85));
  overlay.update_views();
  overlay.advance(Duration{60'000});
  const std::string key = "p10@example.org/phone";
  put_kept(at(10), key);
  put_kept(overlay.peer(node_at(85)), key, 100'000, "newer", false);
  wait_s(1000);
  EXPECT_EQ(get(at(60), key), "newer");
  EXPECT_EQ(at(10).storage->statistics().values_refreshed, 0U);
}

TEST_F(Kept, ValuesWaitForTheRingToBeThere) {
  const auto key = key_of(at(160));
  put_kept(at(10), key, 600);
  overlay.loses = [&](const Sent& one) { return one.from == at(10).node; };
  wait_s(500);
  overlay.loses = [](const Sent&) { return false; };
  wait_s(2000);
  EXPECT_EQ(get(at(60), key), "kept");
}

}  // namespace
}  // namespace ringway::data::test
