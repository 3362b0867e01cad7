// Signing requests as OpenSSL's command line makes them, honest ones and greedy ones.
#include "services/enrolld/authority/signing_request.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/x509.h>

#include "services/enrolld/authority/authority.hpp"
#include "services/enrolld/folder/files.hpp"
#include "tests/services/api/temporary_folder.hpp"
#include "tests/services/enrolld/program.hpp"
#include "tests/support/test_authority.hpp"

namespace ringway::enrolld {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr services::Validity k_validity{test::k_not_before_ms, test::k_not_after_ms};
constexpr const char* k_p256 = "ec -pkeyopt ec_paramgen_curve:P-256";

class SigningRequestTest : public testing::Test {
 protected:
  // The DER of a request for a new key. `algorithm` and `options` are those of `openssl req`.
  Bytes request(const std::string& algorithm, const std::string& options = "") const {
    const auto ran = run("cd " + folder_.file(".") + " && openssl req -new -nodes -keyout key.pem -newkey " +
                         algorithm + " -outform DER -out request.der " +
                         (options.find("-subj") == std::string::npos ? "-subj / " : "") + options);
    EXPECT_EQ(ran.code, 0) << ran.output;
    return copy_of(view_of(read_file(folder_.file("request.der")).value()));
  }
  static std::string refusal(BytesView der) {
    const auto read = read_signing_request(der);
    return read ? "" : read.error().reason;
  }

