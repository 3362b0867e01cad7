// Shutting nodes out, the document that says so, listing.
#include "tests/services/enrolld/registrar/registrar_fixture.hpp"

namespace ringway::enrolld {
namespace {

using testing::ElementsAre;
using testing::SizeIs;
using testing::UnorderedElementsAre;

constexpr const char* k_alice = "alice@example.org";
constexpr const char* k_bob = "bob@example.org";

using OperatorsTest = RegistrarTest;

TEST_F(OperatorsTest, ARevokedNodeIsInTheNextDocumentUntilItsCertificateHasExpired) {
  // Shows: FM-27, CONFIG-22.
  const auto alice = enrol(k_alice, test::new_key()).value();
  const auto before = newest();
  const auto revoked = registrar().revoke_node(alice.nodes[0], "stolen", caller_, k_now_ms);
  ASSERT_TRUE(revoked.ok()) << revoked.error().detail;
  EXPECT_EQ(revoked->nodes, alice.nodes);
  EXPECT_EQ(revoked->sequence, 8);
  const auto after = newest();
  EXPECT_EQ(after->sequence, 8);
  EXPECT_THAT(after->bad_nodes, UnorderedElementsAre(test::node_id(99), alice.nodes[0]));
  const auto trust = security::Trust::make(before->trust_settings()).value();
  const auto taken = config::check_successor(*before, *after, *trust, k_now_ms);
  EXPECT_TRUE(taken.ok()) << taken.error().reason;

  // Neither renewal nor the same key brings it back.
  const auto renewed = registrar().renew(signing_request(test::new_key()), with_certificate(alice), k_now_ms);
  ASSERT_FALSE(renewed.ok());
  EXPECT_EQ(renewed.error().refusal, Refusal::wrong_proof);
  EXPECT_EQ(registrar().revoke_node(alice.nodes[0], "again", caller_, k_now_ms).error().refusal,
            Refusal::not_found);
  EXPECT_EQ(newest()->sequence, 8);

  EXPECT_EQ(registrar().refresh_document("timer", alice.not_after_ms - 1).value(), 8);
  EXPECT_EQ(registrar().refresh_document("timer", alice.not_after_ms + 1).value(), 9);
  // An operator's own stays.
  EXPECT_THAT(newest()->bad_nodes, ElementsAre(test::node_id(99)));
}

TEST_F(OperatorsTest, AllDevicesOfAUserAreRevokedTogether) {
  const auto one = enrol(k_alice, test::new_key()).value();
  const auto two = enrol(k_alice, test::new_key()).value();
  const auto bob = enrol(k_bob, test::new_key()).value();
  const auto revoked = registrar().revoke_user("alice@EXAMPLE.org", "left", caller_, k_now_ms);
  ASSERT_TRUE(revoked.ok()) << revoked.error().detail;
  EXPECT_THAT(revoked->nodes, UnorderedElementsAre(one.nodes[0], two.nodes[0]));
  EXPECT_EQ(newest()->sequence, 8);  // one document for both
  EXPECT_FALSE(newest()->bad_nodes.contains(bob.nodes[0]));
  EXPECT_EQ(registrar().revoke_user("nobody@example.org", "", caller_, k_now_ms).error().refusal,
            Refusal::not_found);
}

TEST_F(OperatorsTest, WhomTheFolderHasIssuedIsFoundByName) {
  ASSERT_TRUE(enrol(k_alice, test::new_key()).ok());
  auto later = settings();  // of a server that starts when the folder has the name
  later.reserved_names = {k_alice};
  const auto again = make_registrar(records(), std::move(later));
  EXPECT_EQ(again->list(k_alice, 0, 10).value().accounts.size(), 1U);
  EXPECT_TRUE(again->list_invitations(k_alice, {}, 10, k_now_ms).ok());
  EXPECT_EQ(again->revoke_user(k_alice, "", caller_, k_now_ms).value().nodes.size(), 1U);
  EXPECT_FALSE(again->invite(k_alice, 1, Duration{k_hour_ms}, caller_, k_now_ms).ok());
}

TEST_F(OperatorsTest, AnInvitationBringsNoRevokedUserBack) {
  const auto invited = registrar().invite(k_alice, 2, Duration{k_hour_ms}, caller_, k_now_ms).value();
  const auto with_it = [&] {
    auto request = by_mail(k_alice, test::new_key());
    request.method = Method::invitation;
    request.secret = Secret(invited.token.reveal());
    return registrar().begin(request, caller_, k_now_ms);
  };
  ASSERT_TRUE(with_it().ok());
  ASSERT_EQ(registrar().revoke_user(k_alice, "stolen", caller_, k_now_ms).value().nodes.size(), 1U);
  const auto back = with_it();
  ASSERT_FALSE(back.ok());
  EXPECT_EQ(back.error().refusal, Refusal::wrong_proof);
  // Who has only been invited is somebody to revoke.
  ASSERT_TRUE(registrar().invite(k_bob, 1, Duration{k_hour_ms}, caller_, k_now_ms).ok());
  EXPECT_TRUE(registrar().revoke_user(k_bob, "", caller_, k_now_ms).ok());
  EXPECT_FALSE(registrar().revoke_user(k_bob, "", caller_, k_now_ms).ok());
}

TEST_F(OperatorsTest, WhereInvitationsAreClosedNoneIsMade) {
  auto closed = settings();
  closed.methods = {Method::mail};
  const auto refused =
      make_registrar(records(), std::move(closed))->invite(k_bob, 1, Duration{k_hour_ms}, caller_, k_now_ms);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().refusal, Refusal::closed);
}

TEST_F(OperatorsTest, TheDocumentsSignerIsNotShutOut) {
  EXPECT_FALSE(registrar().revoke_node(signer_->node_id(), "", caller_, k_now_ms).ok());
  EXPECT_EQ(registrar().tally().of(Event::signer_not_revoked), 1U);
  EXPECT_EQ(newest()->sequence, 7);
}

TEST_F(OperatorsTest, ADocumentCutShortIsMadeUpFor) {
  const auto alice = enrol(k_alice, test::new_key()).value();
  // Marked, and the server died.
  ASSERT_TRUE(records().revoke_device(alice.nodes[0], {"stolen", "", k_now_ms}).ok());
  EXPECT_EQ(registrar().refresh_document("timer", k_now_ms).value(), 8);
  EXPECT_TRUE(newest()->bad_nodes.contains(alice.nodes[0]));
  EXPECT_EQ(registrar().refresh_document("timer", k_now_ms).value(), 8);
}

TEST_F(OperatorsTest, OnlyANewerDocumentIsAdopted) {
  registrar();
  const Document current = registrar().document().value();
  EXPECT_TRUE(registrar().adopt_document(current.bytes, caller_, k_now_ms).ok());
  EXPECT_EQ(registrar().document().value().position, current.position);
  auto next = *newest();
  next.sequence = 9;
  ASSERT_TRUE(registrar()
                  .adopt_document(config::write_document(next, *signer_, *signer_).value(), caller_, k_now_ms)
                  .ok());
  EXPECT_EQ(registrar().document().value().sequence, 9);
  EXPECT_FALSE(registrar().adopt_document({1, 2, 3}, caller_, k_now_ms).ok());
}

TEST_F(OperatorsTest, ADocumentWithASharedSecretIsNotForEveryone) {
  // Shows: SEC-37.
  registrar();
  auto next = *newest();
  next.sequence = 9;
  next.shared_secret = "UydhZKhj8C4PKk1pQEuKqWWXqHjKH1bU5LZcqfKqPpo=";
  EXPECT_FALSE(
      registrar()
          .adopt_document(config::write_document(next, *signer_, *signer_).value(), caller_, k_now_ms)
          .ok());
  EXPECT_NE(registrar().document().value().sequence, 9);
}

TEST_F(OperatorsTest, ListsUsersAndTheirDevices) {
  const auto one = enrol(k_alice, test::new_key()).value();
  enrol(k_bob, test::new_key()).value();
  const auto two = enrol(k_alice, test::new_key()).value();
  const auto all = registrar().list("", 0, 100).value();
  ASSERT_THAT(all.accounts, SizeIs(2));
  EXPECT_EQ(all.next, 0);
  EXPECT_EQ(all.accounts[0].account.user_name, k_alice);
  ASSERT_THAT(all.accounts[0].devices, SizeIs(2));
  EXPECT_EQ(all.accounts[0].devices[0].nodes, one.nodes);
  EXPECT_EQ(all.accounts[0].devices[1].nodes, two.nodes);
  const auto first = registrar().list("", 0, 2).value();
  EXPECT_THAT(first.accounts, SizeIs(2));
  const auto second = registrar().list("", first.next, 2).value();
  ASSERT_THAT(second.accounts, SizeIs(1));
  EXPECT_THAT(second.accounts[0].devices, SizeIs(1));
  EXPECT_EQ(second.next, 0);
  EXPECT_THAT(registrar().list("bob@Example.org", 0, 100).value().accounts, SizeIs(1));
  EXPECT_THAT(registrar().list("tel:+4312345", 0, 100).value().accounts, SizeIs(0));
}

TEST_F(OperatorsTest, WhereNamesAreProvedAnInvitationIsForSomebody) {
  EXPECT_FALSE(registrar().invite("", 1, Duration{1000}, caller_, k_now_ms).ok());
  EXPECT_TRUE(registrar().invite("bob@example.org", 1, Duration{1000}, caller_, k_now_ms).ok());
}

TEST_F(OperatorsTest, AWithdrawnInvitationEnrolsNobody) {
  const auto invite = [&](const char* user) {
    return registrar().invite(user, 2, Duration{k_hour_ms}, caller_, k_now_ms).value();
  };
  const auto alice = invite(k_alice), bob = invite(k_bob);
  const auto enrols = [&](const char* user, const Invited& invited) {
    auto request = by_mail(user, test::new_key());
    request.method = Method::invitation;
    request.secret = Secret(invited.token.reveal());
    return registrar().begin(request, caller_, k_now_ms).ok();
  };
  ASSERT_TRUE(enrols(k_alice, alice));
  const auto listed = registrar().list_invitations("alice@EXAMPLE.org", {}, 10, k_now_ms).value();
  ASSERT_THAT(listed.invitations, SizeIs(1));
  EXPECT_EQ(id_of(listed.invitations[0].token), alice.id);
  EXPECT_EQ(listed.invitations[0].uses_left, 1U);
  EXPECT_FALSE(listed.next);
  EXPECT_FALSE(registrar().list_invitations("no name", {}, 10, k_now_ms).ok());

  ASSERT_TRUE(registrar().withdraw_invitation(alice.id, caller_, k_now_ms).ok());
  EXPECT_FALSE(enrols(k_alice, alice));
  EXPECT_THAT(registrar().list(k_alice, 0, 10).value().accounts, SizeIs(1));  // who has come stays
  EXPECT_TRUE(enrols(k_bob, bob));
  const auto again = registrar().withdraw_invitation(alice.id, caller_, k_now_ms);
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().refusal, Refusal::not_found);
  EXPECT_EQ(registrar().tally().of(Event::invitation_withdrawn), 1U);
  EXPECT_EQ(registrar().tally().of(Event::no_such_invitation), 1U);
}

