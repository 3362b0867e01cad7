// Calls that name a Kind of USER-NODE-MATCH: the key is a user's name, each of its nodes has one entry; and
// what a usage checks besides.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/reload/data/overlay.hpp"

namespace ringway::data::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const std::string k_alice = "alice@example.org";

// Refuses values of that text, and removals.
class NoBadWords final : public UsageCheck {
 public:
  Outcome<> check(const config::Configuration&, const config::KindDefinition&, const Writer&,
                  const wire::StoredDataValue& value) const override {
    if (!value.data.exists) return Failure{"nothing is taken back here"};
    if (text_of(value.data.value) == "bad") return Failure{"a bad word"};
    return Done{};
  }
};
UsageChecksPtr checks() {
  return std::make_shared<const UsageChecks>(
      UsageChecks{{k_dictionary_kind, std::make_shared<const NoBadWords>()}});
}

class UserNameCalls : public ::testing::Test {
 protected:
  // Two devices of alice's and one of bob's; alice's name belongs to bob's range.
  void make() {
    overlay.add(k_alice, node_at(0x10));
    overlay.add(k_alice, node_at(0x20));
    overlay.add("bob@example.org", node_at(0xF0));
    overlay.update_views();
    overlay.advance(Duration{0});
    ASSERT_TRUE(bob().view->responsible_for(resource_id_of(std::string_view(k_alice))));
  }
  Peer& phone() { return overlay.peer(node_at(0x10)); }
  Peer& tablet() { return overlay.peer(node_at(0x20)); }
  Peer& bob() { return overlay.peer(node_at(0xF0)); }

  CallResult put(Peer& by, const std::string& value, bool keep = false, std::string entry = {}) {
    PutCall call;
    call.key = k_alice;
    call.kind = k_dictionary_kind;
    call.value = copy_of(view_of(value));
    call.lifetime_s = 100;
    call.keep = keep;
    call.entry = std::move(entry);
    return overlay.call(by, call);
  }
  CallResult remove(Peer& by) {
    RemoveCall call;
    call.key = k_alice;
    call.kind = k_dictionary_kind;
    return overlay.call(by, call);
  }
  // "node value" of each entry.
  std::vector<std::string> entries(Peer& by, Consistency consistency = Consistency::one) {
    GetCall call;
    call.key = k_alice;
    call.kind = k_dictionary_kind;
    call.consistency = consistency;
    const auto result = overlay.call(by, call);
    std::vector<std::string> out;
    const auto* got = std::get_if<GetResult>(&result);
    if (got == nullptr) return out;
    for (const Entry& entry : got->entries) {
      EXPECT_EQ(entry.entry, "");
      EXPECT_EQ(entry.writer, k_alice);
      out.push_back(entry.writer_node.hex().substr(0, 2) + " " + std::string(text_of(entry.value)));
    }
    return out;
  }
  static std::string failure(const CallResult& result, CallError error) {
    const auto* failed = std::get_if<CallFailure>(&result);
    if (failed == nullptr) return "it succeeded";
    EXPECT_EQ(failed->error, error);
    return failed->message;
  }

  Overlay overlay;
};

TEST_F(UserNameCalls, EachNodeHasOneEntry) {
  // Shows: SIP-03, STORE-29.
  make();
  EXPECT_TRUE(std::holds_alternative<PutResult>(put(phone(), "one")));
  EXPECT_TRUE(std::holds_alternative<PutResult>(put(tablet(), "two")));
  EXPECT_TRUE(std::holds_alternative<PutResult>(put(tablet(), "three")));
  for (Peer* peer : {&phone(), &tablet(), &bob()}) {
    for (const auto consistency : {Consistency::one, Consistency::quorum})
      EXPECT_THAT(entries(*peer, consistency), ElementsAre("10 one", "20 three"));
  }
  EXPECT_TRUE(std::holds_alternative<PutResult>(remove(phone())));
  EXPECT_THAT(entries(bob()), ElementsAre("20 three"));
}

