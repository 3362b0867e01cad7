// Accounts and devices: who gets which name and which Node-ID.
#include <stdexcept>

#include "tests/services/enrolld/records/records_fixture.hpp"

namespace ringway::enrolld {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class EnrolTest : public RecordsTest {};
INSTANTIATE_TEST_SUITE_P(On, EnrolTest, k_both, database_name);

TEST_P(EnrolTest, ANewNameBecomesAnAccountWithADevice) {
  auto wanted = request(1, "alice@example.org");
  wanted.nodes = {node(9), node(1), node(5)};
  wanted.label = "Küche";
  const auto enrolled = records().enrol(wanted, signer()).value();
  EXPECT_EQ(enrolled.verdict, Verdict::made_account);
  ASSERT_TRUE(enrolled.device);
  for (const Device& found : {*enrolled.device, device(1), device(5)}) {
    EXPECT_GT(found.id, 0);
    EXPECT_EQ(found.user_name, "alice@example.org");
    EXPECT_EQ(found.label, "Küche");
    EXPECT_EQ(found.key, digest(1));
    EXPECT_THAT(found.nodes, ElementsAre(node(9), node(1), node(5)));
    EXPECT_EQ(text_of(found.certificate.der), "alice@example.org " + node(9).hex());
    EXPECT_FALSE(found.certificate.serial.empty());
    EXPECT_EQ(found.certificate.issued_ms, k_now_ms);
    EXPECT_EQ(found.certificate.expires_ms, k_now_ms + k_day_ms);
    EXPECT_EQ(found.made_ms, k_now_ms);
    EXPECT_FALSE(found.revoked_ms);
  }
  const auto account = records().find_account("alice@example.org").value().value();
  EXPECT_EQ(account.made_ms, k_now_ms);
  EXPECT_EQ(account.live_devices, 1U);
  EXPECT_FALSE(account.blocked_ms);
  EXPECT_THAT(events(), ElementsAre("made_account"));
}

TEST_P(EnrolTest, WhatWasAnsweredIsThereForTheNextServer) {
  EXPECT_EQ(enrol(request(1, "alice@example.org")), Verdict::made_account);
  const auto other = open_another();
  EXPECT_EQ(other->find_device(node(1)).value().value().user_name, "alice@example.org");
  EXPECT_EQ(other->enrol(request(2, "alice@example.org"), signer()).value().verdict, Verdict::added_device);
  EXPECT_EQ(records().find_account("alice@example.org").value().value().live_devices, 2U);
}

TEST_P(EnrolTest, TheSameKeyKeepsItsNodeIds) {
  // Shows: ENROLL-14.
  EXPECT_EQ(enrol(request(1, "alice@example.org")), Verdict::made_account);
  const auto first = device(1);
  auto again = request(1, "alice@example.org");
  again.nodes = {node(2), node(3)};
  again.now_ms = k_now_ms + 10 * k_day_ms;  // long expired
  const auto enrolled = records().enrol(again, signer(again.now_ms)).value();
  EXPECT_EQ(enrolled.verdict, Verdict::same_device);
  EXPECT_THAT(enrolled.device.value().nodes, ElementsAre(node(1)));
  EXPECT_EQ(enrolled.device->id, first.id);
  EXPECT_EQ(device(1).certificate.expires_ms, again.now_ms + k_day_ms);
  EXPECT_NE(device(1).certificate.serial, first.certificate.serial);
  EXPECT_FALSE(has_device(2));
  EXPECT_EQ(records().find_account("alice@example.org").value().value().live_devices, 1U);
}

TEST_P(EnrolTest, AnotherKeyIsAFurtherDeviceUpToTheQuota) {
  // Shows: ENROLL-22, FM-16.
  auto wanted = request(1, "alice@example.org");
  wanted.quota_nodes = 3;
  EXPECT_EQ(enrol(wanted), Verdict::made_account);
  wanted.key = digest(2);
  wanted.nodes = {node(2), node(3)};
  EXPECT_EQ(enrol(wanted), Verdict::added_device);
  wanted.key = digest(4);
  wanted.nodes = {node(4)};
  EXPECT_EQ(enrol(wanted), Verdict::quota_reached);
  EXPECT_FALSE(has_device(4));
  // Who has a place keeps it, also under a smaller quota.
  auto same = request(1, "alice@example.org");
  same.quota_nodes = 1;
  EXPECT_EQ(enrol(same), Verdict::same_device);
  auto other = request(4, "bob@example.org");
  other.quota_nodes = 3;
  EXPECT_EQ(enrol(other), Verdict::made_account);
  // A first device may be too much as well; then there is no account either.
  auto none = request(5, "carol@example.org");
  none.quota_nodes = 0;
  EXPECT_EQ(enrol(none), Verdict::quota_reached);
  EXPECT_FALSE(has_account("carol@example.org"));
}

TEST_P(EnrolTest, RevokedAndExpiredDevicesLeaveTheirPlace) {
  const auto with_quota_one = [](unsigned number, WallMs now_ms) {
    auto wanted = request(number, "alice@example.org");
    wanted.quota_nodes = 1;
    wanted.now_ms = now_ms;
    return wanted;
  };
  EXPECT_EQ(enrol(with_quota_one(1, k_now_ms)), Verdict::made_account);
  EXPECT_EQ(enrol(with_quota_one(2, k_now_ms)), Verdict::quota_reached);
  ASSERT_EQ(records().revoke_device(node(1), revocation()).value().size(), 1U);
  EXPECT_EQ(enrol(with_quota_one(2, k_now_ms)), Verdict::added_device);
  EXPECT_EQ(enrol(with_quota_one(3, k_now_ms + k_day_ms - 1)), Verdict::quota_reached);
  EXPECT_EQ(enrol(with_quota_one(3, k_now_ms + k_day_ms)), Verdict::added_device);
  // The expired one needs a place again.
  EXPECT_EQ(enrol(with_quota_one(2, k_now_ms + k_day_ms)), Verdict::quota_reached);
}

TEST_P(EnrolTest, ANewDeviceReplacesALostOne) {
  auto first = request(1, "alice@example.org");
  first.quota_nodes = 1;
  EXPECT_EQ(enrol(first), Verdict::made_account);
  auto second = request(2, "alice@example.org");
  second.quota_nodes = 1;
  second.replace = node(1);
  EXPECT_EQ(enrol(second), Verdict::replaced_device);
  EXPECT_EQ(device(1).revoked_ms, k_now_ms);
  EXPECT_EQ(device(1).revoked_why, "replaced");
  EXPECT_FALSE(device(2).revoked_ms);
  // The answer got lost, and is asked for again.
  EXPECT_EQ(enrol(second), Verdict::same_device);
  // Whoever found the lost one cannot come back with its key, under any name.
  EXPECT_EQ(enrol(request(1, "alice@example.org")), Verdict::key_revoked);
  EXPECT_EQ(enrol(request(1, "mallory@example.org")), Verdict::key_revoked);
  EXPECT_FALSE(has_account("mallory@example.org"));
  EXPECT_THAT(events(), ElementsAre("made_account", "device-replaced", "replaced_device", "same_device"));
}

TEST_P(EnrolTest, OnlyAnOwnLivingDeviceCanBeReplaced) {
  EXPECT_EQ(enrol(request(1, "alice@example.org")), Verdict::made_account);
  EXPECT_EQ(enrol(request(2, "bob@example.org")), Verdict::made_account);
  auto wanted = request(3, "bob@example.org");
  wanted.replace = node(1);
  EXPECT_EQ(enrol(wanted), Verdict::no_such_device);
  EXPECT_FALSE(device(1).revoked_ms);
  wanted.replace = node(77);
  EXPECT_EQ(enrol(wanted), Verdict::no_such_device);
  EXPECT_FALSE(has_device(3));
  // To replace oneself is to come back.
  auto same = request(2, "bob@example.org");
  same.replace = node(2);
  EXPECT_EQ(enrol(same), Verdict::same_device);
  EXPECT_FALSE(device(2).revoked_ms);
}

TEST_P(EnrolTest, NamesAreUniqueAndNoneLooksLikeAnother) {
  // Shows: ENROLL-16.
  EXPECT_EQ(enrol(request(1, "alice@example.org")), Verdict::made_account);
  EXPECT_EQ(enrol(request(2, "Alice@example.org")), Verdict::name_taken);
  EXPECT_FALSE(has_account("Alice@example.org"));
  EXPECT_FALSE(has_device(2));
  EXPECT_EQ(enrol(request(2, "alice@example.org ")), Verdict::made_account);
  EXPECT_EQ(enrol(request(3, "alicé@example.org")), Verdict::made_account);
  EXPECT_EQ(enrol(request(4, "alic%@example.org")), Verdict::made_account);
}

TEST_P(EnrolTest, ANodeIdIsGivenOnce) {
  EXPECT_EQ(enrol(request(1, "alice@example.org")), Verdict::made_account);
  auto wanted = request(2, "bob@example.org");
  wanted.nodes = {node(2), node(1)};
  EXPECT_EQ(enrol(wanted), Verdict::node_id_taken);
  EXPECT_FALSE(has_account("bob@example.org"));
  EXPECT_FALSE(has_device(2));
  ASSERT_EQ(records().revoke_device(node(1), revocation()).value().size(), 1U);
  EXPECT_EQ(enrol(wanted), Verdict::node_id_taken);
  wanted.nodes = {node(2)};
  EXPECT_EQ(enrol(wanted), Verdict::made_account);
}

TEST_P(EnrolTest, WhatIsNotSignedLeavesNothing) {
  ASSERT_TRUE(records().begin(pending(1, "alice@example.org")).value());
  const auto wanted = request(1, "alice@example.org", CodeProof{pending_id(1), digest(1001)});
  const auto refused = records().enrol(
      wanted, [](const Device&) -> Result<Certificate> { return Failure{"the token is not there"}; });
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().reason, "the token is not there");
  EXPECT_THROW((void)records().enrol(
                   wanted, [](const Device&) -> Result<Certificate> { throw std::logic_error("broken"); }),
               std::logic_error);
  EXPECT_FALSE(has_account("alice@example.org"));
  EXPECT_FALSE(has_device(1));
  EXPECT_EQ(attempts_left(1), 3U);
  EXPECT_EQ(enrol(wanted), Verdict::made_account);
}

