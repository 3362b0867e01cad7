// Fetch, Stat and Find at the peer that holds the values (RFC 6940 §7.4.2–§7.4.4).
#include <gtest/gtest.h>

#include "reload/data/reading.hpp"
#include "tests/reload/data/overlay.hpp"

namespace ringway::data::test {
namespace {

using wire::ErrorCode;
using wire::MessageCode;

class HolderRead : public ::testing::Test {
 protected:
  HolderRead() {
    overlay.update_views();
    overlay.advance(Duration{0});
    resource = resource_id_of(std::string_view("alice@example.org"));
  }
  void put(KindId kind, const std::string& bytes, std::uint32_t index = 0) {
    ValueSpec spec;
    spec.kind = kind;
    spec.resource = resource;
    spec.value = bytes;
    spec.index = index;
    if (kind == k_dictionary_kind) spec.key = copy_of(alice->node_id().view());
    const auto answer = overlay.store(alice, peer, store_of(spec, *alice));
    ASSERT_TRUE(answer);
    ASSERT_EQ(answer->code, MessageCode::store_ans);
  }
  Answered fetch(const wire::FetchReq& request) {
    const auto answer = overlay.fetch(bob, peer, request);
    return answer ? *answer : Answered{};
  }
  Answered fetch_ranges(std::vector<wire::ArrayRange> ranges) {
    auto request = fetch_of(resource, k_array_kind);
    request.specifiers[0].indices = std::move(ranges);
    return fetch(request);
  }
  std::vector<std::uint32_t> indices(const Answered& answer) {
    std::vector<std::uint32_t> out;
    for (const auto& value : answer.fetch().values) out.push_back(value.value.index);
    return out;
  }
  std::optional<Answered> find(const ResourceId& at, std::vector<KindId> kinds) {
    return overlay.ask(bob, peer, MessageCode::find_req,
                       wire::encode(wire::FindReq{copy_of(at.view()), std::move(kinds)}));
  }

