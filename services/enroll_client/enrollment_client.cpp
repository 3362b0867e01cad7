#include "services/enroll_client/enrollment_client.hpp"

#include <array>
#include <utility>

#include "ringway/v1/enrollment.grpc.pb.h"

namespace ringway::services {

namespace {

using Kind = CallFailure::Kind;

constexpr std::array<std::pair<Proof, v1::Proof>, 5> k_proofs{{{Proof::mail, v1::PROOF_MAIL},
                                                               {Proof::invitation, v1::PROOF_INVITATION},
                                                               {Proof::password, v1::PROOF_PASSWORD},
                                                               {Proof::certificate, v1::PROOF_CERTIFICATE},
                                                               {Proof::telephone, v1::PROOF_TELEPHONE}}};

v1::Proof to_message(Proof proof) {
  for (const auto& [ours, theirs] : k_proofs) {
    if (ours == proof) return theirs;
  }
  return v1::PROOF_UNSPECIFIED;
}

HandedOut handed_out(const v1::Certificate& message) {
  HandedOut out;
  for (const std::string& der : message.chain()) out.chain_der.emplace_back(copy_of(view_of(der)));
  out.configuration = SharedBytes(copy_of(view_of(message.configuration())));
  return out;
}

Kind kind_of(grpc::StatusCode code) {
  switch (code) {
    case grpc::StatusCode::INVALID_ARGUMENT:
      return Kind::wrong_request;
    case grpc::StatusCode::UNAUTHENTICATED:
      return Kind::wrong_proof;
    case grpc::StatusCode::NOT_FOUND:
      return Kind::gone;
    case grpc::StatusCode::RESOURCE_EXHAUSTED:
      return Kind::busy;
    case grpc::StatusCode::UNAVAILABLE:
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      return Kind::unreachable;
    default:
      return Kind::refused;
  }
}

// Others may come from what is between, or from after the deed.
bool is_decision(grpc::StatusCode code) {
  return code == grpc::StatusCode::INVALID_ARGUMENT || code == grpc::StatusCode::UNAUTHENTICATED ||
         code == grpc::StatusCode::PERMISSION_DENIED || code == grpc::StatusCode::ALREADY_EXISTS ||
         code == grpc::StatusCode::FAILED_PRECONDITION;
}

}  // namespace

Result<EnrollmentClient> EnrollmentClient::open(const EnrollmentEndpoint& endpoint,
                                                std::chrono::milliseconds timeout) {
  auto channel = open_enrollment_channel(endpoint);
  if (!channel) return channel.error();
  return EnrollmentClient(endpoint.address, std::move(*channel), timeout);
}

void EnrollmentClient::prepare(grpc::ClientContext& context) const {
  context.set_deadline(std::chrono::system_clock::now() + timeout_);
}

CallFailure EnrollmentClient::failure_of(const grpc::Status& status,
                                         const grpc::ClientContext& context) const {
  return {kind_of(status.error_code()), reason_of(status, address_), services::retry_after(context),
          is_decision(status.error_code())};
}

Called<EnrollmentOffer> EnrollmentClient::describe() const {
  grpc::ClientContext context;
  prepare(context);
  v1::DescribeResponse response;
  const auto status = v1::Enrollment::NewStub(channel_)->Describe(&context, {}, &response);
  if (!status.ok()) return failure_of(status, context);
  EnrollmentOffer offer;
  offer.overlay_name = response.overlay();
  offer.grpc = address_;
  for (const auto& [ours, theirs] : k_proofs) {
    for (const int offered : response.proofs()) {
      if (offered == theirs) offer.proofs.push_back(ours);
    }
  }
  return offer;
}

Called<BeginAnswer> EnrollmentClient::begin(const BeginAsked& asked) const {
  grpc::ClientContext context;
  prepare(context);
  v1::BeginRequest request;
  request.set_user(asked.user);
  request.set_proof(to_message(asked.proof));
  request.set_csr(std::string(text_of(asked.csr_der)));
  request.set_secret(std::string(asked.secret.reveal()));
  request.set_label(asked.label);
  request.set_replace_node(asked.replace_node);
  v1::BeginResponse response;
  const auto status = v1::Enrollment::NewStub(channel_)->Begin(&context, request, &response);
  enrolld::wipe(*request.mutable_secret());
  if (!status.ok()) return failure_of(status, context);
  BeginAnswer answer;
  if (response.has_certificate()) {
    answer.handed_out = handed_out(response.certificate());
  } else {
    const auto& pending = response.pending();
    answer.waits = WaitsForProof{pending.enrolment(), pending.instruction(), pending.expires_ms()};
  }
  return answer;
}

Called<HandedOut> EnrollmentClient::confirm(const std::string& enrolment, const enrolld::Secret& code) const {
  grpc::ClientContext context;
  prepare(context);
  v1::ConfirmRequest request;
  request.set_enrolment(enrolment);
  request.set_code(std::string(code.reveal()));
  v1::ConfirmResponse response;
  const auto status = v1::Enrollment::NewStub(channel_)->Confirm(&context, request, &response);
  enrolld::wipe(*request.mutable_code());
  if (status.ok()) return handed_out(response.certificate());
  auto failure = failure_of(status, context);
  if (code.empty() && status.error_code() == grpc::StatusCode::FAILED_PRECONDITION)
    failure.kind = Kind::not_proved_yet;
  return failure;
}

}  // namespace ringway::services
