// Writing as a further user: whose signature a value and its Store carry, and what cannot be done.
#include "reload/data/user_signers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reload/data/resource_names.hpp"
#include "tests/reload/data/overlay.hpp"

namespace ringway::data::test {
namespace {

using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;
using wire::MessageCode;

const char* const k_alice = "alice@example.org";
const char* const k_carol = "carol@example.org";

CallFailure failure_of(const CallResult& result) {
  const CallFailure none{CallError::internal, "it succeeded", 0};
  const auto* failure = std::get_if<CallFailure>(&result);
  EXPECT_NE(failure, nullptr);
  return failure != nullptr ? *failure : none;
}
bool good(const CallResult& result) {
  if (const auto* failure = std::get_if<CallFailure>(&result)) ADD_FAILURE() << failure->message;
  return std::holds_alternative<PutResult>(result);
}

// A gateway that holds alice and carol, and another peer.
class FurtherUsers : public ::testing::Test {
 protected:
  FurtherUsers() {
    overlay.update_views();
    hold({alice, carol});
    overlay.advance(Duration{0});
  }
  void hold(std::vector<SignerPtr> signers) {
    auto users = UserSigners::make(*gateway.signer, std::move(signers));
    ASSERT_TRUE(users) << users.error().reason;
    overlay.to_storage(gateway, UseUsers{*users});
    overlay.run();
  }
  std::string key_of(Peer& owner, const std::string& prefix) {
    for (int i = 0;; ++i) {
      const std::string key = prefix + std::to_string(i);
      if (owner.view->responsible_for(resource_id_of(std::string_view(key)))) return key;
    }
  }
  CallResult put(const std::string& key, std::string_view value, std::string user,
                 std::uint32_t lifetime_s = k_default_lifetime_s) {
    PutCall call;
    call.key = key;
    call.value = copy_of(view_of(value));
    call.lifetime_s = lifetime_s;
    call.as_user = std::move(user);
    return overlay.call(gateway, call);
  }
  CallResult remove(const std::string& key, std::string user) {
    RemoveCall call;
    call.key = key;
    call.as_user = std::move(user);
    return overlay.call(gateway, call);
  }
  std::vector<Entry> entries(Peer& at, const std::string& key) {
    const auto result = overlay.call(at, GetCall{key, std::nullopt});
    const auto* got = std::get_if<GetResult>(&result);
    return got == nullptr ? std::vector<Entry>{} : got->entries;
  }

