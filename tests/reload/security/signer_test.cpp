#include "reload/security/signer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>

#include "reload/security/verify.hpp"
#include "tests/support/signed_message.hpp"
#include "tests/support/test_authority.hpp"

namespace ringway::security {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

std::string hex_of(BytesView bytes) { return to_hex(bytes); }

ResourceId vector_resource() {
  ResourceId resource;
  for (std::size_t i = 0; i < resource.bytes.size(); ++i)
    resource.bytes[i] = static_cast<std::uint8_t>(0x10 + i);
  return resource;
}

// Is `value` the certificate's signature over `signed_bytes`? Asked of OpenSSL by another road than the
// code's.
bool openssl_agrees(const Certificate& certificate, BytesView signed_bytes, BytesView value) {
  std::uint8_t digest[SHA256_DIGEST_LENGTH];
  SHA256(signed_bytes.data(), signed_bytes.size(), digest);
  EVP_PKEY_CTX* context = EVP_PKEY_CTX_new(certificate.public_key(), nullptr);
  EVP_PKEY_verify_init(context);
  if (EVP_PKEY_is_a(certificate.public_key(), "RSA") == 1)
    EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING);
  EVP_PKEY_CTX_set_signature_md(context, EVP_sha256());
  const bool good = EVP_PKEY_verify(context, value.data(), value.size(), digest, sizeof digest) == 1;
  EVP_PKEY_CTX_free(context);
  return good;
}

Bytes joined(BytesView a, BytesView b) {
  Bytes out = copy_of(a);
  append(out, b);
  return out;
}

TEST(SignatureInput, OfAMessage) {
  // Shows: SEC-02.
  // overlay, transaction_id, then MessageContents: ping_req with a body of 2 bytes and no extensions.
  wire::MessageContents contents;
  contents.code = wire::MessageCode::ping_req;
  contents.body = SharedBytes(Bytes{0x00, 0x00});
  EXPECT_EQ(hex_of(message_signature_input(0x9aa32b8d, 0x0123456789abcdef, wire::encode(contents))),
            "9aa32b8d"
            "0123456789abcdef"
            "0017"
            "000000020000"
            "00000000");
}

TEST(SignatureInput, OfAValue) {
  // Shows: SEC-03.
  // resource_id with its length byte, kind, storage_time, StoredDataValue; no lifetime.
  const auto value = test::dictionary_value("key", "value");
  EXPECT_EQ(hex_of(value_signature_input(vector_resource(), 0xF0000001, 0x0000018bcfe56800, value.model,
                                         wire::encode(value))),
            "10101112131415161718191a1b1c1d1e1f"
            "f0000001"
            "0000018bcfe56800"
            "00036b6579"
            "01"
            "0000000576616c7565");
}

TEST(SignatureInput, OfAnArrayValueHasIndexZero) {
  // Shows: SEC-04.
  const auto input = [](std::uint32_t index) {
    const auto value = test::array_value(index, "v");
    return hex_of(value_signature_input(vector_resource(), 3, 1, value.model, wire::encode(value)));
  };
  EXPECT_EQ(input(7),
            "10101112131415161718191a1b1c1d1e1f"
            "00000003"
            "0000000000000001"
            "00000000"
            "01"
            "0000000176");
  EXPECT_EQ(input(7), input(0));
  EXPECT_EQ(input(wire::k_array_end), input(0));
}

TEST(SignatureInput, OtherModelsKeepTheirFirstBytes) {
  // Shows: SEC-04.
  const auto value = test::single_value("v");
  EXPECT_EQ(hex_of(value_signature_input(vector_resource(), 1, 1, value.model, wire::encode(value))),
            "10101112131415161718191a1b1c1d1e1f"
            "00000001"
            "0000000000000001"
            "01"
            "0000000176");
}

class SignerTest : public testing::Test {
 protected:
  test::TestAuthority authority_;
};

TEST_F(SignerTest, OneNodeIdIsNamedByTheCertificateHash) {
  // Shows: SEC-06.
  const auto signer = authority_.issue("alice@example.org", test::node_id(7));
  const auto identity = make_identity(*signer->certificate(), test::node_id(7));
  EXPECT_EQ(identity.type, wire::SignerIdentityType::cert_hash);
  EXPECT_EQ(identity.hash, wire::HashAlgorithm::sha256);
  std::uint8_t digest[SHA256_DIGEST_LENGTH];
  const SharedBytes der = signer->certificate()->der();
  SHA256(der.view().data(), der.size(), digest);
  EXPECT_EQ(hex_of(identity.digest), hex_of(digest));
  // Type, length of what follows, hash algorithm, length and digest (B.1).
  EXPECT_EQ(hex_of(wire::encode(identity)),
            "01"
            "0022"
            "04"
            "20" +
                hex_of(digest));
}

