// Migrations, on both databases.
#include "services/enrolld/records/schema.hpp"

#include <thread>

#include "services/enrolld/records/postgres_session.hpp"
#include "services/enrolld/records/sqlite_session.hpp"
#include "tests/services/enrolld/records/records_fixture.hpp"

namespace ringway::enrolld {
namespace {

using testing::HasSubstr;

const Migration k_one{"one", "CREATE TABLE steps (id {id}, what {text} NOT NULL) {table};"};
// Twice would be seen.
const Migration k_two{"two", "INSERT INTO steps (what) VALUES ('two');"};
const Migration k_three{"three",
                        "INSERT INTO steps (what) VALUES ('three'); INSERT INTO steps (what) VALUES ('3');"};
const Migration k_broken{"broken",
                         "INSERT INTO steps (what) VALUES ('lost'); INSERT INTO nowhere VALUES (1);"};

class SchemaTest : public RecordsTest {
 protected:
  Pool pool() const {
    constexpr std::chrono::seconds k_patience{20};
    return Pool(
        [this, k_patience] {
          return on_postgres() ? open_postgres(options_.database, k_patience)
                               : open_sqlite(options_.database, k_patience);
        },
        4, k_patience);
  }
  static std::string refusal(Pool& pool, const std::vector<Migration>& steps) {
    const auto done = migrate(pool, steps);
    return done ? "" : done.error().reason;
  }
  static std::vector<std::string> steps_in(Pool& pool) {
    return pool
        .transact(Access::read,
                  [](Session& session) {
                    std::vector<std::string> out;
                    for (const Row& row : session.run("SELECT what FROM steps ORDER BY id"))
                      out.push_back(row.text(0));
                    return out;
                  })
        .value();
  }
};
INSTANTIATE_TEST_SUITE_P(On, SchemaTest, k_both, database_name);

TEST_P(SchemaTest, EachStepIsTakenOnce) {
  auto database = pool();
  EXPECT_EQ(refusal(database, {k_one, k_two}), "");
  EXPECT_EQ(refusal(database, {k_one, k_two}), "");
  EXPECT_THAT(steps_in(database), testing::ElementsAre("two"));
  EXPECT_EQ(refusal(database, {k_one, k_two, k_three}), "");
  EXPECT_THAT(steps_in(database), testing::ElementsAre("two", "three", "3"));
}

TEST_P(SchemaTest, EachStepIsTakenOnceByManyAtATime) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([this] {
      auto database = pool();
      EXPECT_EQ(refusal(database, {k_one, k_two, k_three}), "");
    });
  }
  for (auto& thread : threads) thread.join();
  auto database = pool();
  EXPECT_THAT(steps_in(database), testing::ElementsAre("two", "three", "3"));
}

TEST_P(SchemaTest, AStepThatFailsLeavesNothing) {
  auto database = pool();
  EXPECT_THAT(refusal(database, {k_one, k_broken}), HasSubstr("nowhere"));
  EXPECT_THAT(steps_in(database), testing::IsEmpty());
  EXPECT_EQ(refusal(database, {k_one, k_two}), "");
  EXPECT_THAT(steps_in(database), testing::ElementsAre("two"));
}

TEST_P(SchemaTest, RefusesTheDatabaseOfANewerProgram) {
  auto database = pool();
  std::vector<Migration> newer(migrations().begin(), migrations().end());
  newer.push_back({"later", "CREATE TABLE later (id {id}) {table};"});
  ASSERT_EQ(refusal(database, newer), "");
  const auto opened = Records::open(options_);
  ASSERT_FALSE(opened.ok());
  EXPECT_THAT(opened.error().reason, HasSubstr("made by a newer ringway-enrolld"));
}

}  // namespace
}  // namespace ringway::enrolld
