// A whole enrolment against a server of the test's own: HTTPS, gRPC, the folder.
#include "services/enroll_client/enrol_user.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "reload/security/signer.hpp"
#include "services/enroll_client/proof_choice.hpp"
#include "services/enrolld/authority/signing_request.hpp"
#include "tests/services/api/temporary_folder.hpp"
#include "tests/services/enroll_client/name_server.hpp"
#include "tests/services/enroll_client/support/fake_enrollment.hpp"

namespace ringway::services {
namespace {

using std::chrono::milliseconds;
using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using Why = NotEnrolled::Why;

class FakePerson : public Person {
 public:
  std::map<Proof, std::string> secrets;
  std::string code_at_hand;
  std::function<std::optional<std::string>()> typed = [] { return std::optional<std::string>(); };
  bool stops = false;
  std::vector<std::string> told;

  void tell(const std::string& text) override { told.push_back(text); }
  bool has(Proof proof) const override { return secrets.contains(proof); }
  Result<enrolld::Secret> secret(Proof proof) override {
    if (!has(proof)) return Failure{"nobody to ask"};
    return enrolld::Secret(secrets[proof]);
  }
  bool has_code() const override { return !code_at_hand.empty(); }
  Result<enrolld::Secret> code() override { return enrolld::Secret(code_at_hand); }
  std::optional<enrolld::Secret> listen(milliseconds wait) override {
    EXPECT_GE(wait.count(), 0);
    const auto line = typed();
    if (!line) return std::nullopt;
    return enrolld::Secret(*line);
  }
  bool wants_to_stop() const override { return stops; }
};

std::string read(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream all;
  all << in.rdbuf();
  return all.str();
}

unsigned mode_of(const std::string& path) {
  struct ::stat status {};
  return ::stat(path.c_str(), &status) == 0 ? status.st_mode & 07777U : 0;
}

class EnrolUserTest : public testing::Test {
 protected:
  EnrolUserTest() {
    wish_.user = "alice@example.org";
    wish_.folder = temporary_.file("alice");
    wish_.configuration_url = server_.url();
    wish_.https.ca_file = temporary_.file("ca.pem", server_.ca_pem());
    wish_.https.use_environment_proxy = false;
    wish_.https.timeout = milliseconds(30'000);
    wish_.first_look = milliseconds(1);
    person_.secrets[Proof::invitation] = k_good_secret;
  }

  Result<EnrolledUser, NotEnrolled> enrol() {
    return enrol_user(wish_, person_, [this] { return now_ms_; });
  }
  NotEnrolled not_enrolled() {
    const auto enrolled = enrol();
    return enrolled ? NotEnrolled{Why::failed, "it was enrolled"} : enrolled.error();
  }
  void by_mail() {
    wish_.proof = Proof::mail;
    person_.secrets.clear();
  }
  std::string file(const std::string& name) const { return wish_.folder + "/" + name; }
  bool exists(const std::string& name) const { return std::filesystem::exists(file(name)); }
  Bytes key_asked_for(std::size_t request) const {
    const auto read = enrolld::read_signing_request(copy_of(view_of(server_.begun.at(request).csr())));
    return read ? read->public_key_sha256 : Bytes{};
  }
  bool has_no_credentials() const { return !exists("node.key") && !exists("node.crt"); }

  test::TestAuthority authority_{"localhost"};
  TemporaryFolder temporary_;
  FakeEnrollment server_{authority_};
  EnrolWish wish_;
  FakePerson person_;
  WallMs now_ms_ = test::k_now_ms;
};

TEST_F(EnrolUserTest, WithAnInvitationTheCredentialsAreThereAtOnce) {
  // Shows: ENROLL-02, ENROLL-19.
  wish_.label = "laptop";
  const auto enrolled = enrol();
  ASSERT_TRUE(enrolled.ok()) << enrolled.error().reason;
  EXPECT_EQ(enrolled->user, "alice@example.org");
  EXPECT_EQ(enrolled->overlay, "localhost");
  EXPECT_EQ(enrolled->nodes, std::vector<NodeId>{test::node_id(0x10)});
  ASSERT_EQ(enrolled->bootstrap_nodes.size(), 1U);

  EXPECT_EQ(mode_of(wish_.folder), 0700U);
  EXPECT_EQ(mode_of(file("node.key")), 0600U);
  EXPECT_EQ(read(file("overlay.xml")), server_.body);
  const auto signer = security::load_signer(read(file("node.key")), read(file("node.crt")));
  ASSERT_TRUE(signer.ok()) << signer.error().reason;
  const auto source = nlohmann::json::parse(read(file("enrollment.json")));
  EXPECT_EQ(source, (nlohmann::json{{"configuration_url", server_.url() + "/.well-known/reload-config"},
                                    {"grpc", server_.grpc()},
                                    {"ca_file", wish_.https.ca_file}}));
  EXPECT_FALSE(exists("pending") || exists("complete"));
  ASSERT_EQ(server_.begun.size(), 1U);
  EXPECT_EQ(server_.begun[0].label(), "laptop");
  EXPECT_EQ(server_.begun[0].proof(), v1::PROOF_INVITATION);
}

TEST_F(EnrolUserTest, WaitsUntilTheLinkHasBeenFollowed) {
  by_mail();
  int looks = 0;
  person_.typed = [&] {
    server_.proved = ++looks == 3;
    return std::optional<std::string>();
  };
  const auto enrolled = enrol();
  ASSERT_TRUE(enrolled.ok()) << enrolled.error().reason;
  EXPECT_EQ(server_.confirmed.size(), 4U);
  EXPECT_THAT(person_.told, Contains(HasSubstr("open the link in the mail")));
}

TEST_F(EnrolUserTest, TakesACodeThatIsTypedAndSaysWhenItIsWrong) {
  by_mail();
  std::vector<std::string> lines{k_good_code, "1111"};
  person_.typed = [&]() -> std::optional<std::string> {
    auto line = lines.back();
    lines.pop_back();
    return line;
  };
  ASSERT_TRUE(enrol().ok());
  EXPECT_THAT(person_.told, Contains(HasSubstr("not the code")));
  for (const auto& text : person_.told) EXPECT_THAT(text, testing::Not(HasSubstr("1111")));
}

TEST_F(EnrolUserTest, GoesOnWithWhatWasInterrupted) {
  by_mail();
  wish_.patience = milliseconds(0);
  EXPECT_EQ(not_enrolled().why, Why::waiting);
  EXPECT_TRUE(has_no_credentials());
  EXPECT_EQ(mode_of(file("pending")), 0700U);
  EXPECT_EQ(mode_of(file("pending/node.key")), 0600U);
  const std::string key = read(file("pending/node.key"));

  wish_.patience.reset();
  person_.typed = [&] {
    person_.stops = true;
    return std::optional<std::string>();
  };
  EXPECT_EQ(not_enrolled().why, Why::stopped);

  person_.code_at_hand = k_good_code;
  const auto enrolled = enrol();
  ASSERT_TRUE(enrolled.ok()) << enrolled.error().reason;
  EXPECT_EQ(read(file("node.key")), key);
  EXPECT_EQ(server_.begun.size(), 1U) << "one mail is enough";
}

TEST_F(EnrolUserTest, BeginsAnewWithTheSameKeyWhenTheServerHasForgotten) {
  by_mail();
  wish_.patience = milliseconds(0);
  EXPECT_EQ(not_enrolled().why, Why::waiting);
  server_.forgotten = true;
  EXPECT_THAT(not_enrolled().reason, HasSubstr("no such enrolment"));
  server_.proved = true;
  ASSERT_TRUE(enrol().ok());
  ASSERT_EQ(server_.begun.size(), 2U);
  EXPECT_EQ(enrolld::read_signing_request(copy_of(view_of(server_.begun[0].csr())))->public_key_sha256,
            enrolld::read_signing_request(copy_of(view_of(server_.begun[1].csr())))->public_key_sha256);
}

TEST_F(EnrolUserTest, AnAnswerThatGotLostCostsNoSecondNode) {
  server_.trouble = [](const std::string& method) {
    return method == "Begin" ? grpc::Status(grpc::StatusCode::UNAVAILABLE, "the database is away")
                             : grpc::Status::OK;
  };
  const auto lost = not_enrolled();
  EXPECT_EQ(lost.why, Why::unreachable);
  EXPECT_EQ(lost.reason, "the database is away");
  server_.trouble = [](const std::string&) { return grpc::Status::OK; };
  ASSERT_TRUE(enrol().ok());
  EXPECT_EQ(enrolld::read_signing_request(copy_of(view_of(server_.begun[0].csr())))->public_key_sha256,
            enrolld::read_signing_request(copy_of(view_of(server_.begun[1].csr())))->public_key_sha256);
}

TEST_F(EnrolUserTest, KeepsWaitingWhileTheServerIsAway) {
  by_mail();
  int calls = 0;
  server_.trouble = [&](const std::string& method) {
    if (method != "Confirm" || ++calls > 2) return grpc::Status::OK;
    return grpc::Status(calls == 1 ? grpc::StatusCode::UNAVAILABLE : grpc::StatusCode::RESOURCE_EXHAUSTED,
                        "for now");
  };
  server_.proved = true;
  EXPECT_TRUE(enrol().ok());
  EXPECT_EQ(calls, 3);
}

TEST_F(EnrolUserTest, DoesNotReplaceCredentialsUnasked) {
  ASSERT_TRUE(enrol().ok());
  const std::string key = read(file("node.key"));
  EXPECT_EQ(not_enrolled().why, Why::enrolled_already);
  EXPECT_EQ(read(file("node.key")), key);
  EXPECT_EQ(server_.begun.size(), 1U);

  std::ofstream(file("node.crt.next")) << "of a renewal";
  wish_.force = true;
  ASSERT_TRUE(enrol().ok());
  EXPECT_EQ(read(file("node.key")), key);
  EXPECT_FALSE(exists("node.crt.next"));
}

// Of a node that was off while its certificate ended.
TEST_F(EnrolUserTest, AnEndedCertificateIsFollowedByOneForTheSameKey) {
  // Shows: ENROLL-14.
  server_.certified_until_ms = test::k_now_ms + 1000;
  const auto first = enrol();
  ASSERT_TRUE(first.ok()) << first.error().reason;
  const std::string key = read(file("node.key"));
  server_.certified_until_ms = test::k_not_after_ms;
  now_ms_ = test::k_now_ms + 2000;
  wish_.force = true;
  const auto second = enrol();
  ASSERT_TRUE(second.ok()) << second.error().reason;
  EXPECT_EQ(second->nodes, first->nodes);
  EXPECT_EQ(second->not_after_ms, test::k_not_after_ms);
  EXPECT_EQ(read(file("node.key")), key);
  EXPECT_EQ(key_asked_for(0), key_asked_for(1));
  EXPECT_THAT(person_.told, Contains(HasSubstr("keeps its key")));
}

TEST_F(EnrolUserTest, AnotherKeyOnlyForThoseWhoAskForItOrAreSomebodyElse) {
  const auto first = enrol();
  ASSERT_TRUE(first.ok()) << first.error().reason;
  wish_.force = true;
  wish_.new_key = true;
  const auto second = enrol();
  ASSERT_TRUE(second.ok()) << second.error().reason;
  EXPECT_NE(second->nodes, first->nodes);

  wish_.new_key = false;
  wish_.replace_node = second->nodes.front().hex();
  const auto third = enrol();
  ASSERT_TRUE(third.ok()) << third.error().reason;
  EXPECT_NE(third->nodes, second->nodes) << "the lost key has to go";

  wish_.replace_node.clear();
  wish_.user = "bob@example.org";
  ASSERT_TRUE(enrol().ok());
  EXPECT_NE(key_asked_for(3), key_asked_for(2));
}

TEST_F(EnrolUserTest, TheKeyOfARenewalThatWasCutShortCounts) {
  ASSERT_TRUE(enrol().ok());
  std::filesystem::rename(file("node.key"), file("node.key.next"));
  std::filesystem::rename(file("node.crt"), file("node.crt.next"));
  wish_.user = "bob@example.org";
  wish_.folder = temporary_.file("bob");
  ASSERT_TRUE(enrol().ok());
  for (const char* name : {"node.key", "node.crt"}) {
    std::filesystem::copy(file(name), temporary_.file("alice") + "/" + name);
  }
  wish_.user = "alice@example.org";
  wish_.folder = temporary_.file("alice");
  wish_.force = true;
  ASSERT_TRUE(enrol().ok());
  EXPECT_EQ(key_asked_for(2), key_asked_for(0));
}

TEST_F(EnrolUserTest, CredentialsStayUntilTheNewOnesAreThere) {
  ASSERT_TRUE(enrol().ok());
  const std::string key = read(file("node.key"));
  wish_.force = true;
  person_.secrets[Proof::invitation] = "rwi_wrong";
  EXPECT_EQ(not_enrolled().why, Why::refused);
  EXPECT_EQ(read(file("node.key")), key);
}

TEST_F(EnrolUserTest, ARefusalLeavesNothing) {
  person_.secrets[Proof::invitation] = "rwi_wrong";
  EXPECT_EQ(not_enrolled().why, Why::refused);
  EXPECT_FALSE(std::filesystem::exists(wish_.folder));
}

// The link may have been followed elsewhere, and the server has forgotten that since.
TEST_F(EnrolUserTest, AKeyThatHasWaitedForAProofIsKept) {
  by_mail();
  wish_.patience = milliseconds(30'000);
  person_.typed = [&] {
    server_.forgotten = true;
    return std::optional<std::string>();
  };
  EXPECT_THAT(not_enrolled().reason, HasSubstr("no such enrolment"));
  server_.forgotten = false;
  wish_.patience = milliseconds(0);
  EXPECT_EQ(not_enrolled().why, Why::waiting);
  EXPECT_EQ(key_asked_for(1), key_asked_for(0));
}

TEST_F(EnrolUserTest, WhatIsNoDecisionOfTheServersMayHaveComeAfterIt) {
  for (const auto code :
       {grpc::StatusCode::INTERNAL, grpc::StatusCode::UNKNOWN, grpc::StatusCode::CANCELLED}) {
    server_.trouble = [code](const std::string& method) {
      return method == "Begin" ? grpc::Status(code, "lost") : grpc::Status::OK;
    };
    EXPECT_FALSE(enrol().ok());
    EXPECT_FALSE(std::filesystem::is_empty(wish_.folder)) << code;
  }
}

TEST_F(EnrolUserTest, AKeyThatMayBeCertifiedOutlivesARefusal) {
  server_.trouble = [](const std::string& method) {
    return method == "Begin" ? grpc::Status(grpc::StatusCode::UNAVAILABLE, "lost") : grpc::Status::OK;
  };
  EXPECT_EQ(not_enrolled().why, Why::unreachable);
  server_.trouble = [](const std::string&) { return grpc::Status::OK; };
  const auto secret = std::exchange(person_.secrets[Proof::invitation], "rwi_wrong");
  EXPECT_EQ(not_enrolled().why, Why::refused);
  person_.secrets[Proof::invitation] = secret;
  ASSERT_TRUE(enrol().ok());
  EXPECT_EQ(key_asked_for(2), key_asked_for(0));
}

// Of a renewal whose answer got lost.
TEST_F(EnrolUserTest, AKeyThatIsNotTakenAnyMoreIsToBeReplaced) {
  ASSERT_TRUE(enrol().ok());
  wish_.force = true;
  server_.trouble = [](const std::string& method) {
    if (method != "Begin") return grpc::Status::OK;
    return grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "this key cannot be certified: make another");
  };
  EXPECT_THAT(not_enrolled().reason, HasSubstr("--force --new-key"));
  wish_.new_key = true;
  EXPECT_THAT(not_enrolled().reason, Not(HasSubstr("--new-key")));
}

TEST_F(EnrolUserTest, SomebodyElsesPortIsCalledSo) {
  const std::string port = server_.grpc().substr(server_.grpc().rfind(':'));
  wish_.configuration_url = "https://localhost" + port;
  const auto refused = not_enrolled();
  EXPECT_EQ(refused.why, Why::unreachable);
  EXPECT_THAT(refused.reason, AllOf(HasSubstr("asked for the overlay's configuration document"),
                                    HasSubstr("gRPC server"), HasSubstr("serve --https")));
}

TEST_F(EnrolUserTest, OneFolderIsForOneEnrolment) {
  by_mail();
  wish_.patience = milliseconds(0);
  EXPECT_EQ(not_enrolled().why, Why::waiting);
  wish_.user = "bob@example.org";
  EXPECT_THAT(not_enrolled().reason, HasSubstr("alice@example.org"));
  wish_.force = true;
  server_.proved = true;
  const auto enrolled = enrol();
  ASSERT_TRUE(enrolled.ok()) << enrolled.error().reason;
  EXPECT_EQ(enrolled->user, "bob@example.org");
}

TEST_F(EnrolUserTest, WhatIsNotOursIsNotKept) {
  // Shows: ENROLL-19.
  server_.certified_name = "mallory@example.org";
  EXPECT_THAT(not_enrolled().reason, HasSubstr("mallory@example.org"));
  server_.certified_name.clear();
  server_.certify_another_key = true;
  EXPECT_THAT(not_enrolled().reason, HasSubstr("another key"));
  server_.certify_another_key = false;
  const test::TestAuthority stranger("localhost");
  server_.certified_by = &stranger;
  EXPECT_EQ(not_enrolled().why, Why::failed);
  EXPECT_TRUE(has_no_credentials());
  server_.certified_by = &authority_;
  EXPECT_TRUE(enrol().ok());
}

TEST_F(EnrolUserTest, AServerThatIsNotTrustedIsToldNothing) {
  // Shows: ENROLL-02.
  const auto stranger = enrolld_http::self_signed("localhost");
  wish_.https.ca_file = temporary_.file("other.pem", stranger.certificate_pem);
  EXPECT_EQ(not_enrolled().why, Why::unreachable);
  wish_.https.ca_file = temporary_.file("ca.pem");
  server_.offer = R"({"overlay": "localhost", "proofs": ["invitation"], "grpc": "127.0.0.1:)" +
                  server_.grpc().substr(server_.grpc().rfind(':') + 1) + R"("})";
  EXPECT_EQ(not_enrolled().why, Why::unreachable) << "its certificate is not for that name";
  EXPECT_THAT(server_.begun, IsEmpty());
}

