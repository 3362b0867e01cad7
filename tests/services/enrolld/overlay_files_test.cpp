// The authority's folder: what init, issue and update-config leave on the disk.
#include "services/enrolld/folder/overlay_files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "reload/config/mailbox_kind.hpp"
#include "services/enrolld/folder/files.hpp"
#include "services/enrolld/folder/name_register.hpp"
#include "tests/services/api/temporary_folder.hpp"
#include "tests/services/enrolld/program.hpp"

namespace ringway::enrolld {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

WallMs now_ms() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<WallMs>(std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
}

constexpr WallMs days_ms(WallMs days) { return days * 86'400'000; }

class OverlayFilesTest : public testing::Test {
 protected:
  OverlayFilesTest() {
    init_.overlay_name = "overlay.example.org";
    init_.directory = authority();
    init_.bootstrap_nodes = {{"192.0.2.1", 6084}};
  }

  std::string authority() const { return root_ + "/authority"; }
  std::string made() const { return init(init_) ? "" : "refused"; }
  IssueOptions issue_options(const std::string& user, const std::string& out = "out") const {
    IssueOptions options;
    options.directory = authority();
    options.user_name = user;
    options.out = root_ + "/" + out;
    return options;
  }
  static std::string refusal(const IssueOptions& options) {
    const auto issued = issue(options);
    return issued ? "" : issued.error().reason;
  }
  config::ConfigurationPtr configuration(const std::string& folder) const {
    const auto text = read_file(folder + "/overlay.xml");
    EXPECT_TRUE(text.ok());
    auto parsed =
        config::parse_configuration(SharedBytes(copy_of(view_of(text.value()))), "overlay.example.org");
    EXPECT_TRUE(parsed.ok()) << parsed.error().reason;
    return *parsed;
  }
  static unsigned mode_of(const std::string& path) {
    struct stat status {};
    EXPECT_EQ(::stat(path.c_str(), &status), 0) << path;
    return status.st_mode & 0777U;
  }
  std::shared_ptr<const security::Signer> signer_in(const std::string& folder) const {
    auto signer = security::load_signer(read_file(folder + "/node.key").value(),
                                        read_file(folder + "/node.crt").value());
    EXPECT_TRUE(signer.ok()) << signer.error().reason;
    return *signer;
  }

  const services::TemporaryFolder folder_;
  const std::string root_ = folder_.file(".");
  InitOptions init_;
};

TEST_F(OverlayFilesTest, InitMakesASignedDocument) {
  // Shows: CONFIG-21.
  const auto done = init(init_);
  ASSERT_TRUE(done.ok()) << done.error().reason;
  const auto document = configuration(authority());
  EXPECT_EQ(document->sequence, 1);
  EXPECT_TRUE(document->no_ice);
  EXPECT_EQ(document->max_message_size_bytes, 65536U);
  EXPECT_THAT(document->bootstrap_nodes, ElementsAre(config::BootstrapNode{"192.0.2.1", 6084}));
  EXPECT_THAT(document->mandatory_extensions,
              ElementsAre(std::string(config::k_access_namespace), std::string(config::k_redir_namespace)));
  for (const KindId kind : {config::k_sip_registration, config::k_turn_service, config::k_certificate_by_node,
                            config::k_certificate_by_user, config::k_owner_value, config::k_shared_value,
                            config::k_subscription, config::k_mailbox, config::k_redir})
    EXPECT_NE(document->kinds.find(kind), nullptr) << kind;
  const auto trust = security::Trust::make(document->trust_settings());
  ASSERT_TRUE(trust.ok());
  const auto good = config::check_signature(*document, document->configuration_signers, **trust, now_ms());
  EXPECT_TRUE(good.ok()) << good.error().reason;
}

TEST_F(OverlayFilesTest, TheNumberOfReplicasIsWrittenAndChanged) {
  init_.replicas = 7;
  ASSERT_EQ(made(), "");
  EXPECT_EQ(configuration(authority())->replicas, 7U);
  UpdateOptions change;
  change.directory = authority();
  ASSERT_TRUE(update(change).ok());
  EXPECT_EQ(configuration(authority())->replicas, 7U);
  change.replicas = 2;
  ASSERT_TRUE(update(change).ok());
  EXPECT_EQ(configuration(authority())->replicas, 2U);
  EXPECT_THAT(configuration(authority())->mandatory_extensions,
              ElementsAre(std::string(config::k_access_namespace), std::string(config::k_redir_namespace)));
}

TEST_F(OverlayFilesTest, SecretsAreForTheirOwnerOnly) {
  ASSERT_EQ(made(), "");
  ASSERT_EQ(refusal(issue_options("alice@example.org")), "");
  for (const std::string& secret : {authority() + "/root.key", authority() + "/issuing.key",
                                    authority() + "/signer.key", root_ + "/out/node.key"})
    EXPECT_EQ(mode_of(secret), 0600U) << secret;
  for (const std::string& open : {authority() + "/root.crt", authority() + "/issuing.crt",
                                  authority() + "/overlay.xml", root_ + "/out/node.crt"})
    EXPECT_EQ(mode_of(open), 0644U) << open;
}

TEST_F(OverlayFilesTest, NothingIsLeftOfAFileInTheMaking) {
  ASSERT_EQ(made(), "");
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(authority())) names.push_back(entry.path().filename());
  EXPECT_THAT(names, testing::UnorderedElementsAre("root.key", "root.crt", "issuing.key", "issuing.crt",
                                                   "signer.key", "signer.crt", "issued.json", "overlay.xml"));
}

