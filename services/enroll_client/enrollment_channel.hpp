// The way to ringway.v1.Enrollment: over TLS, or to the operators' unix socket.
#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/support/status.h>

#include <chrono>
#include <memory>
#include <string>

#include "reload/result.hpp"

namespace ringway::services {

struct EnrollmentEndpoint {
  std::string address;  // "host:port", always with TLS; or "unix:PATH"
  std::string ca_file;  // PEM, of the server's certificate; empty: those that the system trusts
  // Shown to the server, both or none (PEM).
  std::string client_key_pem;
  std::string client_certificates_pem;
};

// Does not connect yet; the first call does. Fails when the CA's file cannot be read.
Result<std::shared_ptr<grpc::Channel>> open_enrollment_channel(const EnrollmentEndpoint& endpoint);

// Why a call failed, for people: when nobody answered it says where nobody did.
std::string reason_of(const grpc::Status& status, const std::string& address);
// When the server has said that it may be asked again; 0: it has not.
std::chrono::milliseconds retry_after(const grpc::ClientContext& context);

}  // namespace ringway::services
