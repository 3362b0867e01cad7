#include "reload/security/trust.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/x509v3.h>

#include "tests/support/test_authority.hpp"

namespace ringway::security {
namespace {

using services::CertificateFields;
using test::k_now_ms;
using testing::HasSubstr;
using Type = services::AlternativeName::Type;

std::string refusal(const Trust& trust, const Certificate& certificate,
                    const std::vector<SharedBytes>& others = {}, WallMs now_ms = k_now_ms) {
  const auto verdict = trust.check(certificate, others, now_ms);
  return verdict ? "" : verdict.error().reason;
}

CertificateFields node_fields() {
  CertificateFields fields;
  fields.alternative_names = {{Type::uri, reload_uri(test::node_id(7), "overlay.example.org")},
                              {Type::email, "alice@example.org"}};
  fields.not_before_ms = test::k_not_before_ms;
  fields.not_after_ms = test::k_not_after_ms;
  return fields;
}

CertificateFields authority_fields(const std::string& name) {
  CertificateFields fields;
  fields.common_name = name;
  fields.authority = true;
  fields.not_before_ms = test::k_not_before_ms;
  fields.not_after_ms = test::k_not_after_ms;
  return fields;
}

// A chain of `intermediates` between the authority's root and a node.
struct Chain {
  std::vector<SharedBytes> intermediates_der;
  CertificatePtr node;
};
Chain make_chain(const test::TestAuthority& authority, const std::vector<CertificateFields>& intermediates) {
  Chain chain;
  services::X509Ptr issuer = authority.authority().root();
  services::Key issuer_key = authority.root_key();
  for (const auto& fields : intermediates) {
    const auto made = test::custom_certificate(fields, test::new_key(), issuer, issuer_key);
    chain.intermediates_der.push_back(made.der);
    issuer = made.x509;
    issuer_key = made.key;
  }
  const auto leaf = test::custom_certificate(node_fields(), test::new_key(), issuer, issuer_key);
  chain.node = Certificate::parse(leaf.der).value();
  return chain;
}

// After a change that no authority of ours makes.
SharedBytes signed_again(const services::X509Ptr& certificate, const services::Key& issuer_key,
                         const EVP_MD* digest) {
  EXPECT_GT(X509_sign(certificate.get(), issuer_key.get(), digest), 0);
  return services::certificate_der(certificate);
}

class TrustTest : public testing::Test {
 protected:
  test::TestAuthority authority_;
  TrustPtr trust_ = authority_.trust();
};

TEST_F(TrustTest, ChainsToARoot) {
  // Shows: SEC-16, ENROLL-19.
  EXPECT_EQ(refusal(*trust_, *authority_.issue("alice@example.org", test::node_id(7))->certificate()), "");
  const test::TestAuthority other;
  EXPECT_NE(refusal(*trust_, *other.issue("alice@example.org", test::node_id(7))->certificate()), "");
}

TEST_F(TrustTest, TakesAnyOfSeveralRoots) {
  // Shows: SEC-16.
  const test::TestAuthority other;
  auto settings = authority_.trust_settings();
  settings.root_certificates_der.push_back(other.root_der());
  const auto both = Trust::make(settings).value();
  EXPECT_EQ(refusal(*both, *authority_.issue("alice@example.org", test::node_id(7))->certificate()), "");
  EXPECT_EQ(refusal(*both, *other.issue("bob@example.org", test::node_id(8))->certificate()), "");
}

TEST_F(TrustTest, IntermediatesAreAuthorities) {
  // Shows: SEC-16.
  const auto good = make_chain(authority_, {authority_fields("one"), authority_fields("two")});
  EXPECT_EQ(refusal(*trust_, *good.node, good.intermediates_der), "");
  EXPECT_NE(refusal(*trust_, *good.node, {good.intermediates_der.front()}), "");

  auto not_an_authority = authority_fields("one");
  not_an_authority.authority = false;
  const auto bad = make_chain(authority_, {not_an_authority});
  EXPECT_NE(refusal(*trust_, *bad.node, bad.intermediates_der), "");
}

TEST_F(TrustTest, AnIntermediateMustSayThatItIsAnAuthority) {
  // Shows: SEC-16.
  const auto between = test::custom_certificate(authority_fields("one"), test::new_key(),
                                                authority_.authority().root(), authority_.root_key());
  const int constraints = X509_get_ext_by_NID(between.x509.get(), NID_basic_constraints, -1);
  X509_EXTENSION_free(X509_delete_ext(between.x509.get(), constraints));  // its key usage alone says so
  const auto der = signed_again(between.x509, authority_.root_key(), EVP_sha256());
  const auto leaf = test::custom_certificate(node_fields(), test::new_key(), between.x509, between.key);
  EXPECT_NE(refusal(*trust_, *Certificate::parse(leaf.der).value(), {der}), "");
}

TEST_F(TrustTest, RefusesSignaturesWithABrokenDigest) {
  // Shows: SEC-16.
  const auto leaf = test::custom_certificate(node_fields(), test::new_key(), authority_.authority().root(),
                                             authority_.root_key());
  const auto signed_with = [&](const EVP_MD* digest) {
    return Certificate::parse(signed_again(leaf.x509, authority_.root_key(), digest)).value();
  };
  EXPECT_EQ(refusal(*trust_, *signed_with(EVP_sha256())), "");
  EXPECT_NE(refusal(*trust_, *signed_with(EVP_sha1())), "");
}

TEST_F(TrustTest, ANodeCannotCertifyNodes) {
  // Shows: SEC-16.
  const auto chain = make_chain(authority_, {node_fields()});
  EXPECT_NE(refusal(*trust_, *chain.node, chain.intermediates_der), "");
}

TEST_F(TrustTest, ChainsAreBounded) {
  std::vector<CertificateFields> intermediates;
  for (int i = 0; i < k_max_chain_depth; ++i)
    intermediates.push_back(authority_fields("authority " + std::to_string(i)));
  const auto longest = make_chain(authority_, intermediates);
  EXPECT_EQ(refusal(*trust_, *longest.node, longest.intermediates_der), "");
  intermediates.push_back(authority_fields("one too many"));
  const auto longer = make_chain(authority_, intermediates);
  EXPECT_NE(refusal(*trust_, *longer.node, longer.intermediates_der), "");
}

TEST_F(TrustTest, ChainsAreBoundedInBytes) {
  const std::vector<SharedBytes> most{Bytes(k_max_chain_size_bytes - 100), Bytes(100)};
  EXPECT_TRUE(chain_within_bounds(most));
  EXPECT_FALSE(chain_within_bounds({most[0], most[1], Bytes(1)}));
  EXPECT_FALSE(chain_within_bounds(std::vector<SharedBytes>(k_max_chain_depth + 1, Bytes(1))));

  auto large = authority_fields("large");
  large.alternative_names = {{Type::uri, "http://example.org/" + std::string(7000, 'x')}};
  const auto two = make_chain(authority_, {large, large});
  EXPECT_EQ(refusal(*trust_, *two.node, two.intermediates_der), "");
  const auto three = make_chain(authority_, {large, large, large});
  EXPECT_THAT(refusal(*trust_, *three.node, three.intermediates_der), HasSubstr("too large"));
}

TEST_F(TrustTest, TellsWhichIntermediatesWereNeeded) {
  // Shows: SEC-11.
  const auto chain = make_chain(authority_, {authority_fields("one"), authority_fields("two")});
  auto others = chain.intermediates_der;
  others.push_back(make_chain(authority_, {authority_fields("stranger")}).intermediates_der.front());
  others.push_back(authority_.root_der());
  const auto needed = trust_->trusted_chain(*chain.node, others, k_now_ms)->intermediates;
  ASSERT_NE(needed, nullptr);
  ASSERT_EQ(needed->size(), 2U);
  EXPECT_TRUE(equal((*needed)[0], chain.intermediates_der[1]));  // the issuer first
  EXPECT_TRUE(equal((*needed)[1], chain.intermediates_der[0]));
  const auto direct = authority_.issue("alice@example.org", test::node_id(7))->certificate();
  EXPECT_EQ(trust_->trusted_chain(*direct, others, k_now_ms)->intermediates, nullptr);
}

TEST_F(TrustTest, ARootMayBeSignedByAnother) {
  const test::TestAuthority higher;
  const auto cross = test::custom_certificate(authority_fields("cross-signed"), test::new_key(),
                                              higher.authority().root(), higher.root_key());
  auto settings = authority_.trust_settings();
  settings.root_certificates_der = {cross.der};
  const auto trust = Trust::make(settings).value();
  const auto leaf = test::custom_certificate(node_fields(), test::new_key(), cross.x509, cross.key);
  EXPECT_EQ(refusal(*trust, *Certificate::parse(leaf.der).value()), "");
}

TEST_F(TrustTest, ComparesValidityWithTheTimeGiven) {
  // Shows: SEC-17.
  const auto certificate = authority_.issue("alice@example.org", test::node_id(7))->certificate();
  EXPECT_THAT(refusal(*trust_, *certificate, {}, test::k_not_before_ms - 1), HasSubstr("not valid yet"));
  EXPECT_EQ(refusal(*trust_, *certificate, {}, test::k_not_before_ms), "");
  EXPECT_THAT(refusal(*trust_, *certificate, {}, test::k_not_after_ms + 1), HasSubstr("expired"));
  EXPECT_NE(refusal(*trust_, *authority_.issue_expired("a@example.org", test::node_id(8))->certificate()),
            "");
  EXPECT_NE(
      refusal(*trust_, *authority_.issue_not_yet_valid("a@example.org", test::node_id(8))->certificate()),
      "");
}

TEST_F(TrustTest, AnExpiredIntermediateEndsTheChain) {
  // Shows: SEC-17.
  auto short_lived = authority_fields("short-lived");
  short_lived.not_after_ms = k_now_ms + 1000;
  const auto chain = make_chain(authority_, {short_lived});
  EXPECT_EQ(refusal(*trust_, *chain.node, chain.intermediates_der), "");
  EXPECT_EQ(trust_->trusted_chain(*chain.node, chain.intermediates_der, k_now_ms)->until_ms, k_now_ms + 1000);
  EXPECT_NE(refusal(*trust_, *chain.node, chain.intermediates_der, k_now_ms + 2000), "");
}

TEST_F(TrustTest, IsForOneOverlay) {
  // Shows: SEC-20.
  const auto certificate = authority_.issue("alice@example.org", test::node_id(7))->certificate();
  auto settings = authority_.trust_settings();
  settings.overlay_name = "Overlay.EXAMPLE.org";
  EXPECT_EQ(refusal(*Trust::make(settings).value(), *certificate), "");
  settings.overlay_name = "overlay.example.com";
  EXPECT_THAT(refusal(*Trust::make(settings).value(), *certificate), HasSubstr("another overlay"));
}

TEST_F(TrustTest, RefusesBadNodes) {
  // Shows: SEC-21.
  test::IssueOptions options;
  options.more_nodes = {test::node_id(8)};
  const auto certificate = authority_.issue("alice@example.org", test::node_id(7), options)->certificate();
  EXPECT_EQ(refusal(*authority_.trust({test::node_id(9)}), *certificate), "");
  EXPECT_THAT(refusal(*authority_.trust({test::node_id(7)}), *certificate), HasSubstr("revoked"));
  EXPECT_THAT(refusal(*authority_.trust({test::node_id(8)}), *certificate), HasSubstr("revoked"));
}

TEST_F(TrustTest, OldAndNewCertificateOfANodeBothHoldUntilTheyEnd) {
  // Shows: SEC-38.
  test::IssueOptions before;
  before.validity = {test::k_not_before_ms, k_now_ms + 1000};
  test::IssueOptions after;
  after.validity = {k_now_ms - 1000, test::k_not_after_ms};
  const auto first = authority_.issue("alice@example.org", test::node_id(7), before)->certificate();
  const auto second = authority_.issue("alice@example.org", test::node_id(7), after)->certificate();
  EXPECT_EQ(refusal(*trust_, *first), "");
  EXPECT_EQ(refusal(*trust_, *second), "");
  EXPECT_NE(refusal(*trust_, *first, {}, k_now_ms + 2000), "");
  EXPECT_EQ(refusal(*trust_, *second, {}, k_now_ms + 2000), "");
}

TEST_F(TrustTest, RootsAreCertificates) {
  auto settings = authority_.trust_settings();
  settings.root_certificates_der = {SharedBytes(Bytes{1, 2, 3})};
  EXPECT_FALSE(Trust::make(settings).ok());
}

TEST_F(TrustTest, WithoutRootsNobodyIsTrusted) {
  // Shows: SEC-33.
  auto settings = authority_.trust_settings();
  settings.root_certificates_der.clear();
  const auto trust = Trust::make(settings).value();
  EXPECT_NE(refusal(*trust, *authority_.issue("alice@example.org", test::node_id(7))->certificate()), "");
}

class SelfSignedTest : public testing::TestWithParam<SelfSignedDigest> {
 protected:
  static TrustPtr permitting(std::optional<SelfSignedDigest> digest) {
    TrustSettings settings;
    settings.overlay_name = "overlay.example.org";
    settings.self_signed_permitted = digest;
    return Trust::make(settings).value();
  }
  static CertificatePtr make(std::size_t count = 1) {
    return test::self_signed("alice@example.org", "overlay.example.org", GetParam(), count)
        .signer->certificate();
  }
};

TEST_P(SelfSignedTest, NodeIdComesFromTheKey) {
  // Shows: SEC-22, SEC-24.
  const auto certificate = make();
  EXPECT_EQ(refusal(*permitting(GetParam()), *certificate), "");
  const auto other = GetParam() == SelfSignedDigest::sha1 ? SelfSignedDigest::sha256 : SelfSignedDigest::sha1;
  EXPECT_THAT(refusal(*permitting(other), *certificate), HasSubstr("not derived"));
}

TEST_P(SelfSignedTest, SeveralNodeIdsComeFromKeyAndIndex) {
  // Shows: SEC-23.
  const auto certificate = make(3);
  EXPECT_EQ(certificate->node_ids().size(), 3U);
  EXPECT_EQ(refusal(*permitting(GetParam()), *certificate), "");
}

TEST_P(SelfSignedTest, OnlyWherePermitted) {
  // Shows: SEC-25.
  EXPECT_NE(refusal(*permitting(std::nullopt), *make()), "");
  const test::TestAuthority authority;
  EXPECT_NE(refusal(*authority.trust(), *make()), "");
}

TEST_P(SelfSignedTest, TheUserNameIsOfItsUsersChoice) {
  // RFC 6940 §11.3.1; §11.3: it need not match the overlay's name.
  const auto certificate =
      test::self_signed("alice@elsewhere.example.net", "overlay.example.org", GetParam(), 1)
          .signer->certificate();
  EXPECT_EQ(refusal(*permitting(GetParam()), *certificate), "");
}

TEST_P(SelfSignedTest, AStolenNodeIdIsRefused) {
  // Shows: SEC-22, FM-18.
  const auto key = test::new_key();
  const auto thief = test::custom_certificate(node_fields(), key, nullptr, key);
  EXPECT_THAT(refusal(*permitting(GetParam()), *Certificate::parse(thief.der).value()),
              HasSubstr("not derived"));
}

TEST_P(SelfSignedTest, SignedByAnotherKeyIsRefused) {
  // Shows: SEC-22.
  const auto key = test::new_key();
  const test::TestAuthority nobody;
  auto fields = node_fields();
  const auto draft = Certificate::parse(test::custom_certificate(fields, key, nullptr, key).der).value();
  const NodeId own = self_signed_node_id(draft->public_key_info_der(), GetParam(), 1, 1);
  fields.alternative_names.front().text = reload_uri(own, "overlay.example.org");
  const auto good = test::custom_certificate(fields, key, nullptr, key);
  const auto forged = test::custom_certificate(fields, key, nullptr, test::new_key());
  EXPECT_EQ(refusal(*permitting(GetParam()), *Certificate::parse(good.der).value()), "");
  EXPECT_NE(refusal(*permitting(GetParam()), *Certificate::parse(forged.der).value()), "");
}

TEST_P(SelfSignedTest, StandsBesideARoot) {
  // Shows: SEC-25.
  const test::TestAuthority authority;
  auto settings = authority.trust_settings();
  settings.self_signed_permitted = GetParam();
  const auto trust = Trust::make(settings).value();
  EXPECT_EQ(refusal(*trust, *make()), "");
  EXPECT_EQ(refusal(*trust, *authority.issue("bob@example.org", test::node_id(8))->certificate()), "");
}

INSTANTIATE_TEST_SUITE_P(Digests, SelfSignedTest,
                         testing::Values(SelfSignedDigest::sha1, SelfSignedDigest::sha256),
                         [](const auto& digest) {
                           return digest.param == SelfSignedDigest::sha1 ? "Sha1" : "Sha256";
                         });

TEST(SelfSignedNodeId, MatchesVectorsComputedElsewhere) {
  // Shows: SEC-22, SEC-23, SEC-24.
  // Python: hashlib.sha1(b"key").hexdigest()[:32], hashlib.sha256(b"\0\0\0\2key").hexdigest()[:32], and so
  // on.
  const BytesView key = view_of("key");
  EXPECT_EQ(self_signed_node_id(key, SelfSignedDigest::sha1, 1, 1).hex(), "a62f2225bf70bfaccbc7f1ef2a397836");
  EXPECT_EQ(self_signed_node_id(key, SelfSignedDigest::sha256, 1, 1).hex(),
            "2c70e12b7a0646f92279f427c7b38e73");
  EXPECT_EQ(self_signed_node_id(key, SelfSignedDigest::sha1, 2, 2).hex(), "8ea570140bbc437e70cabaa8f42ac927");
  EXPECT_EQ(self_signed_node_id(key, SelfSignedDigest::sha256, 2, 2).hex(),
            "c490629124fb959337b7e766f6e692c0");
}

}  // namespace
}  // namespace ringway::security
