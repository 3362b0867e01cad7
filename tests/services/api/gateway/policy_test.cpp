// Reading a policy, and what its rules allow.
#include "services/api/policy.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "ringway/v1/directory.pb.h"
#include "ringway/v1/overlay.pb.h"
#include "ringway/v1/peer.pb.h"
#include "ringway/v1/services.pb.h"
#include "tests/services/api/tls_material.hpp"

namespace ringway::services {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAre;

const char* const k_own = "gateway@example.org";

std::shared_ptr<const ApiPolicy> parse(const std::string& text) {
  auto policy = ApiPolicy::parse(text, k_own);
  if (policy) return *policy;
  ADD_FAILURE() << policy.error().reason;
  return std::make_shared<const ApiPolicy>();
}
std::string fault_of(const std::string& text) {
  const auto policy = ApiPolicy::parse(text, k_own);
  return policy ? "it was accepted" : policy.error().reason;
}
// One rule about uid 1000, with these members besides.
std::string rule(const std::string& members) {
  return R"({"rules": [{"client": {"uid": 1000}, )" + members + "}]}";
}
bool may(const std::string& members, const ApiCall& call) {
  const auto policy = parse(rule(members));
  return client_of_socket(*policy, 1000).may(call);
}

TEST(Policy, AllowsWhatARuleSaysAndNothingElse) {
  // Shows: FM-51.
  const auto policy = parse(R"({
    "rules": [
      // the mail application
      {"name": "mail", "client": {"uid": 1000}, "methods": ["put", "get"],
       "as": ["alice@example.org"], "keys": ["alice@example.org/mail/", "shared/"]},
      {"client": {"uid": 1000}, "methods": ["status"]},
      {"client": {"uid": 0}, "methods": ["put"], "as": ["self"], "keys": [""]}
    ]})");
  const auto mail = client_of_socket(*policy, 1000);
  const auto root = client_of_socket(*policy, 0);
  const auto nobody = client_of_socket(*policy, 65534);
  const std::string alice = "alice@example.org";
  const std::string bob = "bob@example.org";

  EXPECT_TRUE(mail.may({ApiMethod::put, alice, "alice@example.org/mail/1"}));
  EXPECT_TRUE(mail.may({ApiMethod::put, alice, "shared/a"}));
  EXPECT_TRUE(mail.may({ApiMethod::get, {}, "shared/a"}));
  EXPECT_TRUE(mail.may({ApiMethod::status}));
  EXPECT_FALSE(mail.may({ApiMethod::put, bob, "shared/a"}));
  EXPECT_FALSE(mail.may({ApiMethod::put, {}, "shared/a"})) << "as the peer's own user";
  EXPECT_FALSE(mail.may({ApiMethod::put, alice, "alice@example.org/card"}));
  EXPECT_FALSE(mail.may({ApiMethod::get, {}, "bob@example.org/card"}));
  EXPECT_FALSE(mail.may({ApiMethod::get, {}, ""}));
  EXPECT_FALSE(mail.may({ApiMethod::remove, alice, "shared/a"}));
  EXPECT_FALSE(mail.may({ApiMethod::leave}));

  EXPECT_TRUE(root.may({ApiMethod::put, {}, "anything/at/all"}));
  EXPECT_FALSE(root.may({ApiMethod::put, alice, "shared/a"}));
  for (const auto& one : k_api_methods) EXPECT_FALSE(nobody.may({one.method, {}, "shared/a"})) << one.name;
  EXPECT_THAT(policy->socket_users(), ElementsAre(0, 1000));
}

TEST(Policy, WithoutRulesAllowsNothing) {
  // Shows: FM-51.
  const auto policy = parse(R"({"rules": []})");
  for (const auto& one : k_api_methods) {
    EXPECT_FALSE(client_of_socket(*policy, 0).may({one.method, {}, "shared/a"})) << one.name;
    EXPECT_FALSE(unknown_client().may({one.method, {}, "shared/a"})) << one.name;
  }
}

TEST(Policy, KnowsThePeersOwnUserByHisNameToo) {
  const std::string members = R"("methods": ["put"], "keys": [""], "as": )";
  for (const char* own : {R"(["self"])", R"(["gateway@example.org"])", R"(["*"])"})
    EXPECT_TRUE(may(members + own, {ApiMethod::put, {}, "shared/a"})) << own;
  EXPECT_FALSE(may(members + R"(["alice@example.org"])", {ApiMethod::put, {}, "shared/a"}));
  EXPECT_TRUE(may(members + R"(["*"])", {ApiMethod::put, "anyone@example.org", "shared/a"}));
}

