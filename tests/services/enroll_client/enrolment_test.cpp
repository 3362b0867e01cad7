#include "services/enroll_client/enrolment.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/x509.h>

#include "services/enrolld/http/enrolment.hpp"
#include "services/enrolld/http/router.hpp"
#include "tests/services/api/temporary_folder.hpp"
#include "tests/services/enrolld/http/support/server_under_test.hpp"
#include "tests/support/test_authority.hpp"

namespace ringway::services {
namespace {

namespace http = ringway::enrolld_http;
using testing::HasSubstr;
using Verdict = EnrolmentVerdict;

Bytes request_for(const Key& key) {
  const std::unique_ptr<X509_REQ, decltype(&X509_REQ_free)> request(X509_REQ_new(), &X509_REQ_free);
  X509_REQ_set_pubkey(request.get(), key.get());
  X509_REQ_sign(request.get(), key.get(), EVP_sha256());
  Bytes der(static_cast<std::size_t>(i2d_X509_REQ(request.get(), nullptr)));
  unsigned char* out = der.data();
  i2d_X509_REQ(request.get(), &out);
  return der;
}

class EnrolmentTest : public testing::Test {
 protected:
  EnrolmentTest() {
    https_.ca_file = folder_.file("ca.pem", own_.certificate_pem);
    https_.use_environment_proxy = false;
    http::Router router;
    router.add(http::Method::post, "/enrol",
               [this](const http::Request& request, const http::Responder& responder) {
                 host_ = request.header("Host");
                 accept_ = request.header("Accept");
                 auto read = http::read_enrolment(request);
                 if (auto* const refused = std::get_if<http::Response>(&read)) return responder(*refused);
                 seen_ = std::get<http::EnrolRequest>(std::move(read));
                 responder(answer_ ? *answer_ : http::answer_enrolment(seen_, chain_));
               });
    server_ = http::Server::start(http::local_settings(own_), router).value();
    enrolment_.url = "https://localhost:" + std::to_string(server_->address().port) + "/enrol";
    const auto given = authority_.credentials("alice@example.org", test::node_id(7));
    chain_ = {given.signer->certificate()->der()};
    enrolment_.csr_der = request_for(read_key(given.private_key_pem).value());
  }
  ~EnrolmentTest() override { server_.reset(); }

  Result<EnrolledCertificate, EnrolmentFailure> ask() {
    return enrol(https_, enrolment_, *authority_.trust(), test::k_now_ms);
  }
  EnrolmentFailure failure() {
    const auto asked = ask();
    return asked ? EnrolmentFailure{std::nullopt, "none"} : asked.error();
  }
  void answer(unsigned status, const std::string& type, const std::string& body) {
    answer_ = http::Response{status, type, body, {}};
  }

