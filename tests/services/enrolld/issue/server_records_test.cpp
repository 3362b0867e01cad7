// Issuing from the folder beside the records of an enrollment server.
#include "services/enrolld/issue/server_records.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <filesystem>

#include "services/enrolld/folder/files.hpp"
#include "services/enrolld/folder/name_register.hpp"
#include "services/enrolld/issue/served_mark.hpp"
#include "tests/services/api/temporary_folder.hpp"

namespace ringway::enrolld {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

constexpr const char* k_alice = "alice@example.org";
constexpr WallMs k_now_ms = 1'800'000'000'000;

// Records that go away in the middle: nobody hears whether what was issued is kept.
class LostAnswer final : public IssueRecords {
 public:
  LostAnswer(std::unique_ptr<IssueRecords> records, bool kept) : records_(std::move(records)), kept_(kept) {}
  Outcome<> check(const Wanted& wanted) override { return records_->check(wanted); }
  Result<Kept> keep(const Wanted& wanted, const Certify& certify) override {
    if (kept_) {
      EXPECT_TRUE(records_->keep(wanted, certify).ok());
    }
    return Failure{"the connection was lost"};
  }

 private:
  const std::unique_ptr<IssueRecords> records_;
  const bool kept_;
};

class ServerRecordsTest : public testing::Test {
 protected:
  ServerRecordsTest() {
    InitOptions options;
    options.overlay_name = "overlay.example.org";
    options.directory = authority_;
    EXPECT_TRUE(init(options).ok());
  }

  // As a server does that serves the folder.
  Records& records() {
    if (records_) return *records_;
    RecordsOptions options;
    options.database = database_;
    records_ = Records::open(options).value();
    EXPECT_TRUE(write_served_mark(authority_, database_).ok());
    EXPECT_TRUE(publish(authority_));
    return *records_;
  }
  bool publish(const std::string& directory) {
    const auto newest = records_->newest_document().value();
    const Document document{0, 1, read_document(directory).value(), k_now_ms};
    return records_->publish(document, newest ? newest->position : 0, "").value();
  }
  Verdict enrol(const std::string& user, Proof proof = OwnerProof{}, unsigned char number = 1) {
    EnrolRequest request;
    request.proof = proof;
    request.user_name = user;
    request.key.fill(number);
    NodeId node;
    node.bytes.fill(number);
    request.nodes = {node};
    request.quota_nodes = 8;
    request.now_ms = k_now_ms;
    const Sign sign = [&](const Device&) -> Result<Certificate> {
      return Certificate{{1}, std::to_string(number), k_now_ms, k_now_ms + 1};
    };
    return records().enrol(request, sign).value().verdict;
  }

  IssueOptions options(const std::string& user, const std::string& out = "out") const {
    IssueOptions options;
    options.directory = authority_;
    options.user_name = user;
    options.out = folder_.file(out);
    return options;
  }
  Result<Issued> issue_one(const IssueOptions& options, const std::string& database = {}) const {
    RecordsOptions impatient;
    impatient.patience = Duration{100};
    const auto opened = open_server_records(authority_, database, impatient);
    if (!opened) return opened.error();
    return issue(options, opened->get());
  }
  std::string refusal(const IssueOptions& options, const std::string& database = {}) const {
    const auto issued = issue_one(options, database);
    return issued ? "" : issued.error().reason;
  }
  std::vector<Device> listed(const std::string& user) { return records().list_devices(0, 10, user).value(); }
  bool in_register(const std::string& user) const {
    const auto names = NameRegister::parse(read_file(authority_ + "/issued.json").value());
    return names.value().find(user) != nullptr;
  }

  const services::TemporaryFolder folder_;
  const std::string authority_ = folder_.file("authority");
  const std::string database_ = folder_.file("records.sqlite");

