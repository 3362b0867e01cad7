#include "services/ringwayd/permissions.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

namespace ringway::services {
namespace {

class PermissionsTest : public testing::Test {
 protected:
  PermissionsTest() { std::filesystem::create_directories(folder_); }
  ~PermissionsTest() override { std::filesystem::remove_all(folder_); }
  void folder_has(unsigned mode) const { ASSERT_EQ(::chmod(folder_.c_str(), mode), 0); }

  std::string folder_ = testing::TempDir() + "ringwayd-permissions-" + std::to_string(::getpid());
  std::string socket_ = folder_ + "/api.sock";
};

TEST_F(PermissionsTest, ASocketThatItsFolderClosesToThoseItIsOpenFor) {
  // Shows: FM-51.
  struct Case {
    unsigned folder, socket;
    bool warned;
  };
  for (const Case& one : {Case{0700, 0600, false},
                          {0700, 0666, true},
                          {0700, 0660, true},
                          {0700, 0644, false},
                          {0710, 0660, false},
                          {0710, 0666, true},
                          {0711, 0666, false},
                          {0755, 0666, false}}) {
    folder_has(one.folder);
    EXPECT_EQ(!socket_warning(socket_, one.socket).empty(), one.warned) << one.folder << " " << one.socket;
  }
  folder_has(0700);
  const std::string text = socket_warning(socket_, 0666);
  EXPECT_NE(text.find("0666"), std::string::npos) << text;
  EXPECT_NE(text.find(folder_ + " has mode 0700"), std::string::npos) << text;
  EXPECT_EQ(text.find('\n'), std::string::npos);
}

TEST_F(PermissionsTest, ADataFolderThatOthersCanRead) {
  for (const unsigned quiet : {0700U, 0750U, 0770U, 0702U}) {
    folder_has(quiet);
    EXPECT_EQ(data_folder_warning(folder_), "") << quiet;
  }
  for (const unsigned open : {0755U, 0701U, 0704U}) {
    folder_has(open);
    EXPECT_NE(data_folder_warning(folder_), "") << open;
  }
}

TEST_F(PermissionsTest, WhatIsNotThereIsNothingToWarnOf) {
  EXPECT_EQ(data_folder_warning(folder_ + "/none"), "");
  EXPECT_EQ(socket_warning(folder_ + "/none/api.sock", 0666), "");
}

}  // namespace
}  // namespace ringway::services
