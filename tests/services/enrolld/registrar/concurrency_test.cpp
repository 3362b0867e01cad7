// Two servers over one database, many claimants at once.
#include <array>
#include <atomic>
#include <mutex>
#include <set>
#include <thread>

#include "tests/services/enrolld/registrar/registrar_fixture.hpp"

namespace ringway::enrolld {
namespace {

constexpr unsigned k_threads = 16;

class TwoServersTest : public RegistrarTest {
 protected:
  TwoServersTest() {
    const Limit plenty{1'000'000, Duration{k_day_ms}};
    limits_.attempts_of_source = limits_.mails_of_source = plenty;
    limits_.certificates_of_source = limits_.nodes_of_source = plenty;
    first_ = &registrar();
    other_records_ = open_records();
    second_ = make_registrar(*other_records_, settings());
  }
  // Calls work(registrar, i) for each i below `count`, on many threads, half of them at the other server.
  template <typename Work>
  void at_once(unsigned count, const Work& work) {
    std::atomic<unsigned> next{0};
    std::vector<std::thread> threads;
    for (unsigned t = 0; t < k_threads; ++t) {
      threads.emplace_back([&, t] {
        for (unsigned i = next++; i < count; i = next++) work(t % 2 == 0 ? *first_ : *second_, i);
      });
    }
    for (auto& thread : threads) thread.join();
  }

  Registrar* first_ = nullptr;
  std::unique_ptr<Records> other_records_;
  std::unique_ptr<Registrar> second_;
};

std::string user(unsigned number) { return "user" + std::to_string(number) + "@example.org"; }

TEST_F(TwoServersTest, TwoHundredFirstEnrolments) {
  // Shows: ENROLL-13, ENROLL-16, FM-16.
  // 150 names; each fourth claim is by somebody who cannot prove the name that another claims as well.
  std::atomic<unsigned> certificates{0}, refusals{0}, others{0};
  std::mutex mutex;
  std::set<NodeId> nodes;
  at_once(200, [&](Registrar& server, unsigned i) {
    const bool honest = i % 4 != 3;
    const std::string name = honest ? user(i - i / 4) : user(i - i / 4 - 1);
    const auto key = test::new_key();
    const auto begun = server.begin(by_mail(name, key), caller_, k_now_ms);
    if (!begun) return void(++others);
    if (!honest) {
      const auto refused = server.confirm(begun->waiting->enrolment, "00000000", caller_, k_now_ms);
      ++(!refused && refused.error().refusal == Refusal::wrong_proof ? refusals : others);
      return;
    }
    const auto delivered = server.confirm_link(mail_.of(begun->waiting->enrolment).token, caller_, k_now_ms);
    if (!delivered) return void(++others);
    ++certificates;
    const std::lock_guard lock(mutex);
    nodes.insert(delivered->nodes.begin(), delivered->nodes.end());
  });
  EXPECT_EQ(certificates, 150U);
  EXPECT_EQ(refusals, 50U);
  EXPECT_EQ(others, 0U);
  EXPECT_EQ(nodes.size(), 150U);
  std::set<std::string> names;
  const auto devices = records().list_devices(0, 1000).value();
  for (const Device& device : devices) EXPECT_TRUE(names.insert(device.user_name).second) << device.user_name;
  EXPECT_EQ(names.size(), 150U);
}

TEST_F(TwoServersTest, TwoProvenClaimantsOfOneNameAtTheSameMoment) {
  // Shows: ENROLL-16.
  for (unsigned round = 0; round < 10; ++round) {
    std::array<std::string, 2> tokens;
    for (auto& token : tokens) {
      const auto begun = first_->begin(by_mail(user(round), test::new_key()), caller_, k_now_ms).value();
      token = mail_.of(begun.waiting->enrolment).token;
    }
    std::atomic<unsigned> certificates{0};
    std::thread one(
        [&] { certificates += first_->confirm_link(tokens[0], caller_, k_now_ms).ok() ? 1U : 0U; });
    std::thread two(
        [&] { certificates += second_->confirm_link(tokens[1], caller_, k_now_ms).ok() ? 1U : 0U; });
    one.join();
    two.join();
    EXPECT_EQ(certificates, 2U);
    const auto page = first_->list(user(round), 0, 10).value();
    ASSERT_EQ(page.accounts.size(), 1U);
    ASSERT_EQ(page.accounts[0].devices.size(), 2U);
    EXPECT_NE(page.accounts[0].devices[0].nodes, page.accounts[0].devices[1].nodes);
  }
  EXPECT_EQ(first_->tally().of(Verdict::made_account) + second_->tally().of(Verdict::made_account), 10U);
}

TEST_F(TwoServersTest, RevocationsAtOnceAreAllInTheDocument) {
  std::vector<NodeId> nodes;
  for (unsigned i = 0; i < 12; ++i) nodes.push_back(enrol(user(i), test::new_key()).value().nodes[0]);
  at_once(12, [&](Registrar& server, unsigned i) {
    const auto revoked = server.revoke_node(nodes[i], "", caller_, k_now_ms);
    EXPECT_TRUE(revoked.ok()) << revoked.error().detail;
  });
  for (const NodeId& node : nodes) EXPECT_TRUE(newest()->bad_nodes.contains(node)) << node.hex();
}

}  // namespace
}  // namespace ringway::enrolld
