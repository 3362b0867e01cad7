#include "sip-usage/proxy/best_response.hpp"

#include <gtest/gtest.h>

#include "sip-usage/proxy/settings.hpp"
#include "tests/sip-usage/proxy/stage.hpp"

namespace ringway::sip::proxy {
namespace {

Message response(unsigned status, const std::vector<HeaderField>& fields = {}) {
  auto out = make_response(test::request("INVITE"), status, "t" + std::to_string(status));
  for (const auto& field : fields) out.add_field(field.name, field.value);
  return out;
}

unsigned best_of(const std::vector<unsigned>& statuses) {
  BestResponse best;
  for (const auto status : statuses) best.add(response(status), false);
  return best.take().status();
}

// §16.7 step 6, in any order.
TEST(BestResponseTest, Choosing) {
  const std::vector<std::pair<std::vector<unsigned>, unsigned>> table = {
      {{404, 603}, 603},           {{302, 404, 500}, 302}, {{503, 407, 501, 404}, 407},
      {{404, 486}, 404},           {{486, 420}, 420},      {{415, 401}, 401},
      {{408, 486}, 486},           {{487, 480}, 480},      {{430, 404}, 404},
      {{503, 500}, 500},           {{503, 408}, 408},      {{600, 302, 401}, 600},
      {{487, 408, 503, 404}, 404},
  };
  for (auto [statuses, expected] : table) {
    EXPECT_EQ(best_of(statuses), expected);
    if (statuses != std::vector<unsigned>{404, 486}) {
      std::reverse(statuses.begin(), statuses.end());
      EXPECT_EQ(best_of(statuses), expected) << "the other way round";
    }
  }
}

TEST(BestResponseTest, WhatOthersSayComesBeforeOurOwn) {
  BestResponse best;
  best.add(response(480), true);
  EXPECT_TRUE(best.is_ours());
  best.add(response(486), false);
  EXPECT_EQ(best.take().status(), 486u);
}

// §16.7 step 7.
TEST(BestResponseTest, Challenges) {
  BestResponse best;
  best.add(response(407, {{"Proxy-Authenticate", "Digest realm=\"a\""}}), false);
  best.add(
      response(401, {{"WWW-Authenticate", "Digest realm=\"b\""}, {"WWW-Authenticate", "Digest realm=\"c\""}}),
      false);
  best.add(response(486, {{"WWW-Authenticate", "Digest realm=\"not of a challenge\""}}), false);
  best.add(response(407, {{"Proxy-Authenticate", "Digest realm=\"a\""}}), false);
  const auto out = best.take();
  EXPECT_EQ(out.status(), 407u);
  EXPECT_EQ(out.fields, (std::vector<HeaderField>{{"Proxy-Authenticate", "Digest realm=\"a\""},
                                                  {"WWW-Authenticate", "Digest realm=\"b\""},
                                                  {"WWW-Authenticate", "Digest realm=\"c\""}}));
}

TEST(BestResponseTest, NoChallengesWhereTheBestIsNone) {
  BestResponse best;
  best.add(response(407, {{"Proxy-Authenticate", "Digest realm=\"a\""}}), false);
  best.add(response(600), false);
  EXPECT_EQ(best.take().field("Proxy-Authenticate"), nullptr);
}

// k_max_challenges.
TEST(BestResponseTest, ChallengesAtTheBound) {
  BestResponse best;
  std::uint64_t cut = 0;
  for (std::size_t at = 0; at < k_max_challenges; ++at)
    cut +=
        best.add(response(401, {{"WWW-Authenticate", "Digest realm=\"" + std::to_string(at) + "\""}}), false);
  EXPECT_EQ(cut, 0u);
  EXPECT_EQ(best.add(response(401, {{"WWW-Authenticate", "Digest realm=\"more\""}}), false), 1u);
  EXPECT_EQ(best.take().fields.size(), k_max_challenges);
}

}  // namespace
}  // namespace ringway::sip::proxy
