#include "sip-usage/registrar/nonces.hpp"

#include <gtest/gtest.h>

namespace ringway::sip::registrar {
namespace {

TEST(Nonces, AreKnownAgainByTheirMakerOnly) {
  Nonces nonces(Bytes(32, 1)), others(Bytes(32, 2));
  const std::string first = nonces.make({5'000}), second = nonces.make({5'000});
  EXPECT_NE(first, second);
  ASSERT_TRUE(nonces.read(first));
  EXPECT_EQ(nonces.read(first)->at.ms, 5'000);
  EXPECT_LT(*nonces.read(first), *nonces.read(second));
  EXPECT_FALSE(others.read(first));
  for (std::size_t at = 0; at < first.size(); ++at) {
    std::string changed = first;
    changed[at] = changed[at] == '0' ? '1' : '0';
    EXPECT_FALSE(nonces.read(changed)) << at;
  }
  std::string other_case = first;
  for (char& c : other_case)
    if (c >= 'a') c = static_cast<char>(c - 'a' + 'A');
  EXPECT_FALSE(nonces.read(other_case)) << "one text for each";
  EXPECT_FALSE(nonces.read(""));
  EXPECT_FALSE(nonces.read(first + "00"));
}

TEST(UsedNonces, TakeEachCountOnce) {
  UsedNonces used;
  const IssuedNonce nonce{{1}, 1};
  EXPECT_TRUE(used.note(nonce, 1));
  EXPECT_FALSE(used.note(nonce, 1));
  EXPECT_TRUE(used.note(nonce, 3));
  EXPECT_TRUE(used.note(nonce, 2)) << "requests may overtake each other";
  EXPECT_FALSE(used.note(nonce, 2));
  EXPECT_TRUE(used.note({{1}, 2}, 1)) << "another nonce";
  EXPECT_TRUE(used.note(nonce, 1000));
  EXPECT_FALSE(used.note(nonce, 3));
  EXPECT_FALSE(used.note(nonce, 1000 - k_nonce_count_window)) << "nobody knows";
  EXPECT_TRUE(used.note(nonce, 1000 - k_nonce_count_window + 1));
  EXPECT_TRUE(used.note(nonce, 0xFFFFFFFF));
  EXPECT_FALSE(used.note(nonce, 0xFFFFFFFF));
}

TEST(UsedNonces, AreNoMoreThanTheirBoundAndNoneWorksTwice) {
  // Shows: SIP-27.
  UsedNonces used;
  for (std::uint64_t number = 1; number <= k_max_used_nonces; ++number)
    EXPECT_TRUE(used.note({{1}, number}, 1));
  EXPECT_EQ(used.size(), k_max_used_nonces);
  EXPECT_TRUE(used.note({{1}, 1}, 2)) << "at the bound all are known";
  EXPECT_TRUE(used.note({{1}, k_max_used_nonces + 1}, 1));
  EXPECT_EQ(used.size(), k_max_used_nonces);
  EXPECT_FALSE(used.note({{1}, 1}, 1)) << "what was forgotten does not work again";
  EXPECT_FALSE(used.note({{1}, 1}, 9));
  EXPECT_TRUE(used.note({{1}, 2}, 2));
}

}  // namespace
}  // namespace ringway::sip::registrar
