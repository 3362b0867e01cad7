// The folders of --user-credentials: one user, or many; what keeps a peer from starting and what does not.
#include "services/ringwayd/further_users.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/services/api/fake_peer.hpp"
#include "tests/services/api/temporary_folder.hpp"
#include "tests/support/test_authority.hpp"

namespace ringway::services {
namespace {

using ::testing::HasSubstr;

namespace fs = std::filesystem;

class FurtherUsersTest : public ::testing::Test {
 protected:
  FurtherUsersTest() {
    auto configuration = std::make_shared<config::Configuration>();
    configuration->instance_name = authority_.overlay_name();
    configuration->root_certificates_der = {authority_.root_der()};
    peer_.configuration = configuration;
  }
  void write(const std::string& folder, const test::Credentials& credentials) const {
    fs::create_directories(folder_.file(folder));
    const auto file = [&](const std::string& name, const std::string& text) {
      const std::string path = folder_.file(folder + "/" + name);
      std::ofstream(path, std::ios::binary) << text;
      fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write);
    };
    file("node.key", credentials.private_key_pem);
    file("node.crt", credentials.certificate_pem);
  }
  void write_user(const std::string& name, std::uint8_t node, const test::IssueOptions& options = {}) const {
    write(name, authority_.credentials(fs::path(name).filename().string() + "@example.org",
                                       test::node_id(node), options));
  }
  Result<std::vector<FurtherUser>> load(const std::string& folder) const {
    return load_further_users({folder_.file(folder)}, peer_, test::k_now_ms);
  }
  std::string fault_of(const std::string& folder) const {
    const auto loaded = load(folder);
    return loaded ? "it was accepted" : loaded.error().reason;
  }

  TemporaryFolder folder_;
  test::TestAuthority authority_;
  Credentials peer_;
};

TEST_F(FurtherUsersTest, AFolderHoldsOneUserOrFoldersOfThem) {
  write_user("users/bob", 2);
  write_user("users/alice", 1);
  fs::create_directories(folder_.file("users/notes"));
  const auto both = load("users");
  ASSERT_TRUE(both) << both.error().reason;
  ASSERT_EQ(both->size(), 2U);
  EXPECT_EQ((*both)[0].user, "alice@example.org");
  EXPECT_EQ((*both)[0].node, test::node_id(1));
  EXPECT_EQ((*both)[1].user, "bob@example.org");
  EXPECT_FALSE((*both)[1].key_readable_by_others);
  fs::permissions(folder_.file("users/bob/node.key"), fs::perms::group_read, fs::perm_options::add);
  const auto one = load("users/bob");
  ASSERT_TRUE(one) << one.error().reason;
  ASSERT_EQ(one->size(), 1U);
  EXPECT_TRUE(one->front().key_readable_by_others);
  EXPECT_FALSE(one->front().not_valid_now);
}

TEST_F(FurtherUsersTest, WhoseCertificateHasEndedIsMarkedAndTheOthersAreServed) {
  test::IssueOptions ended;
  ended.validity.not_after_ms = test::k_now_ms - 1000;
  write_user("u/alice", 1, ended);
  write_user("u/bob", 2);
  const auto loaded = load("u");
  ASSERT_TRUE(loaded) << loaded.error().reason;
  EXPECT_TRUE((*loaded)[0].not_valid_now);
  EXPECT_FALSE((*loaded)[1].not_valid_now);
}

TEST_F(FurtherUsersTest, WhatCannotBeUsedIsToldByItsFolder) {
  fs::create_directories(folder_.file("empty"));
  EXPECT_THAT(fault_of("empty"), HasSubstr("holds no node.key"));
  EXPECT_THAT(fault_of("missing"), HasSubstr("cannot read"));
  const test::TestAuthority other;
  write("foreign", other.credentials("alice@example.org", test::node_id(1)));
  EXPECT_THAT(fault_of("foreign"), HasSubstr("foreign/node.crt is not of this overlay"));
  auto mixed = authority_.credentials("alice@example.org", test::node_id(1));
  mixed.private_key_pem = authority_.credentials("bob@example.org", test::node_id(2)).private_key_pem;
  write("mixed", mixed);
  EXPECT_THAT(fault_of("mixed"), HasSubstr("mixed: node.key and node.crt: "));
}

TEST_F(FurtherUsersTest, AnEnrolledUsersFolderSaysWhereItsCertificateIsRenewed) {
  write_user("u/alice", 1);
  write_user("u/bob", 2);
  std::ofstream(folder_.file("u/bob/enrollment.json"))
      << R"({"configuration_url": "https://enrol.example.org/c", "grpc": "enrol.example.org:8443"})";
  const auto loaded = load("u");
  ASSERT_TRUE(loaded) << loaded.error().reason;
  EXPECT_EQ((*loaded)[0].enrollment.grpc, "");
  EXPECT_EQ((*loaded)[1].enrollment.grpc, "enrol.example.org:8443");
}

TEST_F(FurtherUsersTest, ARenewalThatWasCutShortIsEnded) {
  // Shows: SEC-38.
  write_user("u/alice", 1);
  const auto next = authority_.credentials("alice@example.org", test::node_id(1));
  std::ofstream(folder_.file("u/alice/node.crt.next")) << next.certificate_pem;
  std::ofstream(folder_.file("u/alice/node.key.next")) << next.private_key_pem;
  const auto loaded = load("u");
  ASSERT_TRUE(loaded) << loaded.error().reason;
  EXPECT_EQ((*loaded)[0].credentials.private_key_pem, next.private_key_pem);
  EXPECT_EQ((*loaded)[0].credentials.certificates_pem, next.certificate_pem);
  EXPECT_FALSE(fs::exists(folder_.file("u/alice/node.crt.next")));
}

TEST(UsersInUse, EveryPeerIsGivenAllOfThemWhenOneWasRenewed) {
  using actors::UserCredentials;
  std::vector<std::vector<UserCredentials>> given;
  UsersInUse::Peers peers;
  for (const bool refuses : {false, true, false}) {
    auto peer = std::make_shared<FakePeer>();
    peer->on_users = [&given, refuses](const std::vector<UserCredentials>& users) {
      given.push_back(users);
      return refuses ? std::optional<std::string>("it is leaving") : std::nullopt;
    };
    peers.push_back(std::move(peer));
  }
  UsersInUse users;
  for (const char* name : {"a", "b"}) users.add({name, name});
  std::vector<std::optional<std::string>> answers;
  users.renew(1, {"new", "new"}, peers, [&](auto answer) { answers.push_back(std::move(answer)); });
  EXPECT_THAT(answers, ::testing::ElementsAre("it is leaving"));
  ASSERT_EQ(given.size(), peers.size());
  for (const auto& one : given) {
    ASSERT_EQ(one.size(), 2U);
    EXPECT_EQ(one[0].private_key_pem, "a");
    EXPECT_EQ(one[1].private_key_pem, "new");
    EXPECT_EQ(one[1].certificates_pem, "new");
  }
  EXPECT_EQ(users.all()[1].certificates_pem, "new");
}

}  // namespace
}  // namespace ringway::services