TEST_F(EnrolUserTest, ADocumentWithAWrongSignatureIsRefused) {
  // Shows: CONFIG-21.
  server_.body.replace(server_.body.find("127.0.0.1"), 9, "127.0.0.2");
  EXPECT_THAT(not_enrolled().reason, HasSubstr("signature"));
  EXPECT_THAT(server_.begun, IsEmpty());
}

TEST_F(EnrolUserTest, WhoWasFoundByNameIsLookedForByNameAgain) {
  // Shows: ENROLL-01.
  const std::string url = server_.url();
  const auto port = static_cast<std::uint16_t>(std::stoi(url.substr(url.rfind(':') + 1)));
  const NameServer names({{0, 0, port, "localhost"}});
  wish_.configuration_url.clear();
  wish_.overlay_name = "localhost";
  wish_.dns = {names.address(), milliseconds(3000)};
  const auto enrolled = enrol();
  ASSERT_TRUE(enrolled.ok()) << enrolled.error().reason;
  const auto source = nlohmann::json::parse(read(file("enrollment.json")));
  EXPECT_EQ(source["configuration_url"], "https://localhost/.well-known/reload-config");
  EXPECT_EQ(source["found_by_name"], true);
}

TEST_F(EnrolUserTest, EverythingIsOfOneOverlay) {
  server_.overlay_name = "another.example.org";
  EXPECT_THAT(not_enrolled().reason, HasSubstr("another.example.org"));
  server_.overlay_name = "localhost";
  const std::string offer = server_.offer;
  server_.offer.replace(offer.find("localhost"), 9, "elsewhere");
  EXPECT_THAT(not_enrolled().reason, HasSubstr("elsewhere"));
  server_.offer = offer;
  wish_.overlay_name = "example.org";
  EXPECT_EQ(not_enrolled().why, Why::unreachable) << "the document is not example.org's";
  EXPECT_THAT(server_.begun, IsEmpty());
}