TEST_F(OverlayFilesTest, AnAuthorityIsReplacedOnlyByForce) {
  ASSERT_EQ(made(), "");
  const auto key = read_file(authority() + "/root.key").value();
  const auto again = init(init_);
  ASSERT_FALSE(again.ok());
  EXPECT_THAT(again.error().reason, HasSubstr("--force"));
  EXPECT_EQ(read_file(authority() + "/root.key").value(), key);
  init_.force = true;
  EXPECT_TRUE(init(init_).ok());
  EXPECT_NE(read_file(authority() + "/root.key").value(), key);
}

TEST_F(OverlayFilesTest, BadNamesMakeNothing) {
  init_.overlay_name = "no domain";
  EXPECT_FALSE(init(init_).ok());
  EXPECT_FALSE(exists(authority()));
}

TEST_F(OverlayFilesTest, IssuedCredentialsAreTrusted) {
  // Shows: ENROLL-19.
  ASSERT_EQ(made(), "");
  const auto issued = issue(issue_options("Alice@Example.ORG"));
  ASSERT_TRUE(issued.ok()) << issued.error().reason;
  ASSERT_THAT(issued->nodes, SizeIs(1));
  const auto signer = signer_in(root_ + "/out");
  EXPECT_EQ(signer->certificate()->user_name(), "Alice@example.org");
  EXPECT_EQ(signer->node_id(), issued->nodes.front());
  const auto document = configuration(root_ + "/out");
  const auto trust = security::Trust::make(document->trust_settings()).value();
  ASSERT_THAT(signer->chain_der(), SizeIs(1));  // the issuing certificate travels with the node's
  const auto good = trust->check(*signer->certificate(), signer->chain_der(), now_ms());
  EXPECT_TRUE(good.ok()) << good.error().reason;
  const auto verified = run("openssl verify -x509_strict -CAfile " + authority() + "/root.crt -untrusted " +
                            authority() + "/issuing.crt " + root_ + "/out/node.crt");
  EXPECT_EQ(verified.code, 0) << verified.output;
}

TEST_F(OverlayFilesTest, TheRootsKeyIsNotNeededToIssue) {
  ASSERT_EQ(made(), "");
  fs::rename(authority() + "/root.key", root_ + "/safe.key");
  EXPECT_EQ(refusal(issue_options("alice@example.org")), "");
  UpdateOptions change;
  change.directory = authority();
  EXPECT_TRUE(update(change).ok());
  // The folder is an authority's all the same.
  const auto again = init(init_);
  ASSERT_FALSE(again.ok());
  EXPECT_THAT(again.error().reason, HasSubstr("--force"));
}