  Overlay overlay;
  Peer& peer = overlay.add("peer@example.org", node_at(0x80));
  SignerPtr alice = issue("alice@example.org", node_at(0x11));
  SignerPtr bob = issue("bob@example.org", node_at(0x22));
  ResourceId resource;
};

using Indices = std::vector<std::uint32_t>;

TEST_F(HolderRead, RangesOfAnArray) {
  // Shows: STORE-31, STORE-32.
  for (const std::uint32_t index : {1U, 2U, 5U}) put(k_array_kind, "x", index);
  EXPECT_EQ(indices(fetch_ranges({{0, wire::k_array_end}})), (Indices{1, 2, 5}));
  EXPECT_EQ(indices(fetch_ranges({{2, 4}})), (Indices{2}));
  EXPECT_EQ(indices(fetch_ranges({{5, 5}, {0, 1}})), (Indices{5, 1}));
  EXPECT_EQ(indices(fetch_ranges({{wire::k_array_end, wire::k_array_end}})), (Indices{5})) << "the last one";
}

TEST_F(HolderRead, WrongRangesAreRefused) {
  // Shows: STORE-32.
  put(k_array_kind, "x", 0);
  EXPECT_TRUE(fetch_ranges({{2, 1}}).is_error(ErrorCode::invalid_message));
  EXPECT_TRUE(fetch_ranges({{0, 3}, {3, 4}}).is_error(ErrorCode::invalid_message));
  EXPECT_TRUE(fetch_ranges({{3, 4}, {0, 3}}).is_error(ErrorCode::invalid_message));
  EXPECT_EQ(fetch_ranges({{0, 2}, {3, 4}}).code, MessageCode::fetch_ans);
}

TEST_F(HolderRead, AbsentItemsAreMadeUp) {
  // Shows: STORE-36, STORE-26.
  put(k_array_kind, "x", 1);
  const auto gap = fetch_ranges({{0, 0}}).fetch();
  ASSERT_EQ(gap.values.size(), 1U);
  EXPECT_TRUE(wire::is_absent(gap.values[0]));
  EXPECT_EQ(gap.values[0].signature.identity.type, wire::SignerIdentityType::none);
  EXPECT_EQ(gap.values[0].signature.hash, wire::HashAlgorithm::none);
  EXPECT_EQ(gap.values[0].signature.algorithm, wire::SignatureAlgorithm::anonymous);
  EXPECT_TRUE(gap.values[0].signature.value.empty());
  // A range says what there is (AMB-20).
  EXPECT_TRUE(fetch_ranges({{2, 0xFFFFFFF0}}).fetch().values.empty());

  auto request = fetch_of(resource, k_dictionary_kind);
  request.specifiers[0].keys = {{1, 2, 3}};
  const auto absent = fetch(request).fetch();
  ASSERT_EQ(absent.values.size(), 1U);
  EXPECT_TRUE(wire::is_absent(absent.values[0]));
  EXPECT_EQ(to_hex(absent.values[0].value.key), "010203");
  ASSERT_EQ(fetch(fetch_of(resource, k_single_kind)).fetch().values.size(), 1U);
  EXPECT_TRUE(wire::is_absent(fetch(fetch_of(resource, k_single_kind)).fetch().values[0]));
  EXPECT_EQ(peer.store->totals()->records, 1U) << "what is made up is not stored";
}

TEST_F(HolderRead, TheSameGenerationNeedsNoValues) {
  // Shows: STORE-34.
  put(k_single_kind, "one");
  const auto same = fetch(fetch_of(resource, k_single_kind, 1)).fetch();
  EXPECT_TRUE(same.values.empty());
  EXPECT_EQ(same.generation_counter, 1U);
  EXPECT_EQ(fetch(fetch_of(resource, k_single_kind, 2)).fetch().values.size(), 1U);
  // 0 never matches: what was never written is told as absent (AMB-19).
  EXPECT_EQ(fetch(fetch_of(resource, k_node_kind, 0)).fetch().values.size(), 1U);
}

TEST_F(HolderRead, OneResponseForEachKind) {
  // Shows: STORE-35.
  put(k_single_kind, "one");
  auto request = fetch_of(resource, k_array_kind);
  request.specifiers.push_back(fetch_of(resource, k_single_kind).specifiers[0]);
  const auto answer = fetch(request);
  ASSERT_TRUE(answer.message && answer.message->fetch);
  ASSERT_EQ(answer.message->fetch->kind_responses.size(), 2U);
  EXPECT_EQ(answer.message->fetch->kind_responses[0].kind, k_array_kind);
  EXPECT_EQ(answer.message->fetch->kind_responses[1].kind, k_single_kind);
  request.specifiers.push_back(request.specifiers[0]);
  EXPECT_TRUE(fetch(request).is_error(ErrorCode::invalid_message));
}

TEST_F(HolderRead, UnknownKindsAreRefused) {
  // Shows: STORE-42.
  wire::FetchReq request = fetch_of(resource, k_single_kind);
  wire::StoredDataSpecifier unknown;
  unknown.kind = k_unknown_kind;
  unknown.unknown_kind = true;
  request.specifiers.push_back(unknown);
  const auto answer = fetch(request);
  ASSERT_TRUE(answer.is_error(ErrorCode::unknown_kind));
  EXPECT_EQ(to_hex(answer.error.info), "04f000ffff");
}

TEST_F(HolderRead, AnAnswerThatWouldBeTooLargeIsAnError) {
  put(k_array_kind, std::string(2000, 'x'), 0);
  EXPECT_EQ(fetch_ranges({{0, 1}}).code, MessageCode::fetch_ans);
  put(k_array_kind, std::string(2000, 'y'), 1);
  EXPECT_TRUE(fetch_ranges({{0, 1}}).is_error(ErrorCode::response_too_large));
  EXPECT_EQ(fetch_ranges({{1, 1}}).code, MessageCode::fetch_ans);
}

TEST_F(HolderRead, OnlyTheResponsiblePeerAnswersForAResource) {
  // A ring of two, and a resource of the other one's.
  Peer& other = overlay.add("other@example.org", node_at(0x40));
  overlay.update_views();
  overlay.run();
  Peer& wrong = ring_distance(resource, peer.node) < ring_distance(resource, other.node) ? other : peer;
  const auto request = fetch_of(resource, k_single_kind);
  EXPECT_TRUE(overlay.fetch(bob, wrong, request)->is_error(ErrorCode::not_found));
  // Asked by name it says what it holds (STORE-18).
  EXPECT_EQ(overlay.fetch(bob, wrong, request, true)->code, MessageCode::fetch_ans);
}

TEST_F(HolderRead, StatDigestsTheValueWithItsLength) {
  // Shows: STORE-39.
  put(k_single_kind, "abc");
  overlay.advance(std::chrono::seconds(600));
  const auto answer =
      overlay.ask(bob, peer, MessageCode::stat_req, wire::encode(fetch_of(resource, k_single_kind)));
  ASSERT_TRUE(answer && answer->code == MessageCode::stat_ans);
  const auto stat =
      wire::decode<wire::StatAns>(answer->message->message.contents.body, &overlay.configuration->kinds);
  ASSERT_TRUE(stat);
  ASSERT_EQ(stat->kind_responses.size(), 1U);
  EXPECT_EQ(stat->kind_responses[0].generation_counter, 1U);
  ASSERT_EQ(stat->kind_responses[0].values.size(), 1U);
  const auto& value = stat->kind_responses[0].values[0];
  EXPECT_TRUE(value.metadata.exists);
  EXPECT_EQ(value.metadata.value_length, 3U);
  EXPECT_EQ(value.lifetime_s, 3000U);
  EXPECT_EQ(value.metadata.hash, wire::HashAlgorithm::sha256);
  // sha256(00000003 616263), by another program.
  EXPECT_EQ(to_hex(value.metadata.digest),
            "d04b72a650ce0f8ce4963330a53ee2832733d2baeffff3c1d8e256cca096d120");
}

TEST_F(HolderRead, StatMirrorsFetch) {
  // Shows: STORE-39.
  put(k_array_kind, "x", 1);
  auto request = fetch_of(resource, k_array_kind);
  request.specifiers[0].indices = {{0, 0}, {1, 1}};
  const auto answer = overlay.ask(bob, peer, MessageCode::stat_req, wire::encode(request));
  const auto stat =
      wire::decode<wire::StatAns>(answer->message->message.contents.body, &overlay.configuration->kinds);
  ASSERT_TRUE(stat);
  ASSERT_EQ(stat->kind_responses[0].values.size(), 2U);
  EXPECT_FALSE(stat->kind_responses[0].values[0].metadata.exists);
  EXPECT_EQ(stat->kind_responses[0].values[1].index, 1U);
  request.specifiers[0].generation_counter = 1;
  const auto same = overlay.ask(bob, peer, MessageCode::stat_req, wire::encode(request));
  const auto none =
      wire::decode<wire::StatAns>(same->message->message.contents.body, &overlay.configuration->kinds);
  EXPECT_TRUE(none->kind_responses[0].values.empty());
}

TEST_F(HolderRead, FindTellsTheClosestResourceOfEachKind) {
  // Shows: STORE-40, STORE-41.
  put(k_single_kind, "one");
  const ResourceId before = as_resource(ring_subtract(resource, ring_power_of_two(3)));
  const ResourceId behind = as_resource(ring_add(resource, ring_power_of_two(0)));
  const auto closest = [&](const ResourceId& at, std::vector<KindId> kinds) {
    const auto answer = find(at, std::move(kinds));
    auto decoded = wire::decode<wire::FindAns>(answer->message->message.contents.body);
    std::vector<std::string> out;
    for (const auto& one : decoded->kind_responses) out.push_back(to_hex(one.closest));
    return out;
  };
  const std::string none(32, '0');
  EXPECT_EQ(closest(before, {k_single_kind, k_array_kind, k_unknown_kind}),
            (std::vector<std::string>{resource.hex(), none, none}));
  EXPECT_EQ(closest(resource, {k_single_kind}), (std::vector<std::string>{resource.hex()}));
  // Up to this peer's own end of the ring, not around it.
  EXPECT_EQ(closest(behind, {k_single_kind}), (std::vector<std::string>{none}));
}

TEST_F(HolderRead, FindRefusesRepetitionAndForeignResources) {
  // Shows: STORE-40, STORE-41.
  EXPECT_TRUE(find(resource, {k_single_kind, k_single_kind})->is_error(ErrorCode::invalid_message));
  overlay.add("other@example.org", node_at(0x40));
  overlay.update_views();
  overlay.run();
  const ResourceId foreign = as_resource(node_at(0x30));
  EXPECT_TRUE(find(foreign, {k_single_kind})->is_error(ErrorCode::not_found));
}

TEST_F(HolderRead, FindOverlooksWhatIsRemoved) {
  // Shows: STORE-40.
  put(k_single_kind, "one");
  ValueSpec removed;
  removed.resource = resource;
  removed.exists = false;
  removed.storage_time_ms += 1;
  overlay.store(alice, peer, store_of(removed, *alice));
  const auto answer = find(resource, {k_single_kind});
  const auto decoded = wire::decode<wire::FindAns>(answer->message->message.contents.body);
  EXPECT_EQ(to_hex(decoded->kind_responses[0].closest), std::string(32, '0'));
}

TEST_F(HolderRead, BodiesThatDoNotDecodeAreInvalid) {
  Bytes body = wire::encode(fetch_of(resource, k_single_kind));
  body.push_back(0);
  for (const auto code : {MessageCode::fetch_req, MessageCode::stat_req, MessageCode::find_req}) {
    EXPECT_TRUE(overlay.ask(bob, peer, code, body)->is_error(ErrorCode::invalid_message));
  }
  body = wire::encode(store_of({}, *alice));
  body.pop_back();
  EXPECT_TRUE(overlay.ask(alice, peer, MessageCode::store_req, body)->is_error(ErrorCode::invalid_message));
}

}  // namespace
}  // namespace ringway::data::test
