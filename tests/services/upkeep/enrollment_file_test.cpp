#include "services/upkeep/enrollment_file.hpp"

#include <gtest/gtest.h>

#include "tests/services/api/temporary_folder.hpp"

namespace ringway::services {
namespace {

struct EnrollmentFileTest : testing::Test {
  Result<std::optional<EnrollmentServer>> read(const std::string& text) const {
    folder.file("enrollment.json", text);
    return read_enrollment_file(folder.file(""));
  }
  const TemporaryFolder folder;
};

TEST_F(EnrollmentFileTest, MayBeMissing) {
  const auto read = read_enrollment_file(folder.file(""));
  ASSERT_TRUE(read.ok());
  EXPECT_FALSE(read->has_value());
}

TEST_F(EnrollmentFileTest, SaysWhereTheServerIs) {
  const auto all = read(R"({"configuration_url": "https://a/b", "grpc": "a:1", "ca_file": "/ca", "new": 1})");
  ASSERT_TRUE(all.ok()) << all.error().reason;
  EXPECT_EQ((*all)->configuration_url, "https://a/b");
  EXPECT_EQ((*all)->grpc, "a:1");
  EXPECT_EQ((*all)->ca_file, "/ca");
  const auto some = read(R"({"grpc": "a:1", "ca_file": null})");
  ASSERT_TRUE(some.ok()) << some.error().reason;
  EXPECT_EQ((*some)->configuration_url, "");
  EXPECT_EQ((*some)->ca_file, "");
}

TEST_F(EnrollmentFileTest, WhatWasFoundByNameIsLookedForByName) {
  // Shows: ENROLL-01.
  const auto by_name = read(R"({"configuration_url": "https://example.org/c", "found_by_name": true})");
  ASSERT_TRUE(by_name.ok()) << by_name.error().reason;
  const auto found = configuration_source(**by_name, "example.org");
  EXPECT_EQ(found.url, "");
  EXPECT_EQ(found.overlay_name, "example.org");
  const auto by_url = read(R"({"configuration_url": "https://example.org/c"})");
  EXPECT_EQ(configuration_source(**by_url, "example.org").url, "https://example.org/c");
}

TEST_F(EnrollmentFileTest, IsRefusedWhenItIsWrong) {
  EXPECT_FALSE(read("").ok());
  EXPECT_FALSE(read("[]").ok());
  EXPECT_FALSE(read(R"({"grpc": 1})").ok());
  EXPECT_FALSE(read(R"({"found_by_name": "yes"})").ok());
  EXPECT_FALSE(read(R"({"configuration_url": "http://a/b"})").ok());
}

}  // namespace
}  // namespace ringway::services