TEST_F(OverlayFilesTest, AnotherIssuingKeyNeedsTheRoot) {
  ASSERT_EQ(made(), "");
  ASSERT_EQ(refusal(issue_options("alice@example.org")), "");
  fs::rename(authority() + "/root.key", root_ + "/safe.key");
  IssuingOptions options;
  options.directory = authority();
  const auto before = read_file(authority() + "/issuing.crt").value();
  EXPECT_FALSE(new_issuing(options).ok());
  options.root_key = authority() + "/signer.key";
  EXPECT_FALSE(new_issuing(options).ok());
  EXPECT_EQ(read_file(authority() + "/issuing.crt").value(), before);
  options.root_key = root_ + "/safe.key";
  options.validity_days = 36'500;  // ends with the root nevertheless
  const auto done = new_issuing(options);
  ASSERT_TRUE(done.ok()) << done.error().reason;
  EXPECT_NE(read_file(authority() + "/issuing.crt").value(), before);

  // Both keys' certificates are good.
  ASSERT_EQ(refusal(issue_options("bob@example.org", "bob")), "");
  const auto trust = security::Trust::make(configuration(authority())->trust_settings()).value();
  for (const char* out : {"/out", "/bob"}) {
    const auto signer = signer_in(root_ + out);
    EXPECT_TRUE(trust->check(*signer->certificate(), signer->chain_der(), now_ms()).ok()) << out;
  }
}

// As folders were before root and issuing key were two.
TEST_F(OverlayFilesTest, AFolderWhoseRootIssuesStillDoesUntilItHasAnIssuingKey) {
  ASSERT_EQ(made(), "");
  fs::remove(authority() + "/issuing.key");
  fs::remove(authority() + "/issuing.crt");
  ASSERT_EQ(refusal(issue_options("alice@example.org")), "");
  const auto signer = signer_in(root_ + "/out");
  EXPECT_THAT(signer->chain_der(), SizeIs(0));
  const auto trust = security::Trust::make(configuration(authority())->trust_settings()).value();
  EXPECT_TRUE(trust->check(*signer->certificate(), {}, now_ms()).ok());
  IssuingOptions options;
  options.directory = authority();
  ASSERT_TRUE(new_issuing(options).ok());
  ASSERT_EQ(refusal(issue_options("bob@example.org", "bob")), "");
  EXPECT_THAT(signer_in(root_ + "/bob")->chain_der(), SizeIs(1));
}

TEST_F(OverlayFilesTest, WithAPassphraseNoKeyOfTheFolderIsInTheClear) {
  KeySources keys;
  keys.passphrase.file = folder_.file("passphrase", "correct horse\n");
  init_.keys = keys;
  ASSERT_EQ(made(), "");
  for (const char* name : {"/root.key", "/issuing.key", "/signer.key"}) {
    const std::string path = authority() + name;
    EXPECT_THAT(read_file(path).value(), HasSubstr("BEGIN ENCRYPTED PRIVATE KEY")) << name;
    EXPECT_EQ(run("openssl pkey -noout -passin 'pass:correct horse' -in " + path).code, 0) << name;
    EXPECT_NE(run("openssl pkey -noout -passin pass:wrong -in " + path).code, 0) << name;
  }
  auto options = issue_options("alice@example.org");
  EXPECT_THAT(refusal(options),
              AllOf(HasSubstr("issuing.key is encrypted"), HasSubstr("--key-passphrase-file")));
  EXPECT_FALSE(exists(root_ + "/out"));
  UpdateOptions change;
  change.directory = authority();
  EXPECT_FALSE(update(change).ok());
  IssuingOptions another;
  another.directory = authority();
  EXPECT_FALSE(new_issuing(another).ok());

  options.keys = change.keys = another.keys = keys;
  EXPECT_EQ(refusal(options), "");
  EXPECT_TRUE(update(change).ok());
  EXPECT_TRUE(new_issuing(another).ok());
  EXPECT_THAT(read_file(authority() + "/issuing.key").value(), HasSubstr("BEGIN ENCRYPTED PRIVATE KEY"));
  options.renew = true;
  options.keys.passphrase.file = folder_.file("wrong", "correct mouse\n");
  EXPECT_THAT(refusal(options), AllOf(HasSubstr("not its passphrase"), Not(HasSubstr("mouse"))));
}

