// Envelopes: who can open them, and what was changed is no envelope any more.
#include "reload/security/envelope.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/cms.h>

#include <memory>
#include <string>

#include "tests/support/test_authority.hpp"

namespace ringway::security {
namespace {

using ringway::test::Credentials;
using ringway::test::node_id;
using ringway::test::TestAuthority;
using ::testing::Optional;

const Bytes k_content = copy_of(view_of("Watson,\r\ncome here.\n\n"));

const TestAuthority& authority() {
  static const TestAuthority one;
  return one;
}
Credentials credentials(std::uint8_t node, services::KeyType type = services::KeyType::p256) {
  ringway::test::IssueOptions options;
  options.key_type = type;
  return authority().credentials("bob@example.org", node_id(node), options);
}
EnvelopeKeyPtr key_of(const Credentials& of) {
  return *load_envelope_key(of.private_key_pem, of.certificate_pem);
}
CertificatePtr certificate_of(const Credentials& of) { return of.signer->certificate(); }

TEST(Envelope, EachRecipientOpensItWhateverItsKey) {
  const auto laptop = credentials(1);
  const auto phone = credentials(2, services::KeyType::rsa2048);
  const auto envelope = close_envelope(k_content, {certificate_of(laptop), certificate_of(phone)});
  ASSERT_TRUE(envelope) << envelope.error().reason;
  EXPECT_THAT(key_of(laptop)->open(*envelope), Optional(k_content));
  EXPECT_THAT(key_of(phone)->open(*envelope), Optional(k_content));
}

TEST(Envelope, NobodyElseOpensIt) {
  for (const auto type : {services::KeyType::p256, services::KeyType::rsa2048}) {
    const auto envelope = close_envelope(k_content, {certificate_of(credentials(1, type))});
    ASSERT_TRUE(envelope);
    EXPECT_FALSE(key_of(credentials(1, type))->open(*envelope));  // another key for the same node
    EXPECT_FALSE(key_of(credentials(2))->open(*envelope));
    EXPECT_EQ(text_of(*envelope).find("Watson"), std::string_view::npos);
  }
}

TEST(Envelope, IsAnotherOneEachTime) {
  const auto bob = credentials(1);
  EXPECT_NE(*close_envelope(k_content, {certificate_of(bob)}),
            *close_envelope(k_content, {certificate_of(bob)}));
}

// Wherever a bit is turned over, nothing comes out that was not put in: some are in what nobody reads (the
// certificate's serial number decides whose it is, the version says nothing).
TEST(Envelope, WhatWasChangedDoesNotOpenAsSomethingElse) {
  for (const auto type : {services::KeyType::p256, services::KeyType::rsa2048}) {
    const auto bob = credentials(1, type);
    const auto key = key_of(bob);
    const Bytes envelope = *close_envelope(k_content, {certificate_of(bob)});
    std::size_t unopened = 0;
    for (std::size_t at = 0; at < envelope.size(); ++at) {
      Bytes changed = envelope;
      changed[at] ^= 1U;
      const auto content = key->open(changed);
      if (!content) {
        ++unopened;
      } else {
        EXPECT_EQ(*content, k_content) << at;
      }
    }
    EXPECT_GT(unopened, envelope.size() * 9 / 10);
    // The content itself and its tag are at the end.
    for (std::size_t back = 1; back <= k_content.size() + 16; ++back) {
      Bytes changed = envelope;
      changed[envelope.size() - back] ^= 1U;
      EXPECT_FALSE(key->open(changed)) << back;
    }
  }
}

// What nothing protects against changes is not opened, although this key could.
TEST(Envelope, OtherCmsIsNone) {
  const auto bob = credentials(1);
  const std::unique_ptr<STACK_OF(X509), void (*)(STACK_OF(X509)*)> recipients(
      sk_X509_new_null(), [](STACK_OF(X509) * stack) { sk_X509_free(stack); });
  sk_X509_push(recipients.get(), certificate_of(bob)->x509());
  for (const EVP_CIPHER* cipher : {EVP_aes_256_cbc(), EVP_aes_256_gcm()}) {
    const std::unique_ptr<BIO, decltype(&BIO_free)> in(
        BIO_new_mem_buf(k_content.data(), static_cast<int>(k_content.size())), BIO_free);
    const std::unique_ptr<CMS_ContentInfo, decltype(&CMS_ContentInfo_free)> cms(
        CMS_encrypt(recipients.get(), in.get(), cipher, CMS_BINARY), CMS_ContentInfo_free);
    ASSERT_TRUE(cms);
    unsigned char* der = nullptr;
    const int size = i2d_CMS_ContentInfo(cms.get(), &der);
    ASSERT_GT(size, 0);
    const Bytes envelope(der, der + size);
    OPENSSL_free(der);
    EXPECT_EQ(key_of(bob)->open(envelope).has_value(), cipher == EVP_aes_256_gcm());
  }
}

TEST(Envelope, PartsAndMoreAreNone) {
  const auto bob = credentials(1);
  const auto key = key_of(bob);
  Bytes envelope = *close_envelope(k_content, {certificate_of(bob)});
  for (std::size_t size = 0; size < envelope.size(); ++size)
    EXPECT_FALSE(key->open(BytesView(envelope).first(size)));
  envelope.push_back(0);
  EXPECT_FALSE(key->open(envelope));
}

TEST(Envelope, HasBounds) {
  const auto bob = certificate_of(credentials(1));
  EXPECT_FALSE(close_envelope(k_content, {}));
  EXPECT_FALSE(close_envelope({}, {bob}));
  EXPECT_TRUE(close_envelope(k_content, std::vector<CertificatePtr>(k_max_envelope_recipients, bob)));
  EXPECT_FALSE(close_envelope(k_content, std::vector<CertificatePtr>(k_max_envelope_recipients + 1, bob)));
  EXPECT_TRUE(close_envelope(Bytes(k_max_envelope_bytes - 1000), {bob}));
  EXPECT_FALSE(close_envelope(Bytes(k_max_envelope_bytes), {bob}));
  EXPECT_FALSE(close_envelope(Bytes(k_max_envelope_bytes + 1), {bob}));
}

TEST(Envelope, ACertificateWithoutAKeyIsNoRecipient) {
  Certificate::Statement statement;
  statement.node = node_id(1);
  EXPECT_FALSE(close_envelope(k_content, {Certificate::stating(statement)}));
}

TEST(Envelope, KeyAndCertificateBelongTogether) {
  const auto bob = credentials(1), other = credentials(2);
  EXPECT_FALSE(load_envelope_key(bob.private_key_pem, other.certificate_pem));
  EXPECT_FALSE(load_envelope_key("", bob.certificate_pem));
  EXPECT_FALSE(load_envelope_key(bob.private_key_pem, ""));
}

}  // namespace
}  // namespace ringway::security
