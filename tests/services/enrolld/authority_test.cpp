#include "services/enrolld/authority/authority.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <set>
#include <utility>

#include "tests/services/api/temporary_folder.hpp"
#include "tests/services/enrolld/program.hpp"
#include "tests/support/test_authority.hpp"

namespace ringway::services {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr Validity k_validity{test::k_not_before_ms, test::k_not_after_ms};

class AuthorityTest : public testing::Test {
 protected:
  std::string refusal(const NodeRequest& request) const {
    const auto issued = authority_.issue(request);
    return issued ? "" : issued.error().reason;
  }
  static Issuer new_root() {
    return make_root("overlay.example.org", k_validity, enrolld::signing_key(test::new_key())).value();
  }
  static Issuer new_issuing(const Issuer& root, const Validity& validity = k_validity) {
    return make_issuing("overlay.example.org", root, validity, enrolld::signing_key(test::new_key())).value();
  }
  static std::string mismatch(const X509Ptr& root, const Issuer& issuing) {
    const auto made = Authority::make("overlay.example.org", root, issuing);
    return made ? "" : made.error().reason;
  }
  const Issuer root_ = new_root();
  const Issuer issuing_ = new_issuing(root_);
  const Authority authority_ = Authority::make("overlay.example.org", root_.certificate, issuing_).value();
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

TEST_F(AuthorityTest, AnRsaKeyIsForSignaturesAndEncipherment) {
  const auto issued =
      authority_.issue({"alice@example.org", {test::node_id(7)}, k_validity}, KeyType::rsa2048).value();
  const auto x509 = read_certificate(issued.certificate_pem).value();
  EXPECT_EQ(X509_get_key_usage(x509.get()), std::uint32_t{KU_DIGITAL_SIGNATURE | KU_KEY_ENCIPHERMENT});
}

TEST_F(AuthorityTest, AnotherAgreesWithTheCertifiedKeyOnASecret) {
  // By openssl, whose `pkeyutl -derive` wants the certificate's public key and a key of its own.
  const TemporaryFolder folder;
  const auto issued = authority_.issue({"alice@example.org", {test::node_id(7)}, k_validity}).value();
  folder.file("alice.key", issued.private_key_pem);
  folder.file("alice.crt", issued.certificate_pem);
  const auto derived =
      enrolld::run("cd " + folder.file(".") +
                   " && openssl x509 -in alice.crt -pubkey -noout > alice.pub"
                   " && openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out bob.key"
                   " && openssl pkey -in bob.key -pubout -out bob.pub"
                   " && openssl pkeyutl -derive -inkey bob.key -peerkey alice.pub -out one"
                   " && openssl pkeyutl -derive -inkey alice.key -peerkey bob.pub -out two && cmp one two");
  EXPECT_EQ(derived.code, 0) << derived.output;
}

TEST_F(AuthorityTest, TheChainIsGoodForOpensslAndForPeers) {
  // Shows: ENROLL-19, SEC-16.
  const auto made =
      authority_.certify({"alice@example.org", {test::node_id(7)}, k_validity}, test::new_key());
  ASSERT_TRUE(made.ok()) << made.error().reason;
  const TemporaryFolder folder;
  const std::string root = folder.file("root.crt", certificate_pem(root_.certificate));
  const std::string chain = folder.file("node.crt", made->chain_pem);
  const std::string verify = "openssl verify -x509_strict -attime 1800000000 -CAfile " + root + " ";
  const auto whole = enrolld::run(verify + "-show_chain -untrusted " + chain + " " + chain);
  EXPECT_EQ(whole.code, 0) << whole.output;
  EXPECT_THAT(whole.output, HasSubstr("depth=2"));
  EXPECT_NE(enrolld::run(verify + chain).code, 0);  // the issuing certificate is needed

  const auto trust =
      security::Trust::make({"overlay.example.org", {certificate_der(root_.certificate)}, {}, {}});
  ASSERT_TRUE(trust.ok());
  const auto good = (*trust)->check(*made->certificate, authority_.intermediates_der(), test::k_now_ms);
  EXPECT_TRUE(good.ok()) << good.error().reason;
  EXPECT_FALSE((*trust)->check(*made->certificate, {}, test::k_now_ms).ok());
  const auto serial = enrolld::run("openssl x509 -noout -serial -in " + chain + " | tr A-F a-f");
  EXPECT_EQ(serial.output, "serial=" + made->serial_hex + "\n");
}

TEST_F(AuthorityTest, ACertificateSaysWhereItsIssuersIs) {
  // Shows: ENROLL-19.
  Authority authority = authority_;
  authority.set_issuer_url("https://overlay.example.org/issuing.cer");
  const auto made = authority.certify({"alice@example.org", {test::node_id(7)}, k_validity}, test::new_key());
  ASSERT_TRUE(made.ok()) << made.error().reason;
  const TemporaryFolder folder;
  const std::string text = "openssl x509 -noout -text -in ";
  EXPECT_THAT(enrolld::run(text + folder.file("node.crt", made->chain_pem)).output,
              HasSubstr("CA Issuers - URI:https://overlay.example.org/issuing.cer"));
  // A root is in the document: nobody needs to fetch it.
  auto root = Authority::make("overlay.example.org", root_.certificate, root_).value();
  root.set_issuer_url("https://overlay.example.org/issuing.cer");
  const auto direct = root.issue({"alice@example.org", {test::node_id(7)}, k_validity}).value();
  EXPECT_THAT(enrolld::run(text + folder.file("direct.crt", direct.certificate_pem)).output,
              Not(HasSubstr("CA Issuers")));
}

TEST_F(AuthorityTest, AnIssuingAuthorityMakesNoFurtherAuthorities) {
  // Shows: SEC-16.
  CertificateFields fields;
  fields.common_name = "further";
  fields.authority = true;
  fields.not_before_ms = test::k_not_before_ms;
  fields.not_after_ms = test::k_not_after_ms;
  const auto further_key = enrolld::signing_key(test::new_key());
  const auto further =
      make_certificate(fields, further_key->public_key(), issuing_.certificate, *issuing_.key);
  fields.authority = false;
  fields.common_name.clear();
  fields.alternative_names = {
      {AlternativeName::Type::uri, security::reload_uri(test::node_id(7), "overlay.example.org")},
      {AlternativeName::Type::email, "alice@example.org"}};
  const auto node = make_certificate(fields, test::new_key(), further.value(), *further_key).value();
  const auto trust =
      security::Trust::make({"overlay.example.org", {certificate_der(root_.certificate)}, {}, {}});
  const auto certificate = security::Certificate::parse(certificate_der(node)).value();
  const auto refused = trust.value()->check(
      *certificate, {certificate_der(*further), certificate_der(issuing_.certificate)}, test::k_now_ms);
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().reason, HasSubstr("path length"));
}

TEST_F(AuthorityTest, CertifiesNoKeyThatPeersRefuse) {
  // Shows: ENROLL-11.
  const NodeRequest request{"alice@example.org", {test::node_id(7)}, k_validity};
  const Key p384(EVP_EC_gen("P-384"), EVP_PKEY_free);
  EXPECT_FALSE(authority_.certify(request, p384).ok());
  const Key short_rsa(EVP_RSA_gen(1024), EVP_PKEY_free);
  EXPECT_FALSE(authority_.certify(request, short_rsa).ok());
}

TEST_F(AuthorityTest, NothingOutlivesItsIssuer) {
  const Validity shorter{k_validity.not_before_ms, k_validity.not_after_ms - 1000};
  const auto issuing = new_issuing(root_, shorter);
  const auto authority = Authority::make("overlay.example.org", root_.certificate, issuing).value();
  EXPECT_EQ(authority.not_after_ms(), shorter.not_after_ms);
  EXPECT_TRUE(authority.issue({"alice@example.org", {test::node_id(7)}, shorter}).ok());
  const auto longer = authority.issue({"alice@example.org", {test::node_id(7)}, k_validity});
  ASSERT_FALSE(longer.ok());
  EXPECT_THAT(longer.error().reason, HasSubstr("outlive"));
  const Validity later{k_validity.not_before_ms, k_validity.not_after_ms + 1000};
  EXPECT_FALSE(make_issuing("overlay.example.org", root_, later, enrolld::signing_key(test::new_key())).ok());
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
  const auto key = enrolld::signing_key(test::new_key());
  EXPECT_TRUE(make_root("localhost", k_validity, key).ok());
  for (const char* name : {"", "over lay", "a@b", "a/b", "-a.example"}) {
    EXPECT_FALSE(make_root(name, k_validity, key).ok()) << name;
    EXPECT_FALSE(make_issuing(name, root_, k_validity, key).ok()) << name;
    EXPECT_FALSE(Authority::make(name, root_.certificate, issuing_).ok()) << name;
  }
}

TEST_F(AuthorityTest, KeysAndCertificatesBelongTogether) {
  EXPECT_EQ(mismatch(root_.certificate, issuing_), "");
  EXPECT_EQ(mismatch(root_.certificate, root_), "");  // the root may issue itself
  const Issuer other = new_root();
  EXPECT_THAT(mismatch(other.certificate, issuing_), HasSubstr("not of this root"));
  EXPECT_THAT(mismatch(root_.certificate, {other.key, issuing_.certificate}), HasSubstr("belong together"));
  EXPECT_FALSE(make_issuing("overlay.example.org", {other.key, root_.certificate}, k_validity,
                            enrolld::signing_key(test::new_key()))
                   .ok());
  // A node's certificate makes nobody an authority.
  const Key key = test::new_key();
  const auto node = authority_.certify({"alice@example.org", {test::node_id(7)}, k_validity}, key).value();
  const Issuer impostor{enrolld::signing_key(key), read_certificate(node.chain_pem).value()};
  EXPECT_THAT(mismatch(root_.certificate, impostor), HasSubstr("no authority"));
}

TEST_F(AuthorityTest, RenewedIssuersHaveTheKeyAndTheNameOfTheOld) {
  const Validity longer{test::k_not_before_ms, test::k_not_after_ms + 1'000'000};
  const auto root = renew_root("overlay.example.org", root_, longer);
  ASSERT_TRUE(root.ok()) << root.error().reason;
  EXPECT_EQ(not_after_ms(root->certificate).value(), longer.not_after_ms);
  EXPECT_EQ(mismatch(root->certificate, issuing_), "");
  EXPECT_EQ(X509_check_issued(root->certificate.get(), root_.certificate.get()), X509_V_OK);

  const auto issuing = renew_issuing("overlay.example.org", *root, issuing_, longer);
  ASSERT_TRUE(issuing.ok()) << issuing.error().reason;
  EXPECT_EQ(not_after_ms(issuing->certificate).value(), longer.not_after_ms);
  // Whoever has the old root takes what the new issuing certificate certifies, and the other way round.
  for (const auto& [anchor, between] : {std::pair{root_.certificate, issuing->certificate},
                                        std::pair{root->certificate, issuing_.certificate}}) {
    const auto node = authority_.issue({"alice@example.org", {test::node_id(7)}, k_validity}).value();
    const auto trust = security::Trust::make({"overlay.example.org", {certificate_der(anchor)}, {}, {}});
    const auto certificate =
        security::Certificate::parse(certificate_der(read_certificate(node.certificate_pem).value())).value();
    EXPECT_TRUE(trust.value()->check(*certificate, {certificate_der(between)}, test::k_now_ms).ok());
  }

  // A root of another name: what it has certified would not be found to be the new one's.
  CertificateFields fields;
  fields.common_name = "Root of everything";
  fields.authority = true;
  fields.not_after_ms = test::k_not_after_ms;
  const Issuer foreign{root_.key,
                       make_certificate(fields, root_.key->public_key(), nullptr, *root_.key).value()};
  const auto refused = renew_root("overlay.example.org", foreign, longer);
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().reason, HasSubstr("made elsewhere"));
  EXPECT_FALSE(renew_root("overlay.example.org", {issuing_.key, root_.certificate}, longer).ok());
  EXPECT_FALSE(renew_issuing("overlay.example.org", *root, {root_.key, issuing_.certificate}, longer).ok());
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
