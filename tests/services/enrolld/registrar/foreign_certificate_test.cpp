// Whose mailboxes somebody else's authority vouches for, and whose not.
#include "services/enrolld/registrar/foreign_certificate.hpp"

#include <gtest/gtest.h>
#include <openssl/x509v3.h>

#include "tests/support/test_authority.hpp"

namespace ringway::enrolld {
namespace {

using services::AlternativeName;
using services::CertificateFields;
using test::k_now_ms;

constexpr WallMs k_day_ms = 86'400'000;
constexpr const char* k_alice = "alice@example.org";

class ForeignCertificateTest : public testing::Test {
 protected:
  static CertificateFields fields_of(const std::string& common_name) {
    CertificateFields fields;
    fields.common_name = common_name;
    fields.not_before_ms = test::k_not_before_ms;
    fields.not_after_ms = test::k_not_after_ms;
    return fields;
  }
  static test::CustomCertificate authority(const std::string& name, const test::CustomCertificate* above) {
    auto fields = fields_of(name);
    fields.authority = true;
    const auto key = test::new_key();
    return test::custom_certificate(fields, key, above == nullptr ? nullptr : above->x509,
                                    above == nullptr ? key : above->key);
  }
  static test::CustomCertificate person(const std::string& mailbox, const test::CustomCertificate& issuer,
                                        WallMs end_ms = test::k_not_after_ms) {
    auto fields = fields_of("somebody");
    fields.alternative_names = {{AlternativeName::Type::email, mailbox}};
    fields.not_after_ms = end_ms;
    return test::custom_certificate(fields, test::new_key(), issuer.x509, issuer.key);
  }
  // The certificate, for this alone.
  SharedBytes only_for(const char* use) const {
    const auto made = person(k_alice, root_);
    X509_EXTENSION* const uses = X509V3_EXT_conf_nid(nullptr, nullptr, NID_ext_key_usage, use);
    EXPECT_EQ(X509_add_ext(made.x509.get(), uses, -1), 1);
    X509_EXTENSION_free(uses);
    EXPECT_GT(X509_sign(made.x509.get(), root_.key.get(), EVP_sha256()), 0);
    return services::certificate_der(made.x509);
  }
  using Names = std::vector<std::string>;
  // None when they are refused.
  Names names(const std::vector<SharedBytes>& chain, WallMs now_ms = k_now_ms) const {
    const auto found = names_vouched_for(chain, {root_.der}, now_ms);
    return found ? *found : Names{};
  }

  const test::CustomCertificate root_ = authority("Example mail authority", nullptr);
};

TEST_F(ForeignCertificateTest, VouchesWhileItIsValid) {
  const auto alice = person(k_alice, root_, k_now_ms + k_day_ms).der;
  EXPECT_EQ(names({alice}), Names{k_alice});
  EXPECT_EQ(names({alice}, k_now_ms + 2 * k_day_ms), Names{});
  EXPECT_EQ(names({alice}, test::k_not_before_ms - k_day_ms), Names{});
  EXPECT_EQ(names({}), Names{});
}

TEST_F(ForeignCertificateTest, ComesOfATrustedRootThroughAuthorities) {
  const auto between = authority("Issuing authority", &root_);
  const auto alice = person(k_alice, between);
  EXPECT_EQ(names({alice.der, between.der}), Names{k_alice});
  EXPECT_EQ(names({alice.der}), Names{});
  // Nobody makes himself an authority by having a certificate.
  EXPECT_EQ(names({person("bob@example.org", alice).der, alice.der, between.der}), Names{});
  const auto stranger = authority("Example mail authority", nullptr);
  EXPECT_EQ(names({person(k_alice, stranger).der, stranger.der}), Names{});
}

TEST_F(ForeignCertificateTest, IsForClients) {
  EXPECT_EQ(names({only_for("clientAuth")}), Names{k_alice});
  EXPECT_EQ(names({only_for("serverAuth")}), Names{});
}

TEST_F(ForeignCertificateTest, ANameWithANulIsNotTheNameBeforeIt) {
  // Shows: ENROLL-15.
  const std::string longer = std::string(k_alice) + std::string(1, '\0') + ".example.net";
  EXPECT_EQ(names({person(longer, root_).der}), Names{longer});
}

TEST_F(ForeignCertificateTest, ChainsAreBounded) {
  const auto alice = person(k_alice, root_).der;
  EXPECT_EQ(names(std::vector<SharedBytes>(8, alice)), Names{k_alice});
  EXPECT_EQ(names(std::vector<SharedBytes>(9, alice)), Names{});
  EXPECT_EQ(names({alice, SharedBytes(copy_of(view_of("no certificate")))}), Names{});
}

}  // namespace
}  // namespace ringway::enrolld