TEST_F(EnrolUserTest, TakesANewerDocumentOnlyFromItsSigner) {
  // Shows: CONFIG-22.
  const test::TestAuthority stranger("localhost");
  server_.handed_out_document = server_.document(5, stranger);
  ASSERT_TRUE(enrol().ok());
  EXPECT_EQ(read(file("overlay.xml")), server_.body);
  wish_.force = true;
  server_.handed_out_document = server_.document(5, authority_);
  ASSERT_TRUE(enrol().ok());
  EXPECT_EQ(read(file("overlay.xml")), server_.handed_out_document);
}

TEST_F(EnrolUserTest, EnrolsAsTheRfcSaysWhereNobodyOffersMore) {
  // Shows: ENROLL-06, ENROLL-07, ENROLL-19.
  server_.offer.clear();
  person_.secrets[Proof::password] = "wrong";
  const auto refused = not_enrolled();
  EXPECT_EQ(refused.why, Why::refused);
  person_.secrets[Proof::password] = k_good_secret;
  const auto enrolled = enrol();
  ASSERT_TRUE(enrolled.ok()) << enrolled.error().reason;
  EXPECT_EQ(server_.posted_name, "alice@example.org");
  EXPECT_FALSE(nlohmann::json::parse(read(file("enrollment.json"))).contains("grpc"));
}