  test::TestAuthority authority_;
  TemporaryFolder folder_;
  http::Credentials own_ = http::self_signed("overlay.example.org");
  HttpsSettings https_;
  std::string host_;
  std::string accept_;
  http::EnrolRequest seen_;
  std::vector<SharedBytes> chain_;
  std::optional<http::Response> answer_;
  Enrolment enrolment_;
  std::unique_ptr<http::Server> server_;
};

TEST_F(EnrolmentTest, PostsTheFieldsAndGetsTheCertificate) {
  // Shows: ENROLL-06, ENROLL-07, ENROLL-09, ENROLL-10, ENROLL-12, ENROLL-19.
  enrolment_.user_name = "alice@example.org";
  enrolment_.password = "p\xc3\xa4ss\r\n--word\"%";
  const auto enrolled = ask();
  ASSERT_TRUE(enrolled.ok()) << enrolled.error().reason;
  EXPECT_EQ(enrolled->certificate->user_name(), "alice@example.org");
  EXPECT_EQ(enrolled->certificate->node_ids(), std::vector<NodeId>{test::node_id(7)});
  EXPECT_EQ(seen_.user_name, enrolment_.user_name);
  EXPECT_EQ(seen_.password, enrolment_.password);
  EXPECT_EQ(seen_.csr_der, enrolment_.csr_der);
  EXPECT_EQ(seen_.nodes, 1U);
  EXPECT_THAT(accept_, HasSubstr("application/pkix-cert"));
}

TEST_F(EnrolmentTest, TakesTheBareCertificateOfTheRfc) {
  // Shows: ENROLL-12.
  answer(200, "application/pkix-cert", std::string(text_of(chain_[0])));
  EXPECT_TRUE(ask().ok());
}

TEST_F(EnrolmentTest, AsksForSeveralNodeIds) {
  // Shows: ENROLL-08.
  test::IssueOptions two;
  two.more_nodes = {test::node_id(8)};
  const auto given = authority_.credentials("alice@example.org", test::node_id(7), two);
  chain_ = {given.signer->certificate()->der()};
  enrolment_.csr_der = request_for(read_key(given.private_key_pem).value());
  EXPECT_THAT(failure().reason, HasSubstr("number of Node-IDs"));
  enrolment_.nodes = 2;
  EXPECT_TRUE(ask().ok());
  EXPECT_EQ(seen_.nodes, 2U);
}

TEST_F(EnrolmentTest, TheServersCertificateMustBeForTheOverlay) {
  // Shows: ENROLL-23, FM-32.
  EXPECT_TRUE(ask().ok()) << "although the URL's host is another";
  EXPECT_THAT(host_, HasSubstr("localhost"));
  enrolment_.server_name = EnrolmentServerName::url_host;
  seen_ = {};
  EXPECT_FALSE(ask().ok());
  EXPECT_TRUE(seen_.csr_der.empty()) << "nothing was sent";
  own_ = http::self_signed("localhost");
  ASSERT_TRUE(server_->use_credentials({own_.key_pem, own_.certificate_pem}).ok());
  https_.ca_file = folder_.file("ca.pem", own_.certificate_pem);
  EXPECT_TRUE(ask().ok()) << "the operator's choice";
  enrolment_.server_name = EnrolmentServerName::overlay;
  EXPECT_FALSE(ask().ok());
}

TEST_F(EnrolmentTest, UnderstandsTheRefusals) {
  // Shows: ENROLL-17, ENROLL-18.
  const std::pair<const char*, Verdict> refusals[] = {
      {"failed_authentication", Verdict::failed_authentication},
      {"username_not_available", Verdict::username_not_available},
      {"Node-IDs_not_available\r\n", Verdict::node_ids_not_available},
      {"bad_CSR", Verdict::bad_csr},
      {"BAD_csr", Verdict::unknown},
      {"on_holiday", Verdict::unknown},
      {"", Verdict::unknown},
  };
  for (const auto& [token, verdict] : refusals) {
    answer(403, "text/plain", token);
    EXPECT_EQ(failure().verdict, verdict) << token;
  }
  answer(503, "text/plain", "bad_CSR");
  EXPECT_EQ(failure().verdict, std::nullopt) << "no verdict: may be asked again";
}

TEST_F(EnrolmentTest, ACertificateOfAnotherRootIsRefused) {
  // Shows: ENROLL-19.
  const test::TestAuthority stranger;
  const auto given = stranger.credentials("alice@example.org", test::node_id(7));
  chain_ = {given.signer->certificate()->der()};
  enrolment_.csr_der = request_for(read_key(given.private_key_pem).value());
  EXPECT_FALSE(ask().ok());
}

// A certificate of alice's for `key`.
CertificateFields alice(const std::string& overlay_name) {
  CertificateFields fields;
  fields.alternative_names = {
      {AlternativeName::Type::uri, security::reload_uri(test::node_id(7), overlay_name)},
      {AlternativeName::Type::email, "alice@example.org"}};
  fields.not_before_ms = test::k_not_before_ms;
  fields.not_after_ms = test::k_not_after_ms;
  return fields;
}

TEST_F(EnrolmentTest, ACertificateIssuedByAnotherNodeIsRefused) {
  // Shows: ENROLL-19.
  const auto node = authority_.credentials("mallory@example.org", test::node_id(6));
  const auto key = test::new_key();
  const auto made = test::custom_certificate(alice(authority_.overlay_name()), key,
                                             read_certificate(node.certificate_pem).value(),
                                             read_key(node.private_key_pem).value());
  chain_ = {made.der, node.signer->certificate()->der()};
  enrolment_.csr_der = request_for(key);
  EXPECT_FALSE(ask().ok()) << "the node is no authority (BasicConstraints)";
}

TEST_F(EnrolmentTest, KeepsTheAuthoritiesBetween) {
  // Shows: ENROLL-19.
  CertificateFields issuing = alice("");
  issuing.alternative_names.clear();
  issuing.common_name = "issuing";
  issuing.authority = true;
  const auto issuer = test::custom_certificate(issuing, test::new_key(), authority_.authority().root(),
                                               authority_.root_key());
  const auto key = test::new_key();
  const auto made = test::custom_certificate(alice(authority_.overlay_name()), key, issuer.x509, issuer.key);
  enrolment_.csr_der = request_for(key);
  chain_ = {made.der};
  EXPECT_FALSE(ask().ok());
  chain_ = {made.der, issuer.der};
  const auto enrolled = ask();
  ASSERT_TRUE(enrolled.ok()) << enrolled.error().reason;
  ASSERT_TRUE(enrolled->intermediates);
  ASSERT_EQ(enrolled->intermediates->size(), 1U);
  EXPECT_TRUE(equal(enrolled->intermediates->front(), issuer.der));
}

TEST_F(EnrolmentTest, ACertificateForAnotherKeyIsRefused) {
  enrolment_.csr_der = request_for(test::new_key());
  EXPECT_THAT(failure().reason, HasSubstr("another key"));
}

TEST_F(EnrolmentTest, AnswersThatAreNoCertificates) {
  answer(200, "text/html", std::string(text_of(chain_[0])));
  EXPECT_THAT(failure().reason, HasSubstr("no certificate"));
  answer(200, "application/pkix-cert", "nonsense");
  EXPECT_FALSE(ask().ok());
  answer(200, "application/pem-certificate-chain", "nonsense");
  EXPECT_FALSE(ask().ok());
  answer(200, "application/pkix-cert", std::string(100'000, 'x'));
  EXPECT_THAT(failure().reason, HasSubstr("too large"));
  server_.reset();
  EXPECT_EQ(failure().verdict, std::nullopt);
}

}  // namespace
}  // namespace ringway::services