 private:
  std::unique_ptr<Records> records_;
};

TEST_F(ServerRecordsTest, WithoutAServerTheFolderGivesTheNames) {
  EXPECT_TRUE(open_server_records(authority_, "").value() == nullptr);
  EXPECT_EQ(refusal(options(k_alice)), "");
  EXPECT_TRUE(in_register(k_alice));
}

TEST_F(ServerRecordsTest, TheCommandItNamesIsSafeInAShell) {
  const char* const k_odd = "`id`$HOME@example.org";
  ASSERT_EQ(enrol(k_odd), Verdict::made_account);
  EXPECT_THAT(refusal(options(k_odd)), HasSubstr("ringway-enrolld invite --user '`id`$HOME@example.org'"));
}

TEST_F(ServerRecordsTest, ANameOfTheServersIsNotIssuedAgain) {
  // Shows: ENROLL-16.
  ASSERT_EQ(enrol(k_alice), Verdict::made_account);
  for (const char* user : {k_alice, "Alice@example.org"}) {
    EXPECT_THAT(refusal(options(user)), HasSubstr("ringway-enrolld invite --user")) << user;
    EXPECT_FALSE(in_register(user));
    EXPECT_FALSE(exists(folder_.file("out") + "/node.key"));
  }
  EXPECT_THAT(listed(k_alice), SizeIs(1));
  ASSERT_TRUE(records().set_blocked("bob@example.org", true, "operator", k_now_ms));
  EXPECT_THAT(refusal(options("bob@example.org")), HasSubstr("blocked"));
  EXPECT_FALSE(in_register("bob@example.org"));
}

TEST_F(ServerRecordsTest, WhatIsIssuedTheServerKnowsAndGivesToNobody) {
  // Shows: ENROLL-16.
  records();
  const auto issued = issue_one(options(k_alice));
  ASSERT_TRUE(issued) << issued.error().reason;
  const auto devices = listed(k_alice);
  ASSERT_THAT(devices, SizeIs(1));
  EXPECT_EQ(devices[0].nodes, issued->nodes);
  const auto certificate = security::Certificate::parse(SharedBytes(devices[0].certificate.der)).value();
  EXPECT_EQ(certificate->node_ids(), issued->nodes);
  EXPECT_EQ(devices[0].certificate.expires_ms, certificate->not_after_ms());
  EXPECT_THAT(read_file(folder_.file("out") + "/node.crt").value(), HasSubstr("BEGIN CERTIFICATE"));
  // Not even to who proves the mailbox, nor to one whose name looks like it.
  EXPECT_EQ(enrol(k_alice), Verdict::account_blocked);
  EXPECT_EQ(enrol("ALICE@example.org"), Verdict::name_taken);
  EXPECT_EQ(records().revoke_user(k_alice, {"stolen", "", k_now_ms}).value().nodes, issued->nodes);
}

TEST_F(ServerRecordsTest, ARenewalKeepsTheNodeIdAndTellsTheRecords) {
  records();
  const auto first = issue_one(options(k_alice)).value();
  const auto key = listed(k_alice).at(0).key;
  auto renewal = options(k_alice);
  renewal.renew = true;
  const auto second = issue_one(renewal);
  ASSERT_TRUE(second) << second.error().reason;
  EXPECT_EQ(second->nodes, first.nodes);
  ASSERT_THAT(listed(k_alice), SizeIs(1));
  EXPECT_NE(listed(k_alice)[0].key, key);
  renewal.nodes = 2;
  EXPECT_THAT(refusal(renewal), HasSubstr("keeps as many"));
  renewal.nodes = 1;
  // Who was revoked meanwhile gets others.
  ASSERT_TRUE(records().revoke_user(k_alice, {"stolen", "", k_now_ms}).ok());
  const auto third = issue_one(renewal);
  ASSERT_TRUE(third) << third.error().reason;
  EXPECT_NE(third->nodes, first.nodes);
  EXPECT_THAT(listed(k_alice), SizeIs(2));
  EXPECT_EQ(issue_one(renewal).value().nodes, third->nodes);
}

TEST_F(ServerRecordsTest, ARenewalFindsOutWhatARecordThatWasCutOffHasKept) {
  records();
  for (const bool kept : {false, true}) {
    const std::string user = kept ? "bob@example.org" : k_alice;
    LostAnswer lost(open_server_records(authority_, "").value(), kept);
    const auto cut_off = issue(options(user, user), &lost);
    ASSERT_FALSE(cut_off);
    EXPECT_THAT(cut_off.error().reason, HasSubstr("issue --renew"));
    EXPECT_TRUE(in_register(user)) << "the records may have it";
    EXPECT_THAT(listed(user), SizeIs(kept ? 1 : 0));
    EXPECT_THAT(refusal(options(user, user)), HasSubstr("--renew"));
    auto renewal = options(user, user);
    renewal.renew = true;
    const auto renewed = issue_one(renewal);
    ASSERT_TRUE(renewed) << renewed.error().reason;
    ASSERT_THAT(listed(user), SizeIs(1));
    EXPECT_EQ(listed(user)[0].nodes, renewed->nodes);
  }
}

TEST_F(ServerRecordsTest, ANameIssuedBeforeTheServerComesIntoTheRecordsWhenItIsRenewed) {
  const auto before = issue_one(options(k_alice)).value();
  records();
  auto renewal = options(k_alice);
  renewal.renew = true;
  EXPECT_EQ(issue_one(renewal).value().nodes, before.nodes);
  EXPECT_EQ(listed(k_alice).at(0).nodes, before.nodes);
  // The server has given another one of those names away: that is told, and nothing renewed.
  const auto bob = options("bob@example.org", "bob");
  ASSERT_TRUE(issue(bob).ok());
  ASSERT_EQ(enrol("bob@example.org"), Verdict::made_account);
  auto late = bob;
  late.renew = true;
  EXPECT_THAT(refusal(late), HasSubstr("enrolled at the server already"));
}

TEST_F(ServerRecordsTest, RecordsThatAreLockedAreTold) {
  records();
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open(database_.c_str(), &other), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
  EXPECT_THAT(refusal(options(k_alice)), testing::AllOf(HasSubstr("locked"), HasSubstr(database_)));
  EXPECT_FALSE(in_register(k_alice));
  ASSERT_EQ(sqlite3_exec(other, "ROLLBACK", nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(other);
  EXPECT_EQ(refusal(options(k_alice)), "");
}

TEST_F(ServerRecordsTest, RecordsThatCannotBeHadAreNotPassedOver) {
  ASSERT_TRUE(write_served_mark(authority_, database_).ok());
  EXPECT_THAT(refusal(options(k_alice)), HasSubstr("--without-records"));
  EXPECT_FALSE(exists(database_)) << "empty records would let every name pass";
  ASSERT_TRUE(remove_file(authority_ + k_served_mark));
  ASSERT_TRUE(write_served_mark(authority_, "postgresql://user:word@localhost/records").ok());
  EXPECT_THAT(read_file(authority_ + "/served.json").value(), testing::Not(HasSubstr("word")));
  EXPECT_THAT(refusal(options(k_alice)), HasSubstr("--database"));
  ASSERT_TRUE(write_file(authority_ + "/served.json", "{}", Access::owner_only).ok());
  EXPECT_THAT(refusal(options(k_alice)), HasSubstr("served.json"));
  // A new authority's names are nobody's yet.
  InitOptions again;
  again.overlay_name = "overlay.example.org";
  again.directory = authority_;
  again.force = true;
  ASSERT_TRUE(init(again).ok());
  EXPECT_EQ(refusal(options(k_alice)), "");
}

TEST_F(ServerRecordsTest, RecordsOfAnotherOverlayAreRefused) {
  records();
  for (const char* name : {"other.example.org", "overlay.example.org"}) {
    InitOptions other;
    other.overlay_name = name;
    other.directory = folder_.file(name);
    ASSERT_TRUE(init(other).ok());
    ASSERT_TRUE(publish(other.directory));
    EXPECT_THAT(refusal(options(k_alice), database_), HasSubstr("not of this overlay")) << name;
  }
  // A root that was renewed is the same.
  ASSERT_TRUE(publish(authority_));
  UpdateOptions prolonged;
  prolonged.directory = authority_;
  prolonged.validity_days = 7300;
  ASSERT_TRUE(update(prolonged).value().root_renewed);
  EXPECT_EQ(refusal(options(k_alice)), "");
}

TEST_F(ServerRecordsTest, RecordsThatNobodyHasServedFromAreRefused) {
  RecordsOptions empty;
  empty.database = folder_.file("empty.sqlite");
  ASSERT_TRUE(Records::open(empty).ok());
  EXPECT_THAT(refusal(options(k_alice), empty.database), HasSubstr("no server has served from them"));
  EXPECT_FALSE(in_register(k_alice));
}

TEST_F(ServerRecordsTest, OtherRecordsThanTheServersAreRefused) {
  records();
  const std::string other = folder_.file("other.sqlite");
  for (const std::string& named : {other, std::string("postgresql://user:word@localhost/records")}) {
    const std::string why = refusal(options(k_alice), named);
    EXPECT_THAT(why, testing::AllOf(HasSubstr("other records"), HasSubstr(database_)));
    EXPECT_THAT(why, testing::Not(HasSubstr("word")));
  }
  // Another spelling of the same file.
  EXPECT_EQ(refusal(options(k_alice), folder_.file("authority/../records.sqlite")), "");
  // Served with others since: neither of the two knows all names.
  EXPECT_THAT(write_served_mark(authority_, other).value(), testing::ElementsAre(database_, other));
  EXPECT_THAT(write_served_mark(authority_, database_).value(), testing::ElementsAre(database_, other));
  for (const std::string& named : {std::string(), database_, other})
    EXPECT_THAT(refusal(options("bob@example.org"), named),
                testing::AllOf(HasSubstr(database_), HasSubstr(other), HasSubstr("served.json")));
}

}  // namespace
}  // namespace ringway::enrolld
