#include "reload/data/access_control.hpp"

#include <gtest/gtest.h>

#include "reload/data/resource_names.hpp"
#include "reload/redir/tree.hpp"
#include "reload/wire/service_bodies.hpp"
#include "tests/support/test_authority.hpp"

namespace ringway::data {
namespace {

using config::AccessPolicy;
using ringway::test::node_id;
using wire::DataModel;

config::KindDefinition kind(AccessPolicy access, DataModel model = DataModel::single) {
  config::KindDefinition out;
  out.model = model;
  out.access = access;
  out.max_node_multiple = 3;
  return out;
}

const Writer k_alice{"alice@example.org", node_id(0x11)};
const Writer k_bob{"bob@example.org", node_id(0x22)};

wire::StoredDataValue keyed(Bytes key) {
  wire::StoredDataValue value;
  value.model = DataModel::dictionary;
  value.key = SharedBytes{std::move(key)};
  return value;
}

ResourceId hash_of(const NodeId& node, int i = -1) {
  Bytes input = copy_of(node.view());
  if (i >= 0) input.push_back(static_cast<std::uint8_t>(i));
  return resource_id_of(BytesView{input});
}

TEST(AccessControl, UserMatch) {
  // Shows: STORE-27.
  const auto resource = resource_id_of(std::string_view("alice@example.org"));
  EXPECT_TRUE(check_writer(kind(AccessPolicy::user_match), resource, k_alice, {}));
  EXPECT_FALSE(check_writer(kind(AccessPolicy::user_match), resource, k_bob, {}));
}

TEST(AccessControl, NodeMatch) {
  // Shows: STORE-28.
  EXPECT_TRUE(check_writer(kind(AccessPolicy::node_match), hash_of(k_alice.node), k_alice, {}));
  EXPECT_FALSE(check_writer(kind(AccessPolicy::node_match), hash_of(k_alice.node), k_bob, {}));
  // The hash of the Node-ID, not the Node-ID itself.
  EXPECT_FALSE(check_writer(kind(AccessPolicy::node_match), as_resource(k_alice.node), k_alice, {}));
}

TEST(AccessControl, UserNodeMatch) {
  // Shows: STORE-29.
  const auto resource = resource_id_of(std::string_view("alice@example.org"));
  const auto policy = kind(AccessPolicy::user_node_match, DataModel::dictionary);
  EXPECT_TRUE(check_writer(policy, resource, k_alice, keyed(copy_of(k_alice.node.view()))));
  EXPECT_FALSE(check_writer(policy, resource, k_alice, keyed(copy_of(k_bob.node.view()))));
  EXPECT_FALSE(check_writer(policy, resource, k_bob, keyed(copy_of(k_bob.node.view()))));
  EXPECT_FALSE(check_writer(kind(AccessPolicy::user_node_match, DataModel::array), resource, k_alice,
                            keyed(copy_of(k_alice.node.view()))));
}

wire::StoredDataValue provider(const NodeId& key, const redir::TreeNode& at, std::string_view service) {
  wire::RedirServiceProvider record;
  record.service = copy_of(ringway::view_of(service));
  record.level = at.level;
  record.node = at.number;
  auto value = keyed(copy_of(key.view()));
  value.data = {true, SharedBytes{wire::encode(record)}};
  return value;
}

ResourceId place_of(const redir::TreeNode& at) {
  return resource_id_of(redir::resource_name_of("voice-mail", at));
}

TEST(AccessControl, NodeIdMatchIsForOnesOwnTreeNodes) {
  // Shows: DISC-01, DISC-04, FM-45.
  auto policy = kind(AccessPolicy::node_id_match, DataModel::dictionary);
  const redir::Tree tree(policy.branching_factor);
  const auto at = tree.node_for(2, k_alice.node);
  const redir::TreeNode beside{2, static_cast<std::uint16_t>(at.number + 1)};
  EXPECT_TRUE(check_writer(policy, place_of(at), k_alice, provider(k_alice.node, at, "voice-mail")));
  EXPECT_TRUE(check_writer(policy, place_of({0, 0}), k_alice, provider(k_alice.node, {0, 0}, "voice-mail")));
  // Under another's key; in another's tree node; at another place than the record says, or as another
  // service.
  EXPECT_FALSE(check_writer(policy, place_of({0, 0}), k_bob, provider(k_alice.node, {0, 0}, "voice-mail")));
  EXPECT_FALSE(check_writer(policy, place_of(beside), k_alice, provider(k_alice.node, beside, "voice-mail")));
  EXPECT_FALSE(check_writer(policy, place_of(at), k_alice, provider(k_alice.node, {0, 0}, "voice-mail")));
  EXPECT_FALSE(check_writer(policy, place_of(at), k_alice, provider(k_alice.node, at, "voice-mail2")));
  // Deeper than the tree goes.
  EXPECT_FALSE(check_writer(policy, place_of({5, 0}), k_alice, provider(k_alice.node, {5, 0}, "voice-mail")));
  auto worthless = keyed(copy_of(k_alice.node.view()));
  worthless.data = {true, SharedBytes{Bytes{1, 2, 3}}};
  EXPECT_FALSE(check_writer(policy, place_of(at), k_alice, worthless));
  // A removal says nothing of where it is.
  EXPECT_TRUE(check_writer(policy, place_of(at), k_alice, keyed(copy_of(k_alice.node.view()))));
  EXPECT_FALSE(check_writer(policy, place_of(at), k_bob, keyed(copy_of(k_alice.node.view()))));
  policy.model = DataModel::array;
  EXPECT_FALSE(check_writer(policy, place_of(at), k_alice, provider(k_alice.node, at, "voice-mail")));
}

TEST(AccessControl, NodeIdMatchGoesByTheBranchingFactor) {
  // Shows: DISC-04, DISC-13.
  auto policy = kind(AccessPolicy::node_id_match, DataModel::dictionary);
  policy.branching_factor = 2;
  const auto at = redir::Tree(2).node_for(2, k_bob.node);
  ASSERT_NE(at, redir::Tree(10).node_for(2, k_bob.node));
  EXPECT_TRUE(check_writer(policy, place_of(at), k_bob, provider(k_bob.node, at, "voice-mail")));
  policy.branching_factor = 10;
  EXPECT_FALSE(check_writer(policy, place_of(at), k_bob, provider(k_bob.node, at, "voice-mail")));
}

TEST(AccessControl, NodeMultipleCountsFromOneUpToItsMaximum) {
  // Shows: STORE-30.
  const auto policy = kind(AccessPolicy::node_multiple);
  for (const int i : {1, 2, 3}) {
    EXPECT_TRUE(check_writer(policy, hash_of(k_alice.node, i), k_alice, {})) << i;
    EXPECT_FALSE(check_writer(policy, hash_of(k_alice.node, i), k_bob, {})) << i;
  }
  EXPECT_FALSE(check_writer(policy, hash_of(k_alice.node, 0), k_alice, {}));
  EXPECT_FALSE(check_writer(policy, hash_of(k_alice.node, 4), k_alice, {}));
}

TEST(AccessControl, OwnerPathMatchWantsNameHashAndOwner) {
  // Shows: STORE-08.
  const auto policy = kind(AccessPolicy::owner_path_match, DataModel::dictionary);
  const auto name = *parse_resource_name("alice@example.org/phone");
  const auto key = dictionary_key_of(name, ringway::view_of("home"));
  EXPECT_TRUE(check_writer(policy, name.resource(), k_alice, keyed(key)));
  EXPECT_FALSE(check_writer(policy, name.resource(), k_bob, keyed(key)));
  // Another name's value may not be put here.
  const auto other = *parse_resource_name("alice@example.org/fax");
  EXPECT_FALSE(check_writer(policy, name.resource(), k_alice, keyed(dictionary_key_of(other, {}))));
  const auto shared = *parse_resource_name("shared/phone");
  EXPECT_FALSE(check_writer(policy, shared.resource(), k_alice, keyed(dictionary_key_of(shared, {}))));
  EXPECT_FALSE(check_writer(policy, name.resource(), k_alice, keyed({0, 9, 'x'})));
}

TEST(AccessControl, SharedWriterMatchGivesEachWriterOneEntry) {
  // Shows: STORE-08.
  const auto policy = kind(AccessPolicy::shared_writer_match, DataModel::dictionary);
  const auto name = *parse_resource_name("shared/news");
  EXPECT_TRUE(
      check_writer(policy, name.resource(), k_bob, keyed(dictionary_key_of(name, k_bob.node.view()))));
  EXPECT_FALSE(
      check_writer(policy, name.resource(), k_bob, keyed(dictionary_key_of(name, k_alice.node.view()))));
  EXPECT_FALSE(check_writer(policy, name.resource(), k_bob, keyed(dictionary_key_of(name, {}))));
  EXPECT_FALSE(check_writer(policy, resource_id_of(std::string_view("shared/old")), k_bob,
                            keyed(dictionary_key_of(name, k_bob.node.view()))));
}

// A watcher may subscribe to any key, for itself only.
TEST(AccessControl, WatcherMatchWantsNameHashAndTheWatchersNodeId) {
  const auto policy = kind(AccessPolicy::watcher_match, DataModel::dictionary);
  for (const char* text : {"shared/news", "alice@example.org/phone"}) {
    const auto name = *parse_resource_name(text);
    const auto key = dictionary_key_of(name, k_bob.node.view());
    EXPECT_TRUE(check_writer(policy, name.resource(), k_bob, keyed(key)));
    EXPECT_FALSE(check_writer(policy, name.resource(), k_alice, keyed(key)));
    EXPECT_FALSE(check_writer(policy, name.resource(), k_bob, keyed(dictionary_key_of(name, {}))));
    EXPECT_FALSE(check_writer(policy, resource_id_of(std::string_view("shared/old")), k_bob, keyed(key)));
  }
}

}  // namespace
}  // namespace ringway::data
