// The API behind its policy: every rpc goes through the gate, whoever calls is known by his certificate or
// his user at the unix socket, and nobody writes as somebody that no rule lets him be.
#include "services/api/gate.hpp"

#include <gmock/gmock.h>
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "ringway/v1/directory.pb.h"
#include "ringway/v1/overlay.grpc.pb.h"
#include "ringway/v1/peer.grpc.pb.h"
#include "ringway/v1/services.pb.h"
#include "services/api/address.hpp"
#include "services/api/server.hpp"
#include "tests/services/api/fake_peer.hpp"
#include "tests/services/api/temporary_folder.hpp"
#include "tests/services/api/tls_material.hpp"

namespace ringway::services {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const char* const k_own = "gateway@example.org";
const char* const k_alice = "alice@example.org";
const char* const k_bob = "bob@example.org";

using ChannelPtr = std::shared_ptr<grpc::Channel>;

void set_deadline(grpc::ClientContext& context) {
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
}

grpc::Status put(const ChannelPtr& over, const std::string& key, const std::string& user) {
  v1::PutRequest request;
  request.set_key(key);
  request.set_as_user(user);
  grpc::ClientContext context;
  set_deadline(context);
  v1::PutResponse response;
  return v1::Overlay::NewStub(over)->Put(&context, request, &response);
}

v1::StatusResponse status_over(const ChannelPtr& over) {
  grpc::ClientContext context;
  set_deadline(context);
  v1::StatusResponse response;
  const auto status = v1::Peer::NewStub(over)->Status(&context, {}, &response);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return response;
}

class GateTest : public ::testing::Test {
 protected:
  GateTest() {
    peer_->answer = [this](const data::Call& call) -> data::CallResult {
      if (const auto* one = std::get_if<data::PutCall>(&call)) users_.push_back(one->as_user);
      if (const auto* one = std::get_if<data::RemoveCall>(&call)) users_.push_back(one->as_user);
      ++calls_;
      if (std::holds_alternative<data::GetCall>(call)) return data::GetResult{};
      return data::PutResult{};
    };
  }
  void TearDown() override {
    if (server_) server_->stop(std::chrono::milliseconds{0});
  }

  // A policy with these rules; none when the text is empty.
  void start(const std::string& rules, ApiSettings settings = {}) {
    settings.user = k_own;
    if (!rules.empty()) {
      auto policy = ApiPolicy::parse("{\"rules\": [" + rules + "]}", k_own);
      ASSERT_TRUE(policy) << policy.error().reason;
      settings.policy = *policy;
    }
    auto started = ApiServer::start(settings, peer_, [this](const std::function<void()>& done) {
      ++leaves_;
      done();
    });
    ASSERT_TRUE(started) << started.error().reason;
    server_ = std::move(*started);
  }
  void start_on_socket(const std::string& rules) {
    ApiSettings settings;
    settings.socket_path = path_;
    start(rules, settings);
  }
  ChannelPtr socket_channel() const {
    grpc::ChannelArguments arguments;
    arguments.SetString(GRPC_ARG_DEFAULT_AUTHORITY, "localhost");
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    return grpc::CreateCustomChannel("unix:" + path_, grpc::InsecureChannelCredentials(), arguments);
  }
  static std::string rule_for(::uid_t uid, const std::string& members) {
    return "{\"client\": {\"uid\": " + std::to_string(uid) + "}, " + members + "}";
  }