TEST_F(SignerTest, OneOfSeveralNodeIdsIsNamedByItsHashWithTheCertificate) {
  // Shows: SEC-07.
  test::IssueOptions options;
  options.more_nodes = {test::node_id(8)};
  const auto signer = authority_.issue("alice@example.org", test::node_id(7), options);
  for (const NodeId& node : {test::node_id(7), test::node_id(8)}) {
    const auto identity = make_identity(*signer->certificate(), node);
    EXPECT_EQ(identity.type, wire::SignerIdentityType::cert_hash_node_id);
    const Bytes input = joined(node.view(), signer->certificate()->der());
    std::uint8_t digest[SHA256_DIGEST_LENGTH];
    SHA256(input.data(), input.size(), digest);
    EXPECT_EQ(hex_of(identity.digest), hex_of(digest));
    EXPECT_EQ(identity_names(identity, *signer->certificate()), node);
  }
}

TEST_F(SignerTest, TheFormOfTheIdentityMustFitTheCertificate) {
  // Shows: SEC-08.
  test::IssueOptions options;
  options.more_nodes = {test::node_id(8)};
  const auto several = authority_.issue("alice@example.org", test::node_id(7), options)->certificate();
  const auto one = authority_.issue("bob@example.org", test::node_id(9))->certificate();

  wire::SignerIdentity short_form{wire::SignerIdentityType::cert_hash, wire::HashAlgorithm::sha256,
                                  SharedBytes(copy_of(several->sha256()))};
  EXPECT_FALSE(identity_names(short_form, *several).has_value());
  const Bytes input = joined(test::node_id(9).view(), one->der());
  Bytes digest(SHA256_DIGEST_LENGTH);
  SHA256(input.data(), input.size(), digest.data());
  const wire::SignerIdentity long_form{wire::SignerIdentityType::cert_hash_node_id,
                                       wire::HashAlgorithm::sha256, SharedBytes(digest)};
  EXPECT_FALSE(identity_names(long_form, *one).has_value());
  EXPECT_FALSE(identity_names({}, *one).has_value());
}

TEST_F(SignerTest, SignsInputAndIdentityWithEcdsa) {
  const auto signer = authority_.issue("alice@example.org", test::node_id(7));
  const auto signature = signer->sign(view_of("input"));
  EXPECT_EQ(signature.hash, wire::HashAlgorithm::sha256);
  EXPECT_EQ(signature.algorithm, wire::SignatureAlgorithm::ecdsa);
  EXPECT_EQ(hex_of(signature.identity_wire), hex_of(wire::encode(signature.identity)));
  const Bytes signed_bytes = joined(view_of("input"), signature.identity_wire);
  EXPECT_TRUE(openssl_agrees(*signer->certificate(), signed_bytes, signature.value));
  EXPECT_TRUE(signature_good(signature, *signer->certificate(), signed_bytes));
  EXPECT_FALSE(signature_good(signature, *signer->certificate(), view_of("input")));
}

TEST_F(SignerTest, SignsWithRsaPkcs1AndSha256) {
  // Shows: SEC-05.
  const auto signer = authority_.issue_rsa("alice@example.org", test::node_id(7));
  const auto signature = signer->sign(view_of("input"));
  const Bytes wire = wire::encode(signature);
  EXPECT_EQ(wire[0], 0x04);
  EXPECT_EQ(wire[1], 0x01);
  const Bytes signed_bytes = joined(view_of("input"), signature.identity_wire);
  EXPECT_TRUE(openssl_agrees(*signer->certificate(), signed_bytes, signature.value));
  EXPECT_TRUE(signature_good(signature, *signer->certificate(), signed_bytes));
  // PKCS #1 v1.5 is deterministic; PSS, the other RSA signature, is not.
  EXPECT_EQ(hex_of(signer->sign(view_of("input")).value), hex_of(signature.value));
}

TEST_F(SignerTest, SignsExactlyTheBytesOfADocument) {
  const auto signer = authority_.issue("alice@example.org", test::node_id(7));
  const auto signature = signer->sign_exact(view_of("<configuration/>"));
  EXPECT_TRUE(openssl_agrees(*signer->certificate(), view_of("<configuration/>"), signature.value));
}

