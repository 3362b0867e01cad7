// The client's way to the API: which settings are refused, and what the caller is told when there is no
// connection.
#include "services/client/channel.hpp"

#include <gmock/gmock.h>
#include <grpcpp/client_context.h>
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <string>

#include "ringway/v1/peer.grpc.pb.h"
#include "services/api/address.hpp"
#include "services/api/server.hpp"
#include "tests/services/api/fake_peer.hpp"
#include "tests/services/api/temporary_folder.hpp"
#include "tests/services/api/tls_material.hpp"

namespace ringway::services {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

ClientSettings settings_for(const std::string& api) {
  return {.api = api, .ca_file = {}, .certificate_file = {}, .key_file = {}, .server_name = {}};
}

grpc::Status ask(const ClientSettings& settings) {
  const auto channel = open_channel(settings);
  if (!channel) return {grpc::StatusCode::INVALID_ARGUMENT, channel.error().reason};
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
  v1::PingRequest request;
  request.set_key("shared/a");
  v1::PingResponse response;
  return v1::Peer::NewStub(*channel)->Ping(&context, request, &response);
}

TEST(ChannelSettingsTest, ACertificateWithoutACaIsRefused) {
  for (const auto member :
       {&ClientSettings::certificate_file, &ClientSettings::key_file, &ClientSettings::server_name}) {
    for (const char* api : {"127.0.0.1:7084", "unix:/run/api.sock"}) {
      auto settings = settings_for(api);
      settings.*member = "given";
      const auto channel = open_channel(settings);
      ASSERT_FALSE(channel) << api;
      EXPECT_THAT(channel.error().reason, HasSubstr("give --api-ca"));
    }
  }
  EXPECT_TRUE(open_channel(settings_for("127.0.0.1:7084")));
}

TEST(ChannelTest, NobodyOnTheSocket) {
  const TemporaryFolder folder;
  const std::string api = "unix:" + folder.file("none.sock");
  const auto status = ask(settings_for(api));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_THAT(status.error_message(),
              AllOf(HasSubstr("cannot reach the peer at " + api + ": is ringwayd running"),
                    HasSubstr("failed to connect"), Not(HasSubstr("--api-ca"))));
}

TEST(ChannelTest, WhatThePeerItselfAnswersStays) {
  const TemporaryFolder folder;
  ApiSettings api;
  api.socket_path = folder.file("api.sock");
  const auto peer = std::make_shared<FakePeer>();
  peer->ping_outcome.reason = "no answer";
  const auto server = ApiServer::start(api, peer, {});
  ASSERT_TRUE(server) << server.error().reason;
  const auto status = ask(settings_for("unix:" + api.socket_path));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_THAT(status.error_message(), AllOf(HasSubstr("no answer"), Not(HasSubstr("cannot reach"))));
}

// A server with TLS on a port that the system chooses.
struct TlsChannelTest : ::testing::Test {
  void SetUp() override {
    const auto own = ca.issue(k_server_name);
    ApiSettings api;
    api.listen = *parse_address("127.0.0.1:0");
    api.tls = ApiTls{own.certificate_pem, own.key_pem, ca.root_pem()};
    peer->ping_outcome.ok = true;
    auto started = ApiServer::start(api, peer, {});
    ASSERT_TRUE(started) << started.error().reason;
    server = std::move(*started);
    settings = settings_for(server->endpoints().front());
  }
  void trust_the_server() {
    settings.ca_file = file("ca.pem", ca.root_pem());
    settings.server_name = k_server_name;
  }
  void show(const Identity& identity) {
    settings.certificate_file = file("client.pem", identity.certificate_pem);
    settings.key_file = file("client.key", identity.key_pem);
  }
  std::string file(const std::string& name, const std::string& content) const {
    std::ofstream(folder.file(name)) << content;
    return folder.file(name);
  }
  void expect_advice() const {
    const auto status = ask(settings);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
    EXPECT_THAT(
        status.error_message(),
        HasSubstr("cannot reach the peer at " + settings.api +
                  ": is ringwayd running there, does it want --api-ca, --api-cert and --api-key, and is its "
                  "certificate for that name (--api-server-name)?"));
  }

  TemporaryFolder folder;
  TlsMaterial ca;
  std::shared_ptr<FakePeer> peer = std::make_shared<FakePeer>();
  std::unique_ptr<ApiServer> server;
  ClientSettings settings;
};

TEST_F(TlsChannelTest, TheRightCertificateLetsIn) {
  trust_the_server();
  show(ca.issue("client.example.org"));
  const auto status = ask(settings);
  EXPECT_TRUE(status.ok()) << status.error_message();
}
TEST_F(TlsChannelTest, ACertificateForAnotherNameGetsAdvice) {
  trust_the_server();
  show(ca.issue("client.example.org"));
  settings.server_name.clear();
  expect_advice();
}
TEST_F(TlsChannelTest, PlainTextGetsAdvice) { expect_advice(); }
TEST_F(TlsChannelTest, NoCertificateGetsAdvice) {
  trust_the_server();
  expect_advice();
}
TEST_F(TlsChannelTest, AStrangersCertificateGetsAdvice) {
  trust_the_server();
  show(TlsMaterial().issue("client.example.org"));
  expect_advice();
}

}  // namespace
}  // namespace ringway::services
