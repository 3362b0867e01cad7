#include "services/ringwayd/api_tls.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/support/test_authority.hpp"

namespace ringway::services {
namespace {

using testing::HasSubstr;

class ApiTlsTest : public testing::Test {
 protected:
  ApiTlsTest() {
    std::filesystem::create_directories(folder_);
    const test::TestAuthority authority;
    const auto own = authority.credentials("alice@example.org", test::node_id(0x40));
    const auto other = authority.credentials("bob@example.org", test::node_id(0x41));
    settings_.api_certificate = file("cert.pem", own.certificate_pem);
    settings_.api_key = file("key.pem", own.private_key_pem);
    settings_.api_client_ca = file("ca.pem", authority.root_pem());
    other_key_ = file("other.pem", other.private_key_pem);
  }
  ~ApiTlsTest() override { std::filesystem::remove_all(folder_); }

  std::string file(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name, std::ios::binary) << text;
    return (folder_ / name).string();
  }
  static std::string refusal(const Settings& settings) {
    const auto loaded = load_api_tls(settings);
    return loaded ? "" : loaded.error().reason;
  }

  std::filesystem::path folder_ =
      std::filesystem::path(testing::TempDir()) / ("ringwayd-api-tls-" + std::to_string(::getpid()));
  Settings settings_;
  std::string other_key_;
};

TEST_F(ApiTlsTest, GoodFilesAreLoaded) {
  const auto loaded = load_api_tls(settings_);
  ASSERT_TRUE(loaded.ok()) << loaded.error().reason;
  ASSERT_TRUE(loaded->has_value());
  EXPECT_THAT((*loaded)->private_key_pem, HasSubstr("PRIVATE KEY"));
  const auto none = load_api_tls(Settings{});
  ASSERT_TRUE(none.ok());
  EXPECT_FALSE(none->has_value());
}

TEST_F(ApiTlsTest, EveryFileThatCannotServeIsNamed) {
  struct Case {
    std::string Settings::*file;
    const char* option;
  };
  const auto missing = (folder_ / "missing").string();
  const auto nothing = file("nothing", "nothing");
  const auto empty = file("empty", "");
  for (const Case& one :
       {Case{&Settings::api_certificate, "--api-cert: "}, Case{&Settings::api_key, "--api-key: "},
        Case{&Settings::api_client_ca, "--api-client-ca: "}}) {
    Settings wrong = settings_;
    wrong.*one.file = missing;
    EXPECT_EQ(refusal(wrong), one.option + ("cannot read " + missing + ": No such file or directory"));
    wrong.*one.file = nothing;
    EXPECT_THAT(refusal(wrong), testing::StartsWith(one.option + nothing + " holds no "));
    wrong.*one.file = empty;
    EXPECT_THAT(refusal(wrong), testing::StartsWith(one.option + empty + " holds no "));
  }
  settings_.api_key = other_key_;
  EXPECT_THAT(refusal(settings_), HasSubstr("is not the key of " + settings_.api_certificate));
}

}  // namespace
}  // namespace ringway::services
