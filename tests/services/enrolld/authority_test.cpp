#include "services/enrolld/authority/authority.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <set>

#include "tests/support/test_authority.hpp"

namespace ringway::services {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr Validity k_validity{test::k_not_before_ms, test::k_not_after_ms};

class AuthorityTest : public testing::Test {
 protected:
  std::string refusal(const NodeRequest& request) const {
    const auto issued = authority_.issue(request);
    return issued ? "" : issued.error().reason;
  }
  Authority authority_ = Authority::make("overlay.example.org", k_validity).value();
};

TEST_F(AuthorityTest, IssuesWhatRfc6940AsksFor) {
  // Shows: SEC-18, ENROLL-15.
  const auto issued =
      authority_.issue({"alice@example.org", {test::node_id(7), test::node_id(8)}, k_validity});
  ASSERT_TRUE(issued.ok()) << issued.error().reason;
  const auto signer = security::load_signer(issued->private_key_pem, issued->certificate_pem);
  ASSERT_TRUE(signer.ok()) << signer.error().reason;
  const auto& certificate = *(*signer)->certificate();
  EXPECT_THAT(certificate.node_ids(), ElementsAre(test::node_id(7), test::node_id(8)));
  EXPECT_EQ(certificate.user_name(), "alice@example.org");
  EXPECT_EQ(certificate.overlay_name(), "overlay.example.org");
  X509* x509 = certificate.x509();
  EXPECT_EQ(X509_NAME_entry_count(X509_get_subject_name(x509)), 0);
  const int place = X509_get_ext_by_NID(x509, NID_subject_alt_name, -1);
  ASSERT_GE(place, 0);
  EXPECT_EQ(X509_EXTENSION_get_critical(X509_get_ext(x509, place)), 1);
  EXPECT_EQ(X509_check_ca(x509), 0);
  EXPECT_EQ(X509_get_key_usage(x509), std::uint32_t{KU_DIGITAL_SIGNATURE | KU_KEY_AGREEMENT});
  EXPECT_EQ(X509_check_ca(authority_.root().get()), 1);
}

TEST_F(AuthorityTest, SerialNumbersDiffer) {
  std::set<std::string> serials;
  for (int i = 0; i < 20; ++i) {
    const auto issued = authority_.issue({"alice@example.org", {test::node_id(7)}, k_validity}).value();
    const auto x509 = read_certificate(issued.certificate_pem).value();
    const ASN1_INTEGER* serial = X509_get0_serialNumber(x509.get());
    EXPECT_GE(serial->length, 12);
    serials.emplace(reinterpret_cast<const char*>(serial->data), static_cast<std::size_t>(serial->length));
  }
  EXPECT_EQ(serials.size(), 20U);
}

TEST_F(AuthorityTest, RefusesReservedRepeatedAndMissingNodeIds) {
  // Shows: ENROLL-13.
  EXPECT_THAT(refusal({"alice@example.org", {}, k_validity}), HasSubstr("at least one"));
  EXPECT_THAT(refusal({"alice@example.org", {k_no_node}, k_validity}), HasSubstr("reserved"));
  EXPECT_THAT(refusal({"alice@example.org", {wildcard_node()}, k_validity}), HasSubstr("reserved"));
  EXPECT_THAT(refusal({"alice@example.org", {test::node_id(7), test::node_id(7)}, k_validity}),
              HasSubstr("repeated"));
  EXPECT_THAT(refusal({"alice@example.org", std::vector<NodeId>(17, test::node_id(7)), k_validity}),
              HasSubstr("at most"));
}

TEST_F(AuthorityTest, RefusesBadUserNames) {
  // Shows: ENROLL-15.
  EXPECT_EQ(refusal({"o'hara+sip.x@sub.example.org", {test::node_id(7)}, k_validity}), "");
  for (const std::string& name : {std::string(),
                                  std::string("alice"),
                                  std::string("@example.org"),
                                  std::string("alice@"),
                                  std::string("alice\0@example.org", 18),
                                  std::string("alice@example.org\0x", 19),
                                  std::string("a b@example.org"),
                                  std::string("a\n@example.org"),
                                  std::string("a@b@example.org"),
                                  std::string("a/b@example.org"),
                                  std::string("a\"b@example.org"),
                                  std::string("a,URI:reload@example.org"),
                                  std::string(".a@example.org"),
                                  std::string("a.@example.org"),
                                  std::string("a..b@example.org"),
                                  std::string("\xc3\xa9@example.org"),
                                  std::string("a@exa mple.org"),
                                  std::string("a@-example.org"),
                                  std::string("a@example..org"),
                                  std::string("a@example.org."),
                                  std::string(65, 'a') + "@example.org"})
    EXPECT_NE(refusal({name, {test::node_id(7)}, k_validity}), "") << name;
}

TEST_F(AuthorityTest, OverlayNamesAreDomainNames) {
  EXPECT_TRUE(Authority::make("localhost", k_validity).ok());
  for (const char* name : {"", "over lay", "a@b", "a/b", "-a.example"})
    EXPECT_FALSE(Authority::make(name, k_validity).ok()) << name;
}

TEST_F(AuthorityTest, IsLoadedFromItsFiles) {
  const std::string key = write_key(authority_.root_key()).value();
  const std::string certificate = certificate_pem(authority_.root());
  const auto loaded = Authority::load("overlay.example.org", key, certificate);
  ASSERT_TRUE(loaded.ok()) << loaded.error().reason;
  EXPECT_TRUE(equal(certificate_der(loaded->root()), certificate_der(authority_.root())));
  const auto other = Authority::make("overlay.example.org", k_validity).value();
  EXPECT_FALSE(Authority::load("overlay.example.org", key, certificate_pem(other.root())).ok());
  EXPECT_FALSE(Authority::load("overlay.example.org", "", certificate).ok());
  EXPECT_FALSE(Authority::load("overlay.example.org", key, "").ok());
}

TEST_F(AuthorityTest, ARenewedRootHasTheKeyAndTheNameOfTheOld) {
  const Validity longer{test::k_not_before_ms, test::k_not_after_ms + 1'000'000};
  const auto renewed = authority_.renewed(longer);
  ASSERT_TRUE(renewed.ok()) << renewed.error().reason;
  EXPECT_EQ(not_after_ms(renewed->root()).value(), longer.not_after_ms);
  EXPECT_EQ(X509_check_issued(renewed->root().get(), authority_.root().get()), X509_V_OK);
  EXPECT_EQ(X509_check_issued(authority_.root().get(), renewed->root().get()), X509_V_OK);

  // A root of another name: what it has certified would not be found to be the new one's.
  CertificateFields fields;
  fields.common_name = "Root of everything";
  fields.authority = true;
  fields.not_after_ms = test::k_not_after_ms;
  const auto foreign =
      make_certificate(fields, authority_.root_key(), nullptr, authority_.root_key()).value();
  const auto loaded = Authority::load("overlay.example.org", write_key(authority_.root_key()).value(),
                                      certificate_pem(foreign));
  ASSERT_TRUE(loaded.ok());
  const auto refused = loaded->renewed(longer);
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().reason, HasSubstr("made elsewhere"));
}

TEST(RandomNodeId, DiffersAndIsNotReserved) {
  // Shows: ENROLL-13.
  std::set<NodeId> nodes;
  for (int i = 0; i < 1000; ++i) {
    const auto node = random_node_id();
    ASSERT_TRUE(node.ok());
    EXPECT_NE(*node, k_no_node);
    EXPECT_NE(*node, wildcard_node());
    nodes.insert(*node);
  }
  EXPECT_EQ(nodes.size(), 1000U);
}

}  // namespace
}  // namespace ringway::services
