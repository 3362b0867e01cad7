// The API over TCP with TLS: who is let in, and what the server says of itself there (health, reflection).
#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <google/protobuf/text_format.h>
#include <google/protobuf/wrappers.pb.h>
#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <string>

#include "ringway/v1/peer.grpc.pb.h"
#include "services/api/address.hpp"
#include "services/api/server.hpp"
#include "tests/services/api/fake_peer.hpp"
#include "tests/services/api/tls_material.hpp"

namespace ringway::services {
namespace {

using google::protobuf::Int32Value;
using google::protobuf::StringValue;
using ::testing::HasSubstr;

void set_deadline(grpc::ClientContext& context) {
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
}

struct TlsTest : ::testing::Test {
  void SetUp() override {
    const auto own = ca.issue(k_server_name);
    ApiSettings settings;
    settings.listen = *parse_address("127.0.0.1:0");
    settings.tls = ApiTls{own.certificate_pem, own.key_pem, ca.root_pem()};
    auto started = ApiServer::start(settings, std::make_shared<FakePeer>(), {});
    ASSERT_TRUE(started) << started.error().reason;
    server = std::move(*started);
  }

  std::shared_ptr<grpc::Channel> channel(const std::optional<Identity>& shown,
                                         const std::string& trusted_pem) const {
    grpc::SslCredentialsOptions options;
    options.pem_root_certs = trusted_pem;
    if (shown) {
      options.pem_cert_chain = shown->certificate_pem;
      options.pem_private_key = shown->key_pem;
    }
    grpc::ChannelArguments arguments;
    arguments.SetSslTargetNameOverride(k_server_name);
    return grpc::CreateCustomChannel(server->endpoints().front(), grpc::SslCredentials(options), arguments);
  }
  std::shared_ptr<grpc::Channel> good_channel() const {
    return channel(ca.issue("client.example.org"), ca.root_pem());
  }
  static grpc::StatusCode ask(const std::shared_ptr<grpc::Channel>& over) {
    grpc::ClientContext context;
    set_deadline(context);
    v1::StatusResponse response;
    return v1::Peer::NewStub(over)->Status(&context, {}, &response).error_code();
  }

  TlsMaterial ca;
  std::unique_ptr<ApiServer> server;
};

TEST_F(TlsTest, LetsInWhoShowsACertificateOfItsCa) { EXPECT_EQ(ask(good_channel()), grpc::StatusCode::OK); }

TEST_F(TlsTest, LetsInNobodyElse) {
  // Shows: FM-51.
  const TlsMaterial strangers;
  EXPECT_EQ(ask(channel(strangers.issue("client.example.org"), ca.root_pem())),
            grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(ask(channel(std::nullopt, ca.root_pem())), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(ask(grpc::CreateChannel(server->endpoints().front(), grpc::InsecureChannelCredentials())),
            grpc::StatusCode::UNAVAILABLE);
}

TEST_F(TlsTest, ShowsItsOwnCertificate) {
  const TlsMaterial others;
  EXPECT_EQ(ask(channel(ca.issue("client.example.org"), others.root_pem())), grpc::StatusCode::UNAVAILABLE);
}

// grpc.health.v1: the request is a string in field 1, the response an enumeration in field 1, as in the
// wrappers.
struct HealthTest : TlsTest {
  static constexpr int k_serving = 1;
  static constexpr int k_not_serving = 2;

  int health_of(const std::string& service) const {
    grpc::TemplatedGenericStub<StringValue, Int32Value> stub(good_channel());
    grpc::ClientContext context;
    set_deadline(context);
    StringValue request;
    request.set_value(service);
    Int32Value response;
    std::promise<grpc::Status> done;
    stub.UnaryCall(&context, "/grpc.health.v1.Health/Check", {}, &request, &response,
                   [&done](grpc::Status status) { done.set_value(std::move(status)); });
    const auto status = done.get_future().get();
    return status.ok() ? response.value() : -static_cast<int>(status.error_code());
  }
};

TEST_F(HealthTest, FollowsThePeer) {
  EXPECT_EQ(health_of(""), k_not_serving);
  EXPECT_EQ(health_of("ringway.v1.Overlay"), k_not_serving);
  EXPECT_EQ(health_of("ringway.v1.Peer"), k_serving);
  server->set_serving(true);
  EXPECT_EQ(health_of(""), k_serving);
  EXPECT_EQ(health_of("ringway.v1.Overlay"), k_serving);
  server->set_serving(false);
  EXPECT_EQ(health_of(""), k_not_serving);
  EXPECT_EQ(health_of("ringway.v1.Peer"), k_serving);
  EXPECT_EQ(health_of("ringway.v1.Nothing"), -static_cast<int>(grpc::StatusCode::NOT_FOUND));
}

// The library of the server's side has the messages, but no header of theirs.
std::unique_ptr<google::protobuf::Message> reflection_message(const std::string& name) {
  const auto* type = google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName(
      "grpc.reflection.v1alpha." + name);
  if (type == nullptr) return nullptr;
  return std::unique_ptr<google::protobuf::Message>(
      google::protobuf::MessageFactory::generated_factory()->GetPrototype(type)->New());
}

using Coder = grpc::SerializationTraits<google::protobuf::Message>;

TEST_F(TlsTest, ReflectionListsTheServices) {
  const auto request = reflection_message("ServerReflectionRequest");
  const auto response = reflection_message("ServerReflectionResponse");
  ASSERT_TRUE(request && response);
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString("list_services: \"*\"", request.get()));
  grpc::ByteBuffer out, in;
  bool own_buffer = false;
  ASSERT_TRUE(Coder::Serialize(*request, &out, &own_buffer).ok());

  grpc::ClientContext context;
  set_deadline(context);
  grpc::CompletionQueue queue;
  grpc::GenericStub stub(good_channel());
  const auto call =
      stub.PrepareCall(&context, "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", &queue);
  const auto step_done = [&queue] {
    void* tag = nullptr;
    bool ok = false;
    return queue.Next(&tag, &ok) && ok;
  };
  call->StartCall(nullptr);
  ASSERT_TRUE(step_done());
  call->Write(out, nullptr);
  ASSERT_TRUE(step_done());
  call->Read(&in, nullptr);
  ASSERT_TRUE(step_done());
  ASSERT_TRUE(Coder::Deserialize(&in, response.get()).ok());
  const std::string listed = response->ShortDebugString();
  for (const char* service : {"ringway.v1.Overlay", "ringway.v1.Peer", "grpc.health.v1.Health",
                              "grpc.reflection.v1alpha.ServerReflection"}) {
    EXPECT_THAT(listed, HasSubstr("\"" + std::string(service) + "\""));
  }
  call->WritesDone(nullptr);
  ASSERT_TRUE(step_done());
  grpc::Status status;
  call->Finish(&status, nullptr);
  ASSERT_TRUE(step_done());
  EXPECT_TRUE(status.ok()) << status.error_message();
}

}  // namespace
}  // namespace ringway::services
