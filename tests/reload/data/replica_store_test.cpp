// Stores of copies: replica_number above 0 (RFC 6940 §7.4.1.1, §10.4).
#include <gtest/gtest.h>

#include "reload/data/parting_copies.hpp"
#include "reload/data/replica_rules.hpp"
#include "tests/reload/data/overlay.hpp"

namespace ringway::data::test {
namespace {

using ringway::test::k_now_ms;
using wire::ErrorCode;
using wire::MessageCode;

ResourceId point(std::uint8_t first_byte) { return as_resource(node_at(first_byte)); }

topology::RingView view_at_40() {
  topology::RingView view;
  view.self = node_at(0x40);
  view.joined = true;
  view.predecessors = {node_at(0x30), node_at(0x20), node_at(0x10)};
  view.successors = {node_at(0x41), node_at(0x42), node_at(0x43)};
  return view;
}

TEST(MayStoreCopies, AtAReplicaOnlyTheOwnerAndThoseBetween) {
  // Shows: STORE-05, STORE-10, TOPO-36.
  const auto view = view_at_40();
  const ResourceId first = point(0x28);   // owned by 0x30; copies at 0x40 and 0x41
  const ResourceId second = point(0x18);  // owned by 0x20; copies at 0x30 and here
  EXPECT_TRUE(may_store_copies(view, first, node_at(0x30)));
  EXPECT_TRUE(may_store_copies(view, first, node_at(0x29))) << "not known yet, but nearer";
  EXPECT_TRUE(may_store_copies(view, first, node_at(0x41))) << "in the replica set";
  EXPECT_FALSE(may_store_copies(view, first, node_at(0x42)));
  EXPECT_FALSE(may_store_copies(view, first, node_at(0x20))) << "before the resource: it goes around";
  EXPECT_TRUE(may_store_copies(view, second, node_at(0x20)));
  EXPECT_TRUE(may_store_copies(view, second, node_at(0x30)));
  EXPECT_FALSE(may_store_copies(view, second, node_at(0x41)));
}

TEST(MayStoreCopies, NotWhereNoCopyIsExpected) {
  // Shows: STORE-05.
  EXPECT_FALSE(may_store_copies(view_at_40(), point(0x08), node_at(0x20)));
  EXPECT_TRUE(may_store_copies(view_at_40(), point(0x08), node_at(0x10))) << "it may be about to leave";
  EXPECT_FALSE(may_store_copies(view_at_40(), point(0x18), node_at(0x10))) << "not its own range";
  EXPECT_FALSE(may_store_copies(view_at_40(), point(0x50), node_at(0x30)));
}

TEST(MayStoreCopies, AtTheOwnerFromWhoHadThemBefore) {
  // Shows: STORE-10, TOPO-39.
  const auto view = view_at_40();
  const ResourceId own = as_resource(node_at(0x3F));
  EXPECT_TRUE(may_store_copies(view, own, node_at(0x41)));
  EXPECT_TRUE(may_store_copies(view, own, node_at(0x43)));
  EXPECT_TRUE(may_store_copies(view, own, node_at(0x80))) << "of a merged ring";
  EXPECT_FALSE(may_store_copies(view, own, node_at(0xE0))) << "too far to have ever held it";
}

TEST(MayStoreCopies, BeforeJoiningOnlyFromTheAdmittingPeer) {
  // Shows: STORE-52.
  topology::RingView view;
  view.self = node_at(0x40);
  EXPECT_FALSE(may_store_copies(view, point(0x38), node_at(0x50)));
  view.admitting = node_at(0x50);
  EXPECT_TRUE(may_store_copies(view, point(0x38), node_at(0x50)));
  EXPECT_FALSE(may_store_copies(view, point(0x38), node_at(0x51)));
}

TEST(PartingCopiesTest, AreKeptForAWhileOfAFewPeers) {
  PartingCopies partings;
  Now now;
  topology::RingView view;
  view.joined = true;
  view.self = node_at(0xF0);
  view.replicas = 2;
  for (std::uint8_t i = 0; i <= k_most_partings; ++i) {
    const auto sender = static_cast<std::uint8_t>(0x20 * (i + 1));
    view.predecessors = {node_at(0xE8), node_at(0xE0), node_at(sender),
                         node_at(static_cast<std::uint8_t>(sender - 0x10))};
    partings.taken(now, view, node_at(sender));
    partings.taken(now, view, node_at(sender));
  }
  EXPECT_EQ(partings.size(), k_most_partings);
  EXPECT_FALSE(partings.keeps(now, as_resource(node_at(0x20)))) << "the oldest";
  EXPECT_FALSE(partings.keeps(now, as_resource(node_at(0x50)))) << "not that peer's own";
  EXPECT_TRUE(partings.keeps(now, as_resource(node_at(0x58))));
  now.mono = now.mono + k_parting_is_kept;
  EXPECT_FALSE(partings.keeps(now, as_resource(node_at(0x58))));
}

TEST(HoldersOf, AreTheOwnerAndTheNextTwo) {
  // Shows: TOPO-35.
  const auto view = view_at_40();
  EXPECT_EQ(holders_of(view, point(0x38)),
            (std::vector<NodeId>{node_at(0x40), node_at(0x41), node_at(0x42)}));
  EXPECT_EQ(holders_of(view, point(0x28)),
            (std::vector<NodeId>{node_at(0x30), node_at(0x40), node_at(0x41)}));
  EXPECT_EQ(holders_of(view, point(0x18)),
            (std::vector<NodeId>{node_at(0x20), node_at(0x30), node_at(0x40)}));
  EXPECT_TRUE(holders_of(view, point(0x08)).empty());
}

// A peer at 0x40 that holds copies of what 0x30 is responsible for.
class ReplicaStore : public ::testing::Test {
 protected:
  ReplicaStore() {
    peer.joined = true;
    overlay.set_view(peer, view_at_40());
    overlay.run();
    spec.kind = k_node_kind;
    // Somebody whose hash falls into (0x20, 0x30].
    for (std::uint8_t i = 1;; ++i) {
      const NodeId node = ringway::test::node_id(0x99, i);
      spec.resource = resource_id_of(node.view());
      if (in_half_open(spec.resource, node_at(0x20), node_at(0x30))) {
        writer = issue("writer@example.org", node);
        break;
      }
    }
  }
  Answered copy(const ValueSpec& value, std::uint64_t generation, const SignerPtr& by = nullptr) {
    const auto answer = overlay.store(by ? by : owner, peer, store_of(value, *writer, generation, 1),
                                      {writer->certificate()->der()});
    return answer ? *answer : Answered{};
  }
  wire::FetchKindResponse held() {
    return overlay.fetch(owner, peer, fetch_of(spec.resource, k_node_kind), true)->fetch();
  }
  ValueSpec at_time(std::uint64_t ms, std::string bytes = "value") const {
    ValueSpec out = spec;
    out.storage_time_ms = k_now_ms + ms;
    out.value = std::move(bytes);
    return out;
  }

