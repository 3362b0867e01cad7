// What holds for every structure: decoding and encoding are inverses, and nothing short, long or bent is
// taken for one.

#include <gtest/gtest.h>

#include "tests/wire-vectors/known_kinds.hpp"
#include "tests/wire-vectors/random_structures.hpp"

namespace ringway::wire {
namespace {

using wire_vectors::Dice;

constexpr int k_rounds = 200;
const wire_vectors::KnownKinds k_kinds;

template <typename T>
class Structure : public testing::Test {};

using Structures =
    testing::Types<Destination, MessageContents, SignerIdentity, Signature, SecurityBlock, ErrorResponse,
                   IpAddressPort, JoinReq, JoinAns, LeaveReq, LeaveAns, ChordLeaveData, ChordUpdate,
                   UpdateAns, RouteQueryReq, ChordRouteQueryAns, ProbeReq, ProbeInformation, ProbeAns,
                   PingReq, PingAns, IceExtension, IceCandidate, AttachBody, AppAttachBody, ConfigUpdateReq,
                   ConfigUpdateAns, UnknownKinds, StoredDataValue, StoreReq, StoreAns, FetchReq, FetchAns,
                   StatReq, StatAns, FindReq, FindAns>;
TYPED_TEST_SUITE(Structure, Structures);

template <typename T>
Bytes random_encoding(Dice& dice) {
  T structure{};
  wire_vectors::roll(dice, structure);
  return encode(structure);
}

TYPED_TEST(Structure, DecodesAndEncodesToTheSameBytes) {
  // Shows: WIRE-36, WIRE-01.
  Dice dice(1);
  for (int i = 0; i < k_rounds; ++i) {
    const Bytes bytes = random_encoding<TypeParam>(dice);
    const Result<TypeParam> decoded = decode<TypeParam>(bytes, &k_kinds);
    ASSERT_TRUE(decoded) << decoded.error().reason << " at " << decoded.error().offset << " of "
                         << to_hex(bytes);
    ASSERT_EQ(to_hex(encode(*decoded)), to_hex(bytes));
  }
}

TYPED_TEST(Structure, CutShortIsRefused) {
  // Shows: WIRE-02.
  Dice dice(2);
  for (int i = 0; i < k_rounds / 10; ++i) {
    const SharedBytes bytes = random_encoding<TypeParam>(dice);
    for (std::size_t size_bytes = 0; size_bytes < bytes.size(); ++size_bytes) {
      // A buffer of its own, so that a read beyond the end is one that a sanitizer sees.
      ASSERT_FALSE(decode<TypeParam>(copy_of(bytes.slice(0, size_bytes)), &k_kinds)) << size_bytes;
    }
  }
}

TYPED_TEST(Structure, WithAByteMoreIsRefused) {
  // Shows: WIRE-02.
  Dice dice(3);
  for (int i = 0; i < k_rounds; ++i) {
    Bytes bytes = random_encoding<TypeParam>(dice);
    bytes.push_back(0);
    ASSERT_FALSE(decode<TypeParam>(bytes, &k_kinds)) << to_hex(bytes);
  }
}

TYPED_TEST(Structure, BentIsRefusedOrStillTheSameBytes) {
  // Shows: WIRE-02, WIRE-36.
  Dice dice(4);
  for (int i = 0; i < k_rounds; ++i) {
    Bytes bytes = random_encoding<TypeParam>(dice);
    if (bytes.empty()) continue;
    bytes[dice.below(bytes.size())] = dice.number<std::uint8_t>();
    const Result<TypeParam> decoded = decode<TypeParam>(bytes, &k_kinds);
    if (decoded) {
      ASSERT_EQ(to_hex(encode(*decoded)), to_hex(bytes));
    } else {
      ASSERT_FALSE(decoded.error().reason.empty());
      ASSERT_LE(decoded.error().offset, bytes.size());
    }
  }
}

TEST(StoredDataRoundTrip, InEachDataModel) {
  // Shows: WIRE-36, WIRE-02.
  Dice dice(5);
  for (int i = 0; i < k_rounds; ++i) {
    StoredData value;
    value.value.model = dice.one_of({DataModel::single, DataModel::array, DataModel::dictionary});
    wire_vectors::roll(dice, value);
    Writer writer;
    write_stored_data(writer, value);
    const SharedBytes bytes = writer.take();
    for (std::size_t size_bytes = 0; size_bytes <= bytes.size(); ++size_bytes) {
      Reader in(copy_of(bytes.slice(0, size_bytes)));
      StoredData out;
      read_stored_data(in, value.value.model, out);
      ASSERT_EQ(in.ok(), size_bytes == bytes.size());
      if (!in.ok()) continue;
      Writer again;
      write_stored_data(again, out);
      ASSERT_EQ(to_hex(again.bytes()), to_hex(bytes));
    }
  }
}

TEST(HeaderRoundTrip, RandomHeaders) {
  // Shows: WIRE-36, WIRE-13.
  Dice dice(6);
  for (int i = 0; i < k_rounds; ++i) {
    ForwardingHeader header;
    wire_vectors::roll(dice, header);
    const std::size_t payload_bytes = dice.below(50);
    Bytes message = encode_header(header, payload_bytes);
    ASSERT_EQ(message.size(), header_size_bytes(header));
    message.resize(message.size() + payload_bytes);
    const auto parsed = parse_header(message);
    ASSERT_TRUE(parsed) << parsed.error().reason;
    header.length = static_cast<std::uint32_t>(message.size());
    EXPECT_EQ(parsed->header, header);
    EXPECT_EQ(parsed->size_bytes, message.size() - payload_bytes);
  }
}

TEST(HeaderRoundTrip, CutShortIsRefused) {
  // Shows: WIRE-02, WIRE-14.
  Dice dice(7);
  for (int i = 0; i < k_rounds / 10; ++i) {
    ForwardingHeader header;
    wire_vectors::roll(dice, header);
    const SharedBytes message = encode_header(header, 0);
    for (std::size_t size_bytes = 0; size_bytes < message.size(); ++size_bytes) {
      const Bytes part = copy_of(message.slice(0, size_bytes));
      ASSERT_FALSE(parse_header(part));
      ASSERT_FALSE(peek_header(part));
    }
  }
}

}  // namespace
}  // namespace ringway::wire
