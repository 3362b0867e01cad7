// What the responsible peer does with a Store (RFC 6940 §7.4.1).
#include <gtest/gtest.h>

#include "reload/data/resource_names.hpp"
#include "tests/reload/data/overlay.hpp"

namespace ringway::data::test {
namespace {

using ringway::test::k_now_ms;
using wire::ErrorCode;

class HolderStore : public ::testing::Test {
 protected:
  HolderStore() {
    overlay.update_views();
    overlay.advance(Duration{0});
    spec.resource = resource_id_of(std::string_view("alice@example.org"));
  }
  // One value by alice at her resource.
  ValueSpec value(KindId kind, std::string bytes, std::uint64_t time_after_ms = 0) const {
    ValueSpec out = spec;
    out.kind = kind;
    out.value = std::move(bytes);
    out.storage_time_ms += time_after_ms;
    if (kind == k_dictionary_kind) out.key = copy_of(alice->node_id().view());
    return out;
  }
  Answered store(const wire::StoreReq& request) { return store(alice, request); }
  Answered store(const SignerPtr& by, const wire::StoreReq& request) {
    auto answer = overlay.store(by, peer, request);
    return answer ? *answer : Answered{};
  }
  wire::FetchKindResponse fetch(KindId kind) {
    const auto answer = overlay.fetch(bob, peer, fetch_of(spec.resource, kind));
    return answer ? answer->fetch() : wire::FetchKindResponse{};
  }
  std::string single() {
    const auto values = fetch(k_single_kind).values;
    return values.empty() ? "" : std::string(text_of(values[0].value.data.value));
  }

  std::uint64_t refused() const { return peer.storage->statistics().stores_refused; }