TEST_F(OverlayFilesTest, AShortPassphraseMakesNothing) {
  init_.keys.passphrase.file = folder_.file("passphrase", "1234567\n");
  EXPECT_EQ(made(), "refused");
  EXPECT_FALSE(exists(authority() + "/root.key"));
}

TEST_F(OverlayFilesTest, SeveralNodeIds) {
  ASSERT_EQ(made(), "");
  auto options = issue_options("alice@example.org");
  options.nodes = 3;
  ASSERT_EQ(refusal(options), "");
  EXPECT_THAT(signer_in(root_ + "/out")->certificate()->node_ids(), SizeIs(3));
  auto too_many = issue_options("bob@example.org", "bob");
  too_many.nodes = 17;
  EXPECT_THAT(refusal(too_many), HasSubstr("--nodes"));
  too_many.nodes = 0;
  EXPECT_THAT(refusal(too_many), HasSubstr("--nodes"));
}

TEST_F(OverlayFilesTest, UserNamesAreUnique) {
  // Shows: ENROLL-16.
  ASSERT_EQ(made(), "");
  ASSERT_EQ(refusal(issue_options("alice@example.org")), "");
  EXPECT_THAT(refusal(issue_options("alice@example.org", "thief")), HasSubstr("--renew"));
  EXPECT_THAT(refusal(issue_options("alice@EXAMPLE.org", "thief")), HasSubstr("--renew"));
  EXPECT_THAT(refusal(issue_options("ALICE@example.org", "thief")), HasSubstr("taken"));
  EXPECT_NE(refusal(issue_options("enrollment@overlay.example.org", "thief")), "");
  EXPECT_NE(refusal(issue_options("configuration@overlay.example.org", "thief")), "");
  EXPECT_FALSE(exists(root_ + "/thief"));
}

TEST_F(OverlayFilesTest, AReturningUserKeepsTheNodeIds) {
  // Shows: ENROLL-14.
  ASSERT_EQ(made(), "");
  ASSERT_EQ(refusal(issue_options("alice@example.org")), "");
  const auto before = signer_in(root_ + "/out");
  auto renewal = issue_options("alice@example.org");
  renewal.renew = true;
  ASSERT_EQ(refusal(renewal), "");
  const auto after = signer_in(root_ + "/out");
  EXPECT_EQ(after->certificate()->node_ids(), before->certificate()->node_ids());
  EXPECT_FALSE(equal(after->certificate()->sha256(), before->certificate()->sha256()));
  auto stranger = issue_options("bob@example.org", "bob");
  stranger.renew = true;
  EXPECT_THAT(refusal(stranger), HasSubstr("no credentials to renew"));
}

TEST_F(OverlayFilesTest, TheSignersNameIsNotRenewedForAnybody) {
  ASSERT_EQ(made(), "");
  for (const char* name : {"configuration@overlay.example.org", "configuration@OVERLAY.example.org"}) {
    for (const bool renew : {false, true}) {
      auto thief = issue_options(name, "thief");
      thief.renew = renew;
      thief.force = renew;
      EXPECT_THAT(refusal(thief), HasSubstr("signs the configuration document")) << name << renew;
    }
  }
  EXPECT_FALSE(exists(root_ + "/thief"));
}

TEST_F(OverlayFilesTest, NoCertificateOutlivesTheRoot) {
  init_.validity_days = 30;
  ASSERT_EQ(made(), "");
  auto options = issue_options("alice@example.org");
  options.validity_days = 31;
  EXPECT_THAT(refusal(options), testing::EndsWith("--validity-days goes up to 29"));
  EXPECT_FALSE(exists(root_ + "/out"));
  options.validity_days = 29;
  EXPECT_EQ(refusal(options), "");
}

TEST_F(OverlayFilesTest, ARootsLastDayIssuesNothing) {
  init_.validity_days = 1;
  ASSERT_EQ(made(), "");
  auto options = issue_options("alice@example.org");
  options.validity_days = 1;
  EXPECT_THAT(refusal(options), HasSubstr("less than a day left"));
}

