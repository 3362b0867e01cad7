// What is PostgreSQL's alone: connections that go, servers that stop.
#include <thread>

#include "services/enrolld/records/pool.hpp"
#include "services/enrolld/records/postgres_session.hpp"
#include "tests/services/enrolld/records/records_fixture.hpp"

namespace ringway::enrolld {
namespace {

using testing::HasSubstr;
using testing::Not;

class PostgresTest : public testing::Test {
 protected:
  PostgresTest() {
    options_.database = url_;
    records_ = Records::open(options_).value();
  }
  void end_all_connections() const {
    server_.execute(
        server_.url("postgres"),
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname <> 'postgres'");
  }

  PostgresServer& server_ = PostgresServer::shared();
  const std::string url_ = server_.new_database();
  RecordsOptions options_;
  std::unique_ptr<Records> records_;
};

TEST_F(PostgresTest, LostConnectionsAreOpenedAgain) {
  for (unsigned i = 1; i <= 3; ++i) {
    end_all_connections();
    EXPECT_EQ(records_->enrol(request(i, "alice@example.org"), signer()).value().verdict,
              i == 1 ? Verdict::made_account : Verdict::added_device);
  }
}

TEST_F(PostgresTest, ATransactionThatWasLostIsRepeatedWhole) {
  unsigned calls = 0;
  const auto enrolled = records_->enrol(request(1, "alice@example.org"), [&](const Device& device) {
    if (++calls == 1) end_all_connections();
    return signer()(device);
  });
  EXPECT_EQ(enrolled.value().verdict, Verdict::made_account);
  EXPECT_EQ(calls, 2U);
  EXPECT_EQ(records_->list_devices(0, 9).value().size(), 1U);
}

TEST_F(PostgresTest, ARevocationThatMetAFirstEnrolmentByInvitationFindsItsDevice) {
  const std::string alice = "alice@example.org";
  ASSERT_TRUE(records_->invite({digest(9), alice, 1, k_now_ms, k_now_ms + k_day_ms, ""}, "").value());
  std::vector<NodeId> revoked;
  std::thread revocation_thread;
  const Sign sign = [&](const Device& device) {
    // The enrolment has its account and the invitation; the revocation has seen no account.
    revocation_thread =
        std::thread([&] { revoked = records_->revoke_user(alice, revocation()).value().nodes; });
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (server_.execute(url_, "SELECT count(*) FROM pg_locks WHERE NOT granted") == "0" &&
           std::chrono::steady_clock::now() < deadline)
      std::this_thread::yield();
    return signer()(device);
  };
  const auto enrolled = records_->enrol(request(1, alice, InvitationProof{digest(9)}), sign);
  revocation_thread.join();
  EXPECT_EQ(enrolled.value().verdict, Verdict::made_account);
  EXPECT_EQ(revoked, std::vector<NodeId>{node(1)});
  EXPECT_TRUE(records_->find_device(node(1)).value().value().revoked_ms);
}

TEST_F(PostgresTest, AConnectionThatIsLostInTheCommitIsNotTakenForARefusal) {
  server_.execute(url_,
                  "CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                  "PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(5); RETURN NULL; END $$");
  server_.execute(url_,
                  "CREATE CONSTRAINT TRIGGER die AFTER INSERT ON audit DEFERRABLE INITIALLY DEFERRED "
                  "FOR EACH ROW EXECUTE FUNCTION die()");
  const auto noted = records_->note({0, k_now_ms, "event", "", {}, ""});
  ASSERT_FALSE(noted.ok());
  EXPECT_THAT(noted.error().reason, HasSubstr("the outcome is not known"));
  server_.execute(url_, "DROP TRIGGER die ON audit");
  EXPECT_TRUE(records_->note({0, k_now_ms, "event", "", {}, ""}).ok());
}

TEST_F(PostgresTest, AServerThatStartsAgainIsFound) {
  ASSERT_TRUE(records_->check().ok());
  server_.stop();
  // (The server must be started by this thread: it ends with the thread that started it.)
  std::thread caller([this] {
    const auto enrolled = records_->enrol(request(1, "alice@example.org"), signer());
    ASSERT_TRUE(enrolled.ok()) << enrolled.error().reason;
    EXPECT_EQ(enrolled->verdict, Verdict::made_account);
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  server_.start();
  caller.join();
}

TEST_F(PostgresTest, PatienceEnds) {
  options_.patience = Duration{500};
  const auto records = Records::open(options_).value();
  server_.stop();
  const auto start = std::chrono::steady_clock::now();
  const auto checked = records->check();
  EXPECT_FALSE(checked.ok());
  EXPECT_THAT(checked.error().reason, Not(testing::IsEmpty()));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
  EXPECT_FALSE(Records::open(options_).ok());
  server_.start();
  EXPECT_TRUE(records->check().ok());
}

TEST_F(PostgresTest, DeadlocksAreTriedAgain) {
  // Each transaction holds one row and waits for the other's.
  constexpr Duration k_patience{20'000};
  Pool pool([this] { return open_postgres(url_, k_patience); }, 2, k_patience);
  ASSERT_TRUE(pool.transact(Access::write,
                            [](Session& session) {
                              session.run("CREATE TABLE pair (id bigint PRIMARY KEY, n bigint NOT NULL)");
                              session.run("INSERT INTO pair VALUES (1, 0), (2, 0)");
                              return true;
                            })
                  .ok());
  std::atomic<int> holding{0};
  const auto add_to_both = [&](std::int64_t first, std::int64_t second) {
    const auto done = pool.transact(Access::write, [&](Session& session) {
      session.run("UPDATE pair SET n = n + 1 WHERE id = $1", values(first));
      ++holding;
      for (int i = 0; i < 1000 && holding < 2; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(5));
      session.run("UPDATE pair SET n = n + 1 WHERE id = $1", values(second));
      return true;
    });
    EXPECT_TRUE(done.ok());
  };
  std::thread other([&] { add_to_both(2, 1); });
  add_to_both(1, 2);
  other.join();
  EXPECT_GE(holding, 3) << "one of them was repeated";
  EXPECT_EQ(server_.execute(url_, "SELECT string_agg(n::text, ' ') FROM pair"), "2 2");
}

TEST_F(PostgresTest, MoreThreadsThanConnectionsWait) {
  options_.connections = 1;
  const auto records = Records::open(options_).value();
  std::vector<std::thread> threads;
  for (unsigned i = 1; i <= 12; ++i) {
    threads.emplace_back(
        [&, i] { EXPECT_TRUE(records->enrol(request(i, "user" + std::to_string(i)), signer()).ok()); });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(records->list_devices(0, 99).value().size(), 12U);
}

TEST_F(PostgresTest, NoReasonNamesAPassword) {
  options_.patience = Duration{200};
  for (const std::string& url :
       {std::string("postgresql://u:secret@127.0.0.1:1/x"), std::string("postgresql://u:secret@[::1/x"),
        std::string("postgres://u:secret@127.0.0.1:1/x?nonsense=secret")}) {
    options_.database = url;
    const auto opened = Records::open(options_);
    ASSERT_FALSE(opened.ok());
    EXPECT_THAT(opened.error().reason, Not(HasSubstr("secret")));
  }
}

TEST_F(PostgresTest, RefusesADatabaseThatCannotHoldTheNames) {
  options_.database = server_.new_database("ENCODING 'LATIN1' TEMPLATE template0");
  const auto opened = Records::open(options_);
  ASSERT_FALSE(opened.ok());
  EXPECT_THAT(opened.error().reason, HasSubstr("UTF8"));
}

TEST_F(PostgresTest, CommitsAreSyncedWhateverTheDatabaseSays) {
  server_.execute(url_,
                  "DO $$ BEGIN EXECUTE 'ALTER DATABASE ' || current_database() || ' SET synchronous_commit = "
                  "off'; END $$");
  const auto session = open_postgres(url_, Duration{5000});
  EXPECT_EQ(session->run("SHOW synchronous_commit").at(0).text(0), "on");
}

}  // namespace
}  // namespace ringway::enrolld
