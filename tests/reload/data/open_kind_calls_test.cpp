// Calls that name a Kind of WATCHER-MATCH: the key is a name of any user, and every node has one entry there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/reload/data/overlay.hpp"

namespace ringway::data::test {
namespace {

using testing::ElementsAre;

constexpr KindId k_open_kind = 0xF0001006;
const std::string k_box = "alice@example.org/box";

class OpenKindCalls : public ::testing::Test {
 protected:
  OpenKindCalls() {
    config::KindDefinition kind;
    kind.kind = k_open_kind;
    kind.model = wire::DataModel::dictionary;
    kind.access = config::AccessPolicy::watcher_match;
    kind.max_count = 3;
    kind.max_size_bytes = k_max_size_bytes;
    overlay.configuration->kinds.add(kind);
    for (const auto& [user, at] : {std::pair{"alice", 0x10}, {"bob", 0x60}, {"carol", 0xA0}, {"dave", 0xF0}})
      overlay.add(std::string(user) + "@example.org", node_at(static_cast<std::uint8_t>(at)));
    overlay.update_views();
    overlay.advance(Duration{0});
  }
  Peer& at(unsigned first_byte) { return overlay.peer(node_at(static_cast<std::uint8_t>(first_byte))); }

  CallResult put(unsigned by, const std::string& value, const std::string& key = k_box) {
    PutCall call;
    call.key = key;
    call.kind = k_open_kind;
    call.value = copy_of(view_of(value));
    call.lifetime_s = 100;
    return overlay.call(at(by), call);
  }
  // "user value" of each entry.
  std::vector<std::string> entries(unsigned by, std::optional<std::string> entry = std::nullopt,
                                   Consistency consistency = Consistency::one) {
    const auto result = overlay.call(at(by), GetCall{k_box, std::move(entry), consistency, k_open_kind});
    std::vector<std::string> out;
    if (const auto* got = std::get_if<GetResult>(&result))
      for (const Entry& each : got->entries)
        out.push_back(each.writer.substr(0, each.writer.find('@')) + " " + std::string(text_of(each.value)));
    return out;
  }
  static std::optional<CallError> error_of(const CallResult& result) {
    const auto* failed = std::get_if<CallFailure>(&result);
    return failed == nullptr ? std::nullopt : std::optional(failed->error);
  }

  Overlay overlay;
};

TEST_F(OpenKindCalls, EachNodeHasOneEntryUnderAnyName) {
  for (const unsigned by : {0x10, 0x60, 0xA0}) EXPECT_FALSE(error_of(put(by, "first")));
  EXPECT_FALSE(error_of(put(0x60, "second")));
  for (const unsigned by : {0x10, 0x60, 0xA0, 0xF0})
    EXPECT_THAT(entries(by), ElementsAre("alice first", "bob second", "carol first"));
}

TEST_F(OpenKindCalls, OneNodesEntryIsReadAlone) {
  for (const unsigned by : {0x10, 0x60, 0xA0}) EXPECT_FALSE(error_of(put(by, "value")));
  for (const auto consistency : {Consistency::one, Consistency::quorum, Consistency::disjoint}) {
    for (const unsigned by : {0x10, 0x60, 0xF0}) {
      EXPECT_THAT(entries(by, std::string(text_of(node_at(0x60).view())), consistency),
                  ElementsAre("bob value"));
      EXPECT_THAT(entries(by, std::string(text_of(node_at(0xF0).view())), consistency), ElementsAre());
    }
  }
}

TEST_F(OpenKindCalls, AreOfApplicationsKeysAndBounded) {
  EXPECT_EQ(error_of(put(0x10, "x", "alice@example.org")), CallError::invalid_argument);
  GetCall get{k_box, "no Node-ID", Consistency::one, k_open_kind};
  EXPECT_EQ(error_of(overlay.call(at(0x10), get)), CallError::invalid_argument);
  for (const unsigned by : {0x10, 0x60, 0xA0}) EXPECT_FALSE(error_of(put(by, "x")));
  EXPECT_EQ(error_of(put(0xF0, "one more")), CallError::resource_exhausted);
}

// They are what a peer stores for itself, with a lifetime that it knows of.
TEST_F(OpenKindCalls, AreNotForSubscriptions) {
  PutCall call;
  call.key = k_box;
  call.kind = config::k_subscription;
  call.value = {1};
  EXPECT_TRUE(error_of(overlay.call(at(0x10), call)));
}

}  // namespace
}  // namespace ringway::data::test
