// What every store promises; run on RocksDB and in memory.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "storage/retention.hpp"
#include "tests/storage/stores_under_test.hpp"

namespace ringway::storage {
namespace {

using data::DropKind;
using data::DropRecord;
using data::KeepCertificate;
using data::KindAt;
using data::KindState;
using data::PutFact;
using data::PutRecord;
using data::SetGeneration;
using data::WriteBatch;
using testing::ElementsAre;
using testing::IsEmpty;

template <typename UnderTest>
class ValueStoreTest : public testing::Test {
 protected:
  data::ValueStore& store() { return under_test_.store(); }
  void commit(std::vector<WriteBatch> batches) {
    const Outcome<> done = store().commit(batches);
    ASSERT_TRUE(done) << done.error().reason;
  }
  void commit(WriteBatch batch) { commit(std::vector<WriteBatch>{std::move(batch)}); }
  KindState load(const KindAt& at) {
    auto loaded = store().load(at);
    EXPECT_TRUE(loaded) << loaded.error().reason;
    return loaded ? *loaded : KindState{};
  }
  std::vector<std::string> texts(const KindAt& at) {
    std::vector<std::string> found;
    for (const data::RecordPtr& record : load(at).records) found.emplace_back(text_in(record));
    return found;
  }
  std::vector<KindAt> list(const RingId& after, const RingId& up_to, std::size_t limit = 1000) {
    auto listed = store().list(after, up_to, limit);
    EXPECT_TRUE(listed) << listed.error().reason;
    return listed ? *listed : std::vector<KindAt>{};
  }
  std::optional<std::string> certificate(const Bytes& sha256) {
    auto found = store().certificate(sha256);
    EXPECT_TRUE(found) << found.error().reason;
    if (!found || !*found) return std::nullopt;
    return std::string(text_of((*found)->view()));
  }
  std::optional<Bytes> fact(const std::string& name) {
    auto found = store().fact(name);
    EXPECT_TRUE(found) << found.error().reason;
    return found ? *found : std::nullopt;
  }
  void put_each(const std::vector<KindAt>& places) {
    WriteBatch batch;
    for (const KindAt& at : places) batch.push_back(PutRecord{at, single("x")});
    commit(std::move(batch));
  }

