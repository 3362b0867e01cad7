// Digests and lists of what is held in a range of the ring, and what follows from two of them.
#include "reload/data/ring_digest.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reload/data/listing_difference.hpp"
#include "tests/reload/data/counting_store.hpp"
#include "tests/reload/data/overlay.hpp"

namespace ringway::data::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr WallMs k_now_ms = ringway::test::k_now_ms;

ResourceId resource_at(std::uint8_t first, std::uint8_t last = 0) {
  ResourceId resource;
  resource.bytes[0] = first;
  resource.bytes[15] = last;
  return resource;
}
RingId point(std::uint8_t first, std::uint8_t last = 0) { return resource_at(first, last); }

class RingDigest : public ::testing::Test {
 protected:
  // Values that need no true signature: nobody checks them here.
  RecordPtr record(const std::string& key, const std::string& value, std::uint64_t storage_time_ms) {
    Record made;
    made.stored.value.model = wire::DataModel::dictionary;
    made.stored.value.key = SharedBytes{copy_of(view_of(key))};
    made.stored.value.data = {true, SharedBytes{copy_of(view_of(value))}};
    made.stored.storage_time_ms = storage_time_ms;
    made.stored.lifetime_s = 3600;
    made.stored.signature.value = SharedBytes{copy_of(view_of("signed " + value))};
    made.received_ms = k_now_ms;
    made.signer_not_after_ms = k_now_ms + 86'400'000;
    return std::make_shared<const Record>(made);
  }
  void put(ringway::storage::MemoryStore& store, const ResourceId& resource, const RecordPtr& record,
           std::uint64_t generation = 1) {
    const KindAt at{resource, k_dictionary_kind};
    ASSERT_TRUE(store.commit({{PutRecord{at, record}, SetGeneration{at, generation}}}).ok());
  }
  void put(ringway::storage::MemoryStore& store, const ResourceId& resource, const std::string& key = "k",
           const std::string& value = "v", std::uint64_t storage_time_ms = 1000,
           std::uint64_t generation = 1) {
    put(store, resource, record(key, value, storage_time_ms), generation);
  }
  data::RangeDigest digest(const ringway::storage::MemoryStore& store, const Span& span = {}) {
    return scan(store, span).total();
  }
  DigestScan scan(const ringway::storage::MemoryStore& store, const Span& span, WallMs now_ms = k_now_ms) {
    DigestScan scan(span);
    while (!scan.done()) EXPECT_TRUE(scan.go_on(store, *configuration, now_ms).ok());
    return scan;
  }
  Listing list(const ringway::storage::MemoryStore& store, const Span& span = {}) {
    ListScan scan(span, std::nullopt, 1U << 20);
    while (!scan.done()) EXPECT_TRUE(scan.go_on(store, *configuration, k_now_ms).ok());
    EXPECT_TRUE(scan.complete());
    return scan.listing();
  }

  std::shared_ptr<config::Configuration> configuration = test_configuration();
  ringway::storage::MemoryStore ours, theirs;
};

TEST_F(RingDigest, DependsOnWhatIsHeldAndNotOnTheOrderOfArrival) {
  for (std::uint8_t i = 0; i < 200; ++i) put(ours, resource_at(i));
  for (std::uint8_t i = 200; i > 0; --i) put(theirs, resource_at(static_cast<std::uint8_t>(i - 1)));
  EXPECT_EQ(digest(ours), digest(theirs));
  EXPECT_EQ(digest(ours).items, 200U);
  const auto same = digest(ours);
  put(theirs, resource_at(7), "k", "another value");
  EXPECT_NE(digest(theirs), same);
  put(theirs, resource_at(7));
  EXPECT_EQ(digest(theirs), same);
  put(theirs, resource_at(7), "k", "v", 1001);
  EXPECT_NE(digest(theirs), same) << "another storage time";
  put(theirs, resource_at(7), "k", "v", 1000, 2);
  EXPECT_NE(digest(theirs), same) << "another generation";
  put(theirs, resource_at(8), "k", "v", 1000, 0);
  EXPECT_NE(digest(theirs), same) << "one generation's more is not another's less";
}

