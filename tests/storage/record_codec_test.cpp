#include "storage/record_codec.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "tests/storage/record_samples.hpp"

namespace ringway::storage {
namespace {

TEST(RecordCodecTest, ReadsBackEveryDataModel) {
  for (const data::RecordPtr& record :
       {single("s"), element(0x01020304, "a"), entry("key", "d"), tombstone(), single("")}) {
    const Bytes bytes = encode_record(*record);
    const auto decoded = decode_record(bytes);
    ASSERT_TRUE(decoded) << decoded.error().reason;
    EXPECT_EQ(encode_record(**decoded), bytes);
    EXPECT_EQ((*decoded)->stored.value.model, record->stored.value.model);
    EXPECT_EQ(data::item_key_of((*decoded)->stored.value), data::item_key_of(record->stored.value));
  }
}

TEST(RecordCodecTest, KeepsTheSignedBytesForVerification) {
  wire::Writer expected;
  write(expected, entry("key", "value")->stored.value);
  const auto decoded = decode_record(encode_record(*entry("key", "value")));
  ASSERT_TRUE(decoded);
  EXPECT_TRUE(equal((*decoded)->stored.value_wire, expected.bytes()));
}

TEST(RecordCodecTest, RefusesTruncatedAndTrailingBytes) {
  const Bytes bytes = encode_record(*entry("key", "value"));
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(decode_record(Bytes(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size))));
  }
  Bytes longer = bytes;
  longer.push_back(0);
  EXPECT_FALSE(decode_record(longer));
}

TEST(RecordCodecTest, RefusesOtherVersionsAndModels) {
  Bytes bytes = encode_record(*single("x"));
  bytes[0] = 2;
  EXPECT_FALSE(decode_record(bytes));
  EXPECT_EQ(peek_dead_from_ms(bytes), std::nullopt);
  for (const std::uint8_t model : {std::uint8_t{0}, std::uint8_t{4}}) {
    bytes = encode_record(*single("x"));
    bytes[1] = model;
    EXPECT_FALSE(decode_record(bytes));
  }
}

TEST(RecordCodecTest, RefusesAnEndThatContradictsTheLifetime) {
  Bytes bytes = encode_record(*single("x"));
  ++bytes[9];
  EXPECT_FALSE(decode_record(bytes));
}

TEST(RecordCodecTest, FilterSeesTheMomentFromWhichTheRecordIsNotShown) {
  const auto agrees = [](const data::Record& record) {
    const auto dead_from = peek_dead_from_ms(encode_record(record));
    ASSERT_TRUE(dead_from);
    EXPECT_FALSE(record.alive_at(*dead_from));
    EXPECT_TRUE(record.alive_at(*dead_from - 1));
  };
  agrees(*single("x", 3600));
  data::Record record = sample_record("x", 3600);
  record.signer_not_after_ms = k_start_ms + 1;
  agrees(record);
  record.signer_not_after_ms = record.expires_ms() - 1;
  agrees(record);
  record.signer_not_after_ms = std::numeric_limits<WallMs>::max();
  agrees(record);
}

TEST(RecordCodecTest, GenerationsAndCertificatesReadBack) {
  const GenerationEntry generation{0x0102030405060708, k_start_ms};
  const auto decoded = decode_generation(encode_generation(generation));
  ASSERT_TRUE(decoded);
  EXPECT_EQ(*decoded, generation);
  EXPECT_EQ(peek_generation_until_ms(encode_generation(generation)), k_start_ms);

  const CertificateEntry certificate{k_start_ms, Bytes{1, 2, 3}};
  const auto certificate_decoded = decode_certificate(encode_certificate(certificate));
  ASSERT_TRUE(certificate_decoded);
  EXPECT_EQ(certificate_decoded->keep_until_ms, k_start_ms);
  EXPECT_TRUE(equal(certificate_decoded->der, certificate.der));
  EXPECT_EQ(peek_certificate_until_ms(encode_certificate(certificate)), k_start_ms);
}

TEST(RecordCodecTest, RefusesBrokenGenerationsAndCertificates) {
  Bytes generation = encode_generation({1, 2});
  generation.push_back(0);
  EXPECT_FALSE(decode_generation(generation));
  generation.resize(16);
  EXPECT_FALSE(decode_generation(generation));
  EXPECT_EQ(peek_generation_until_ms(generation), std::nullopt);
  EXPECT_FALSE(decode_certificate(Bytes{1, 0, 0}));
  EXPECT_FALSE(decode_certificate(Bytes{9, 0, 0, 0, 0, 0, 0, 0, 0}));
  EXPECT_EQ(peek_certificate_until_ms(Bytes{9, 0, 0, 0, 0, 0, 0, 0, 0}), std::nullopt);
}

}  // namespace
}  // namespace ringway::storage
