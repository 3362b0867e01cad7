#include "services/ringwayd/own_credentials.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "reload/security/signer.hpp"
#include "services/enrolld/folder/ad_hoc.hpp"
#include "services/enrolld/folder/files.hpp"
#include "services/ringwayd/credentials.hpp"
#include "tests/services/api/temporary_folder.hpp"

namespace ringway::services {
namespace {

constexpr WallMs k_day_ms = 86'400'000;

class OwnCredentialsTest : public testing::Test {
 protected:
  OwnCredentialsTest() {
    enrolld::AdHocOptions options;
    options.overlay_name = "site.example.org";
    options.directory = root_ + "/adhoc";
    EXPECT_TRUE(enrolld::init_ad_hoc(options).ok());
    now_ms_ = static_cast<WallMs>(::time(nullptr)) * 1000;
  }
  Result<OwnCredentials> ensure(const std::string& user = "alice") {
    return ensure_own_credentials(folder_, document_, user, now_ms_);
  }
  std::string refusal(const std::string& user) {
    const auto outcome = ensure(user);
    return outcome ? "" : outcome.error().reason;
  }
  Credentials load() {
    auto loaded = load_credentials(folder_, document_, now_ms_);
    EXPECT_TRUE(loaded.ok()) << loaded.error().reason;
    return *loaded;
  }

  const TemporaryFolder folder_of_test_;
  const std::string root_ = folder_of_test_.file(".");
  const std::string folder_ = root_ + "/data/credentials";
  const std::string document_ = root_ + "/adhoc/overlay.xml";
  WallMs now_ms_ = 0;
};

TEST_F(OwnCredentialsTest, AreMadeOnceAndAreTheSameNodeAfterwards) {
  // Shows: SEC-22, SEC-24.
  const auto first = ensure();
  ASSERT_TRUE(first.ok()) << first.error().reason;
  EXPECT_TRUE(first->made);
  const auto loaded = load();
  EXPECT_EQ(loaded.user, "alice@site.example.org");
  struct ::stat status {};
  ASSERT_EQ(::stat((folder_ + "/node.key").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  ASSERT_EQ(::stat(folder_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0700U);
  const auto second = ensure("alice@Site.Example.ORG");
  ASSERT_TRUE(second.ok()) << second.error().reason;
  EXPECT_FALSE(second->made || second->renewed);
  EXPECT_EQ(load().node, loaded.node);
}

TEST_F(OwnCredentialsTest, ACertificateThatEndsSoonIsMadeAnewForTheSameNode) {
  ASSERT_TRUE(ensure().ok());
  const auto before = load();
  now_ms_ = before.not_after_ms - 300 * k_day_ms;
  const auto again = ensure();
  ASSERT_TRUE(again.ok()) << again.error().reason;
  EXPECT_TRUE(again->renewed);
  const auto after = load();
  EXPECT_EQ(after.node, before.node);
  EXPECT_GT(after.not_after_ms, before.not_after_ms);
}

TEST_F(OwnCredentialsTest, OfAnotherUserAreLeftAlone) {
  ASSERT_TRUE(ensure().ok());
  const auto before = load();
  EXPECT_NE(refusal("bob").find("alice@site.example.org"), std::string::npos);
  EXPECT_EQ(load().node, before.node);
  EXPECT_NE(refusal("a b"), "");
}

TEST_F(OwnCredentialsTest, AreOfANameOfThisOverlay) {
  EXPECT_EQ(
      refusal("alice@other.org"),
      "--self-signed-user alice@other.org: who makes the certificate himself has a name of this overlay: "
      "alice@site.example.org");
  EXPECT_NE(refusal("alice@sub.site.example.org"), "");
  EXPECT_NE(refusal("alice@"), "");
  EXPECT_FALSE(std::filesystem::exists(folder_));
}

TEST_F(OwnCredentialsTest, ADocumentWithTheSecretIsForItsOwner) {
  // Shows: SEC-37.
  enrolld::AdHocOptions options;
  options.overlay_name = "site.example.org";
  options.directory = root_ + "/adhoc";
  options.new_shared_secret = true;
  options.force = true;
  ASSERT_TRUE(enrolld::init_ad_hoc(options).ok());
  ASSERT_TRUE(ensure().ok());
  EXPECT_FALSE(load().secret_readable_by_others);
  std::filesystem::permissions(document_, std::filesystem::perms::group_read,
                               std::filesystem::perm_options::add);
  EXPECT_TRUE(load().secret_readable_by_others);
}

TEST_F(OwnCredentialsTest, ArePermittedByTheDocumentOrNotMade) {
  // Shows: SEC-25.
  const auto text = *read_small_file(document_);
  std::string closed = text;
  const auto at = closed.find(">true</self-signed-permitted>");
  ASSERT_NE(at, std::string::npos);
  closed.replace(at, 5, ">false");
  std::ofstream(document_, std::ios::trunc) << closed;
  EXPECT_NE(refusal("alice"), "");
  EXPECT_FALSE(std::filesystem::exists(folder_));
}

}  // namespace
}  // namespace ringway::services