TEST_F(OverlayFilesTest, ARenewalOverwritesOnlyTheSameUsersFiles) {
  ASSERT_EQ(made(), "");
  ASSERT_EQ(refusal(issue_options("alice@example.org", "alice")), "");
  ASSERT_EQ(refusal(issue_options("bob@example.org", "bob")), "");
  const auto bobs_key = read_file(root_ + "/bob/node.key").value();
  auto renewal = issue_options("alice@EXAMPLE.org", "bob");
  renewal.renew = true;
  EXPECT_THAT(refusal(renewal),
              AllOf(HasSubstr("bob@example.org's"), HasSubstr("--force"), Not(HasSubstr("\n"))));
  EXPECT_EQ(read_file(root_ + "/bob/node.key").value(), bobs_key);

  // Nobody can tell whose a key without its certificate, or beside something else, is.
  for (const bool without : {true, false}) {
    fs::remove(root_ + "/bob/node.crt");
    if (!without) {
      ASSERT_TRUE(write_file(root_ + "/bob/node.crt", "none", Access::everyone).ok());
    }
    EXPECT_THAT(refusal(renewal), HasSubstr("--force")) << without;
    EXPECT_EQ(read_file(root_ + "/bob/node.key").value(), bobs_key);
  }
  renewal.out = root_ + "/alice";
  EXPECT_EQ(refusal(renewal), "");
  renewal.out = root_ + "/new";
  EXPECT_EQ(refusal(renewal), "");
  renewal.out = root_ + "/bob";
  renewal.force = true;
  EXPECT_EQ(refusal(renewal), "");
}

TEST_F(OverlayFilesTest, FilesAreOverwrittenOnlyByForce) {
  ASSERT_EQ(made(), "");
  ASSERT_EQ(refusal(issue_options("alice@example.org")), "");
  const auto key = read_file(root_ + "/out/node.key").value();
  EXPECT_THAT(refusal(issue_options("bob@example.org")), HasSubstr("--force"));
  EXPECT_EQ(read_file(root_ + "/out/node.key").value(), key);
  auto forced = issue_options("bob@example.org");
  forced.force = true;
  EXPECT_EQ(refusal(forced), "");
}

TEST_F(OverlayFilesTest, WithoutAnAuthorityNothingIsIssued) {
  EXPECT_NE(refusal(issue_options("alice@example.org")), "");
  fs::create_directory(authority());
  EXPECT_THAT(refusal(issue_options("alice@example.org")), HasSubstr("ringway-enrolld init"));
}

TEST_F(OverlayFilesTest, ADamagedRegisterStopsIssuing) {
  // Shows: ENROLL-16.
  ASSERT_EQ(made(), "");
  for (const char* json : {"", "[]", "{\"a@b.c\":1}", "{\"a@b.c\":[\"00\"]}", "{"}) {
    ASSERT_TRUE(write_file(authority() + "/issued.json", json, Access::owner_only).ok());
    EXPECT_THAT(refusal(issue_options("alice@example.org")), HasSubstr("issued.json")) << json;
  }
}

TEST_F(OverlayFilesTest, TwoAtOnceLoseNoRecord) {
  // Shows: ENROLL-16.
  ASSERT_EQ(made(), "");
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([this, i] {
      const std::string name = "user" + std::to_string(i);
      EXPECT_EQ(refusal(issue_options(name + "@example.org", name)), "");
    });
  }
  for (auto& thread : threads) thread.join();
  const auto names = NameRegister::parse(read_file(authority() + "/issued.json").value());
  ASSERT_TRUE(names.ok());
  for (int i = 0; i < 8; ++i)
    EXPECT_NE(names->find("user" + std::to_string(i) + "@example.org"), nullptr) << i;
}

