// The Certificate Store usage at two peers: what is stored where, how it is looked after, what a finder
// believes.
#include <gtest/gtest.h>

#include <algorithm>

#include "reload/data/certificate_usage.hpp"
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

  // From now on alice's peer is a gateway for them.
  void hold(std::vector<SignerPtr> users) {
    auto made = UserSigners::make(*alice->signer, std::move(users));
    ASSERT_TRUE(made) << made.error().reason;
    overlay.to_storage(*alice, UseUsers{*made});
    overlay.run();
  }
  std::size_t sent_to_store() const {
    return static_cast<std::size_t>(
        std::count_if(overlay.sent.begin(), overlay.sent.end(),
                      [](const Sent& one) { return one.code == MessageCode::store_req && one.by_resource; }));
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

TEST_F(CertificateUsageTest, ThoseOfFurtherUsersAreStoredAsWrittenByThem) {
  // Shows: CERT-02, CERT-03, CERT-07, STORE-08, STORE-09.
  std::vector<SignerPtr> users;
  for (std::uint8_t n = 1; n <= 6; ++n)
    users.push_back(
        issue("user" + std::to_string(n) + "@example.org", node_at(static_cast<std::uint8_t>(0x2A * n))));
  hold(users);
  overlay.advance(Duration{10'000});
  for (const SignerPtr& user : users) {
    const std::string& name = user->certificate()->user_name();
    for (const KindAt& at : {by_user(name), by_node(user->node_id())}) {
      const auto records = stored(at);
      ASSERT_EQ(records.size(), 1U) << name;
      EXPECT_TRUE(equal(records[0]->stored.value.data.value, user->certificate()->der()));
      EXPECT_EQ(records[0]->signer_node, user->node_id());
    }
    EXPECT_EQ(find(*bob, name).certificates.size(), 1U);
    EXPECT_EQ(find(*bob, user->node_id()).certificates.size(), 1U);
  }
}

TEST_F(CertificateUsageTest, OnlyARenewedUsersCertificateIsStoredAnew) {
  // Shows: SEC-38.
  const auto carol = issue("carol@example.org", node_at(0x51));
  const auto dave = issue("dave@example.org", node_at(0x52));
  hold({carol, dave});
  overlay.advance(Duration{10'000});
  overlay.sent.clear();
  const auto renewed = authority().issue("carol@example.org", node_at(0x51));
  hold({renewed, dave});
  overlay.advance(Duration{10'000});
  EXPECT_EQ(sent_to_store(), 2U);
  const auto records = stored(by_user("carol@example.org"));
  ASSERT_EQ(records.size(), 2U);  // the old one is good until it ends
  EXPECT_TRUE(equal(records[0]->stored.value.data.value, carol->certificate()->der()));
  EXPECT_TRUE(equal(records[1]->stored.value.data.value, renewed->certificate()->der()));
  overlay.sent.clear();
  overlay.advance(Duration{3'610'000});  // an hour later everything is as it should be
  EXPECT_EQ(sent_to_store(), 0U);
}

TEST_F(CertificateUsageTest, AFewUsersAreLookedAfterAtATime) {
  std::vector<SignerPtr> users;
  for (std::uint8_t n = 1; n <= 6; ++n)
    users.push_back(
        issue("user" + std::to_string(n) + "@example.org", node_at(static_cast<std::uint8_t>(0x2A * n))));
  overlay.loses = [](const Sent&) { return true; };
  overlay.sent.clear();
  hold(users);
  overlay.advance(Duration{3'000});
  EXPECT_EQ(overlay.sent.size(), k_most_certificates_at_once);
  overlay.loses = [](const Sent&) { return false; };
  overlay.advance(Duration{180'000});
  for (const SignerPtr& user : users) EXPECT_EQ(stored(by_user(user->certificate()->user_name())).size(), 1U);
}

TEST_F(CertificateUsageTest, ARevokedOrEndedUsersCertificateIsNotStored) {
  // Shows: SEC-21.
  const auto carol = issue("carol@example.org", node_at(0x51));
  auto next = std::make_shared<config::Configuration>(*overlay.configuration);
  next->bad_nodes = {carol->node_id()};
  overlay.to_storage(*alice, routing::ConfigurationChanged{next});
  overlay.sent.clear();
  hold({carol, authority().issue_expired("dave@example.org", node_at(0x52))});
  overlay.advance(Duration{10'000});
  EXPECT_TRUE(overlay.sent.empty());
}

TEST_F(CertificateUsageTest, APeerBesideTheOneThatKeepsThemLeavesThemAlone) {
  overlay.storage_settings.keeps_users_certificates = false;
  Peer& second = overlay.add("second@example.org", node_at(0x60));
  overlay.update_views();
  overlay.advance(Duration{10'000});
  overlay.sent.clear();
  const auto users = UserSigners::make(*second.signer, {issue("carol@example.org", node_at(0x51))});
  ASSERT_TRUE(users) << users.error().reason;
  overlay.to_storage(second, UseUsers{*users});
  overlay.advance(Duration{10'000});
  EXPECT_EQ(sent_to_store(), 0U);
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
