#include "services/enroll_client/signing_request.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reload/security/signer.hpp"
#include "services/enroll_client/issued.hpp"
#include "services/enrolld/authority/signing_request.hpp"
#include "tests/support/test_authority.hpp"

namespace ringway::services {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

// What the authority makes of a request.
std::vector<SharedBytes> certified(const test::TestAuthority& authority, const Bytes& csr) {
  const auto read = enrolld::read_signing_request(csr);
  if (!read) {
    ADD_FAILURE() << read.error().reason;
    return {};
  }
  CertificateFields fields;
  fields.alternative_names = {
      {AlternativeName::Type::uri, security::reload_uri(test::node_id(7), authority.overlay_name())},
      {AlternativeName::Type::email, "alice@example.org"}};
  fields.not_before_ms = test::k_not_before_ms;
  fields.not_after_ms = test::k_not_after_ms;
  return {
      test::custom_certificate(fields, read->public_key, authority.authority().root(), authority.root_key())
          .der};
}

TEST(SigningRequest, IsWhatAnEnrollmentServerReads) {
  // Shows: ENROLL-09, ENROLL-20.
  const auto key = make_node_key();
  ASSERT_TRUE(key.ok()) << key.error().reason;
  EXPECT_THAT(std::string(key->reveal()), StartsWith("-----BEGIN PRIVATE KEY-----\n"));
  const auto csr = write_signing_request(key->reveal());
  ASSERT_TRUE(csr.ok()) << csr.error().reason;
  const auto read = enrolld::read_signing_request(*csr);
  ASSERT_TRUE(read.ok()) << read.error().reason;
  EXPECT_TRUE(read->user_names.empty());
}

TEST(SigningRequest, OfTheSameKeyHasTheSameKey) {
  const auto key = make_node_key();
  const auto other = make_node_key();
  ASSERT_TRUE(key.ok() && other.ok());
  const auto digest_of = [](const Result<enrolld::Secret>& pem) {
    return enrolld::read_signing_request(write_signing_request(pem->reveal()).value())->public_key_sha256;
  };
  EXPECT_EQ(digest_of(key), digest_of(key));
  EXPECT_NE(digest_of(key), digest_of(other));
}

TEST(SigningRequest, NeedsAKey) {
  EXPECT_FALSE(write_signing_request("").ok());
  EXPECT_FALSE(write_signing_request("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n").ok());
}

TEST(Issued, IsTheRequestsCertificateAndNoOther) {
  // Shows: ENROLL-19.
  const test::TestAuthority authority;
  const auto key = make_node_key().value();
  const auto csr = write_signing_request(key.reveal()).value();
  const auto issued = check_issued(csr, certified(authority, csr), *authority.trust(), test::k_now_ms);
  ASSERT_TRUE(issued.ok()) << issued.error().reason;
  EXPECT_EQ(issued->certificate->user_name(), "alice@example.org");
  EXPECT_TRUE(security::load_signer(key.reveal(), issued->pem()).ok());

  const auto another = write_signing_request(make_node_key()->reveal()).value();
  EXPECT_THAT(
      check_issued(another, certified(authority, csr), *authority.trust(), test::k_now_ms).error().reason,
      HasSubstr("another key"));
  const test::TestAuthority stranger;
  EXPECT_FALSE(check_issued(csr, certified(stranger, csr), *authority.trust(), test::k_now_ms).ok());
  EXPECT_FALSE(check_issued(csr, {}, *authority.trust(), test::k_now_ms).ok());
}

}  // namespace
}  // namespace ringway::services
