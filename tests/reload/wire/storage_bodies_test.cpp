#include "reload/wire/storage_bodies.hpp"

#include <gtest/gtest.h>

#include "tests/reload/wire/hex.hpp"
#include "tests/wire-vectors/known_kinds.hpp"

// Layouts are those of conformance.md, Appendix B.4.

namespace ringway::wire {
namespace {

using wire_vectors::k_array_kind;
using wire_vectors::k_dictionary_kind;
using wire_vectors::k_single_kind;
using wire_vectors::k_unknown_kind;

const wire_vectors::KnownKinds k_kinds;

const std::string k_single = "f0000001 ";
const std::string k_array = "f0000002 ";
const std::string k_dictionary = "f0000003 ";
const std::string k_unknown = "f0000009 ";
const std::string k_generation = "0000000000000007 ";
const std::string k_times = "0000018bcfe56800 00000e10 ";  // storage_time 1700000000000, lifetime 3600
const std::string k_data = "01 00000002 abcd ";
const std::string k_unsigned = "00 00 03 0000 0000 ";

StoredData value(DataModel model) {
  StoredData out;
  out.storage_time_ms = 1'700'000'000'000;
  out.lifetime_s = 3600;
  out.value.model = model;
  if (model == DataModel::array) out.value.index = 5;
  if (model == DataModel::dictionary) out.value.key = text_bytes("k");
  out.value.data = {true, hex("abcd")};
  return out;
}

StoreReq store(KindId kind, DataModel model) {
  StoreKindData data;
  data.kind = kind;
  data.generation_counter = 7;
  data.values = {value(model)};
  return {text_bytes("FOO"), 2, {data}};
}

TEST(StoreLayout, Single) {
  // Shows: WIRE-01, WIRE-06.
  expect_layout(store(k_single_kind, DataModel::single),
                "03 464f4f 02 0000002e " + k_single + k_generation + "0000001e 0000001a " + k_times + k_data +
                    k_unsigned,
                &k_kinds);
}

TEST(StoreLayout, Array) {
  expect_layout(store(k_array_kind, DataModel::array),
                "03 464f4f 02 00000032 " + k_array + k_generation + "00000022 0000001e " + k_times +
                    "00000005 " + k_data + k_unsigned,
                &k_kinds);
}

TEST(StoreLayout, Dictionary) {
  expect_layout(store(k_dictionary_kind, DataModel::dictionary),
                "03 464f4f 02 00000031 " + k_dictionary + k_generation + "00000021 0000001d " + k_times +
                    "0001 6b " + k_data + k_unsigned,
                &k_kinds);
}

TEST(StoreLayout, ValuesOfAnUnknownKindAreKept) {
  const std::string layout = "00 00 00000012 " + k_unknown + k_generation + "00000002 abcd";
  const auto request = decode<StoreReq>(hex(layout), &k_kinds);
  ASSERT_TRUE(request);
  ASSERT_EQ(request->kind_data.size(), 1U);
  EXPECT_TRUE(request->kind_data[0].unknown_kind);
  EXPECT_EQ(to_hex(request->kind_data[0].undecoded_values), "abcd");
  EXPECT_EQ(to_hex(encode(*request)), to_hex(hex(layout)));
  EXPECT_TRUE(decode<StoreReq>(hex(layout))->kind_data[0].unknown_kind);
}

TEST(StoreLayout, ValueAsReceivedIsKeptForItsSignature) {
  // Shows: WIRE-35.
  const SharedBytes bytes = encode(store(k_array_kind, DataModel::array));
  const auto request = decode<StoreReq>(bytes, &k_kinds);
  ASSERT_TRUE(request);
  const StoredData& stored = request->kind_data[0].values[0];
  EXPECT_EQ(to_hex(stored.value_wire),
            "00000005"
            "0100000002abcd");
  EXPECT_EQ(to_hex(stored.signature.identity_wire), "030000");
  EXPECT_EQ(stored.value.index, 5U);
  EXPECT_EQ(stored.storage_time_ms, 1'700'000'000'000U);
  EXPECT_EQ(stored.lifetime_s, 3600U);
}

TEST(StoreRefusals, ExistsIsABoolean) {
  // Shows: WIRE-04.
  EXPECT_EQ(refusal<StoreReq>("00 00 0000002e " + k_single + k_generation + "0000001e 0000001a " + k_times +
                                  "02 00000002 abcd " + k_unsigned,
                              &k_kinds),
            "a Boolean is 0 or 1");
}

TEST(StoreRefusals, AValueShorterOrLongerThanItsLength) {
  // Shows: WIRE-02.
  const auto stored = [](const std::string& lengths) {
    return refusal<StoreReq>("00 00 " + lengths + k_times + k_data + k_unsigned, &k_kinds);
  };
  const std::string kind = k_single + k_generation;
  EXPECT_EQ(stored("0000002e " + kind + "0000001e 0000001a"), "accepted");
  EXPECT_EQ(stored("0000002e " + kind + "0000001e 00000019"), "truncated");
  EXPECT_EQ(stored("0000002e " + kind + "0000001e 0000001b"), "truncated");
  EXPECT_EQ(stored("0000002e " + kind + "0000001d 0000001a"), "truncated");
  EXPECT_EQ(stored("0000002f " + kind + "0000001e 0000001a"), "truncated");
}

TEST(StoreAnswerLayout, KindsAndReplicas) {
  // Shows: WIRE-34.
  const StoreAns answer{{{k_single_kind, 7, {node(0x10)}}, {k_array_kind, 8, {}}}};
  expect_layout(answer,
                "002c " + k_single + k_generation + "0010 " + k_node_10 + k_array + "0000000000000008 0000");
  EXPECT_EQ(refusal<StoreAns>("001e " + k_single + k_generation + "0010 " + k_no_node_hex),
            "a Node-ID is not all zero");
}

// A StoreReq may name more Kinds than the answer's two length bytes have room for.
TEST(StoreAnswerLayout, TooManyKindsAreNotCutSilently) {
  EXPECT_FALSE(encode_checked(StoreAns{std::vector<StoreKindResponse>(5000)}));
}

TEST(QueryLayout, SpecifierOfEachModel) {
  StoredDataSpecifier single;
  single.kind = k_single_kind;
  single.generation_counter = 7;
  StoredDataSpecifier array = single;
  array.kind = k_array_kind;
  array.model = DataModel::array;
  array.indices = {{1, k_array_end}};
  StoredDataSpecifier dictionary = single;
  dictionary.kind = k_dictionary_kind;
  dictionary.model = DataModel::dictionary;
  dictionary.keys = {text_bytes("k"), {}};
  const std::string layout = "00 003b " + k_single + k_generation + "0000 " + k_array + k_generation +
                             "000a 0008 00000001 ffffffff " + k_dictionary + k_generation +
                             "0007 0005 0001 6b 0000";
  expect_layout(FetchReq{{}, {single, array, dictionary}}, layout, &k_kinds);
  expect_layout(StatReq{{}, {single, array, dictionary}}, layout, &k_kinds);
}

TEST(QueryLayout, SpecifierOfAnUnknownKindIsKept) {
  const auto request = decode<FetchReq>(hex("00 0010 " + k_unknown + k_generation + "0002 abcd"), &k_kinds);
  ASSERT_TRUE(request);
  EXPECT_TRUE(request->specifiers[0].unknown_kind);
  EXPECT_EQ(to_hex(request->specifiers[0].undecoded), "abcd");
}

TEST(QueryRefusals, SpecifierThatDisagreesWithItsModel) {
  // Shows: WIRE-02.
  EXPECT_EQ(refusal<FetchReq>("00 0010 " + k_single + k_generation + "0002 0000", &k_kinds),
            "bytes left over");
  EXPECT_EQ(refusal<FetchReq>("00 000e " + k_array + k_generation + "0000", &k_kinds), "truncated");
  EXPECT_EQ(refusal<StatReq>("00 0014 " + k_array + k_generation + "0006 0004 00000001", &k_kinds),
            "truncated");
}

TEST(FetchAnswerLayout, ValuesByKind) {
  FetchKindResponse response;
  response.kind = k_single_kind;
  response.generation_counter = 7;
  response.values = {value(DataModel::single)};
  expect_layout(FetchAns{{response}},
                "0000002e " + k_single + k_generation + "0000001e 0000001a " + k_times + k_data + k_unsigned,
                &k_kinds);
}

TEST(StatAnswerLayout, MetadataOfEachModel) {
  StoredMetaData stored;
  stored.storage_time_ms = 1'700'000'000'000;
  stored.lifetime_s = 3600;
  stored.metadata = {true, 6, HashAlgorithm::sha256, {0xEE, 0xFF}};
  const std::string metadata = "01 00000006 04 02 eeff";
  StatKindResponse response{k_single_kind, 7, {stored}, false, {}};
  expect_layout(StatAns{{response}},
                "00000029 " + k_single + k_generation + "00000019 00000015 " + k_times + metadata, &k_kinds);
  response.kind = k_array_kind;
  response.values[0].model = DataModel::array;
  response.values[0].index = 5;
  expect_layout(
      StatAns{{response}},
      "0000002d " + k_array + k_generation + "0000001d 00000019 " + k_times + "00000005 " + metadata,
      &k_kinds);
  response.kind = k_dictionary_kind;
  response.values[0].model = DataModel::dictionary;
  response.values[0].key = text_bytes("k");
  expect_layout(
      StatAns{{response}},
      "0000002c " + k_dictionary + k_generation + "0000001c 00000018 " + k_times + "0001 6b " + metadata,
      &k_kinds);
}

TEST(FindLayout, RequestAndAnswer) {
  expect_layout(FindReq{text_bytes("FOO"), {k_single_kind, k_array_kind}}, "03 464f4f 08 f0000001 f0000002");
  const FindAns answer{{{k_single_kind, Bytes(16, 0)}, {k_array_kind, {}}}};
  expect_layout(answer, "001a " + k_single + "10 " + k_no_node_hex + k_array + "00");
}

TEST(AbsentValue, IsTheUnsignedStandIn) {
  // Shows: STORE-36.
  const StoredData absent = absent_value(DataModel::array, 5, {});
  EXPECT_TRUE(is_absent(absent));
  Writer out;
  write_stored_data(out, absent);
  EXPECT_EQ(to_hex(out.bytes()),
            to_hex(hex("0000001c 0000000000000000 00000000 00000005 00 00000000 " + k_unsigned)));
  EXPECT_EQ(to_hex(encode(absent.signature)), to_hex(hex(k_unsigned)));
  EXPECT_EQ(text_of(absent_value(DataModel::dictionary, 5, text_bytes("k")).value.key), "k");
  EXPECT_FALSE(is_absent(value(DataModel::single)));
}

}  // namespace
}  // namespace ringway::wire
