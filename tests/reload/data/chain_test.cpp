// Values whose writer's certificate chains through intermediates: whoever gets one can check it, also if it
// has never heard of the writer (RFC 6940 §6.3.4).
#include <gtest/gtest.h>

#include "reload/security/trust.hpp"
#include "tests/reload/data/overlay.hpp"

namespace ringway::data::test {
namespace {

using wire::MessageCode;

class Chains : public ::testing::TestWithParam<std::size_t> {
 protected:
  Chains() {
    overlay.forgetful = true;
    for (const int first : {0x20, 0x60, 0xA0, 0xE0}) {
      const NodeId node = node_at(static_cast<std::uint8_t>(first));
      overlay.add("peer-" + node.hex().substr(0, 2) + "@example.org", node);
    }
    settle();
  }
  void settle() {
    overlay.update_views();
    overlay.advance(Duration{0});
  }
  Peer& at(std::uint8_t first) { return overlay.peer(node_at(first)); }
  // Each of these peers gives the value, and each time somebody who knows nobody can check it.
  void expect_checkable_at(std::initializer_list<int> peers, KindId kind) {
    for (const int first : peers) {
      const auto answer =
          overlay.fetch(bob, at(static_cast<std::uint8_t>(first)), fetch_of(resource, kind), true);
      ASSERT_TRUE(answer && answer->message != nullptr) << first;
      ASSERT_EQ(answer->message->verdicts.size(), 1U) << first;
      ASSERT_EQ(answer->message->verdicts[0].size(), 1U) << first;
      const auto& verdict = answer->message->verdicts[0][0];
      EXPECT_NE(verdict.signer, nullptr) << first << ": " << verdict.reason;
    }
  }
  void store_by(const SignerPtr& writer) {
    ValueSpec spec;
    spec.resource = resource;
    const auto answer = overlay.store(writer, at(0x60), store_of(spec, *writer));
    ASSERT_TRUE(answer);
    ASSERT_EQ(answer->code, MessageCode::store_ans);
    EXPECT_EQ(answer->store().kind_responses.at(0).replicas.size(), 2U);
  }

  Overlay overlay;
  SignerPtr bob = issue("bob@example.org", node_at(0x22));
  std::string user = name_between_20_and_50("user", "@example.org");
  ResourceId resource = resource_id_of(std::string_view(user));

  static std::string name_between_20_and_50(const std::string& before, const std::string& after) {
    for (int i = 0;; ++i) {
      std::string name = before + std::to_string(i) + after;
      const auto first = resource_id_of(std::string_view(name)).bytes[0];
      if (first > 0x21 && first < 0x50) return name;
    }
  }
};

TEST_P(Chains, AreKeptAndHandedOnWithTheValue) {
  // Shows: SEC-10, SEC-11.
  store_by(authority().issue_through(GetParam(), user, node_at(0x11)));
  expect_checkable_at({0x60, 0xA0, 0xE0}, k_single_kind);

  // From the store, and to who takes over.
  overlay.kill(at(0x60));
  settle();
  overlay.restart(at(0xA0));
  at(0xA0).joined = true;
  settle();
  overlay.advance(Duration{60'000});
  expect_checkable_at({0xA0, 0xE0, 0x20}, k_single_kind);
}

TEST_P(Chains, OfAPeersOwnValuesToo) {
  // Shows: SEC-10, SEC-11.
  overlay.kill(at(0x60));
  overlay.add(authority().issue_through(GetParam(), user, node_at(0x50)));
  settle();
  PutCall put;
  put.key = name_between_20_and_50(user + "/", "");
  resource = resource_id_of(std::string_view(put.key));
  put.value = copy_of(view_of("value"));
  const auto result = overlay.call(at(0x50), put);
  ASSERT_EQ(std::get_if<CallFailure>(&result), nullptr);
  expect_checkable_at({0x50, 0xA0, 0xE0}, config::k_owner_value);

  // With another certificate its messages do not carry the chain any more.
  overlay.kill(at(0x50));
  at(0x50).signer = issue(user, node_at(0x50));
  overlay.restart(at(0x50));
  at(0x50).joined = true;
  settle();
  expect_checkable_at({0x50}, config::k_owner_value);
}

INSTANTIATE_TEST_SUITE_P(Lengths, Chains, ::testing::Values(1, 2, std::size_t{security::k_max_chain_depth}));

}  // namespace
}  // namespace ringway::data::test
