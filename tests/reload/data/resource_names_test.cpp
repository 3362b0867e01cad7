#include "reload/data/resource_names.hpp"

#include <gtest/gtest.h>

namespace ringway::data {
namespace {

TEST(ResourceNames, OwnerAndSharedKeysAreRead) {
  const auto owner = parse_resource_name("alice@example.org/phone/home");
  ASSERT_TRUE(owner);
  EXPECT_EQ(owner->owner, "alice@example.org");
  EXPECT_FALSE(owner->shared());
  EXPECT_EQ(owner->kind(), config::k_owner_value);
  const auto shared = parse_resource_name("shared/news");
  ASSERT_TRUE(shared);
  EXPECT_TRUE(shared->shared());
  EXPECT_EQ(shared->kind(), config::k_shared_value);
}

TEST(ResourceNames, ResourceIdIsTheHashOfTheWholeName) {
  // Shows: TOPO-02.
  const auto name = parse_resource_name("shared/news");
  ASSERT_TRUE(name);
  // The first 16 bytes of SHA-1("shared/news").
  EXPECT_EQ(name->resource().hex(), resource_id_of(std::string_view("shared/news")).hex());
  EXPECT_NE(name->resource().hex(), resource_id_of(std::string_view("shared/new")).hex());
}

TEST(ResourceNames, OtherKeysAreRefused) {
  for (const char* key : {"", "alice", "alice@example.org", "alice@example.org/", "/x", "@example.org/x",
                          "alice@/x", "plain/x", "shared", "shared/", "shared/a\nb"}) {
    EXPECT_FALSE(parse_resource_name(key)) << key;
  }
  EXPECT_TRUE(parse_resource_name("shared/" + std::string(k_max_resource_name_bytes - 7, 'x')));
  EXPECT_FALSE(parse_resource_name("shared/" + std::string(k_max_resource_name_bytes - 6, 'x')));
}

TEST(ResourceNames, DictionaryKeyCarriesNameAndEntry) {
  const auto name = parse_resource_name("a@b/c");
  ASSERT_TRUE(name);
  const Bytes key = dictionary_key_of(*name, ringway::view_of("home"));
  EXPECT_EQ(to_hex(key), "0005" + to_hex(ringway::view_of("a@b/c")) + to_hex(ringway::view_of("home")));
  const auto parsed = parse_dictionary_key(key);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->name, "a@b/c");
  EXPECT_EQ(text_of(parsed->entry), "home");
}

TEST(ResourceNames, TruncatedDictionaryKeysAreRefused) {
  EXPECT_FALSE(parse_dictionary_key(Bytes{}));
  EXPECT_FALSE(parse_dictionary_key(Bytes{0}));
  EXPECT_FALSE(parse_dictionary_key(Bytes{0, 2, 'a'}));
  EXPECT_TRUE(parse_dictionary_key(Bytes{0, 1, 'a'}));
}

}  // namespace
}  // namespace ringway::data
