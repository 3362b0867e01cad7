#include "net/dtls/cookies.hpp"

#include <gtest/gtest.h>

#include <string>

#include "net/dtls/client_hello.hpp"
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

TEST(Cookies, EndAfterTwoPeriodsAtTheLatest) {
  Cookies cookies;
  const Bytes cookie = cookies.make(k_now, "a");
  EXPECT_TRUE(cookies.good(k_now + k_cookie_period, "a", cookie));
  EXPECT_FALSE(cookies.good(k_now + 2 * k_cookie_period, "a", cookie));
}

TEST(Cookies, AreSpentOnceForAsLongAsTheyAreGood) {
  Cookies cookies;
  EXPECT_FALSE(cookies.spent(k_now, "a"));
  cookies.spend(k_now, "a");
  cookies.spend(k_now, "a");
  EXPECT_EQ(cookies.spent_count(), 1U);
  EXPECT_TRUE(cookies.spent(k_now + 2 * k_cookie_period - Duration{1}, "a"));
  EXPECT_FALSE(cookies.spent(k_now, "b"));
  EXPECT_FALSE(cookies.spent(k_now + 2 * k_cookie_period, "a"));
  EXPECT_EQ(cookies.spent_count(), 0U);
}

TEST(Cookies, TheirMemoryHasABound) {
  Cookies cookies;
  for (std::size_t i = 0; i <= k_max_spent_cookies; ++i) cookies.spend(k_now, std::to_string(i));
  EXPECT_EQ(cookies.spent_count(), k_max_spent_cookies);
  EXPECT_FALSE(cookies.spent(k_now, "0")) << "the first is forgotten";
  EXPECT_TRUE(cookies.spent(k_now, "1"));
  EXPECT_TRUE(cookies.spent(k_now, std::to_string(k_max_spent_cookies)));
}

TEST(ClientHellos, AreToldByTheirRandom) {
  Bytes datagram(60, 0);  // up to an empty session id
  datagram[0] = 22;
  datagram[13] = 1;
  for (std::size_t i = 0; i < 32; ++i) datagram[27 + i] = static_cast<std::uint8_t>(i + 1);
  ASSERT_TRUE(client_hello(datagram));
  EXPECT_EQ(to_hex(client_hello(datagram)->random.first(3)), "010203");
  EXPECT_EQ(client_hello(datagram)->random.size(), 32U);
  EXPECT_FALSE(client_hello(datagram)->has_cookie) << "the datagram ends before it";
  datagram.push_back(0);
  EXPECT_FALSE(client_hello(datagram)->has_cookie);
  datagram.back() = 20;
  EXPECT_TRUE(client_hello(datagram)->has_cookie);
  datagram[59] = 255;  // a session id that ends behind the datagram
  EXPECT_FALSE(client_hello(datagram)->has_cookie);
  for (const std::size_t at : {std::size_t{0}, std::size_t{3}, std::size_t{4}, std::size_t{13}}) {
    Bytes other = datagram;
    other[at] ^= 1;
    EXPECT_FALSE(client_hello(other)) << at;
  }
  datagram.resize(59);
  EXPECT_FALSE(client_hello(datagram));
  EXPECT_FALSE(client_hello({}));
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