TEST_F(RingDigest, LeavesOutWhatDoesNotCountAnyMore) {
  put(ours, resource_at(1));
  const auto before = digest(ours);
  Record ended = *record("old", "v", 1000);
  ended.received_ms = k_now_ms - 3'600'000;
  put(ours, resource_at(1), std::make_shared<const Record>(ended));
  Record revoked = *record("bad", "v", 1000);
  revoked.signer_node = node_at(0x66);
  put(ours, resource_at(1), std::make_shared<const Record>(revoked));
  configuration->bad_nodes = {node_at(0x66)};
  EXPECT_EQ(digest(ours), before);
  EXPECT_THAT(list(ours), SizeIs(1));
  // A removed value counts: it has to travel.
  Record removed = *record("gone", "", 1000);
  removed.stored.value.data.exists = false;
  put(ours, resource_at(1), std::make_shared<const Record>(removed));
  EXPECT_EQ(digest(ours).items, 2U);
}

TEST_F(RingDigest, PartsAreTheWholeWithoutGapsOrOverlaps) {
  for (const Span& span : {Span{point(0x10), point(0x90)}, Span{point(0xF0), point(0x08)}, Span{{}, {}},
                           Span{point(0x55), point(0x55)}, Span{point(0), point(0, 16)}}) {
    const auto parts = split(span);
    ASSERT_THAT(parts, SizeIs(k_digest_parts));
    EXPECT_EQ(parts.front().after, span.after);
    EXPECT_EQ(parts.back().up_to, span.up_to);
    for (std::size_t i = 1; i < parts.size(); ++i) {
      EXPECT_EQ(parts[i].after, parts[i - 1].up_to);
      EXPECT_TRUE(in_half_open(parts[i].after, span.after, span.up_to));
    }
  }
  EXPECT_THAT(split({point(0), point(0, 15)}), IsEmpty()) << "narrower than the number of parts";
  for (int i = 0; i < 256; ++i) put(ours, resource_at(static_cast<std::uint8_t>(i), 3));
  const Span span{point(0x55, 3), point(0x54, 3)};
  const auto whole = scan(ours, span);
  EXPECT_EQ(whole.total().items, 255U);
  const auto parts = split(span);
  for (std::size_t i = 0; i < parts.size(); ++i) EXPECT_EQ(whole.parts()[i], digest(ours, parts[i])) << i;
}

TEST_F(RingDigest, OnePointIsASpan) {
  put(ours, resource_at(5, 4));
  put(ours, resource_at(5, 5));
  put(ours, resource_at(5, 6));
  EXPECT_EQ(digest(ours, span_of(resource_at(5, 5))).items, 1U);
  EXPECT_THAT(split(span_of(resource_at(5, 5))), IsEmpty());
}

TEST_F(RingDigest, AListGoesOnWhereItsPageWasFull) {
  for (std::uint8_t i = 0; i < 9; ++i) {
    for (const char* key : {"a", "b", "c"}) put(ours, resource_at(static_cast<std::uint8_t>(0xF8 + i)), key);
  }
  const Span span{point(0xF8), point(0xF8)};
  const auto all = list(ours, span);
  ASSERT_THAT(all, SizeIs(9));
  EXPECT_EQ(all.back().at.resource, resource_at(0xF8)) << "clockwise from behind the beginning";
  for (const std::size_t most : {std::size_t{1}, std::size_t{100}, std::size_t{200}}) {
    Listing joined;
    std::optional<ListPosition> behind;
    for (bool complete = false; !complete;) {
      ListScan scan(span, behind, most);
      while (!scan.done()) ASSERT_TRUE(scan.go_on(ours, *configuration, k_now_ms).ok());
      complete = scan.complete();
      EXPECT_TRUE(most > 1 || complete || count_items(scan.listing()) == 1);
      ASSERT_TRUE(add_page(joined, scan.listing(), span));
      if (joined.empty()) continue;
      behind = ListPosition{joined.back().at, joined.back().items.back().key};
    }
    EXPECT_EQ(joined, all) << most;
  }
}

TEST_F(RingDigest, PagesOutOfOrderAreRefused) {
  for (std::uint8_t i = 1; i < 4; ++i) put(ours, resource_at(i));
  const Span span{point(0), point(3)};
  const auto all = list(ours, span);
  Listing joined;
  EXPECT_TRUE(add_page(joined, {all[0], all[1]}, span));
  EXPECT_FALSE(add_page(joined, {all[1]}, span)) << "the same again";
  EXPECT_FALSE(add_page(joined, {all[0]}, span)) << "backwards";
  Listing other;
  EXPECT_FALSE(add_page(other, {all[2]}, {point(0), point(2)})) << "not in the span";
}

