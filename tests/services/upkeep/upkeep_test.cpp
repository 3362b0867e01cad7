// Renewal and polling against a server with real TLS; the peer is a stand-in, the time the test's.
#include "services/upkeep/upkeep.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <future>

#include "services/enrolld/folder/files.hpp"
#include "tests/services/api/fake_peer.hpp"
#include "tests/services/upkeep/enrollment_server.hpp"
#include "tests/support/test_authority.hpp"

namespace ringway::services {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

constexpr WallMs k_hour_ms = 3'600'000;
constexpr WallMs k_day_ms = 24 * k_hour_ms;
constexpr const char* k_user = "alice@example.org";

class Zero : public Random {
 public:
  std::uint64_t next() override { return 0; }
};

class UpkeepTest : public testing::Test {
 protected:
  UpkeepTest() {
    for (const char* name : {"https_proxy", "HTTPS_PROXY", "http_proxy", "grpc_proxy"}) ::unsetenv(name);
    test::IssueOptions soon;  // over two thirds of its life are over
    soon.validity = {test::k_now_ms - 30 * k_day_ms, test::k_now_ms + 10 * k_day_ms};
    present_ = authority_.credentials(k_user, node_, soon);
    put("node.key", present_.private_key_pem);
    put("node.crt", present_.certificate_pem);
    configuration_ = document(7);
    next_validity_ = {test::k_now_ms - k_hour_ms, test::k_now_ms + 30 * k_day_ms};
    peer_->on_credentials = [this](const std::string& key, const std::string& chain) {
      const std::scoped_lock lock(mutex_);
      used_.push_back({key, chain});
      return std::optional<std::string>{};
    };
    peer_->on_document = [this](const SharedBytes& offered) {
      const std::scoped_lock lock(mutex_);
      offered_.push_back(copy_of(offered));
      return offer_;
    };
  }
  ~UpkeepTest() override { upkeep_.reset(); }

  void put(const std::string& name, const std::string& text) const {
    ASSERT_TRUE(enrolld::write_file(folder_.file(name), text, enrolld::Access::owner_only).ok());
  }
  std::string get(const std::string& name) const { return enrolld::read_file(folder_.file(name)).value(); }
  config::ConfigurationPtr document(std::uint16_t sequence) const {
    config::Configuration values;
    values.instance_name = authority_.overlay_name();
    values.sequence = sequence;
    values.no_ice = true;
    values.expiration_ms = test::k_now_ms + 3650 * k_day_ms;
    values.root_certificates_der = {authority_.root_der()};
    values.configuration_signers = {signer_->node_id()};
    values.kind_signers = {signer_->node_id()};
    const auto written = config::write_document(values, *signer_, *signer_);
    EXPECT_TRUE(written.ok()) << written.error().reason;
    return config::parse_configuration(SharedBytes(*written), "").value();
  }
  static std::string text(const config::ConfigurationPtr& document) {
    return std::string(text_of(document->document));
  }

  // What the server certifies when nothing else was said: the requested key for this peer.
  grpc::Status certify(const FakeEnrollmentServer::Asked& asked, v1::Certificate& out) const {
    const auto made = issuer_->certify({user_, {node_}, next_validity_}, asked.key);
    if (!made) return {grpc::StatusCode::INTERNAL, made.error().reason};
    out.add_chain(std::string(text_of(made->certificate->der())));
    return grpc::Status::OK;
  }

  void start(bool renew, bool poll) {
    EnrollmentServer server = server_.address();
    if (!renew) server.grpc.clear();
    if (!poll) server.configuration_url.clear();
    start(server);
  }
  void start(const EnrollmentServer& server, std::size_t subjects = 1) {
    UpkeepSettings settings;
    settings.timeout = timeout_;
    settings.longest_sleep = std::chrono::milliseconds{10};
    Upkeep::World world{std::make_shared<Zero>(), [this] { return now_ms_.load(); },
                        [this](std::size_t, const UpkeepNote& note) {
                          const std::scoped_lock lock(mutex_);
                          notes_.push_back(note);
                        }};
    const UpkeepSubject one{peer_,          server,      folder_.file(""), {get("node.key"), get("node.crt")},
                            configuration_, use_as_user_};
    upkeep_.emplace(settings, world, std::vector<UpkeepSubject>(subjects, one));
  }
  void first_poll() { now_ms_ = poll().next_ms; }
  TaskReport renewal() const { return upkeep_->report(0).renewal; }
  TaskReport poll() const { return upkeep_->report(0).poll; }
  std::vector<KeyAndCertificate> used() const {
    const std::scoped_lock lock(mutex_);
    return used_;
  }
  std::vector<Bytes> offered() const {
    const std::scoped_lock lock(mutex_);
    return offered_;
  }
  // The first attempt is in vain, and nothing has changed.
  std::string refusal() {
    start(true, false);
    EXPECT_TRUE(enrolld_http::eventually([&] { return renewal().failed == 1; }));
    EXPECT_TRUE(renewal().failing);
    EXPECT_GT(renewal().next_ms, now_ms_);
    EXPECT_THAT(used(), SizeIs(0));
    EXPECT_EQ(get("node.key"), present_.private_key_pem);
    EXPECT_EQ(get("node.crt"), present_.certificate_pem);
    return renewal().last_result;
  }