  Overlay overlay;
  Peer& peer = overlay.add("peer@example.org", node_at(0x40));
  SignerPtr owner = issue("owner@example.org", node_at(0x30));
  SignerPtr stranger = issue("stranger@example.org", node_at(0x77));
  SignerPtr writer;
  ValueSpec spec;
};

TEST_F(ReplicaStore, CopiesAreTakenWithTheirGeneration) {
  // Shows: STORE-12, TOPO-36.
  const auto answer = copy(at_time(1), 7);
  ASSERT_EQ(answer.code, MessageCode::store_ans);
  EXPECT_EQ(answer.store().kind_responses[0].generation_counter, 7U);
  EXPECT_EQ(held().generation_counter, 7U);
  // A lower one than ours: never backwards.
  ASSERT_EQ(copy(at_time(2), 3).code, MessageCode::store_ans);
  EXPECT_EQ(held().generation_counter, 7U);
}

// The disk may not give the generation at the moment of the write, and it must not go before its records.
TEST_F(ReplicaStore, TheGenerationIsWrittenWithEachRecord) {
  ASSERT_EQ(copy(at_time(1), 7).code, MessageCode::store_ans);
  peer.hold_commits = true;
  (void)copy(at_time(2), 7);
  ASSERT_EQ(peer.held_commits.size(), 1U);
  const WriteBatch& batch = peer.held_commits.front().batch;
  EXPECT_EQ(std::count_if(batch.begin(), batch.end(),
                          [](const Write& one) { return std::holds_alternative<PutRecord>(one); }),
            1);
  EXPECT_EQ(std::count_if(batch.begin(), batch.end(),
                          [](const Write& one) {
                            const auto* set = std::get_if<SetGeneration>(&one);
                            return set != nullptr && set->generation_counter == 7;
                          }),
            1);
}

TEST_F(ReplicaStore, AGenerationFarAheadOfOursIsIgnored) {
  const std::uint64_t far = std::uint64_t{1} << 32U;
  ASSERT_EQ(copy(at_time(1), far + 1).code, MessageCode::store_ans);
  EXPECT_EQ(held().generation_counter, 1U) << "the value is taken";
  ASSERT_EQ(copy(at_time(2), far + 1).code, MessageCode::store_ans);
  EXPECT_EQ(held().generation_counter, far + 1);
  ASSERT_EQ(copy(at_time(3), std::uint64_t{1} << 62U).code, MessageCode::store_ans);
  EXPECT_EQ(held().generation_counter, far + 1);
}

TEST_F(ReplicaStore, AGenerationWithoutAValueChangesNothing) {
  // Shows: STORE-12.
  ASSERT_EQ(copy(at_time(1), 7).code, MessageCode::store_ans);
  auto empty = store_of(at_time(2), *writer, std::uint64_t{1} << 62U, 1);
  empty.kind_data[0].values.clear();
  ASSERT_EQ(overlay.store(owner, peer, empty)->code, MessageCode::store_ans);
  EXPECT_EQ(held().generation_counter, 7U);
}

TEST_F(ReplicaStore, TheGenerationStaysWithinItsBound) {
  // Shows: STORE-12.
  constexpr std::uint64_t k_bound = std::uint64_t{1} << 62U;
  ASSERT_TRUE(peer.store->commit({{SetGeneration{{spec.resource, k_node_kind}, k_bound - 1}}}).ok());
  EXPECT_TRUE(copy(at_time(1), k_bound + 1).is_error(ErrorCode::invalid_message));
  ASSERT_EQ(copy(at_time(1), k_bound).code, MessageCode::store_ans);
  // When this peer becomes responsible it still takes writes, and its replicas still take the copies.
  topology::RingView alone;
  alone.self = peer.node;
  alone.joined = true;
  overlay.set_view(peer, alone);
  const auto answer = overlay.store(writer, peer, store_of(at_time(2), *writer, 0, 0));
  ASSERT_TRUE(answer);
  ASSERT_EQ(answer->code, MessageCode::store_ans);
  EXPECT_EQ(answer->store().kind_responses[0].generation_counter, k_bound);
}

TEST_F(ReplicaStore, TheHolderOfACopyDoesNotPassItOn) {
  // Shows: TOPO-36.
  ASSERT_EQ(copy(at_time(1), 1).code, MessageCode::store_ans);
  overlay.advance(Duration{60'000});
  EXPECT_TRUE(overlay.sent.empty());
}

TEST_F(ReplicaStore, GenerationZeroIsInvalid) {
  // Shows: STORE-12.
  EXPECT_TRUE(copy(at_time(1), 0).is_error(ErrorCode::invalid_message));
}

TEST_F(ReplicaStore, AStrangerIsRefused) {
  // Shows: STORE-10.
  EXPECT_TRUE(copy(at_time(1), 1, stranger).is_error(ErrorCode::forbidden));
  EXPECT_EQ(peer.store->totals()->records, 0U);
}

TEST_F(ReplicaStore, AnOriginalStoreIsForTheResponsiblePeer) {
  // Shows: STORE-04.
  const auto answer = overlay.store(writer, peer, store_of(spec, *writer, 0, 0));
  ASSERT_TRUE(answer);
  EXPECT_TRUE(answer->is_error(ErrorCode::not_found));
  EXPECT_EQ(peer.store->totals()->records, 0U);
}

TEST_F(ReplicaStore, TheValuesWriterMustBeAllowed) {
  // Shows: STORE-08.
  const auto answer = overlay.store(owner, peer, store_of(spec, *owner, 1, 1));
  ASSERT_TRUE(answer);
  EXPECT_TRUE(answer->is_error(ErrorCode::forbidden));
}

TEST_F(ReplicaStore, AnIdenticalCopyIsASuccessAndNothingIsWritten) {
  // Shows: STORE-51.
  ASSERT_EQ(copy(at_time(1), 4).code, MessageCode::store_ans);
  const auto request = store_of(at_time(1), *writer, 4, 1);
  peer.hold_commits = true;
  auto same = request;
  const auto values = held().values;
  ASSERT_EQ(values.size(), 1U);
  same.kind_data[0].values = values;
  const auto answer = overlay.store(owner, peer, same, {writer->certificate()->der()});
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->code, MessageCode::store_ans);
  EXPECT_TRUE(peer.held_commits.empty());
}

TEST_F(ReplicaStore, AnIdenticalCopyMayProlongAndRaiseTheGeneration) {
  // Shows: STORE-51.
  auto value = store_of(at_time(1), *writer, 4, 1);
  value.kind_data[0].values[0].lifetime_s = 100;
  ASSERT_EQ(overlay.store(owner, peer, value, {writer->certificate()->der()})->code, MessageCode::store_ans);
  value.kind_data[0].values[0].lifetime_s = 1000;
  value.kind_data[0].generation_counter = 6;
  ASSERT_EQ(overlay.store(owner, peer, value, {writer->certificate()->der()})->code, MessageCode::store_ans);
  EXPECT_EQ(held().generation_counter, 6U);
  EXPECT_EQ(held().values[0].lifetime_s, 1000U);
}

TEST_F(ReplicaStore, OlderCopiesAreRefusedAndOfEquallyOldOnesAllKeepTheSame) {
  // Shows: STORE-14, STORE-43.
  ASSERT_EQ(copy(at_time(5, "new"), 4).code, MessageCode::store_ans);
  EXPECT_TRUE(copy(at_time(4, "old"), 9).is_error(ErrorCode::data_too_old));
  // Which of two it is does not depend on which came first: that with the larger signature.
  const auto another = [&](bool larger) {
    const Bytes present = copy_of(held().values[0].signature.value);
    for (;;) {
      auto request = store_of(at_time(5, larger ? "larger" : "smaller"), *writer, 9, 1);
      const auto value = copy_of(request.kind_data[0].values[0].signature.value);
      if (value != present && (present < value) == larger) return request;
    }
  };
  const auto smaller = overlay.store(owner, peer, another(false), {writer->certificate()->der()});
  EXPECT_TRUE(smaller->is_error(ErrorCode::data_too_old));
  EXPECT_EQ(text_of(held().values[0].value.data.value), "new");
  EXPECT_EQ(held().generation_counter, 4U) << "nothing of a refused Store stays";
  const auto larger = overlay.store(owner, peer, another(true), {writer->certificate()->der()});
  EXPECT_EQ(larger->code, MessageCode::store_ans);
  EXPECT_EQ(text_of(held().values[0].value.data.value), "larger");
}

TEST_F(ReplicaStore, AHandOverIsTakenFromTheAdmittingPeerOnly) {
  // Shows: STORE-52.
  topology::RingView view;
  view.self = peer.node;
  overlay.set_view(peer, view);
  overlay.run();
  EXPECT_TRUE(copy(at_time(1), 1).is_error(ErrorCode::forbidden));
  view.admitting = owner->node_id();
  overlay.set_view(peer, view);
  overlay.run();
  EXPECT_EQ(copy(at_time(1), 1).code, MessageCode::store_ans);
}

}  // namespace
}  // namespace ringway::data::test
