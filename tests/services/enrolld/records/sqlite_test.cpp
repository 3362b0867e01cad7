// What is SQLite's alone: the file.
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "services/enrolld/records/pool.hpp"
#include "services/enrolld/records/sqlite_session.hpp"
#include "tests/services/enrolld/records/records_fixture.hpp"

namespace ringway::enrolld {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class SqliteTest : public testing::Test {
 protected:
  std::string refusal(const std::string& database) const {
    RecordsOptions options;
    options.database = database;
    options.patience = Duration{500};
    const auto opened = Records::open(options);
    return opened ? "" : opened.error().reason;
  }
  const services::TemporaryFolder folder_;
  const std::string file_ = folder_.file("records.sqlite");
};

TEST_F(SqliteTest, OnlyTheOwnerReadsTheFiles) {
  RecordsOptions options;
  options.database = file_;
  const auto records = Records::open(options).value();
  ASSERT_TRUE(records->check().ok());
  unsigned files = 0;
  for (const auto& entry : fs::directory_iterator(folder_.file("."))) {
    struct stat status {};
    ASSERT_EQ(::stat(entry.path().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0600U) << entry.path();
    ++files;
  }
  EXPECT_EQ(files, 3U) << "database, log, index of the log";
}

TEST_F(SqliteTest, EveryCommitIsSynced) {
  const auto session = open_sqlite(file_, Duration{1000});
  EXPECT_EQ(session->run("PRAGMA synchronous").at(0).number(0), 2) << "FULL";
  EXPECT_EQ(session->run("PRAGMA journal_mode").at(0).text(0), "wal");
  EXPECT_EQ(session->run("PRAGMA foreign_keys").at(0).number(0), 1);
}

TEST_F(SqliteTest, RefusesWhatIsNoDatabase) {
  EXPECT_THAT(refusal(folder_.file("no/such/folder")), HasSubstr("cannot open"));
  EXPECT_THAT(refusal(""), HasSubstr("path of a file"));
  EXPECT_THAT(refusal("mysql://localhost/x"), HasSubstr("path of a file"));
  EXPECT_THAT(refusal(folder_.file("text", std::string(4096, 'x'))), HasSubstr("not a database"));
}

TEST_F(SqliteTest, WaitsForAnotherWriterNoLongerThanItsPatience) {
  ASSERT_EQ(refusal(file_), "");
  const auto writer = open_sqlite(file_, Duration{1000});
  writer->begin(Access::write);
  RecordsOptions options;
  options.database = file_;
  options.patience = Duration{300};
  const auto start = std::chrono::steady_clock::now();
  const auto opened = Records::open(options);
  ASSERT_FALSE(opened.ok());
  EXPECT_THAT(opened.error().reason, HasSubstr("locked"));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
  writer->commit();
  EXPECT_EQ(refusal(file_), "");
}

}  // namespace
}  // namespace ringway::enrolld