  const test::TestAuthority authority_;
  const services::Authority* issuer_ = &authority_.authority();
  const TemporaryFolder folder_;
  NodeId node_ = test::node_id(7);
  std::string user_ = k_user;
  const test::SignerPtr signer_ = authority_.issue("signer@example.org", test::node_id(0x11));
  test::Credentials present_;
  config::ConfigurationPtr configuration_;
  Validity next_validity_;
  std::atomic<WallMs> now_ms_{test::k_now_ms};
  std::chrono::milliseconds timeout_{10'000};
  std::function<void(const KeyAndCertificate&, UpkeepSubject::Done)> use_as_user_;
  const std::shared_ptr<FakePeer> peer_ = std::make_shared<FakePeer>();
  mutable std::mutex mutex_;
  std::vector<KeyAndCertificate> used_;
  std::vector<Bytes> offered_;
  routing::DocumentOffer offer_{routing::DocumentOffer::Verdict::taken, ""};
  std::vector<UpkeepNote> notes_;
  FakeEnrollmentServer::Answer answer_ = [this](const auto& asked, auto&, auto& out) {
    return certify(asked, out);
  };
  FakeEnrollmentServer server_{
      [this](const auto& asked, auto& context, auto& out) { return answer_(asked, context, out); }};
  std::optional<Upkeep> upkeep_;
};

TEST_F(UpkeepTest, RenewsAndHandsThePeerItsNewCertificate) {
  // Shows: SEC-38, ENROLL-14.
  start(true, false);
  ASSERT_TRUE(enrolld_http::eventually([&] { return used().size() == 1; }));
  const auto asked = server_.asked();
  ASSERT_THAT(asked, SizeIs(1));
  EXPECT_THAT(present_.certificate_pem, HasSubstr(asked[0].client_certificate_pem)) << "by the old one";
  const KeyAndCertificate now = used()[0];
  EXPECT_EQ(get("node.key"), now.private_key_pem);
  EXPECT_EQ(get("node.crt"), now.certificates_pem);
  EXPECT_NE(now.private_key_pem, present_.private_key_pem);
  const auto signer = security::load_signer(now.private_key_pem, now.certificates_pem);
  ASSERT_TRUE(signer.ok()) << signer.error().reason;
  const auto& certificate = *(*signer)->certificate();
  EXPECT_EQ(certificate.node_ids(), std::vector<NodeId>{node_});
  EXPECT_EQ(certificate.user_name(), k_user);
  EXPECT_FALSE(enrolld::exists(folder_.file("node.key.next")));
  const auto report = renewal();
  EXPECT_EQ(report.succeeded, 1U);
  EXPECT_FALSE(report.failing);
  EXPECT_EQ(report.last_ms, test::k_now_ms);
  EXPECT_EQ(report.next_ms, test::k_now_ms + 20 * k_day_ms);
}

TEST_F(UpkeepTest, AFurtherUsersCertificateIsNotGivenToThePeerAsItsOwn) {
  // Shows: SEC-38.
  std::vector<KeyAndCertificate> as_user;
  use_as_user_ = [&](const KeyAndCertificate& renewed, const UpkeepSubject::Done& done) {
    const std::scoped_lock lock(mutex_);
    as_user.push_back(renewed);
    done(std::nullopt);
  };
  start(true, false);
  ASSERT_TRUE(enrolld_http::eventually([&] {
    const std::scoped_lock lock(mutex_);
    return notes_.size() == 1;
  }));
  const std::scoped_lock lock(mutex_);
  ASSERT_THAT(as_user, SizeIs(1));
  EXPECT_EQ(get("node.key"), as_user[0].private_key_pem);
  EXPECT_EQ(get("node.crt"), as_user[0].certificates_pem);
  EXPECT_NE(as_user[0].private_key_pem, present_.private_key_pem);
  EXPECT_THAT(used_, SizeIs(0));
  EXPECT_EQ(notes_[0].event, "certificate renewed");
}

TEST_F(UpkeepTest, AFurtherUserIsCheckedByTheDocumentOfHisPeer) {
  use_as_user_ = [](const KeyAndCertificate&, const UpkeepSubject::Done& done) { done(std::nullopt); };
  const test::TestAuthority other;
  config::Configuration elsewhere = *configuration_;
  elsewhere.root_certificates_der = {other.root_der()};
  const auto good = std::exchange(configuration_, std::make_shared<config::Configuration>(elsewhere));
  EXPECT_THAT(refusal(), HasSubstr("the server's certificate"));
  {
    const std::scoped_lock lock(mutex_);
    ASSERT_THAT(notes_, SizeIs(1));
    EXPECT_THAT(notes_[0].event, HasSubstr("a further user's certificate"));
  }
  upkeep_->observe(0, good);
  now_ms_ = renewal().next_ms;
  EXPECT_TRUE(enrolld_http::eventually([&] { return renewal().succeeded == 1; }));
}

TEST_F(UpkeepTest, WhatIsOverdueOfAPeerGoesBeforeThatOfUsers) {
  EnrollmentServer server = server_.address();
  server.configuration_url.clear();
  std::vector<std::string> order;
  std::promise<void> last;
  std::vector<std::unique_ptr<TemporaryFolder>> folders;
  std::vector<UpkeepSubject> subjects;
  answer_ = [&](const auto& asked, auto&, auto&) {
    const std::scoped_lock lock(mutex_);
    order.push_back(asked.client_certificate_pem);
    if (order.size() == 3) last.set_value();
    return grpc::Status{grpc::StatusCode::UNAUTHENTICATED, "no"};
  };
  test::IssueOptions overdue;  // for longer than the peer's
  overdue.validity = {test::k_now_ms - 300 * k_day_ms, test::k_now_ms + 10 * k_day_ms};
  for (std::uint8_t number = 1; number <= 3; ++number) {
    folders.push_back(std::make_unique<TemporaryFolder>());
    const auto made = number == 2 ? present_ : authority_.credentials(k_user, test::node_id(number), overdue);
    subjects.push_back({peer_,
                        server,
                        folders.back()->file(""),
                        {made.private_key_pem, made.certificate_pem},
                        configuration_});
    if (number != 2)
      subjects.back().use_as_user = [](const KeyAndCertificate&, const UpkeepSubject::Done&) {};
  }
  UpkeepSettings settings;
  settings.times.renewal.start_spread = Duration{0};
  settings.longest_sleep = std::chrono::milliseconds{10};
  upkeep_.emplace(settings,
                  Upkeep::World{std::make_shared<Zero>(), [this] { return now_ms_.load(); },
                                [](std::size_t, const UpkeepNote&) {}},
                  std::move(subjects));
  ASSERT_EQ(last.get_future().wait_for(std::chrono::seconds(20)), std::future_status::ready);
  const std::scoped_lock lock(mutex_);
  EXPECT_THAT(present_.certificate_pem, HasSubstr(order[0]));
}

TEST_F(UpkeepTest, TheNextRenewalIsMadeWithTheCertificateOfTheLast) {
  start(true, false);
  ASSERT_TRUE(enrolld_http::eventually([&] { return used().size() == 1; }));
  next_validity_.not_after_ms += 30 * k_day_ms;
  now_ms_ += 20 * k_day_ms;
  ASSERT_TRUE(enrolld_http::eventually([&] { return used().size() == 2; }));
  const auto asked = server_.asked();
  ASSERT_THAT(asked, SizeIs(2));
  EXPECT_THAT(used()[0].certificates_pem, HasSubstr(asked[1].client_certificate_pem));
}

TEST_F(UpkeepTest, AnAnswerThatWasLostIsAskedForWithTheSameKey) {
  std::atomic<int> calls = 0;
  answer_ = [&](const auto& asked, auto& context, auto& out) {
    if (++calls > 1) return certify(asked, out);
    context.AddTrailingMetadata("retry-after-s", "60");
    return grpc::Status{grpc::StatusCode::UNAVAILABLE, "the database is away"};
  };
  EXPECT_THAT(refusal(), HasSubstr("the database is away"));
  EXPECT_EQ(renewal().next_ms, now_ms_ + 60'000);
  const std::string key = get("node.key.next");
  now_ms_ += 60'000;
  ASSERT_TRUE(enrolld_http::eventually([&] { return used().size() == 1; }));
  const auto asked = server_.asked();
  ASSERT_THAT(asked, SizeIs(2));
  EXPECT_EQ(public_key_info_der(asked[0].key), public_key_info_der(asked[1].key));
  EXPECT_EQ(used()[0].private_key_pem, key);
  EXPECT_FALSE(renewal().failing);
}

TEST_F(UpkeepTest, RefusesACertificateForAnotherNode) {
  // Shows: ENROLL-19.
  node_ = test::node_id(8);
  EXPECT_THAT(refusal(), HasSubstr("another Node-ID"));
}

TEST_F(UpkeepTest, RefusesACertificateForAnotherUser) {
  user_ = "bob@example.org";
  EXPECT_THAT(refusal(), HasSubstr("another user"));
}

TEST_F(UpkeepTest, RefusesACertificateForAnotherKey) {
  answer_ = [&](const auto&, auto&, auto& out) {
    out.add_chain(std::string(text_of(authority_.issue(k_user, node_)->certificate()->der())));
    return grpc::Status::OK;
  };
  EXPECT_THAT(refusal(), HasSubstr("another key"));
}

TEST_F(UpkeepTest, RefusesACertificateOfAnotherRoot) {
  // Shows: ENROLL-19.
  const test::TestAuthority other;
  issuer_ = &other.authority();
  EXPECT_THAT(refusal(), HasSubstr("the server's certificate"));
}

TEST_F(UpkeepTest, RefusesACertificateThatDoesNotLastLonger) {
  next_validity_.not_after_ms = test::k_now_ms + 10 * k_day_ms;
  EXPECT_THAT(refusal(), HasSubstr("does not last longer"));
}

TEST_F(UpkeepTest, RefusesAnAnswerWithoutACertificate) {
  answer_ = [](const auto&, auto&, auto&) { return grpc::Status::OK; };
  EXPECT_THAT(refusal(), HasSubstr("no certificate"));
}

TEST_F(UpkeepTest, ARefusalIsToldAndNotAskedAgainSoon) {
  answer_ = [](const auto&, auto&, auto&) {
    return grpc::Status{grpc::StatusCode::UNAUTHENTICATED, "this device is shut out"};
  };
  EXPECT_THAT(refusal(), HasSubstr("shut out"));
  EXPECT_EQ(renewal().next_ms, test::k_now_ms + 3 * k_hour_ms);
  const std::scoped_lock lock(mutex_);
  ASSERT_THAT(notes_, SizeIs(1));
  EXPECT_TRUE(notes_[0].warning);
}

TEST_F(UpkeepTest, AServerOfAnotherCaIsNotAsked) {
  EnrollmentServer server = server_.address();
  server.configuration_url.clear();
  server.ca_file = folder_.file("other.pem", enrolld_http::self_signed("localhost").certificate_pem);
  timeout_ = std::chrono::milliseconds{3000};
  start(server);
  ASSERT_TRUE(enrolld_http::eventually([&] { return renewal().failed == 1; }));
  EXPECT_THAT(server_.asked(), SizeIs(0));
  EXPECT_EQ(renewal().next_ms, test::k_now_ms + 30'000);
}

TEST_F(UpkeepTest, AnEndedCertificateIsNotRenewed) {
  now_ms_ = test::k_now_ms + 11 * k_day_ms;
  start(true, false);
  EXPECT_TRUE(renewal().on);
  EXPECT_EQ(renewal().next_ms, 0U);
}

TEST_F(UpkeepTest, EndsAtOnceAlthoughTheServerIsSilent) {
  std::promise<void> arrived, released;
  answer_ = [&arrived, silent = released.get_future().share()](const auto&, auto&, auto&) {
    arrived.set_value();
    silent.wait();
    return grpc::Status::OK;
  };
  start(true, false);
  ASSERT_EQ(arrived.get_future().wait_for(std::chrono::seconds(10)), std::future_status::ready);
  const auto begun = std::chrono::steady_clock::now();
  upkeep_.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(3));
  released.set_value();
}

TEST_F(UpkeepTest, TheDocumentOfARenewalIsOfferedToThePeer) {
  answer_ = [&](const auto& asked, auto&, auto& out) {
    out.set_configuration(text(document(8)));
    return certify(asked, out);
  };
  start(true, false);
  ASSERT_TRUE(enrolld_http::eventually([&] { return offered().size() == 1; }));
  EXPECT_EQ(renewal().succeeded, 1U);
}

TEST_F(UpkeepTest, ANewerDocumentIsOfferedToThePeer) {
  // Shows: CONFIG-06.
  server_.serve_document(text(document(8)));
  start(false, true);
  first_poll();
  ASSERT_TRUE(enrolld_http::eventually([&] { return poll().succeeded == 1; }));
  ASSERT_THAT(offered(), SizeIs(1));
  EXPECT_EQ(config::parse_configuration(SharedBytes(offered()[0]), "").value()->sequence, 8);
  EXPECT_EQ(poll().last_result, "took number 8");
  EXPECT_FALSE(renewal().on);
}

TEST_F(UpkeepTest, APeerThatHasLostEverybodyLooksAtOnce) {
  // Shows: CONFIG-06, FM-27.
  server_.serve_document(text(document(8)));
  start(false, true);
  upkeep_->look_soon(0);
  ASSERT_TRUE(enrolld_http::eventually([&] { return poll().succeeded == 1; }));
  EXPECT_EQ(poll().last_ms, test::k_now_ms);
  EXPECT_THAT(offered(), SizeIs(1));
}

TEST_F(UpkeepTest, NothingIsDoneForAPeerThatHasEnded) {
  server_.serve_document(text(document(8)));
  EnrollmentServer server = server_.address();
  server.grpc.clear();
  start(server, 2);
  upkeep_->end(0);
  upkeep_->look_soon(0);  // it would come first
  upkeep_->look_soon(1);
  ASSERT_TRUE(enrolld_http::eventually([&] { return upkeep_->report(1).poll.succeeded == 1; }));
  EXPECT_EQ(upkeep_->report(0).poll.last_ms, 0U);
}

TEST_F(UpkeepTest, TheSameDocumentIsNotOffered) {
  server_.serve_document(text(configuration_));
  start(false, true);
  first_poll();
  ASSERT_TRUE(enrolld_http::eventually([&] { return poll().succeeded == 1; }));
  EXPECT_THAT(offered(), SizeIs(0));
  EXPECT_EQ(poll().last_result, "number 7 is the newest");
  EXPECT_EQ(poll().next_ms, now_ms_ + 9 * k_hour_ms / 2);
}

TEST_F(UpkeepTest, WhatCameFromAnotherPeerMeanwhileIsNotOffered) {
  server_.serve_document(text(document(8)));
  start(false, true);
  upkeep_->observe(0, document(9));
  first_poll();
  ASSERT_TRUE(enrolld_http::eventually([&] { return poll().succeeded >= 1; }));
  EXPECT_THAT(poll().last_result, HasSubstr("newest"));
}

TEST_F(UpkeepTest, ADocumentThatThePeerRefusesIsAFailure) {
  server_.serve_document(text(document(8)));
  offer_ = {routing::DocumentOffer::Verdict::refused, "signed by nobody"};
  start(false, true);
  first_poll();
  ASSERT_TRUE(enrolld_http::eventually([&] { return poll().failed == 1; }));
  EXPECT_THAT(poll().last_result, HasSubstr("signed by nobody"));
  EXPECT_TRUE(poll().failing);
}

TEST_F(UpkeepTest, AServerWithoutADocumentIsAskedAgainLater) {
  start(false, true);
  first_poll();
  ASSERT_TRUE(enrolld_http::eventually([&] { return poll().failed >= 1; }));
  EXPECT_THAT(poll().last_result, HasSubstr("503"));
  server_.serve_document(text(document(8)));
  now_ms_ += k_hour_ms;
  ASSERT_TRUE(enrolld_http::eventually([&] { return poll().succeeded == 1; }));
  EXPECT_FALSE(poll().failing);
}

}  // namespace
}  // namespace ringway::services
