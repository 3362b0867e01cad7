// `ringway enroll` as it is typed, against an enrollment server of the test's own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "services/options/shell_words.hpp"
#include "services/ringway/start_peer.hpp"
#include "tests/services/api/temporary_folder.hpp"
#include "tests/services/enroll_client/support/fake_enrollment.hpp"
#include "tests/services/ringway/command_line.hpp"

namespace ringway::services {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

// A listening socket at 127.0.0.1 as long as this lives, unless somebody else has the port.
struct TakenPort {
  explicit TakenPort(std::uint16_t port) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(port);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::bind(listener, reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0) ::listen(listener, 1);
  }
  ~TakenPort() { ::close(listener); }
  TakenPort(const TakenPort&) = delete;
  TakenPort& operator=(const TakenPort&) = delete;
  int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
};

class EnrollCommandTest : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"RINGWAY_INVITATION", "RINGWAY_PASSWORD", "RINGWAY_CODE", "https_proxy"})
      ::unsetenv(name);
  }
  Ran enroll(std::vector<std::string> more, const std::string& input = "") {
    std::vector<std::string> arguments{
        "enroll", "alice@example.org", "--config-url", server_.url(), "--ca", ca_, "--out", folder_};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_with(std::move(arguments), input);
  }

  test::TestAuthority authority_{"localhost"};
  TemporaryFolder temporary_;
  FakeEnrollment server_{authority_};
  std::string ca_ = temporary_.file("ca.pem", server_.ca_pem());
  std::string folder_ = temporary_.file("alice");
  std::string invitation_ = temporary_.file("invitation", std::string(k_good_secret) + "\n");
};

TEST_F(EnrollCommandTest, SaysWhoOneIsNowAndHowToStartThePeer) {
  const auto done = enroll({"--invitation-file", invitation_});
  ASSERT_EQ(done.code, 0) << done.err;
  EXPECT_THAT(done.out, HasSubstr("alice@example.org is enrolled in localhost\n"));
  EXPECT_THAT(done.out, HasSubstr("  node         " + test::node_id(0x10).hex()));
  EXPECT_THAT(done.out, HasSubstr("ringwayd --credentials " + folder_ + " --data " + folder_ +
                                  "/data --listen 0.0.0.0:"));
  EXPECT_TRUE(std::filesystem::exists(folder_ + "/node.key"));
  EXPECT_THAT(done.out + done.err, Not(HasSubstr(k_good_secret)));

  const auto again = enroll({"--invitation-file", invitation_});
  EXPECT_EQ(again.code, 2);
  EXPECT_THAT(again.err, HasSubstr("--force"));
  EXPECT_THAT(again.err, HasSubstr("Their peer is started by: "));
  EXPECT_THAT(again.err,
              HasSubstr("ringwayd --credentials " + folder_ + " --data " + folder_ + "/data --listen"));

  const auto forced = enroll({"--invitation-file", invitation_, "--force"});
  EXPECT_THAT(forced.out, HasSubstr(test::node_id(0x10).hex())) << forced.err;
  const auto another = enroll({"--invitation-file", invitation_, "--force", "--new-key"});
  EXPECT_THAT(another.out, HasSubstr(test::node_id(0x11).hex())) << another.err;
}

TEST_F(EnrollCommandTest, SaysHowToStartTheFirstPeerWhenItDoesNotRun) {
  server_.bootstrap_port = free_port(false);
  server_.body = server_.document(3, authority_);
  const std::string advice =
      "start that one with --listen 127.0.0.1:" + std::to_string(server_.bootstrap_port) + " --first-peer\n";
  const auto alone = enroll({"--invitation-file", invitation_});
  ASSERT_EQ(alone.code, 0) << alone.err;
  EXPECT_THAT(alone.out, HasSubstr(advice));

  const TakenPort first_peer(server_.bootstrap_port);
  const auto later = enroll({"--invitation-file", invitation_, "--force"});
  ASSERT_EQ(later.code, 0) << later.err;
  EXPECT_THAT(later.out, Not(HasSubstr("--first-peer")));
}

TEST_F(EnrollCommandTest, InJson) {
  ::setenv("RINGWAY_INVITATION", k_good_secret, 1);
  const auto done = enroll({"--json", "--", "--listen", "127.0.0.1:7000", "--data=/x"});
  ASSERT_EQ(done.code, 0) << done.out;
  const auto json = done.json();
  EXPECT_EQ(json["user"], "alice@example.org");
  EXPECT_EQ(json["overlay"], "localhost");
  EXPECT_EQ(json["nodes"], nlohmann::json::array({test::node_id(0x10).hex()}));
  EXPECT_EQ(json["credentials"], folder_);
  const std::vector<std::string> command = json["start"];
  EXPECT_THAT(std::vector<std::string>(command.begin() + 1, command.end()),
              ElementsAre("--credentials", folder_, "--listen", "127.0.0.1:7000", "--data=/x"));
  EXPECT_EQ(enroll({"--json"}).json()["error"]["code"], "INVALID_ARGUMENT");
}

