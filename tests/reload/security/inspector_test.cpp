#include "reload/security/inspector.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "reload/security/signer.hpp"
#include "tests/support/signed_message.hpp"
#include "tests/support/test_authority.hpp"

namespace ringway::security {
namespace {

using test::k_now_ms;
using testing::HasSubstr;
using testing::SizeIs;

constexpr KindId k_single = 0xF0000011;
constexpr KindId k_array = 0xF0000012;
constexpr KindId k_dictionary = 0xF0000013;

class KnownKinds : public wire::KindModels {
 public:
  bool model_of(KindId kind, wire::DataModel& model) const override {
    const auto found = models_.find(kind);
    if (found != models_.end()) model = found->second;
    return found != models_.end();
  }

 private:
  std::map<KindId, wire::DataModel> models_{{k_single, wire::DataModel::single},
                                            {k_array, wire::DataModel::array},
                                            {k_dictionary, wire::DataModel::dictionary}};
};

class InspectorTest : public testing::Test {
 protected:
  Result<InspectedMessage> inspect(const SharedBytes& bytes, WallMs now_ms = k_now_ms,
                                   std::optional<ResourceId> fetched = std::nullopt) {
    auto header = wire::parse_header(bytes);
    if (!header) return Failure{header.error().reason};
    return inspector_.inspect(now_ms, std::move(*header), bytes, fetched);
  }
  Result<InspectedMessage> inspect(const wire::Message& message, WallMs now_ms = k_now_ms) {
    return inspect(test::encoded(message), now_ms);
  }
  std::string refusal(const wire::Message& message, WallMs now_ms = k_now_ms) {
    const auto inspected = inspect(message, now_ms);
    return inspected ? "" : inspected.error().reason;
  }
  wire::Message ping(const Signer& signer) const {
    return test::signed_message(signer, wire::MessageCode::ping_req, wire::encode(wire::PingReq{}));
  }

  // A Store of these values of one Kind, signed by `signer` and with the certificates given besides.
  wire::Message store(const Signer& signer, KindId kind, std::vector<wire::StoredData> values,
                      const std::vector<SharedBytes>& certificates = {},
                      std::uint8_t replica_number = 0) const {
    wire::StoreReq request;
    request.resource = copy_of(resource_.view());
    request.replica_number = replica_number;
    request.kind_data.push_back({kind, 0, std::move(values), false, {}});
    return test::signed_message(signer, wire::MessageCode::store_req, wire::encode(request), certificates);
  }
  // The verdicts of an accepted Store.
  std::vector<ValueVerdict> verdicts(const wire::Message& message, WallMs now_ms = k_now_ms) {
    auto inspected = inspect(message, now_ms);
    EXPECT_TRUE(inspected.ok()) << (inspected ? "" : inspected.error().reason);
    if (!inspected || inspected->verdicts.size() != 1) return {};
    return std::move(inspected->verdicts.front());
  }

