#include "reload/config/shared_secret.hpp"

#include <gtest/gtest.h>

#include "reload/config/configuration.hpp"
#include "reload/config/namespaces.hpp"

namespace ringway::config {
namespace {

TEST(SharedSecret, KeysAreTaken) {
  // Shows: FM-31.
  for (const char* key : {"UydhZKhj8C4PKk1pQEuKqWWXqHjKH1bU5LZcqfKqPpo=", "0f1e2d3c4b5a69788796a5b4c3d2e1f0",
                          "Zq3v9KxT7wLm2RbY8dHcP5"})
    EXPECT_EQ(why_no_key(key), "") << key;
}

TEST(SharedSecret, WhatPeopleThinkUpIsRefused) {
  // Shows: FM-31, SEC-35.
  for (const char* word :
       {"", "password", "Passw0rd!", "correct horse battery staple", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "0f1e2d3c4b5a69788796a5b4c3d2e1f", "Abababababababababababababab1", "Zq3v9KxT7wLm2RbY8dHcP",
        "CORRECTHORSEBATTERYSTAPLE1234567"})
    EXPECT_NE(why_no_key(word), "") << word;
  EXPECT_NE(why_no_key(std::string(20, 'a') + "bcdefghijklmnBCDEF12345\n"), "");
  EXPECT_NE(why_no_key("Zq3v9KxT7wLm2RbY8dHcP5" + std::string(300, 'x')), "");
}

TEST(SharedSecret, ADocumentWithAPasswordIsNotServed) {
  // Shows: SEC-35, FM-31.
  const auto document = [](const std::string& secret) {
    return SharedBytes(copy_of(
        view_of("<overlay xmlns=\"" + std::string(k_base_namespace) +
                "\"><configuration instance-name=\"overlay.example.org\" sequence=\"1\"><no-ice>true</no-ice>"
                "<self-signed-permitted digest=\"sha256\">true</self-signed-permitted><shared-secret>" +
                secret + "</shared-secret></configuration></overlay>")));
  };
  const auto refused = parse_configuration(document("let me in"), "");
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().reason.find("shared-secret"), std::string::npos) << refused.error().reason;
  EXPECT_EQ(refused.error().reason.find("let me in"), std::string::npos) << "secrets are not repeated";
  const auto taken = parse_configuration(document(" Zq3v9KxT7wLm2RbY8dHcP5 "), "");
  ASSERT_TRUE(taken.ok()) << taken.error().reason;
  EXPECT_EQ((*taken)->shared_secret, "Zq3v9KxT7wLm2RbY8dHcP5");
}

}  // namespace
}  // namespace ringway::config
