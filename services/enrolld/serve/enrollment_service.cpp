#include "services/enrolld/serve/enrollment_service.hpp"

#include <charconv>
#include <utility>

#include "services/enrolld/serve/rpc_conversion.hpp"

namespace ringway::enrolld {
namespace {

constexpr Duration k_when_busy{2'000};
constexpr std::uint32_t k_usual_page = 100;
constexpr std::uint32_t k_usual_validity_s = 7 * 86'400;

grpc::Status wrong(const std::string& why) { return {grpc::StatusCode::INVALID_ARGUMENT, why}; }

// The number of a device, as the answer before has said.
bool read_page_token(const std::string& token, std::int64_t& after) {
  if (token.empty()) return true;
  const char* const end = token.data() + token.size();
  const auto [stopped, error] = std::from_chars(token.data(), end, after);
  return error == std::errc() && stopped == end && after > 0;
}

}  // namespace

EnrollmentService::EnrollmentService(Desk& desk, Door door, std::string overlay_name)
    : desk_(desk), door_(door), overlay_name_(std::move(overlay_name)) {}

// Request, response and context live until the call is finished.
grpc::ServerUnaryReactor* EnrollmentService::on_worker(grpc::CallbackServerContext* context, Work work) {
  auto* const reactor = context->DefaultReactor();
  const bool taken = desk_.run([this, reactor, context, work = std::move(work)] {
    // Nobody waits for the answer any more: a proof that comes again is not used up.
    if (context->IsCancelled()) return reactor->Finish(grpc::Status::CANCELLED);
    reactor->Finish(work(caller_of(*context, door_)));
  });
  if (!taken)
    reactor->Finish(
        status_of({Refusal::unavailable, "the server is busy; come again later", k_when_busy, {}}, *context));
  return reactor;
}

grpc::ServerUnaryReactor* EnrollmentService::Describe(grpc::CallbackServerContext* context,
                                                      const v1::DescribeRequest*,
                                                      v1::DescribeResponse* response) {
  return on_worker(context, [this, context, response](const Caller&) {
    const auto document = desk_.document();
    if (!document) return status_of(document.error(), *context);
    response->set_overlay(overlay_name_);
    for (const Method method : desk_.settings().methods) response->add_proofs(to_proof(method));
    response->set_configuration_sequence((*document)->sequence);
    return grpc::Status::OK;
  });
}

grpc::ServerUnaryReactor* EnrollmentService::Begin(grpc::CallbackServerContext* context,
                                                   const v1::BeginRequest* request,
                                                   v1::BeginResponse* response) {
  return on_worker(context, [this, context, request, response](const Caller& caller) {
    const auto asked = to_request(*request);
    if (!asked) return wrong(asked.error().reason);
    auto begun = desk_.begin(*asked, caller);
    if (!begun) return status_of(begun.error(), *context);
    fill(*response, std::move(*begun));
    return grpc::Status::OK;
  });
}

grpc::ServerUnaryReactor* EnrollmentService::Confirm(grpc::CallbackServerContext* context,
                                                     const v1::ConfirmRequest* request,
                                                     v1::ConfirmResponse* response) {
  return on_worker(context, [this, context, request, response](const Caller& caller) {
    auto delivered = desk_.confirm(request->enrolment(), request->code(), caller);
    if (!delivered) return status_of(delivered.error(), *context);
    fill(*response->mutable_certificate(), std::move(*delivered));
    return grpc::Status::OK;
  });
}

grpc::ServerUnaryReactor* EnrollmentService::Renew(grpc::CallbackServerContext* context,
                                                   const v1::RenewRequest* request,
                                                   v1::RenewResponse* response) {
  return on_worker(context, [this, context, request, response](const Caller& caller) {
    auto delivered = desk_.renew(view_of(request->csr()), caller);
    if (!delivered) return status_of(delivered.error(), *context);
    fill(*response->mutable_certificate(), std::move(*delivered));
    return grpc::Status::OK;
  });
}

grpc::ServerUnaryReactor* EnrollmentService::Revoke(grpc::CallbackServerContext* context,
                                                    const v1::RevokeRequest* request,
                                                    v1::RevokeResponse* response) {
  return on_worker(context, [this, context, request, response](const Caller& caller) {
    const Desk::Operator who{door_, caller};
    if (request->who_case() == v1::RevokeRequest::WHO_NOT_SET) return wrong("say whom: node or user");
    if (request->has_user()) {
      const auto revoked = desk_.revoke_user(who, request->user(), request->reason());
      if (!revoked) return status_of(revoked.error(), *context);
      fill(*response, *revoked);
      return grpc::Status::OK;
    }
    const auto node = to_node(request->node());
    if (!node) return wrong(node.error().reason);
    const auto revoked = desk_.revoke_node(who, *node, request->reason());
    if (!revoked) return status_of(revoked.error(), *context);
    fill(*response, *revoked);
    return grpc::Status::OK;
  });
}

grpc::ServerUnaryReactor* EnrollmentService::List(grpc::CallbackServerContext* context,
                                                  const v1::ListRequest* request,
                                                  v1::ListResponse* response) {
  return on_worker(context, [this, context, request, response](const Caller& caller) {
    std::int64_t after = 0;
    if (!read_page_token(request->page_token(), after)) return wrong("that is no page token");
    const std::uint32_t size = request->page_size() == 0 ? k_usual_page : request->page_size();
    const auto page = desk_.list({door_, caller}, request->user(), after, size);
    if (!page) return status_of(page.error(), *context);
    fill(*response, *page);
    return grpc::Status::OK;
  });
}

grpc::ServerUnaryReactor* EnrollmentService::Invite(grpc::CallbackServerContext* context,
                                                    const v1::InviteRequest* request,
                                                    v1::InviteResponse* response) {
  return on_worker(context, [this, context, request, response](const Caller& caller) {
    const std::uint32_t uses = request->uses() == 0 ? 1 : request->uses();
    const std::uint32_t valid_s = request->valid_s() == 0 ? k_usual_validity_s : request->valid_s();
    const auto invited = desk_.invite({door_, caller}, request->user(), uses, std::chrono::seconds{valid_s});
    if (!invited) return status_of(invited.error(), *context);
    fill(*response, *invited);
    return grpc::Status::OK;
  });
}

grpc::ServerUnaryReactor* EnrollmentService::ListInvitations(grpc::CallbackServerContext* context,
                                                             const v1::ListInvitationsRequest* request,
                                                             v1::ListInvitationsResponse* response) {
  return on_worker(context, [this, context, request, response](const Caller& caller) {
    const auto after = to_invitation_mark(request->page_token());
    if (!after) return wrong(after.error().reason);
    const std::uint32_t size = request->page_size() == 0 ? k_usual_page : request->page_size();
    const auto page = desk_.list_invitations({door_, caller}, request->user(), *after, size);
    if (!page) return status_of(page.error(), *context);
    fill(*response, *page);
    return grpc::Status::OK;
  });
}

grpc::ServerUnaryReactor* EnrollmentService::WithdrawInvitation(grpc::CallbackServerContext* context,
                                                                const v1::WithdrawInvitationRequest* request,
                                                                v1::WithdrawInvitationResponse*) {
  return on_worker(context, [this, context, request](const Caller& caller) {
    const auto id = to_invitation_id(request->id());
    if (!id) return wrong(id.error().reason);
    const auto done = desk_.withdraw_invitation({door_, caller}, *id);
    return done ? grpc::Status::OK : status_of(done.error(), *context);
  });
}

grpc::ServerUnaryReactor* EnrollmentService::SetPassword(grpc::CallbackServerContext* context,
                                                         const v1::SetPasswordRequest* request,
                                                         v1::SetPasswordResponse*) {
  return on_worker(context, [this, context, request](const Caller& caller) {
    const auto done = desk_.set_password({door_, caller}, request->user(), Secret(request->password()));
    return done ? grpc::Status::OK : status_of(done.error(), *context);
  });
}

grpc::ServerUnaryReactor* EnrollmentService::Statistics(grpc::CallbackServerContext* context,
                                                        const v1::StatisticsRequest*,
                                                        v1::StatisticsResponse* response) {
  return on_worker(context, [this, context, response](const Caller& caller) {
    const auto measures = desk_.statistics({door_, caller});
    if (!measures) return status_of(measures.error(), *context);
    fill(*response, *measures);
    return grpc::Status::OK;
  });
}

}  // namespace ringway::enrolld
