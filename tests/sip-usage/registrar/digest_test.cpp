// RFC 7616 §3.4, with the examples of RFC 7616 §3.9.1 and RFC 2617 §3.5.
#include "sip-usage/registrar/digest.hpp"

#include <gtest/gtest.h>

#include <utility>

namespace ringway::sip::registrar {
namespace {

TEST(Digest, KnownAnswers) {
  Credentials credentials;
  credentials.nonce = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v";
  credentials.nonce_count = "00000001";
  credentials.cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
  credentials.qop = "auth";
  credentials.uri = "/dir/index.html";
  const auto key = [](Algorithm algorithm) {
    return Ha1::of_password(algorithm, "Mufasa", "http-auth@example.org", "Circle of Life");
  };
  EXPECT_EQ(digest_response(key(Algorithm::md5), credentials, "GET"), "8ca523f5e9506fed4657c9700eebdbec");
  EXPECT_EQ(digest_response(key(Algorithm::sha256), credentials, "GET"),
            "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1");
}

TEST(Digest, AlgorithmsByName) {
  EXPECT_EQ(algorithm_of(""), Algorithm::md5) << "RFC 7616 §3.4";
  EXPECT_EQ(algorithm_of("md5"), Algorithm::md5);
  EXPECT_EQ(algorithm_of("SHA-256"), Algorithm::sha256);
  EXPECT_EQ(algorithm_of("MD5-sess"), std::nullopt);
}

TEST(Digest, KeysFromSettings) {
  EXPECT_TRUE(Ha1::of_hex(Algorithm::md5, "939E7578ED9E3C518A452ACEE763BCE9").ok());
  EXPECT_FALSE(Ha1::of_hex(Algorithm::md5, "939e7578ed9e3c518a452acee763bce").ok());
  EXPECT_FALSE(Ha1::of_hex(Algorithm::sha256, "939e7578ed9e3c518a452acee763bce9").ok());
  EXPECT_FALSE(Ha1::of_hex(Algorithm::md5, "939e7578ed9e3c518a452acee763bcex").ok());
  auto key = *Ha1::of_hex(Algorithm::md5, "939E7578ED9E3C518A452ACEE763BCE9");
  EXPECT_EQ(key.reveal(), "939e7578ed9e3c518a452acee763bce9");
  const Ha1 moved = std::move(key);
  EXPECT_EQ(moved.reveal(), "939e7578ed9e3c518a452acee763bce9");
  EXPECT_EQ(key.reveal(), "") << "a secret is in one place";  // NOLINT(bugprone-use-after-move)
}

}  // namespace
}  // namespace ringway::sip::registrar
