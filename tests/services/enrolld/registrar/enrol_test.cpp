// What becomes of a claim to a name, by each way of proof.
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "services/enrolld/proofs/tokens.hpp"
#include "tests/services/enrolld/registrar/registrar_fixture.hpp"

namespace ringway::enrolld {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

constexpr const char* k_alice = "alice@example.org";

class EnrolmentTest : public RegistrarTest {
 protected:
  template <typename T>
  static Refusal refusal(const Answer<T>& answer) {
    EXPECT_FALSE(answer.ok());
    return answer ? Refusal::unavailable : answer.error().refusal;
  }
  std::size_t devices_of(const std::string& user) {
    const auto found = records().list_devices(0, 100, user);
    return found.value().size();
  }
  const services::Key key_ = test::new_key();
};

TEST_F(EnrolmentTest, WhoHasTheMailboxHasTheName) {
  // Shows: ENROLL-11, ENROLL-13, ENROLL-15, FM-33.
  const auto begun = registrar().begin(by_mail("alice@Example.ORG", key_), caller_, k_now_ms);
  ASSERT_TRUE(begun.ok()) << begun.error().detail;
  ASSERT_TRUE(begun->waiting.has_value());
  EXPECT_FALSE(begun->delivered.has_value());
  EXPECT_EQ(randomness_.draws, 0U);  // no Node-ID is there before the proof
  const auto& id = begun->waiting->enrolment;
  EXPECT_EQ(refusal(registrar().confirm(id, "", caller_, k_now_ms)), Refusal::not_proved_yet);
  const auto mail = mail_.last_to(k_alice);
  const auto told = registrar().look_at_link(mail.token, caller_, k_now_ms);
  ASSERT_TRUE(told.ok()) << told.error().detail;
  EXPECT_EQ(told->user_name, k_alice);
  EXPECT_FALSE(told->done);

  const auto delivered = registrar().confirm_link(mail.token, from("198.51.100.9"), k_now_ms);
  ASSERT_TRUE(delivered.ok()) << delivered.error().detail;
  const auto certificate = certificate_of(*delivered);
  EXPECT_EQ(certificate->user_name(), k_alice);
  EXPECT_EQ(certificate->node_ids(), delivered->nodes);
  EXPECT_EQ(certificate->public_key_info_der(), services::public_key_info_der(key_));
  EXPECT_EQ(delivered->not_after_ms, k_now_ms + 30 * k_day_ms);
  ASSERT_THAT(delivered->chain, SizeIs(2));
  const auto trust = security::Trust::make(newest()->trust_settings()).value();
  EXPECT_TRUE(trust->check(*certificate, {SharedBytes(delivered->chain[1])}, k_now_ms).ok());
  EXPECT_EQ(config::parse_configuration(SharedBytes(delivered->configuration), k_overlay).value()->sequence,
            7);
  // An answer that got lost is given again, to whoever began and to whoever presses the button twice.
  EXPECT_EQ(registrar().confirm(id, "", caller_, k_now_ms).value().chain, delivered->chain);
  EXPECT_EQ(registrar().confirm_link(mail.token, caller_, k_now_ms).value().chain, delivered->chain);
  EXPECT_TRUE(registrar().look_at_link(mail.token, caller_, k_now_ms).value().done);
  EXPECT_EQ(registrar().tally().of(Verdict::made_account), 1U);
}

TEST_F(EnrolmentTest, TheCodeIsAsGoodAsTheLink) {
  const auto begun = registrar().begin(by_mail(k_alice, key_), caller_, k_now_ms).value();
  const auto code = mail_.last_to(k_alice).code;
  const auto typed = code.substr(0, 4) + " " + code.substr(4);
  const auto delivered = registrar().confirm(begun.waiting->enrolment, typed, caller_, k_now_ms);
  ASSERT_TRUE(delivered.ok()) << delivered.error().detail;
  EXPECT_EQ(certificate_of(*delivered)->user_name(), k_alice);
}

TEST_F(EnrolmentTest, WhoCannotReadTheMailIsRefused) {
  const auto begun = registrar().begin(by_mail(k_alice, key_), caller_, k_now_ms).value();
  const auto& id = begun.waiting->enrolment;
  const auto code = mail_.last_to(k_alice).code;
  const std::string wrong = code == "00000000" ? "00000001" : "00000000";
  std::string message;
  for (unsigned i = 0; i < 5; ++i) {
    const auto refused = registrar().confirm(id, wrong, caller_, k_now_ms);
    EXPECT_EQ(refusal(refused), Refusal::wrong_proof);
    message = refused.error().message;
  }
  // Five guesses; then the right code is worth nothing either, and sounds the same.
  const auto late = registrar().confirm(id, code, caller_, k_now_ms);
  EXPECT_EQ(refusal(late), Refusal::wrong_proof);
  EXPECT_EQ(late.error().message, message);
  EXPECT_EQ(registrar().tally().of(Verdict::wrong_proof), 5U);
  EXPECT_EQ(registrar().tally().of(Verdict::out_of_attempts), 1U);
  EXPECT_EQ(refusal(registrar().confirm(std::string(32, '0'), code, caller_, k_now_ms)), Refusal::gone);
  EXPECT_EQ(refusal(registrar().confirm_link("nothing", caller_, k_now_ms)), Refusal::gone);
  EXPECT_EQ(devices_of(k_alice), 0U);
  EXPECT_EQ(randomness_.draws, registrar().tally().of(Verdict::wrong_proof) + 1);  // kept from everyone
}

TEST_F(EnrolmentTest, ALinkEndsWithItsTime) {
  const auto begun = registrar().begin(by_mail(k_alice, key_), caller_, k_now_ms).value();
  const WallMs end_ms = begun.waiting->expires_ms;
  const auto mail = mail_.last_to(k_alice);
  EXPECT_EQ(refusal(registrar().confirm_link(mail.token, caller_, end_ms)), Refusal::gone);
  EXPECT_EQ(refusal(registrar().confirm(begun.waiting->enrolment, mail.code, caller_, end_ms)),
            Refusal::gone);
  EXPECT_TRUE(registrar().confirm_link(mail.token, caller_, end_ms - 1).ok());
}

TEST_F(EnrolmentTest, AnotherKeyOfTheSameMailboxIsAFurtherDevice) {
  // Shows: ENROLL-14, ENROLL-22, FM-16.
  limits_.nodes_of_name = 2;
  const auto first = enrol(k_alice, key_).value();
  const auto other_key = test::new_key();
  const auto second = enrol(k_alice, other_key).value();
  EXPECT_NE(first.nodes, second.nodes);
  EXPECT_EQ(enrol(k_alice, key_).value().nodes, first.nodes);  // the same key: the same Node-ID
  const auto third_key = test::new_key();
  EXPECT_EQ(refusal(enrol(k_alice, third_key)), Refusal::nodes_not_available);
  EXPECT_EQ(registrar().tally().of(Verdict::quota_reached), 1U);
}

TEST_F(EnrolmentTest, ALostDeviceIsReplacedAndShutOut) {
  // Shows: FM-27.
  limits_.nodes_of_name = 1;
  const auto lost = enrol(k_alice, key_).value();
  const auto other_key = test::new_key();
  // Not somebody else's.
  EXPECT_EQ(refusal(enrol("mallory@example.org", other_key, k_now_ms, lost.nodes[0])), Refusal::bad_request);
  EXPECT_FALSE(newest()->bad_nodes.contains(lost.nodes[0]));
  const auto found = enrol(k_alice, other_key, k_now_ms, lost.nodes[0]);
  ASSERT_TRUE(found.ok()) << found.error().detail;
  EXPECT_NE(found->nodes, lost.nodes);
  EXPECT_EQ(registrar().gather_document("timer", k_now_ms + 60'000).value(), 8);
  EXPECT_TRUE(newest()->bad_nodes.contains(lost.nodes[0]));
  // The thief does not come back with the key.
  EXPECT_EQ(refusal(enrol(k_alice, key_)), Refusal::bad_csr);
}

TEST_F(EnrolmentTest, ARequestThatAsksForMoreGetsNoneOfIt) {
  // Shows: ENROLL-24, ENROLL-20, FM-17.
  const Wishes greedy{std::string("email:alice@example.org,email:bob@example.org,URI:reload://0110") +
                          "00000000000000000000000000000001@overlay.example.org,DNS:example.org",
                      true};
  ASSERT_TRUE(registrar().begin(by_mail(k_alice, key_, greedy), caller_, k_now_ms).ok());
  const auto delivered = registrar().confirm_link(mail_.last_to(k_alice).token, caller_, k_now_ms);
  ASSERT_TRUE(delivered.ok()) << delivered.error().detail;
  const auto certificate = certificate_of(*delivered);
  EXPECT_EQ(certificate->user_name(), k_alice);
  EXPECT_THAT(certificate->node_ids(), SizeIs(1));
  EXPECT_NE(certificate->node_ids()[0], test::node_id(0, 1));
  EXPECT_EQ(X509_check_ca(certificate->x509()), 0);
  EXPECT_EQ(X509_get_key_usage(certificate->x509()) & std::uint32_t{KU_KEY_CERT_SIGN}, 0U);
}

TEST_F(EnrolmentTest, ARequestForAnothersNameIsRefused) {
  // Shows: ENROLL-11.
  const auto other = by_mail(k_alice, key_, {"email:bob@example.org", false});
  EXPECT_EQ(refusal(registrar().begin(other, caller_, k_now_ms)), Refusal::name_not_available);
  EXPECT_EQ(mail_.count(), 0U);
  EXPECT_EQ(registrar().tally().of(Event::csr_names_another), 1U);
}

TEST_F(EnrolmentTest, NothingIsSentBeforeTheRequestIsChecked) {
  // Shows: ENROLL-20.
  auto broken = by_mail(k_alice, key_);
  broken.csr.back() ^= 1U;  // in the signature
  EXPECT_EQ(refusal(registrar().begin(broken, caller_, k_now_ms)), Refusal::bad_csr);
  broken.csr.clear();
  EXPECT_EQ(refusal(registrar().begin(broken, caller_, k_now_ms)), Refusal::bad_csr);
  EXPECT_EQ(mail_.count(), 0U);
  EXPECT_EQ(registrar().tally().of(Event::bad_csr), 2U);
}

TEST_F(EnrolmentTest, NamesAreSane) {
  // Shows: ENROLL-15.
  for (const std::string& name :
       {std::string(""), std::string("alice"), std::string("alice\0@example.org", 18),
        std::string("alice@example.org\0.evil.org", 27), std::string("a\nb@example.org"),
        std::string("tel:+431")})
    EXPECT_EQ(refusal(registrar().begin(by_mail(name, key_), caller_, k_now_ms)), Refusal::bad_request)
        << name;
  EXPECT_EQ(refusal(registrar().begin(by_mail("Configuration@overlay.example.org", key_), caller_, k_now_ms)),
            Refusal::name_not_available);
  // A mailbox that looks like a telephone is none.
  EXPECT_EQ(refusal(registrar().begin(by_mail("+4312345@overlay.example.org", key_), caller_, k_now_ms)),
            Refusal::name_not_available);
  auto labelled = by_mail(k_alice, key_);
  labelled.label = std::string(65, 'x');
  EXPECT_EQ(refusal(registrar().begin(labelled, caller_, k_now_ms)), Refusal::bad_request);
  EXPECT_EQ(mail_.count(), 0U);
}

TEST_F(EnrolmentTest, ANodeIdThatIsTakenIsDrawnAgain) {
  // Shows: ENROLL-13.
  randomness_.next = {test::node_id(7), test::node_id(7), test::node_id(8)};
  EXPECT_THAT(enrol(k_alice, key_).value().nodes, ElementsAre(test::node_id(7)));
  EXPECT_THAT(enrol("bob@example.org", test::new_key()).value().nodes, ElementsAre(test::node_id(8)));
  EXPECT_EQ(registrar().tally().of(Verdict::node_id_taken), 1U);
}

TEST_F(EnrolmentTest, AnInvitationTellsNobodyWhatIsWrongWithIt) {
  auto alone = settings();
  alone.methods = {Method::invitation};
  alone.operator_names = {"Boss@example.org"};
  const auto by_invitation = make_registrar(records(), std::move(alone));
  const auto open = by_invitation->invite("", 1, Duration{k_hour_ms}, caller_, k_now_ms).value();
  const auto alices = registrar().invite(k_alice, 1, Duration{k_hour_ms}, caller_, k_now_ms).value();
  const auto with = [&](const std::string& user, const services::Key& key, std::string_view token,
                        WallMs now_ms = k_now_ms, bool names_are_proved = true) {
    auto request = by_mail(user, key);
    request.method = Method::invitation;
    request.secret = Secret(token);
    return (names_are_proved ? registrar() : *by_invitation).begin(request, caller_, now_ms);
  };
  const auto bob_key = test::new_key();
  const auto never = SystemRandomness().invitation();
  std::set<std::string> messages;
  for (const auto& refused :
       {with("bob@example.org", bob_key, alices.token.reveal()), with("bob@example.org", bob_key, "rwi_"),
        with("bob@example.org", bob_key, never.reveal()),
        with(k_alice, key_, alices.token.reveal(), alices.expires_ms)}) {
    EXPECT_EQ(refusal(refused), Refusal::wrong_proof);
    messages.insert(refused.error().message);
  }
  EXPECT_THAT(messages, SizeIs(1));
  ASSERT_TRUE(with(k_alice, key_, alices.token.reveal()).value().delivered.has_value());
  // The open one takes nobody's name: none that has been given, none that somebody could prove, no
  // operator's.
  const auto with_open = [&](const std::string& user, const services::Key& key) {
    return with(user, key, open.token.reveal(), k_now_ms, false);
  };
  EXPECT_EQ(refusal(with_open(k_alice, bob_key)), Refusal::name_not_available);
  EXPECT_EQ(refusal(with("bob@example.org", bob_key, open.token.reveal())), Refusal::name_not_available);
  EXPECT_EQ(registrar().tally().of(Event::open_invitation), 1U);
  EXPECT_EQ(refusal(with_open("boss@example.org", bob_key)), Refusal::name_not_available);
  EXPECT_EQ(by_invitation->tally().of(Event::open_invitation), 1U);
  // And is used up by its first.
  const auto bob = with_open("bob@example.org", bob_key);
  ASSERT_TRUE(bob.ok());
  EXPECT_EQ(refusal(with_open("carol@example.org", test::new_key())), Refusal::wrong_proof);
  // Who proves the name later has a device that who was invited cannot put another one in the place of.
  const auto proved = enrol("bob@example.org", test::new_key()).value();
  auto again = by_mail("bob@example.org", bob_key);
  again.method = Method::invitation;
  again.secret = Secret(open.token.reveal());
  again.replace = proved.nodes.at(0);
  EXPECT_FALSE(by_invitation->begin(again, caller_, k_now_ms).ok());
  EXPECT_TRUE(registrar()
                  .renew(by_mail("bob@example.org", test::new_key()).csr, with_certificate(proved), k_now_ms)
                  .ok());
}

TEST_F(EnrolmentTest, APasswordThatIsTakenAwayBeforeTheEnrolmentProvesNothing) {
  // Shows: ENROLL-11.
  ASSERT_TRUE(registrar().set_password(k_alice, Secret("correct horse"), k_now_ms).ok());
  auto request = by_mail(k_alice, key_);
  request.method = Method::password;
  request.secret = Secret("correct horse");
  randomness_.before_draw = [&] {
    EXPECT_EQ(records().revoke_user(k_alice, {"left", "", k_now_ms}).value().proofs_ended, 1U);
  };
  EXPECT_EQ(refusal(registrar().begin(request, caller_, k_now_ms)), Refusal::wrong_proof);
  EXPECT_FALSE(records().find_account(k_alice).value());
}

TEST_F(EnrolmentTest, APasswordProvesItsName) {
  // Shows: ENROLL-11.
  ASSERT_TRUE(registrar().set_password(k_alice, Secret("correct horse"), k_now_ms).ok());
  const auto with = [&](const std::string& user, std::string_view password) {
    auto request = by_mail(user, key_);
    request.method = Method::password;
    request.secret = Secret(password);
    request.node_count = 2;
    return registrar().begin(request, caller_, k_now_ms);
  };
  const auto wrong = with(k_alice, "Correct horse");
  const auto unknown = with("bob@example.org", "correct horse");
  EXPECT_EQ(refusal(wrong), Refusal::wrong_proof);
  EXPECT_EQ(refusal(unknown), Refusal::wrong_proof);
  EXPECT_EQ(wrong.error().message, unknown.error().message);
  EXPECT_EQ(registrar().tally().of(Event::wrong_password), 2U);
  const auto right = with(k_alice, "correct horse");
  ASSERT_TRUE(right.ok()) << right.error().detail;
  EXPECT_THAT(right->delivered->nodes, SizeIs(2));
}

TEST_F(EnrolmentTest, ATelephoneIsProvedByTheVerifier) {
  auto request = by_mail("tel:+4312345", key_);
  request.method = Method::telephone;
  using Verdict = WebhookAnswer::Verdict;
  for (const auto& [verdict, what] : {std::pair{Verdict::refused, Refusal::name_not_available},
                                      std::pair{Verdict::busy, Refusal::unavailable},
                                      std::pair{Verdict::unavailable, Refusal::unavailable}}) {
    verifier_.to_begin = verdict;
    EXPECT_EQ(refusal(registrar().begin(request, caller_, k_now_ms)), what);
    EXPECT_EQ(refusal(registrar().confirm(verifier_.asked_about, "4711", caller_, k_now_ms)), Refusal::gone)
        << "nobody can prove it";
  }
  verifier_.to_begin = WebhookAnswer::Verdict::started;
  const auto begun = registrar().begin(request, caller_, k_now_ms);
  ASSERT_TRUE(begun.ok()) << begun.error().detail;
  const auto& id = begun->waiting->enrolment;
  EXPECT_EQ(refusal(registrar().confirm(id, "4712", caller_, k_now_ms)), Refusal::wrong_proof);
  const auto delivered = registrar().confirm(id, "4711", caller_, k_now_ms);
  ASSERT_TRUE(delivered.ok()) << delivered.error().detail;
  EXPECT_EQ(certificate_of(*delivered)->user_name(), "+4312345@overlay.example.org");
  EXPECT_THAT(verifier_.identities, testing::Each("tel:+4312345"));
}

TEST_F(EnrolmentTest, AForeignAuthoritysCertificateProvesTheMailboxInIt) {
  const auto ca_key = test::new_key();
  services::CertificateFields fields;
  fields.common_name = "Example mail authority";
  fields.authority = true;
  fields.not_before_ms = test::k_not_before_ms;
  fields.not_after_ms = test::k_not_after_ms;
  const auto ca = test::custom_certificate(fields, ca_key, nullptr, ca_key);
  foreign_roots_der_ = {ca.der};
  const auto client = [&](const std::string& name, const services::X509Ptr& issuer, const services::Key& by) {
    services::CertificateFields leaf;
    leaf.common_name = "somebody";
    leaf.alternative_names = {{services::AlternativeName::Type::email, name}};
    leaf.not_before_ms = test::k_not_before_ms;
    leaf.not_after_ms = k_now_ms + k_day_ms;
    return Caller{"192.0.2.1", {test::custom_certificate(leaf, test::new_key(), issuer, by).der}};
  };
  auto request = by_mail(k_alice, key_);
  request.method = Method::certificate;
  const auto alice = client(k_alice, ca.x509, ca_key);
  EXPECT_EQ(refusal(registrar().begin(request, caller_, k_now_ms)), Refusal::wrong_proof);
  EXPECT_EQ(refusal(registrar().begin(request, client("bob@example.org", ca.x509, ca_key), k_now_ms)),
            Refusal::wrong_proof);
  EXPECT_EQ(refusal(registrar().begin(request, client(k_alice, nullptr, test::new_key()), k_now_ms)),
            Refusal::wrong_proof);
  EXPECT_EQ(refusal(registrar().begin(request, alice, k_now_ms + 2 * k_day_ms)), Refusal::wrong_proof);
  EXPECT_EQ(registrar().tally().of(Event::certificate_not_trusted), 3U);
  EXPECT_EQ(registrar().tally().of(Event::certificate_of_another), 1U);
  const auto begun = registrar().begin(request, alice, k_now_ms);
  ASSERT_TRUE(begun.ok()) << begun.error().detail;
  EXPECT_EQ(certificate_of(*begun->delivered)->user_name(), k_alice);
}

TEST_F(EnrolmentTest, WhatIsNotOfferedIsClosed) {
  auto request = by_mail(k_alice, key_);
  request.method = Method::certificate;
  EXPECT_EQ(refusal(registrar().begin(request, caller_, k_now_ms)), Refusal::closed);
  mail_.set_full(true);
  EXPECT_EQ(refusal(registrar().begin(by_mail(k_alice, key_), caller_, k_now_ms)), Refusal::unavailable);
  EXPECT_EQ(registrar().tally().of(Event::mail_queue_full), 1U);
  const auto kept = records().find_pending_by_link(digest_of_token(mail_.refused().token));
  ASSERT_TRUE(kept.ok()) << kept.error().reason;
  EXPECT_FALSE(kept->has_value()) << "nobody can prove it";
}

TEST_F(EnrolmentTest, ADeviceRenewsWithItsCertificate) {
  // Shows: ENROLL-14.
  const auto first = enrol(k_alice, key_).value();
  const WallMs later_ms = k_now_ms + 20 * k_day_ms;
  const auto new_key = test::new_key();
  const auto second = registrar().renew(signing_request(new_key), with_certificate(first), later_ms);
  ASSERT_TRUE(second.ok()) << second.error().detail;
  EXPECT_EQ(second->nodes, first.nodes);
  EXPECT_EQ(second->not_after_ms, later_ms + 30 * k_day_ms);
  EXPECT_EQ(certificate_of(*second)->public_key_info_der(), services::public_key_info_der(new_key));
  // The former key gets nothing more but the same again; nobody's, expired and no certificates get nothing.
  EXPECT_EQ(refusal(registrar().renew(signing_request(test::new_key()), with_certificate(first), later_ms)),
            Refusal::wrong_proof);
  EXPECT_EQ(refusal(registrar().renew(signing_request(new_key), caller_, later_ms)), Refusal::wrong_proof);
  EXPECT_EQ(refusal(registrar().renew(signing_request(new_key), with_certificate(*second),
                                      second->not_after_ms + 1000)),
            Refusal::wrong_proof);
  const test::TestAuthority stranger;
  const Caller impostor{"192.0.2.1", {stranger.issue(k_alice, first.nodes[0])->certificate()->der()}};
  EXPECT_EQ(refusal(registrar().renew(signing_request(test::new_key()), impostor, later_ms)),
            Refusal::wrong_proof);
}

}  // namespace
}  // namespace ringway::enrolld
