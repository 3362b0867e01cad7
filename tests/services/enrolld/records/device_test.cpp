// What happens to a device after its enrolment: renewals, revocation, blocking, listing.
#include "tests/services/enrolld/records/records_fixture.hpp"

namespace ringway::enrolld {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class DeviceTest : public RecordsTest {
 protected:
  Verdict renew(unsigned number, unsigned held_key, unsigned new_key, WallMs now_ms = k_now_ms) {
    const RenewRequest wanted{node(number), digest(held_key), digest(new_key), "192.0.2.1", now_ms};
    return records().renew(wanted, signer(now_ms)).value().verdict;
  }
  std::vector<NodeId> revoked(WallMs now_ms = k_now_ms) {
    std::vector<NodeId> out;
    const auto found = records().revoked_nodes(now_ms).value();
    for (const auto& entry : found) out.push_back(entry.node);
    return out;
  }
};
INSTANTIATE_TEST_SUITE_P(On, DeviceTest, k_both, database_name);

TEST_P(DeviceTest, RenewsWithTheSameKey) {
  EXPECT_EQ(enrol(request(1, "alice@example.org")), Verdict::made_account);
  const auto before = device(1).certificate;
  EXPECT_EQ(renew(1, 1, 1, k_now_ms + 1000), Verdict::renewed);
  EXPECT_EQ(device(1).certificate.expires_ms, before.expires_ms + 1000);
  EXPECT_NE(device(1).certificate.serial, before.serial);
  EXPECT_EQ(renew(2, 1, 1), Verdict::no_such_device);
  EXPECT_THAT(events(), ElementsAre("made_account", "renewed"));
}

TEST_P(DeviceTest, GoesOverToAnotherKey) {
  EXPECT_EQ(enrol(request(1, "alice@example.org")), Verdict::made_account);
  EXPECT_EQ(renew(1, 1, 10), Verdict::renewed);
  EXPECT_EQ(device(1).key, digest(10));
  // The answer got lost: the former key may ask for the same again, and for nothing else.
  EXPECT_EQ(renew(1, 1, 10), Verdict::renewed);
  EXPECT_EQ(renew(1, 1, 11), Verdict::wrong_proof);
  EXPECT_EQ(renew(1, 1, 1), Verdict::wrong_proof);
  EXPECT_EQ(renew(1, 12, 10), Verdict::wrong_proof);
  EXPECT_EQ(enrol(request(1, "alice@example.org")), Verdict::key_in_use);
  EXPECT_EQ(renew(1, 10, 11), Verdict::renewed);
  EXPECT_EQ(renew(1, 1, 11), Verdict::wrong_proof);
  EXPECT_EQ(enrol([] {
              auto same = request(11, "alice@example.org");
              same.nodes = {node(2)};
              return same;
            }()),
            Verdict::same_device);
}

TEST_P(DeviceTest, TakesNoKeyOfAnotherDevice) {
  EXPECT_EQ(enrol(request(1, "alice@example.org")), Verdict::made_account);
  EXPECT_EQ(enrol(request(2, "alice@example.org")), Verdict::added_device);
  EXPECT_EQ(enrol(request(3, "bob@example.org")), Verdict::made_account);
  EXPECT_EQ(renew(1, 1, 2), Verdict::key_in_use);
  ASSERT_EQ(records().revoke_device(node(3), revocation()).value().size(), 1U);
  EXPECT_EQ(renew(1, 1, 3), Verdict::key_revoked);
  EXPECT_EQ(device(1).key, digest(1));
}

TEST_P(DeviceTest, ARenewalThatIsNotSignedChangesNothing) {
  EXPECT_EQ(enrol(request(1, "alice@example.org")), Verdict::made_account);
  const RenewRequest wanted{node(1), digest(1), digest(2), "", k_now_ms};
  EXPECT_FALSE(
      records().renew(wanted, [](const Device&) -> Result<Certificate> { return Failure{"no"}; }).ok());
  EXPECT_EQ(device(1).key, digest(1));
}

TEST_P(DeviceTest, ARevokedDeviceIsListedUntilItsLastCertificateHasExpired) {
  // Shows: FM-27.
  auto wanted = request(1, "alice@example.org");
  wanted.nodes = {node(1), node(2)};
  EXPECT_EQ(enrol(wanted), Verdict::made_account);
  EXPECT_EQ(enrol(request(3, "alice@example.org")), Verdict::added_device);
  EXPECT_EQ(renew(1, 1, 4, k_now_ms + 1000), Verdict::renewed);
  EXPECT_EQ(renew(1, 4, 5, k_now_ms - 5000), Verdict::renewed) << "the earlier end does not count";
  EXPECT_THAT(revoked(), IsEmpty());
  EXPECT_THAT(records().revoke_device(node(2), revocation()).value(), ElementsAre(node(1), node(2)));
  EXPECT_THAT(records().revoke_device(node(1), revocation()).value(), IsEmpty()) << "revoked already";
  EXPECT_THAT(records().revoke_device(node(77), revocation()).value(), IsEmpty());
  EXPECT_EQ(device(1).revoked_ms, k_now_ms);
  EXPECT_EQ(device(1).revoked_why, "stolen");
  EXPECT_EQ(records().find_account("alice@example.org").value().value().live_devices, 1U);
  EXPECT_THAT(revoked(k_now_ms + k_day_ms + 999), ElementsAre(node(1), node(2)));
  EXPECT_THAT(revoked(k_now_ms + k_day_ms + 1000), IsEmpty());
  EXPECT_EQ(renew(1, 5, 5), Verdict::device_revoked);
  EXPECT_EQ(enrol(request(5, "alice@example.org")), Verdict::key_revoked);
  EXPECT_EQ(enrol(request(4, "alice@example.org")), Verdict::key_revoked) << "its former key";
}

TEST_P(DeviceTest, AUserIsRevokedWithAllDevices) {
  EXPECT_EQ(enrol(request(1, "alice@example.org")), Verdict::made_account);
  EXPECT_EQ(enrol(request(2, "alice@example.org")), Verdict::added_device);
  EXPECT_EQ(enrol(request(3, "alice@example.org")), Verdict::added_device);
  EXPECT_EQ(enrol(request(4, "bob@example.org")), Verdict::made_account);
  ASSERT_EQ(records().revoke_device(node(2), revocation()).value().size(), 1U);
  EXPECT_THAT(records().revoke_user("alice@example.org", revocation()).value().nodes,
              ElementsAre(node(1), node(3)));
  EXPECT_THAT(records().revoke_user("alice@example.org", revocation()).value().nodes, IsEmpty());
  EXPECT_THAT(records().revoke_user("carol@example.org", revocation()).value().nodes, IsEmpty());
  EXPECT_THAT(revoked(), ElementsAre(node(1), node(2), node(3)));
}

TEST_P(DeviceTest, ARevokedUsersInvitationsAndPasswordEnd) {
  const auto invite = [&](std::uint8_t token, std::optional<std::string> user) {
    return records()
        .invite({digest(token), std::move(user), 5, k_now_ms, k_now_ms + k_day_ms, ""}, "")
        .value();
  };
  ASSERT_TRUE(invite(1, "alice@example.org") && invite(2, "alice@example.org"));
  ASSERT_TRUE(invite(3, "bob@example.org") && invite(4, std::nullopt));
  ASSERT_TRUE(records().set_password("alice@example.org", "hash", k_now_ms).ok());
  ASSERT_TRUE(records().set_password("bob@example.org", "hash", k_now_ms).ok());
  EXPECT_EQ(records().revoke_user("alice@example.org", revocation()).value().proofs_ended, 3U);
  EXPECT_EQ(records().revoke_user("alice@example.org", revocation()).value().proofs_ended, 0U);
  EXPECT_FALSE(records().find_invitation(digest(1)).value() || records().find_invitation(digest(2)).value());
  EXPECT_TRUE(records().find_invitation(digest(3)).value() && records().find_invitation(digest(4)).value());
  EXPECT_FALSE(records().find_password("alice@example.org").value());
  EXPECT_TRUE(records().find_password("bob@example.org").value());
}

TEST_P(DeviceTest, ABlockedNameGetsNothing) {
  EXPECT_EQ(enrol(request(1, "alice@example.org")), Verdict::made_account);
  ASSERT_TRUE(records().set_blocked("alice@example.org", true, "operator", k_now_ms).ok());
  ASSERT_TRUE(records().set_blocked("alice@example.org", true, "operator", k_now_ms + 1).ok());
  EXPECT_EQ(records().find_account("alice@example.org").value().value().blocked_ms, k_now_ms);
  EXPECT_EQ(enrol(request(1, "alice@example.org")), Verdict::account_blocked);
  EXPECT_EQ(enrol(request(2, "alice@example.org")), Verdict::account_blocked);
  EXPECT_EQ(renew(1, 1, 1), Verdict::account_blocked);
  ASSERT_TRUE(records().set_blocked("alice@example.org", false, "operator", k_now_ms).ok());
  EXPECT_EQ(renew(1, 1, 1), Verdict::renewed);
}

TEST_P(DeviceTest, ANameCanBeKeptFromEverybody) {
  ASSERT_TRUE(records().set_blocked("postmaster@example.org", true, "operator", k_now_ms).ok());
  EXPECT_EQ(enrol(request(1, "postmaster@example.org")), Verdict::account_blocked);
  EXPECT_EQ(enrol(request(1, "Postmaster@example.org")), Verdict::name_taken);
  EXPECT_FALSE(records().set_blocked("Postmaster@example.org", true, "operator", k_now_ms).ok());
  ASSERT_TRUE(records().set_blocked("postmaster@example.org", false, "operator", k_now_ms).ok());
  EXPECT_FALSE(has_account("postmaster@example.org"));
  EXPECT_EQ(enrol(request(1, "postmaster@example.org")), Verdict::made_account);
}

TEST_P(DeviceTest, ListsPageByPage) {
  EXPECT_EQ(enrol(request(1, "bob@example.org")), Verdict::made_account);
  EXPECT_EQ(enrol(request(2, "alice@example.org")), Verdict::made_account);
  EXPECT_EQ(enrol(request(3, "bob@example.org")), Verdict::added_device);
  const auto first_nodes = [](const std::vector<Device>& devices) {
    std::vector<NodeId> out;
    for (const auto& each : devices) out.push_back(each.nodes.at(0));
    return out;
  };
  const auto page = records().list_devices(0, 2).value();
  EXPECT_THAT(first_nodes(page), ElementsAre(node(1), node(2)));
  EXPECT_THAT(first_nodes(records().list_devices(page.back().id, 2).value()), ElementsAre(node(3)));
  EXPECT_THAT(first_nodes(records().list_devices(0, 9, "bob@example.org").value()),
              ElementsAre(node(1), node(3)));
  EXPECT_THAT(records().list_devices(0, 9, "carol@example.org").value(), IsEmpty());
}

}  // namespace
}  // namespace ringway::enrolld