TEST_F(SignerTest, AnyOtherAlgorithmIsAFailureAndNoCrash) {
  // Shows: SEC-39.
  for (const bool rsa : {false, true}) {
    const auto signer = rsa ? authority_.issue_rsa("alice@example.org", test::node_id(7))
                            : authority_.issue("alice@example.org", test::node_id(7));
    const auto good = signer->sign_exact(view_of("input"));
    ASSERT_TRUE(signature_good(good, *signer->certificate(), view_of("input")));
    for (int hash = 0; hash < 256; ++hash) {
      for (int algorithm = 0; algorithm < 256; ++algorithm) {
        auto changed = good;
        changed.hash = static_cast<wire::HashAlgorithm>(hash);
        changed.algorithm = static_cast<wire::SignatureAlgorithm>(algorithm);
        const bool same = changed.hash == good.hash && changed.algorithm == good.algorithm;
        ASSERT_EQ(signature_good(changed, *signer->certificate(), view_of("input")), same)
            << hash << " " << algorithm;
      }
    }
  }
}

TEST_F(SignerTest, AnyChangedByteOfASignatureIsAFailure) {
  // Shows: SEC-39.
  const auto signer = authority_.issue("alice@example.org", test::node_id(7));
  const auto good = signer->sign_exact(view_of("input"));
  for (std::size_t at = 0; at < good.value.size(); ++at) {
    auto changed = good;
    Bytes value = copy_of(good.value);
    value[at] ^= 0x01;
    changed.value = SharedBytes(value);
    EXPECT_FALSE(signature_good(changed, *signer->certificate(), view_of("input"))) << at;
  }
  for (std::size_t size = 0; size < good.value.size(); ++size) {
    auto changed = good;
    changed.value = good.value.slice(0, size);
    EXPECT_FALSE(signature_good(changed, *signer->certificate(), view_of("input"))) << size;
  }
}

TEST_F(SignerTest, ActsAsTheNodeAskedFor) {
  test::IssueOptions options;
  options.more_nodes = {test::node_id(8)};
  const auto files = authority_.credentials("alice@example.org", test::node_id(7), options);
  const auto first = load_signer(files.private_key_pem, files.certificate_pem);
  const auto second = load_signer(files.private_key_pem, files.certificate_pem, test::node_id(8));
  ASSERT_TRUE(first.ok());
  ASSERT_TRUE(second.ok());
  EXPECT_EQ((*first)->node_id(), test::node_id(7));
  EXPECT_EQ((*second)->node_id(), test::node_id(8));
  const auto other = load_signer(files.private_key_pem, files.certificate_pem, test::node_id(9));
  ASSERT_FALSE(other.ok());
  EXPECT_THAT(other.error().reason, HasSubstr("does not have Node-ID"));
}

TEST_F(SignerTest, RefusesFilesThatDoNotFit) {
  const auto alice = authority_.credentials("alice@example.org", test::node_id(7));
  const auto bob = authority_.credentials("bob@example.org", test::node_id(8));
  const auto refusal = [](std::string_view key, std::string_view certificate) {
    const auto loaded = load_signer(key, certificate);
    return loaded ? "" : loaded.error().reason;
  };
  EXPECT_THAT(refusal(alice.private_key_pem, bob.certificate_pem), HasSubstr("do not belong together"));
  EXPECT_THAT(refusal("", alice.certificate_pem), HasSubstr("private key"));
  EXPECT_THAT(refusal(alice.private_key_pem, ""), HasSubstr("no PEM certificate"));
  EXPECT_THAT(refusal(alice.private_key_pem, authority_.root_pem()), HasSubstr("certificate"));
}

TEST_F(SignerTest, FurtherCertificatesOfTheFileAreTheChain) {
  // Shows: SEC-10.
  const auto alice = authority_.credentials("alice@example.org", test::node_id(7));
  const auto signer = load_signer(alice.private_key_pem, alice.certificate_pem + authority_.root_pem());
  ASSERT_TRUE(signer.ok());
  ASSERT_THAT((*signer)->chain_der(), SizeIs(1));
  EXPECT_TRUE(equal((*signer)->chain_der().front(), authority_.root_der()));
  const auto block = make_security_block(**signer, view_of("x"), {});
  EXPECT_THAT(block.certificates, SizeIs(2));
}

TEST_F(SignerTest, ASecurityBlockHasEveryCertificateOnce) {
  // Shows: SEC-10.
  const auto alice = authority_.issue("alice@example.org", test::node_id(7));
  const auto bob = authority_.issue("bob@example.org", test::node_id(8));
  const auto block = make_security_block(
      *alice, view_of("x"),
      {bob->certificate()->der(), alice->certificate()->der(), bob->certificate()->der()});
  ASSERT_THAT(block.certificates, SizeIs(2));
  EXPECT_TRUE(equal(block.certificates[0].der, alice->certificate()->der()));
  EXPECT_TRUE(equal(block.certificates[1].der, bob->certificate()->der()));
}

}  // namespace
}  // namespace ringway::security