TEST_F(OverlayFilesTest, AnUpdateIsASuccessor) {
  // Shows: CONFIG-22, CONFIG-29.
  ASSERT_EQ(made(), "");
  const auto before = configuration(authority());
  UpdateOptions options;
  options.directory = authority();
  options.bootstrap_nodes = {{"2001:db8::1", 7000}};
  NodeId bad;
  bad.bytes.front() = 66;
  options.bad_nodes = {bad};
  const auto updated = update(options);
  ASSERT_TRUE(updated.ok()) << updated.error().reason;
  EXPECT_EQ(updated->sequence, 2);
  const auto after = configuration(authority());
  EXPECT_EQ(after->expiration_ms, before->expiration_ms);
  EXPECT_EQ(updated->expiration_ms, before->expiration_ms);
  EXPECT_EQ(after->bootstrap_nodes, options.bootstrap_nodes);
  EXPECT_TRUE(after->bad_nodes.contains(bad));
  EXPECT_EQ(after->kinds.all().size(), before->kinds.all().size());
  const auto trust = security::Trust::make(before->trust_settings()).value();
  const auto good = config::check_successor(*before, *after, *trust, now_ms());
  EXPECT_TRUE(good.ok()) << good.error().reason;
  options.bad_nodes = {before->configuration_signers.front()};
  EXPECT_FALSE(update(options).ok());
}

TEST_F(OverlayFilesTest, AnUpdateMayComeFromAnEditedCopy) {
  // Shows: CONFIG-29.
  ASSERT_EQ(made(), "");
  const auto before = configuration(authority());
  std::string text = read_file(authority() + "/overlay.xml").value();
  const auto change = [&text](const std::string& from, const std::string& to) {
    const auto at = text.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    text.replace(at, from.size(), to);
  };
  change("<initial-ttl>100</initial-ttl>", "<initial-ttl>60</initial-ttl>");
  const auto& kind = before->kinds.all().begin()->second;
  change("<max-count>" + std::to_string(kind.max_count) + "</max-count>", "<max-count>7</max-count>");
  const std::string edited = authority() + "/edited.xml";
  const auto update_with = [&](const std::string& content) {
    std::ofstream(edited, std::ios::trunc) << content;
    UpdateOptions options;
    options.directory = authority();
    options.edited = edited;
    return update(options);
  };
  const auto updated = update_with(text);
  ASSERT_TRUE(updated.ok()) << updated.error().reason;
  EXPECT_EQ(updated->sequence, 2);
  const auto after = configuration(authority());
  EXPECT_EQ(after->initial_ttl, 60);
  const auto& kinds = after->kinds.all();
  EXPECT_TRUE(
      std::any_of(kinds.begin(), kinds.end(), [](const auto& one) { return one.second.max_count == 7; }));
  const auto trust = security::Trust::make(before->trust_settings()).value();
  const auto good = config::check_successor(*before, *after, *trust, now_ms());
  EXPECT_TRUE(good.ok()) << good.error().reason;
  // Nothing could follow a document whose signer is another.
  const std::string signer = before->configuration_signers.front().hex();
  change("<configuration-signer>" + signer, "<configuration-signer>" + std::string(32, '7'));
  EXPECT_FALSE(update_with(text).ok());
  EXPECT_FALSE(update_with("no document").ok());
  EXPECT_EQ(configuration(authority())->sequence, 2);
}

TEST_F(OverlayFilesTest, AnEditedCopyOfAnOlderDocumentIsRefused) {
  ASSERT_EQ(made(), "");
  const std::string edited = root_ + "/edited.xml";
  fs::copy_file(authority() + "/overlay.xml", edited);
  UpdateOptions shuts_out;
  shuts_out.directory = authority();
  shuts_out.bad_nodes.emplace_back().bytes.front() = 66;
  ASSERT_TRUE(update(shuts_out));
  UpdateOptions late;
  late.directory = authority();
  late.edited = edited;
  const auto refused = update(late);
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().reason, HasSubstr("a copy of document 1, and the folder has document 2"));
  EXPECT_TRUE(configuration(authority())->bad_nodes.contains(shuts_out.bad_nodes.front()));
}

TEST_F(OverlayFilesTest, UpdatesAtOnceLoseNobodysBadNode) {
  ASSERT_EQ(made(), "");
  constexpr std::uint8_t k_updates = 8;
  std::vector<std::thread> threads;
  for (std::uint8_t i = 1; i <= k_updates; ++i)
    threads.emplace_back([this, i] {
      UpdateOptions options;
      options.directory = authority();
      options.bad_nodes.emplace_back().bytes.front() = i;
      EXPECT_TRUE(update(options).ok());
    });
  for (auto& thread : threads) thread.join();
  EXPECT_THAT(configuration(authority())->bad_nodes, SizeIs(k_updates));
  EXPECT_EQ(configuration(authority())->sequence, 1 + k_updates);
}

