// ringway.v1.Enrollment at one of the server's doors: each call runs on a worker of the desk; no thread of
// gRPC waits.
#pragma once

#include <functional>
#include <string>

#include "ringway/v1/enrollment.grpc.pb.h"
#include "services/enrolld/serve/desk.hpp"

namespace ringway::enrolld {

class EnrollmentService final : public v1::Enrollment::CallbackService {
 public:
  // The desk outlives the service.
  EnrollmentService(Desk& desk, Door door, std::string overlay_name);

  grpc::ServerUnaryReactor* Describe(grpc::CallbackServerContext* context, const v1::DescribeRequest* request,
                                     v1::DescribeResponse* response) override;
  grpc::ServerUnaryReactor* Begin(grpc::CallbackServerContext* context, const v1::BeginRequest* request,
                                  v1::BeginResponse* response) override;
  grpc::ServerUnaryReactor* Confirm(grpc::CallbackServerContext* context, const v1::ConfirmRequest* request,
                                    v1::ConfirmResponse* response) override;
  grpc::ServerUnaryReactor* Renew(grpc::CallbackServerContext* context, const v1::RenewRequest* request,
                                  v1::RenewResponse* response) override;
  grpc::ServerUnaryReactor* Revoke(grpc::CallbackServerContext* context, const v1::RevokeRequest* request,
                                   v1::RevokeResponse* response) override;
  grpc::ServerUnaryReactor* List(grpc::CallbackServerContext* context, const v1::ListRequest* request,
                                 v1::ListResponse* response) override;
  grpc::ServerUnaryReactor* Invite(grpc::CallbackServerContext* context, const v1::InviteRequest* request,
                                   v1::InviteResponse* response) override;
  grpc::ServerUnaryReactor* ListInvitations(grpc::CallbackServerContext* context,
                                            const v1::ListInvitationsRequest* request,
                                            v1::ListInvitationsResponse* response) override;
  grpc::ServerUnaryReactor* WithdrawInvitation(grpc::CallbackServerContext* context,
                                               const v1::WithdrawInvitationRequest* request,
                                               v1::WithdrawInvitationResponse* response) override;
  grpc::ServerUnaryReactor* SetPassword(grpc::CallbackServerContext* context,
                                        const v1::SetPasswordRequest* request,
                                        v1::SetPasswordResponse* response) override;
  grpc::ServerUnaryReactor* Statistics(grpc::CallbackServerContext* context,
                                       const v1::StatisticsRequest* request,
                                       v1::StatisticsResponse* response) override;

 private:
  using Work = std::function<grpc::Status(const Caller& caller)>;
  grpc::ServerUnaryReactor* on_worker(grpc::CallbackServerContext* context, Work work);

  Desk& desk_;
  const Door door_;
  const std::string overlay_name_;
};

}  // namespace ringway::enrolld