TEST_F(EnrolUserTest, AFolderThatOthersMayWriteToIsRefused) {
  std::filesystem::create_directory(wish_.folder);
  ::chmod(wish_.folder.c_str(), 0777);
  EXPECT_THAT(not_enrolled().reason, HasSubstr("others may write"));
  EXPECT_THAT(server_.begun, IsEmpty());
}

TEST_F(EnrolUserTest, TelephoneNumbersAreNamesOfTheOverlay) {
  server_.offer.replace(server_.offer.find("mail"), 4, "telephone");
  wish_.user = "tel:+4312345";
  server_.certified_name = "+4312345@localhost";
  server_.proved = true;
  const auto enrolled = enrol();
  ASSERT_TRUE(enrolled.ok()) << enrolled.error().reason;
  EXPECT_EQ(server_.begun[0].proof(), v1::PROOF_TELEPHONE);
}

TEST(ProofChoice, TakesWhatIsWishedForElseWhatIsAtHandElseMail) {
  EnrolWish wish;
  wish.user = "alice@example.org";
  FakePerson person;
  using P = Proof;
  EXPECT_EQ(choose_proof(wish, {P::mail, P::invitation, P::password}, person).value(), P::mail);
  EXPECT_EQ(choose_proof(wish, {P::password}, person).value(), P::password);
  EXPECT_THAT(choose_proof(wish, {P::invitation, P::password}, person).error().reason,
              HasSubstr("one of invitation, password"));
  EXPECT_FALSE(choose_proof(wish, {P::telephone}, person).ok());
  EXPECT_FALSE(choose_proof(wish, {}, person).ok());
  person.secrets[P::password] = "x";
  EXPECT_EQ(choose_proof(wish, {P::mail, P::invitation, P::password}, person).value(), P::password);
  // Something to prove with that the server does not take must not lead to a mail that nobody expects.
  EXPECT_THAT(choose_proof(wish, {P::mail, P::invitation}, person).error().reason,
              HasSubstr("does not enrol by password but by mail, invitation"));
  person.secrets.clear();
  wish.https.client_key_pem = "key";
  EXPECT_EQ(choose_proof(wish, {P::mail, P::certificate}, person).value(), P::certificate);
  wish.proof = P::invitation;
  EXPECT_EQ(choose_proof(wish, {P::mail, P::invitation}, person).value(), P::invitation);
  EXPECT_THAT(choose_proof(wish, {P::mail}, person).error().reason, HasSubstr("but by mail"));
}

}  // namespace
}  // namespace ringway::services
