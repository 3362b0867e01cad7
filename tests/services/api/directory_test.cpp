// The Directory service over a real socket, with a peer that answers as the test says.
#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <gtest/gtest.h>

#include <map>
#include <thread>

#include "reload/config/kinds.hpp"
#include "ringway/v1/directory.grpc.pb.h"
#include "services/api/server.hpp"
#include "sip-usage/registration/gruu.hpp"
#include "sip-usage/registration/sip_registration.hpp"
#include "tests/services/api/fake_peer.hpp"
#include "tests/services/api/temporary_folder.hpp"
#include "tests/support/test_authority.hpp"

namespace ringway::services {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const NodeId k_own_node = test::node_id(0x11);
const std::string k_overlay = "overlay.example.org";
const std::string k_own_user = "gateway@overlay.example.org";

data::Entry entry_of(const NodeId& node, const sip::SipRegistration& registration) {
  data::Entry entry;
  entry.value = wire::encode(registration);
  entry.writer_node = node;
  entry.lifetime_s = 60;
  return entry;
}

class DirectoryTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto document = std::make_shared<config::Configuration>();
    document->instance_name = k_overlay;
    auto kind = *config::iana_kind(config::k_sip_registration);
    kind.domain_restriction.emplace();  // the overlay's own domain only
    document->kinds.add(kind);
    peer_->present.node = k_own_node;
    peer_->present.user = k_own_user;
    peer_->present.overlay = k_overlay;
    peer_->present.configuration = document;
    peer_->answer = [this](const data::Call& call) { return answer(call); };
    ApiSettings settings;
    settings.user = k_own_user;
    settings.socket_path = folder_.file("api.sock");
    auto started = ApiServer::start(settings, peer_, [](const std::function<void()>& done) { done(); });
    ASSERT_TRUE(started) << started.error().reason;
    server_ = std::move(*started);
    stub_ = v1::Directory::NewStub(
        grpc::CreateChannel("unix:" + folder_.file("api.sock"), grpc::InsecureChannelCredentials()));
  }
  data::CallResult answer(const data::Call& call) {
    calls_.push_back(call);
    if (failure_) return *failure_;
    if (const auto* get = std::get_if<data::GetCall>(&call)) {
      EXPECT_EQ(get->kind, config::k_sip_registration);
      EXPECT_EQ(get->entry, std::nullopt);
      const auto found = registered_.find(get->key);
      if (found == registered_.end())
        return data::CallFailure{data::CallError::not_found, "nothing there", 0};
      return data::GetResult{1, found->second, 0};
    }
    data::PutResult result;
    result.copies = result.copies_wanted = 3;
    return result;
  }
  grpc::Status resolve(const std::string& address) {
    grpc::ClientContext context;
    v1::ResolveRequest request;
    request.set_address(address);
    resolved_.Clear();
    return stub_->Resolve(&context, request, &resolved_);
  }
  grpc::Status register_with(const v1::RegisterRequest& request) {
    grpc::ClientContext context;
    registration_.Clear();
    return stub_->Register(&context, request, &registration_);
  }

  TemporaryFolder folder_;
  std::shared_ptr<FakePeer> peer_ = std::make_shared<FakePeer>();
  std::unique_ptr<ApiServer> server_;
  std::unique_ptr<v1::Directory::Stub> stub_;
  std::map<std::string, std::vector<data::Entry>> registered_;
  std::optional<data::CallFailure> failure_;
  std::vector<data::Call> calls_;
  v1::ResolveResponse resolved_;
  v1::RegisterResponse registration_;
};

TEST_F(DirectoryTest, RegistersThePeersOwnUserHere) {
  v1::RegisterRequest request;
  request.set_contact_prefs("(sip.schemes=SIPS)");
  const auto status = register_with(request);
  ASSERT_TRUE(status.ok()) << status.error_message();
  ASSERT_THAT(calls_, SizeIs(1));
  const auto& put = std::get<data::PutCall>(calls_[0]);
  EXPECT_EQ(put.kind, config::k_sip_registration);
  EXPECT_EQ(put.key, k_own_user);
  EXPECT_EQ(put.entry, "");
  EXPECT_EQ(put.as_user, "");
  EXPECT_EQ(put.lifetime_s, 3600U);
  EXPECT_FALSE(put.keep);
  EXPECT_EQ(put.value, wire::encode(sip::registration_of_node(k_own_node, "(sip.schemes=SIPS)")));
  EXPECT_EQ(registration_.address(), k_own_user);
  EXPECT_EQ(registration_.copies(), 3U);
  // The GRUU leads here without being looked up.
  ASSERT_TRUE(resolve(registration_.gruu()).ok());
  ASSERT_THAT(resolved_.devices(), SizeIs(1));
  EXPECT_EQ(resolved_.devices(0).node(), k_own_node.hex());
  EXPECT_EQ(resolved_.devices(0).registered_by(), "");
  EXPECT_THAT(calls_, SizeIs(1));
}

