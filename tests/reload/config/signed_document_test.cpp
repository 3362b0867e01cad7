// Documents as an authority writes them: signed, read again, replaced by the next one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "reload/config/base64.hpp"
#include "reload/config/known_kinds.hpp"
#include "reload/config/signed_block.hpp"
#include "reload/security/verify.hpp"
#include "tests/reload/config/document_fixture.hpp"

namespace ringway::config {
namespace {

using test::k_now_ms;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

std::string with_replaced(std::string text, std::string_view from, std::string_view to) {
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  if (at != std::string::npos) text.replace(at, from.size(), to);
  return text;
}

KindDefinition private_kind(KindId id, AccessPolicy access = AccessPolicy::owner_path_match) {
  KindDefinition kind;
  kind.kind = id;
  kind.model = wire::DataModel::dictionary;
  kind.access = access;
  kind.max_count = 1024;
  kind.max_size_bytes = 32768;
  return kind;
}

class SignedDocumentTest : public testing::Test {
 protected:
  SignedDocumentTest() {
    values_.instance_name = "overlay.example.org";
    values_.no_ice = true;
    values_.sequence = 7;
    values_.root_certificates_der = {test_authority().root_der()};
    values_.configuration_signers = {signer_->node_id()};
    values_.kind_signers = {kind_signer_->node_id()};
    values_.mandatory_extensions = {std::string(k_access_namespace)};
    auto turn = *iana_kind(k_turn_service);
    turn.max_count = 1;
    turn.max_size_bytes = 64;
    values_.kinds.add(turn);
    values_.kinds.add(private_kind(k_owner_value));
    values_.kinds.add(private_kind(k_shared_value, AccessPolicy::shared_writer_match));
  }

  std::string written(const Configuration& values) const { return written(values, *signer_, *kind_signer_); }
  static std::string written(const Configuration& values, const security::Signer& signer,
                             const security::Signer& kind_signer) {
    const auto document = write_document(values, signer, kind_signer);
    EXPECT_TRUE(document.ok()) << document.error().reason;
    return document ? std::string(text_of(*document)) : std::string();
  }
  ConfigurationPtr read(const std::string& document) const {
    auto parsed = parse(document);
    EXPECT_TRUE(parsed.ok()) << parsed.error().reason;
    return parsed ? *parsed : std::make_shared<const Configuration>();
  }
  std::string refusal(const Configuration& configuration, WallMs now_ms = k_now_ms) const {
    const auto good = check_signature(configuration, values_.configuration_signers, *trust_, now_ms);
    return good ? "" : good.error().reason;
  }
  std::string refusal_of_successor(const Configuration& current, const Configuration& next) const {
    const auto good = check_successor(current, next, *trust_, k_now_ms);
    return good ? "" : good.error().reason;
  }

  // Made once for all tests: an RSA key takes its time.
  static const test::SignerPtr& make(bool rsa, const std::string& user, std::uint8_t first) {
    static std::map<std::uint8_t, test::SignerPtr> made;
    auto& signer = made[first];
    if (!signer && rsa) signer = test_authority().issue_rsa(user, test::node_id(first));
    if (!signer) signer = test_authority().issue(user, test::node_id(first));
    return signer;
  }

