// Who is an operator, and that nobody else is.
#include "services/enrolld/serve/operators.hpp"

#include <openssl/sha.h>

#include "tests/services/enrolld/serve/desk_fixture.hpp"

namespace ringway::enrolld {
namespace {

constexpr const char* k_alice = "alice@example.org";
constexpr const char* k_boss = "boss@example.org";

class OperatorsTest : public DeskTest {
 protected:
  bool allowed(const OperatorRules& rules, const std::vector<SharedBytes>& certificates,
               Door door = Door::network, WallMs now_ms = k_now_ms) {
    return Operators::make(rules, authority_, records()).value().check(door, certificates, now_ms).ok();
  }
  std::vector<SharedBytes> certificates_of(const std::string& user) {
    return with_certificate(enrol(user, test::new_key()).value()).certificates;
  }
};

TEST_F(OperatorsTest, WhoeverMayOpenTheSocketIsOne) { EXPECT_TRUE(allowed({}, {}, Door::operators_socket)); }

TEST_F(OperatorsTest, OverTheNetworkNobodyIsUnlessNamed) {
  EXPECT_FALSE(allowed({}, {}));
  EXPECT_FALSE(allowed({}, certificates_of(k_boss)));
}

TEST_F(OperatorsTest, AUserOfThisOverlayIsOneByName) {
  const OperatorRules rules{{k_boss}, {}};
  const auto boss = certificates_of(k_boss);
  EXPECT_TRUE(allowed(rules, boss));
  EXPECT_TRUE(allowed(rules, {boss.front()}));  // its chain is ours to know
  EXPECT_FALSE(allowed(rules, certificates_of(k_alice)));
  EXPECT_FALSE(allowed(rules, {}));
  EXPECT_FALSE(allowed(rules, boss, Door::network, k_now_ms + 400 * k_day_ms));
}

TEST_F(OperatorsTest, TheSameNameFromAnotherAuthorityIsNone) {
  const test::TestAuthority other(k_overlay);
  const auto pretended = other.credentials(k_boss, test::node_id(7));
  const auto certificate = pretended.signer->certificate();
  EXPECT_FALSE(allowed({{k_boss}, {}}, {SharedBytes(copy_of(certificate->der()))}));
}

TEST_F(OperatorsTest, ADeviceThatIsShutOutIsNoOperatorsAnyMore) {
  const auto boss = certificates_of(k_boss);
  ASSERT_TRUE(allowed({{k_boss}, {}}, boss));
  ASSERT_TRUE(registrar().revoke_user(k_boss, "lost", caller_, k_now_ms));
  EXPECT_FALSE(allowed({{k_boss}, {}}, boss));
}

TEST_F(OperatorsTest, ADeviceIsShutOutBeforeTheDocumentSaysSo) {
  // One that was replaced waits for the next document.
  const auto boss = enrol(k_boss, test::new_key()).value();
  const auto shown = with_certificate(boss).certificates;
  ASSERT_TRUE(allowed({{k_boss}, {}}, shown));
  ASSERT_EQ(records().revoke_device(boss.nodes[0], {"replaced", "", k_now_ms}).value().size(), 1U);
  ASSERT_FALSE(newest()->bad_nodes.contains(boss.nodes[0]));
  EXPECT_FALSE(allowed({{k_boss}, {}}, shown));
}

TEST_F(OperatorsTest, ANodeThatTheDocumentAloneShutsOutIsNoOperatorsAnyMore) {
  // The records do not know it: issued from the folder, and listed there with update-config --bad-node.
  const auto issued = [&](const NodeId& node) {
    const services::NodeRequest request{k_boss, {node}, {k_now_ms - k_day_ms, k_now_ms + k_day_ms}};
    return SharedBytes(copy_of(authority_.certify(request, test::new_key()).value().certificate->der()));
  };
  registrar();
  EXPECT_TRUE(allowed({{k_boss}, {}}, {issued(test::node_id(98))}));
  EXPECT_FALSE(allowed({{k_boss}, {}}, {issued(test::node_id(99))}));
}

TEST_F(OperatorsTest, AFingerprintIsThatOfTheClientsOwnCertificate) {
  const auto boss = certificates_of(k_boss);
  const auto fingerprint = [](const SharedBytes& der) {
    Digest out{};
    SHA256(der.view().data(), der.view().size(), out.data());
    return out;
  };
  EXPECT_TRUE(allowed({{}, {fingerprint(boss.front())}}, boss));
  EXPECT_FALSE(allowed({{}, {fingerprint(boss.back())}}, boss));
  EXPECT_FALSE(allowed({{}, {fingerprint(boss.front())}}, certificates_of(k_alice)));
}

TEST_F(OperatorsTest, EachOfTheirCallsAsks) {
  const Caller stranger{"192.0.2.9", {}};
  const Desk::Operator who{Door::network, stranger};
  const auto denied = [](const auto& answer) {
    return !answer && answer.error().refusal == Refusal::name_not_available;
  };
  EXPECT_TRUE(denied(desk().revoke_node(who, test::node_id(3), "")));
  EXPECT_TRUE(denied(desk().revoke_user(who, k_alice, "")));
  EXPECT_TRUE(denied(desk().list(who, "", 0, 10)));
  EXPECT_TRUE(denied(desk().invite(who, "", 1, Duration{1000})));
  EXPECT_TRUE(denied(desk().list_invitations(who, "", {}, 10)));
  EXPECT_TRUE(denied(desk().withdraw_invitation(who, {})));
  EXPECT_TRUE(denied(desk().set_password(who, k_alice, Secret("a good word"))));
  EXPECT_TRUE(denied(desk().statistics(who)));
  const auto seen = desk().statistics({Door::operators_socket, caller_});
  ASSERT_TRUE(seen);
  const auto is_denied = [](const Measure& one) { return one.name == "operator_denied"; };
  const auto found = std::find_if(seen->counters.begin(), seen->counters.end(), is_denied);
  ASSERT_NE(found, seen->counters.end());
  EXPECT_EQ(found->value, 8U);
}

}  // namespace
}  // namespace ringway::enrolld
