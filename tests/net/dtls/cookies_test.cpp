#include "net/dtls/cookies.hpp"

#include <gtest/gtest.h>

#include "net/dtls/demultiplex.hpp"

namespace ringway::net::dtls {
namespace {

constexpr MonoTime k_now{600'000};

TEST(Cookies, AreGoodForTheAddressThatTheyWereMadeFor) {
  Cookies cookies;
  const Bytes cookie = cookies.make(k_now, "192.0.2.1:5000");
  EXPECT_EQ(cookie.size(), 32U);
  EXPECT_TRUE(cookies.good(k_now, "192.0.2.1:5000", cookie));
  EXPECT_FALSE(cookies.good(k_now, "192.0.2.1:5001", cookie));
  EXPECT_FALSE(cookies.good(k_now, "192.0.2.2:5000", cookie));
  EXPECT_FALSE(cookies.good(k_now, "192.0.2.1:5000", {}));
  Bytes changed = cookie;
  changed[31] ^= 1;
  EXPECT_FALSE(cookies.good(k_now, "192.0.2.1:5000", changed));
  EXPECT_FALSE(Cookies().good(k_now, "192.0.2.1:5000", cookie)) << "of another start of the peer";
}

TEST(Cookies, EndAfterTwoMinutesAtTheLatest) {
  Cookies cookies;
  const Bytes cookie = cookies.make(k_now, "a");
  EXPECT_TRUE(cookies.good(k_now + Duration{60'000}, "a", cookie));
  EXPECT_FALSE(cookies.good(k_now + Duration{120'000}, "a", cookie));
}

TEST(Demultiplexing, GoesByTheFirstByte) {
  // Shows: LINK-27.
  const auto of = [](std::uint8_t first) { return kind_of(Bytes{first, 0, 0}); };
  for (unsigned first = 0; first < 256; ++first) {
    Datagram wanted = Datagram::other;
    if (first <= 3) wanted = Datagram::stun;
    if (first >= 20 && first <= 63) wanted = Datagram::dtls;
    if (first >= 64 && first <= 79) wanted = Datagram::channel_data;
    EXPECT_EQ(of(static_cast<std::uint8_t>(first)), wanted) << first;
  }
  EXPECT_EQ(kind_of({}), Datagram::other);
}

}  // namespace
}  // namespace ringway::net::dtls
