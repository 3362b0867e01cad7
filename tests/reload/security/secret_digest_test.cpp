#include "reload/security/secret_digest.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>

namespace ringway::security {
namespace {

TEST(SecretDigestTest, KnownAnswersHoweverItIsCut) {
  // RFC 1321 §A.5 and FIPS 180-2 §B.1.
  for (const auto& parts : {std::array<std::string_view, 2>{"abc", ""}, {"a", "bc"}}) {
    EXPECT_EQ(to_hex(digest_of(SecretDigest::md5, {parts[0], parts[1]})), "900150983cd24fb0d6963f7d28e17f72");
    EXPECT_EQ(to_hex(digest_of(SecretDigest::sha256, {parts[0], parts[1]})),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  }
}

TEST(SecretDigestTest, ZeroedIsZero) {
  std::string text = "secret";
  zero(std::span<char>(text));
  EXPECT_EQ(text, std::string(6, '\0'));
  Bytes bytes(4, 7);
  zero(std::span<std::uint8_t>(bytes));
  EXPECT_EQ(bytes, Bytes(4, 0));
}

}  // namespace
}  // namespace ringway::security
