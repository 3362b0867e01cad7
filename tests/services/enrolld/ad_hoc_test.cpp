// An overlay without an authority: its folder and its document.
#include "services/enrolld/folder/ad_hoc.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>

#include "reload/config/shared_secret.hpp"
#include "services/enrolld/authority/self_signed.hpp"
#include "services/enrolld/folder/files.hpp"
#include "services/enrolld/folder/overlay_files.hpp"
#include "tests/services/api/temporary_folder.hpp"

namespace ringway::enrolld {
namespace {

using testing::HasSubstr;

constexpr WallMs k_day_ms = 86'400'000;

WallMs now_ms() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<WallMs>(std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
}

class AdHocTest : public testing::Test {
 protected:
  AdHocTest() {
    options_.overlay_name = "site.example.org";
    options_.directory = root_;
  }
  std::string refusal() const {
    const auto made = init_ad_hoc(options_);
    return made ? "" : made.error().reason;
  }
  config::ConfigurationPtr document() const {
    const auto text = read_file(root_ + "/overlay.xml");
    EXPECT_TRUE(text.ok());
    auto parsed = config::parse_configuration(SharedBytes(copy_of(view_of(*text))), "site.example.org");
    EXPECT_TRUE(parsed.ok()) << parsed.error().reason;
    return *parsed;
  }
  static std::string fault(const config::Configuration& document) {
    const auto trust = security::Trust::make(document.trust_settings());
    const auto good = config::check_signature(document, document.configuration_signers, **trust, now_ms());
    return good ? "" : good.error().reason;
  }
  unsigned mode_of(const std::string& name) const {
    struct ::stat status {};
    EXPECT_EQ(::stat((root_ + name).c_str(), &status), 0) << name;
    return status.st_mode & 0777U;
  }

  const services::TemporaryFolder folder_;
  const std::string root_ = folder_.file("adhoc");
  AdHocOptions options_;
};

TEST_F(AdHocTest, TheDocumentNeedsNobody) {
  // Shows: SEC-24, CONFIG-12.
  ASSERT_EQ(refusal(), "");
  const auto made = document();
  EXPECT_EQ(made->self_signed_permitted, security::SelfSignedDigest::sha256);
  EXPECT_TRUE(made->root_certificates_der.empty());
  EXPECT_TRUE(made->enrollment_servers.empty());
  EXPECT_FALSE(made->shared_secret);
  EXPECT_EQ(fault(*made), "") << "its signer is self-signed like everyone";
  EXPECT_EQ(mode_of("/overlay.xml"), 0644U);
  EXPECT_EQ(mode_of("/signer.key"), 0600U);
  EXPECT_THAT(refusal(), HasSubstr("--force"));
}

TEST_F(AdHocTest, TheOtherDigest) {
  // Shows: SEC-24.
  options_.digest = security::SelfSignedDigest::sha1;
  ASSERT_EQ(refusal(), "");
  EXPECT_EQ(document()->self_signed_permitted, security::SelfSignedDigest::sha1);
  EXPECT_EQ(fault(*document()), "");
}

TEST_F(AdHocTest, ASecretIsAKeyAndForTheOwnersEyes) {
  // Shows: SEC-37, FM-31.
  options_.new_shared_secret = true;
  ASSERT_EQ(refusal(), "");
  const auto secret = document()->shared_secret;
  ASSERT_TRUE(secret);
  EXPECT_EQ(config::why_no_key(*secret), "");
  EXPECT_EQ(secret->size(), 44U);
  EXPECT_EQ(mode_of("/overlay.xml"), 0600U);
  EXPECT_EQ(fault(*document()), "");
  options_.force = true;
  ASSERT_EQ(refusal(), "");
  EXPECT_NE(document()->shared_secret, secret);
  // It stays confidential when the document changes.
  UpdateOptions update_options;
  update_options.directory = root_;
  update_options.bad_nodes = {NodeId{{1, 2, 3}}};
  const auto updated = update(update_options);
  ASSERT_TRUE(updated.ok()) << updated.error().reason;
  EXPECT_EQ(mode_of("/overlay.xml"), 0600U);
  EXPECT_TRUE(document()->shared_secret);
}

TEST_F(AdHocTest, ASecretOfOnesOwn) {
  // Shows: FM-31, SEC-35.
  options_.shared_secret_file = folder_.file("secret", "Zq3v9KxT7wLm2RbY8dHcP5nJ\nnot this\n");
  ASSERT_EQ(refusal(), "");
  EXPECT_EQ(document()->shared_secret, "Zq3v9KxT7wLm2RbY8dHcP5nJ");
  options_.force = true;
  options_.shared_secret_file = folder_.file("password", "Correct horse 1\n");
  EXPECT_THAT(refusal(), HasSubstr("--new-shared-secret"));
  EXPECT_THAT(refusal(), testing::Not(HasSubstr("horse")));
}

TEST_F(AdHocTest, ItsDocumentCanChangeAndLast) {
  // Shows: CONFIG-22.
  options_.validity_days = 10;
  ASSERT_EQ(refusal(), "");
  const auto before = document();
  UpdateOptions update_options;
  update_options.directory = root_;
  update_options.validity_days = 100;
  const auto updated = update(update_options);
  ASSERT_TRUE(updated.ok()) << updated.error().reason;
  EXPECT_TRUE(updated->signer_renewed);
  const auto after = document();
  EXPECT_EQ(after->configuration_signers, before->configuration_signers)
      << "the same key has the same Node-ID";
  EXPECT_GT(*after->expiration_ms, now_ms() + 99 * k_day_ms);
  const auto trust = security::Trust::make(before->trust_settings());
  const auto good = config::check_successor(*before, *after, **trust, now_ms());
  EXPECT_TRUE(good.ok()) << good.error().reason;
}

TEST_F(AdHocTest, NobodyIsIssuedAnything) {
  ASSERT_EQ(refusal(), "");
  IssueOptions issue_options;
  issue_options.directory = root_;
  issue_options.user_name = "alice@site.example.org";
  issue_options.out = folder_.file("alice");
  const auto issued = issue(issue_options);
  ASSERT_FALSE(issued.ok());
  EXPECT_THAT(issued.error().reason, HasSubstr("--self-signed-user"));
}

TEST(SelfCertify, TheNodeIdIsTheKeys) {
  // Shows: SEC-22, SEC-24.
  const auto key = *services::make_key(services::KeyType::p256);
  for (const auto digest : {security::SelfSignedDigest::sha1, security::SelfSignedDigest::sha256}) {
    const auto made = services::self_certify(
        {"alice@site.example.org", "site.example.org", digest, {now_ms() - k_day_ms, now_ms() + k_day_ms}},
        key);
    ASSERT_TRUE(made.ok()) << made.error().reason;
    security::TrustSettings settings;
    settings.overlay_name = "site.example.org";
    settings.self_signed_permitted = digest;
    const auto trusted = (*security::Trust::make(settings))->check(*made->certificate, {}, now_ms());
    EXPECT_TRUE(trusted.ok()) << trusted.error().reason;
  }
  EXPECT_FALSE(services::self_certify({"alice", "site.example.org", {}, {}}, key).ok());
}

}  // namespace
}  // namespace ringway::enrolld