TEST_F(EnrollCommandTest, ACodeIsTypedWhileItWaits) {
  const auto done = enroll({}, std::string("1111\n") + k_good_code + "\n");
  ASSERT_EQ(done.code, 0) << done.err;
  EXPECT_THAT(done.err, HasSubstr("now: open the link in the mail"));
  EXPECT_THAT(done.err, HasSubstr("not the code"));
  EXPECT_THAT(done.out + done.err, Not(HasSubstr(k_good_code)));
}

TEST_F(EnrollCommandTest, GoesOnLater) {
  const auto waiting = enroll({"--wait", "0"});
  EXPECT_EQ(waiting.code, 5);
  EXPECT_THAT(waiting.err, HasSubstr("the same command goes on from here"));
  EXPECT_EQ(enroll({"--code-file", temporary_.file("code", k_good_code)}).code, 0);
  EXPECT_EQ(server_.begun.size(), 1U);
}

TEST_F(EnrollCommandTest, SaysHowItFailed) {
  EXPECT_EQ(enroll({"--invitation-file", temporary_.file("wrong", "rwi_wrong")}).code, 5);
  EXPECT_FALSE(std::filesystem::exists(folder_)) << "nothing is in it, and it was not there before";
  std::filesystem::create_directory(folder_);
  EXPECT_EQ(enroll({"--invitation-file", temporary_.file("wrong", "rwi_wrong")}).code, 5);
  EXPECT_TRUE(std::filesystem::exists(folder_)) << "it is the user's";
  EXPECT_EQ(enroll({"--proof", "telephone"}).code, 2);
  EXPECT_EQ(enroll({"--proof", "certificate"}).code, 2);
  EXPECT_EQ(enroll({"--proof", "charm"}).code, 2);
  EXPECT_EQ(enroll({"--cert", ca_}).code, 2);
  EXPECT_EQ(run_with({"enroll", "alice", "--config-url", server_.url(), "--ca", ca_}).code, 2);
  EXPECT_EQ(run_with({"enroll", "tel:/1", "--config-url", server_.url(), "--ca", ca_}).code, 2);
  EXPECT_EQ(run_with({"enroll"}).code, 2);
  for (const char* url : {"http://localhost:1", "localhost:1"}) {
    const auto unsafe = run_with({"enroll", "alice@example.org", "--config-url", url, "--out", folder_});
    EXPECT_EQ(unsafe.code, 2) << url;
    EXPECT_THAT(unsafe.err, HasSubstr("https:// URL"));
  }
  // Nobody to ask: standard input is no terminal.
  const auto nobody = enroll({"--proof", "password"});
  EXPECT_EQ(nobody.code, 2);
  EXPECT_THAT(nobody.err, HasSubstr("RINGWAY_PASSWORD"));
  const auto away = run_with(
      {"enroll", "alice@example.org", "--config-url", "https://localhost:1", "--out", temporary_.file("x")});
  EXPECT_EQ(away.code, 4) << away.err;
  const auto stranger =
      run_with({"enroll", "alice@example.org", "--config-url", server_.url(), "--out", temporary_.file("y")});
  EXPECT_EQ(stranger.code, 4) << stranger.err;
  EXPECT_THAT(stranger.err, HasSubstr("--ca FILE"));
}

TEST(PeerCommand, SaysNothingTwiceAndGuessesNoAddress) {
  const auto rest = [](std::vector<std::string> command) {
    command.erase(command.begin());
    return command;
  };
  EXPECT_THAT(rest(peer_command("c", {}, {"--first-peer"})),
              ElementsAre("--credentials", "c", "--data", "c/data", "--first-peer"));
  EXPECT_THAT(rest(peer_command("c", {{"127.0.0.1", 6084}}, {"--advertise=192.0.2.1:1"})),
              ElementsAre("--credentials", "c", "--data", "c/data", "--advertise=192.0.2.1:1"));
  const std::string port = ":" + std::to_string(free_port(true));
  EXPECT_THAT(rest(peer_command("c", {{"::1", 6084}}, {})),
              testing::AnyOf(ElementsAre("--credentials", "c", "--data", "c/data", "--listen", "[::]" + port,
                                         "--advertise", "[::1]" + port),
                             ElementsAre("--credentials", "c", "--data", "c/data")));  // no IPv6 here
  EXPECT_TRUE(is_own_address({"127.0.0.1", 6084}));
  EXPECT_FALSE(is_own_address({"192.0.2.1", 6084}));
  EXPECT_EQ(command_text({"a", "b c", "d'e", ""}), "a 'b c' 'd'\\''e' ''");
  EXPECT_THAT(become({"/nothing/there"}), HasSubstr("cannot start /nothing/there"));
}

TEST(PeerCommand, TakesAPortThatIsFree) {
  const std::uint16_t first = free_port(false);
  const TakenPort taken(first);
  const std::uint16_t next = free_port(false);
  EXPECT_GT(next, first);
  const auto command = peer_command("c", {{"127.0.0.1", 6084}}, {});
  EXPECT_THAT(command, testing::Contains("0.0.0.0:" + std::to_string(next)));
  EXPECT_THAT(command, testing::Contains("127.0.0.1:" + std::to_string(next)));
}

}  // namespace
}  // namespace ringway::services
