#include "services/enroll_client/locate.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/services/enroll_client/name_server.hpp"

namespace ringway::services {
namespace {

using Answer = NameServer::Answer;
using std::chrono::milliseconds;

DnsSettings asking(const NameServer& server) { return {server.address(), milliseconds(3000)}; }

std::vector<std::string> hosts(const std::vector<ServerPlace>& places) {
  std::vector<std::string> names;
  for (const auto& place : places) names.push_back(place.host + ":" + std::to_string(place.port));
  return names;
}

TEST(Locate, AsksForTheServiceOfTheOverlay) {
  // Shows: ENROLL-01.
  NameServer server({{20, 0, 8443, "b.example.net"}, {10, 0, 443, "a.example.net"}});
  const auto places = locate_configuration_server(asking(server), "overlay.example.org");
  ASSERT_TRUE(places.ok()) << places.error().reason;
  EXPECT_EQ(server.asked(), "_reload-config._tcp.overlay.example.org");
  EXPECT_THAT(hosts(*places), testing::ElementsAre("a.example.net:443", "b.example.net:8443"));
}

TEST(Locate, SharesAmongEqualsByWeight) {
  const NameServer server({{1, 90, 1, "heavy"}, {1, 10, 2, "light"}, {2, 60000, 3, "reserve"}});
  int heavy_first = 0;
  for (int i = 0; i < 100; ++i) {
    const auto places = locate_configuration_server(asking(server), "example.org").value();
    ASSERT_EQ(places.size(), 3U);
    EXPECT_EQ(places[2].host, "reserve");
    heavy_first += places[0].host == "heavy" ? 1 : 0;
  }
  EXPECT_GT(heavy_first, 65);
  EXPECT_LT(heavy_first, 100);
}

TEST(Locate, WithoutARecordItIsTheHostOfTheOverlaysName) {
  // Shows: ENROLL-01.
  const NameServer server({}, Answer::no_such_name);
  const auto places = locate_configuration_server(asking(server), "overlay.example.org");
  ASSERT_TRUE(places.ok()) << places.error().reason;
  EXPECT_THAT(hosts(*places), testing::ElementsAre("overlay.example.org:443"));
}

TEST(Locate, SaysWhenThereIsNoService) {
  const NameServer server({{0, 0, 0, ""}});
  EXPECT_THAT(locate_configuration_server(asking(server), "example.org").error().reason,
              testing::HasSubstr("no configuration server"));
}

TEST(Locate, ANameServerThatFailsIsNoAnswer) {
  const NameServer failing({}, Answer::failure);
  EXPECT_FALSE(locate_configuration_server(asking(failing), "example.org").ok());
  const NameServer silent({}, Answer::silence);
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_FALSE(locate_configuration_server({silent.address(), milliseconds(600)}, "example.org").ok());
  EXPECT_LT(std::chrono::steady_clock::now() - begun, milliseconds(2500));
}

TEST(Locate, TriesSoManyAtMost) {
  const NameServer server(std::vector<NameServer::Record>(20, {1, 1, 1, "a"}));
  EXPECT_EQ(locate_configuration_server(asking(server), "example.org").value().size(), k_max_server_places);
}

}  // namespace
}  // namespace ringway::services