  Overlay overlay;
  Peer& gateway = overlay.add("gateway@example.org", node_at(0x40));
  Peer& other = overlay.add("other@example.org", node_at(0xC0));
  SignerPtr alice = issue(k_alice, node_at(0x51));
  SignerPtr carol = issue(k_carol, node_at(0x52));
};

TEST_F(FurtherUsers, WhatIsWrittenAsAUserIsSignedByHim) {
  // Shows: STORE-08, STORE-09, STORE-50, FM-06.
  for (Peer* holder : {&other, &gateway}) {  // by a Store whose sender must be allowed too, and at once
    const std::string key = key_of(*holder, "alice@example.org/k");
    ASSERT_TRUE(good(put(key, "hers", k_alice)));
    overlay.forgetful = true;  // nobody remembers her certificate: it must have come along
    for (Peer* reader : {&gateway, &other}) {
      const auto found = entries(*reader, key);
      ASSERT_EQ(found.size(), 1U);
      EXPECT_EQ(text_of(found[0].value), "hers");
      EXPECT_EQ(found[0].writer, k_alice);
      EXPECT_EQ(found[0].writer_node, alice->node_id());
    }
    EXPECT_TRUE(good(remove(key, k_alice)));
    EXPECT_TRUE(entries(other, key).empty());
  }
  EXPECT_EQ(gateway.storage->statistics().writes_as_others, 4U);
  EXPECT_EQ(gateway.storage->statistics().further_users, 2U);
}

TEST_F(FurtherUsers, ASharedKeyHasAnEntryForEachOfThem) {
  for (Peer* holder : {&other, &gateway}) {
    const std::string key = key_of(*holder, "shared/k");
    for (const char* user : {"", k_alice, k_carol}) ASSERT_TRUE(good(put(key, "value", user)));
    ASSERT_TRUE(good(remove(key, k_carol)));
    std::vector<std::string> writers;
    for (const auto& entry : entries(other, key)) writers.push_back(entry.writer);
    EXPECT_THAT(writers, UnorderedElementsAre("gateway@example.org", k_alice));
  }
}

TEST_F(FurtherUsers, NobodyWritesWhereItIsNotHisEvenThroughTheGateway) {
  // Shows: FM-06.
  const std::string key = key_of(other, "alice@example.org/k");
  for (const char* user : {"", k_carol, "gateway@example.org"}) {
    const auto refused = failure_of(put(key, "forged", user));
    EXPECT_EQ(refused.error, CallError::permission_denied);
    EXPECT_THAT(refused.message, HasSubstr("only alice@example.org may write under this name"));
  }
  EXPECT_EQ(gateway.storage->statistics().writes_as_others, 0U);
}

TEST_F(FurtherUsers, WhoIsNotHeldIsNotFoundAndTheAnswerSaysWhatToDo) {
  const auto refused = failure_of(put("mallory@example.org/k", "value", "mallory@example.org"));
  EXPECT_EQ(refused.error, CallError::not_found);
  EXPECT_THAT(refused.message, HasSubstr("no credentials of mallory@example.org"));
  EXPECT_THAT(refused.message, HasSubstr("--user-credentials"));
}

TEST_F(FurtherUsers, ANameThatIsNobodysIsNotRepeated) {
  const auto refused = failure_of(put("shared/k", "value", std::string(k_max_user_name_bytes + 1, 'a')));
  EXPECT_EQ(refused.error, CallError::invalid_argument);
  EXPECT_LT(refused.message.size(), 100U);
  EXPECT_EQ(failure_of(put("shared/k", "value", std::string(k_max_user_name_bytes, 'a'))).error,
            CallError::not_found);
}

TEST_F(FurtherUsers, ThePeersOwnUserMayBeNamed) {
  const std::string key = key_of(other, "gateway@example.org/k");
  EXPECT_TRUE(good(put(key, "value", "gateway@example.org")));
  EXPECT_EQ(gateway.storage->statistics().writes_as_others, 0U);
}

TEST_F(FurtherUsers, ARevokedOrExpiredUserWritesNothingMore) {
  // Shows: SEC-17, SEC-21, FM-27.
  for (Peer* holder : {&other, &gateway}) {
    const std::string key = key_of(*holder, "alice@example.org/k");
    hold({authority().issue_expired(k_alice, node_at(0x51))});
    EXPECT_EQ(failure_of(put(key, "late", k_alice)).error, CallError::failed_precondition);
    EXPECT_TRUE(entries(other, key).empty());
  }
  hold({alice});
  auto next = std::make_shared<config::Configuration>(*overlay.configuration);
  next->bad_nodes = {alice->node_id()};
  overlay.to_storage(gateway, routing::ConfigurationChanged{next});
  const auto refused = failure_of(put("alice@example.org/k", "stolen", k_alice));
  EXPECT_EQ(refused.error, CallError::permission_denied);
  EXPECT_THAT(refused.message, HasSubstr("revoked"));
}

TEST_F(FurtherUsers, ARenewedCertificateSignsAgainWhatThatUserHasPut) {
  // Shows: SEC-38.
  constexpr std::uint32_t k_longest_s = UINT32_MAX;  // the certificates of these tests end late
  const std::string hers = key_of(other, "alice@example.org/k");
  const std::string shared = key_of(other, "shared/k");
  ASSERT_TRUE(good(put(hers, "hers", k_alice, k_longest_s)));
  for (const char* user : {"", k_alice, k_carol}) ASSERT_TRUE(good(put(shared, "value", user, k_longest_s)));
  hold({authority().issue(k_alice, node_at(0x51)), carol});
  overlay.advance(Duration{5'000});
  EXPECT_EQ(gateway.storage->statistics().values_signed_again, 2U);
  EXPECT_EQ(entries(other, shared).size(), 3U);
  // Whose credentials have gone: what he has put stays as it is.
  hold({alice});
  overlay.advance(Duration{5'000});
  EXPECT_EQ(gateway.storage->statistics().values_signed_again, 4U);
  EXPECT_EQ(entries(other, shared).size(), 3U);
}

// Is asked who it is and nothing else.
class Name : public security::Signer {
 public:
  explicit Name(security::CertificatePtr certificate) : certificate_(std::move(certificate)) {}
  const security::CertificatePtr& certificate() const override { return certificate_; }
  NodeId node_id() const override { return certificate_->node_ids().front(); }
  const std::vector<SharedBytes>& chain_der() const override { return chain_; }
  wire::Signature sign(BytesView) const override { return {}; }
  wire::Signature sign_exact(BytesView) const override { return {}; }

 private:
  security::CertificatePtr certificate_;
  std::vector<SharedBytes> chain_;
};

// All of one key: to make so many takes too long.
SignerPtr user_number(std::size_t number) {
  using Type = services::AlternativeName::Type;
  static const services::Key key = ringway::test::new_key();
  NodeId node = node_at(0x80);
  node.bytes[1] = static_cast<std::uint8_t>(number >> 8U);
  node.bytes[2] = static_cast<std::uint8_t>(number & 0xFFU);
  services::CertificateFields fields;
  fields.alternative_names = {{Type::uri, security::reload_uri(node, authority().overlay_name())},
                              {Type::email, "user" + std::to_string(number) + "@example.org"}};
  fields.not_before_ms = ringway::test::k_not_before_ms;
  fields.not_after_ms = ringway::test::k_not_after_ms;
  auto certificate =
      security::Certificate::parse(ringway::test::custom_certificate(fields, key, nullptr, key).der);
  return certificate ? std::make_shared<Name>(*certificate) : nullptr;
}

TEST(UserSigners, AreBounded) {
  const auto own = issue("gateway@example.org", node_at(0x40));
  std::vector<SignerPtr> many;
  for (std::size_t i = 0; i < k_max_further_users; ++i) many.push_back(user_number(i));
  const auto most = UserSigners::make(*own, many);
  ASSERT_TRUE(most) << most.error().reason;
  EXPECT_EQ((*most)->size(), k_max_further_users);
  for (const auto& one : many) EXPECT_EQ((*most)->find(one->certificate()->user_name()), one);
  EXPECT_EQ((*most)->find("user@example.org"), nullptr);
  EXPECT_EQ((*most)->find(""), nullptr);
  EXPECT_EQ((*most)->first_end_ms(), many.front()->certificate()->not_after_ms());
  many.push_back(user_number(k_max_further_users));
  const auto too_many = UserSigners::make(*own, many);
  ASSERT_FALSE(too_many);
  EXPECT_THAT(too_many.error().reason, HasSubstr("at most 1024"));
}

TEST(UserSigners, AreOneForEachUserAndNode) {
  const auto own = issue("gateway@example.org", node_at(0x40));
  const auto refused = [&own](std::vector<SignerPtr> users) {
    const auto made = UserSigners::make(*own, std::move(users));
    return made ? std::string() : made.error().reason;
  };
  EXPECT_THAT(refused({issue("gateway@example.org", node_at(0x41))}), HasSubstr("peer's own user"));
  EXPECT_THAT(
      refused({issue(k_alice, node_at(0x51)), issue(k_carol, node_at(0x52)), issue(k_alice, node_at(0x53))}),
      HasSubstr("two credentials of alice@example.org"));
  EXPECT_THAT(refused({issue(k_alice, node_at(0x40))}), HasSubstr("Node-ID of alice@example.org"));
  EXPECT_THAT(refused({issue(k_alice, node_at(0x51)), issue(k_carol, node_at(0x51))}), HasSubstr("Node-ID"));
}

}  // namespace
}  // namespace ringway::data::test
