// The operators' commands as they are typed, against a server of the test's own.
#include "services/enrolld/operate/operator_commands.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/services/api/temporary_folder.hpp"
#include "tests/services/enroll_client/support/fake_enrollment.hpp"

namespace ringway::enrolld {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

struct Ran {
  int code = -1;
  std::string out, err;
  nlohmann::json json() const { return nlohmann::json::parse(out); }
};

Ran run(std::vector<std::string> arguments) {
  std::ostringstream out;
  std::ostringstream err;
  std::function<int()> chosen;
  CLI::App app("operators' commands", "ringway-enrolld");
  add_operator_commands(app, out, err, chosen);
  std::reverse(arguments.begin(), arguments.end());  // as CLI11 wants them
  Ran ran;
  try {
    app.parse(arguments);
    ran.code = chosen();
  } catch (const CLI::ParseError& wrong) {
    ran.code = app.exit(wrong, out, err) == 0 ? 0 : k_operator_usage;
  }
  ran.out = out.str();
  ran.err = err.str();
  return ran;
}

class OperatorCommandsTest : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"RINGWAY_ENROLLD_STATE", "RINGWAY_ENROLLD_SERVER", "RINGWAY_PASSWORD"})
      ::unsetenv(name);
  }
  Ran ask(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--state", temporary_.file("")});
    return run(std::move(arguments));
  }

  test::TestAuthority authority_{"localhost"};
  services::TemporaryFolder temporary_;
  services::FakeEnrollment server_{authority_, temporary_.file("operator.sock")};
};

