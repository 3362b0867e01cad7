#include "reload/discovery/announcer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reload/link/link_id.hpp"

namespace ringway::discovery {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

wire::IpAddressPort address(std::string_view text) {
  wire::IpAddressPort out;
  EXPECT_TRUE(link::parse_address(text, out)) << text;
  return out;
}

class Sequence : public Random {
 public:
  std::uint64_t next() override { return state_ = state_ * 6364136223846793005ULL + 1442695040888963407ULL; }

 private:
  std::uint64_t state_ = 7;
};

const auto k_ours = address("192.0.2.1:6084");
const auto k_theirs = address("192.0.2.2:6084");

class AnnouncerTest : public testing::Test {
 protected:
  AnnouncerTest() { announcer_.start(now_); }

  // Lets time pass; how often it spoke, and whether the last one asked.
  int run(Duration time) {
    const MonoTime end = now_ + time;
    int sent = 0;
    while (announcer_.next_deadline() <= end) {
      now_ = std::max(now_, announcer_.next_deadline());
      bool changed = false;
      if (const auto datagram = announcer_.on_timer(now_, changed)) {
        ++sent;
        last_ = *decode(SharedBytes(*datagram));
      }
      changes_ += changed ? 1 : 0;
      EXPECT_LT(++turns_, 10'000) << "busy";
      if (turns_ >= 10'000) return sent;
    }
    now_ = end;
    return sent;
  }
  bool hear(const Announcement& said, const wire::IpAddressPort& from = k_theirs) {
    return announcer_.receive(now_, from, SharedBytes(encode(said)));
  }
  bool hear_of(std::vector<wire::IpAddressPort> addresses, bool asks = false) {
    return hear({asks, overlay_tag("site.example.org"), std::move(addresses)});
  }
  void settle() { run(Duration{15'000}); }

  MonoTime now_{1'000'000};
  int changes_ = 0;
  int turns_ = 0;
  Announcement last_;
  Announcer announcer_{{"site.example.org", {k_ours}}, std::make_shared<Sequence>()};
};

TEST_F(AnnouncerTest, AsksAtFirstThenTellsByTheInterval) {
  EXPECT_EQ(run(Duration{0}), 1);
  EXPECT_TRUE(last_.asks);
  EXPECT_THAT(last_.addresses, ElementsAre(k_ours));
  EXPECT_EQ(last_.overlay, overlay_tag("site.example.org"));
  EXPECT_EQ(run(Duration{12'000}), 4);
  EXPECT_TRUE(last_.asks);
  EXPECT_EQ(run(Duration{38'000}), 1);
  EXPECT_FALSE(last_.asks);
  const int in_an_hour = run(Duration{3'600'000});
  EXPECT_GE(in_an_hour, 96);
  EXPECT_LE(in_an_hour, 160);
}

TEST_F(AnnouncerTest, FindsOthersOfTheSameOverlayOnly) {
  EXPECT_TRUE(hear_of({k_theirs}));
  EXPECT_FALSE(hear_of({k_theirs})) << "known";
  EXPECT_FALSE(hear({false, overlay_tag("other.example.org"), {address("192.0.2.3:6084")}}));
  EXPECT_THAT(announcer_.found(), ElementsAre(k_theirs));
}

TEST_F(AnnouncerTest, ItsOwnEchoIsNobody) {
  EXPECT_FALSE(hear_of({k_ours}, true));
  EXPECT_FALSE(hear_of({address("192.0.2.9:1"), k_ours}));
  EXPECT_THAT(announcer_.found(), IsEmpty());
}

TEST_F(AnnouncerTest, AQuestionIsAnsweredSoonAndOnce) {
  settle();
  hear_of({k_theirs}, true);
  hear_of({k_theirs}, true);
  EXPECT_EQ(run(k_answer_within), 1);
  EXPECT_FALSE(last_.asks);
}

TEST_F(AnnouncerTest, WhoeverAsksOnAndOnMakesItSpeakOnceASecondAtMost) {
  settle();
  int sent = 0;
  for (int i = 0; i < 100; ++i) {
    hear_of({k_theirs}, true);
    sent += run(Duration{100});
  }
  EXPECT_LE(sent, 11);
  EXPECT_GE(sent, 5);
}

TEST_F(AnnouncerTest, NoMoreThanEnoughAnswer) {
  settle();
  hear_of({k_theirs}, true);
  for (unsigned i = 0; i < k_answers_enough; ++i)
    hear_of({address("192.0.2." + std::to_string(10 + i) + ":6084")});
  EXPECT_EQ(run(k_answer_within), 0);
}

TEST_F(AnnouncerTest, WhoHasGoneSilentIsForgotten) {
  settle();
  hear_of({k_theirs});
  run(k_forgotten_after);
  EXPECT_THAT(announcer_.found(), SizeIs(1));
  run(Duration{2});
  EXPECT_THAT(announcer_.found(), IsEmpty());
  EXPECT_EQ(changes_, 1);
}

TEST_F(AnnouncerTest, OneWhoFillsTheTableDoesNotKeepOthersOut) {
  for (int i = 0; i < 1000; ++i) {
    hear_of({address("10.1." + std::to_string(i / 200) + "." + std::to_string(1 + i % 200) + ":6084")});
    run(Duration{20});
  }
  EXPECT_THAT(announcer_.found(), SizeIs(k_max_found));
  EXPECT_TRUE(hear_of({k_theirs}));
  EXPECT_THAT(announcer_.found(), SizeIs(k_max_found));
  EXPECT_EQ(announcer_.found().back(), k_theirs);
}

TEST_F(AnnouncerTest, AFloodIsNotEvenLookedAt) {
  settle();
  for (unsigned i = 0; i < 2 * k_max_datagrams_per_second; ++i) hear_of({k_theirs});
  EXPECT_EQ(announcer_.counters().dropped, k_max_datagrams_per_second);
  run(Duration{1'000});
  hear_of({k_theirs});
  EXPECT_EQ(announcer_.counters().dropped, k_max_datagrams_per_second);
}

TEST_F(AnnouncerTest, AddressesThatLeadNowhereAreLeftOut) {
  EXPECT_FALSE(hear_of({address("224.0.0.1:80"), address("0.0.0.0:80"), address("192.0.2.2:0")}));
  EXPECT_FALSE(hear_of({address("127.0.0.1:6084")})) << "another machine's";
  EXPECT_TRUE(hear({false, overlay_tag("site.example.org"), {address("127.0.0.1:6084")}},
                   address("127.0.0.1:16084")));
  EXPECT_FALSE(announcer_.receive(now_, k_theirs, SharedBytes(Bytes{1, 2, 3})));
  EXPECT_EQ(announcer_.counters().malformed, 1U);
}

}  // namespace
}  // namespace ringway::discovery