TEST_P(EnrolTest, ASerialNumberIsUsedOnce) {
  const Sign always_one = [](const Device&) -> Result<Certificate> { return Certificate{{1}, "01", 1, 2}; };
  EXPECT_EQ(records().enrol(request(1, "alice@example.org"), always_one).value().verdict,
            Verdict::made_account);
  EXPECT_FALSE(records().enrol(request(2, "bob@example.org"), always_one).ok());
  EXPECT_FALSE(has_account("bob@example.org"));
}

TEST_P(EnrolTest, RefusesWhatCannotBeKept) {
  const auto refusal = [&](const EnrolRequest& wanted) {
    const auto enrolled = records().enrol(wanted, signer());
    return enrolled ? std::string() : enrolled.error().reason;
  };
  auto wanted = request(1, "alice@example.org");
  for (const std::vector<NodeId>& nodes : {std::vector<NodeId>{},
                                           {node(1), node(1)},
                                           {k_no_node},
                                           {node(1), wildcard_node()},
                                           std::vector<NodeId>(17, node(1))}) {
    wanted.nodes = nodes;
    EXPECT_THAT(refusal(wanted), HasSubstr("Node-IDs"));
  }
  wanted.nodes = {node(1)};
  for (const std::string& name : {std::string(), std::string("a\0b@example.org", 15),
                                  std::string("\xff@example.org"), std::string(321, 'a')}) {
    wanted.user_name = name;
    EXPECT_NE(refusal(wanted), "") << name;
    EXPECT_FALSE(records().find_device(node(1)).value()) << name;
  }
  wanted = request(1, "alice@example.org");
  wanted.label = std::string(1025, 'a');
  EXPECT_THAT(refusal(wanted), HasSubstr("label"));
  wanted.label = "\xc3";
  EXPECT_THAT(refusal(wanted), HasSubstr("label"));
  wanted.label.clear();
  const Sign empty = [](const Device&) -> Result<Certificate> { return Certificate{{}, "1", 1, 2}; };
  EXPECT_FALSE(records().enrol(wanted, empty).ok());
  EXPECT_EQ(refusal(wanted), "");
}

TEST_P(EnrolTest, ANameOfTheFolderIsItsAlone) {
  // Shows: ENROLL-16.
  EXPECT_EQ(enrol(request(1, "alice@example.org", FolderProof{})), Verdict::made_account);
  EXPECT_EQ(enrol(request(2, "alice@example.org", FolderProof{})), Verdict::account_blocked);
  EXPECT_EQ(enrol(request(2, "alice@example.org")), Verdict::account_blocked);
  EXPECT_EQ(enrol(request(2, "alice@example.org", FolderProof{true})), Verdict::added_device);
  RenewRequest renewal{node(1), digest(1), digest(3), "", k_now_ms};
  EXPECT_EQ(records().renew(renewal, signer()).value().verdict, Verdict::account_blocked);
  renewal.from_folder = true;
  EXPECT_EQ(records().renew(renewal, signer()).value().verdict, Verdict::renewed);
  EXPECT_EQ(enrol(request(4, "bob@example.org")), Verdict::made_account);
  EXPECT_EQ(enrol(request(5, "bob@example.org", FolderProof{})), Verdict::name_taken);
  EXPECT_FALSE(records().find_account("bob@example.org").value()->blocked_ms);
}

}  // namespace
}  // namespace ringway::enrolld
