// Keys in a PKCS#11 token: SoftHSM, with a key pair made inside it.
#include "services/enrolld/authority/token_key.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <thread>

#include "services/enrolld/authority/authority.hpp"
#include "services/enrolld/folder/files.hpp"
#include "services/enrolld/folder/overlay_files.hpp"
#include "tests/services/api/temporary_folder.hpp"
#include "tests/services/enrolld/program.hpp"
#include "tests/support/test_authority.hpp"

namespace ringway::enrolld {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr services::Validity k_validity{test::k_not_before_ms, test::k_not_after_ms};
constexpr const char* k_module = "/usr/lib/softhsm/libsofthsm2.so";
constexpr const char* k_pin = "4711-abc";

std::string uri(const std::string& object) { return "pkcs11:token=ringway;object=" + object; }

class TokenKeyTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(make_directory(folder_.file("tokens")).ok());
    const std::string conf = folder_.file("conf", "directories.tokendir = " + folder_.file("tokens") +
                                                      "\nobjectstore.backend = file\nlog.level = ERROR\n");
    ::setenv("SOFTHSM2_CONF", conf.c_str(), 1);
    ::setenv("PKCS11_MODULE_PATH", k_module, 1);
    must_run(std::string("softhsm2-util --init-token --free --label ringway --so-pin 12345678 --pin ") +
             k_pin);
    make("root", "EC:prime256v1", "01");
    make("issuing", "EC:prime256v1", "02");
  }
  static void make(const std::string& label, const std::string& type, const std::string& id) {
    must_run(std::string("pkcs11-tool --module ") + k_module + " --token-label ringway --login --pin " +
             k_pin + " --keypairgen --usage-sign --key-type " + type + " --label " + label + " --id " + id);
  }
  static void must_run(const std::string& command) {
    const auto ran = run(command);
    ASSERT_EQ(ran.code, 0) << command << "\n" << ran.output;
  }
  static std::string refusal(const std::string& key, const char* pin = k_pin) {
    const auto opened = open_token_key(key, Secret(pin));
    return opened ? "" : opened.error().reason;
  }
  InitOptions options() const {
    InitOptions out;
    out.overlay_name = "overlay.example.org";
    out.directory = folder_.file("authority");
    out.issuing_key_uri = uri("issuing");
    out.keys.token_pin.file = folder_.file("pin", std::string(k_pin) + "\n");
    return out;
  }

  const services::TemporaryFolder folder_;
};

TEST_F(TokenKeyTest, SignsFromSeveralThreads) {
  const auto key = open_token_key(uri("issuing"), Secret(k_pin));
  ASSERT_TRUE(key.ok()) << key.error().reason;
  const auto root =
      services::make_root("overlay.example.org", k_validity, signing_key(test::new_key())).value();
  const auto issuing = services::make_issuing("overlay.example.org", root, k_validity, *key);
  ASSERT_TRUE(issuing.ok()) << issuing.error().reason;
  const auto authority = services::Authority::make("overlay.example.org", root.certificate, *issuing);
  ASSERT_TRUE(authority.ok()) << authority.error().reason;
  std::vector<std::thread> threads;
  for (std::uint8_t i = 1; i <= 4; ++i) {
    threads.emplace_back([&authority, i] {
      for (std::uint8_t k = 1; k <= 10; ++k) {
        const auto made = authority->issue({"alice@example.org", {test::node_id(i, k)}, k_validity});
        EXPECT_TRUE(made.ok()) << made.error().reason;
      }
    });
  }
  for (auto& thread : threads) thread.join();
}

TEST_F(TokenKeyTest, AnRsaKeyInATokenSigns) {
  make("rsa", "rsa:2048", "03");
  const auto key = open_token_key(uri("rsa"), Secret(k_pin));
  ASSERT_TRUE(key.ok()) << key.error().reason;
  const auto root = services::make_root("overlay.example.org", k_validity, *key);
  ASSERT_TRUE(root.ok()) << root.error().reason;
  EXPECT_TRUE(services::Authority::make("overlay.example.org", root->certificate, *root).ok());
}

TEST_F(TokenKeyTest, RefusesWhatIsNoKeyThere) {
  EXPECT_EQ(refusal(uri("issuing")), "");
  EXPECT_THAT(refusal(uri("nobody")), HasSubstr("no such key"));
  EXPECT_THAT(refusal("pkcs11:token=other;object=issuing"), HasSubstr("no such key"));
  EXPECT_THAT(refusal("pkcs11:token=ringway"), HasSubstr("names no key"));
  EXPECT_THAT(refusal("file:issuing.key"), HasSubstr("pkcs11:"));
  EXPECT_THAT(refusal(uri("a b")), HasSubstr("blanks"));
  EXPECT_THAT(refusal(uri("issuing") + "?pin-value=4711-abc"),
              AllOf(HasSubstr("PIN in it"), Not(HasSubstr("4711"))));
}

TEST_F(TokenKeyTest, AWrongPinOpensNothing) {
  EXPECT_THAT(refusal(uri("issuing"), "0000"), AllOf(HasSubstr("PIN"), Not(HasSubstr("0000"))));
}

TEST_F(TokenKeyTest, KeysThatPeersRefuseAreRefused) {
  make("p384", "EC:secp384r1", "04");
  EXPECT_THAT(refusal(uri("p384")), HasSubstr("neither P-256"));
}

TEST_F(TokenKeyTest, AFolderWhoseIssuingKeyIsInAToken) {
  // Shows: ENROLL-19.
  const auto done = init(options());
  ASSERT_TRUE(done.ok()) << done.error().reason;
  const std::string authority = options().directory;
  EXPECT_EQ(read_file(authority + "/issuing.key").value(), uri("issuing") + "\n");
  IssueOptions issuing;
  issuing.directory = authority;
  issuing.user_name = "alice@example.org";
  issuing.out = folder_.file("alice");
  EXPECT_THAT(issue(issuing).error().reason, HasSubstr("--token-pin-file"));
  issuing.keys = options().keys;
  const auto issued = issue(issuing);
  ASSERT_TRUE(issued.ok()) << issued.error().reason;
  const auto verified = run("openssl verify -x509_strict -CAfile " + authority + "/root.crt -untrusted " +
                            authority + "/issuing.crt " + issuing.out + "/node.crt");
  EXPECT_EQ(verified.code, 0) << verified.output;
  // The document's signer is no secret of the token.
  UpdateOptions change;
  change.directory = authority;
  EXPECT_TRUE(update(change).ok());
}

TEST_F(TokenKeyTest, BothKeysInATokenAndTheUriSaysWhereThePinIs) {
  auto both = options();
  const std::string pin_source = "?pin-source=file:" + both.keys.token_pin.file;
  both.keys = {};
  both.root_key_uri = uri("root") + pin_source;
  both.issuing_key_uri = uri("issuing") + pin_source;
  // The file is the PIN and nothing else, for whoever reads it by pin-source.
  folder_.file("pin", k_pin);
  const auto done = init(both);
  ASSERT_TRUE(done.ok()) << done.error().reason;
  IssuingOptions again;
  again.directory = both.directory;
  const auto renewed = new_issuing(again);
  EXPECT_TRUE(renewed.ok()) << renewed.error().reason;
  EXPECT_THAT(read_file(both.directory + "/issuing.key").value(), HasSubstr("BEGIN PRIVATE KEY"));
}

}  // namespace
}  // namespace ringway::enrolld
