// What the log tells of a peer's statuses.
#include "services/ringwayd/watcher.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reload/link/link_id.hpp"

namespace ringway::services {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr WallMs k_now_ms = 1'800'000'000'000;
constexpr WallMs k_day_ms = 86'400'000;

TEST(WatcherTest, RollbacksAreToldEachTimeTheyHaveDoubled) {
  // Shows: STORE-38.
  Watcher watcher;
  std::vector<std::uint64_t> told;
  for (std::uint64_t rollbacks = 0; rollbacks <= 100; ++rollbacks) {
    actors::PeerStatus status;
    status.certificate_not_after_ms = k_now_ms + 30 * k_day_ms;
    status.storage.rollbacks = rollbacks;
    for (const auto& event : watcher.observe(status, k_now_ms)) {
      EXPECT_THAT(event.name, HasSubstr("older"));
      EXPECT_EQ(event.level, spdlog::level::warn);
      told.push_back(event.fields.at("total"));
    }
  }
  EXPECT_THAT(told, ElementsAre(1, 2, 4, 8, 16, 32, 64));
}

TEST(WatcherTest, DamageIsToldEachTimeItHasDoubled) {
  Watcher watcher;
  std::vector<std::uint64_t> told;
  for (std::uint64_t damaged = 0; damaged <= 20; ++damaged) {
    actors::PeerStatus status;
    status.certificate_not_after_ms = k_now_ms + 30 * k_day_ms;
    status.storage.kinds_damaged = damaged;
    status.storage.kinds_mended = damaged / 2;
    for (const auto& event : watcher.observe(status, k_now_ms)) {
      EXPECT_THAT(event.name, HasSubstr("damaged on this peer's disk"));
      EXPECT_EQ(event.level, spdlog::level::warn);
      EXPECT_EQ(event.fields.at("come_back"), damaged / 2);
      told.push_back(event.fields.at("total"));
    }
  }
  EXPECT_THAT(told, ElementsAre(1, 2, 4, 8, 16));
}

TEST(WatcherTest, ThatAllNeighboursAreLostIsToldOnce) {
  Watcher watcher;
  const auto told = [&](bool joined, bool neighbours, const std::string& phase) {
    auto view = std::make_shared<topology::RingView>();
    view->joined = joined;
    if (neighbours) {
      view->predecessors.emplace_back();
      view->successors.emplace_back();
    }
    actors::PeerStatus status;
    status.certificate_not_after_ms = k_now_ms + 30 * k_day_ms;
    status.routing.phase = phase;
    status.routing.view = view;
    const auto events = watcher.observe(status, k_now_ms);
    const bool logged = std::any_of(events.begin(), events.end(), [](const EventLog::Event& event) {
      return event.name == "all neighbours are lost" && event.level == spdlog::level::warn;
    });
    EXPECT_EQ(logged, watcher.wants_news());
    return logged;
  };
  EXPECT_FALSE(told(true, false, "joined")) << "it begins the ring";
  EXPECT_FALSE(told(true, true, "joined"));
  EXPECT_TRUE(told(true, false, "joined"));
  EXPECT_FALSE(told(true, false, "joined"));
  EXPECT_FALSE(told(true, true, "joined"));
  EXPECT_FALSE(told(false, false, "leaving")) << "it wants to";
}

TEST(WatcherTest, WhoDoesNotGetInWantsNewsOnce) {
  actors::PeerStatus status;
  status.certificate_not_after_ms = k_now_ms + 30 * k_day_ms;
  status.routing.phase = "joining";
  Watcher watcher;
  int wanted = 0;
  for (WallMs after_ms = 0; after_ms <= 20'000; after_ms += 1'000) {
    watcher.observe(status, k_now_ms + after_ms);
    if (watcher.wants_news()) ++wanted;
    EXPECT_EQ(wanted, after_ms < 5'000 ? 0 : 1) << after_ms;
  }
}

// When a peer that stays in `phase` says for two minutes that it finds nobody.
std::vector<std::pair<WallMs, EventLog::Event>> lonely(
    actors::PeerStatus status, const std::string& phase,
    const std::optional<std::vector<wire::IpAddressPort>>& given) {
  status.certificate_not_after_ms = k_now_ms + 30 * k_day_ms;
  status.routing.phase = phase;
  Watcher watcher;
  if (given) watcher.looks_for_peers_at(*given);
  std::vector<std::pair<WallMs, EventLog::Event>> told;
  for (WallMs after_ms = 0; after_ms <= 120'000; after_ms += 200) {
    for (auto& event : watcher.observe(status, k_now_ms + after_ms))
      if (event.fields.contains("tried")) told.emplace_back(after_ms, std::move(event));
  }
  return told;
}

TEST(WatcherTest, WhoFindsNobodySaysWhereItLooksAndWhatTheFirstPeerWants) {
  // Shows: TOPO-42.
  actors::PeerStatus status;
  auto document = std::make_shared<config::Configuration>();
  document->bootstrap_nodes = {{"127.0.0.1", 6084}};
  status.configuration = document;
  ASSERT_TRUE(link::parse_address("127.0.0.1:6084", status.listening_on));
  auto told = lonely(status, "connecting", std::vector<wire::IpAddressPort>{});
  ASSERT_THAT(told, SizeIs(2));
  EXPECT_EQ(told[0].first, 10'000U);
  EXPECT_EQ(told[1].first, 70'000U);
  EXPECT_EQ(told[0].second.level, spdlog::level::warn);
  EXPECT_THAT(told[0].second.name, HasSubstr("if this is the overlay's first peer: --first-peer"));
  EXPECT_THAT(told[0].second.name, HasSubstr("--bootstrap")) << "its own is the only one";

  wire::IpAddressPort address;
  ASSERT_TRUE(link::parse_address("192.0.2.1:6084", address));
  document->bootstrap_nodes.push_back({"2001:db8::1", 6084});
  told = lonely(status, "connecting", std::vector{address});
  ASSERT_THAT(told, SizeIs(2));
  EXPECT_EQ(told[0].second.fields.at("tried"),
            EventLog::Fields::array({"192.0.2.1:6084", "[2001:db8::1]:6084"}));
  EXPECT_THAT(told[0].second.name, HasSubstr("if this is the overlay's first peer: --first-peer"));

  EXPECT_THAT(lonely(status, "joining", std::vector<wire::IpAddressPort>{}), IsEmpty()) << "it has found one";
  EXPECT_THAT(lonely(status, "connecting", std::nullopt), IsEmpty()) << "it is going to begin the ring";
}

// What is told when it is so long before the end, negative after it: the level's first letter for each event.
struct ValidityWatchTest : testing::Test {
  std::string told(std::int64_t before_end_ms) {
    const auto event =
        watch.observe(end_ms, static_cast<WallMs>(static_cast<std::int64_t>(end_ms) - before_end_ms));
    if (!event) return "";
    EXPECT_THAT(event->fields.at("do").get<std::string>(), HasSubstr("update-config --validity-days"));
    last = *event;
    return event->level == spdlog::level::err ? "error" : "warning";
  }
  ValidityWatch watch{k_document_words};
  WallMs end_ms = k_now_ms;
  EventLog::Event last;
};

TEST_F(ValidityWatchTest, WarnsAWeekAndADayBeforeAndTellsTheEnd) {
  // Shows: CONFIG-06.
  constexpr auto k_day = static_cast<std::int64_t>(k_day_ms);
  EXPECT_EQ(told(7 * k_day + 1), "");
  EXPECT_EQ(told(7 * k_day), "warning");
  EXPECT_EQ(last.fields.at("at"), "2027-01-15T08:00:00Z");
  EXPECT_EQ(told(6 * k_day), "");
  EXPECT_EQ(told(k_day + 1), "");
  EXPECT_EQ(told(k_day), "warning");
  EXPECT_EQ(told(1), "");
  EXPECT_EQ(told(0), "error");
  EXPECT_THAT(last.name, HasSubstr("has expired"));
  EXPECT_EQ(told(-k_day), "");
  EXPECT_EQ(told(2 * k_day), "") << "a clock that was set back";
}

TEST_F(ValidityWatchTest, APeerThatStartsLateIsToldOnce) {
  EXPECT_EQ(told(1000), "warning");
  EXPECT_EQ(told(999), "");
}

TEST_F(ValidityWatchTest, WhatComesInItsPlaceIsWatchedAnew) {
  EXPECT_EQ(told(0), "error");
  end_ms += 10 * k_day_ms;
  EXPECT_EQ(told(static_cast<std::int64_t>(10 * k_day_ms)), "");
  EXPECT_EQ(told(1), "warning");
  EXPECT_FALSE(watch.observe(std::nullopt, k_now_ms));
}

TEST(WatcherTest, ACertificateThatRenewsByItselfIsNoReasonToWorry) {
  Watcher watcher;
  actors::PeerStatus status;
  status.certificate_not_after_ms = k_now_ms + k_day_ms;
  UpkeepReport upkeep;
  upkeep.renewal.on = true;
  upkeep.renewal.next_ms = k_now_ms + 1000;
  const auto told = [&](WallMs now_ms) {
    const auto events = watcher.observe(status, now_ms, upkeep);
    return events.empty() ? EventLog::Event{} : events.front();
  };
  auto event = told(k_now_ms);
  EXPECT_THAT(event.name, HasSubstr("renews by itself"));
  EXPECT_EQ(event.level, spdlog::level::info);
  EXPECT_EQ(told(k_now_ms + 1).name, "");
  upkeep.renewal.failing = true;
  event = told(k_now_ms + 2);
  EXPECT_THAT(event.name, HasSubstr("could not be renewed"));
  EXPECT_EQ(event.level, spdlog::level::warn);
  // Renewed after all: nothing to tell until the next end.
  upkeep.renewal.failing = false;
  status.certificate_not_after_ms += 90 * k_day_ms;
  EXPECT_EQ(told(k_now_ms + 3).name, "");
  upkeep.renewal.next_ms = 0;
  event = told(status.certificate_not_after_ms);
  EXPECT_EQ(event.level, spdlog::level::err);
  EXPECT_THAT(event.fields.at("do").get<std::string>(), HasSubstr("enrol again"));
}

TEST(WatcherTest, WhoLooksForDocumentsIsToldSo) {
  Watcher watcher;
  actors::PeerStatus status;
  status.certificate_not_after_ms = k_now_ms + 90 * k_day_ms;
  status.configuration_expires_ms = k_now_ms + k_day_ms;
  UpkeepReport upkeep;
  upkeep.poll.on = true;
  const auto events = watcher.observe(status, k_now_ms, upkeep);
  ASSERT_THAT(events, SizeIs(1));
  EXPECT_EQ(events[0].level, spdlog::level::warn);
  EXPECT_THAT(events[0].fields.at("do").get<std::string>(), HasSubstr("by itself"));
}

TEST(WatcherTest, DocumentAndCertificateAreBothWatched) {
  Watcher watcher;
  actors::PeerStatus status;
  status.configuration_expires_ms = k_now_ms;
  status.certificate_not_after_ms = k_now_ms + k_day_ms;
  const auto events = watcher.observe(status, k_now_ms);
  ASSERT_THAT(events, SizeIs(2));
  EXPECT_EQ(events[0].name, k_document_words.ended);
  EXPECT_EQ(events[1].name, k_certificate_words.soon);
  EXPECT_THAT(watcher.observe(status, k_now_ms), IsEmpty());
}

TEST(WatcherTest, TheFirstCertificateOfTheFurtherUsersIsWatched) {
  Watcher watcher;
  actors::PeerStatus status;
  status.certificate_not_after_ms = k_now_ms + 30 * k_day_ms;
  EXPECT_THAT(watcher.observe(status, k_now_ms), IsEmpty());
  status.storage.further_users = 2;
  status.storage.further_users_until_ms = k_now_ms + k_day_ms;
  const auto events = watcher.observe(status, k_now_ms);
  ASSERT_THAT(events, SizeIs(1));
  EXPECT_THAT(events[0].name, HasSubstr("--user-credentials"));
}

TEST(RefusalWatchTest, RefusalsAreToldEachTimeTheyHaveDoubled) {
  // Shows: FM-51.
  RefusalWatch watch;
  EXPECT_FALSE(watch.observe({}));
  std::vector<std::uint64_t> told;
  for (std::uint64_t total = 1; total <= 1000; ++total) {
    const auto event = watch.observe({total, "uid 1: put as alice@example.org"});
    if (!event) continue;
    EXPECT_EQ(event->fields.at("last"), "uid 1: put as alice@example.org");
    EXPECT_EQ(event->level, spdlog::level::warn);
    told.push_back(event->fields.at("total"));
  }
  EXPECT_THAT(told, ElementsAre(1, 2, 4, 8, 16, 32, 64, 128, 256, 512));
}

}  // namespace
}  // namespace ringway::services