TEST(Policy, KnowsTlsClientsByFingerprintOrSubject) {
  // Shows: FM-51.
  const TlsMaterial ca;
  const auto mail = ca.issue("mail.example.org");
  const auto other = ca.issue("other.example.org");
  const auto by_subject = parse(R"({"rules": [{"client": {"certificate_subject": "CN=mail.example.org"},
      "methods": ["leave"]}]})");
  EXPECT_TRUE(client_of_certificate(*by_subject, mail.certificate_pem).may({ApiMethod::leave}));
  EXPECT_FALSE(client_of_certificate(*by_subject, other.certificate_pem).may({ApiMethod::leave}));
  EXPECT_FALSE(client_of_certificate(*by_subject, "").may({ApiMethod::leave}));
  EXPECT_FALSE(client_of_certificate(*by_subject, "no PEM").may({ApiMethod::leave}));
  EXPECT_FALSE(client_of_socket(*by_subject, 0).may({ApiMethod::leave}));

  // "certificate <64 hex digits> (CN=…)"
  const auto described = client_of_certificate(*by_subject, mail.certificate_pem).description;
  ASSERT_THAT(described, StartsWith("certificate "));
  ASSERT_THAT(described, HasSubstr("(CN=mail.example.org)"));
  std::string fingerprint = described.substr(12, 64);
  for (std::size_t at = 62; at > 0; at -= 2) fingerprint.insert(at, ":");
  std::transform(fingerprint.begin(), fingerprint.end(), fingerprint.begin(), ::toupper);
  const auto by_sha256 = parse(R"({"rules": [{"client": {"certificate_sha256": ")" + fingerprint +
                               R"("}, "methods": ["leave"]}]})");
  EXPECT_TRUE(client_of_certificate(*by_sha256, mail.certificate_pem).may({ApiMethod::leave}));
  EXPECT_FALSE(client_of_certificate(*by_sha256, other.certificate_pem).may({ApiMethod::leave}));
}

TEST(Policy, FaultsSayWhereAndWhatToWrite) {
  const std::string head = "{\n \"rules\": [\n  {\"client\": {\"uid\": 1}, \"methods\": [\"leave\"]},\n  {\n";
  const auto fault = [&head](const std::string& members) { return fault_of(head + members + "\n}]}"); };
  EXPECT_THAT(fault_of("{\n\"rules\": [\n}"), HasSubstr("line 3"));
  EXPECT_THAT(fault_of(""), HasSubstr("line 1"));
  EXPECT_THAT(fault_of("[]"), HasSubstr("{\"rules\": [ … ]}"));
  EXPECT_THAT(fault_of(R"({"rules": [], "default": "allow"})"), HasSubstr("nothing else"));
  EXPECT_THAT(fault_of("{\"rules\":\n[1]}"), HasSubstr("rule 1 is no object"));
  EXPECT_THAT(fault("\"client\": {\"uid\": 2},\n\"methods\": [\"fetch\"]"),
              StartsWith("line 6: \"fetch\" is no method; there are put, get, remove, stat, status"));
  EXPECT_THAT(fault("\"client\": {\"uid\": 2},\n\"method\": [\"leave\"]"),
              StartsWith("line 6: \"method\" is not known"));
  EXPECT_THAT(fault("\"client\": {\"uid\": 2}"), StartsWith("line 4: \"methods\" is a list"));
  EXPECT_THAT(fault("\"client\": {\"uid\": 2}, \"methods\": []"),
              StartsWith("line 5: \"methods\" is a list"));
  EXPECT_THAT(fault("\"methods\": [\"leave\"]"),
              HasSubstr("one of uid, certificate_sha256, certificate_subject"));
  EXPECT_THAT(fault("\"client\": {\"uid\": -1}, \"methods\": [\"leave\"]"), HasSubstr("`id -u NAME`"));
  EXPECT_THAT(fault("\"client\": {\"uid\": 4294967295}, \"methods\": [\"leave\"]"),
              HasSubstr("`id -u NAME`"));
  EXPECT_THAT(fault("\"client\": {\"uid\": 1, \"certificate_subject\": \"CN=a\"}, \"methods\": [\"leave\"]"),
              HasSubstr("one of"));
  EXPECT_THAT(fault("\"client\": {\"certificate_sha256\": \"ab:cd\"}, \"methods\": [\"leave\"]"),
              HasSubstr("64 hex digits"));
  EXPECT_THAT(fault("\"client\": {\"certificate_subject\": \"\"}, \"methods\": [\"leave\"]"),
              HasSubstr("RFC 2253"));
  const std::string puts = "\"client\": {\"uid\": 2}, \"methods\": [\"put\"], ";
  EXPECT_THAT(fault(puts + "\"keys\": [\"\"]"), HasSubstr("\"as\" is a list of users"));
  EXPECT_THAT(fault(puts + "\"keys\": [\"\"], \"as\": [\"alice\"]"), HasSubstr("\"alice\" is no user name"));
  EXPECT_THAT(fault(puts + "\"as\": [\"self\"]"), HasSubstr("\"keys\" is a list of prefixes"));
  EXPECT_THAT(fault(puts + "\"as\": [\"self\"],\n\"keys\": [\"alice@example.org\"]"),
              StartsWith("line 6: the prefix \"alice@example.org\" needs the '/'"));
  EXPECT_THAT(fault("\"client\": {\"uid\": 2}, \"methods\": [\"get\"], \"keys\": [\"\"], \"as\": [\"self\"]"),
              HasSubstr("\"as\" is for put, remove and register"));
  EXPECT_THAT(fault("\"client\": {\"uid\": 2}, \"methods\": [\"ping\"], \"keys\": [\"\"]"),
              HasSubstr("\"keys\" is for"));
  EXPECT_THAT(fault("\"client\": {\"uid\": 2},\n\"methods\": [\"leave\"],\n\"methods\": [\"get\"]"),
              StartsWith("line 7: \"methods\" is there twice"));
}

