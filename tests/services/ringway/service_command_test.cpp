// service register, unregister and find as a shell sees them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "services/api/server.hpp"
#include "tests/services/api/fake_peer.hpp"
#include "tests/services/api/temporary_folder.hpp"
#include "tests/services/ringway/command_line.hpp"
#include "tests/support/test_authority.hpp"

namespace ringway::services {
namespace {

using ::testing::HasSubstr;

const NodeId k_node = test::node_id(0x11);
const NodeId k_other = test::node_id(0x22);

class ServiceCommands : public ::testing::Test {
 protected:
  void SetUp() override {
    ::unsetenv("RINGWAY_API");
    peer_->present.node = k_node;
    peer_->present.user = "alice@overlay.example.org";
    ApiSettings settings;
    settings.user = "alice@overlay.example.org";
    settings.socket_path = folder_.file("api.sock");
    auto started = ApiServer::start(settings, peer_, [](const std::function<void()>& done) { done(); });
    ASSERT_TRUE(started) << started.error().reason;
    server_ = std::move(*started);
  }
  Ran call(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"--api", "unix:" + folder_.file("api.sock")});
    return run_with(std::move(arguments), "");
  }

  TemporaryFolder folder_;
  std::shared_ptr<FakePeer> peer_ = std::make_shared<FakePeer>();
  std::unique_ptr<ApiServer> server_;
};

TEST_F(ServiceCommands, Register) {
  const auto text = call({"service", "register", "voice-mail"});
  EXPECT_EQ(text.code, 0) << text.err;
  EXPECT_EQ(text.out, "this peer provides voice-mail as " + k_node.hex() + "\n");
  EXPECT_EQ(peer_->registered_services["voice-mail"], 600U);
  const auto json = call({"service", "register", "voice-mail", "--lifetime", "15m", "--json"});
  EXPECT_EQ(peer_->registered_services["voice-mail"], 900U);
  EXPECT_EQ(json.json()["records"], 3);
  EXPECT_EQ(json.json()["node"], k_node.hex());
  peer_->service_result = data::CallFailure{data::CallError::failed_precondition, "no REDIR", 0};
  EXPECT_EQ(call({"service", "register", "voice-mail"}).code, 5);
  EXPECT_EQ(call({"service", "register"}).code, 2);
  EXPECT_EQ(call({"service", "register", "voice-mail", "-l", "soon"}).code, 2);
}

TEST_F(ServiceCommands, Unregister) {
  EXPECT_EQ(call({"service", "unregister", "voice-mail"}).code, 3);
  call({"service", "register", "voice-mail"});
  const auto done = call({"service", "unregister", "voice-mail"});
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_EQ(done.out, "this peer does not provide voice-mail any more\n");
}

TEST_F(ServiceCommands, Find) {
  // Shows: DISC-16.
  peer_->service_result = data::ServiceFound{{{k_other, {}}, {k_node, {}}}, 2};
  const auto text = call({"service", "find", "turn-server"});
  EXPECT_EQ(text.code, 0) << text.err;
  EXPECT_EQ(text.out, k_other.hex() + "\n" + k_node.hex() + "\n");
  EXPECT_EQ(peer_->asked_service.first, "turn-server");
  EXPECT_FALSE(peer_->asked_service.second);
  const auto json = call({"service", "find", "turn-server", "--key", k_node.hex(), "--json"}).json();
  EXPECT_EQ(json["fetches"], 2);
  EXPECT_EQ(json["providers"][0]["node"], k_other.hex());
  EXPECT_EQ(peer_->asked_service.second, k_node);
  EXPECT_EQ(call({"service", "find", "turn-server", "--key", "12"}).code, 2);
  peer_->service_result = data::CallFailure{data::CallError::not_found, "nobody provides the service", 0};
  const auto none = call({"service", "find", "turn-server"});
  EXPECT_EQ(none.code, 3);
  EXPECT_THAT(none.err, HasSubstr("nobody provides the service"));
}

TEST_F(ServiceCommands, HelpNamesAllThree) {
  const auto help = call({"service", "--help"});
  EXPECT_EQ(help.code, 0);
  for (const char* name : {"register", "unregister", "find"}) EXPECT_THAT(help.out, HasSubstr(name));
  EXPECT_EQ(call({"service"}).code, 2);
}

}  // namespace
}  // namespace ringway::services