  const services::TemporaryFolder folder_;
};

TEST_F(SigningRequestTest, ReadsTheKeyAndTheWishedName) {
  // Shows: ENROLL-20.
  const Bytes der = request(k_p256, "-addext subjectAltName=email:alice@example.org");
  const auto read = read_signing_request(der);
  ASSERT_TRUE(read.ok()) << read.error().reason;
  EXPECT_THAT(read->user_names, ElementsAre("alice@example.org"));
  // The key and its digest, as openssl says.
  const auto info =
      run("cd " + folder_.file(".") + " && openssl pkey -in key.pem -pubout -outform DER | sha256sum");
  EXPECT_THAT(info.output, HasSubstr(to_hex(read->public_key_sha256)));
}

TEST_F(SigningRequestTest, TakesTheKeysThatPeersTake) {
  // Shows: ENROLL-11.
  EXPECT_EQ(refusal(request(k_p256)), "");
  EXPECT_EQ(refusal(request("rsa:2048")), "");
  EXPECT_EQ(refusal(request("rsa:4096", "-sha512")), "");
}

TEST_F(SigningRequestTest, RefusesOtherKeys) {
  // Shows: ENROLL-11.
  for (const char* algorithm :
       {"rsa:1024", "rsa:2047", "rsa:4104", "ec -pkeyopt ec_paramgen_curve:P-384", "ed25519",
        "ec -pkeyopt ec_paramgen_curve:secp256k1", "rsa-pss -pkeyopt rsa_keygen_bits:2048",
        "ec -pkeyopt ec_paramgen_curve:P-256 -pkeyopt ec_param_enc:explicit"})
    EXPECT_THAT(refusal(request(algorithm)), HasSubstr("its key is neither")) << algorithm;
  EXPECT_THAT(refusal(request("rsa -pkeyopt rsa_keygen_bits:2048 -pkeyopt rsa_keygen_pubexp:3")),
              HasSubstr("exponent"));
}

TEST_F(SigningRequestTest, TheKeyInItSignedIt) {
  // Shows: ENROLL-20.
  // Someone else's public key: the signature is by another one.
  const Bytes honest = request(k_p256);
  const Bytes other = request(k_p256);
  const unsigned char* at = honest.data();
  const std::unique_ptr<X509_REQ, decltype(&X509_REQ_free)> mixed(
      d2i_X509_REQ(nullptr, &at, static_cast<long>(honest.size())), X509_REQ_free);
  const auto stolen = read_signing_request(other).value();
  ASSERT_EQ(X509_REQ_set_pubkey(mixed.get(), stolen.public_key.get()), 1);
  unsigned char* der = nullptr;
  const int size = i2d_re_X509_REQ_tbs(mixed.get(), nullptr);  // encodes the request anew
  ASSERT_GT(size, 0);
  const int whole = i2d_X509_REQ(mixed.get(), &der);
  ASSERT_GT(whole, 0);
  const Bytes forged(der, der + whole);
  OPENSSL_free(der);
  EXPECT_THAT(refusal(forged), HasSubstr("not signed by the key in it"));
}

TEST_F(SigningRequestTest, AChangedByteIsRefused) {
  // Shows: ENROLL-20.
  const Bytes der = request(k_p256, "-addext subjectAltName=email:alice@example.org");
  for (std::size_t at = 0; at < der.size(); ++at) {
    Bytes changed = der;
    changed[at] ^= 1U;
    EXPECT_NE(refusal(changed), "") << at;
  }
}

TEST_F(SigningRequestTest, RefusesWhatIsNoRequest) {
  // Shows: ENROLL-20.
  const Bytes der = request(k_p256);
  Bytes longer = der;
  longer.push_back(0);
  EXPECT_THAT(refusal(longer), HasSubstr("not one PKCS#10"));
  EXPECT_THAT(refusal(BytesView(der).first(der.size() - 1)), HasSubstr("not one PKCS#10"));
  EXPECT_THAT(refusal(BytesView()), HasSubstr("not one PKCS#10"));
  EXPECT_THAT(refusal(Bytes(20'000, 0x30)), HasSubstr("too large"));
  EXPECT_THAT(refusal(request("rsa:2048", "-sha1")), HasSubstr("SHA-2"));
  EXPECT_THAT(refusal(request("rsa:2048", "-md5")), HasSubstr("SHA-2"));
}

// What a greedy request asks for, and what the authority makes of it.
TEST_F(SigningRequestTest, NothingButTheKeyComesIntoTheCertificate) {
  // Shows: ENROLL-11, ENROLL-24.
  const Bytes der = request(
      k_p256,
      "-subj '/CN=root/O=Evil' -addext basicConstraints=critical,CA:TRUE "
      "-addext keyUsage=keyCertSign,cRLSign -addext extendedKeyUsage=serverAuth "
      "-addext subjectAltName=URI:reload://01105000000000000000000000000000000000@overlay.example.org/,"
      "email:bob@example.org,email:carol@example.org,DNS:overlay.example.org");
  const auto read = read_signing_request(der);
  ASSERT_TRUE(read.ok()) << read.error().reason;
  EXPECT_THAT(read->user_names, ElementsAre("bob@example.org", "carol@example.org"));

  const test::TestAuthority authority;
  const auto made =
      authority.authority().certify({"alice@example.org", {test::node_id(7)}, k_validity}, read->public_key);
  ASSERT_TRUE(made.ok()) << made.error().reason;
  EXPECT_THAT(made->certificate->node_ids(), ElementsAre(test::node_id(7)));
  EXPECT_EQ(made->certificate->user_name(), "alice@example.org");
  EXPECT_EQ(made->certificate->public_key_info_der(), services::public_key_info_der(read->public_key));
  const std::string text =
      run("openssl x509 -noout -text -in " + folder_.file("node.crt", made->chain_pem)).output;
  EXPECT_THAT(text, HasSubstr("CA:FALSE"));
  EXPECT_THAT(text, HasSubstr("Digital Signature, Key Agreement"));
  for (const char* wish : {"Evil", "CN = root", "CA:TRUE", "Certificate Sign", "Extended Key Usage", "bob",
                           "carol", "DNS:", "01105000"})
    EXPECT_THAT(text, Not(HasSubstr(wish)));
}

TEST_F(SigningRequestTest, WishedNamesAreTakenAsTheyCome) {
  // Shows: ENROLL-15.
  EXPECT_THAT(read_signing_request(request(k_p256)).value().user_names, IsEmpty());
  const std::string config = folder_.file("config",
                                          "[req]\ndistinguished_name=dn\n[dn]\n[ext]\nsubjectAltName=DER:"
                                          "3013811161406578616d706c652e6f726700782e61\n");
  const auto read = read_signing_request(request(k_p256, "-reqexts ext -config " + config));
  ASSERT_TRUE(read.ok()) << read.error().reason;
  ASSERT_THAT(read->user_names, testing::SizeIs(1));
  // With its NUL: nobody takes it for a@example.org.
  EXPECT_EQ(read->user_names.front(), std::string("a@example.org\0x.a", 17));
}

}  // namespace
}  // namespace ringway::enrolld
