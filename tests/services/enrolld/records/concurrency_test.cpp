// Two servers on one database, many threads: what each call decides holds for all of them.
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "tests/services/enrolld/records/records_fixture.hpp"

namespace ringway::enrolld {
namespace {

constexpr unsigned k_threads = 16;

class ConcurrencyTest : public RecordsTest {
 protected:
  ConcurrencyTest() { options_.patience = std::chrono::seconds(60); }

  // Calls work(records, i) for each i below `count`, on many threads, half of them at another server; counts
  // what the calls return.
  template <typename Work>
  auto count_outcomes(unsigned count, const Work& work) {
    const auto other = open_another();
    Records& first = records();
    std::map<decltype(work(first, 0U)), unsigned> outcomes;
    std::mutex mutex;
    std::atomic<unsigned> next{0};
    std::vector<std::thread> threads;
    for (unsigned t = 0; t < k_threads; ++t) {
      threads.emplace_back([&, t] {
        for (unsigned i = next++; i < count; i = next++) {
          const auto outcome = work(t % 2 == 0 ? first : *other, i);
          const std::lock_guard lock(mutex);
          ++outcomes[outcome];
        }
      });
    }
    for (auto& thread : threads) thread.join();
    return outcomes;
  }
};
INSTANTIATE_TEST_SUITE_P(On, ConcurrencyTest, k_both, database_name);

std::string user(unsigned number) { return "user" + std::to_string(number) + "@example.org"; }

TEST_P(ConcurrencyTest, TwoHundredFirstEnrolments) {
  // Shows: ENROLL-16, ENROLL-22.
  // 150 names, 50 of them twice; every Node-ID is drawn twice as well.
  const auto outcomes = count_outcomes(200, [](Records& records, unsigned i) {
    auto wanted = request(i, user(i % 150));
    wanted.nodes = {node(i / 2)};
    auto verdict = records.enrol(wanted, signer()).value().verdict;
    if (verdict == Verdict::node_id_taken) {
      wanted.nodes = {node(1000 + i)};
      verdict = records.enrol(wanted, signer()).value().verdict;
    }
    return verdict;
  });
  EXPECT_EQ(outcomes,
            (std::map<Verdict, unsigned>{{Verdict::made_account, 150}, {Verdict::added_device, 50}}));
  std::set<NodeId> nodes;
  std::map<std::string, unsigned> devices;
  const auto found = records().list_devices(0, 1000).value();
  for (const auto& each : found) {
    ASSERT_EQ(each.nodes.size(), 1U);
    EXPECT_TRUE(nodes.insert(each.nodes[0]).second) << each.nodes[0].hex();
    ++devices[each.user_name];
  }
  EXPECT_EQ(nodes.size(), 200U);
  EXPECT_EQ(devices.size(), 150U);
  for (unsigned i = 0; i < 150; ++i) EXPECT_EQ(devices[user(i)], i < 50 ? 2U : 1U) << i;
}

TEST_P(ConcurrencyTest, OneNameForMany) {
  // Shows: ENROLL-16.
  ASSERT_TRUE(
      records().invite({digest(9), std::nullopt, 1000, k_now_ms, k_now_ms + k_day_ms, ""}, "").value());
  const auto outcomes = count_outcomes(60, [](Records& records, unsigned i) {
    const std::string name = i % 3 == 0 ? "Alice@example.org" : "alice@example.org";
    return records.enrol(request(100 + i, name, InvitationProof{digest(9)}), signer()).value().verdict;
  });
  EXPECT_EQ(outcomes, (std::map<Verdict, unsigned>{{Verdict::made_account, 1}, {Verdict::name_taken, 59}}));
  EXPECT_EQ(records().find_invitation(digest(9)).value().value().uses_left, 999U);
  EXPECT_EQ(records().list_devices(0, 9).value().size(), 1U);
}

TEST_P(ConcurrencyTest, ACodeOpensOnce) {
  auto waiting = pending(1, "alice@example.org");
  waiting.attempts_left = 1000;
  ASSERT_TRUE(records().begin(waiting).value());
  const auto outcomes = count_outcomes(60, [](Records& records, unsigned i) {
    auto wanted = request(1, "alice@example.org", CodeProof{pending_id(1), digest(1001)});
    if (i % 2 == 0) wanted.proof = LinkProof{digest(2001)};
    wanted.nodes = {node(i)};
    return records.enrol(wanted, signer()).value().verdict;
  });
  EXPECT_EQ(outcomes, (std::map<Verdict, unsigned>{{Verdict::made_account, 1}, {Verdict::proof_used, 59}}));
  EXPECT_EQ(records().list_devices(0, 9).value().size(), 1U);
}

TEST_P(ConcurrencyTest, NobodyGetsMoreAttemptsByHurrying) {
  auto waiting = pending(1, "alice@example.org");
  waiting.attempts_left = 5;
  ASSERT_TRUE(records().begin(waiting).value());
  const auto outcomes = count_outcomes(60, [](Records& records, unsigned i) {
    const auto wanted = request(1, "alice@example.org", CodeProof{pending_id(1), digest(5000 + i)});
    return records.enrol(wanted, signer()).value().verdict;
  });
  EXPECT_EQ(outcomes,
            (std::map<Verdict, unsigned>{{Verdict::wrong_proof, 5}, {Verdict::out_of_attempts, 55}}));
}

TEST_P(ConcurrencyTest, TheQuotaHolds) {
  // Shows: ENROLL-22, FM-16.
  const auto outcomes = count_outcomes(60, [](Records& records, unsigned i) {
    auto wanted = request(i, "alice@example.org");
    wanted.quota_nodes = 4;
    return records.enrol(wanted, signer()).value().verdict;
  });
  EXPECT_EQ(outcomes,
            (std::map<Verdict, unsigned>{
                {Verdict::made_account, 1}, {Verdict::added_device, 3}, {Verdict::quota_reached, 56}}));
}

TEST_P(ConcurrencyTest, OneKeyIsOneDevice) {
  const auto outcomes = count_outcomes(40, [](Records& records, unsigned i) {
    auto wanted = request(1, "alice@example.org");
    wanted.nodes = {node(i)};
    return records.enrol(wanted, signer()).value().verdict;
  });
  EXPECT_EQ(outcomes, (std::map<Verdict, unsigned>{{Verdict::made_account, 1}, {Verdict::same_device, 39}}));
  EXPECT_EQ(records().list_devices(0, 9).value().size(), 1U);
}

TEST_P(ConcurrencyTest, InvitationsAreUsedAsOftenAsTheySay) {
  ASSERT_TRUE(records().invite({digest(9), std::nullopt, 5, k_now_ms, k_now_ms + k_day_ms, ""}, "").value());
  const auto outcomes = count_outcomes(40, [](Records& records, unsigned i) {
    return records.enrol(request(100 + i, user(i), InvitationProof{digest(9)}), signer()).value().verdict;
  });
  EXPECT_EQ(outcomes, (std::map<Verdict, unsigned>{{Verdict::made_account, 5}, {Verdict::proof_used, 35}}));
}

TEST_P(ConcurrencyTest, ARevocationAndARenewalAreOneAfterTheOther) {
  ASSERT_EQ(enrol(request(1, "alice@example.org")), Verdict::made_account);
  const auto outcomes = count_outcomes(60, [](Records& records, unsigned i) {
    if (i == 20) {
      EXPECT_EQ(records.revoke_device(node(1), revocation()).value().size(), 1U);
      return Verdict::key_revoked;
    }
    const RenewRequest wanted{node(1), digest(1), digest(1), "", k_now_ms};
    return records.renew(wanted, signer(k_now_ms + i)).value().verdict;
  });
  // The list of revoked nodes knows the end of every certificate that was handed out.
  EXPECT_EQ(outcomes.at(Verdict::key_revoked), 1U);
  EXPECT_EQ(records().revoked_nodes(k_now_ms).value().size(), 1U);
  EXPECT_GE(records().revoked_nodes(k_now_ms).value().at(0).until_ms, device(1).certificate.expires_ms);
}

TEST_P(ConcurrencyTest, LimitsCountExactly) {
  const auto outcomes = count_outcomes(200, [](Records& records, unsigned) {
    return records.count_against("mails", "alice", std::chrono::hours(1), 50, k_now_ms).value().allowed;
  });
  EXPECT_EQ(outcomes, (std::map<bool, unsigned>{{true, 50}, {false, 150}}));
}

TEST_P(ConcurrencyTest, DocumentsFollowEachOther) {
  // Each adds its number to the newest document, as a revocation does, until it comes through.
  (void)count_outcomes(40, [](Records& records, unsigned i) {
    for (;;) {
      auto next = records.newest_document().value().value_or(Document{});
      next.bytes.push_back(static_cast<std::uint8_t>(i));
      ++next.sequence;
      if (records.publish(next, next.position, "").value()) return true;
    }
  });
  const auto newest = records().newest_document().value().value();
  EXPECT_EQ(newest.sequence, 40);
  EXPECT_EQ(std::set<std::uint8_t>(newest.bytes.begin(), newest.bytes.end()).size(), 40U);
}

TEST_P(ConcurrencyTest, ServersThatStartTogetherMakeTheTablesOnce) {
  std::atomic<unsigned> opened{0};
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      const auto each = Records::open(options_);
      if (each.ok() && (*each)->check().ok()) ++opened;
      EXPECT_TRUE(each.ok()) << each.error().reason;
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(opened, 8U);
}

}  // namespace
}  // namespace ringway::enrolld
