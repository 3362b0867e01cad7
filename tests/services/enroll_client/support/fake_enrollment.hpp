// An enrollment server as its clients see it, without what makes one: HTTPS with the document and the offer,
// gRPC over TLS and on a unix socket, and answers that a test may choose. It certifies any key, the same one
// with the same Node-ID.
#pragma once

#include <grpcpp/server.h>

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "ringway/v1/enrollment.grpc.pb.h"
#include "services/enrolld/http/router.hpp"
#include "services/enrolld/http/server.hpp"
#include "tests/services/enrolld/http/support/server_under_test.hpp"
#include "tests/support/test_authority.hpp"

namespace ringway::services {

inline constexpr const char* k_good_secret = "rwi_good";
inline constexpr const char* k_good_code = "12345678";

class FakeEnrollment final : public v1::Enrollment::Service {
 public:
  // With a `socket_path` it serves gRPC there too.
  explicit FakeEnrollment(const test::TestAuthority& authority, const std::string& socket_path = "");
  ~FakeEnrollment() override;

  std::string url() const;   // without a path
  std::string grpc() const;  // localhost:port
  const std::string& ca_pem() const { return own_.certificate_pem; }
  std::string document(std::uint16_t sequence, const test::TestAuthority& signed_by) const;

  // What it says. To be set before a call.
  std::string overlay_name;
  std::uint16_t bootstrap_port = 6084;      // in documents made from then on, at 127.0.0.1
  std::string body;                         // of the document
  std::string offer;                        // JSON; empty: 404
  std::string certified_name;               // in certificates; empty: the one asked for
  const test::TestAuthority* certified_by;  // whose certificates they are
  bool certify_another_key = false;
  WallMs certified_until_ms = test::k_not_after_ms;
  std::string handed_out_document;
  bool proved = false;     // the link has been followed
  bool forgotten = false;  // enrolments
  std::function<grpc::Status(const std::string& method)> trouble = [](const std::string&) {
    return grpc::Status::OK;
  };

  // What it was asked.
  std::vector<v1::BeginRequest> begun;
  std::vector<v1::ConfirmRequest> confirmed;
  std::vector<v1::RevokeRequest> revoked;
  std::vector<v1::ListRequest> listed;
  std::vector<v1::InviteRequest> invited;
  std::vector<v1::ListInvitationsRequest> invitations_listed;
  std::vector<v1::WithdrawInvitationRequest> withdrawn;
  std::vector<v1::SetPasswordRequest> passwords;
  std::string posted_name, posted_password;  // RFC 6940 §11.3

  grpc::Status Describe(grpc::ServerContext*, const v1::DescribeRequest*, v1::DescribeResponse*) override;
  grpc::Status Begin(grpc::ServerContext*, const v1::BeginRequest*, v1::BeginResponse*) override;
  grpc::Status Confirm(grpc::ServerContext*, const v1::ConfirmRequest*, v1::ConfirmResponse*) override;
  grpc::Status Revoke(grpc::ServerContext*, const v1::RevokeRequest*, v1::RevokeResponse*) override;
  grpc::Status List(grpc::ServerContext*, const v1::ListRequest*, v1::ListResponse*) override;
  grpc::Status Invite(grpc::ServerContext*, const v1::InviteRequest*, v1::InviteResponse*) override;
  grpc::Status ListInvitations(grpc::ServerContext*, const v1::ListInvitationsRequest*,
                               v1::ListInvitationsResponse*) override;
  grpc::Status WithdrawInvitation(grpc::ServerContext*, const v1::WithdrawInvitationRequest*,
                                  v1::WithdrawInvitationResponse*) override;
  grpc::Status SetPassword(grpc::ServerContext*, const v1::SetPasswordRequest*,
                           v1::SetPasswordResponse*) override;
  grpc::Status Statistics(grpc::ServerContext*, const v1::StatisticsRequest*,
                          v1::StatisticsResponse*) override;

 private:
  void serve_https();
  void serve_grpc(const std::string& socket_path);
  SharedBytes certificate_for(const std::string& user, const Bytes& csr_der);
  void hand_out(v1::Certificate& message, const v1::BeginRequest& asked);

  const test::TestAuthority& authority_;
  enrolld_http::Credentials own_;
  std::mutex mutex_;               // around what calls read and write
  std::map<Bytes, NodeId> nodes_;  // by key
  std::unique_ptr<enrolld_http::Server> https_;
  int grpc_port_ = 0;
  std::unique_ptr<grpc::Server> grpc_;
};

}  // namespace ringway::services
