// The exchange of a node's key and certificate, cut short at every step.
#include "services/upkeep/credential_files.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "services/enroll_client/credentials_folder.hpp"
#include "services/enrolld/folder/files.hpp"
#include "tests/services/api/temporary_folder.hpp"
#include "tests/support/test_authority.hpp"

namespace ringway::services {
namespace {

class CredentialFilesTest : public testing::Test {
 protected:
  CredentialFilesTest() {
    put("node.key", old_.private_key_pem);
    put("node.crt", old_.certificate_pem);
  }
  void put(const std::string& name, const std::string& text) const {
    const auto written = enrolld::write_file(folder_.file(name), text, enrolld::Access::owner_only);
    if (!written) ADD_FAILURE() << written.error().reason;
  }
  std::string get(const std::string& name) const {
    const auto text = enrolld::read_file(folder_.file(name));
    return text ? *text : "";
  }
  bool there(const std::string& name) const { return enrolld::exists(folder_.file(name)); }
  test::Credentials make() const { return authority_.credentials("alice@example.org", test::node_id(7)); }
  // What a peer that starts now works with; the same is in the files.
  std::string loaded() const {
    const auto pair = files_.load();
    EXPECT_TRUE(pair.ok()) << pair.error().reason;
    if (!pair) return "";
    EXPECT_EQ(get("node.key"), pair->private_key_pem);
    EXPECT_EQ(get("node.crt"), pair->certificates_pem);
    const auto is = [&](const test::Credentials& one) {
      return pair->private_key_pem == one.private_key_pem && pair->certificates_pem == one.certificate_pem;
    };
    return is(old_) ? "old" : is(new_) ? "new" : "mixed";
  }

  const test::TestAuthority authority_;
  const TemporaryFolder folder_;
  const CredentialFiles files_{folder_.file("")};
  const test::Credentials old_ = make();
  const test::Credentials new_ = make();
};

TEST_F(CredentialFilesTest, TheNextKeyIsKeptUntilItsCertificateComes) {
  const auto key = files_.next_key();
  ASSERT_TRUE(key.ok()) << key.error().reason;
  EXPECT_EQ(files_.next_key()->reveal(), key->reveal());
  EXPECT_EQ(CredentialFiles(folder_.file("")).next_key()->reveal(), key->reveal()) << "after a restart, too";
  struct ::stat found {};
  ASSERT_EQ(::stat(folder_.file("node.key.next").c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777U, 0600U);
  EXPECT_EQ(loaded(), "old");
  EXPECT_TRUE(there("node.key.next"));
}

TEST_F(CredentialFilesTest, TheExchangeLeavesThePairAndNothingElse) {
  put("node.key.next", new_.private_key_pem);
  ASSERT_TRUE(files_.exchange(new_.certificate_pem).ok());
  EXPECT_EQ(get("node.key"), new_.private_key_pem);
  EXPECT_EQ(get("node.crt"), new_.certificate_pem);
  EXPECT_FALSE(there("node.key.next"));
  EXPECT_FALSE(there("node.crt.next"));
  EXPECT_EQ(loaded(), "new");
  EXPECT_NE(files_.next_key()->reveal(), new_.private_key_pem) << "the one after is another key";
}

TEST_F(CredentialFilesTest, ACertificateForAnotherKeyIsNotTaken) {
  put("node.key.next", new_.private_key_pem);
  EXPECT_FALSE(files_.exchange(make().certificate_pem).ok());
  EXPECT_FALSE(files_.exchange("no certificate").ok());
  EXPECT_EQ(loaded(), "old");
  EXPECT_TRUE(there("node.key.next"));
}

TEST_F(CredentialFilesTest, CutShortBeforeTheRenames) {
  put("node.key.next", new_.private_key_pem);
  put("node.crt.next", new_.certificate_pem);
  EXPECT_EQ(loaded(), "new");
  EXPECT_FALSE(there("node.key.next"));
  EXPECT_FALSE(there("node.crt.next"));
}

TEST_F(CredentialFilesTest, CutShortBetweenTheRenames) {
  put("node.key", new_.private_key_pem);
  put("node.crt.next", new_.certificate_pem);
  EXPECT_EQ(loaded(), "new");
  EXPECT_FALSE(there("node.crt.next"));
}

TEST_F(CredentialFilesTest, ALeftoverOfOtherCredentialsIsForgotten) {
  put("node.crt.next", make().certificate_pem);
  EXPECT_EQ(loaded(), "old");
  EXPECT_FALSE(there("node.crt.next"));
}

// Its lock is held as long as it waits for a proof.
TEST_F(CredentialFilesTest, AnEnrolmentIntoTheFolderIsNotInterferedWith) {
  put("node.key.next", new_.private_key_pem);
  {
    ::chmod(folder_.file("").c_str(), 0700);
    const auto enrolment = CredentialsFolder::open(folder_.file(""));
    ASSERT_TRUE(enrolment.ok()) << enrolment.error().reason;
    EXPECT_FALSE(files_.exchange(new_.certificate_pem).ok());
    EXPECT_EQ(loaded(), "old") << "a peer can start meanwhile";
    put("node.crt.next", new_.certificate_pem);
    EXPECT_EQ(loaded(), "old");
    EXPECT_TRUE(there("node.key.next"));
  }
  EXPECT_EQ(loaded(), "new") << "as soon as it has ended";
}

TEST_F(CredentialFilesTest, CredentialsThatWerePutHereMeanwhileStay) {
  put("node.key.next", new_.private_key_pem);
  const auto other = authority_.credentials("alice@example.org", test::node_id(8));
  put("node.key", other.private_key_pem);
  put("node.crt", other.certificate_pem);
  EXPECT_FALSE(files_.exchange(new_.certificate_pem).ok());
  EXPECT_EQ(get("node.key"), other.private_key_pem);
  EXPECT_EQ(get("node.crt"), other.certificate_pem);
}

TEST_F(CredentialFilesTest, AKeyWithoutItsCertificateIsNotUsed) {
  put("node.key", new_.private_key_pem);
  EXPECT_FALSE(files_.load().ok());
}

}  // namespace
}  // namespace ringway::services
