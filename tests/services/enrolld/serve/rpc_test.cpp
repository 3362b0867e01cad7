// ringway.v1.Enrollment at the operators' socket, by a real client: what comes of each call, and its status.
#include <grpcpp/create_channel.h>
#include <sys/stat.h>

#include <algorithm>

#include "ringway/v1/enrollment.grpc.pb.h"
#include "services/enrolld/serve/rpc_conversion.hpp"
#include "services/enrolld/serve/rpc_server.hpp"
#include "tests/services/enrolld/serve/desk_fixture.hpp"

namespace ringway::enrolld {
namespace {

using grpc::StatusCode;

constexpr const char* k_alice = "alice@example.org";

class RpcTest : public DeskTest {
 protected:
  v1::Enrollment::Stub& stub() {
    if (stub_) return *stub_;
    server_ = RpcServer::at_socket(desk(), k_overlay, socket_).value();
    stub_ =
        v1::Enrollment::NewStub(grpc::CreateChannel("unix:" + socket_, grpc::InsecureChannelCredentials()));
    return *stub_;
  }
  ~RpcTest() override {
    stub_.reset();
    if (server_) server_->stop(std::chrono::seconds{5});
  }

  template <typename Request, typename Response>
  using Method = grpc::Status (v1::Enrollment::Stub::*)(grpc::ClientContext*, const Request&, Response*);
  template <typename Request, typename Response>
  grpc::Status call(Method<Request, Response> method, const Request& request, Response& response) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds{30});
    const auto status = (stub().*method)(&context, request, &response);
    retry_after_s_.clear();
    for (const auto& [name, value] : context.GetServerTrailingMetadata())
      if (name == k_retry_metadata) retry_after_s_.assign(value.data(), value.size());
    return status;
  }

