// What a mailbox is called, how an entry is written, and what a storing peer refuses.
#include "sip-usage/messages/mailbox.hpp"

#include <gtest/gtest.h>

#include "reload/data/resource_names.hpp"
#include "sip-usage/messages/storing_peer.hpp"
#include "tests/sip-usage/messages/stage.hpp"

namespace ringway::sip::messages::test {
namespace {

using ringway::test::node_id;

KeptMessage kept(std::uint64_t id, std::size_t envelope_bytes = 3) {
  return {id, 1000, SharedBytes(Bytes(envelope_bytes, 7))};
}
bool is_good(const KeptMessages& entry) {
  const auto read = wire::decode<KeptMessages>(SharedBytes(wire::encode(entry)));
  return read.ok();
}

TEST(Mailbox, IsBelowTheUsersName) {
  EXPECT_EQ(mailbox_of(aor("bob")), "bob@overlay.example.org/sip-messages");
  EXPECT_EQ(mailbox_of(*Aor::of_user_name("+431@overlay.example.org")),
            "+431@overlay.example.org/sip-messages");
  // The name would be another user's.
  EXPECT_EQ(mailbox_of(*Aor::of_user_name("a/b@overlay.example.org")), std::nullopt);
  EXPECT_EQ(mailbox_of(*Aor::of_user_name("shared/b@overlay.example.org")), std::nullopt);
}

TEST(Mailbox, AnEntryComesBack) {
  const KeptMessages entry{{kept(5), kept(6), {9, 77, SharedBytes(Bytes{1, 2})}}};
  const Bytes written = wire::encode(entry);
  const auto read = wire::decode<KeptMessages>(SharedBytes(written));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->messages.size(), 3U);
  EXPECT_EQ(read->messages[2].id, 9U);
  EXPECT_EQ(read->messages[2].until_ms, 77U);
  EXPECT_EQ(wire::encode(*read), written);
  EXPECT_EQ(written.size(), 3 + 3 * k_kept_frame_bytes + 3 + 3 + 2);
  for (std::size_t size = 0; size < written.size(); ++size)
    EXPECT_FALSE(wire::decode<KeptMessages>(
        SharedBytes(Bytes(written.begin(), written.begin() + static_cast<std::ptrdiff_t>(size)))));
}

TEST(Mailbox, AnEntryHasBounds) {
  KeptMessages entry;
  EXPECT_TRUE(is_good(entry));
  for (std::size_t i = 1; i <= k_max_kept_of_sender; ++i) entry.messages.push_back(kept(i));
  EXPECT_TRUE(is_good(entry));
  entry.messages.push_back(kept(1000));
  EXPECT_FALSE(is_good(entry)) << "the quota";
  EXPECT_TRUE(is_good({{kept(1, k_max_envelope_bytes)}}));
  EXPECT_FALSE(is_good({{kept(1, k_max_envelope_bytes + 1)}}));
  EXPECT_FALSE(is_good({{kept(1, 0)}}));
  EXPECT_FALSE(is_good({{kept(2), kept(2)}})) << "an id twice";
  EXPECT_FALSE(is_good({{kept(2), kept(1)}}));
  Bytes other_version = wire::encode(KeptMessages{{kept(1)}});
  other_version[0] = 2;
  EXPECT_FALSE(wire::decode<KeptMessages>(SharedBytes(other_version)));
}

std::string refusal(const std::string& name, const Bytes& bytes, bool exists = true) {
  config::Configuration here;
  here.kinds.add(config::mailbox_kind());
  wire::StoredDataValue value;
  value.model = wire::DataModel::dictionary;
  Bytes key{0, static_cast<std::uint8_t>(name.size())};
  append(key, view_of(name));
  append(key, node_id(1).view());
  value.key = SharedBytes(key);
  value.data = {exists, SharedBytes(bytes)};
  const data::Writer writer{"alice@overlay.example.org", node_id(1)};
  const auto& kind = *here.kinds.find(k_mailbox);
  const auto policy = data::check_writer(kind, resource_id_of(std::string_view(name)), writer, value);
  if (!policy) return policy.error().reason;
  const auto outcome = data::check_usage(usage_checks().get(), here, kind, writer, value);
  return outcome ? "" : outcome.error().reason;
}

TEST(Mailbox, AStoringPeerTakesNothingElse) {
  const Bytes good = wire::encode(KeptMessages{{kept(1)}});
  struct Row {
    const char* what;
    std::string name;
    Bytes value;
    bool exists;
    bool is_taken;
  };
  const std::vector<Row> rows{
      {"an entry", "bob@overlay.example.org/sip-messages", good, true, true},
      {"an empty one", "bob@overlay.example.org/sip-messages", wire::encode(KeptMessages{}), true, true},
      {"a removed one", "bob@overlay.example.org/sip-messages", {}, false, true},
      {"no value", "bob@overlay.example.org/sip-messages", {}, true, false},
      {"text", "bob@overlay.example.org/sip-messages", copy_of(view_of("hello")), true, false},
      {"another name", "bob@overlay.example.org/news", good, true, false},
      {"a longer name", "bob@overlay.example.org/x/sip-messages", good, true, false},
      {"a removal under another name", "bob@overlay.example.org/news", {}, false, false},
      {"nobody's", "shared/sip-messages", good, true, false},
      {"a name in capitals", "bob@Overlay.example.org/sip-messages", good, true, false},
  };
  for (const Row& row : rows)
    EXPECT_EQ(refusal(row.name, row.value, row.exists).empty(), row.is_taken) << row.what;
}

TEST(Mailbox, RegistrationsAreCheckedBesides) {
  EXPECT_TRUE(usage_checks()->contains(k_mailbox));
  EXPECT_TRUE(usage_checks()->contains(config::k_sip_registration));
}

}  // namespace
}  // namespace ringway::sip::messages::test