  test::TestAuthority authority_;
  test::SignerPtr alice_ = authority_.issue("alice@example.org", test::node_id(7));
  test::SignerPtr bob_ = authority_.issue("bob@example.org", test::node_id(8));
  ResourceId resource_ = resource_id_of("alice@example.org");
  // Remembers for longer than certificates are valid: tests set its clock far ahead.
  Inspector inspector_{{authority_.trust(), std::make_shared<KnownKinds>()},
                       {.most_unused_ms = test::k_not_after_ms}};
};

TEST_F(InspectorTest, AcceptsWhatItsOriginatorSigned) {
  // Shows: SEC-01, SEC-09.
  const auto inspected = inspect(ping(*alice_));
  ASSERT_TRUE(inspected.ok()) << inspected.error().reason;
  EXPECT_EQ(inspected->signer->user_name(), "alice@example.org");
  EXPECT_EQ(inspected->signer_node, test::node_id(7));
  EXPECT_EQ(inspected->message.contents.code, wire::MessageCode::ping_req);
}

TEST_F(InspectorTest, AcceptsRsaAndSeveralNodeIds) {
  // Shows: SEC-05, SEC-07.
  EXPECT_TRUE(inspect(ping(*authority_.issue_rsa("carol@example.org", test::node_id(9)))).ok());
  test::IssueOptions options;
  options.more_nodes = {test::node_id(11), test::node_id(12)};
  const auto files = authority_.credentials("dave@example.org", test::node_id(10), options);
  for (const std::uint8_t first : {std::uint8_t{10}, std::uint8_t{11}, std::uint8_t{12}}) {
    const auto signer =
        load_signer(files.private_key_pem, files.certificate_pem, test::node_id(first)).value();
    const auto inspected = inspect(ping(*signer));
    ASSERT_TRUE(inspected.ok()) << inspected.error().reason;
    EXPECT_EQ(inspected->signer_node, test::node_id(first));
  }
}

TEST_F(InspectorTest, DropsUnsignedMessages) {
  // Shows: SEC-01, SEC-09.
  auto message = ping(*alice_);
  message.security.signature = {};
  EXPECT_THAT(refusal(message), HasSubstr("not signed"));
}

TEST_F(InspectorTest, DropsChangedMessages) {
  // Shows: SEC-02, SEC-09.
  auto other_contents = ping(*alice_);
  other_contents.contents.code = wire::MessageCode::ping_ans;
  other_contents.contents_wire = SharedBytes(wire::encode(other_contents.contents));
  EXPECT_THAT(refusal(other_contents), HasSubstr("signature is wrong"));
  auto other_transaction = ping(*alice_);
  ++other_transaction.header.transaction_id;
  EXPECT_THAT(refusal(other_transaction), HasSubstr("signature is wrong"));
  auto other_overlay = ping(*alice_);
  ++other_overlay.header.overlay;
  EXPECT_THAT(refusal(other_overlay), HasSubstr("signature is wrong"));
}

TEST_F(InspectorTest, RoutingFieldsAreNotSigned) {
  // Shows: SEC-02.
  auto forwarded = ping(*alice_);
  forwarded.header.ttl -= 3;
  forwarded.header.via_list = {wire::to_node(test::node_id(7)), wire::to_node(test::node_id(9))};
  forwarded.header.destination_list.front() = wire::to_resource(resource_);
  forwarded.header.configuration_sequence = 9;
  forwarded.header.max_response_length = 5000;
  EXPECT_EQ(refusal(forwarded), "");
}

TEST_F(InspectorTest, EveryChangedByteOfThePayloadIsNoticed) {
  // Shows: SEC-09, SEC-39.
  const SharedBytes good = test::encoded(ping(*alice_));
  const std::size_t start = wire::parse_header(good).value().size_bytes;
  for (std::size_t at = start; at < good.size(); ++at) {
    Bytes changed = copy_of(good);
    changed[at] ^= 0x01;
    EXPECT_FALSE(inspect(SharedBytes(changed)).ok()) << at - start;
  }
}

TEST_F(InspectorTest, TheSignersCertificateMustComeAlong) {
  // Shows: SEC-10.
  auto message = ping(*alice_);
  message.security.certificates.clear();
  EXPECT_THAT(refusal(message), HasSubstr("none of the certificates"));
  message.security.certificates = {{wire::CertificateType::x509, bob_->certificate()->der()}};
  EXPECT_THAT(refusal(message), HasSubstr("none of the certificates"));
  EXPECT_EQ(refusal(ping(*alice_)), "");  // remembered from now on, and still asked for
  EXPECT_THAT(refusal(message), HasSubstr("none of the certificates"));
}

TEST_F(InspectorTest, IdentitiesOtherThanSha256AreRefused) {
  // Shows: SEC-39.
  for (const auto hash :
       {wire::HashAlgorithm::none, wire::HashAlgorithm::sha1, wire::HashAlgorithm::sha512}) {
    auto message = ping(*alice_);
    message.security.signature.identity.hash = hash;
    EXPECT_THAT(refusal(message), HasSubstr("SHA-256"));
  }
}

TEST_F(InspectorTest, RefusesStrangersRevokedAndExpiredSigners) {
  // Shows: SEC-16, SEC-17, SEC-21.
  const test::TestAuthority stranger;
  EXPECT_NE(refusal(ping(*stranger.issue("alice@example.org", test::node_id(7)))), "");
  EXPECT_THAT(refusal(ping(*authority_.issue_expired("alice@example.org", test::node_id(7)))),
              HasSubstr("expired"));
  EXPECT_THAT(refusal(ping(*authority_.issue_not_yet_valid("alice@example.org", test::node_id(7)))),
              HasSubstr("not valid yet"));
  EXPECT_EQ(refusal(ping(*alice_)), "");
  inspector_.replace({authority_.trust({test::node_id(7)}), std::make_shared<KnownKinds>()});
  EXPECT_THAT(refusal(ping(*alice_)), HasSubstr("revoked"));
  EXPECT_EQ(refusal(ping(*bob_)), "");
}

TEST_F(InspectorTest, ARememberedCertificateStillExpires) {
  // Shows: SEC-17.
  const auto message = ping(*alice_);
  EXPECT_EQ(refusal(message), "");
  EXPECT_EQ(refusal(message, test::k_not_after_ms), "");
  EXPECT_THAT(refusal(message, test::k_not_after_ms + 1), HasSubstr("expired"));
  EXPECT_THAT(refusal(message, test::k_not_before_ms - 1), HasSubstr("not valid yet"));
  EXPECT_EQ(refusal(message), "");
}

TEST_F(InspectorTest, ARememberedChainEndsWithItsIntermediate) {
  // Shows: SEC-16, SEC-17.
  services::CertificateFields fields;
  fields.common_name = "intermediate";
  fields.authority = true;
  fields.not_before_ms = test::k_not_before_ms;
  fields.not_after_ms = k_now_ms + 1000;
  const auto& root = authority_.authority();
  const auto intermediate =
      test::custom_certificate(fields, test::new_key(), root.root(), authority_.root_key());
  services::CertificateFields node_fields;
  node_fields.alternative_names = {
      {services::AlternativeName::Type::uri, reload_uri(test::node_id(20), "overlay.example.org")},
      {services::AlternativeName::Type::email, "eve@example.org"}};
  node_fields.not_before_ms = test::k_not_before_ms;
  node_fields.not_after_ms = test::k_not_after_ms;
  const auto node =
      test::custom_certificate(node_fields, test::new_key(), intermediate.x509, intermediate.key);
  const auto signer =
      load_signer(services::write_key(node.key).value(),
                  services::certificate_pem(node.x509) + services::certificate_pem(intermediate.x509))
          .value();
  EXPECT_EQ(refusal(ping(*signer)), "");
  EXPECT_EQ(refusal(ping(*signer), k_now_ms + 1000), "");
  EXPECT_NE(refusal(ping(*signer), k_now_ms + 2000), "");
}

TEST_F(InspectorTest, AVerdictHasTheChainThatWasUsedRememberedOrNot) {
  // Shows: SEC-11.
  const auto writer = authority_.issue_through(2, "eve@example.org", test::node_id(20));
  const auto value = test::signed_value(*writer, resource_, k_single, test::single_value("v"));
  std::vector<wire::GenericCertificate> certificates{
      {wire::CertificateType::x509, writer->certificate()->der()}};
  EXPECT_EQ(inspector_.check_value(k_now_ms, resource_, k_single, value, certificates).signer, nullptr);
  for (const auto& der : writer->chain_der()) certificates.push_back({wire::CertificateType::x509, der});
  for (int i = 0; i < 2; ++i) {
    const auto verdict = inspector_.check_value(k_now_ms, resource_, k_single, value, certificates);
    ASSERT_NE(verdict.signer, nullptr) << verdict.reason;
    ASSERT_NE(verdict.chain, nullptr);
    EXPECT_THAT(*verdict.chain, SizeIs(2));
    certificates.resize(1);  // what follows needs no intermediates
  }
}

TEST_F(InspectorTest, NothingIsCheckedTwice) {
  const auto message = ping(*alice_);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(refusal(message), "");
  EXPECT_EQ(inspector_.statistics().signatures_checked, 1U);
  EXPECT_EQ(inspector_.statistics().signatures_remembered, 2U);
  EXPECT_EQ(inspector_.statistics().certificates_checked, 1U);
}

TEST_F(InspectorTest, WhatItRemembersIsBounded) {
  Inspector small(inspector_.context(), {.max_certificates = 1, .max_signatures = 2});
  for (std::uint8_t i = 1; i <= 4; ++i) {
    const auto bytes = test::encoded(ping(*authority_.issue("alice@example.org", test::node_id(i))));
    ASSERT_TRUE(small.inspect(k_now_ms, *wire::parse_header(bytes), bytes, std::nullopt).ok());
    for (const TableSize& table : small.tables()) EXPECT_LE(table.size, table.bound) << table.name;
  }
  EXPECT_EQ(small.tables()[0].size, 1U);
  EXPECT_EQ(small.tables()[1].size, 2U);
  EXPECT_EQ(small.statistics().signatures_checked, 4U);
}

TEST_F(InspectorTest, WhatNobodyUsesIsForgotten) {
  Inspector short_of_memory(inspector_.context(), {.most_unused_ms = 60'000});
  const auto inspect = [&](const wire::Message& message, WallMs at_ms) {
    const auto bytes = test::encoded(message);
    return short_of_memory.inspect(at_ms, *wire::parse_header(bytes), bytes, std::nullopt).ok();
  };
  ASSERT_TRUE(inspect(ping(*alice_), k_now_ms));
  ASSERT_TRUE(inspect(ping(*bob_), k_now_ms + 61'000));
  EXPECT_EQ(short_of_memory.tables()[0].size, 1U);
  EXPECT_EQ(short_of_memory.tables()[1].size, 1U);
  ASSERT_TRUE(inspect(ping(*alice_), k_now_ms + 61'000));
  EXPECT_EQ(short_of_memory.statistics().certificates_checked, 3U);
}

TEST_F(InspectorTest, ValuesSeenInAStoreAreRememberedInAFetch) {
  const auto value = test::signed_value(*bob_, resource_, k_single, test::single_value("v"));
  const auto request = store(*alice_, k_single, {value}, {bob_->certificate()->der()});
  ASSERT_THAT(verdicts(request), SizeIs(1));
  const auto checked = inspector_.statistics().signatures_checked;
  EXPECT_NE(inspector_
                .check_value(k_now_ms, resource_, k_single, value,
                             {{wire::CertificateType::x509, bob_->certificate()->der()}})
                .signer,
            nullptr);
  EXPECT_EQ(inspector_.statistics().signatures_checked, checked);
}

TEST_F(InspectorTest, ReplacingTheContextForgetsEverything) {
  EXPECT_EQ(refusal(ping(*alice_)), "");
  const test::TestAuthority other;
  inspector_.replace({other.trust(), std::make_shared<KnownKinds>()});
  EXPECT_NE(refusal(ping(*alice_)), "");
}

TEST_F(InspectorTest, AStoreHasAVerdictForEachValue) {
  // Shows: SEC-03, SEC-10.
  const auto good = test::signed_value(*bob_, resource_, k_dictionary, test::dictionary_value("k", "v"));
  auto changed = good;
  changed.value = test::dictionary_value("k", "w");
  changed.value_wire = SharedBytes(wire::encode(changed.value));
  auto unsigned_value = good;
  unsigned_value.signature = {};
  const auto unaccompanied = test::signed_value(*authority_.issue("eve@example.org", test::node_id(20)),
                                                resource_, k_dictionary, test::dictionary_value("k", "v"));
  const auto found = verdicts(store(*alice_, k_dictionary, {good, changed, unsigned_value, unaccompanied},
                                    {bob_->certificate()->der()}));
  ASSERT_THAT(found, SizeIs(4));
  ASSERT_NE(found[0].signer, nullptr) << found[0].reason;
  EXPECT_EQ(found[0].signer->user_name(), "bob@example.org");
  EXPECT_EQ(found[0].signer_node, test::node_id(8));
  EXPECT_EQ(found[1].signer, nullptr);
  EXPECT_THAT(found[1].reason, HasSubstr("signature is wrong"));
  EXPECT_EQ(found[2].signer, nullptr);
  EXPECT_THAT(found[2].reason, HasSubstr("not signed"));
  EXPECT_EQ(found[3].signer, nullptr);
  EXPECT_THAT(found[3].reason, HasSubstr("none of the certificates"));
}

TEST_F(InspectorTest, WhoMayNotStoreCostsNoSignature) {
  // Shows: FM-43.
  inspector_.replace({authority_.trust(), std::make_shared<KnownKinds>(),
                      [](KindId kind, const Certificate& requester) -> Outcome<> {
                        if (kind == k_dictionary) return Done{};
                        return Failure{"not for " + requester.user_name()};
                      }});
  const auto value = test::signed_value(*bob_, resource_, k_single, test::single_value("x"));
  const std::vector<SharedBytes> certificates{bob_->certificate()->der()};
  const auto refused = verdicts(store(*alice_, k_single, {value, value}, certificates));
  ASSERT_THAT(refused, SizeIs(2));
  for (const auto& verdict : refused) {
    EXPECT_EQ(verdict.signer, nullptr);
    EXPECT_EQ(verdict.reason, "not for alice@example.org");
  }
  EXPECT_EQ(inspector_.statistics().signatures_checked, 1U);  // the message's
  EXPECT_EQ(inspector_.statistics().certificates_checked, 1U);

  // A holder sends what others have stored.
  const auto copies = verdicts(store(*alice_, k_single, {value}, certificates, 1));
  ASSERT_THAT(copies, SizeIs(1));
  EXPECT_NE(copies.front().signer, nullptr) << copies.front().reason;
}

TEST_F(InspectorTest, AValueIsBoundToResourceKindAndStorageTimeButNotToLifetime) {
  // Shows: SEC-03.
  const auto good = test::signed_value(*alice_, resource_, k_single, test::single_value("v"), 1000, 60);
  const std::vector<wire::GenericCertificate> certificates{
      {wire::CertificateType::x509, alice_->certificate()->der()}};
  const auto accepted = [&](const ResourceId& resource, KindId kind, const wire::StoredData& value) {
    return inspector_.check_value(k_now_ms, resource, kind, value, certificates).signer != nullptr;
  };
  EXPECT_TRUE(accepted(resource_, k_single, good));
  EXPECT_FALSE(accepted(resource_id_of("bob@example.org"), k_single, good));
  EXPECT_FALSE(accepted(resource_, k_array, good));
  auto later = good;
  ++later.storage_time_ms;
  EXPECT_FALSE(accepted(resource_, k_single, later));
  auto shorter = good;
  shorter.lifetime_s = 1;
  EXPECT_TRUE(accepted(resource_, k_single, shorter));
}

TEST_F(InspectorTest, ArrayValuesKeepTheirSignatureAtAnotherIndex) {
  // Shows: SEC-04.
  auto value = test::signed_value(*alice_, resource_, k_array, test::array_value(wire::k_array_end, "v"));
  value.value.index = 5;
  value.value_wire = SharedBytes(wire::encode(value.value));
  const auto found = verdicts(store(*alice_, k_array, {value}));
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_NE(found[0].signer, nullptr) << found[0].reason;
}

TEST_F(InspectorTest, AValueOfAnExpiredSignerIsInvalid) {
  // Shows: SEC-17.
  test::IssueOptions options;
  options.validity = {test::k_not_before_ms, k_now_ms + 1000};
  const auto leaving = authority_.issue("carol@example.org", test::node_id(9), options);
  const auto value =
      test::signed_value(*leaving, resource_, k_single, test::single_value("v"), k_now_ms, 86'400);
  const auto message = store(*alice_, k_single, {value}, {leaving->certificate()->der()});
  auto found = verdicts(message);
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_NE(found[0].signer, nullptr) << found[0].reason;
  found = verdicts(message, k_now_ms + 2000);
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].signer, nullptr);
  EXPECT_THAT(found[0].reason, HasSubstr("expired"));
}

TEST_F(InspectorTest, AFetchedValueIsCheckedForTheResourceThatWasAskedFor) {
  wire::FetchAns answer;
  answer.kind_responses.push_back(
      {k_single, 1, {test::signed_value(*bob_, resource_, k_single, test::single_value("v"))}, false, {}});
  answer.kind_responses.push_back(
      {k_array, 1, {wire::absent_value(wire::DataModel::array, 3, {})}, false, {}});
  const SharedBytes bytes = test::encoded(test::signed_message(
      *alice_, wire::MessageCode::fetch_ans, wire::encode(answer), {bob_->certificate()->der()}));
  const auto right = inspect(bytes, k_now_ms, resource_);
  ASSERT_TRUE(right.ok()) << right.error().reason;
  ASSERT_THAT(right->verdicts, SizeIs(2));
  ASSERT_THAT(right->verdicts[0], SizeIs(1));
  EXPECT_EQ(right->verdicts[0][0].signer_node, test::node_id(8));
  ASSERT_THAT(right->verdicts[1], SizeIs(1));
  EXPECT_EQ(right->verdicts[1][0].signer, nullptr);
  EXPECT_EQ(right->verdicts[1][0].reason, "");  // not there: nothing to complain about

  const auto wrong = inspect(bytes, k_now_ms, resource_id_of("bob@example.org"));
  ASSERT_TRUE(wrong.ok());
  EXPECT_EQ(wrong->verdicts[0][0].signer, nullptr);
  const auto unasked = inspect(bytes);
  ASSERT_TRUE(unasked.ok());
  EXPECT_FALSE(unasked->fetch.has_value());
  EXPECT_TRUE(unasked->verdicts.empty());
}

TEST_F(InspectorTest, ABodyThatDoesNotDecodeIsSaid) {
  const auto broken = test::signed_message(*alice_, wire::MessageCode::store_req, {0x10, 0x00});
  const auto inspected = inspect(broken);
  ASSERT_TRUE(inspected.ok());
  EXPECT_NE(inspected->body_fault, "");
  EXPECT_FALSE(inspected->store.has_value());

  wire::StoreReq short_resource;
  short_resource.resource = {1, 2, 3};
  const auto refused =
      inspect(test::signed_message(*alice_, wire::MessageCode::store_req, wire::encode(short_resource)));
  ASSERT_TRUE(refused.ok());
  EXPECT_THAT(refused->body_fault, HasSubstr("Resource-ID"));
}

TEST_F(InspectorTest, UnknownKindsKeepTheirPlace) {
  wire::StoreReq request;
  request.resource = copy_of(resource_.view());
  request.kind_data.push_back({0xF00000FF, 0, {}, true, SharedBytes(Bytes{1, 2, 3})});
  request.kind_data.push_back(
      {k_single, 0, {test::signed_value(*alice_, resource_, k_single, test::single_value("v"))}, false, {}});
  const auto inspected =
      inspect(test::signed_message(*alice_, wire::MessageCode::store_req, wire::encode(request)));
  ASSERT_TRUE(inspected.ok());
  ASSERT_THAT(inspected->verdicts, SizeIs(2));
  EXPECT_TRUE(inspected->verdicts[0].empty());
  ASSERT_THAT(inspected->verdicts[1], SizeIs(1));
  EXPECT_NE(inspected->verdicts[1][0].signer, nullptr);
}

TEST_F(InspectorTest, ManyValuesOfAStrangerCostOneCheckOfTheChain) {
  const test::TestAuthority stranger;
  const auto eve = stranger.issue("eve@example.org", test::node_id(20));
  const auto value = test::signed_value(*eve, resource_, k_single, test::single_value("v"));
  ASSERT_EQ(refusal(ping(*alice_)), "");
  const auto before = inspector_.statistics();
  const auto found = verdicts(store(*alice_, k_single, std::vector(50, value), {eve->certificate()->der()}));
  ASSERT_THAT(found, SizeIs(50));
  for (const auto& verdict : found) EXPECT_EQ(verdict.signer, nullptr);
  EXPECT_EQ(inspector_.statistics().certificates_checked, before.certificates_checked + 1);
  EXPECT_EQ(inspector_.statistics().signatures_checked, before.signatures_checked + 1);  // the message's own
}

}  // namespace
}  // namespace ringway::security