  v1::BeginRequest by_mail_message(const services::Key& key) const {
    v1::BeginRequest request;
    request.set_user(k_alice);
    request.set_proof(v1::PROOF_MAIL);
    request.set_csr(std::string(text_of(signing_request(key))));
    request.set_label("a boat");
    return request;
  }
  StatusCode begin(const v1::BeginRequest& request) {
    v1::BeginResponse response;
    return call(&v1::Enrollment::Stub::Begin, request, response).error_code();
  }
  // The whole way; answers the Node-ID.
  std::string enrol_by_code(const services::Key& key) {
    v1::BeginResponse begun;
    EXPECT_TRUE(call(&v1::Enrollment::Stub::Begin, by_mail_message(key), begun).ok());
    v1::ConfirmRequest confirm;
    confirm.set_enrolment(begun.pending().enrolment());
    confirm.set_code(mail_.of(begun.pending().enrolment()).code);
    v1::ConfirmResponse response;
    const auto status = call(&v1::Enrollment::Stub::Confirm, confirm, response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    certificate_ = response.certificate();
    return certificate_.nodes_size() == 1 ? certificate_.nodes(0) : "";
  }

  const std::string socket_ = folder_.file("operator.sock");
  std::string retry_after_s_;
  v1::Certificate certificate_;
  const services::Key key_ = test::new_key();

 private:
  std::unique_ptr<RpcServer> server_;
  std::unique_ptr<v1::Enrollment::Stub> stub_;
};

TEST_F(RpcTest, DescribeSaysWhatTheOverlayOffers) {
  v1::DescribeResponse response;
  ASSERT_TRUE(call(&v1::Enrollment::Stub::Describe, v1::DescribeRequest(), response).ok());
  EXPECT_EQ(response.overlay(), k_overlay);
  EXPECT_EQ(response.configuration_sequence(), 7U);
  EXPECT_THAT(response.proofs(), testing::UnorderedElementsAre(v1::PROOF_MAIL, v1::PROOF_INVITATION,
                                                               v1::PROOF_PASSWORD, v1::PROOF_TELEPHONE));
}

TEST_F(RpcTest, AMailsCodeBringsTheCertificateAndTheDocument) {
  const std::string node = enrol_by_code(key_);
  EXPECT_EQ(node.size(), 32U);
  ASSERT_EQ(certificate_.chain_size(), 2);
  const auto held =
      security::Certificate::parse(SharedBytes(copy_of(view_of(certificate_.chain(0))))).value();
  EXPECT_EQ(held->node_ids().front().hex(), node);
  EXPECT_EQ(certificate_.not_after_ms(), held->not_after_ms());
  EXPECT_EQ(certificate_.configuration(), text_of(records().newest_document().value()->bytes));
}

TEST_F(RpcTest, EachRefusalHasItsStatus) {
  auto request = by_mail_message(key_);
  request.set_user("nobody");
  EXPECT_EQ(begin(request), StatusCode::INVALID_ARGUMENT);
  request = by_mail_message(key_);
  request.set_csr("x");
  EXPECT_EQ(begin(request), StatusCode::INVALID_ARGUMENT);
  request = by_mail_message(key_);
  request.clear_proof();
  EXPECT_EQ(begin(request), StatusCode::INVALID_ARGUMENT);
  request.set_proof(v1::PROOF_CERTIFICATE);
  EXPECT_EQ(begin(request), StatusCode::FAILED_PRECONDITION);
  request.set_proof(v1::PROOF_INVITATION);
  request.set_secret("rwi_" + std::string(43, 'A'));
  EXPECT_EQ(begin(request), StatusCode::UNAUTHENTICATED);
  request = by_mail_message(key_);
  request.set_user("configuration@overlay.example.org");
  EXPECT_EQ(begin(request), StatusCode::PERMISSION_DENIED);
  request = by_mail_message(key_);
  request.set_nodes(99);
  EXPECT_EQ(begin(request), StatusCode::RESOURCE_EXHAUSTED);
  request = by_mail_message(key_);
  request.set_replace_node("xyz");
  EXPECT_EQ(begin(request), StatusCode::INVALID_ARGUMENT);

  v1::ConfirmRequest confirm;
  v1::ConfirmResponse confirmed;
  confirm.set_enrolment(std::string(32, '0'));
  EXPECT_EQ(call(&v1::Enrollment::Stub::Confirm, confirm, confirmed).error_code(), StatusCode::NOT_FOUND);
  v1::BeginResponse begun;
  ASSERT_TRUE(call(&v1::Enrollment::Stub::Begin, by_mail_message(key_), begun).ok());
  confirm.set_enrolment(begun.pending().enrolment());
  EXPECT_EQ(call(&v1::Enrollment::Stub::Confirm, confirm, confirmed).error_code(),
            StatusCode::FAILED_PRECONDITION);
  v1::RenewResponse renewed;
  v1::RenewRequest renew;
  renew.set_csr(std::string(text_of(signing_request(key_))));
  EXPECT_EQ(call(&v1::Enrollment::Stub::Renew, renew, renewed).error_code(), StatusCode::UNAUTHENTICATED);
}

TEST_F(RpcTest, WhoComesTooOftenIsToldWhenToComeAgain) {
  limits_.mails_to_name.most = 1;
  EXPECT_EQ(begin(by_mail_message(key_)), StatusCode::OK);
  EXPECT_EQ(begin(by_mail_message(key_)), StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_GT(std::stol(retry_after_s_), 0);
}

TEST_F(RpcTest, WithoutRoomTheAnswerIsToComeAgain) {
  room_ = 0;
  EXPECT_EQ(begin(by_mail_message(key_)), StatusCode::UNAVAILABLE);
  EXPECT_EQ(retry_after_s_, "2");
}

TEST_F(RpcTest, OperatorsListAndRevoke) {
  const std::string node = enrol_by_code(key_);
  v1::ListResponse listed;
  ASSERT_TRUE(call(&v1::Enrollment::Stub::List, v1::ListRequest(), listed).ok());
  ASSERT_EQ(listed.accounts_size(), 1);
  EXPECT_EQ(listed.accounts(0).user(), k_alice);
  EXPECT_EQ(listed.accounts(0).devices(0).node(), node);
  EXPECT_EQ(listed.accounts(0).devices(0).label(), "a boat");
  EXPECT_EQ(listed.accounts(0).devices(0).revoked_ms(), 0U);

  const int looks = looks_;
  v1::RevokeRequest revoke;
  v1::RevokeResponse revoked;
  EXPECT_EQ(call(&v1::Enrollment::Stub::Revoke, revoke, revoked).error_code(), StatusCode::INVALID_ARGUMENT);
  revoke.set_node(node);
  ASSERT_TRUE(call(&v1::Enrollment::Stub::Revoke, revoke, revoked).ok());
  EXPECT_THAT(revoked.nodes(), testing::ElementsAre(node));
  EXPECT_EQ(revoked.configuration_sequence(), 8U);
  EXPECT_GT(looks_, looks);
  EXPECT_EQ(call(&v1::Enrollment::Stub::Revoke, revoke, revoked).error_code(), StatusCode::NOT_FOUND);
}

TEST_F(RpcTest, AListComesInPages) {
  limits_.nodes_of_name = 3;
  for (int i = 0; i < 3; ++i) enrol_by_code(test::new_key());
  v1::ListRequest request;
  request.set_page_size(2);
  v1::ListResponse first, second;
  ASSERT_TRUE(call(&v1::Enrollment::Stub::List, request, first).ok());
  EXPECT_EQ(first.accounts(0).devices_size(), 2);
  request.set_page_token(first.next_page_token());
  ASSERT_TRUE(call(&v1::Enrollment::Stub::List, request, second).ok());
  EXPECT_EQ(second.accounts(0).devices_size(), 1);
  EXPECT_EQ(second.next_page_token(), "");
  request.set_page_token("x");
  EXPECT_EQ(call(&v1::Enrollment::Stub::List, request, second).error_code(), StatusCode::INVALID_ARGUMENT);
}

TEST_F(RpcTest, InvitationsAreListedAndWithdrawn) {
  std::vector<std::string> ids;
  for (int i = 0; i < 3; ++i) {
    v1::InviteRequest invite;
    invite.set_user(k_alice);
    v1::InviteResponse invited;
    ASSERT_TRUE(call(&v1::Enrollment::Stub::Invite, invite, invited).ok());
    EXPECT_EQ(invited.id().size(), 16U);
    EXPECT_THAT(invited.token(), testing::Not(testing::HasSubstr(invited.id())));
    ids.push_back(invited.id());
  }
  v1::ListInvitationsRequest request;
  request.set_page_size(2);
  v1::ListInvitationsResponse first, second;
  ASSERT_TRUE(call(&v1::Enrollment::Stub::ListInvitations, request, first).ok());
  ASSERT_EQ(first.invitations_size(), 2);
  EXPECT_EQ(first.invitations(0).user(), k_alice);
  EXPECT_EQ(first.invitations(0).uses_left(), 1U);
  EXPECT_EQ(first.invitations(0).made_ms(), k_now_ms);
  EXPECT_EQ(first.invitations(0).expires_ms(), k_now_ms + 7 * k_day_ms);
  request.set_page_token(first.next_page_token());
  ASSERT_TRUE(call(&v1::Enrollment::Stub::ListInvitations, request, second).ok());
  ASSERT_EQ(second.invitations_size(), 1);
  EXPECT_EQ(second.next_page_token(), "");
  EXPECT_THAT(ids, testing::UnorderedElementsAre(first.invitations(0).id(), first.invitations(1).id(),
                                                 second.invitations(0).id()));
  for (const char* wrong : {"x", "1", "1.", "-1.0123456789abcdef", "18446744073709551615.0123456789abcdef"}) {
    request.set_page_token(wrong);
    EXPECT_EQ(call(&v1::Enrollment::Stub::ListInvitations, request, second).error_code(),
              StatusCode::INVALID_ARGUMENT)
        << wrong;
  }

  v1::WithdrawInvitationRequest withdraw;
  v1::WithdrawInvitationResponse withdrawn;
  withdraw.set_id(ids[0]);
  EXPECT_TRUE(call(&v1::Enrollment::Stub::WithdrawInvitation, withdraw, withdrawn).ok());
  EXPECT_EQ(call(&v1::Enrollment::Stub::WithdrawInvitation, withdraw, withdrawn).error_code(),
            StatusCode::NOT_FOUND);
  withdraw.set_id("rwi_");
  EXPECT_EQ(call(&v1::Enrollment::Stub::WithdrawInvitation, withdraw, withdrawn).error_code(),
            StatusCode::INVALID_ARGUMENT);
  request.clear_page_token();
  v1::ListInvitationsResponse left;
  ASSERT_TRUE(call(&v1::Enrollment::Stub::ListInvitations, request, left).ok());
  EXPECT_EQ(left.invitations_size(), 2);
}

TEST_F(RpcTest, StatisticsHaveANameForEachRefusal) {
  v1::StatisticsResponse response;
  ASSERT_TRUE(call(&v1::Enrollment::Stub::Statistics, v1::StatisticsRequest(), response).ok());
  for (int i = 0; i <= static_cast<int>(Event::trouble); ++i) {
    const auto is_it = [&](const v1::Measure& one) { return one.name() == name_of(static_cast<Event>(i)); };
    EXPECT_TRUE(std::any_of(response.counters().begin(), response.counters().end(), is_it)) << i;
  }
  ASSERT_EQ(response.gauges_size(), 1);
  EXPECT_EQ(response.gauges(0).name(), "calls_under_way");
  EXPECT_EQ(response.gauges(0).value(), 1U);
}

TEST_F(RpcTest, TheSocketIsItsOwnersAndOneServers) {
  stub();
  struct stat found {};
  ASSERT_EQ(::stat(socket_.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777U, 0600U);
  EXPECT_FALSE(RpcServer::at_socket(desk(), k_overlay, socket_));
  EXPECT_FALSE(RpcServer::at_socket(desk(), k_overlay, "/" + std::string(200, 'x')));
}

TEST(SourceOfPeerTest, IsTheAddressOrItsSite) {
  EXPECT_EQ(source_of_peer("ipv4:192.0.2.1:4711"), "192.0.2.1");
  EXPECT_EQ(source_of_peer("ipv6:[2001:db8:1:2:3::4]:4711"), "2001:db8:1:2::/64");
  EXPECT_EQ(source_of_peer("ipv6:%5B2001:db8:1:2:3::4%5D:4712"), "2001:db8:1:2::/64");
  EXPECT_EQ(source_of_peer("ipv6:%5Bfe80::1%25eth0%5D:1"), source_of_peer("ipv6:%5Bfe80::1%25eth0%5D:2"));
}

}  // namespace
}  // namespace ringway::enrolld