TEST_F(RingDigest, OnlyWhatDiffersGoesAndTheNewerOneStays) {
  const ResourceId same = resource_at(1), mixed = resource_at(2), only_ours = resource_at(3),
                   only_theirs = resource_at(4), counted = resource_at(5), liar = resource_at(6);
  for (auto* store : {&ours, &theirs}) {
    put(*store, same);
    put(*store, mixed, "alike");
  }
  put(ours, mixed, "newer here", "v", 2000);
  put(theirs, mixed, "newer here", "v", 1000);
  put(ours, mixed, "newer there", "v", 1000);
  put(theirs, mixed, "newer there", "v", 2000);
  put(ours, mixed, "tie", "one");
  put(theirs, mixed, "tie", "other");
  put(ours, mixed, "here");
  put(theirs, mixed, "there");
  put(ours, only_ours);
  put(theirs, only_theirs);
  put(ours, counted, "k", "v", 1000, 5);
  put(theirs, counted, "k", "v", 1000, 4);
  put(ours, liar, "k", "v", 1000, 4);
  put(theirs, liar, "k", "v", 1000, std::uint64_t{1} << 62U);  // not worth fetching
  const auto found = differences(list(ours), list(theirs), node_at(9));
  const auto keys = [](std::initializer_list<const char*> names) {
    std::vector<ItemKey> out;
    for (const char* name : names) out.push_back(copy_of(view_of(name)));
    return out;
  };
  ASSERT_THAT(found, SizeIs(4));
  EXPECT_EQ(found[0].at.resource, mixed);
  EXPECT_EQ(found[0].to_store, keys({"here", "newer here", "tie"}));
  EXPECT_EQ(found[0].to_fetch, keys({"newer there", "there", "tie"}));
  EXPECT_EQ(found[1].at.resource, only_ours);
  EXPECT_EQ(found[1].to_store, keys({"k"}));
  EXPECT_EQ(found[2].at.resource, counted);
  EXPECT_EQ(found[2].to_store, keys({"k"})) << "brings the generation along";
  EXPECT_EQ(found[3].at.resource, only_theirs);
  EXPECT_EQ(found[3].to_fetch, keys({"k"}));
  EXPECT_THAT(differences(list(ours), list(ours), node_at(9)), IsEmpty());
}

// What cannot be read now is not missing, so the scan is in vain; but each sector of a bad disk has been
// asked for then, and a minute later all of them are given up.
template <typename Scan>
std::size_t steps_until_failure(Scan scan, const CountingStore& store,
                                const config::Configuration& configuration) {
  for (std::size_t steps = 1;; ++steps) {
    if (!scan.go_on(store, configuration, k_now_ms)) return steps;
    if (scan.done()) return 0;
  }
}

TEST_F(RingDigest, AScanGoesOnBehindWhatCannotBeReadNowAndIsInVain) {
  CountingStore store;
  for (std::uint8_t i = 0; i < 200; ++i) put(store.memory, resource_at(i));
  EXPECT_EQ(steps_until_failure(DigestScan(Span{}), store, *configuration), 0U);
  for (const std::uint8_t i : std::initializer_list<std::uint8_t>{1, 2, 150})
    store.refused.insert({resource_at(i), k_dictionary_kind});
  store.loads = 0;
  EXPECT_EQ(steps_until_failure(DigestScan(Span{}), store, *configuration), 4U) << "at its end";
  EXPECT_EQ(store.loads, 200U);
  store.loads = 0;
  EXPECT_EQ(steps_until_failure(ListScan(Span{}, std::nullopt, 1U << 20U), store, *configuration), 4U);
  EXPECT_EQ(store.loads, 200U);
  DigestScan scan{Span{}};
  ASSERT_TRUE(scan.go_on(store, *configuration, k_now_ms));
  EXPECT_EQ(scan.total().items, 62U);
}

TEST_F(RingDigest, ADiskThatGivesNothingIsNotAskedForEverything) {
  CountingStore store;
  for (std::uint8_t i = 0; i < 200; ++i) {
    put(store.memory, resource_at(i));
    store.refused.insert({resource_at(i), k_dictionary_kind});
  }
  EXPECT_EQ(steps_until_failure(DigestScan(Span{}), store, *configuration), 1U);
  EXPECT_EQ(store.loads, k_most_unread);
  store.loads = 0;
  EXPECT_EQ(steps_until_failure(ListScan(Span{}, std::nullopt, 1U << 20U), store, *configuration), 1U);
  EXPECT_EQ(store.loads, k_most_unread);
}

}  // namespace
}  // namespace ringway::data::test
