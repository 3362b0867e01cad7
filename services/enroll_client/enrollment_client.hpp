// A claimant's calls to ringway.v1.Enrollment: Describe, Begin, Confirm. Each waits for its answer, and what
// comes back is not checked here (issued.hpp).
#pragma once

#include <grpcpp/channel.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "reload/bytes.hpp"
#include "reload/result.hpp"
#include "reload/time.hpp"
#include "services/enroll_client/enrollment_channel.hpp"
#include "services/enroll_client/offer.hpp"
#include "services/enrolld/secret/secret.hpp"

namespace ringway::services {

struct CallFailure {
  enum class Kind {
    wrong_request,   // INVALID_ARGUMENT
    wrong_proof,     // UNAUTHENTICATED
    refused,         // what will not change by asking again
    not_proved_yet,  // Confirm: the link has not been followed
    gone,            // Confirm: no such enrolment any more
    busy,            // for now; see retry_after
    unreachable,
  };
  Kind kind = Kind::unreachable;
  std::string reason;
  std::chrono::milliseconds retry_after{0};
  bool decided = false;  // by the server: it has certified nothing
};
template <typename T>
using Called = Result<T, CallFailure>;

struct BeginAsked {
  std::string user;
  Proof proof = Proof::mail;
  Bytes csr_der;
  enrolld::Secret secret;  // invitation or password
  std::string label;
  std::string replace_node;
};

// What the server hands out.
struct HandedOut {
  std::vector<SharedBytes> chain_der;  // the node's own first
  SharedBytes configuration;           // the overlay's document; may be empty
};
struct WaitsForProof {
  std::string enrolment;
  std::string instruction;
  WallMs expires_ms = 0;
};
struct BeginAnswer {
  std::optional<WaitsForProof> waits;
  std::optional<HandedOut> handed_out;  // exactly one of the two
};

class EnrollmentClient {
 public:
  static Result<EnrollmentClient> open(const EnrollmentEndpoint& endpoint, std::chrono::milliseconds timeout);

  // The ways of proof and the overlay's name.
  Called<EnrollmentOffer> describe() const;
  Called<BeginAnswer> begin(const BeginAsked& asked) const;
  // With an empty code: whether the link has been followed meanwhile.
  Called<HandedOut> confirm(const std::string& enrolment, const enrolld::Secret& code) const;

 private:
  EnrollmentClient(std::string address, std::shared_ptr<grpc::Channel> channel,
                   std::chrono::milliseconds timeout)
      : address_(std::move(address)), channel_(std::move(channel)), timeout_(timeout) {}
  void prepare(grpc::ClientContext& context) const;
  CallFailure failure_of(const grpc::Status& status, const grpc::ClientContext& context) const;

  std::string address_;
  std::shared_ptr<grpc::Channel> channel_;
  std::chrono::milliseconds timeout_;
};

}  // namespace ringway::services
