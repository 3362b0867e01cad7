// The API's unix socket: whose it is when two want it.
#include <gmock/gmock.h>
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <string>

#include "ringway/v1/peer.grpc.pb.h"
#include "services/api/server.hpp"
#include "tests/services/api/fake_peer.hpp"
#include "tests/services/api/temporary_folder.hpp"

namespace ringway::services {
namespace {

struct SocketTest : ::testing::Test {
  Result<std::unique_ptr<ApiServer>> start(const std::string& user) const {
    const auto peer = std::make_shared<FakePeer>();
    peer->present.user = user;
    ApiSettings settings;
    settings.socket_path = path;
    return ApiServer::start(settings, peer, {});
  }
  // Which peer answers there; with a channel of its own, so that it is a new connection.
  std::string user_there() const {
    grpc::ChannelArguments arguments;
    arguments.SetString(GRPC_ARG_DEFAULT_AUTHORITY, "localhost");
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    const auto stub = v1::Peer::NewStub(
        grpc::CreateCustomChannel("unix:" + path, grpc::InsecureChannelCredentials(), arguments));
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
    v1::StatusResponse response;
    const auto status = stub->Status(&context, {}, &response);
    return status.ok() ? response.user() : "nobody: " + status.error_message();
  }

  TemporaryFolder folder;
  std::string path = folder.file("api.sock");
};

TEST_F(SocketTest, ASocketThatIsServedIsNotTakenOver) {
  const auto first = start("first");
  ASSERT_TRUE(first) << first.error().reason;
  const auto second = start("second");
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().reason, ::testing::HasSubstr("another process serves the API's socket " + path));
  EXPECT_EQ(user_there(), "first");
}

TEST_F(SocketTest, ASocketThatAKilledProcessHasLeftIsReplaced) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::ranges::copy(path, address.sun_path);
  const int left_behind = ::socket(AF_UNIX, SOCK_STREAM, 0);
  ASSERT_EQ(::bind(left_behind, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(left_behind, 1), 0);
  ::close(left_behind);
  ASSERT_TRUE(std::filesystem::exists(path));

  const auto started = start("next");
  ASSERT_TRUE(started) << started.error().reason;
  EXPECT_EQ(user_there(), "next");
}

}  // namespace
}  // namespace ringway::services
