// The messages of the channel between replicas: what is written is read, and what is damaged is refused.
#include "reload/data/digest_messages.hpp"

#include <gtest/gtest.h>

namespace ringway::data::test {
namespace {

RingId id_of(std::uint8_t first) {
  RingId id;
  id.bytes[0] = first;
  return id;
}

ListedKind kind_of(std::uint8_t resource, std::vector<ItemKey> keys) {
  ListedKind kind{{as_resource(id_of(resource)), 7}, 3, {}};
  for (ItemKey& key : keys) kind.items.push_back({std::move(key), 1'000, id_of(9)});
  return kind;
}

std::vector<DigestMessage> one_of_each() {
  const Span span{id_of(1), id_of(2)};
  return {DigestsWanted{1, span, {5, id_of(3)}},
          Digests{2, {}},
          Digests{3, std::vector<RangeDigest>(k_digest_parts, RangeDigest{1, id_of(4)})},
          ListWanted{4, span, std::nullopt},
          ListWanted{5, span, ListPosition{{as_resource(id_of(2)), 7}, {1, 2}}},
          List{6, true, {}},
          List{7, false, {kind_of(1, {{}, {1}, {1, 0}}), kind_of(2, {{5}})}},
          NotAnswered{8},
          MendWanted{as_resource(id_of(6))},
          MendHeard{as_resource(id_of(6))}};
}

TEST(DigestMessages, WhatIsWrittenIsRead) {
  for (const DigestMessage& message : one_of_each()) {
    const auto again = decode_digest_message(SharedBytes{encode(message)});
    ASSERT_TRUE(again.ok()) << message.index() << ": " << again.error().reason;
    EXPECT_TRUE(*again == message) << message.index();
  }
}

TEST(DigestMessages, NothingMayBeMissingOrLeftOver) {
  for (const DigestMessage& message : one_of_each()) {
    Bytes bytes = encode(message);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      const Bytes part(bytes.begin(), bytes.begin() + static_cast<long>(size));
      EXPECT_FALSE(decode_digest_message(SharedBytes{part}).ok()) << message.index() << " cut to " << size;
    }
    bytes.push_back(0);
    EXPECT_FALSE(decode_digest_message(SharedBytes{bytes}).ok()) << message.index();
  }
  EXPECT_FALSE(decode_digest_message(SharedBytes{Bytes{0}}).ok());
  EXPECT_FALSE(decode_digest_message(SharedBytes{Bytes{8, 0, 0, 0, 0, 0, 0, 0, 0}}).ok());
}

TEST(DigestMessages, WhatNoHonestPeerSaysIsRefused) {
  const auto refused = [](const DigestMessage& message) {
    return !decode_digest_message(SharedBytes{encode(message)}).ok();
  };
  EXPECT_TRUE(refused(Digests{1, {RangeDigest{}}})) << "one part";
  EXPECT_TRUE(refused(Digests{1, std::vector<RangeDigest>(k_digest_parts + 1)}));
  EXPECT_TRUE(refused(List{1, false, {}})) << "goes on, and says nothing";
  EXPECT_TRUE(refused(List{1, true, {kind_of(1, {})}})) << "a Kind without items";
  EXPECT_TRUE(refused(List{1, true, {kind_of(1, {{2}, {1}})}})) << "items out of order";
  EXPECT_TRUE(refused(List{1, true, {kind_of(1, {{2}, {2}})}})) << "an item twice";
  const Span span{id_of(1), id_of(2)};
  EXPECT_TRUE(refused(ListWanted{1, span, ListPosition{{as_resource(id_of(3)), 7}, {}}}));
  RingId near = id_of(1);
  near.bytes[15] = 15;
  EXPECT_TRUE(refused(DigestsWanted{1, {id_of(1), near}, {}})) << "too narrow for parts";
}

}  // namespace
}  // namespace ringway::data::test
