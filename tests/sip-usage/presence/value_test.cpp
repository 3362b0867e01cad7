#include "sip-usage/presence/value.hpp"

#include <gtest/gtest.h>

namespace ringway::sip::presence {
namespace {

TEST(PresenceValues, OfOtherVersionsAndFormsAreNotRead) {
  const Bytes k_plain = {1, 1, 0, 2, 'o', 'k'};
  const auto value = wire::decode<PresenceValue>(SharedBytes(k_plain));
  ASSERT_TRUE(value);
  EXPECT_EQ(value->form, ValueForm::plain);
  EXPECT_EQ(text_of(value->content), "ok");
  EXPECT_EQ(wire::encode(*value), k_plain);
  for (const Bytes& other : {Bytes{0, 1, 0, 2, 'o', 'k'}, Bytes{2, 1, 0, 2, 'o', 'k'},
                             Bytes{1, 0, 0, 2, 'o', 'k'}, Bytes{1, 3, 0, 2, 'o', 'k'},
                             Bytes{1, 1, 0, 3, 'o', 'k'}, Bytes{1, 1, 0, 1, 'o', 'k'}, Bytes{1}, Bytes{}})
    EXPECT_FALSE(wire::decode<PresenceValue>(SharedBytes(other)));
}

}  // namespace
}  // namespace ringway::sip::presence