TEST(Policy, IsBounded) {
  const auto many = [](std::size_t rules, std::size_t users) {
    std::string text = "{\"rules\": [";
    for (std::size_t i = 0; i < rules; ++i) {
      text += (i == 0 ? "" : ",") + std::string("{\"client\": {\"uid\": ") + std::to_string(i % users) +
              "}, \"methods\": [\"leave\"]}";
    }
    return text + "]}";
  };
  EXPECT_EQ(parse(many(k_max_policy_rules, k_max_policy_socket_users))->rules().size(), k_max_policy_rules);
  EXPECT_THAT(fault_of(many(k_max_policy_rules + 1, 1)), HasSubstr("more than 4096 rules"));
  EXPECT_THAT(fault_of(many(100, k_max_policy_socket_users + 1)), HasSubstr("more than 64 users"));
  std::string prefixes = "\"\"";
  for (std::size_t i = 1; i < k_max_policy_list; ++i) prefixes += ", \"\"";
  EXPECT_EQ(fault_of(rule(R"("methods": ["get"], "keys": [)" + prefixes + "]")), "it was accepted");
  EXPECT_THAT(fault_of(rule(R"("methods": ["get"], "keys": [)" + prefixes + ", \"\"]")),
              HasSubstr("more than 1024 entries"));
}

TEST(Policy, HasEveryRpcOfTheContractInItsTable) {
  // Shows: FM-51.
  std::vector<std::string> served;
  for (const auto* file :
       {v1::PutRequest::descriptor()->file(), v1::StatusRequest::descriptor()->file(),
        v1::ResolveRequest::descriptor()->file(), v1::FindServiceRequest::descriptor()->file()}) {
    for (int s = 0; s < file->service_count(); ++s) {
      for (int m = 0; m < file->service(s)->method_count(); ++m)
        served.push_back(file->service(s)->method(m)->full_name());
    }
  }
  std::vector<std::string> in_table;
  for (const auto& rpc : k_api_rpcs) in_table.emplace_back(rpc.name);
  EXPECT_THAT(in_table, ::testing::UnorderedElementsAreArray(served));
  for (std::size_t i = 0; i < k_api_methods.size(); ++i)
    EXPECT_EQ(static_cast<std::size_t>(k_api_methods[i].method), i);
}

}  // namespace
}  // namespace ringway::services
