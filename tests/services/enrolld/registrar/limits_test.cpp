// Each limit at its bound: the last that is allowed, the first that is not, and the next window.
#include <set>

#include "services/enrolld/proofs/tokens.hpp"
#include "tests/services/enrolld/registrar/registrar_fixture.hpp"

namespace ringway::enrolld {
namespace {

constexpr const char* k_alice = "alice@example.org";
constexpr const char* k_bob = "bob@example.org";

class LimitsTest : public RegistrarTest {
 protected:
  template <typename T>
  void expect_limit(const Answer<T>& answer, Event limit) {
    ASSERT_FALSE(answer.ok());
    EXPECT_EQ(answer.error().refusal, Refusal::too_many) << answer.error().detail;
    EXPECT_GT(answer.error().retry_after.count(), 0);
    EXPECT_EQ(registrar().tally().of(limit), 1U) << name_of(limit);
  }
  const services::Key key_ = test::new_key();
};

TEST_F(LimitsTest, MailsToOneName) {
  // Shows: ENROLL-22.
  limits_.mails_to_name = {2, Duration{k_hour_ms}};
  EXPECT_TRUE(registrar().begin(by_mail(k_alice, key_), caller_, k_now_ms).ok());
  // From wherever it is asked for, and however it is spelt.
  EXPECT_TRUE(registrar().begin(by_mail("ALICE@example.org", key_), from("198.51.100.1"), k_now_ms).ok());
  const auto third = registrar().begin(by_mail(k_alice, key_), from("198.51.100.2"), k_now_ms);
  expect_limit(third, Event::limit_mails_to_name);
  EXPECT_EQ(mail_.count(), 2U);
  EXPECT_TRUE(registrar().begin(by_mail(k_bob, key_), caller_, k_now_ms).ok());
  const auto wait_ms = static_cast<WallMs>(third.error().retry_after.count());
  EXPECT_LE(wait_ms, k_hour_ms);
  EXPECT_TRUE(registrar().begin(by_mail(k_alice, key_), caller_, k_now_ms + wait_ms).ok());
}

TEST_F(LimitsTest, MailsFromOneSource) {
  // Shows: ENROLL-22.
  limits_.mails_of_source = {2, Duration{k_hour_ms}};
  EXPECT_TRUE(registrar().begin(by_mail(k_alice, key_), caller_, k_now_ms).ok());
  EXPECT_TRUE(registrar().begin(by_mail(k_bob, key_), caller_, k_now_ms).ok());
  expect_limit(registrar().begin(by_mail("carol@example.org", key_), caller_, k_now_ms),
               Event::limit_mails_of_source);
  EXPECT_TRUE(registrar().begin(by_mail("carol@example.org", key_), from("198.51.100.1"), k_now_ms).ok());
}

// A customer's /48 has 65,536 sources.
TEST_F(LimitsTest, TheSourcesOfOneNetworkShareALargerAllowance) {
  // Shows: ENROLL-22, FM-16.
  limits_.attempts_of_source = {2, Duration{600'000}};
  const auto attempt = [&](const std::string& source) {
    return registrar().confirm("nothing", "", from(source), k_now_ms).error().refusal != Refusal::too_many;
  };
  const auto site = [](unsigned number) { return "2001:db8:1:" + std::to_string(number) + "::/64"; };
  // One alone has no more than before, and uses up no more than that of what all have.
  EXPECT_TRUE(attempt(site(0)));
  EXPECT_TRUE(attempt(site(0)));
  for (int again = 0; again < 100; ++again) EXPECT_FALSE(attempt(site(0)));
  for (unsigned number = 1; number < k_sources_of_network; ++number) {
    EXPECT_TRUE(attempt(site(number)));
    EXPECT_TRUE(attempt(site(number))) << number;
  }
  EXPECT_FALSE(attempt(site(k_sources_of_network)));
  EXPECT_FALSE(attempt("2001:db8:1:ffff::/64"));
  EXPECT_TRUE(attempt("2001:db8:2::/64"));
  EXPECT_TRUE(attempt("192.0.2.7"));
  const auto later = registrar().confirm("nothing", "", from(site(99)), k_now_ms + 600'000);
  EXPECT_NE(later.error().refusal, Refusal::too_many);
}

TEST_F(LimitsTest, AttemptsOfOneSource) {
  limits_.attempts_of_source = {3, Duration{600'000}};
  EXPECT_FALSE(registrar().begin(by_mail("no name", key_), caller_, k_now_ms).ok());
  EXPECT_FALSE(registrar().confirm("nothing", "", caller_, k_now_ms).ok());
  EXPECT_FALSE(registrar().confirm_link("nothing", caller_, k_now_ms).ok());
  expect_limit(registrar().renew(signing_request(key_), caller_, k_now_ms), Event::limit_attempts_of_source);
  EXPECT_FALSE(registrar().look_at_link("nothing", caller_, k_now_ms).ok());
  EXPECT_EQ(registrar().tally().of(Event::limit_attempts_of_source), 2U);
  EXPECT_FALSE(registrar().begin(by_mail(k_alice, key_), caller_, k_now_ms).ok());
  EXPECT_EQ(mail_.count(), 0U);
  EXPECT_TRUE(registrar().begin(by_mail(k_alice, key_), caller_, k_now_ms + 600'000).ok());
}

TEST_F(LimitsTest, CertificatesOfOneName) {
  // Shows: ENROLL-22.
  limits_.certificates_of_name = {2, Duration{k_day_ms}};
  const auto first = enrol(k_alice, key_).value();
  // A stranger's wrong codes use up nothing.
  const auto begun = registrar().begin(by_mail(k_alice, test::new_key()), caller_, k_now_ms).value();
  const auto right = mail_.last_to(k_alice).code;
  const std::string wrong = right == "00000000" ? "00000001" : "00000000";
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(registrar().confirm(begun.waiting->enrolment, wrong, caller_, k_now_ms).error().refusal,
              Refusal::wrong_proof);
  EXPECT_TRUE(registrar().renew(signing_request(key_), with_certificate(first), k_now_ms).ok());
  expect_limit(registrar().renew(signing_request(key_), with_certificate(first), k_now_ms),
               Event::limit_certificates_of_name);
  EXPECT_TRUE(enrol(k_bob, test::new_key()).ok());
  EXPECT_TRUE(registrar().renew(signing_request(key_), with_certificate(first), k_now_ms + k_day_ms).ok());
}

TEST_F(LimitsTest, InvitationsThatAreNoneUseUpNothingOfAName) {
  // Shows: ENROLL-22.
  limits_.certificates_of_name = {1, Duration{k_day_ms}};
  const auto bobs = registrar().invite(k_bob, 1, Duration{k_hour_ms}, caller_, k_now_ms).value();
  auto request = by_mail(k_alice, test::new_key());
  request.method = Method::invitation;
  for (int i = 0; i < 3; ++i) {
    request.secret = bobs.token.copy();
    EXPECT_EQ(registrar().begin(request, from("198.51.100.1"), k_now_ms).error().refusal,
              Refusal::wrong_proof);
  }
  EXPECT_TRUE(enrol(k_alice, key_).ok());
}

TEST_F(LimitsTest, CertificatesAndNodeIdsOfOneSource) {
  // Shows: ENROLL-22, FM-16.
  limits_.certificates_of_source = {2, Duration{k_day_ms}};
  EXPECT_TRUE(enrol(k_alice, key_).ok());
  EXPECT_TRUE(enrol(k_bob, test::new_key()).ok());
  expect_limit(enrol("carol@example.org", test::new_key()), Event::limit_certificates_of_source);
  // The proof is not used up: it works from elsewhere.
  const auto token = mail_.last_to("carol@example.org").token;
  EXPECT_TRUE(registrar().confirm_link(token, from("198.51.100.1"), k_now_ms).ok());
}

TEST_F(LimitsTest, NodeIdsOfOneSource) {
  // Shows: ENROLL-22, FM-16.
  limits_.nodes_of_source = {3, Duration{k_day_ms}};
  auto request = by_mail(k_alice, key_);
  request.node_count = 3;
  ASSERT_TRUE(registrar().begin(request, caller_, k_now_ms).ok());
  const auto delivered = registrar().confirm_link(mail_.last_to(k_alice).token, caller_, k_now_ms);
  ASSERT_TRUE(delivered.ok()) << delivered.error().detail;
  EXPECT_EQ(delivered->nodes.size(), 3U);
  expect_limit(enrol(k_bob, test::new_key()), Event::limit_nodes_of_source);
}

TEST_F(LimitsTest, NodeIdsOfOneDeviceAndOneName) {
  // Shows: ENROLL-22.
  limits_.nodes_of_device = 2;
  limits_.nodes_of_name = 3;
  auto request = by_mail(k_alice, key_);
  for (const std::uint32_t count : {0U, 3U}) {
    request.node_count = count;
    const auto refused = registrar().begin(request, caller_, k_now_ms);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().refusal, Refusal::nodes_not_available);
  }
  request.node_count = 2;
  ASSERT_TRUE(registrar().begin(request, caller_, k_now_ms).ok());
  EXPECT_TRUE(registrar().confirm_link(mail_.last_to(k_alice).token, caller_, k_now_ms).ok());
  request.csr = signing_request(test::new_key());
  ASSERT_TRUE(registrar().begin(request, caller_, k_now_ms).ok());
  EXPECT_EQ(registrar().confirm_link(mail_.last_to(k_alice).token, caller_, k_now_ms).error().refusal,
            Refusal::nodes_not_available);
  EXPECT_TRUE(enrol(k_alice, test::new_key()).ok());
}

TEST_F(LimitsTest, ReplacementsOfOneName) {
  // Shows: ENROLL-22.
  limits_.mails_to_name.most = 100;
  auto device = enrol(k_alice, key_).value();
  for (int i = 0; i < 3; ++i) device = enrol(k_alice, test::new_key(), k_now_ms, device.nodes[0]).value();
  expect_limit(enrol(k_alice, test::new_key(), k_now_ms, device.nodes[0]), Event::limit_replacements_of_name);
  EXPECT_TRUE(enrol(k_alice, test::new_key()).ok());  // without replacing one
  EXPECT_TRUE(enrol(k_alice, test::new_key(), k_now_ms + k_day_ms, device.nodes[0]).ok());
}

TEST_F(LimitsTest, ReplacementsOfOneNameInAYear) {
  // Shows: ENROLL-22, FM-16.
  limits_.replacements_of_name_a_year.most = 4;
  auto device = enrol(k_alice, key_).value();
  const auto replace = [&](unsigned day) {
    return enrol(k_alice, test::new_key(), k_now_ms + day * k_day_ms, device.nodes[0]);
  };
  for (const unsigned day : {0U, 0U, 1U, 1U}) {
    const auto next = replace(day);
    ASSERT_TRUE(next.ok()) << next.error().detail;
    device = *next;
  }
  const auto fifth = replace(2);
  expect_limit(fifth, Event::limit_replacements_of_name_a_year);
  EXPECT_GT(fifth.error().retry_after, Duration{k_day_ms});
  EXPECT_TRUE(replace(365).ok());
}

TEST_F(LimitsTest, ReplacementsOfOneSource) {
  // Shows: ENROLL-22, FM-16.
  limits_.replacements_of_source = {1, Duration{k_day_ms}};
  const auto alice = enrol(k_alice, key_).value(), bob = enrol(k_bob, test::new_key()).value();
  EXPECT_TRUE(enrol(k_alice, test::new_key(), k_now_ms, alice.nodes[0]).ok());
  expect_limit(enrol(k_bob, test::new_key(), k_now_ms, bob.nodes[0]), Event::limit_replacements_of_source);
  EXPECT_TRUE(registrar().confirm_link(mail_.last_to(k_bob).token, from("198.51.100.1"), k_now_ms).ok());
}

TEST_F(LimitsTest, PasswordsTriedOnOneName) {
  limits_.passwords_of_name = {2, Duration{k_hour_ms}};
  ASSERT_TRUE(registrar().set_password(k_alice, Secret("correct horse"), k_now_ms).ok());
  const auto with = [&](std::string_view password, const char* source) {
    auto request = by_mail(k_alice, key_);
    request.method = Method::password;
    request.secret = Secret(password);
    return registrar().begin(request, from(source), k_now_ms);
  };
  EXPECT_FALSE(with("wrong horse", "198.51.100.1").ok());
  EXPECT_FALSE(with("wrong horse", "198.51.100.2").ok());
  expect_limit(with("correct horse", "198.51.100.3"), Event::limit_passwords_of_name);
}

TEST_F(LimitsTest, CodesByTelephone) {
  auto request = by_mail("tel:+4312345", key_);
  request.method = Method::telephone;
  const auto id = registrar().begin(request, caller_, k_now_ms).value().waiting->enrolment;
  for (int i = 0; i < 5; ++i)
    EXPECT_EQ(registrar().confirm(id, "4712", caller_, k_now_ms).error().refusal, Refusal::wrong_proof);
  expect_limit(registrar().confirm(id, "4711", caller_, k_now_ms), Event::limit_codes_by_telephone);
}

TEST_F(LimitsTest, EachCountHasItsName) {
  std::set<std::string> names;
  for (const Count& count : registrar().tally().all())
    EXPECT_TRUE(names.insert(count.name).second) << count.name;
  EXPECT_FALSE(names.contains("?"));
  EXPECT_TRUE(names.contains("limit_mails_to_name"));
  EXPECT_TRUE(names.contains("name_taken"));
}

TEST_F(LimitsTest, SettingsThatDoNotGoTogetherAreRefused) {
  const auto refused = [&](auto change) {
    Settings wrong = settings();
    change(wrong);
    return !Registrar::make(std::move(wrong),
                            {records(), authority_, randomness_, &passwords_, &mail_, nullptr})
                .ok();
  };
  EXPECT_TRUE(refused([](Settings&) {}));  // telephone without a verifier
  const auto without_telephone = [](Settings& wrong) { wrong.methods.erase(Method::telephone); };
  EXPECT_FALSE(refused(without_telephone));
  EXPECT_TRUE(refused([&](Settings& wrong) {
    without_telephone(wrong);
    wrong.link_base_url = "http://enrol.example.org";
  }));
  EXPECT_TRUE(refused([&](Settings& wrong) {
    without_telephone(wrong);
    wrong.code_key = Secret("short");
  }));
  EXPECT_TRUE(refused([&](Settings& wrong) {
    without_telephone(wrong);
    wrong.document_signer = nullptr;
  }));
  EXPECT_TRUE(refused([&](Settings& wrong) {
    without_telephone(wrong);
    wrong.methods.insert(Method::certificate);
  }));
}

}  // namespace
}  // namespace ringway::enrolld
