// How fast users here are called: the bounds, and whole elements in which somebody sends a popular address's
// calls on to a victim.
#include "sip-usage/element/call_rates.hpp"

#include <gtest/gtest.h>

#include "tests/sip-usage/element/stage.hpp"

namespace ringway::sip::element {
namespace {

using test::Phone;
using test::World;

constexpr unsigned k_rate = 10;
const Aor k_bob = *Aor::of_user_name("bob@example.org");
const Aor k_carol = *Aor::of_user_name("carol@example.org");

std::size_t taken(CallRates& rates, MonoTime now, const Aor& callee, const std::string& sender,
                  std::size_t calls) {
  std::size_t out = 0;
  for (std::size_t at = 0; at < calls; ++at) out += rates.take(now, callee, sender) ? 1 : 0;
  return out;
}

TEST(CallRatesTest, OfOneCallerAndOfAll) {
  // Shows: FM-40.
  CallRates rates(k_rate);
  const MonoTime begin{5'000};
  constexpr std::size_t k_at_once = k_rate * k_call_burst_s;
  EXPECT_EQ(taken(rates, begin, k_bob, "a", 100), k_at_once / 2);
  EXPECT_EQ(taken(rates, begin, k_bob, "b", 1), 1u) << "there is room for others";
  EXPECT_EQ(taken(rates, begin, k_bob, "c", 100), k_at_once / 2 - 1);
  EXPECT_EQ(taken(rates, begin, k_bob, "d", 1), 0u);
  EXPECT_EQ(taken(rates, begin, k_carol, "a", 1), 1u) << "others are called as ever";
  const MonoTime later = begin + Duration{1'000};
  EXPECT_EQ(taken(rates, later, k_bob, "a", 100), k_rate / 2);
  EXPECT_EQ(taken(rates, later, k_bob, "d", 100), k_rate / 2);
  CallRates any(0);
  EXPECT_EQ(taken(any, begin, k_bob, "a", 100), 100u);
}

TEST(CallRatesTest, CallersHaveABound) {
  // Shows: FM-40.
  CallRates rates(k_rate);
  MonoTime now{5'000};
  // Of so many users that none of them is called too often.
  const auto call = [&](std::size_t at) {
    const auto callee = *Aor::of_user_name("u" + std::to_string(at) + "@example.org");
    return rates.take(now, callee, "a");
  };
  for (std::size_t at = 0; at < k_max_call_rates; ++at) ASSERT_TRUE(call(at));
  EXPECT_EQ(rates.size().size, k_max_call_rates);
  EXPECT_FALSE(call(k_max_call_rates));
  EXPECT_TRUE(call(0)) << "who is known has a place";
  now = now + Duration{1'000};
  EXPECT_TRUE(call(k_max_call_rates)) << "those who have paid make room";
  EXPECT_EQ(rates.size().size, 1u);
}

// Everybody calls the news; the news send all of them on to bob.
TEST(ElementCallRateTest, APopularAddressLeadsToAVictim) {
  // Shows: FM-40.
  constexpr std::size_t k_callers = 8;
  std::vector<std::vector<std::string>> users{{"bob"}};
  for (std::size_t at = 0; at < k_callers; ++at) users.push_back({"caller" + std::to_string(at)});
  users.push_back({"friend"});
  World world(users, false, [](Settings& settings) { settings.calls_per_second = k_rate; });
  Phone& bob = world.phone("bob", 0);
  ASSERT_EQ(world.register_phone(bob), 200u);
  std::vector<Phone*> callers;
  for (std::size_t at = 1; at < users.size(); ++at) {
    callers.push_back(&world.phone(users[at].front(), at));
    ASSERT_EQ(world.register_phone(*callers.back()), 200u);
  }
  wire::Writer out;
  write(out, SipRegistration{UriRegistration{"sip:bob@example.org"}});
  world.overlay["news@example.org"][1] = out.take();
  std::size_t rings = 0, refused = 0, calls = 0;
  constexpr std::size_t k_seconds = 5;
  for (std::size_t second = 0; second < k_seconds; ++second) {
    for (std::size_t at = 0; at < k_callers; ++at)
      for (int each = 0; each < 10; ++each) {
        Phone& caller = *callers[at];
        const auto id = "call-" + std::to_string(++calls);
        world.send(caller, world.request(caller, "INVITE", "sip:news@example.org", id));
        while (const auto invite = bob.request("INVITE")) {
          ++rings;
          world.answer(bob, *invite, 486);
        }
        for (const unsigned status : caller.statuses()) refused += status == 480 ? 1 : 0;
      }
    world.pass(Duration{1'000});
  }
  EXPECT_GE(rings, k_rate * k_call_burst_s);
  EXPECT_LE(rings, k_rate * (k_call_burst_s + k_seconds));
  EXPECT_EQ(rings + refused, calls);
  EXPECT_EQ(world.peers[0]->counters().too_often, refused);
  // When it is over, and from the peer's own phones at any time, he is called as ever.
  world.pass(Duration{1'000});
  Phone& dear = *callers.back();
  world.send(dear, world.request(dear, "INVITE", "sip:bob@example.org", "of-a-friend"));
  EXPECT_TRUE(bob.request("INVITE"));
}

}  // namespace
}  // namespace ringway::sip::element