  UnderTest under_test_;
};

using Stores = testing::Types<MemoryUnderTest, RocksUnderTest>;
TYPED_TEST_SUITE(ValueStoreTest, Stores);

// ---- records

TYPED_TEST(ValueStoreTest, NothingIsThereAtFirst) {
  EXPECT_EQ(this->load(place(1)).generation_counter, 0U);
  EXPECT_THAT(this->load(place(1)).records, IsEmpty());
  EXPECT_THAT(this->list(point(0), point(0)), IsEmpty());
  EXPECT_EQ(this->certificate(Bytes(32, 1)), std::nullopt);
  EXPECT_EQ(this->fact("configuration"), std::nullopt);
}

TYPED_TEST(ValueStoreTest, GivesBackEveryFieldOfARecord) {
  data::Record put = sample_record("the value", 77);
  put.stored.value.model = wire::DataModel::dictionary;
  put.stored.value.key = copy_of(view_of("the key"));
  put.received_ms = k_start_ms + 5;
  this->commit({PutRecord{place(1), shared(put)}});
  this->under_test_.reopen();

  const KindState state = this->load(place(1));
  ASSERT_EQ(state.records.size(), 1U);
  const data::Record& got = *state.records[0];
  EXPECT_EQ(got.received_ms, put.received_ms);
  EXPECT_EQ(got.signer_certificate_sha256, put.signer_certificate_sha256);
  EXPECT_EQ(got.signer_node, put.signer_node);
  EXPECT_EQ(got.signer_not_after_ms, put.signer_not_after_ms);
  EXPECT_EQ(got.stored.storage_time_ms, put.stored.storage_time_ms);
  EXPECT_EQ(got.stored.lifetime_s, 77U);
  EXPECT_EQ(got.stored.value.model, wire::DataModel::dictionary);
  EXPECT_TRUE(equal(got.stored.value.key, view_of("the key")));
  EXPECT_TRUE(got.stored.value.data.exists);
  EXPECT_EQ(text_in(state.records[0]), "the value");
  EXPECT_EQ(got.stored.signature.hash, wire::HashAlgorithm::sha256);
  EXPECT_EQ(got.stored.signature.algorithm, wire::SignatureAlgorithm::ecdsa);
  EXPECT_EQ(got.stored.signature.identity.type, wire::SignerIdentityType::cert_hash);
  EXPECT_TRUE(equal(got.stored.signature.identity.digest, Bytes(32, 0xCE)));
  EXPECT_TRUE(equal(got.stored.signature.value, Bytes(70, 0x51)));
}

TYPED_TEST(ValueStoreTest, LaterRecordReplacesTheEarlierOfTheSameItem) {
  this->commit({PutRecord{place(1), single("old")}});
  this->commit({PutRecord{place(1), single("new")}});
  EXPECT_THAT(this->texts(place(1)), ElementsAre("new"));
}

TYPED_TEST(ValueStoreTest, ArrayComesInTheOrderOfIndices) {
  const KindAt at = place(1);
  this->commit({PutRecord{at, element(256, "c")}, PutRecord{at, element(0, "a")},
                PutRecord{at, element(0xFFFFFFFE, "d")}, PutRecord{at, element(255, "b")}});
  EXPECT_THAT(this->texts(at), ElementsAre("a", "b", "c", "d"));
}

TYPED_TEST(ValueStoreTest, DictionaryComesInTheOrderOfItsKeysBytes) {
  const KindAt at = place(1);
  this->commit({PutRecord{at, entry("b", "3")}, PutRecord{at, entry("\xFF", "4")},
                PutRecord{at, entry("", "1")}, PutRecord{at, entry("aa", "2")}});
  EXPECT_THAT(this->texts(at), ElementsAre("1", "2", "3", "4"));
}

TYPED_TEST(ValueStoreTest, NeighbouringKindsAndResourcesDoNotMix) {
  const KindAt at = place(1, 7, 9);
  this->commit({PutRecord{at, single("mine")}, PutRecord{place(1, 6, 9), single("kind below")},
                PutRecord{place(1, 8, 9), single("kind above")},
                PutRecord{place(1, 7, 8), single("resource below")},
                PutRecord{place(1, 7, 10), single("resource above")}});
  EXPECT_THAT(this->texts(at), ElementsAre("mine"));
  this->commit({DropKind{at}});
  EXPECT_THAT(this->texts(at), IsEmpty());
  EXPECT_EQ(this->list(point(0), point(0)).size(), 4U);
}

TYPED_TEST(ValueStoreTest, DroppedRecordLeavesTheOthersAndTheGeneration) {
  const KindAt at = place(1);
  this->commit({PutRecord{at, entry("a", "1")}, PutRecord{at, entry("b", "2")}, SetGeneration{at, 9}});
  this->commit({DropRecord{at, copy_of(view_of("a"))}, DropRecord{at, copy_of(view_of("not there"))}});
  EXPECT_THAT(this->texts(at), ElementsAre("2"));
  EXPECT_EQ(this->load(at).generation_counter, 9U);
}

TYPED_TEST(ValueStoreTest, LoadReturnsExpiredRecordsToo) {
  this->under_test_.set_clock(k_start_ms + k_year_ms);
  this->commit({PutRecord{place(1), single("long gone", 1)}});
  EXPECT_THAT(this->texts(place(1)), ElementsAre("long gone"));  // data/ decides, not the store
}

// ---- generations

TYPED_TEST(ValueStoreTest, GenerationStandsWithoutRecords) {
  this->commit({SetGeneration{place(1), 0x0102030405060708}});
  this->under_test_.reopen();
  EXPECT_EQ(this->load(place(1)).generation_counter, 0x0102030405060708U);
  EXPECT_THAT(this->list(point(0), point(0)), ElementsAre(place(1)));
}

TYPED_TEST(ValueStoreTest, RecordWithoutGenerationDoesNotTouchTheCounter) {
  this->commit({SetGeneration{place(1), 5}});
  this->commit({PutRecord{place(1), single("x")}});
  EXPECT_EQ(this->load(place(1)).generation_counter, 5U);
}

TYPED_TEST(ValueStoreTest, DropKindForgetsRecordsAndGeneration) {
  const KindAt at = place(1);
  this->commit({PutRecord{at, entry("a", "1")}, PutRecord{at, entry("b", "2")}, SetGeneration{at, 9}});
  this->commit({DropKind{at}});
  EXPECT_THAT(this->texts(at), IsEmpty());
  EXPECT_EQ(this->load(at).generation_counter, 0U);
  EXPECT_THAT(this->list(point(0), point(0)), IsEmpty());
}

// ---- group commit

TYPED_TEST(ValueStoreTest, LaterBatchesOfAGroupSeeTheEarlierOnes) {
  const KindAt at = place(1);
  this->commit({PutRecord{at, entry("stored", "0")}, SetGeneration{at, 3}});
  this->commit({WriteBatch{PutRecord{at, entry("in group", "1")}, SetGeneration{at, 4}},
                WriteBatch{DropKind{at}}, WriteBatch{PutRecord{at, entry("after", "2")}}});
  EXPECT_THAT(this->texts(at), ElementsAre("2"));
  EXPECT_EQ(this->load(at).generation_counter, 0U);
  EXPECT_THAT(this->list(point(0), point(0)), ElementsAre(at));
}

TYPED_TEST(ValueStoreTest, DropBehindPutInOneGroupWins) {
  const KindAt at = place(1);
  this->commit({WriteBatch{PutRecord{at, entry("a", "1")}, SetGeneration{at, 1}}, WriteBatch{DropKind{at}}});
  EXPECT_THAT(this->texts(at), IsEmpty());
  EXPECT_THAT(this->list(point(0), point(0)), IsEmpty());
  this->commit({WriteBatch{PutRecord{at, entry("a", "1")}, PutRecord{at, entry("b", "2")}},
                WriteBatch{DropRecord{at, copy_of(view_of("a"))}}});
  EXPECT_THAT(this->texts(at), ElementsAre("2"));
}

TYPED_TEST(ValueStoreTest, EmptyGroupIsACommit) {
  this->commit(std::vector<WriteBatch>{});
  this->commit(WriteBatch{});
  EXPECT_THAT(this->list(point(0), point(0)), IsEmpty());
}

// ---- listing

TYPED_TEST(ValueStoreTest, ListsTheHalfOpenArc) {
  this->put_each({place(0x10), place(0x20), place(0x30), place(0x40)});
  EXPECT_THAT(this->list(point(0x10), point(0x30)), ElementsAre(place(0x20), place(0x30)));
  EXPECT_THAT(this->list(point(0x11), point(0x1F)), IsEmpty());
  EXPECT_THAT(this->list(point(0x0F), point(0x10)), ElementsAre(place(0x10)));
}

TYPED_TEST(ValueStoreTest, ListGoesOnPastTheTopOfTheRing) {
  RingId top;
  top.bytes.fill(0xFF);
  const KindAt at_top{as_resource(top), 1};
  const KindAt at_zero{as_resource(RingId{}), 1};
  this->put_each({at_zero, place(0x10), place(0x40), at_top});
  EXPECT_THAT(this->list(point(0x30), point(0x20)), ElementsAre(place(0x40), at_top, at_zero, place(0x10)));
  EXPECT_THAT(this->list(top, point(0x10)), ElementsAre(at_zero, place(0x10)));
  EXPECT_THAT(this->list(point(0x40), RingId{}), ElementsAre(at_top, at_zero));
}

TYPED_TEST(ValueStoreTest, ArcFromAPointToItselfIsEverythingWithThePointLast) {
  this->put_each({place(0x10), place(0x20), place(0x30)});
  EXPECT_THAT(this->list(point(0x20), point(0x20)), ElementsAre(place(0x30), place(0x10), place(0x20)));
}

TYPED_TEST(ValueStoreTest, ListNeverSplitsAResource) {
  this->put_each({place(0x10, 1), place(0x20, 1), place(0x20, 2), place(0x20, 0xF0000001), place(0x30, 1)});
  EXPECT_THAT(this->list(point(0), point(0), 2),
              ElementsAre(place(0x10, 1), place(0x20, 1), place(0x20, 2), place(0x20, 0xF0000001)));
  EXPECT_THAT(this->list(point(0x20), point(0), 2), ElementsAre(place(0x30, 1)));
  EXPECT_THAT(this->list(point(0), point(0), 0), IsEmpty());
}

TYPED_TEST(ValueStoreTest, ListInSlicesMeetsEachResourceOnce) {
  std::vector<KindAt> places;
  for (int i = 1; i <= 100; ++i) places.push_back(place(static_cast<std::uint8_t>(2 * i)));
  this->put_each(places);
  std::vector<KindAt> met;
  const RingId end = point(101);
  RingId cursor = end;
  while (true) {
    const std::vector<KindAt> slice = this->list(cursor, end, 7);
    met.insert(met.end(), slice.begin(), slice.end());
    if (slice.size() < 7) break;
    cursor = slice.back().resource;
  }
  ASSERT_EQ(met.size(), places.size());
  EXPECT_EQ(met.front(), place(102));
  EXPECT_EQ(met.back(), place(100));
}

// ---- certificates and facts

TYPED_TEST(ValueStoreTest, CertificateIsKeptAtLeastUntilTheLatestCall) {
  const Bytes name(32, 0xC1);
  const SharedBytes der = copy_of(view_of("certificate"));
  this->commit({KeepCertificate{name, der, k_start_ms + 100}, KeepCertificate{name, der, k_start_ms + 50}});
  this->commit({KeepCertificate{name, der, k_start_ms + 10}});  // does not shorten
  this->under_test_.reclaim(k_start_ms + 100);
  EXPECT_EQ(this->certificate(name), "certificate");
  this->commit({KeepCertificate{name, der, k_start_ms + 200}});
  this->under_test_.reclaim(k_start_ms + 200);
  EXPECT_EQ(this->certificate(name), "certificate");
  this->under_test_.reclaim(k_start_ms + 201);
  EXPECT_EQ(this->certificate(name), std::nullopt);
}

TYPED_TEST(ValueStoreTest, FactsAreReplacedAndMayBeEmpty) {
  this->commit({PutFact{"configuration", {1, 2, 3}}, PutFact{"empty", {}}, PutFact{"schema", {9, 9}}});
  this->commit({PutFact{"configuration", {4}}});
  this->under_test_.reopen();  // a fact that happens to be called "schema" does no harm
  EXPECT_EQ(this->fact("configuration"), (Bytes{4}));
  EXPECT_EQ(this->fact("empty"), Bytes{});
  EXPECT_EQ(this->fact("schema"), (Bytes{9, 9}));
  EXPECT_EQ(this->fact("config"), std::nullopt);
}

TYPED_TEST(ValueStoreTest, FactsAreListedByThePartOfTheirNameInFront) {
  this->commit({PutFact{"put/b", {2}}, PutFact{"put/a", {1}}, PutFact{"pus/z", {8}}, PutFact{"put0", {9}},
                PutFact{"put/c", {3}}});
  const auto names = [this](const std::string& prefix, std::size_t limit) {
    std::vector<std::string> out;
    const auto found = this->store().list_facts(prefix, limit);
    EXPECT_TRUE(found.ok());
    for (const auto& fact : *found) out.push_back(fact.name + "=" + std::to_string(fact.value.at(0)));
    return out;
  };
  EXPECT_EQ(names("put/", 10), (std::vector<std::string>{"put/a=1", "put/b=2", "put/c=3"}));
  EXPECT_EQ(names("put/", 2).size(), 2U);
  EXPECT_EQ(names("nothing", 10).size(), 0U);
  this->commit({DropFact{"put/b"}, DropFact{"put/never"}});
  this->under_test_.reopen();
  EXPECT_EQ(names("put/", 10), (std::vector<std::string>{"put/a=1", "put/c=3"}));
}

TYPED_TEST(ValueStoreTest, FactsAreNeverReclaimed) {
  this->commit({PutFact{"configuration", {1}}});
  this->under_test_.reclaim(k_start_ms + 100 * k_year_ms);
  EXPECT_EQ(this->fact("configuration"), (Bytes{1}));
}

// ---- reclaiming

TYPED_TEST(ValueStoreTest, ExpiredRecordsVanishWithTheMillisecondOfTheirEnd) {
  // Shows: STORE-20.
  const KindAt at = place(1);
  this->commit({PutRecord{at, entry("minute", "m", 60)}, PutRecord{at, entry("hour", "h", 3600)}});
  this->under_test_.reclaim(k_start_ms + 59'999);
  EXPECT_THAT(this->texts(at), ElementsAre("h", "m"));
  this->under_test_.reclaim(k_start_ms + 60'000);
  EXPECT_THAT(this->texts(at), ElementsAre("h"));
}

TYPED_TEST(ValueStoreTest, RecordGoesWithItsSignersCertificate) {
  data::Record record = sample_record("x", 3600);
  record.signer_not_after_ms = k_start_ms + 1000;
  this->commit({PutRecord{place(1), shared(record)}});
  this->under_test_.reclaim(k_start_ms + 1000);
  EXPECT_THAT(this->texts(place(1)), ElementsAre("x"));
  this->under_test_.reclaim(k_start_ms + 1001);
  EXPECT_THAT(this->texts(place(1)), IsEmpty());
}

TYPED_TEST(ValueStoreTest, TombstoneAgesLikeAValue) {
  this->commit({PutRecord{place(1), single("x")}});
  this->commit({PutRecord{place(1), tombstone(60)}});
  this->under_test_.reclaim(k_start_ms + 59'999);
  ASSERT_EQ(this->load(place(1)).records.size(), 1U);
  EXPECT_FALSE(this->load(place(1)).records[0]->stored.value.data.exists);
  this->under_test_.reclaim(k_start_ms + 60'000);
  EXPECT_THAT(this->load(place(1)).records, IsEmpty());  // and the value behind it stays gone
}

TYPED_TEST(ValueStoreTest, RefreshedRecordLivesOn) {
  this->commit({PutRecord{place(1), single("x", 60)}});
  this->under_test_.reclaim(k_start_ms + 1000);
  data::Record refreshed = sample_record("x", 60);
  refreshed.received_ms = k_start_ms + 30'000;
  this->commit({PutRecord{place(1), shared(refreshed)}});
  this->under_test_.reclaim(k_start_ms + 89'999);
  EXPECT_THAT(this->texts(place(1)), ElementsAre("x"));
}

TYPED_TEST(ValueStoreTest, GenerationOutlivesTheLastRecordByItsRetention) {
  const KindAt at = place(1);
  this->commit({PutRecord{at, entry("a", "1", 7200)}, SetGeneration{at, 5}});
  this->commit({PutRecord{at, entry("b", "2", 60)}, SetGeneration{at, 6}});
  const WallMs last_end_ms = k_start_ms + 7'200'000;
  this->under_test_.reclaim(last_end_ms);
  EXPECT_THAT(this->load(at).records, IsEmpty());
  EXPECT_EQ(this->load(at).generation_counter, 6U);
  this->under_test_.reclaim(last_end_ms + k_generation_retention_ms);
  EXPECT_EQ(this->load(at).generation_counter, 6U);
  this->under_test_.reclaim(last_end_ms + 2 * k_generation_retention_ms);
  EXPECT_EQ(this->load(at).generation_counter, 0U);
  EXPECT_THAT(this->list(point(0), point(0)), IsEmpty());
}

TYPED_TEST(ValueStoreTest, GenerationWithoutRecordsGoesInTheEnd) {
  this->commit({SetGeneration{place(1), 5}});
  this->under_test_.reclaim(k_start_ms + k_generation_retention_ms);
  EXPECT_EQ(this->load(place(1)).generation_counter, 5U);
  this->under_test_.reclaim(k_start_ms + 3 * k_generation_retention_ms);
  EXPECT_EQ(this->load(place(1)).generation_counter, 0U);
}

// ---- closing and opening

TYPED_TEST(ValueStoreTest, SameAnswersAfterReopening) {
  std::vector<KindAt> places;
  WriteBatch batch;
  for (std::uint8_t i = 1; i <= 50; ++i) {
    places.push_back(place(i, i));
    batch.push_back(PutRecord{places.back(), single("value " + std::to_string(i))});
    batch.push_back(SetGeneration{places.back(), i});
  }
  batch.push_back(DropKind{places[9]});
  batch.push_back(KeepCertificate{Bytes(32, 2), copy_of(view_of("der")), k_start_ms + k_day_ms});
  this->commit(std::move(batch));
  this->under_test_.reopen();
  places.erase(places.begin() + 9);
  EXPECT_EQ(this->list(point(0), point(0)), places);
  for (const KindAt& at : places) {
    EXPECT_THAT(this->texts(at), ElementsAre("value " + std::to_string(at.kind)));
    EXPECT_EQ(this->load(at).generation_counter, at.kind);
  }
  EXPECT_EQ(this->certificate(Bytes(32, 2)), "der");
}

TYPED_TEST(ValueStoreTest, TotalsGrowWithWhatIsStored) {
  const auto before = this->store().totals();
  ASSERT_TRUE(before);
  EXPECT_EQ(before->records, 0U);
  EXPECT_EQ(before->resources, 0U);
  this->commit({PutRecord{place(1), single(std::string(100'000, 'x'))}, PutRecord{place(2), single("y")}});
  const auto after = this->store().totals();
  ASSERT_TRUE(after);
  EXPECT_EQ(after->records, 2U);
  EXPECT_EQ(after->resources, 2U);
  EXPECT_GE(after->bytes, before->bytes + 100'000);
}

}  // namespace
}  // namespace ringway::storage