  test::SignerPtr signer_ = make(false, "configuration@overlay.example.org", 1);
  test::SignerPtr kind_signer_ = make(true, "kinds@overlay.example.org", 2);
  test::SignerPtr other_ = make(false, "alice@example.org", 3);
  security::TrustPtr trust_ = test_authority().trust();
  Configuration values_;
};

TEST_F(SignedDocumentTest, WhatIsWrittenIsRead) {
  // Shows: CONFIG-07, CONFIG-23.
  values_.expiration_ms = 1'900'000'000'000;
  values_.bootstrap_nodes = {{"192.0.2.1", 6084}, {"2001:db8::1", 7000}};
  values_.enrollment_servers = {"https://example.org/?a=b&c=<d>"};
  values_.self_signed_permitted = security::SelfSignedDigest::sha256;
  values_.bad_nodes = {test::node_id(66), test::node_id(67)};
  values_.shared_secret = "\"<&>'Zq3v9KxT7wLm2RbY8dHcP5n";
  values_.turn_density = 0;
  values_.clients_permitted = false;
  values_.initial_ttl = 50;
  values_.overlay_reliability_timer = Duration{500};
  values_.max_message_size_bytes = 65536;
  values_.chord_update_interval = std::chrono::seconds{60};
  values_.chord_ping_interval = std::chrono::seconds{61};
  values_.chord_reactive = false;
  values_.replicas = 5;
  auto sip = *iana_kind(k_sip_registration);
  sip.max_count = sip.max_size_bytes = 9;
  sip.domain_restriction = DomainRestriction{true, {*DomainPattern::compile("a\\.b|<&>")}};
  values_.kinds.add(sip);
  const std::string document = written(values_);
  const auto again = read(document);
  EXPECT_EQ(again->sequence, 7);
  EXPECT_EQ(again->expiration_ms, values_.expiration_ms);
  EXPECT_EQ(again->bootstrap_nodes, values_.bootstrap_nodes);
  EXPECT_EQ(again->enrollment_servers, values_.enrollment_servers);
  EXPECT_EQ(again->self_signed_permitted, values_.self_signed_permitted);
  EXPECT_EQ(again->bad_nodes, values_.bad_nodes);
  EXPECT_EQ(again->shared_secret, values_.shared_secret);
  EXPECT_EQ(again->turn_density, 0U);
  EXPECT_FALSE(again->clients_permitted);
  EXPECT_TRUE(again->no_ice);
  EXPECT_EQ(again->initial_ttl, 50);
  EXPECT_EQ(again->overlay_reliability_timer, Duration{500});
  EXPECT_EQ(again->max_message_size_bytes, 65536U);
  EXPECT_EQ(again->chord_update_interval, std::chrono::seconds{60});
  EXPECT_EQ(again->chord_ping_interval, std::chrono::seconds{61});
  EXPECT_FALSE(again->chord_reactive);
  EXPECT_EQ(again->replicas, 5U);
  EXPECT_THAT(again->mandatory_extensions,
              ElementsAre(std::string(k_access_namespace), std::string(k_replication_namespace)));
  EXPECT_EQ(again->configuration_signers, values_.configuration_signers);
  EXPECT_EQ(again->kind_signers, values_.kind_signers);
  ASSERT_THAT(again->kinds.all(), SizeIs(4));
  EXPECT_EQ(*again->kinds.find(k_sip_registration), sip);
  const auto* shared = again->kinds.find(k_shared_value);
  ASSERT_NE(shared, nullptr);
  EXPECT_EQ(shared->access, AccessPolicy::shared_writer_match);
  EXPECT_EQ(shared->max_count, 1024U);
  EXPECT_EQ(shared->max_size_bytes, 32768U);
  EXPECT_EQ(again->kinds.find(k_turn_service)->max_node_multiple, 20U);
  EXPECT_EQ(std::string(text_of(again->document)), document);
  EXPECT_EQ(refusal(*again), "");
}

TEST_F(SignedDocumentTest, WithTheRfcsNumberOfReplicasNoExtensionIsNamed) {
  values_.mandatory_extensions.emplace_back(k_replication_namespace);
  const std::string document = written(values_);
  EXPECT_EQ(document.find(k_replication_namespace), std::string::npos);
  values_.replicas = k_most_replicas + 1;
  EXPECT_FALSE(write_document(values_, *signer_, *kind_signer_).ok());
}

TEST_F(SignedDocumentTest, ValuesThatNobodyCouldReadAreNotWritten) {
  values_.instance_name = "not a domain";
  EXPECT_FALSE(write_document(values_, *signer_, *kind_signer_).ok());
}

TEST_F(SignedDocumentTest, TheSignatureIsOverExactlyTheElement) {
  // Shows: CONFIG-21.
  const std::string document = written(values_);
  const auto configuration = read(document);
  const auto begin = document.find("<configuration");
  const std::string_view end_tag = "</configuration>";
  const auto end = document.find(end_tag) + end_tag.size();
  EXPECT_EQ(std::string(text_of(configuration->element)), document.substr(begin, end - begin));
  ASSERT_THAT(configuration->signatures, SizeIs(1));
  // Nothing but the element: neither the identity nor the namespaces outside of it (AMB-31).
  const auto block = wire::decode<wire::SecurityBlock>(SharedBytes(configuration->signatures.front()));
  ASSERT_TRUE(block.ok());
  EXPECT_TRUE(security::signature_good(block->signature, *signer_->certificate(), configuration->element));
}

TEST_F(SignedDocumentTest, AChangedByteInTheElementBreaksTheSignature) {
  // Shows: CONFIG-21, CONFIG-23.
  const std::string document = written(values_);
  EXPECT_EQ(refusal(*read(document)), "");
  EXPECT_THAT(refusal(*read(with_replaced(document, ">100<", ">101<"))), HasSubstr("signature is wrong"));
  EXPECT_THAT(refusal(*read(with_replaced(document, ">100<", "> 100<"))), HasSubstr("signature is wrong"));
  EXPECT_THAT(refusal(*read(with_replaced(document, "</configuration>", "</configuration >"))),
              HasSubstr("signature is wrong"));
  // Outside of it anything may change.
  EXPECT_EQ(refusal(*read(with_replaced(document, "<overlay", "<!-- moved -->\n<overlay "))), "");
}

TEST_F(SignedDocumentTest, OneOfSeveralSignaturesIsEnough) {
  // Shows: CONFIG-21.
  const std::string document = written(values_);
  const std::string element = std::string(text_of(read(document)->element));
  const std::string foreign = "<signature algorithm=\"rsa-sha1\">" +
                              to_base64(sign_element(*other_, view_of(element))) + "</signature>";
  const auto both = read(with_replaced(document, "<signature>", foreign + "<signature>"));
  ASSERT_THAT(both->signatures, SizeIs(2));
  EXPECT_EQ(refusal(*both), "");
}

TEST_F(SignedDocumentTest, TheSignerIsListedAndTrusted) {
  // Shows: CONFIG-21, CONFIG-22.
  EXPECT_THAT(refusal(*read(written(values_, *other_, *kind_signer_))), HasSubstr("not a listed signer"));
  const test::TestAuthority stranger;
  const auto namesake = stranger.issue("configuration@overlay.example.org", test::node_id(1));
  EXPECT_NE(refusal(*read(written(values_, *namesake, *kind_signer_))), "");
  const auto expired = test_authority().issue_expired("configuration@overlay.example.org", test::node_id(1));
  EXPECT_THAT(refusal(*read(written(values_, *expired, *kind_signer_))), HasSubstr("expired"));
  // Another certificate of the same node is as good: signers are named by Node-ID.
  const auto renewed = test_authority().issue("configuration@overlay.example.org", test::node_id(1));
  EXPECT_EQ(refusal(*read(written(values_, *renewed, *kind_signer_))), "");
}

TEST_F(SignedDocumentTest, UnsignedAndMalformedSignaturesAreRefused) {
  // Shows: CONFIG-21.
  const std::string document = written(values_);
  const auto begin = document.find("<signature>");
  const std::string_view end_tag = "</signature>";
  const auto end = document.find(end_tag, begin) + end_tag.size();
  const std::string signature = document.substr(begin, end - begin);
  EXPECT_THAT(refusal(*read(with_replaced(document, signature, ""))), HasSubstr("not signed"));
  EXPECT_THAT(refusal(*read(with_replaced(document, signature, "<signature>AAAA</signature>"))),
              HasSubstr("SecurityBlock"));
  EXPECT_FALSE(parse(with_replaced(document, signature, "<signature>?</signature>")).ok());
}

TEST_F(SignedDocumentTest, KindsAreSignedByAKindSigner) {
  // Shows: CONFIG-20.
  const auto configuration = read(written(values_));
  ASSERT_THAT(configuration->kind_blocks, SizeIs(3));
  for (const auto& block : configuration->kind_blocks) {
    EXPECT_TRUE(text_of(block.element).starts_with("<kind "));
    EXPECT_TRUE(text_of(block.element).ends_with("</kind>"));
  }
  EXPECT_THAT(refusal(*read(written(values_, *signer_, *other_))), HasSubstr("not a listed signer"));
}

TEST_F(SignedDocumentTest, AChangedKindBreaksItsSignatureEvenUnderAGoodOne) {
  // Shows: CONFIG-20.
  std::string document = with_replaced(written(values_), ">32768<", ">32769<");
  const auto changed = read(document);
  document = document.substr(0, document.find("<signature>")) + "<signature>" +
             to_base64(sign_element(*signer_, changed->element)) + "</signature></overlay>";
  EXPECT_THAT(refusal(*read(document)), HasSubstr("kind 4026531841: the signature is wrong"));
}

TEST_F(SignedDocumentTest, ASuccessorIsNewerAndSignedByASignerOfTheOneBefore) {
  // Shows: CONFIG-22, CONFIG-29, FM-28.
  const auto current = read(written(values_));
  Configuration next = values_;
  EXPECT_THAT(refusal_of_successor(*current, *read(written(next))), HasSubstr("not newer"));
  next.sequence = 6;
  EXPECT_THAT(refusal_of_successor(*current, *read(written(next))), HasSubstr("not newer"));
  next.sequence = 8;
  EXPECT_EQ(refusal_of_successor(*current, *read(written(next))), "");
  // The next document may hand over to another signer, but not by that one's word.
  next.configuration_signers = {other_->node_id()};
  EXPECT_EQ(refusal_of_successor(*current, *read(written(next))), "");
  EXPECT_THAT(refusal_of_successor(*current, *read(written(next, *other_, *kind_signer_))),
              HasSubstr("not a listed signer"));
}

TEST_F(SignedDocumentTest, ASuccessorIsOfTheSameOverlayAndNotExpired) {
  // Shows: CONFIG-06, CONFIG-29.
  const auto current = read(written(values_));
  Configuration next = values_;
  next.sequence = 8;
  next.expiration_ms = k_now_ms;
  EXPECT_THAT(refusal_of_successor(*current, *read(written(next))), HasSubstr("expired"));
  next.expiration_ms = k_now_ms + 1000;
  EXPECT_EQ(refusal_of_successor(*current, *read(written(next))), "");
  next.instance_name = "other.example.org";
  EXPECT_THAT(refusal_of_successor(*current, *read(written(next))), HasSubstr("another overlay"));
}

TEST(Sequence, IsSerialArithmetic) {
  // Shows: CONFIG-27.
  EXPECT_TRUE(sequence_newer(1, 0));
  EXPECT_FALSE(sequence_newer(0, 1));
  EXPECT_FALSE(sequence_newer(5, 5));
  EXPECT_TRUE(sequence_newer(0, 65534));
  EXPECT_FALSE(sequence_newer(65534, 0));
  EXPECT_TRUE(sequence_newer(32767, 0));
  EXPECT_FALSE(sequence_newer(32768, 0));
  EXPECT_TRUE(sequence_newer(10, 65530));
}

class KnownKindsTest : public SignedDocumentTest {
 protected:
  // A kind-block as a ConfigUpdate carries it: no declaration, no namespace.
  static SharedBytes kind_block(const security::Signer& signer,
                                const std::string& limits = "<max-count>5</max-count>",
                                KindId id = 0xF0000077) {
    const std::string kind = "<kind id=\"" + std::to_string(id) +
                             "\"><data-model>SINGLE</data-model><access-control>USER-MATCH</access-control>" +
                             limits + "<max-size>10</max-size></kind>";
    const std::string block = "<kind-block>" + kind + "<kind-signature>" +
                              to_base64(sign_element(signer, view_of(kind))) +
                              "</kind-signature></kind-block>";
    return SharedBytes(copy_of(view_of(block)));
  }
  Result<KnownKinds, KindFailure> update(const KnownKinds& known, const SharedBytes& block,
                                         const Configuration& configuration) const {
    const auto parsed = parse_kind_block(block);
    EXPECT_TRUE(parsed.ok()) << parsed.error().reason;
    return with_update(known, parsed.value(), configuration, *trust_, k_now_ms);
  }
};

TEST_F(KnownKindsTest, AnUpdateIsAKindBlockInTheBaseNamespace) {
  // Shows: CONFIG-35.
  const auto parsed = parse_kind_block(kind_block(*kind_signer_));
  ASSERT_TRUE(parsed.ok()) << parsed.error().reason;
  EXPECT_EQ(parsed->definition.kind, 0xF0000077U);
  EXPECT_EQ(parsed->definition.max_count, 5U);
  EXPECT_TRUE(text_of(parsed->block.element).starts_with("<kind id="));
  const auto refused = [](const std::string& text) {
    return !parse_kind_block(SharedBytes(copy_of(view_of(text)))).ok();
  };
  const std::string block(text_of(kind_block(*kind_signer_)));
  EXPECT_FALSE(refused("\n" + block + "<!-- end -->\n"));
  EXPECT_TRUE(refused(block + block));
  EXPECT_TRUE(refused(""));
  EXPECT_TRUE(refused("text" + block));
  EXPECT_TRUE(refused("</overlay><overlay>" + block));
  EXPECT_TRUE(refused("<x:kind-block xmlns:x=\"urn:x\"/>"));
  EXPECT_TRUE(refused("<kind-block/>"));
  EXPECT_TRUE(refused("\xff" + block));
}

TEST_F(KnownKindsTest, AnUpdateIsSignedByAKindSignerOfTheConfiguration) {
  // Shows: CONFIG-30.
  const auto configuration = read(written(values_));
  const auto known = known_kinds(*configuration);
  EXPECT_THAT(known, SizeIs(3));
  const auto good = update(known, kind_block(*kind_signer_), *configuration);
  ASSERT_TRUE(good.ok()) << good.error().reason;
  EXPECT_TRUE(good->contains(0xF0000077));
  EXPECT_EQ(definitions_of(*good).find(0xF0000077)->max_size_bytes, 10U);
  const auto bad = update(known, kind_block(*other_), *configuration);
  ASSERT_FALSE(bad.ok());
  EXPECT_EQ(bad.error().why, KindRefusal::badly_signed);
}

TEST_F(KnownKindsTest, ADefinitionOfAnotherSignerIsAConflict) {
  // Shows: CONFIG-30.
  values_.kind_signers.push_back(other_->node_id());
  const auto configuration = read(written(values_));
  const auto known = update(known_kinds(*configuration), kind_block(*kind_signer_), *configuration).value();
  const auto conflict = update(known, kind_block(*other_), *configuration);
  ASSERT_FALSE(conflict.ok());
  EXPECT_EQ(conflict.error().why, KindRefusal::conflict);
  const auto same_signer =
      update(known, kind_block(*kind_signer_, "<max-count>6</max-count>"), *configuration);
  ASSERT_TRUE(same_signer.ok());
  EXPECT_EQ(same_signer->at(0xF0000077).definition.max_count, 6U);
  EXPECT_FALSE(
      update(known, kind_block(*other_, "<max-count>6</max-count>", k_owner_value), *configuration).ok());
}

TEST_F(KnownKindsTest, ANewDocumentOverridesAndDropsKindsOfSignersGone) {
  // Shows: CONFIG-32.
  values_.kind_signers.push_back(other_->node_id());
  const auto before = read(written(values_));
  auto known = update(known_kinds(*before), kind_block(*other_), *before).value();
  known = update(known, kind_block(*kind_signer_, "<max-count>9</max-count>", 0xF0000078), *before).value();
  ASSERT_THAT(known, SizeIs(5));

  Configuration next = values_;
  next.sequence = 8;
  next.kind_signers = {kind_signer_->node_id()};
  auto redefined = private_kind(0xF0000078, AccessPolicy::user_node_match);
  redefined.max_count = 77;
  next.kinds.add(redefined);
  const auto after = after_change(known, *read(written(next)));
  EXPECT_THAT(dropped_kinds(known, after), ElementsAre(0xF0000077));
  EXPECT_EQ(after.at(0xF0000078).definition.max_count, 77U);
  EXPECT_THAT(dropped_kinds(after, after), IsEmpty());
}

TEST(Base64, OneSpellingOnly) {
  const auto decoded = [](std::string_view text) -> std::optional<std::string> {
    Bytes out;
    if (!from_base64(text, out)) return std::nullopt;
    return std::string(text_of(out));
  };
  EXPECT_EQ(decoded("Zm9v"), "foo");
  EXPECT_EQ(decoded(" Zm9v\n Yg== "), "foob");
  EXPECT_EQ(decoded("Zm9vYmE="), "fooba");
  for (const char* bad :
       {"", " ", "Zg", "Zg=", "Zh==", "Zg==Zg==", "Z===", "====", "Zm9v!", "Zm9*", "-_-_", "Zm=v"})
    EXPECT_EQ(decoded(bad), std::nullopt) << bad;
  EXPECT_EQ(to_base64(view_of("fooba")), "Zm9vYmE=");
  EXPECT_EQ(to_base64({}), "");
}

}  // namespace
}  // namespace ringway::config
