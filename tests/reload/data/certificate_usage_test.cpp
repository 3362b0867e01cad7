// The Certificate Store usage at two peers: what is stored where, how it is looked after, what a finder
// believes.
#include <gtest/gtest.h>

#include "tests/reload/data/overlay.hpp"

namespace ringway::data::test {
namespace {

using ringway::test::k_now_ms;
using wire::MessageCode;

class CertificateUsageTest : public ::testing::Test {
 protected:
  CertificateUsageTest() {
    for (const KindId id : {config::k_certificate_by_node, config::k_certificate_by_user}) {
      auto kind = *config::iana_kind(id);
      kind.max_count = 4;
      kind.max_size_bytes = 4000;
      overlay.configuration->kinds.add(kind);
    }
    overlay.configuration->max_message_size_bytes = 20'000;
    alice = &overlay.add("alice@example.org", node_at(0x40));
    bob = &overlay.add("bob@example.org", node_at(0xC0));
    overlay.update_views();
    overlay.advance(Duration{5'000});
  }
  static KindAt by_user(std::string_view user) {
    return {resource_id_of(user), config::k_certificate_by_user};
  }
  static KindAt by_node(const NodeId& node) {
    return {resource_id_of(node.view()), config::k_certificate_by_node};
  }
  std::vector<RecordPtr> stored(const KindAt& at) { return alice->store->load(at)->records; }
  // Written by `signer`, straight to whoever is responsible.
  MessageCode write(const SignerPtr& signer, const KindAt& at, const SharedBytes& value, std::uint32_t index,
                    std::uint32_t lifetime_s) {
    wire::StoredData data;
    data.storage_time_ms = overlay.now().wall_ms + 1;
    data.lifetime_s = lifetime_s;
    data.value.model = wire::DataModel::array;
    data.value.index = index;
    data.value.data = {true, value};
    data.value_wire = SharedBytes{wire::encode(data.value)};
    data.signature = signer->sign(security::value_signature_input(at.resource, at.kind, data.storage_time_ms,
                                                                  wire::DataModel::array, data.value_wire));
    wire::StoreReq request;
    request.resource = copy_of(at.resource.view());
    wire::StoreKindData kind;
    kind.kind = at.kind;
    kind.values.push_back(std::move(data));
    request.kind_data.push_back(std::move(kind));
    Peer& owner = alice->view->responsible_for(at.resource) ? *alice : *bob;
    const auto answer = overlay.store(signer, owner, request);
    return answer ? answer->code : MessageCode::invalid;
  }
  CertificatesFound find(Peer& by, CertificatesOf of) {
    by.found.reset();
    overlay.to_storage(by, FindCertificates{1, std::move(of)});
    overlay.run();
    EXPECT_TRUE(by.found.has_value());
    return by.found.value_or(CertificatesFound{});
  }

  Overlay overlay;
  Peer* alice = nullptr;
  Peer* bob = nullptr;
};

TEST_F(CertificateUsageTest, ItIsStoredUnderTheHashesOfUserAndNode) {
  // Shows: CERT-01, CERT-02, CERT-03, CERT-07, CERT-08.
  for (Peer* peer : {alice, bob}) {
    const auto& own = *peer->signer->certificate();
    for (const KindAt& at : {by_user(own.user_name()), by_node(peer->node)}) {
      const auto records = stored(at);
      ASSERT_EQ(records.size(), 1U);
      EXPECT_TRUE(equal(records[0]->stored.value.data.value, own.der()));
      EXPECT_EQ(records[0]->stored.value.index, 0U);
      EXPECT_EQ(records[0]->stored.lifetime_s, (own.not_after_ms() - k_now_ms) / 1000 - 2);
    }
  }
}

TEST_F(CertificateUsageTest, WhatIsAboutToEndIsStoredAgainAtItsOwnIndex) {
  // Shows: CERT-05.
  const KindAt at = by_user("alice@example.org");
  const auto& own = *alice->signer->certificate();
  // Another device of alice stands before and after it.
  const auto other = issue("alice@example.org", node_at(0x44));
  ASSERT_EQ(write(other, at, other->certificate()->der(), wire::k_array_end, 90'000), MessageCode::store_ans);
  ASSERT_EQ(write(alice->signer, at, own.der(), 0, 7'200), MessageCode::store_ans);
  overlay.advance(Duration{3'605'000});
  const auto records = stored(at);
  ASSERT_EQ(records.size(), 2U);
  EXPECT_TRUE(equal(records[0]->stored.value.data.value, own.der()));
  EXPECT_GT(records[0]->stored.lifetime_s, 100'000U);
  EXPECT_TRUE(equal(records[1]->stored.value.data.value, other->certificate()->der()));
}

TEST_F(CertificateUsageTest, AFinderBelievesOnlyWhatIsOfWhomItAskedFor) {
  // Shows: FM-02.
  EXPECT_EQ(find(*bob, std::string("alice@example.org")).certificates.size(), 1U);
  EXPECT_EQ(find(*bob, alice->node).certificates.size(), 1U);
  // Bob's certificate among alice's, and something that is none at all.
  const KindAt at = by_user("alice@example.org");
  const auto other = issue("alice@example.org", node_at(0x44));
  ASSERT_EQ(write(other, at, bob->signer->certificate()->der(), wire::k_array_end, 90'000),
            MessageCode::store_ans);
  ASSERT_EQ(write(other, at, SharedBytes(copy_of(view_of("nonsense"))), wire::k_array_end, 90'000),
            MessageCode::store_ans);
  EXPECT_EQ(stored(at).size(), 3U);
  const auto result = find(*bob, std::string("alice@example.org"));
  ASSERT_EQ(result.certificates.size(), 1U);
  EXPECT_TRUE(equal(result.certificates[0]->der(), alice->signer->certificate()->der()));
}

}  // namespace
}  // namespace ringway::data::test