  std::shared_ptr<FakePeer> peer_ = std::make_shared<FakePeer>();
  std::unique_ptr<ApiServer> server_;
  TemporaryFolder folder_;
  std::string path_ = folder_.file("api.sock");
  std::vector<std::string> users_;  // that the peer was to write as
  int calls_ = 0;
  int leaves_ = 0;
};

TEST_F(GateTest, WithoutAPolicyNobodyWritesAsAnother) {
  // Shows: FM-51.
  start("");
  const auto channel = server_->in_process_channel();
  const auto refused = put(channel, "shared/a", k_alice);
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_THAT(refused.error_message(), HasSubstr("--api-policy"));
  EXPECT_EQ(calls_, 0);
  EXPECT_TRUE(put(channel, "shared/a", "").ok());
  EXPECT_TRUE(put(channel, "shared/a", k_own).ok());
  const auto status = status_over(channel);
  EXPECT_EQ(status.api().calls_refused(), 1U);
  EXPECT_EQ(status.api().policy_rules(), 0U);
  put(channel, "shared/a", std::string(1 << 20, 'a'));
  EXPECT_LT(server_->refusals().last.size(), 100U);
}

// Every rpc that the contract has, with an empty request: nothing gets past the gate.
TEST_F(GateTest, EveryRpcIsRefusedToWhomNoRuleKnows) {
  // Shows: FM-51.
  start(rule_for(::geteuid() + 1, R"("methods": ["leave"])"), [this] {
    ApiSettings settings;
    settings.socket_path = path_;
    return settings;
  }());
  const auto over_socket = socket_channel();
  const auto in_process = server_->in_process_channel();
  std::size_t rpcs = 0;
  for (const auto* file :
       {v1::PutRequest::descriptor()->file(), v1::StatusRequest::descriptor()->file(),
        v1::ResolveRequest::descriptor()->file(), v1::FindServiceRequest::descriptor()->file()}) {
    for (int s = 0; s < file->service_count(); ++s) {
      const auto* service = file->service(s);
      for (int m = 0; m < service->method_count(); ++m) {
        if (service->method(m)->name() == "Batch") continue;  // each of its operations: see below
        ++rpcs;
        for (const auto& channel : {over_socket, in_process}) {
          grpc::TemplatedGenericStub<v1::StatusRequest, v1::StatusResponse> stub(channel);
          grpc::ClientContext context;
          set_deadline(context);
          v1::StatusRequest request;
          v1::StatusResponse response;
          std::promise<grpc::Status> done;
          stub.UnaryCall(&context, "/" + service->full_name() + "/" + service->method(m)->name(), {},
                         &request, &response,
                         [&done](grpc::Status status) { done.set_value(std::move(status)); });
          EXPECT_EQ(done.get_future().get().error_code(), grpc::StatusCode::PERMISSION_DENIED)
              << service->method(m)->full_name();
        }
      }
    }
  }
  EXPECT_EQ(calls_, 0);
  EXPECT_EQ(leaves_, 0);
  EXPECT_EQ(rpcs, k_api_rpcs.size() - 1);
  EXPECT_EQ(server_->refusals().total, 2 * rpcs);
}

TEST_F(GateTest, TheSocketsCallersAreKnownByTheirUser) {
  // Shows: FM-51.
  start_on_socket(rule_for(::geteuid(), R"("methods": ["put", "status"], "as": ["alice@example.org"],
      "keys": ["shared/", "alice@example.org/"])"));
  const auto channel = socket_channel();
  EXPECT_TRUE(put(channel, "alice@example.org/card", k_alice).ok());
  EXPECT_TRUE(put(channel, "shared/a", k_alice).ok());
  EXPECT_THAT(users_, ::testing::ElementsAre(k_alice, k_alice));
  const auto as_bob = put(channel, "shared/a", k_bob);
  EXPECT_EQ(as_bob.error_code(), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_THAT(as_bob.error_message(),
              HasSubstr("(uid " + std::to_string(::geteuid()) + ") put as bob@example.org"));
  for (const char* own : {"", k_own})
    EXPECT_EQ(put(channel, "shared/a", own).error_code(), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(put(channel, "bob@example.org/card", k_alice).error_code(), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(calls_, 2);
  const auto status = status_over(channel);
  EXPECT_EQ(status.api().calls_refused(), 4U);
  EXPECT_EQ(status.api().policy_rules(), 1U);
  const auto refusals = server_->refusals();
  EXPECT_EQ(refusals.total, 4U);
  EXPECT_THAT(refusals.last, HasSubstr("put as alice@example.org"));
  EXPECT_THAT(refusals.last, Not(HasSubstr("card")));  // keys are not for logs
}

TEST_F(GateTest, ThePeersOwnUserMayBeNamed) {
  start_on_socket(rule_for(::geteuid(), R"("methods": ["put"], "as": ["self"], "keys": ["shared/"])"));
  const auto channel = socket_channel();
  for (const char* own : {"", k_own}) EXPECT_TRUE(put(channel, "shared/a", own).ok()) << own;
  EXPECT_EQ(put(channel, "shared/a", k_alice).error_code(), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(calls_, 2);
}

TEST_F(GateTest, ABatchIsLookedAtOperationByOperation) {
  // Shows: FM-51.
  start_on_socket(rule_for(::geteuid(), R"("methods": ["put", "get", "remove"], "as": ["alice@example.org"],
      "keys": ["shared/"])"));
  v1::BatchRequest request;
  request.add_operations()->mutable_put()->set_key("shared/own");
  auto* alices = request.add_operations()->mutable_put();
  alices->set_key("shared/hers");
  alices->set_as_user(k_alice);
  request.add_operations()->mutable_stat()->set_key("shared/hers");
  request.add_operations()->mutable_get()->set_key("shared/hers");
  auto* removes = request.add_operations()->mutable_remove();
  removes->set_key("shared/hers");
  removes->set_as_user(k_bob);
  grpc::ClientContext context;
  set_deadline(context);
  v1::BatchResponse response;
  ASSERT_TRUE(v1::Overlay::NewStub(socket_channel())->Batch(&context, request, &response).ok());
  ASSERT_EQ(response.results_size(), 5);
  for (const int refused : {0, 2, 4}) {
    EXPECT_EQ(response.results(refused).error().code(), grpc::StatusCode::PERMISSION_DENIED) << refused;
    EXPECT_THAT(response.results(refused).error().message(), HasSubstr("policy"));
  }
  EXPECT_TRUE(response.results(1).has_put());
  EXPECT_TRUE(response.results(3).has_get());
  EXPECT_THAT(users_, ::testing::ElementsAre(k_alice));

  request.mutable_operations()->DeleteSubrange(1, 1);
  request.mutable_operations()->DeleteSubrange(2, 1);
  grpc::ClientContext again;
  set_deadline(again);
  ASSERT_TRUE(v1::Overlay::NewStub(socket_channel())->Batch(&again, request, &response).ok());
  ASSERT_EQ(response.results_size(), 3);
  for (const auto& result : response.results()) EXPECT_TRUE(result.has_error());
  EXPECT_EQ(calls_, 2);
  EXPECT_EQ(server_->refusals().total, 6U);
}

TEST_F(GateTest, TlsCallersAreKnownByTheirCertificate) {
  // Shows: FM-51.
  const TlsMaterial ca;
  const auto own = ca.issue(k_server_name);
  ApiSettings settings;
  settings.listen = *parse_address("127.0.0.1:0");
  settings.tls = ApiTls{own.certificate_pem, own.key_pem, ca.root_pem()};
  start(R"({"client": {"certificate_subject": "CN=mail"}, "methods": ["put"], "as": ["alice@example.org"],
            "keys": [""]},
           {"client": {"certificate_subject": "CN=phone"}, "methods": ["put"], "as": ["bob@example.org"],
            "keys": [""]})",
        settings);
  const auto channel_of = [&](const std::string& name) {
    const auto shown = ca.issue(name);
    grpc::SslCredentialsOptions options;
    options.pem_root_certs = ca.root_pem();
    options.pem_cert_chain = shown.certificate_pem;
    options.pem_private_key = shown.key_pem;
    grpc::ChannelArguments arguments;
    arguments.SetSslTargetNameOverride(k_server_name);
    return grpc::CreateCustomChannel(server_->endpoints().front(), grpc::SslCredentials(options), arguments);
  };
  const auto mail = channel_of("mail");
  const auto phone = channel_of("phone");
  const auto stranger = channel_of("stranger");
  for (int round = 0; round < 2; ++round) {  // looked up, then remembered
    EXPECT_TRUE(put(mail, "shared/a", k_alice).ok());
    EXPECT_TRUE(put(phone, "shared/a", k_bob).ok());
    EXPECT_EQ(put(mail, "shared/a", k_bob).error_code(), grpc::StatusCode::PERMISSION_DENIED);
    EXPECT_EQ(put(phone, "shared/a", k_alice).error_code(), grpc::StatusCode::PERMISSION_DENIED);
    const auto refused = put(stranger, "shared/a", k_alice);
    EXPECT_EQ(refused.error_code(), grpc::StatusCode::PERMISSION_DENIED);
    EXPECT_THAT(refused.error_message(), HasSubstr("(CN=stranger)"));
  }
  EXPECT_THAT(users_, ::testing::ElementsAre(k_alice, k_bob, k_alice, k_bob));
}

TEST_F(GateTest, APolicyTakesCallersThatCanBeToldApart) {
  // Shows: FM-51.
  ApiSettings settings;
  settings.listen = *parse_address("127.0.0.1:0");
  settings.policy = *ApiPolicy::parse(R"({"rules": []})", k_own);
  const auto started = ApiServer::start(settings, peer_, {});
  ASSERT_FALSE(started);
  EXPECT_THAT(started.error().reason, HasSubstr("TLS"));
}

TEST_F(GateTest, TheSocketIsItsOwnersUntilItsModeSaysOtherwise) {
  start_on_socket(rule_for(::geteuid(), R"("methods": ["status"])"));
  struct ::stat file {};
  ASSERT_EQ(::stat(path_.c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 0777U, 0600U);
  // Many callers, one after the other and at once.
  std::vector<std::thread> callers;
  for (int i = 0; i < 8; ++i) {
    callers.emplace_back([this] {
      for (int n = 0; n < 5; ++n) status_over(socket_channel());
    });
  }
  for (auto& caller : callers) caller.join();
  server_->stop(std::chrono::milliseconds{0});
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(GateTest, AnotherProcesssSocketIsNotTakenOver) {
  start_on_socket(rule_for(::geteuid(), R"("methods": ["status"])"));
  ApiSettings settings;
  settings.socket_path = path_;
  settings.policy = *ApiPolicy::parse(R"({"rules": []})", k_own);
  const auto second = ApiServer::start(settings, peer_, {});
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().reason, HasSubstr("another process serves"));
  status_over(socket_channel());
}

TEST(Refusals, AreCounted) {
  Refusals refusals;
  EXPECT_EQ(refusals.count().total, 0U);
  refusals.add("a: put");
  refusals.add("b: leave");
  EXPECT_EQ(refusals.count().total, 2U);
  EXPECT_EQ(refusals.count().last, "b: leave");
}

}  // namespace
}  // namespace ringway::services