TEST_F(OverlayFilesTest, AnUpdateMaySetTheExpiration) {
  init_.validity_days = 30;
  ASSERT_EQ(made(), "");
  const auto before = configuration(authority());
  const auto root = read_file(authority() + "/root.crt").value();
  const auto signer = read_file(authority() + "/signer.crt").value();
  UpdateOptions options;
  options.directory = authority();
  options.validity_days = 10;
  const auto updated = update(options);
  ASSERT_TRUE(updated.ok()) << updated.error().reason;
  EXPECT_FALSE(updated->root_renewed);
  EXPECT_FALSE(updated->signer_renewed);
  const auto after = configuration(authority());
  EXPECT_EQ(after->expiration_ms, updated->expiration_ms);
  EXPECT_NEAR(static_cast<double>(*after->expiration_ms), static_cast<double>(now_ms() + days_ms(10)),
              60'000);
  EXPECT_EQ(read_file(authority() + "/root.crt").value(), root);
  EXPECT_EQ(read_file(authority() + "/signer.crt").value(), signer);
}

// A document, its signer's certificate and the root are made to end together: to prolong one is to prolong
// all.
TEST_F(OverlayFilesTest, ADocumentIsProlongedBeyondTheRoot) {
  // Shows: CONFIG-22.
  init_.validity_days = 30;
  ASSERT_EQ(made(), "");
  auto early = issue_options("alice@example.org", "alice");
  early.validity_days = 29;
  ASSERT_EQ(refusal(early), "");
  const auto before = configuration(authority());
  const auto root_key = read_file(authority() + "/root.key").value();
  const auto issuing_key = read_file(authority() + "/issuing.key").value();
  const auto signer_key = read_file(authority() + "/signer.key").value();
  const auto root = read_file(authority() + "/root.crt").value();
  UpdateOptions options;
  options.directory = authority();
  options.validity_days = 100;
  // The root's key is elsewhere, as it should be: nothing changes until it is named.
  fs::rename(authority() + "/root.key", root_ + "/safe.key");
  const auto refused = update(options);
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().reason, HasSubstr("--root-key"));
  EXPECT_EQ(read_file(authority() + "/root.crt").value(), root);
  EXPECT_EQ(configuration(authority())->sequence, before->sequence);
  options.root_key = root_ + "/safe.key";
  const auto updated = update(options);
  ASSERT_TRUE(updated.ok()) << updated.error().reason;
  EXPECT_TRUE(updated->root_renewed);
  EXPECT_TRUE(updated->issuing_renewed);
  EXPECT_TRUE(updated->signer_renewed);
  EXPECT_EQ(read_file(root_ + "/safe.key").value(), root_key);
  EXPECT_EQ(read_file(authority() + "/issuing.key").value(), issuing_key);
  EXPECT_EQ(read_file(authority() + "/signer.key").value(), signer_key);

  // Peers that run take it, although they know the old root only.
  const auto after = configuration(authority());
  const auto old_trust = security::Trust::make(before->trust_settings()).value();
  const auto new_trust = security::Trust::make(after->trust_settings()).value();
  const auto taken = config::check_successor(*before, *after, *old_trust, now_ms());
  EXPECT_TRUE(taken.ok()) << taken.error().reason;
  // It can be checked until it ends.
  EXPECT_THAT(after->root_certificates_der, SizeIs(1));
  for (const WallMs at : {now_ms(), *after->expiration_ms - 1000}) {
    const auto good = config::check_signature(*after, after->configuration_signers, *new_trust, at);
    EXPECT_TRUE(good.ok()) << good.error().reason;
  }
  // Nobody needs a new certificate, and a new one is good for those with the old document.
  auto late = issue_options("bob@example.org", "bob");
  late.validity_days = 99;
  ASSERT_EQ(refusal(late), "");
  const auto alice = signer_in(root_ + "/alice");
  const auto bob = signer_in(root_ + "/bob");
  const auto good = [](const security::TrustPtr& trust, const auto& signer, WallMs at) {
    return trust->check(*signer->certificate(), signer->chain_der(), at).ok();
  };
  EXPECT_TRUE(good(new_trust, alice, now_ms()));
  EXPECT_TRUE(good(old_trust, bob, now_ms()));
  EXPECT_TRUE(good(new_trust, bob, now_ms() + days_ms(98)));
  EXPECT_FALSE(good(old_trust, bob, now_ms() + days_ms(98)));
}

