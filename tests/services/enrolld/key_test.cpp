// Private keys as text, with openssl's command line as a witness; and where passphrases come from.
#include "services/enrolld/authority/key.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>

#include "services/enrolld/authority/secret_source.hpp"
#include "tests/services/api/temporary_folder.hpp"
#include "tests/services/enrolld/program.hpp"

namespace ringway::services {
namespace {

using enrolld::run;
using enrolld::Secret;
using enrolld::SecretSource;
using testing::HasSubstr;
using testing::Not;

const Secret k_passphrase("correct horse");  // NOLINT(cert-err58-cpp): a failure ends the test program

TEST(Key, IsWrittenAndReadAgain) {
  for (const KeyType type : {KeyType::p256, KeyType::rsa2048}) {
    const Key key = make_key(type).value();
    const std::string pem = write_key(key).value();
    EXPECT_FALSE(is_encrypted_key(pem));
    EXPECT_EQ(public_key_info_der(read_key(pem).value()), public_key_info_der(key));
    // A passphrase is not needed, and does no harm.
    EXPECT_TRUE(read_key(pem, k_passphrase).ok());
  }
}

TEST(Key, IsEncryptedWithAesUnderScrypt) {
  const TemporaryFolder folder;
  const Key key = make_key(KeyType::p256).value();
  const std::string pem = write_key(key, k_passphrase).value();
  EXPECT_TRUE(is_encrypted_key(pem));
  EXPECT_THAT(pem, Not(HasSubstr("-----BEGIN PRIVATE KEY-----")));
  const std::string file = folder.file("key.pem", pem);
  const auto structure = run("openssl asn1parse -in " + file).output;
  EXPECT_THAT(structure, HasSubstr("PBES2"));
  EXPECT_THAT(structure, HasSubstr("scrypt"));
  EXPECT_THAT(structure, HasSubstr("aes-256-cbc"));
  const auto opened = run("openssl pkey -passin 'pass:correct horse' -pubout -in " + file);
  EXPECT_EQ(opened.code, 0) << opened.output;
  EXPECT_EQ(opened.output,
            run("openssl pkey -pubout -in " + folder.file("plain.pem", write_key(key).value())).output);
  EXPECT_NE(write_key(key, k_passphrase).value(), pem);  // another salt
}

TEST(Key, OnlyItsPassphraseOpensIt) {
  const std::string pem = write_key(make_key(KeyType::p256).value(), k_passphrase).value();
  EXPECT_TRUE(read_key(pem, k_passphrase).ok());
  EXPECT_FALSE(read_key(pem, Secret("correct hors")).ok());
  EXPECT_FALSE(read_key(pem, Secret("correct horse ")).ok());
  EXPECT_FALSE(read_key(pem, Secret("")).ok());
  EXPECT_FALSE(read_key(pem, Secret(std::string(3000, 'x'))).ok());
  EXPECT_FALSE(read_key(pem).ok());
  EXPECT_FALSE(read_key("", k_passphrase).ok());
}

TEST(Key, OpensslsOwnEncryptionIsRead) {
  const TemporaryFolder folder;
  const std::string file = folder.file("plain.pem", write_key(make_key(KeyType::p256).value()).value());
  for (const char* options : {"-scrypt", "-v2 aes-256-cbc -v2prf hmacWithSHA512 -iter 100000"}) {
    const auto sealed =
        run(std::string("openssl pkcs8 -topk8 -passout 'pass:correct horse' ") + options + " -in " + file);
    EXPECT_TRUE(is_encrypted_key(sealed.output)) << options;
    EXPECT_TRUE(read_key(sealed.output, k_passphrase).ok()) << options;
  }
}

class SecretTest : public testing::Test {
 protected:
  SecretTest() { ::unsetenv("RINGWAY_TEST_SECRET"); }
  SecretSource source(const std::string& file) const {
    return {"the word", "--word-file", file, "RINGWAY_TEST_SECRET", false};
  }
  std::string found(const std::string& file) const {
    const auto secret = find_secret(source(file));
    return secret ? std::string(secret->reveal()) : "!" + secret.error().reason;
  }
  const TemporaryFolder folder_;
};

TEST_F(SecretTest, IsAFilesFirstLine) {
  EXPECT_EQ(found(folder_.file("a", "one two\nthree\n")), "one two");
  EXPECT_EQ(found(folder_.file("a", "one two\r\n")), "one two");
  EXPECT_EQ(found(folder_.file("a", "one two")), "one two");
  EXPECT_EQ(found(folder_.file("a", std::string(1023, 'x') + "\n")), std::string(1023, 'x'));
}

TEST_F(SecretTest, NoneIsNoEmptyOne) {
  EXPECT_THAT(found(folder_.file("a", "")), HasSubstr("holds nothing"));
  EXPECT_THAT(found(folder_.file("a", "\nx")), HasSubstr("holds nothing"));
  EXPECT_THAT(found(folder_.file("a", std::string(1024, 'x'))), HasSubstr("at most 1023"));
  EXPECT_THAT(found(folder_.file("a", std::string(9000, 'x'))), HasSubstr("at most 1023"));
  EXPECT_THAT(found(folder_.file("a", std::string("a\0b", 3))), HasSubstr("NUL"));
  EXPECT_THAT(found(folder_.file("none")), HasSubstr("cannot read"));
  EXPECT_THAT(found(folder_.file(".")), HasSubstr("cannot read"));
  EXPECT_THAT(found(""), AllOf(HasSubstr("--word-file"), HasSubstr("RINGWAY_TEST_SECRET")));
}

TEST_F(SecretTest, TheFileGoesBeforeTheEnvironment) {
  ::setenv("RINGWAY_TEST_SECRET", "from the environment", 1);
  EXPECT_TRUE(source("").given());
  EXPECT_EQ(found(""), "from the environment");
  EXPECT_EQ(found(folder_.file("a", "from the file")), "from the file");
  ::setenv("RINGWAY_TEST_SECRET", "", 1);
  EXPECT_THAT(found(""), HasSubstr("holds nothing"));
}

}  // namespace
}  // namespace ringway::services
