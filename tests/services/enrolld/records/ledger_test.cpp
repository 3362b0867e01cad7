// Passwords, limits, documents and the audit trail.
#include "tests/services/enrolld/records/records_fixture.hpp"

namespace ringway::enrolld {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class LedgerTest : public RecordsTest {
 protected:
  Allowance count(const std::string& key, std::uint32_t most, WallMs now_ms = k_now_ms) {
    return records().count_against("mails", key, std::chrono::hours(1), most, now_ms).value();
  }
  bool publish(std::uint16_t sequence, std::int64_t follows) {
    return records().publish({0, sequence, {1, 0, 2}, k_now_ms + sequence}, follows, "operator").value();
  }
};
INSTANTIATE_TEST_SUITE_P(On, LedgerTest, k_both, database_name);

TEST_P(LedgerTest, PasswordsAreKeptAndUpgraded) {
  EXPECT_EQ(records().find_password("alice@example.org").value(), std::nullopt);
  EXPECT_FALSE(records().upgrade_password("alice@example.org", "", "new").value());
  ASSERT_TRUE(records().set_password("alice@example.org", "$argon2id$old", k_now_ms).ok());
  EXPECT_EQ(records().find_password("alice@example.org").value(), "$argon2id$old");
  EXPECT_TRUE(records().upgrade_password("alice@example.org", "$argon2id$old", "$argon2id$new").value());
  EXPECT_FALSE(records().upgrade_password("alice@example.org", "$argon2id$old", "$argon2id$late").value());
  EXPECT_EQ(records().find_password("alice@example.org").value(), "$argon2id$new");
  ASSERT_TRUE(records().set_password("alice@example.org", "$argon2id$other", k_now_ms).ok());
  EXPECT_EQ(records().find_password("alice@example.org").value(), "$argon2id$other");
  EXPECT_EQ(records().find_password("Alice@example.org").value(), std::nullopt);
  EXPECT_TRUE(records().remove_password("alice@example.org").value());
  EXPECT_FALSE(records().remove_password("alice@example.org").value());
  EXPECT_EQ(records().find_password("alice@example.org").value(), std::nullopt);
  EXPECT_FALSE(records().set_password("bob@example.org", std::string(1025, 'a'), k_now_ms).ok());
}

TEST_P(LedgerTest, ALimitHoldsForItsWindowAndKey) {
  // Shows: ENROLL-22.
  // Not where hours begin: the window is the key's own.
  const WallMs start_ms = k_now_ms - k_now_ms % 3'600'000 + 1'800'000;
  for (std::uint32_t i = 1; i <= 3; ++i) {
    const auto allowed = count("192.0.2.1", 3, start_ms + (i - 1) * 1'000'000);
    EXPECT_TRUE(allowed.allowed);
    EXPECT_EQ(allowed.count, i);
    EXPECT_EQ(allowed.resets_ms, start_ms + 3'600'000);
  }
  EXPECT_FALSE(count("192.0.2.1", 3, start_ms + 3'599'999).allowed);
  EXPECT_TRUE(count("192.0.2.2", 3, start_ms + 3'599'999).allowed);
  EXPECT_TRUE(
      records().count_against("attempts", "192.0.2.1", std::chrono::hours(1), 3, start_ms).value().allowed);
  EXPECT_TRUE(count("192.0.2.1", 3, start_ms + 3'600'000).allowed) << "the next window";
  EXPECT_EQ(count("192.0.2.1", 3, start_ms + 3'600'000).count, 2U);
  EXPECT_EQ(count("192.0.2.1", 3, start_ms + 3'599'000).count, 3U)
      << "a clock that is behind opens no window";
  EXPECT_FALSE(count("192.0.2.3", 0).allowed);
}

TEST_P(LedgerTest, ALimitsCountStopsBehindIt) {
  for (int i = 0; i < 5; ++i) (void)count("192.0.2.1", 2);
  EXPECT_EQ(count("192.0.2.1", 2).count, 3U);
  EXPECT_TRUE(count("192.0.2.1", 4).allowed) << "a greater limit has room";
  EXPECT_FALSE(records().count_against("mails", "a", Duration{0}, 1, k_now_ms).ok());
  EXPECT_FALSE(records().count_against("mails", std::string(1025, 'a'), Duration{1}, 1, k_now_ms).ok());
}

TEST_P(LedgerTest, SoManyStrangersWait) {
  options_.max_limits = 2;
  EXPECT_TRUE(count("192.0.2.1", 9).allowed);
  EXPECT_TRUE(count("192.0.2.2", 9).allowed);
  EXPECT_FALSE(count("192.0.2.3", 9).allowed);
  EXPECT_TRUE(count("192.0.2.1", 9).allowed) << "who is known is counted on";
  EXPECT_EQ(records().prune(k_now_ms).value(), 0U);
  EXPECT_EQ(records().prune(k_now_ms + 3'600'000).value(), 2U);
  EXPECT_TRUE(count("192.0.2.3", 9, k_now_ms + 3'600'000).allowed);
}

TEST_P(LedgerTest, ADocumentFollowsTheNewest) {
  EXPECT_EQ(records().newest_document().value().has_value(), false);
  EXPECT_FALSE(publish(1, 1));
  ASSERT_TRUE(publish(65534, 0));
  const auto first = records().newest_document().value().value();
  EXPECT_EQ(first.sequence, 65534);
  EXPECT_EQ(first.bytes, (Bytes{1, 0, 2}));
  EXPECT_TRUE(records().was_published(first.bytes).value());
  EXPECT_FALSE(records().was_published({1, 0, 3}).value());
  EXPECT_EQ(first.published_ms, k_now_ms + 65534);
  EXPECT_FALSE(publish(2, 0)) << "another one was first";
  ASSERT_TRUE(publish(0, first.position)) << "sequences start again";
  const auto second = records().newest_document().value().value();
  EXPECT_EQ(second.sequence, 0);
  EXPECT_GT(second.position, first.position);
  EXPECT_FALSE(publish(3, first.position));
  EXPECT_THAT(events(), ElementsAre("document-published", "document-published"));
  const Document too_long{0, 1, Bytes(k_max_document_bytes + 1), k_now_ms};
  EXPECT_FALSE(records().publish(too_long, second.position, "operator").ok());
}

TEST_P(LedgerTest, DocumentsGoOnWhenOldOnesAreDropped) {
  std::int64_t position = 0;
  for (std::uint16_t i = 1; i <= 20; ++i) {
    ASSERT_TRUE(publish(i, position)) << i;
    position = records().newest_document().value().value().position;
  }
  EXPECT_EQ(records().newest_document().value().value().sequence, 20);
  EXPECT_FALSE(publish(21, 0)) << "the first one has been dropped, and yet there was one";
}

TEST_P(LedgerTest, TheAuditTrailTellsTheNewestFirst) {
  for (unsigned i = 1; i <= 5; ++i) {
    ASSERT_TRUE(records().note({0, k_now_ms + i, "refused", "alice@example.org", node(i), "192.0.2.1"}).ok());
  }
  ASSERT_TRUE(records().note({0, k_now_ms, "started", "", std::nullopt, ""}).ok());
  const auto newest = records().audit_trail(0, 3).value();
  ASSERT_THAT(newest, SizeIs(3));
  EXPECT_EQ(newest[0].event, "started");
  EXPECT_EQ(newest[0].node, std::nullopt);
  EXPECT_EQ(newest[1].event, "refused");
  EXPECT_EQ(newest[1].user_name, "alice@example.org");
  EXPECT_EQ(newest[1].node, node(5));
  EXPECT_EQ(newest[1].source, "192.0.2.1");
  EXPECT_EQ(newest[1].time_ms, k_now_ms + 5);
  const auto rest = records().audit_trail(newest[2].id, 9).value();
  ASSERT_THAT(rest, SizeIs(3));
  EXPECT_EQ(rest[0].node, node(3));
  EXPECT_THAT(records().audit_trail(rest[2].id, 9).value(), IsEmpty());
  EXPECT_FALSE(records().note({0, k_now_ms, std::string(1025, 'a'), "", {}, ""}).ok());
}

TEST_P(LedgerTest, TheAuditTrailIsBounded) {
  options_.max_audit_entries = 3;
  for (int i = 1; i <= 5; ++i)
    ASSERT_TRUE(records().note({0, k_now_ms, "event " + std::to_string(i), "", {}, ""}).ok());
  EXPECT_EQ(records().prune(k_now_ms).value(), 2U);
  EXPECT_THAT(events(), ElementsAre("event 3", "event 4", "event 5"));
  EXPECT_EQ(records().prune(k_now_ms).value(), 0U);
}

TEST_P(LedgerTest, TheDatabaseAnswers) {
  EXPECT_TRUE(records().check().ok());
  EXPECT_EQ(records().prune(k_now_ms).value(), 0U) << "nothing in an empty one";
}

}  // namespace
}  // namespace ringway::enrolld
