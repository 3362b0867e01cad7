// Public keys that look like good ones: right type, right size, and anybody can find the private key.
#include <gtest/gtest.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include <memory>

#include "tests/support/test_authority.hpp"

namespace ringway::services {
namespace {

using Number = std::unique_ptr<BIGNUM, decltype(&BN_free)>;

// RSA with an odd modulus of 2048 bits that 3 divides.
Key with_a_small_factor() {
  const Number modulus(BN_new(), BN_free);
  const Number exponent(BN_new(), BN_free);
  EXPECT_EQ(BN_set_bit(modulus.get(), 2047), 1);
  EXPECT_EQ(BN_set_bit(modulus.get(), 0), 1);
  while (BN_mod_word(modulus.get(), 3) != 0) EXPECT_EQ(BN_add_word(modulus.get(), 2), 1);
  EXPECT_EQ(BN_set_word(exponent.get(), 65537), 1);
  const std::unique_ptr<OSSL_PARAM_BLD, decltype(&OSSL_PARAM_BLD_free)> builder(OSSL_PARAM_BLD_new(),
                                                                                OSSL_PARAM_BLD_free);
  EXPECT_EQ(OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get()), 1);
  EXPECT_EQ(OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get()), 1);
  const std::unique_ptr<OSSL_PARAM, decltype(&OSSL_PARAM_free)> parameters(
      OSSL_PARAM_BLD_to_param(builder.get()), OSSL_PARAM_free);
  const std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)> context(
      EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr), EVP_PKEY_CTX_free);
  EVP_PKEY* made = nullptr;
  EXPECT_EQ(EVP_PKEY_fromdata_init(context.get()), 1);
  EXPECT_EQ(EVP_PKEY_fromdata(context.get(), &made, EVP_PKEY_PUBLIC_KEY, parameters.get()), 1);
  return {made, EVP_PKEY_free};
}

TEST(PublicKey, OneThatAnybodyCanFactorIsNotCertified) {
  // Shows: ENROLL-11.
  const Key weak = with_a_small_factor();
  EXPECT_FALSE(check_public_key(weak).ok());
  EXPECT_TRUE(check_public_key(test::new_key(KeyType::rsa2048)).ok());
  const test::TestAuthority authority;
  const NodeRequest request{
      "alice@example.org", {test::node_id(7)}, {test::k_not_before_ms, test::k_not_after_ms}};
  EXPECT_FALSE(authority.authority().certify(request, weak).ok());
  EXPECT_TRUE(authority.authority().certify(request, test::new_key(KeyType::rsa2048)).ok());
}

}  // namespace
}  // namespace ringway::services
