// Proofs: codes, links, vouchers and invitations open what they are for, once.
#include "tests/services/enrolld/records/records_fixture.hpp"

namespace ringway::enrolld {
namespace {

class ProofTest : public RecordsTest {
 protected:
  void begin(unsigned number, const std::string& user_name) {
    ASSERT_TRUE(records().begin(pending(number, user_name)).value());
  }
  void invite(unsigned number, const std::optional<std::string>& user_name, std::uint32_t uses) {
    ASSERT_TRUE(
        records()
            .invite({digest(number), user_name, uses, k_now_ms, k_now_ms + k_day_ms, "for tests"}, "operator")
            .value());
  }
};
INSTANTIATE_TEST_SUITE_P(On, ProofTest, k_both, database_name);

TEST_P(ProofTest, APendingEnrolmentIsKeptWhole) {
  auto wanted = pending(1, "alice@example.org");
  wanted.label = "desk";
  wanted.node_count = 4;
  wanted.replace = node(8);
  ASSERT_TRUE(records().begin(wanted).value());
  const auto by_id = records().find_pending(pending_id(1)).value();
  const auto by_link = records().find_pending_by_link(digest(2001)).value();
  for (const auto& state : {by_id, by_link}) {
    ASSERT_TRUE(state);
    EXPECT_FALSE(state->device);
    const Pending& found = state->pending;
    EXPECT_EQ(found.id, wanted.id);
    EXPECT_EQ(found.user_name, wanted.user_name);
    EXPECT_EQ(found.method, "mail");
    EXPECT_EQ(found.source, "192.0.2.1");
    EXPECT_EQ(found.code, wanted.code);
    EXPECT_EQ(found.link, wanted.link);
    EXPECT_EQ(found.csr, wanted.csr);
    EXPECT_EQ(found.key, wanted.key);
    EXPECT_EQ(found.label, "desk");
    EXPECT_EQ(found.node_count, 4U);
    EXPECT_EQ(found.replace, node(8));
    EXPECT_EQ(found.attempts_left, 3U);
    EXPECT_EQ(found.begun_ms, wanted.begun_ms);
    EXPECT_EQ(found.expires_ms, wanted.expires_ms);
  }
  EXPECT_FALSE(records().find_pending(pending_id(2)).value());
  EXPECT_FALSE(records().find_pending_by_link(digest(1001)).value());
  EXPECT_FALSE(records().begin(wanted).ok()) << "the same number twice";
}

TEST_P(ProofTest, APasswordIsAProofForAsLongAsItIsTheNamesOne) {
  ASSERT_TRUE(records().set_password("alice@example.org", "$argon2id$one", k_now_ms).ok());
  const auto wanted = request(1, "alice@example.org", PasswordProof{"$argon2id$one"});
  EXPECT_EQ(enrol(request(2, "bob@example.org", wanted.proof)), Verdict::wrong_proof);
  EXPECT_EQ(enrol(wanted), Verdict::made_account);
  EXPECT_EQ(enrol(request(2, "alice@example.org", wanted.proof)), Verdict::added_device);
  ASSERT_TRUE(records().set_password("alice@example.org", "$argon2id$two", k_now_ms).ok());
  EXPECT_EQ(enrol(request(3, "alice@example.org", wanted.proof)), Verdict::wrong_proof);
  ASSERT_TRUE(records().remove_password("alice@example.org").value());
  EXPECT_EQ(enrol(request(3, "alice@example.org", PasswordProof{"$argon2id$two"})), Verdict::wrong_proof);
}

TEST_P(ProofTest, ACodeOpensOnce) {
  begin(1, "alice@example.org");
  const auto wanted = request(1, "alice@example.org", CodeProof{pending_id(1), digest(1001)});
  EXPECT_EQ(enrol(wanted), Verdict::made_account);
  EXPECT_EQ(records().find_pending(pending_id(1)).value().value().device.value().nodes.at(0), node(1));
  const auto again = records().enrol(wanted, signer()).value();
  EXPECT_EQ(again.verdict, Verdict::proof_used);
  EXPECT_EQ(again.device.value().nodes.at(0), node(1));
}

TEST_P(ProofTest, AWrongCodeCostsAnAttempt) {
  begin(1, "alice@example.org");
  const auto with_code = [](unsigned code) {
    return request(1, "alice@example.org", CodeProof{pending_id(1), digest(code)});
  };
  EXPECT_EQ(enrol(with_code(1)), Verdict::wrong_proof);
  EXPECT_EQ(enrol(with_code(2001)), Verdict::wrong_proof) << "the link is no code";
  EXPECT_EQ(attempts_left(1), 1U);
  EXPECT_EQ(enrol(with_code(2)), Verdict::wrong_proof);
  EXPECT_EQ(enrol(with_code(1001)), Verdict::out_of_attempts);
  EXPECT_FALSE(has_account("alice@example.org"));
  EXPECT_EQ(enrol(request(1, "alice@example.org", CodeProof{pending_id(2), digest(1001)})),
            Verdict::wrong_proof);
  // Nobody can guess a link, so it stays good.
  EXPECT_EQ(enrol(request(1, "alice@example.org", LinkProof{digest(2001)})), Verdict::made_account);
}

TEST_P(ProofTest, WithoutACodeNoneIsRight) {
  auto wanted = pending(1, "tel:+15550100");
  wanted.code.reset();
  wanted.link.reset();
  ASSERT_TRUE(records().begin(wanted).value());
  EXPECT_EQ(enrol(request(1, "tel:+15550100", CodeProof{pending_id(1), Digest{}})), Verdict::wrong_proof);
  EXPECT_EQ(enrol(request(1, "tel:+15550100", LinkProof{Digest{}})), Verdict::wrong_proof);
  EXPECT_EQ(enrol(request(1, "tel:+15550100", VouchedProof{pending_id(1)})), Verdict::made_account);
  EXPECT_EQ(enrol(request(1, "tel:+15550100", VouchedProof{pending_id(1)})), Verdict::proof_used);
}

TEST_P(ProofTest, AProofOpensOnlyWhatItIsFor) {
  begin(1, "alice@example.org");
  EXPECT_EQ(enrol(request(1, "bob@example.org", LinkProof{digest(2001)})), Verdict::wrong_proof);
  EXPECT_EQ(enrol(request(2, "alice@example.org", LinkProof{digest(2001)})), Verdict::wrong_proof);
  EXPECT_EQ(enrol(request(2, "alice@example.org", CodeProof{pending_id(1), digest(1001)})),
            Verdict::wrong_proof);
  EXPECT_EQ(enrol(request(2, "alice@example.org", VouchedProof{pending_id(1)})), Verdict::wrong_proof);
  EXPECT_FALSE(has_account("alice@example.org"));
  EXPECT_EQ(enrol(request(1, "alice@example.org", LinkProof{digest(2001)})), Verdict::made_account);
  EXPECT_EQ(enrol(request(1, "alice@example.org", LinkProof{digest(2001)})), Verdict::proof_used);
  EXPECT_EQ(enrol(request(1, "alice@example.org", CodeProof{pending_id(1), digest(1001)})),
            Verdict::proof_used);
}

TEST_P(ProofTest, AProofRunsOut) {
  begin(1, "alice@example.org");
  auto late = request(1, "alice@example.org", LinkProof{digest(2001)});
  late.now_ms = pending(1, "").expires_ms;
  EXPECT_EQ(enrol(late), Verdict::proof_expired);
  late.now_ms -= 1;
  EXPECT_EQ(enrol(late), Verdict::made_account);
}

TEST_P(ProofTest, ARefusalLeavesTheProofAndNothingElse) {
  auto first = request(1, "alice@example.org");
  EXPECT_EQ(enrol(first), Verdict::made_account);
  begin(2, "alice@example.org");
  auto wanted = request(2, "alice@example.org", CodeProof{pending_id(2), digest(1002)});
  wanted.quota_nodes = 1;
  EXPECT_EQ(enrol(wanted), Verdict::quota_reached);
  EXPECT_EQ(attempts_left(2), 2U);
  EXPECT_FALSE(has_device(2));
  wanted.replace = node(1);
  EXPECT_EQ(enrol(wanted), Verdict::replaced_device);
}

TEST_P(ProofTest, NoMoreEnrolmentsWaitThanAllowed) {
  options_.max_pending = 3;
  for (unsigned i = 1; i <= 3; ++i) begin(i, "alice@example.org");
  EXPECT_FALSE(records().begin(pending(4, "bob@example.org")).value());
  EXPECT_FALSE(records().begin(pending(5, "bob@example.org")).value());
  ASSERT_EQ(records().prune(k_now_ms + 2 * 3'600'000).value(), 3U);
  EXPECT_TRUE(records().begin(pending(4, "bob@example.org")).value());
}

TEST_P(ProofTest, ADroppedEnrolmentLeavesItsRoom) {
  options_.max_pending = 1;
  begin(1, "alice@example.org");
  EXPECT_FALSE(records().begin(pending(2, "bob@example.org")).value());
  ASSERT_TRUE(records().drop_pending(pending_id(1)).ok());
  EXPECT_FALSE(records().find_pending(pending_id(1)).value().has_value());
  EXPECT_TRUE(records().begin(pending(2, "bob@example.org")).value());
}

TEST_P(ProofTest, RefusesPendingEnrolmentsThatCannotBeKept) {
  auto wanted = pending(1, "alice@example.org");
  wanted.csr.resize(k_max_csr_bytes + 1);
  EXPECT_FALSE(records().begin(wanted).ok());
  wanted.csr.resize(k_max_csr_bytes);
  wanted.node_count = 17;
  EXPECT_FALSE(records().begin(wanted).ok());
  wanted.node_count = 16;
  wanted.user_name = "";
  EXPECT_FALSE(records().begin(wanted).ok());
  wanted.user_name = "alice@example.org";
  EXPECT_TRUE(records().begin(wanted).value());
}

TEST_P(ProofTest, AnInvitationIsForItsNameAndUses) {
  invite(50, "alice@example.org", 1);
  EXPECT_EQ(enrol(request(1, "bob@example.org", InvitationProof{digest(50)})), Verdict::wrong_proof);
  EXPECT_EQ(enrol(request(1, "alice@example.org", InvitationProof{digest(51)})), Verdict::wrong_proof);
  EXPECT_EQ(enrol(request(1, "alice@example.org", InvitationProof{digest(50)})), Verdict::made_account);
  EXPECT_EQ(records().find_invitation(digest(50)).value().value().uses_left, 0U);
  EXPECT_EQ(enrol(request(2, "alice@example.org", InvitationProof{digest(50)})), Verdict::proof_used);
  // The answer got lost: the same key may ask again.
  EXPECT_EQ(enrol(request(1, "alice@example.org", InvitationProof{digest(50)})), Verdict::same_device);
  EXPECT_EQ(records().find_invitation(digest(50)).value().value().uses_left, 0U);
  // An operator who names a person says whose account it is.
  invite(51, "alice@example.org", 1);
  EXPECT_EQ(enrol(request(2, "alice@example.org", InvitationProof{digest(51)})), Verdict::added_device);
}

TEST_P(ProofTest, AnOpenInvitationTakesNobodysName) {
  // Shows: ENROLL-16.
  EXPECT_EQ(enrol(request(1, "alice@example.org")), Verdict::made_account);
  invite(50, std::nullopt, 2);
  EXPECT_EQ(enrol(request(2, "alice@example.org", InvitationProof{digest(50)})), Verdict::name_taken);
  EXPECT_EQ(enrol(request(1, "alice@example.org", InvitationProof{digest(50)})), Verdict::name_taken);
  EXPECT_EQ(enrol(request(2, "bob@example.org", InvitationProof{digest(50)})), Verdict::made_account);
  EXPECT_EQ(enrol(request(2, "bob@example.org", InvitationProof{digest(50)})), Verdict::same_device);
  EXPECT_EQ(enrol(request(3, "bob@example.org", InvitationProof{digest(50)})), Verdict::name_taken);
  EXPECT_EQ(records().find_invitation(digest(50)).value().value().uses_left, 1U);
}

TEST_P(ProofTest, InvitationsRunOutAndAreWithdrawn) {
  invite(50, std::nullopt, 9);
  const auto found = records().find_invitation(digest(50)).value().value();
  EXPECT_EQ(found.token, digest(50));
  EXPECT_EQ(found.user_name, std::nullopt);
  EXPECT_EQ(found.made_ms, k_now_ms);
  EXPECT_EQ(found.expires_ms, k_now_ms + k_day_ms);
  EXPECT_EQ(found.note, "for tests");
  auto late = request(1, "alice@example.org", InvitationProof{digest(50)});
  late.now_ms = k_now_ms + k_day_ms;
  EXPECT_EQ(enrol(late), Verdict::proof_expired);
  EXPECT_TRUE(records().withdraw_invitation(id_of(digest(50)), "operator", k_now_ms).value());
  EXPECT_FALSE(records().withdraw_invitation(id_of(digest(50)), "operator", k_now_ms).value());
  EXPECT_EQ(enrol(request(1, "alice@example.org", InvitationProof{digest(50)})), Verdict::wrong_proof);
  EXPECT_THAT(events(), testing::ElementsAre("invited", "invitation-withdrawn"));
}

TEST_P(ProofTest, InvitationsAreListedInPagesByTheirAge) {
  const auto invite_at = [&](unsigned number, const std::optional<std::string>& user_name, WallMs made_ms) {
    const Invitation one{digest(number), user_name, 2, made_ms, made_ms + k_day_ms, ""};
    ASSERT_TRUE(records().invite(one, "operator").value());
  };
  invite_at(53, "alice@example.org", k_now_ms);
  invite_at(52, std::nullopt, k_now_ms + 1);
  invite_at(50, "bob@example.org", k_now_ms + 1);
  invite_at(51, "alice@example.org", k_now_ms + 2);
  const auto listed = [&](const InvitationMark& after, std::size_t most, WallMs now_ms,
                          const std::string& user_name = {}) {
    std::vector<Digest> out;
    const auto found = records().list_invitations(after, most, now_ms, user_name).value();
    for (const Invitation& one : found) out.push_back(one.token);
    return out;
  };
  using testing::ElementsAre;
  EXPECT_THAT(listed({}, 9, k_now_ms), ElementsAre(digest(53), digest(50), digest(52), digest(51)));
  EXPECT_THAT(listed({}, 2, k_now_ms), ElementsAre(digest(53), digest(50)));
  const InvitationMark mark{k_now_ms + 1, id_of(digest(50))};
  EXPECT_THAT(listed(mark, 2, k_now_ms), ElementsAre(digest(52), digest(51)));
  EXPECT_THAT(listed({}, 9, k_now_ms, "alice@example.org"), ElementsAre(digest(53), digest(51)));
  // What has expired cannot be used, though nothing has pruned it yet.
  EXPECT_THAT(listed({}, 9, k_now_ms + k_day_ms + 1), ElementsAre(digest(51)));
  const auto first = records().list_invitations({}, 1, k_now_ms).value().at(0);
  EXPECT_EQ(first.user_name, "alice@example.org");
  EXPECT_EQ(first.uses_left, 2U);
  EXPECT_EQ(first.expires_ms, k_now_ms + k_day_ms);
  // Only the one that is named is withdrawn.
  EXPECT_TRUE(records().withdraw_invitation(id_of(digest(50)), "operator", k_now_ms).value());
  EXPECT_THAT(listed({}, 9, k_now_ms), ElementsAre(digest(53), digest(52), digest(51)));
}

TEST_P(ProofTest, InvitationsAreBoundedAndPruned) {
  options_.max_invitations = 2;
  invite(50, std::nullopt, 1);
  invite(51, "alice@example.org", 1);
  const Invitation more{digest(52), std::nullopt, 1, k_now_ms, k_now_ms + k_day_ms, ""};
  EXPECT_FALSE(records().invite(more, "operator").value());
  EXPECT_EQ(records().prune(k_now_ms + k_day_ms - 1).value(), 0U);
  EXPECT_EQ(records().prune(k_now_ms + k_day_ms).value(), 2U);
  EXPECT_TRUE(records().invite(more, "operator").value());
}

TEST_P(ProofTest, TheOutcomeCanBeAskedForUntilAnHourLater) {
  begin(1, "alice@example.org");
  EXPECT_EQ(enrol(request(1, "alice@example.org", LinkProof{digest(2001)})), Verdict::made_account);
  const WallMs forgotten_ms = pending(1, "").expires_ms + 3'600'000;
  EXPECT_EQ(records().prune(forgotten_ms - 1).value(), 0U);
  EXPECT_TRUE(records().find_pending(pending_id(1)).value().value().device);
  EXPECT_EQ(records().prune(forgotten_ms).value(), 1U);
  EXPECT_FALSE(records().find_pending(pending_id(1)).value());
  EXPECT_TRUE(has_device(1));
}

}  // namespace
}  // namespace ringway::enrolld
