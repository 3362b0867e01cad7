#include "services/enroll_client/credentials_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/services/api/temporary_folder.hpp"

namespace ringway::services {
namespace {

using testing::HasSubstr;

PendingEnrolment alice() {
  PendingEnrolment pending;
  pending.user = "alice@example.org";
  pending.enrolment = "01";
  pending.expires_ms = 5;
  pending.private_key_pem = enrolld::Secret("the key");
  return pending;
}

TEST(CredentialsFolder, KeepsWhatWaits) {
  const TemporaryFolder temporary;
  {
    const auto folder = CredentialsFolder::open(temporary.file("a/b"));
    ASSERT_TRUE(folder.ok()) << folder.error().reason;
    EXPECT_FALSE(folder->pending()->has_value());
    ASSERT_TRUE(folder->keep(alice()).ok());
  }
  const auto folder = CredentialsFolder::open(temporary.file("a/b"));
  const auto pending = folder->pending();
  ASSERT_TRUE(pending.ok() && pending->has_value());
  EXPECT_EQ((*pending)->user, "alice@example.org");
  EXPECT_EQ((*pending)->enrolment, "01");
  EXPECT_EQ((*pending)->expires_ms, 5U);
  EXPECT_EQ((*pending)->private_key_pem.reveal(), "the key");
  ASSERT_TRUE(folder->forget_pending().ok());
  EXPECT_FALSE(folder->pending()->has_value());
}

TEST(CredentialsFolder, IsOnesAloneWhileItIsOpen) {
  const TemporaryFolder temporary;
  {
    const auto first = CredentialsFolder::open(temporary.file("a"));
    ASSERT_TRUE(first.ok());
    EXPECT_THAT(CredentialsFolder::open(temporary.file("a")).error().reason, HasSubstr("under way"));
  }
  EXPECT_TRUE(CredentialsFolder::open(temporary.file("a")).ok());
}

TEST(CredentialsFolder, EndsWhatACrashCutShort) {
  const TemporaryFolder temporary;
  std::filesystem::create_directories(temporary.file("a/complete"));
  temporary.file("a/complete/node.key", "new key");
  temporary.file("a/complete/enrolment.json", "{}");
  temporary.file("a/node.key", "old key");
  temporary.file("a/node.crt", "new certificate, moved before the crash");
  const auto folder = CredentialsFolder::open(temporary.file("a"));
  ASSERT_TRUE(folder.ok()) << folder.error().reason;
  EXPECT_TRUE(folder->has_credentials());
  std::string key;
  std::getline(std::ifstream(temporary.file("a/node.key")), key);
  EXPECT_EQ(key, "new key");
  EXPECT_FALSE(std::filesystem::exists(temporary.file("a/complete")));
}

TEST(CredentialsFolder, SaysWhatItCannotRead) {
  const TemporaryFolder temporary;
  std::filesystem::create_directories(temporary.file("a/pending"));
  temporary.file("a/pending/enrolment.json", R"({"user": 5})");
  EXPECT_THAT(CredentialsFolder::open(temporary.file("a"))->pending().error().reason, HasSubstr("user"));
  EXPECT_FALSE(CredentialsFolder::open(temporary.file("a/pending/enrolment.json")).ok());
}

}  // namespace
}  // namespace ringway::services
