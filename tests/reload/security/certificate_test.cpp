#include "reload/security/certificate.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "tests/support/test_authority.hpp"

namespace ringway::security {
namespace {

using services::AlternativeName;
using services::CertificateFields;
using testing::ElementsAre;
using testing::HasSubstr;
using Type = services::AlternativeName::Type;

constexpr std::string_view k_vector_uri =
    "reload://0110101112131415161718191a1b1c1d1e1f@overlay.example.org/";

NodeId vector_node() {
  NodeId node;
  for (std::size_t i = 0; i < node.bytes.size(); ++i) node.bytes[i] = static_cast<std::uint8_t>(0x10 + i);
  return node;
}

AlternativeName uri_of(const NodeId& node, const std::string& overlay = "overlay.example.org") {
  return {Type::uri, reload_uri(node, overlay)};
}

CertificateFields good_fields() {
  CertificateFields fields;
  fields.alternative_names = {uri_of(test::node_id(7)), {Type::email, "alice@example.org"}};
  fields.not_before_ms = test::k_not_before_ms;
  fields.not_after_ms = test::k_not_after_ms;
  return fields;
}

// What parsing a certificate with these fields says; empty when it is accepted.
std::string refusal(const CertificateFields& fields, const services::Key& key = test::new_key()) {
  const auto parsed = Certificate::parse(test::custom_certificate(fields, key, nullptr, key).der);
  return parsed ? "" : parsed.error().reason;
}

std::string refusal(std::vector<AlternativeName> names) {
  auto fields = good_fields();
  fields.alternative_names = std::move(names);
  return refusal(fields);
}

TEST(ReloadUri, MatchesTheComputedVector) {
  // Shows: SEC-19.
  EXPECT_EQ(reload_uri(vector_node(), "overlay.example.org"), k_vector_uri);
  const auto parsed = parse_reload_uri(k_vector_uri);
  ASSERT_TRUE(parsed.ok());
  EXPECT_THAT(parsed->destination_list, ElementsAre(wire::to_node(vector_node())));
  EXPECT_EQ(parsed->overlay_name, "overlay.example.org");
  EXPECT_TRUE(parsed->specifier.empty());
}

TEST(ReloadUri, ReadsListsAndSpecifiers) {
  // Shows: SEC-19.
  const auto parsed = parse_reload_uri("reload://0110101112131415161718191A1B1C1D1E1F8001@example.org/00ff");
  ASSERT_TRUE(parsed.ok()) << parsed.error().reason;
  EXPECT_THAT(parsed->destination_list, ElementsAre(wire::to_node(vector_node()),
                                                    wire::Destination(wire::CompressedDestination{0x8001})));
  EXPECT_THAT(parsed->specifier, ElementsAre(0x00, 0xff));
}

TEST(ReloadUri, RefusesWhatItsGrammarDoesNotHave) {
  // Shows: SEC-19.
  const std::string node(k_vector_uri.substr(9, 36));
  for (const std::string& uri :
       {std::string("http://0110@x/"), "reload://" + node + "/", "reload://" + node + "@overlay.example.org",
        std::string("reload://@overlay.example.org/"), "reload://" + node + "@/",
        "reload://" + node.substr(1) + "@overlay.example.org/",
        "reload://" + node + "xx@overlay.example.org/",
        "reload://" + node.substr(2) + "@overlay.example.org/", "reload://" + node + "@overlay.example.org/0",
        "reload://" + node + "@overlay.example.org/zz", "reload://" + node + "@over lay/",
        "reload://0110" + std::string(32, '0') + "@overlay.example.org/", std::string()}) {
    EXPECT_FALSE(parse_reload_uri(uri).ok()) << uri;
  }
}

TEST(Certificate, ReadsNodeIdsUserOverlayAndValidity) {
  // Shows: SEC-18.
  test::IssueOptions options;
  options.more_nodes = {test::node_id(8), test::node_id(9)};
  const auto certificate =
      test::TestAuthority().issue("alice@example.org", test::node_id(7), options)->certificate();
  EXPECT_THAT(certificate->node_ids(), ElementsAre(test::node_id(7), test::node_id(8), test::node_id(9)));
  EXPECT_TRUE(certificate->has_node_id(test::node_id(8)));
  EXPECT_FALSE(certificate->has_node_id(test::node_id(10)));
  EXPECT_EQ(certificate->user_name(), "alice@example.org");
  EXPECT_EQ(certificate->overlay_name(), "overlay.example.org");
  EXPECT_EQ(certificate->not_before_ms(), test::k_not_before_ms);
  EXPECT_EQ(certificate->not_after_ms(), test::k_not_after_ms);
}

// It is kept for long, and what it came in is a whole message.
TEST(Certificate, KeepsNoMoreThanItsOwnBytes) {
  const auto key = test::new_key();
  const SharedBytes der = test::custom_certificate(good_fields(), key, nullptr, key).der;
  Bytes message(5'000);
  append(message, der);
  const SharedBytes whole(std::move(message));
  const auto certificate = Certificate::parse(whole.from(5'000));
  ASSERT_TRUE(certificate.ok());
  EXPECT_TRUE(equal((*certificate)->der(), der));
  EXPECT_NE((*certificate)->der().view().data(), whole.from(5'000).view().data());
}

TEST(Certificate, ValidityIncludesBothEnds) {
  // Shows: SEC-17.
  const auto certificate = test::TestAuthority().issue("alice@example.org", test::node_id(7))->certificate();
  EXPECT_FALSE(certificate->valid_at(test::k_not_before_ms - 1));
  EXPECT_TRUE(certificate->valid_at(test::k_not_before_ms));
  EXPECT_TRUE(certificate->valid_at(test::k_not_after_ms));
  EXPECT_FALSE(certificate->valid_at(test::k_not_after_ms + 1));
}

TEST(Certificate, AlternativeNamesAreNodeIdsAndOneUserOnly) {
  // Shows: SEC-18.
  const AlternativeName node = uri_of(test::node_id(7));
  const AlternativeName user{Type::email, "alice@example.org"};
  EXPECT_EQ(refusal({node, user}), "");
  EXPECT_EQ(refusal({user, node, uri_of(test::node_id(8))}), "");
  EXPECT_THAT(refusal(std::vector<AlternativeName>{}), HasSubstr("no SubjectAltName"));
  EXPECT_THAT(refusal({node}), HasSubstr("no rfc822Name"));
  EXPECT_THAT(refusal({user}), HasSubstr("no Node-ID"));
  EXPECT_THAT(refusal({node, user, {Type::email, "bob@example.org"}}), HasSubstr("more than one rfc822Name"));
  EXPECT_THAT(refusal({node, user, {Type::dns, "example.org"}}), HasSubstr("other names"));
  EXPECT_THAT(refusal({node, user, {Type::uri, "sip:alice@example.org"}}), HasSubstr("not a reload URI"));
}

TEST(Certificate, SubjectIsEmpty) {
  // Shows: SEC-18.
  auto fields = good_fields();
  fields.common_name = "alice";
  EXPECT_THAT(refusal(fields), HasSubstr("subject is not empty"));
}

TEST(Certificate, EachUriHoldsOneNodeOfOneOverlay) {
  // Shows: SEC-18.
  const AlternativeName node = uri_of(test::node_id(7));
  const AlternativeName user{Type::email, "alice@example.org"};
  const std::string hex = "0110" + test::node_id(7).hex();
  const auto with_uri = [&](const std::string& uri) { return refusal({{Type::uri, uri}, user}); };
  EXPECT_THAT(with_uri("reload://" + hex + "0110" + test::node_id(8).hex() + "@overlay.example.org/"),
              HasSubstr("not one Node-ID"));
  EXPECT_THAT(with_uri("reload://021110" + test::node_id(7).hex() + "@overlay.example.org/"),
              HasSubstr("not one Node-ID"));
  EXPECT_THAT(with_uri("reload://8001@overlay.example.org/"), HasSubstr("not one Node-ID"));
  EXPECT_THAT(with_uri("reload://" + hex + "@overlay.example.org/00"), HasSubstr("names a resource"));
  EXPECT_THAT(with_uri(reload_uri(wildcard_node(), "overlay.example.org")), HasSubstr("not one Node-ID"));
  EXPECT_NE(with_uri("reload://0110" + std::string(32, '0') + "@overlay.example.org/"), "");
  EXPECT_THAT(refusal({node, uri_of(test::node_id(8), "other.example.org"), user}),
              HasSubstr("several overlays"));
  EXPECT_THAT(refusal({node, node, user}), HasSubstr("repeated"));
}

TEST(Certificate, NodeIdsAreBounded) {
  std::vector<AlternativeName> names{{Type::email, "alice@example.org"}};
  for (std::size_t i = 1; i <= k_max_node_ids_per_certificate; ++i)
    names.push_back(uri_of(test::node_id(static_cast<std::uint8_t>(i))));
  EXPECT_EQ(refusal(names), "");
  names.push_back(uri_of(test::node_id(200)));
  EXPECT_THAT(refusal(names), HasSubstr("too many"));
}

TEST(Certificate, UserNamesAreSane) {
  // Shows: ENROLL-15.
  const AlternativeName node = uri_of(test::node_id(7));
  EXPECT_EQ(refusal({node, {Type::email, "o'hara+x/y@example.org"}}), "");
  for (const std::string& name :
       {std::string("alice"), std::string("@example.org"), std::string("alice@"),
        std::string("a@b@example.org"), std::string("alice\0@example.org", 18),
        std::string("alice@example.org\0", 18), std::string("ali ce@example.org"),
        std::string("alice\n@example.org"), std::string("\x7f@example.org"),
        std::string("\xc3\xa9@example.org"), std::string(), std::string(250, 'a') + "@b.cd"}) {
    EXPECT_NE(refusal({node, {Type::email, name}}), "") << name;
  }
}

TEST(Certificate, KeysAreP256OrRsa) {
  // Shows: SEC-05.
  const auto owned = [](EVP_PKEY* key) { return services::Key(key, EVP_PKEY_free); };
  EXPECT_EQ(refusal(good_fields(), test::new_key(services::KeyType::rsa2048)), "");
  EXPECT_THAT(refusal(good_fields(), owned(EVP_EC_gen("P-384"))), HasSubstr("key"));
  EXPECT_THAT(refusal(good_fields(), owned(EVP_RSA_gen(1024))), HasSubstr("key"));
}

// A P-256 key whose certificate spells the curve out instead of naming it.
services::Key explicit_curve_key() {
  EVP_PKEY_CTX* context = EVP_PKEY_CTX_new_id(EVP_PKEY_EC, nullptr);
  EVP_PKEY* key = nullptr;
  EVP_PKEY_keygen_init(context);
  EVP_PKEY_CTX_set_ec_paramgen_curve_nid(context, NID_X9_62_prime256v1);
  EVP_PKEY_CTX_set_ec_param_enc(context, OPENSSL_EC_EXPLICIT_CURVE);
  EVP_PKEY_keygen(context, &key);
  EVP_PKEY_CTX_free(context);
  return {key, EVP_PKEY_free};
}

TEST(Certificate, CurvesAreNamed) {
  EXPECT_THAT(refusal(good_fields(), explicit_curve_key()), HasSubstr("key"));
}

TEST(Certificate, IsExactlyOneDerObject) {
  // Shows: SEC-12.
  const auto der = test::TestAuthority().issue("alice@example.org", test::node_id(7))->certificate()->der();
  EXPECT_TRUE(Certificate::parse(der).ok());
  Bytes longer = copy_of(der);
  longer.push_back(0);
  EXPECT_FALSE(Certificate::parse(SharedBytes(longer)).ok());
  EXPECT_FALSE(Certificate::parse(der.slice(0, der.size() - 1)).ok());
  EXPECT_FALSE(Certificate::parse(SharedBytes()).ok());
  EXPECT_FALSE(Certificate::parse(SharedBytes(Bytes(k_max_certificate_size_bytes + 1, 0x30))).ok());
}

TEST(Certificate, EveryTruncationAndEveryFlippedByteIsHandled) {
  const auto der = test::TestAuthority().issue("alice@example.org", test::node_id(7))->certificate()->der();
  for (std::size_t size = 0; size < der.size(); ++size) {
    EXPECT_FALSE(Certificate::parse(der.slice(0, size)).ok()) << size;
  }
  for (std::size_t at = 0; at < der.size(); ++at) {
    Bytes changed = copy_of(der);
    changed[at] ^= 0xFF;
    static_cast<void>(Certificate::parse(SharedBytes(changed)));  // the sanitizers look on
  }
}

TEST(SplitCertificates, OneDirectlyAfterTheOther) {
  const test::TestAuthority authority;
  const auto signer = authority.issue_through(2, "alice@example.org", test::node_id(7));
  Bytes all = copy_of(signer->certificate()->der());
  for (const auto& der : signer->chain_der()) append(all, der);
  const auto parts = split_certificates(SharedBytes(all));
  ASSERT_EQ(parts.size(), 3U);
  EXPECT_TRUE(equal(parts[0], signer->certificate()->der()));
  EXPECT_TRUE(equal(parts[2], signer->chain_der()[1]));
  all.pop_back();  // the last one is cut off
  EXPECT_EQ(split_certificates(SharedBytes(all)).size(), 2U);
  EXPECT_TRUE(split_certificates({}).empty());
  EXPECT_TRUE(split_certificates(SharedBytes(Bytes{0x30, 0x80, 0, 0})).empty());
}

}  // namespace
}  // namespace ringway::security
