// What a proof, and what came of it, is worth later: after a revocation, at another server, to another name.
#include "tests/services/enrolld/registrar/registrar_fixture.hpp"

namespace ringway::enrolld {
namespace {

constexpr const char* k_alice = "alice@example.org";

class AfterwardsTest : public RegistrarTest {
 protected:
  template <typename T>
  static Refusal refusal(const Answer<T>& answer) {
    EXPECT_FALSE(answer.ok());
    return answer ? Refusal::unavailable : answer.error().refusal;
  }
  const services::Key key_ = test::new_key();
};

TEST_F(AfterwardsTest, ARevokedDevicesCertificateIsNotHandedOutAgain) {
  // Shows: FM-27.
  const auto begun = registrar().begin(by_mail(k_alice, key_), caller_, k_now_ms).value();
  const auto& id = begun.waiting->enrolment;
  const auto token = mail_.last_to(k_alice).token;
  const auto alice = registrar().confirm_link(token, caller_, k_now_ms).value();
  EXPECT_TRUE(registrar().confirm(id, "", caller_, k_now_ms).ok());
  ASSERT_TRUE(registrar().revoke_node(alice.nodes[0], "stolen", caller_, k_now_ms).ok());
  EXPECT_EQ(refusal(registrar().confirm(id, "", caller_, k_now_ms)), Refusal::wrong_proof);
  EXPECT_EQ(refusal(registrar().confirm_link(token, caller_, k_now_ms)), Refusal::wrong_proof);
  EXPECT_EQ(registrar().tally().of(Verdict::device_revoked), 2U);
}

TEST_F(AfterwardsTest, AnEnrolmentWaitsNoLongerThanTheServerWants) {
  auto hasty = settings();
  hasty.pending_for = Duration{60'000};
  const auto begun =
      make_registrar(records(), std::move(hasty))->begin(by_mail(k_alice, key_), caller_, k_now_ms).value();
  EXPECT_EQ(begun.waiting->expires_ms, k_now_ms + 60'000);
}

TEST_F(AfterwardsTest, ARenewalIsForTheSameName) {
  // Shows: ENROLL-14.
  const auto alice = enrol(k_alice, key_).value();
  const auto wishes = [&](const char* names) {
    return registrar().renew(signing_request(key_, {names, false}), with_certificate(alice), k_now_ms);
  };
  EXPECT_EQ(refusal(wishes("email:bob@example.org")), Refusal::name_not_available);
  EXPECT_EQ(registrar().tally().of(Event::csr_names_another), 1U);
  EXPECT_TRUE(wishes("email:alice@example.org").ok());
}

TEST_F(AfterwardsTest, WhomTheDocumentAloneShutsOutRenewsNothing) {
  // Shows: FM-27.
  const auto alice = enrol(k_alice, key_).value();
  const auto shut_out =
      made_elsewhere(8, [&](config::Configuration& next) { next.bad_nodes.insert(alice.nodes[0]); });
  ASSERT_TRUE(registrar().adopt_document(shut_out, caller_, k_now_ms).ok());
  const auto renewed = registrar().renew(signing_request(key_), with_certificate(alice), k_now_ms);
  EXPECT_EQ(refusal(renewed), Refusal::wrong_proof);
}

TEST_F(AfterwardsTest, ATelephoneIsNotAskedWhereThatWayIsClosed) {
  auto request = by_mail("tel:+4312345", key_);
  request.method = Method::telephone;
  const auto id = registrar().begin(request, caller_, k_now_ms).value().waiting->enrolment;
  // Another server on the same records.
  auto closed = settings();
  closed.methods = {Method::mail};
  const auto other = make_registrar(records(), std::move(closed));
  const auto asked = verifier_.identities.size();
  EXPECT_EQ(refusal(other->confirm(id, verifier_.right_code, caller_, k_now_ms)), Refusal::closed);
  EXPECT_EQ(verifier_.identities.size(), asked);
}

TEST_F(AfterwardsTest, NoCertificateOutlivesItsAuthority) {
  registrar();  // publishes the document
  auto longer = settings();
  longer.certificate_for = Duration{500 * 365 * static_cast<Duration::rep>(k_day_ms)};
  const auto generous = make_registrar(records(), std::move(longer));
  ASSERT_TRUE(generous->begin(by_mail(k_alice, key_), caller_, k_now_ms).ok());
  const auto delivered = generous->confirm_link(mail_.last_to(k_alice).token, caller_, k_now_ms);
  ASSERT_TRUE(delivered.ok()) << delivered.error().detail;
  EXPECT_EQ(delivered->not_after_ms, authority_.not_after_ms());
}

TEST_F(AfterwardsTest, ALabelIsOneLine) {
  // It is shown to whoever opens the link, and in lists.
  for (const std::string& label : {std::string("a\nb"), std::string("a\0b", 3), std::string("\x7f")}) {
    auto request = by_mail(k_alice, key_);
    request.label = label;
    EXPECT_EQ(refusal(registrar().begin(request, caller_, k_now_ms)), Refusal::bad_request);
  }
  EXPECT_EQ(mail_.count(), 0U);
}

}  // namespace
}  // namespace ringway::enrolld