TEST_F(UserNameCalls, OnlyTheUserWrites) {
  // Shows: FM-38.
  make();
  EXPECT_THAT(failure(put(bob(), "hijacked"), CallError::permission_denied), HasSubstr("user name"));
  EXPECT_THAT(entries(phone()), ElementsAre());
}

TEST_F(UserNameCalls, AreOfSuchKindsOnly) {
  make();
  EXPECT_THAT(failure(put(phone(), "x", false, "entry"), CallError::invalid_argument), HasSubstr("entry"));
  GetCall call{k_alice, std::nullopt, Consistency::one, k_single_kind};
  EXPECT_NE(failure(overlay.call(phone(), call), CallError::failed_precondition), "");
  call.kind = config::k_owner_value;  // its keys have another form
  EXPECT_NE(failure(overlay.call(phone(), call), CallError::failed_precondition), "");
  call.kind = k_dictionary_kind;
  call.key = "";
  EXPECT_NE(failure(overlay.call(phone(), call), CallError::invalid_argument), "");
  call.key = std::string(k_max_user_name_bytes, 'a');
  EXPECT_NE(failure(overlay.call(phone(), call), CallError::not_found), "");
  call.key += "a";
  EXPECT_NE(failure(overlay.call(phone(), call), CallError::invalid_argument), "");
}

TEST_F(UserNameCalls, AreKeptAlsoOverARestart) {
  make();
  ASSERT_TRUE(std::holds_alternative<PutResult>(put(phone(), "kept", true)));
  ASSERT_TRUE(std::holds_alternative<PutResult>(put(tablet(), "once")));
  overlay.advance(Duration{500'000});
  EXPECT_THAT(entries(bob()), ElementsAre("10 kept"));
  overlay.kill(phone());
  overlay.update_views();
  overlay.advance(Duration{10'000});
  overlay.restart(phone());
  phone().joined = true;
  overlay.update_views();
  overlay.advance(Duration{500'000});
  EXPECT_THAT(entries(bob()), ElementsAre("10 kept"));
}

TEST_F(UserNameCalls, TheUsageIsAskedBeforeAValueIsSent) {
  // Shows: SIP-08.
  overlay.storage_settings.usage_checks = checks();
  make();
  const std::size_t sent = overlay.sent.size();
  EXPECT_EQ(failure(put(phone(), "bad"), CallError::permission_denied), "a bad word");
  EXPECT_EQ(overlay.sent.size(), sent);
  EXPECT_TRUE(std::holds_alternative<PutResult>(put(phone(), "good")));
}

TEST_F(UserNameCalls, TheStoringPeerAsksTheUsage) {
  // Shows: SIP-07.
  overlay.add(k_alice, node_at(0x10));
  overlay.storage_settings.usage_checks = checks();
  overlay.add("bob@example.org", node_at(0xF0));
  overlay.update_views();
  overlay.advance(Duration{0});
  EXPECT_THAT(failure(put(phone(), "bad"), CallError::permission_denied), HasSubstr("a bad word"));
  EXPECT_EQ(bob().storage->statistics().stores_refused, 1U);
  EXPECT_TRUE(std::holds_alternative<PutResult>(put(phone(), "good")));
  EXPECT_THAT(failure(remove(phone()), CallError::permission_denied), HasSubstr("taken back"));
  EXPECT_THAT(entries(phone()), ElementsAre("10 good"));
}

TEST_F(UserNameCalls, CopiesAreNotJudgedAgain) {
  overlay.add("bob@example.org", node_at(0xF0));
  overlay.storage_settings.usage_checks = checks();
  overlay.add("carol@example.org", node_at(0x40));
  overlay.storage_settings.usage_checks = nullptr;
  overlay.add(k_alice, node_at(0x10));
  overlay.update_views();
  overlay.advance(Duration{0});
  const auto result = put(phone(), "bad");
  ASSERT_TRUE(std::holds_alternative<PutResult>(result));
  EXPECT_EQ(std::get<PutResult>(result).copies, 3U);
}

}  // namespace
}  // namespace ringway::data::test
