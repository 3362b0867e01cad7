#include "reload/security/hmac.hpp"

#include <gtest/gtest.h>

namespace ringway::security {
namespace {

// RFC 4231 §4.2 and §4.3.
TEST(HmacTest, KnownAnswers) {
  EXPECT_EQ(to_hex(hmac_sha256(Bytes(20, 0x0b), view_of("Hi There"))),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(to_hex(hmac_sha256(view_of("Jefe"), view_of("what do ya want for nothing?"))),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST(HmacTest, Comparing) {
  EXPECT_TRUE(equal_in_constant_time(view_of("abc"), view_of("abc")));
  EXPECT_FALSE(equal_in_constant_time(view_of("abc"), view_of("abd")));
  EXPECT_FALSE(equal_in_constant_time(view_of("abc"), view_of("ab")));
  EXPECT_TRUE(equal_in_constant_time({}, {}));
}

}  // namespace
}  // namespace ringway::security
