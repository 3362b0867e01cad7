#include "services/enroll_client/enrollment_channel.hpp"

#include <grpc/support/log.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <mutex>
#include <utility>

#include "services/enrolld/folder/files.hpp"

namespace ringway::services {

namespace {

constexpr std::int64_t k_longest_wait_s = 86'400;

// What gRPC writes to standard error says less than the status of the call, and says it in the midst of what
// is said to people. GRPC_VERBOSITY brings it back.
void quieten_grpc() {
  if (std::getenv("GRPC_VERBOSITY") == nullptr) gpr_set_log_function([](gpr_log_func_args*) {});
}

}  // namespace

Result<std::shared_ptr<grpc::Channel>> open_enrollment_channel(const EnrollmentEndpoint& endpoint) {
  static std::once_flag once;
  std::call_once(once, quieten_grpc);
  grpc::ChannelArguments arguments;
  if (endpoint.address.starts_with("unix:")) {
    // gRPC would name the server after the escaped path.
    arguments.SetString(GRPC_ARG_DEFAULT_AUTHORITY, "localhost");
    return grpc::CreateCustomChannel(endpoint.address, grpc::InsecureChannelCredentials(), arguments);
  }
  grpc::SslCredentialsOptions options;
  if (!endpoint.ca_file.empty()) {
    auto text = enrolld::read_file(endpoint.ca_file);
    if (!text) return text.error();
    options.pem_root_certs = std::move(*text);
  }
  options.pem_private_key = endpoint.client_key_pem;
  options.pem_cert_chain = endpoint.client_certificates_pem;
  return grpc::CreateCustomChannel(endpoint.address, grpc::SslCredentials(options), arguments);
}

std::string reason_of(const grpc::Status& status, const std::string& address) {
  if (status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED)
    return "the enrollment server at " + address + " does not answer in time";
  const std::string& message = status.error_message();
  const auto says = [&message](const char* words) { return message.find(words) != std::string::npos; };
  // gRPC's own words are about sockets.
  if (status.error_code() == grpc::StatusCode::UNAVAILABLE &&
      (says("connect") || says("Socket closed") || says("GOAWAY") || says("DNS")))
    return "the enrollment server at " + address + " cannot be reached (" + message + ")";
  return message.empty() ? "the enrollment server gives no reason" : message;
}

std::chrono::milliseconds retry_after(const grpc::ClientContext& context) {
  const auto& trailing = context.GetServerTrailingMetadata();
  const auto found = trailing.find("retry-after-s");
  if (found == trailing.end()) return std::chrono::milliseconds{0};
  std::int64_t seconds = 0;
  std::from_chars(found->second.begin(), found->second.end(), seconds);
  return std::chrono::seconds(std::clamp<std::int64_t>(seconds, 0, k_longest_wait_s));
}

}  // namespace ringway::services
