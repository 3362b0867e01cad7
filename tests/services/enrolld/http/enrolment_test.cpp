#include "services/enrolld/http/enrolment.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/test_authority.hpp"

namespace ringway::enrolld_http {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string field(const std::string& name, const std::string& content, const std::string& type = {}) {
  return "--b\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n" +
         (type.empty() ? "" : "Content-Type: " + type + "\r\n") + "\r\n" + content + "\r\n";
}
const std::string k_csr = field("csr", std::string("\x30\x00\x0d\x0a", 4), "application/pkcs10");
const std::string k_user = field("username", "alice@example.org");

Request request_with(const std::string& fields) {
  Request request;
  request.method = Method::post;
  request.headers = {{"Accept", "text/html, application/pkix-cert"},
                     {"Content-Type", "multipart/form-data; boundary=b"}};
  request.body = fields + "--b--\r\n";
  return request;
}
EnrolRequest read(const Request& request) { return std::get<EnrolRequest>(read_enrolment(request)); }
Response refusal(const Request& request) { return std::get<Response>(read_enrolment(request)); }
std::string token(const std::string& fields) {
  const Response response = refusal(request_with(fields));
  EXPECT_EQ(response.status, 403U);
  EXPECT_EQ(response.content_type, "text/plain");
  return response.body;
}

TEST(Enrolment, ReadsTheFields) {
  // Shows: ENROLL-06, ENROLL-07, ENROLL-08, ENROLL-09.
  const auto asked = read(
      request_with(k_user + field("password", "p\xc3\xa4ss \"word\"\r\n") + field("nodeids", "3") + k_csr));
  EXPECT_EQ(asked.user_name, "alice@example.org");
  EXPECT_EQ(asked.password, "p\xc3\xa4ss \"word\"\r\n");
  EXPECT_EQ(asked.nodes, 3U);
  EXPECT_EQ(asked.csr_der, (Bytes{0x30, 0, 0x0d, 0x0a}));
  EXPECT_FALSE(asked.takes_chain);
}

TEST(Enrolment, NameAndPasswordAreForOverlaysThatWantThem) {
  const auto asked = read(request_with(k_csr));
  EXPECT_FALSE(asked.user_name.has_value());
  EXPECT_FALSE(asked.password.has_value());
  EXPECT_EQ(asked.nodes, 1U);
}

TEST(Enrolment, BytesThatAreNoTextFailTheAuthentication) {
  // Shows: ENROLL-07.
  EXPECT_EQ(token(field("username",
                        "al\xff"
                        "ice") +
                  k_csr),
            "failed_authentication");
  EXPECT_EQ(token(field("username", std::string("alice\0x", 7)) + k_csr), "failed_authentication");
  EXPECT_EQ(token(k_user + field("password", "\xc3") + k_csr), "failed_authentication");
  EXPECT_EQ(token(k_user + k_user + k_csr), "failed_authentication");
}

TEST(Enrolment, CountsOfNodesThatAreNone) {
  // Shows: ENROLL-08.
  for (const char* count : {"", "0", "-1", "+1", "1x", " 1", "4294967296", "0x2"})
    EXPECT_EQ(token(field("nodeids", count) + k_csr), "Node-IDs_not_available") << count;
}

TEST(Enrolment, RequestsWithoutAGoodCsrField) {
  // Shows: ENROLL-09.
  EXPECT_EQ(token(k_user), "bad_CSR");
  EXPECT_EQ(token(field("csr", "DER")), "bad_CSR");
  EXPECT_EQ(token(field("csr", "DER", "application/octet-stream")), "bad_CSR");
  EXPECT_EQ(token(field("csr", "", "application/pkcs10")), "bad_CSR");
  EXPECT_EQ(token(k_csr + k_csr), "bad_CSR");
}

TEST(Enrolment, FieldsInTheUrlAreRefusedAndNotRepeated) {
  // Shows: ENROLL-06, ENROLL-21, FM-32.
  Request request = request_with(k_user + k_csr);
  request.query = "password=secret";
  const Response response = refusal(request);
  EXPECT_EQ(response.status, 400U);
  EXPECT_THAT(response.body, Not(HasSubstr("secret")));
}

TEST(Enrolment, TheClientMustTakeACertificate) {
  // Shows: ENROLL-10.
  for (const char* accept :
       {"", "*/*", "text/html", "application/pkix-cert;q=0", "application/pkix-cert;q=0.0"}) {
    Request request = request_with(k_csr);
    request.headers[0].value = accept;
    EXPECT_EQ(refusal(request).status, 406U) << accept;
  }
  Request request = request_with(k_csr);
  request.headers[0].value = "text/html;q=0.1 , Application/PKIX-Cert; q=0.5";
  EXPECT_EQ(read(request).nodes, 1U);
}

TEST(Enrolment, OtherBodiesAreNoRequests) {
  // Shows: ENROLL-06.
  Request encoded = request_with("");
  encoded.headers[1].value = "application/x-www-form-urlencoded";
  encoded.body = "username=alice&csr=x";
  EXPECT_EQ(refusal(encoded).status, 415U);
  Request cut = request_with(k_csr);
  cut.body.resize(cut.body.size() - 4);
  EXPECT_EQ(refusal(cut).status, 400U);
}

TEST(Enrolment, RefusalsAreTheTokensOfTheRfc) {
  // Shows: ENROLL-17.
  EXPECT_EQ(refuse_enrolment(EnrolRefusal::failed_authentication).body, "failed_authentication");
  EXPECT_EQ(refuse_enrolment(EnrolRefusal::username_not_available).body, "username_not_available");
  EXPECT_EQ(refuse_enrolment(EnrolRefusal::node_ids_not_available).body, "Node-IDs_not_available");
  const Response response = refuse_enrolment(EnrolRefusal::bad_csr);
  EXPECT_EQ(response.body, "bad_CSR");
  EXPECT_EQ(response.status, 403U);
  EXPECT_EQ(response.content_type, "text/plain");
}

TEST(Enrolment, TheAnswerIsOneCertificateInDer) {
  // Shows: ENROLL-12.
  const test::TestAuthority authority;
  const SharedBytes leaf = (*authority.issue("alice@example.org", test::node_id(7))->certificate()).der();
  const Response response = answer_enrolment(read(request_with(k_csr)), {leaf, authority.root_der()});
  EXPECT_EQ(response.status, 200U);
  EXPECT_EQ(response.content_type, "application/pkix-cert");
  EXPECT_TRUE(equal(view_of(response.body), leaf));
}

TEST(Enrolment, WhoTakesAChainGetsIt) {
  const test::TestAuthority authority;
  const auto credentials = authority.credentials("alice@example.org", test::node_id(7));
  Request request = request_with(k_csr);
  request.headers[0].value = "application/pkix-cert, application/pem-certificate-chain";
  const SharedBytes leaf = (*credentials.signer->certificate()).der();
  const Response response = answer_enrolment(read(request), {leaf, authority.root_der()});
  EXPECT_EQ(response.content_type, "application/pem-certificate-chain");
  EXPECT_EQ(response.body, credentials.certificate_pem + authority.root_pem());
}

}  // namespace
}  // namespace ringway::enrolld_http