TEST(NameRegister, KeepsWhatItIsGiven) {
  NodeId node;
  node.bytes.front() = 1;
  NameRegister names;
  names.record("alice@example.org", {node});
  const auto again = NameRegister::parse(names.to_json());
  ASSERT_TRUE(again.ok());
  ASSERT_NE(again->find("alice@example.org"), nullptr);
  EXPECT_THAT(*again->find("alice@example.org"), ElementsAre(node));
  EXPECT_EQ(again->find("bob@example.org"), nullptr);
  EXPECT_EQ(again->lookalike("Alice@example.org"), "alice@example.org");
  EXPECT_EQ(again->lookalike("alice@example.org"), "");
}

TEST_F(OverlayFilesTest, TheDocumentSaysWhereNewcomersGetCredentials) {
  // Shows: CONFIG-10.
  init_.enrollment_servers = {"http://overlay.example.org/enroll"};
  EXPECT_FALSE(init(init_));
  init_.enrollment_servers = {"https://overlay.example.org/enroll"};
  ASSERT_EQ(made(), "");
  EXPECT_THAT(configuration(authority())->enrollment_servers,
              ElementsAre("https://overlay.example.org/enroll"));
  UpdateOptions options;
  options.directory = authority();
  ASSERT_TRUE(update(options));
  EXPECT_THAT(configuration(authority())->enrollment_servers, SizeIs(1));
  options.enrollment_servers = {"https://a.example.org/enroll", "https://b.example.org/enroll"};
  ASSERT_TRUE(update(options));
  EXPECT_THAT(configuration(authority())->enrollment_servers,
              ElementsAre("https://a.example.org/enroll", "https://b.example.org/enroll"));
}

TEST_F(OverlayFilesTest, AServerOpensTheFolderWithoutTheRootsKey) {
  ASSERT_EQ(made(), "");
  ASSERT_EQ(refusal(issue_options("alice@example.org")), "");
  fs::remove(authority() + "/root.key");
  const auto opened = open_folder(authority(), {});
  ASSERT_TRUE(opened) << opened.error().reason;
  EXPECT_EQ(opened->authority.overlay_name(), "overlay.example.org");
  EXPECT_EQ(opened->authority.intermediates_der().size(), 1U);
  EXPECT_THAT(opened->names, ElementsAre("alice@example.org", "configuration@overlay.example.org"));
  EXPECT_EQ(*configuration(authority())->configuration_signers.begin(), opened->document_signer->node_id());
  EXPECT_EQ(text_of(read_document(authority()).value()), read_file(authority() + "/overlay.xml").value());
  EXPECT_FALSE(open_folder(root_ + "/nowhere", {}));
}

TEST_F(OverlayFilesTest, ADocumentMadeElsewhereReplacesTheOneThatWasReadAndNoOther) {
  ASSERT_EQ(made(), "");
  const auto old = read_document(authority()).value();
  const auto signer = open_folder(authority(), {})->document_signer;
  config::Configuration next = *configuration(authority());
  next.sequence = 9;
  const auto newer = config::write_document(next, *signer, *signer).value();
  EXPECT_TRUE(replace_document(authority(), old, newer).value());
  EXPECT_EQ(configuration(authority())->sequence, 9);
  EXPECT_FALSE(replace_document(authority(), old, old).value());
  EXPECT_EQ(configuration(authority())->sequence, 9);
  EXPECT_FALSE(replace_document(authority(), newer, copy_of(view_of("<overlay/>"))));
  UpdateOptions options;
  options.directory = authority();
  EXPECT_EQ(update(options)->sequence, 10);
}

}  // namespace
}  // namespace ringway::enrolld