TEST_F(OperatorCommandsTest, AnInvitationAloneGoesToStandardOutput) {
  const auto invited = ask({"invite", "--user", "alice@example.org", "--uses", "3", "--valid", "12h"});
  ASSERT_EQ(invited.code, 0) << invited.err;
  EXPECT_EQ(invited.out, std::string(services::k_good_secret) + "\n");
  EXPECT_THAT(invited.err, HasSubstr("for alice@example.org, good 3 times until 2027-01-15T08:00:00Z"));
  ASSERT_EQ(server_.invited.size(), 1U);
  EXPECT_EQ(server_.invited[0].user(), "alice@example.org");
  EXPECT_EQ(server_.invited[0].uses(), 3U);
  EXPECT_EQ(server_.invited[0].valid_s(), 43'200U);

  EXPECT_THAT(invited.err, HasSubstr("to take it back: ringway-enrolld withdraw 0123456789abcdef --state " +
                                     temporary_.file("") + "\n"));
  EXPECT_EQ(ask({"invite", "--json"}).json()["token"], services::k_good_secret);
  EXPECT_EQ(ask({"invite", "--json"}).json()["id"], "0123456789abcdef");
  ASSERT_EQ(server_.invited.size(), 3U);
  EXPECT_EQ(server_.invited[1].valid_s(), 7U * 86'400U);
  EXPECT_EQ(ask({"invite", "--uses", "0"}).code, 2);
}

TEST_F(OperatorCommandsTest, ListsTheInvitationsOfAllPages) {
  const auto listed = ask({"invitations"});
  ASSERT_EQ(listed.code, 0) << listed.err;
  EXPECT_EQ(listed.out,
            "0123456789abcdef  for alice@example.org  2 uses left  made 2025-06-15T15:06:40Z  until "
            "2027-01-15T08:00:00Z\n"
            "fedcba9876543210  for anybody  used up  made 2025-06-15T15:06:40Z  until "
            "2027-01-15T08:00:00Z\n");
  ASSERT_EQ(server_.invitations_listed.size(), 2U);
  EXPECT_EQ(server_.invitations_listed[1].page_token(), "1");
  const auto json = ask({"invitations", "alice@example.org", "--json"}).json()["invitations"];
  ASSERT_EQ(json.size(), 2U);
  EXPECT_EQ(json[0]["user"], "alice@example.org");
  EXPECT_EQ(json[0]["uses_left"], 2);
  EXPECT_FALSE(json[1].contains("user"));
  const auto nothing = ask({"invitations", "bob@example.org"});
  EXPECT_EQ(nothing.code, 0) << "that nobody is invited is an answer";
  EXPECT_EQ(nothing.out, "");
  EXPECT_EQ(nothing.err, "no invitation is open\n");
}

TEST_F(OperatorCommandsTest, WithdrawsAnInvitation) {
  const auto withdrawn = ask({"withdraw", "0123456789abcdef"});
  ASSERT_EQ(withdrawn.code, 0) << withdrawn.err;
  ASSERT_EQ(server_.withdrawn.size(), 1U);
  EXPECT_EQ(server_.withdrawn[0].id(), "0123456789abcdef");
  EXPECT_EQ(ask({"withdraw", "0123456789abcdef", "--json"}).json()["id"], "0123456789abcdef");
  server_.trouble = [](const std::string&) {
    return grpc::Status(grpc::StatusCode::NOT_FOUND, "no such invitation");
  };
  EXPECT_EQ(ask({"withdraw", "0123456789abcdef"}).code, 3);
  EXPECT_EQ(ask({"withdraw"}).code, 2);
  const auto token = ask({"withdraw", services::k_good_secret});
  EXPECT_EQ(token.code, 2);
  EXPECT_THAT(token.err, HasSubstr("ringway-enrolld invitations --state"));
  EXPECT_THAT(token.err, Not(HasSubstr(services::k_good_secret)));
  EXPECT_EQ(server_.withdrawn.size(), 3U) << "nobody was asked";
}

TEST_F(OperatorCommandsTest, RevokesANodeOrAUserAndSaysWhich) {
  const std::string node = test::node_id(0x10).hex();
  const auto revoked = ask({"revoke", node, "--reason", "stolen"});
  ASSERT_EQ(revoked.code, 0) << revoked.err;
  EXPECT_EQ(revoked.out,
            "revoked " + node + "\nconfiguration 4 shuts them out; the peers tell it to each other\n");
  const auto json = ask({"revoke", "alice@example.org", "--json"}).json();
  EXPECT_EQ(json["nodes"], nlohmann::json::array({node}));
  EXPECT_EQ(json["configuration_sequence"], 4);
  ASSERT_EQ(server_.revoked.size(), 2U);
  EXPECT_EQ(server_.revoked[0].node(), node);
  EXPECT_EQ(server_.revoked[0].reason(), "stolen");
  EXPECT_EQ(server_.revoked[1].user(), "alice@example.org");
  const auto half = ask({"revoke", node.substr(0, 8)});
  EXPECT_EQ(half.code, 2);
  EXPECT_THAT(half.err, HasSubstr("a Node-ID has 32 hexadecimal digits"));
  EXPECT_EQ(server_.revoked.size(), 2U) << "nobody was asked";
}

TEST_F(OperatorCommandsTest, ListsAllPages) {
  const auto listed = ask({"list"});
  ASSERT_EQ(listed.code, 0) << listed.err;
  EXPECT_THAT(listed.out, HasSubstr(test::node_id(0x10).hex() + "  until 2027-01-15T08:00:00Z  laptop\n"));
  EXPECT_THAT(listed.out, HasSubstr(test::node_id(0x11).hex() + "  revoked 2025-06-15T15:06:40Z\n"));
  ASSERT_EQ(server_.listed.size(), 2U);
  EXPECT_EQ(server_.listed[1].page_token(), "1");
  const auto accounts = ask({"list", "alice@example.org", "--json"}).json()["accounts"];
  ASSERT_EQ(accounts.size(), 1U) << "one user, although on two pages";
  EXPECT_EQ(accounts[0]["devices"].size(), 2U);
  EXPECT_EQ(ask({"list", "bob@example.org"}).code, 3);
}

TEST_F(OperatorCommandsTest, APasswordComesFromFileOrEnvironmentAndIsNotShown) {
  const std::string file = temporary_.file("password", "correct horse\nsecond line");
  const auto set = ask({"set-password", "alice@example.org", "--password-file", file});
  ASSERT_EQ(set.code, 0) << set.err;
  EXPECT_THAT(set.out + set.err, Not(HasSubstr("horse")));
  ::setenv("RINGWAY_PASSWORD", "battery staple", 1);
  EXPECT_EQ(ask({"set-password", "alice@example.org", "--json"}).json()["user"], "alice@example.org");
  ASSERT_EQ(server_.passwords.size(), 2U);
  EXPECT_EQ(server_.passwords[0].password(), "correct horse");
  EXPECT_EQ(server_.passwords[1].password(), "battery staple");
  EXPECT_EQ(ask({"set-password", "alice@example.org", "--password-file", temporary_.file("no")}).code, 2);
}

TEST_F(OperatorCommandsTest, ShowsStatistics) {
  EXPECT_EQ(ask({"statistics"}).out, "since the start\n  enrolled 2\nnow\n  mails_waiting 1\n");
  EXPECT_THAT(ask({"statistics", "--all"}).out, HasSubstr("wrong_password 0"));
  const auto json = ask({"statistics", "--json"}).json();
  EXPECT_EQ(json["counters"]["wrong_password"], 0);
  EXPECT_EQ(json["gauges"]["mails_waiting"], 1);
}

TEST_F(OperatorCommandsTest, SaysHowItFailed) {
  server_.trouble = [](const std::string&) {
    return grpc::Status(grpc::StatusCode::NOT_FOUND, "nobody there\x1b[31m");
  };
  const auto nobody = ask({"revoke", "alice@example.org"});
  EXPECT_EQ(nobody.code, 3);
  EXPECT_EQ(nobody.err, "ringway-enrolld: nobody there\\x1b[31m\n");
  server_.trouble = [](const std::string&) {
    return grpc::Status(grpc::StatusCode::PERMISSION_DENIED, "for operators");
  };
  EXPECT_EQ(ask({"statistics"}).code, 5);
  EXPECT_EQ(ask({"list", "--json"}).json()["error"]["message"], "for operators");

  const auto away = run({"list", "--state", temporary_.file("nowhere")});
  EXPECT_EQ(away.code, 4);
  EXPECT_THAT(away.err, HasSubstr("--state " + temporary_.file("nowhere")));
  EXPECT_EQ(run({"list", "--server", "localhost:1"}).code, 2) << "without a certificate";
  EXPECT_EQ(ask({"list", "--cert", "x"}).code, 2) << "not for the socket";
  EXPECT_EQ(run({"revoke"}).code, 2);
}

TEST_F(OperatorCommandsTest, FromElsewhereOverTls) {
  const auto own = authority_.credentials("operator@example.org", test::node_id(9));
  const std::vector<std::string> access{"--server", server_.grpc(),
                                        "--ca",     temporary_.file("ca.pem", server_.ca_pem()),
                                        "--cert",   temporary_.file("o.crt", own.certificate_pem),
                                        "--key",    temporary_.file("o.key", own.private_key_pem)};
  std::vector<std::string> arguments{"list"};
  arguments.insert(arguments.end(), access.begin(), access.end());
  const auto listed = run(arguments);
  EXPECT_EQ(listed.code, 0) << listed.err;
  auto inviting = access;
  inviting.insert(inviting.begin(), "invite");
  const auto invited = run(inviting);
  EXPECT_EQ(invited.code, 0) << invited.err;
  std::string take_back = "ringway-enrolld withdraw 0123456789abcdef";
  for (const auto& word : access) take_back += " " + word;
  EXPECT_THAT(invited.err, HasSubstr("to take it back: " + take_back + "\n"));
  arguments[4] = temporary_.file("other.pem", enrolld_http::self_signed("localhost").certificate_pem);
  const auto another = run(arguments);
  EXPECT_EQ(another.code, 4) << "another server";
  EXPECT_THAT(another.err, HasSubstr("does its certificate come from --ca " + arguments[4]));
  arguments.erase(arguments.begin() + 3, arguments.begin() + 5);
  const auto unknown = run(arguments);
  EXPECT_EQ(unknown.code, 4) << "the system does not trust it";
  EXPECT_THAT(unknown.err, HasSubstr("--ca FILE"));
}

}  // namespace
}  // namespace ringway::enrolld