  Overlay overlay;
  Peer& peer = overlay.add("peer@example.org", node_at(0x80));
  SignerPtr alice = issue("alice@example.org", node_at(0x11));
  SignerPtr bob = issue("bob@example.org", node_at(0x22));
  ValueSpec spec;
};

TEST_F(HolderStore, SingleValueIsStoredReplacedAndFetched) {
  // Shows: STORE-13, STORE-17, STORE-21, STORE-35.
  auto answer = store(store_of(value(k_single_kind, "one"), *alice));
  ASSERT_EQ(answer.code, wire::MessageCode::store_ans);
  ASSERT_EQ(answer.store().kind_responses.size(), 1U);
  EXPECT_EQ(answer.store().kind_responses[0].kind, k_single_kind);
  EXPECT_EQ(answer.store().kind_responses[0].generation_counter, 1U);
  EXPECT_TRUE(answer.store().kind_responses[0].replicas.empty());
  answer = store(store_of(value(k_single_kind, "two", 1), *alice));
  EXPECT_EQ(answer.store().kind_responses[0].generation_counter, 2U);
  EXPECT_EQ(single(), "two");
  EXPECT_EQ(fetch(k_single_kind).generation_counter, 2U);
}

TEST_F(HolderStore, IsAllOrNothing) {
  // Shows: STORE-02.
  auto request = store_of(value(k_single_kind, "good"), *alice);
  auto bad = store_of(value(k_array_kind, std::string(k_max_size_bytes + 1, 'x')), *alice);
  request.kind_data.push_back(bad.kind_data[0]);
  EXPECT_TRUE(store(request).is_error(ErrorCode::data_too_large));
  EXPECT_FALSE(fetch(k_single_kind).values[0].value.data.exists);
  EXPECT_EQ(fetch(k_single_kind).generation_counter, 0U);
  EXPECT_EQ(peer.store->totals()->records, 0U);
}

TEST_F(HolderStore, AKindTwiceIsRefused) {
  // Shows: STORE-03.
  auto request = store_of(value(k_single_kind, "one"), *alice);
  request.kind_data.push_back(store_of(value(k_single_kind, "two", 1), *alice).kind_data[0]);
  EXPECT_TRUE(store(request).is_error(ErrorCode::invalid_message));
  EXPECT_FALSE(fetch(k_single_kind).values[0].value.data.exists);
}

TEST_F(HolderStore, UnknownKindsAreListed) {
  // Shows: STORE-06.
  auto request = store_of(value(k_single_kind, "one"), *alice);
  wire::StoreKindData unknown;
  unknown.kind = k_unknown_kind;
  request.kind_data.push_back(unknown);
  const auto answer = store(request);
  ASSERT_TRUE(answer.is_error(ErrorCode::unknown_kind));
  const auto listed = wire::decode<wire::UnknownKinds>(SharedBytes{answer.error.info});
  ASSERT_TRUE(listed);
  EXPECT_EQ(listed->kinds, std::vector<KindId>{k_unknown_kind});
  EXPECT_FALSE(fetch(k_single_kind).values[0].value.data.exists);
}

TEST_F(HolderStore, AWrongSignatureIsForbidden) {
  // Shows: STORE-07, FM-06.
  auto request = store_of(value(k_single_kind, "one"), *alice);
  ++request.kind_data[0].values[0].storage_time_ms;  // covered by the signature
  EXPECT_TRUE(store(request).is_error(ErrorCode::forbidden));
  request = store_of(value(k_single_kind, "one"), *alice);
  request.kind_data[0].values[0].value.data.value = SharedBytes{copy_of(view_of("eno"))};
  EXPECT_TRUE(store(request).is_error(ErrorCode::forbidden));
  EXPECT_FALSE(fetch(k_single_kind).values[0].value.data.exists);
  EXPECT_EQ(refused(), 2U);
}

TEST_F(HolderStore, AWriterOfSomethingElseIsForbidden) {
  // Shows: STORE-08, FM-06.
  EXPECT_TRUE(store(bob, store_of(value(k_single_kind, "one"), *bob)).is_error(ErrorCode::forbidden));
  EXPECT_FALSE(fetch(k_single_kind).values[0].value.data.exists);
  EXPECT_EQ(refused(), 1U);
}

TEST_F(HolderStore, TheSenderMustBeAllowedToo) {
  // Shows: STORE-09, FM-06.
  const auto request = store_of(value(k_single_kind, "one"), *alice);
  const auto answer = overlay.store(bob, peer, request, {alice->certificate()->der()});
  ASSERT_TRUE(answer);
  EXPECT_TRUE(answer->is_error(ErrorCode::forbidden));
  EXPECT_FALSE(fetch(k_single_kind).values[0].value.data.exists);
  EXPECT_EQ(refused(), 1U);
}

TEST_F(HolderStore, TheSenderOfADictionaryEntryMustOwnTheKey) {
  // Shows: STORE-09, STORE-29, FM-06.
  auto request = store_of(value(k_dictionary_kind, "one"), *alice);
  EXPECT_EQ(store(request).code, wire::MessageCode::store_ans);
  const auto second_device = issue("alice@example.org", node_at(0x33));
  auto foreign = value(k_dictionary_kind, "two", 1);
  EXPECT_TRUE(store(second_device, store_of(foreign, *second_device)).is_error(ErrorCode::forbidden));
  EXPECT_EQ(refused(), 1U);
}

TEST_F(HolderStore, AnotherGenerationIsRefusedWithThePresentOnes) {
  // Shows: STORE-11.
  ASSERT_EQ(store(store_of(value(k_single_kind, "one"), *alice)).code, wire::MessageCode::store_ans);
  ASSERT_EQ(store(store_of(value(k_single_kind, "two", 1), *alice, 1)).code, wire::MessageCode::store_ans);
  for (const std::uint64_t generation : {1U, 3U}) {
    const auto answer = store(store_of(value(k_single_kind, "three", 2), *alice, generation));
    ASSERT_TRUE(answer.is_error(ErrorCode::generation_counter_too_low)) << generation;
    ASSERT_EQ(answer.store().kind_responses.size(), 1U);
    EXPECT_EQ(answer.store().kind_responses[0].kind, k_single_kind);
    EXPECT_EQ(answer.store().kind_responses[0].generation_counter, 2U);
    EXPECT_TRUE(answer.store().kind_responses[0].replicas.empty());
  }
  EXPECT_EQ(single(), "two");
}

TEST_F(HolderStore, GenerationZeroIsNotChecked) {
  // Shows: STORE-12.
  ASSERT_EQ(store(store_of(value(k_single_kind, "one"), *alice)).code, wire::MessageCode::store_ans);
  const auto answer = store(store_of(value(k_single_kind, "two", 1), *alice, 0));
  ASSERT_EQ(answer.code, wire::MessageCode::store_ans);
  EXPECT_EQ(answer.store().kind_responses[0].generation_counter, 2U);
}

TEST_F(HolderStore, StorageTimeMustGrow) {
  // Shows: STORE-14, FM-08.
  ASSERT_EQ(store(store_of(value(k_single_kind, "new", 10), *alice)).code, wire::MessageCode::store_ans);
  EXPECT_TRUE(store(store_of(value(k_single_kind, "old", 9), *alice)).is_error(ErrorCode::data_too_old));
  EXPECT_TRUE(store(store_of(value(k_single_kind, "same", 10), *alice)).is_error(ErrorCode::data_too_old));
  EXPECT_EQ(single(), "new");
  EXPECT_EQ(fetch(k_single_kind).generation_counter, 1U);
  EXPECT_EQ(refused(), 2U);
}

TEST_F(HolderStore, SizeIsLimited) {
  // Shows: STORE-15, FM-12.
  EXPECT_EQ(store(store_of(value(k_single_kind, std::string(k_max_size_bytes, 'x')), *alice)).code,
            wire::MessageCode::store_ans);
  EXPECT_TRUE(store(store_of(value(k_single_kind, std::string(k_max_size_bytes + 1, 'x'), 1), *alice))
                  .is_error(ErrorCode::data_too_large));
  EXPECT_EQ(refused(), 1U);
}

TEST_F(HolderStore, CountIsLimitedAndRemovedValuesDoNotCount) {
  // Shows: STORE-15, FM-12.
  auto item = value(k_array_kind, "x");
  for (item.index = 0; item.index < k_max_count; ++item.index) {
    ASSERT_EQ(store(store_of(item, *alice)).code, wire::MessageCode::store_ans) << item.index;
  }
  EXPECT_TRUE(store(store_of(item, *alice)).is_error(ErrorCode::data_too_large));
  auto removed = item;
  removed.index = 0;
  removed.exists = false;
  removed.storage_time_ms += 1;
  ASSERT_EQ(store(store_of(removed, *alice)).code, wire::MessageCode::store_ans);
  EXPECT_EQ(store(store_of(item, *alice)).code, wire::MessageCode::store_ans);
}

TEST_F(HolderStore, RemovedValuesCannotPileUp) {
  // Shows: FM-12.
  auto item = value(k_array_kind, "");
  item.exists = false;
  std::uint32_t accepted = 0;
  for (item.index = 0; item.index < 1000; ++item.index) {
    if (store(store_of(item, *alice)).code != wire::MessageCode::store_ans) break;
    ++accepted;
  }
  EXPECT_EQ(accepted, 4 * k_max_count + 64);
  EXPECT_EQ(refused(), 1U);
}

TEST_F(HolderStore, UnsignedValuesAreForbidden) {
  // Shows: STORE-16.
  auto request = store_of(value(k_single_kind, "one"), *alice);
  request.kind_data[0].values[0].signature = {};
  EXPECT_TRUE(store(request).is_error(ErrorCode::forbidden));
  request = store_of(value(k_single_kind, "one"), *alice);
  request.kind_data[0].values[0].signature.hash = wire::HashAlgorithm::none;
  request.kind_data[0].values[0].signature.algorithm = wire::SignatureAlgorithm::anonymous;
  EXPECT_TRUE(store(request).is_error(ErrorCode::forbidden));
}

TEST_F(HolderStore, AnExpiredSignerIsForbidden) {
  // Shows: FM-11.
  const auto late = authority().issue_expired("alice@example.org", node_at(0x44));
  wire::StoreReq request = store_of(value(k_single_kind, "one"), *late);
  const auto answer = overlay.store(alice, peer, request, {late->certificate()->der()});
  ASSERT_TRUE(answer);
  EXPECT_TRUE(answer->is_error(ErrorCode::forbidden));
  EXPECT_EQ(refused(), 1U);
}

TEST_F(HolderStore, ALifetimeOfZeroIsRefused) {
  auto item = value(k_single_kind, "one");
  item.lifetime_s = 0;
  EXPECT_TRUE(store(store_of(item, *alice)).is_error(ErrorCode::invalid_message));
}

TEST_F(HolderStore, LifetimeRunsFromReceiptAndExpiredValuesVanish) {
  // Shows: STORE-19, STORE-20, STORE-26.
  auto item = value(k_single_kind, "one");
  item.lifetime_s = 100;
  item.storage_time_ms -= 90'000;  // does not matter
  ASSERT_EQ(store(store_of(item, *alice)).code, wire::MessageCode::store_ans);
  overlay.advance(Duration{40'000});
  EXPECT_EQ(fetch(k_single_kind).values[0].lifetime_s, 60U);
  overlay.advance(Duration{59'999});
  EXPECT_EQ(single(), "one");
  overlay.advance(Duration{1});
  const auto gone = fetch(k_single_kind);
  ASSERT_EQ(gone.values.size(), 1U);
  EXPECT_TRUE(wire::is_absent(gone.values[0]));
  // What has expired does not stand in the way of something older.
  item.storage_time_ms -= 1;
  EXPECT_EQ(store(store_of(item, *alice)).code, wire::MessageCode::store_ans);
}

TEST_F(HolderStore, ValuesEndWithTheCertificateOfTheirWriter) {
  // Shows: SEC-17, FM-11.
  ringway::test::IssueOptions options;
  options.validity.not_after_ms = k_now_ms + 50'000;
  const auto short_lived = authority().issue("alice@example.org", node_at(0x55), options);
  ASSERT_EQ(store(short_lived, store_of(value(k_single_kind, "one"), *short_lived)).code,
            wire::MessageCode::store_ans);
  overlay.advance(Duration{49'000});
  EXPECT_EQ(single(), "one");
  overlay.advance(Duration{2'000});
  EXPECT_TRUE(wire::is_absent(fetch(k_single_kind).values[0]));
}

TEST_F(HolderStore, ArraysAreSparseReplaceByIndexAndAppend) {
  // Shows: STORE-22.
  auto item = value(k_array_kind, "two");
  item.index = 2;
  ASSERT_EQ(store(store_of(item, *alice)).code, wire::MessageCode::store_ans);
  item = value(k_array_kind, "appended", 1);
  item.index = wire::k_array_end;
  ASSERT_EQ(store(store_of(item, *alice)).code, wire::MessageCode::store_ans);
  item = value(k_array_kind, "two again", 2);
  item.index = 2;
  ASSERT_EQ(store(store_of(item, *alice)).code, wire::MessageCode::store_ans);
  const auto values = fetch(k_array_kind).values;
  ASSERT_EQ(values.size(), 2U);
  EXPECT_EQ(values[0].value.index, 2U);
  EXPECT_EQ(text_of(values[0].value.data.value), "two again");
  EXPECT_EQ(values[1].value.index, 3U);
  EXPECT_EQ(text_of(values[1].value.data.value), "appended");
}

TEST_F(HolderStore, AppendedValuesVerifyAtTheirRealIndex) {
  // Shows: SEC-04, STORE-22.
  auto item = value(k_array_kind, "first");
  item.index = 1;
  ASSERT_EQ(store(store_of(item, *alice)).code, wire::MessageCode::store_ans);
  item = value(k_array_kind, "appended", 1);
  item.index = wire::k_array_end;
  ASSERT_EQ(store(store_of(item, *alice)).code, wire::MessageCode::store_ans);
  const auto answer = overlay.fetch(bob, peer, fetch_of(spec.resource, k_array_kind));
  ASSERT_TRUE(answer && answer->message->verdicts.size() == 1 && answer->message->verdicts[0].size() == 2);
  EXPECT_NE(answer->message->verdicts[0][1].signer, nullptr) << answer->message->verdicts[0][1].reason;
}

TEST_F(HolderStore, DictionaryReplacesByKey) {
  // Shows: STORE-23, STORE-33.
  const auto second = issue("alice@example.org", node_at(0x33));
  auto other = value(k_dictionary_kind, "second device");
  other.key = copy_of(second->node_id().view());
  ASSERT_EQ(store(store_of(value(k_dictionary_kind, "one"), *alice)).code, wire::MessageCode::store_ans);
  ASSERT_EQ(store(second, store_of(other, *second)).code, wire::MessageCode::store_ans);
  ASSERT_EQ(store(store_of(value(k_dictionary_kind, "two", 1), *alice)).code, wire::MessageCode::store_ans);
  const auto values = fetch(k_dictionary_kind).values;
  ASSERT_EQ(values.size(), 2U);
  EXPECT_EQ(text_of(values[0].value.data.value), "two");
  EXPECT_EQ(text_of(values[1].value.data.value), "second device");
}

TEST_F(HolderStore, RemovingIsStoringThatNothingExists) {
  // Shows: STORE-24.
  ASSERT_EQ(store(store_of(value(k_single_kind, "one"), *alice)).code, wire::MessageCode::store_ans);
  auto removed = value(k_single_kind, "", 1);
  removed.exists = false;
  removed.lifetime_s = 7200;
  ASSERT_EQ(store(store_of(removed, *alice)).code, wire::MessageCode::store_ans);
  const auto values = fetch(k_single_kind).values;
  ASSERT_EQ(values.size(), 1U);
  EXPECT_FALSE(values[0].value.data.exists);
  EXPECT_FALSE(wire::is_absent(values[0])) << "it has a signature, unlike what was never there";
  // It guards against what it removed until it ages out itself.
  EXPECT_TRUE(store(store_of(value(k_single_kind, "one"), *alice)).is_error(ErrorCode::data_too_old));
  overlay.advance(std::chrono::seconds(7200));
  EXPECT_TRUE(wire::is_absent(fetch(k_single_kind).values[0]));
}

TEST_F(HolderStore, TheSameStoreAgainChangesNothing) {
  // Shows: STORE-49.
  const auto request = store_of(value(k_single_kind, "one"), *alice);
  ASSERT_EQ(store(request).code, wire::MessageCode::store_ans);
  const auto again = store(request);
  ASSERT_EQ(again.code, wire::MessageCode::store_ans);
  EXPECT_EQ(again.store().kind_responses[0].generation_counter, 1U);
  auto append = value(k_array_kind, "appended");
  append.index = wire::k_array_end;
  const auto append_request = store_of(append, *alice);
  ASSERT_EQ(store(append_request).code, wire::MessageCode::store_ans);
  ASSERT_EQ(store(append_request).code, wire::MessageCode::store_ans);
  EXPECT_EQ(fetch(k_array_kind).values.size(), 1U);
  EXPECT_EQ(fetch(k_array_kind).generation_counter, 1U);
}

TEST_F(HolderStore, TheSameStoreAgainSucceedsWithTheGenerationOfBefore) {
  // Shows: STORE-49.
  ASSERT_EQ(store(store_of(value(k_single_kind, "one"), *alice)).code, wire::MessageCode::store_ans);
  const auto request = store_of(value(k_single_kind, "two", 1), *alice, 1);
  ASSERT_EQ(store(request).code, wire::MessageCode::store_ans);
  EXPECT_EQ(store(request).code, wire::MessageCode::store_ans);
}

// Its first answer was lost, and somebody else has written since: who would swap next has not seen that.
TEST_F(HolderStore, TheSameStoreAgainIsToldTheGenerationThatItMade) {
  // Shows: STORE-49.
  const auto at = [this](const std::string& text, std::uint32_t index, WallMs more) {
    auto out = value(k_array_kind, text, more);
    out.index = index;
    return out;
  };
  ASSERT_EQ(store(store_of(at("first", 0, 0), *alice)).code, wire::MessageCode::store_ans);
  const auto request = store_of(at("alice's", 1, 1), *alice, 1);
  const auto generation = [](const auto& answer) {
    return answer.store().kind_responses[0].generation_counter;
  };
  EXPECT_EQ(generation(store(request)), 2U);
  EXPECT_EQ(generation(store(store_of(at("the other's", 2, 2), *alice, 2))), 3U);
  EXPECT_EQ(generation(store(request)), 2U);
  EXPECT_EQ(fetch(k_array_kind).generation_counter, 3U);
  EXPECT_TRUE(store(store_of(at("unseen", 1, 3), *alice, 2)).is_error(ErrorCode::generation_counter_too_low));
}

TEST_F(HolderStore, IsAnsweredOnlyWhenDurable) {
  // Shows: TOPO-35.
  peer.hold_commits = true;
  EXPECT_FALSE(overlay.store(alice, peer, store_of(value(k_single_kind, "one"), *alice)));
  EXPECT_FALSE(fetch(k_single_kind).values[0].value.data.exists) << "readers see what is committed";
  overlay.release_commits(peer);
  EXPECT_EQ(single(), "one");
}

TEST_F(HolderStore, IsCheckedAgainstWhatIsOnItsWayToTheDisk) {
  // Shows: STORE-14, STORE-11.
  peer.hold_commits = true;
  EXPECT_FALSE(overlay.store(alice, peer, store_of(value(k_single_kind, "new", 10), *alice)));
  EXPECT_TRUE(store(store_of(value(k_single_kind, "old", 9), *alice)).is_error(ErrorCode::data_too_old));
  EXPECT_TRUE(store(store_of(value(k_single_kind, "next", 11), *alice, 2))
                  .is_error(ErrorCode::generation_counter_too_low));
  EXPECT_FALSE(overlay.store(alice, peer, store_of(value(k_single_kind, "newer", 11), *alice, 1)));
  overlay.release_commits(peer);
  EXPECT_EQ(single(), "newer");
  EXPECT_EQ(fetch(k_single_kind).generation_counter, 2U);
}

TEST_F(HolderStore, ARepetitionWaitsForWhatItRepeats) {
  // Shows: STORE-49.
  peer.hold_commits = true;
  const auto request = store_of(value(k_single_kind, "one"), *alice);
  EXPECT_FALSE(overlay.store(alice, peer, request));
  EXPECT_FALSE(overlay.store(alice, peer, request));
  overlay.release_commits(peer);
  EXPECT_EQ(fetch(k_single_kind).generation_counter, 1U);
}

TEST_F(HolderStore, AFailedWriteIsAnErrorAndLeavesWhatWasThere) {
  ASSERT_EQ(store(store_of(value(k_single_kind, "one"), *alice)).code, wire::MessageCode::store_ans);
  peer.fail_commits = true;
  EXPECT_EQ(store(store_of(value(k_single_kind, "two", 1), *alice)).code, wire::MessageCode::error);
  EXPECT_EQ(single(), "one");
  peer.fail_commits = false;
  EXPECT_EQ(
      store(store_of(value(k_single_kind, "three", 2), *alice)).store().kind_responses[0].generation_counter,
      2U);
  EXPECT_EQ(single(), "three");
}

TEST_F(HolderStore, AFailedWriteTakesThoseBuiltOnItAlong) {
  peer.hold_commits = true;
  std::vector<wire::MessageCode> codes;
  EXPECT_FALSE(overlay.store(alice, peer, store_of(value(k_single_kind, "one"), *alice)));
  EXPECT_FALSE(overlay.store(alice, peer, store_of(value(k_single_kind, "two", 1), *alice)));
  const auto first = peer.held_commits[0].token;
  const auto second = peer.held_commits[1].token;
  peer.held_commits.clear();
  overlay.to_storage(peer, Committed{first, false, "disk full"});
  overlay.run();
  // In between nothing more is accepted for the Kind: what it would be built on is not certain.
  EXPECT_EQ(store(store_of(value(k_single_kind, "three", 2), *alice)).code, wire::MessageCode::error);
  overlay.to_storage(peer, Committed{second, true, {}});
  peer.hold_commits = false;
  overlay.run();
  EXPECT_EQ(peer.storage->statistics().pending_requests, 0U);
  EXPECT_EQ(store(store_of(value(k_single_kind, "four", 3), *alice)).code, wire::MessageCode::store_ans);
  EXPECT_EQ(single(), "four");
}

TEST_F(HolderStore, WritersCertificatesAreKeptAndSentAlong) {
  // Shows: SEC-11.
  ASSERT_EQ(store(store_of(value(k_single_kind, "one"), *alice)).code, wire::MessageCode::store_ans);
  overlay.kill(peer);
  overlay.restart(peer);
  peer.joined = true;
  overlay.update_views();
  overlay.run();
  const auto answer = overlay.fetch(bob, peer, fetch_of(spec.resource, k_single_kind));
  ASSERT_TRUE(answer && answer->message);
  bool found = false;
  for (const auto& certificate : answer->message->message.security.certificates) {
    found = found || equal(certificate.der, alice->certificate()->der());
  }
  EXPECT_TRUE(found);
}

TEST_F(HolderStore, AResourceIdOfAnotherLengthIsRefused) {
  auto request = store_of(value(k_single_kind, "one"), *alice);
  request.resource.pop_back();
  EXPECT_TRUE(store(request).is_error(ErrorCode::invalid_message));
}

TEST_F(HolderStore, WhatComesTogetherIsStoredTogether) {
  // Shows: STORE-01.
  auto request = store_of(value(k_single_kind, "one"), *alice);
  request.kind_data.push_back(store_of(value(k_array_kind, "two"), *alice).kind_data[0]);
  const auto answer = store(request);
  ASSERT_EQ(answer.store().kind_responses.size(), 2U);
  EXPECT_EQ(single(), "one");
  EXPECT_EQ(fetch(k_array_kind).values.size(), 1U);
}

}  // namespace
}  // namespace ringway::data::test