// There is one registration for each node, and the peer's registrar writes it.
TEST_F(DirectoryTest, WhosePhonesAreServedIsRegisteredByThem) {
  auto sip = std::make_shared<actors::SipReport>();
  sip->users = {"sam@overlay.example.org"};
  peer_->present.sip = sip;
  v1::RegisterRequest request;
  EXPECT_TRUE(register_with(request).ok()) << "another user";
  calls_.clear();
  sip->users.push_back(k_own_user);
  for (const std::string& user : {std::string(), k_own_user}) {
    request.set_as_user(user);
    request.set_forward_to("sip:alice@overlay.example.org");
    const auto refused = register_with(request);
    EXPECT_EQ(refused.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
    EXPECT_THAT(refused.error_message(), HasSubstr("--sip-listen"));
    grpc::ClientContext context;
    v1::UnregisterRequest away;
    v1::UnregisterResponse gone;
    away.set_as_user(user);
    EXPECT_EQ(stub_->Unregister(&context, away, &gone).error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  }
  EXPECT_THAT(calls_, IsEmpty());
}

TEST_F(DirectoryTest, ForwardsKeepsAndTakesBack) {
  v1::RegisterRequest request;
  request.set_forward_to("sip:sam@overlay.example.org");
  request.set_lifetime_s(60);
  request.set_keep(true);
  ASSERT_TRUE(register_with(request).ok());
  const auto& put = std::get<data::PutCall>(calls_.at(0));
  EXPECT_EQ(put.value,
            wire::encode(sip::SipRegistration{sip::UriRegistration{"sip:sam@overlay.example.org"}}));
  EXPECT_EQ(put.lifetime_s, 60U);
  EXPECT_TRUE(put.keep);
  EXPECT_EQ(registration_.gruu(), "");

  grpc::ClientContext context;
  v1::UnregisterResponse response;
  ASSERT_TRUE(stub_->Unregister(&context, v1::UnregisterRequest{}, &response).ok());
  const auto& removed = std::get<data::RemoveCall>(calls_.at(1));
  EXPECT_EQ(removed.key, k_own_user);
  EXPECT_EQ(removed.kind, config::k_sip_registration);
  EXPECT_EQ(response.address(), k_own_user);
}

TEST_F(DirectoryTest, WhatNobodyCouldReadIsNotRegistered) {
  const auto code_of = [this](const std::string& forward_to, const std::string& prefs) {
    v1::RegisterRequest request;
    request.set_forward_to(forward_to);
    request.set_contact_prefs(prefs);
    return register_with(request).error_code();
  };
  EXPECT_EQ(code_of("nobody", ""), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(code_of("", "(sip.schemes"), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(code_of("sip:a@b.c", "(a=b)"), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(calls_, IsEmpty());
  failure_ = data::CallFailure{data::CallError::permission_denied, "not here", 0};
  EXPECT_EQ(code_of("", ""), grpc::StatusCode::PERMISSION_DENIED);
}

TEST_F(DirectoryTest, NobodyRegistersAnotherUserWithoutAPolicy) {
  v1::RegisterRequest request;
  request.set_as_user("alice@overlay.example.org");
  EXPECT_EQ(register_with(request).error_code(), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_THAT(calls_, IsEmpty());
}

TEST_F(DirectoryTest, ResolvesToAllDevices) {
  const NodeId phone = test::node_id(0x21), tablet = test::node_id(0x22);
  registered_["bob@overlay.example.org"] = {
      entry_of(phone, sip::registration_of_node(phone, "(sip.schemes=SIPS);q=0.5")),
      entry_of(tablet, sip::UriRegistration{"sam@overlay.example.org"}),
      entry_of(test::node_id(0x23), sip::UnknownRegistration{9, {}})};
  registered_["sam@overlay.example.org"] = {entry_of(tablet, sip::registration_of_node(tablet, ""))};
  const auto status = resolve("sip:bob@overlay.example.org");
  ASSERT_TRUE(status.ok()) << status.error_message();
  ASSERT_THAT(resolved_.devices(), SizeIs(2));
  const auto& first = resolved_.devices(0);
  EXPECT_EQ(first.address(), "bob@overlay.example.org");
  EXPECT_EQ(first.registered_by(), phone.hex());
  EXPECT_EQ(first.node(), phone.hex());
  EXPECT_EQ(first.scheme(), v1::SIP_SCHEME_SIPS);
  EXPECT_EQ(first.q_thousandths(), 500U);
  EXPECT_EQ(first.expires_s(), 60U);
  EXPECT_EQ(first.forwarded(), 0U);
  EXPECT_THAT(first.gruu(), HasSubstr("sip:bob@overlay.example.org;gr="));
  EXPECT_EQ(resolved_.devices(1).address(), "sam@overlay.example.org");
  EXPECT_EQ(resolved_.devices(1).forwarded(), 1U);
  EXPECT_EQ(resolved_.unreadable(), 1U);
}

TEST_F(DirectoryTest, FailuresAreStatuses) {
  EXPECT_EQ(resolve("nonsense").error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(resolve("nobody@overlay.example.org").error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(resolve("bob@elsewhere.example").error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(calls_, SizeIs(1)) << "an excluded domain is not asked for";
  registered_["a@overlay.example.org"] = {
      entry_of(k_own_node, sip::UriRegistration{"a@overlay.example.org"})};
  EXPECT_EQ(resolve("a@overlay.example.org").error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  failure_ = data::CallFailure{data::CallError::data_loss, "all signatures are wrong", 0};
  const auto status = resolve("bob@overlay.example.org");
  EXPECT_EQ(status.error_code(), grpc::StatusCode::DATA_LOSS);
  EXPECT_EQ(status.error_message(), "all signatures are wrong");
}

TEST_F(DirectoryTest, ACallerWhoGoesIsNotWaitedFor) {
  peer_->answer = nullptr;
  grpc::ClientContext context;
  v1::ResolveRequest request;
  request.set_address("bob@overlay.example.org");
  grpc::Status status;
  std::thread caller([&] { status = stub_->Resolve(&context, request, &resolved_); });
  auto submission = peer_->take_submission();
  ASSERT_TRUE(submission.has_value());
  context.TryCancel();
  caller.join();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::CANCELLED);
  submission->done({data::GetResult{}});  // late
}

TEST_F(DirectoryTest, PresenceIsStreamedUntilTheFailure) {
  grpc::ClientContext context;
  v1::WatchPresenceRequest request;
  request.set_address("sip:bob@" + k_overlay);
  const auto reader = stub_->WatchPresence(&context, request);
  sip::presence::Sight sight{*sip::Aor::of_user_name("bob@" + k_overlay),
                             std::make_shared<const std::string>("<presence/>"), true, false};
  ASSERT_TRUE(peer_->give_sight(sight));
  v1::PresenceEvent event;
  ASSERT_TRUE(reader->Read(&event));
  EXPECT_THAT(peer_->watched_users, testing::ElementsAre(testing::Pair("sip:bob@" + k_overlay, "")));
  EXPECT_EQ(event.address(), "bob@" + k_overlay);
  EXPECT_TRUE(event.visible());
  EXPECT_TRUE(event.reachable());
  EXPECT_EQ(event.document(), "<presence/>");
  EXPECT_FALSE(event.compacted());
  ASSERT_TRUE(peer_->give_sight(sip::presence::Sight{sight.aor, nullptr, false, true}));
  ASSERT_TRUE(reader->Read(&event));
  EXPECT_FALSE(event.visible());
  EXPECT_TRUE(event.document().empty());
  EXPECT_TRUE(event.compacted());
  ASSERT_TRUE(peer_->give_sight(
      data::CallFailure{data::CallError::failed_precondition, "this peer serves no phones", 0}));
  EXPECT_FALSE(reader->Read(&event));
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::FAILED_PRECONDITION);
}

TEST_F(DirectoryTest, NobodyWatchesAsAnotherWithoutAPolicy) {
  grpc::ClientContext context;
  v1::WatchPresenceRequest request;
  request.set_address("sip:bob@" + k_overlay);
  request.set_as_user("alice@" + k_overlay);
  const auto reader = stub_->WatchPresence(&context, request);
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_THAT(peer_->watched_users, IsEmpty());
}

}  // namespace
}  // namespace ringway::services