TEST_F(OperatorsTest, InvitationsAreListedInPages) {
  for (int i = 0; i < 3; ++i)
    ASSERT_TRUE(registrar().invite(k_bob, 1, Duration{k_hour_ms}, caller_, k_now_ms).ok());
  const auto first = registrar().list_invitations("", {}, 2, k_now_ms).value();
  EXPECT_THAT(first.invitations, SizeIs(2));
  ASSERT_TRUE(first.next);
  const auto second = registrar().list_invitations("", *first.next, 2, k_now_ms).value();
  EXPECT_THAT(second.invitations, SizeIs(1));
  EXPECT_FALSE(second.next);
}

TEST_F(OperatorsTest, InvitationsHaveBounds) {
  auto alone = settings();
  alone.methods = {Method::invitation};
  const auto open = make_registrar(records(), std::move(alone));
  for (const std::uint32_t uses : {0U, 1001U})
    EXPECT_FALSE(open->invite("", uses, Duration{1000}, caller_, k_now_ms).ok());
  EXPECT_FALSE(open->invite("", 1, Duration{0}, caller_, k_now_ms).ok());
  EXPECT_FALSE(open->invite("no name", 1, Duration{1000}, caller_, k_now_ms).ok());
  EXPECT_TRUE(open->invite("", 1000, Duration{1000}, caller_, k_now_ms).ok());
}

}  // namespace
}  // namespace ringway::enrolld
