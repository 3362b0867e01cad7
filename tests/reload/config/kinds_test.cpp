// Kinds: registered ones, and how a document defines them.
#include "reload/config/kinds.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/reload/config/document_fixture.hpp"

namespace ringway::config {
namespace {

using testing::HasSubstr;

const std::string k_limits = "<max-count>22</max-count><max-size>4</max-size>";

std::string required(const std::string& kind) {
  return "<required-kinds><kind-block>" + kind +
         "<kind-signature>AAAA</kind-signature></kind-block></required-kinds>";
}
std::string private_kind(const std::string& model, const std::string& policy, const std::string& more = "",
                         const std::string& id = "4026531900") {
  return required("<kind id=\"" + id + "\" xmlns:rw=\"" + std::string(k_access_namespace) +
                  "\"><data-model>" + model + "</data-model><access-control>" + policy + "</access-control>" +
                  k_limits + more + "</kind>");
}
KindDefinition defined(const std::string& content, KindId id) {
  const auto parsed = parse_content(content);
  EXPECT_TRUE(parsed.ok()) << parsed.error().reason;
  const auto* found = parsed ? (*parsed)->kinds.find(id) : nullptr;
  EXPECT_NE(found, nullptr);
  return found == nullptr ? KindDefinition{} : *found;
}

TEST(Kinds, RegisteredOnes) {
  // Shows: CERT-02, CERT-03, DISC-01, TURN-03.
  const auto check = [](KindId id, const char* name, wire::DataModel model, AccessPolicy access) {
    for (const auto& kind : {iana_kind(id), iana_kind(std::string_view(name))}) {
      ASSERT_TRUE(kind.has_value()) << name;
      EXPECT_EQ(kind->kind, id);
      EXPECT_EQ(kind->name, name);
      EXPECT_EQ(kind->model, model);
      EXPECT_EQ(kind->access, access);
    }
  };
  check(0x1, "SIP-REGISTRATION", wire::DataModel::dictionary, AccessPolicy::user_node_match);
  check(0x2, "TURN-SERVICE", wire::DataModel::single, AccessPolicy::node_multiple);
  check(0x3, "CERTIFICATE_BY_NODE", wire::DataModel::array, AccessPolicy::node_match);
  check(0x10, "CERTIFICATE_BY_USER", wire::DataModel::array, AccessPolicy::user_match);
  check(0x104, "REDIR", wire::DataModel::dictionary, AccessPolicy::node_id_match);
  EXPECT_EQ(iana_kind(KindId{0}), std::nullopt);
  EXPECT_EQ(iana_kind(k_owner_value), std::nullopt);
  EXPECT_EQ(iana_kind("sip-registration"), std::nullopt);
}

TEST(Kinds, PolicyNamesGoBothWays) {
  for (const auto policy :
       {AccessPolicy::user_match, AccessPolicy::node_match, AccessPolicy::user_node_match,
        AccessPolicy::node_multiple, AccessPolicy::node_id_match, AccessPolicy::owner_path_match,
        AccessPolicy::shared_writer_match, AccessPolicy::watcher_match})
    EXPECT_EQ(access_policy_of(name_of(policy)), policy);
  EXPECT_EQ(name_of(AccessPolicy::owner_path_match),
            "{urn:ringway:params:xml:ns:access-control}OWNER-PATH-MATCH");
  EXPECT_EQ(access_policy_of("OWNER-PATH-MATCH"), std::nullopt);
  EXPECT_EQ(access_policy_of(""), std::nullopt);
}

TEST(Kinds, ModelsAreFoundByKind) {
  Kinds kinds;
  kinds.add(*iana_kind(k_certificate_by_node));
  wire::DataModel model = wire::DataModel::single;
  EXPECT_TRUE(kinds.model_of(k_certificate_by_node, model));
  EXPECT_EQ(model, wire::DataModel::array);
  EXPECT_FALSE(kinds.model_of(k_certificate_by_user, model));
}

TEST(Kinds, RedirHasABranchingFactor) {
  // Shows: DISC-13.
  const auto redir = [](const std::string& more) {
    return required("<kind name=\"REDIR\" xmlns:redir=\"" + std::string(k_redir_namespace) + "\">" +
                    k_limits +
                    "<data-model>DICTIONARY</data-model><access-control>NODE-ID-MATCH</access-control>" +
                    more + "</kind>");
  };
  const auto factor = [](const std::string& number) {
    return "<redir:branching-factor>" + number + "</redir:branching-factor>";
  };
  EXPECT_EQ(defined(redir(""), k_redir).branching_factor, 10U);
  EXPECT_EQ(defined(redir(factor("2")), k_redir).branching_factor, 2U);
  EXPECT_EQ(defined(redir(factor("65535")), k_redir).branching_factor, 65535U);
  for (const char* wrong : {"0", "1", "65536", "many"})
    EXPECT_THAT(refusal_of_content(redir(factor(wrong))), HasSubstr("branching-factor")) << wrong;
  const std::string extension = "<mandatory-extension>urn:ietf:params:xml:ns:p2p:redir</mandatory-extension>";
  EXPECT_EQ(refusal_of_content(extension + redir("")), "");
}

TEST(Kinds, ADocumentDefinesPrivateOnes) {
  // Shows: CONFIG-18.
  const auto kind = defined(private_kind("ARRAY", " NODE-MATCH "), 4026531900);
  EXPECT_EQ(kind.model, wire::DataModel::array);
  EXPECT_EQ(kind.access, AccessPolicy::node_match);
  EXPECT_EQ(kind.max_count, 22U);
  EXPECT_EQ(kind.max_size_bytes, 4U);
  EXPECT_EQ(kind.name, "");
}

TEST(Kinds, OurPoliciesAreQualifiedNames) {
  const auto kind = defined(private_kind("DICTIONARY", "rw:OWNER-PATH-MATCH"), 4026531900);
  EXPECT_EQ(kind.access, AccessPolicy::owner_path_match);
  EXPECT_EQ(defined(private_kind("DICTIONARY", "rw:SHARED-WRITER-MATCH"), 4026531900).access,
            AccessPolicy::shared_writer_match);
  EXPECT_NE(refusal_of_content(private_kind("DICTIONARY", "OWNER-PATH-MATCH")), "");
  EXPECT_NE(refusal_of_content(private_kind("DICTIONARY", "ext:OWNER-PATH-MATCH")), "");
  EXPECT_NE(refusal_of_content(private_kind("DICTIONARY", "xx:OWNER-PATH-MATCH")), "");
  EXPECT_NE(refusal_of_content(private_kind("DICTIONARY", "rw:USER-MATCH")), "");
}

TEST(Kinds, RegisteredOnesKeepTheirModelAndPolicy) {
  // Shows: CONFIG-18.
  // As in the RFC's example, which has it wrong (AMB-33).
  const auto kind = defined(required("<kind name=\"SIP-REGISTRATION\"><data-model>SINGLE</data-model>"
                                     "<access-control>USER-MATCH</access-control>" +
                                     k_limits + "</kind>"),
                            k_sip_registration);
  EXPECT_EQ(kind.model, wire::DataModel::dictionary);
  EXPECT_EQ(kind.access, AccessPolicy::user_node_match);
  EXPECT_EQ(kind.max_count, 22U);
  EXPECT_EQ(defined(private_kind("SINGLE", "USER-MATCH", "", "16"), k_certificate_by_user).model,
            wire::DataModel::array);
}

TEST(Kinds, EachNeedsAllItsParts) {
  // Shows: CONFIG-18.
  const std::string model = "<data-model>SINGLE</data-model>";
  const std::string policy = "<access-control>USER-MATCH</access-control>";
  const auto refused = [](const std::string& parts, const std::string& attributes = "id=\"4026531900\"") {
    return !refusal_of_content(required("<kind " + attributes + ">" + parts + "</kind>")).empty();
  };
  EXPECT_FALSE(refused(model + policy + k_limits));
  EXPECT_TRUE(refused(policy + k_limits));
  EXPECT_TRUE(refused(model + k_limits));
  EXPECT_TRUE(refused(model + policy + "<max-count>1</max-count>"));
  EXPECT_TRUE(refused(model + policy + "<max-size>1</max-size>"));
  EXPECT_TRUE(refused(model + policy + "<max-count>0</max-count><max-size>1</max-size>"));
  EXPECT_TRUE(refused(model + policy + "<max-count>1</max-count><max-size>many</max-size>"));
  EXPECT_TRUE(refused(model + model + policy + k_limits));
  EXPECT_TRUE(refused("<data-model>HEAP</data-model>" + policy + k_limits));
  EXPECT_TRUE(refused(model + policy + k_limits, ""));
  EXPECT_TRUE(refused(model + policy + k_limits, "id=\"4026531900\" name=\"SIP-REGISTRATION\""));
  EXPECT_TRUE(refused(model + policy + k_limits, "name=\"NO-SUCH-KIND\""));
  EXPECT_TRUE(refused(model + policy + k_limits, "id=\"2000\""));
  EXPECT_TRUE(refused(model + policy + k_limits, "id=\"0\""));
  EXPECT_TRUE(refused(model + policy + k_limits, "id=\"4294967295\""));
  EXPECT_FALSE(refused(model + policy + k_limits + "<ext:example xmlns:ext=\"urn:x\">1</ext:example>"));
  EXPECT_TRUE(refused(model + policy + k_limits + "<example/>"));
}

TEST(Kinds, NodeMultipleHasABound) {
  // Shows: CONFIG-19.
  const auto refused = [](const std::string& more) {
    return !refusal_of_content(private_kind("SINGLE", "NODE-MULTIPLE", more)).empty();
  };
  EXPECT_EQ(
      defined(private_kind("SINGLE", "NODE-MULTIPLE", "<max-node-multiple>3</max-node-multiple>"), 4026531900)
          .max_node_multiple,
      3U);
  EXPECT_TRUE(refused(""));
  EXPECT_TRUE(refused("<max-node-multiple>0</max-node-multiple>"));
  EXPECT_TRUE(refused("<max-node-multiple>-1</max-node-multiple>"));
  EXPECT_TRUE(refused("<max-node-multiple>256</max-node-multiple>"));
}

TEST(Kinds, DictionaryPoliciesAreForDictionaries) {
  for (const char* policy :
       {"USER-NODE-MATCH", "rw:OWNER-PATH-MATCH", "rw:SHARED-WRITER-MATCH", "rw:WATCHER-MATCH"}) {
    EXPECT_EQ(refusal_of_content(private_kind("DICTIONARY", policy)), "");
    EXPECT_THAT(refusal_of_content(private_kind("SINGLE", policy)), HasSubstr("dictionaries"));
    EXPECT_THAT(refusal_of_content(private_kind("ARRAY", policy)), HasSubstr("dictionaries"));
  }
}

TEST(Kinds, BlocksAreSignedAndKindsAreDefinedOnce) {
  // Shows: CONFIG-20.
  const std::string kind =
      "<kind name=\"CERTIFICATE_BY_USER\"><data-model>ARRAY</data-model>"
      "<access-control>USER-MATCH</access-control>" +
      k_limits + "</kind>";
  const std::string block = "<kind-block>" + kind + "<kind-signature>AAAA</kind-signature></kind-block>";
  EXPECT_EQ(refusal_of_content("<required-kinds>" + block + "</required-kinds>"), "");
  EXPECT_THAT(refusal_of_content("<required-kinds>" + block + block + "</required-kinds>"),
              HasSubstr("repeated"));
  EXPECT_THAT(refusal_of_content("<required-kinds><kind-block>" + kind + "</kind-block></required-kinds>"),
              HasSubstr("kind-signature"));
  EXPECT_NE(refusal_of_content("<required-kinds><kind-block>" + kind +
                               "<kind-signature>?</kind-signature></kind-block></required-kinds>"),
            "");
  EXPECT_NE(refusal_of_content("<required-kinds>" + kind + "</required-kinds>"), "");
  EXPECT_NE(refusal_of_content("<required-kinds>" + block + "</required-kinds><required-kinds/>"), "");
}

}  // namespace
}  // namespace ringway::config
