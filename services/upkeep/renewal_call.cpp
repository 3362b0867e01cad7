#include "services/upkeep/renewal_call.hpp"

#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include <charconv>
#include <memory>
#include <utility>

#include "ringway/v1/enrollment.grpc.pb.h"
#include "services/enrolld/folder/files.hpp"

namespace ringway::services {
namespace {

constexpr int k_max_answer_size_bytes = 2 << 20;  // a chain, and a document of a MiB at most

Result<std::shared_ptr<grpc::Channel>> open_channel(const EnrollmentServer& server,
                                                    const KeyAndCertificate& present) {
  grpc::SslCredentialsOptions tls;
  if (!server.ca_file.empty()) {
    auto roots = enrolld::read_file(server.ca_file);
    if (!roots) return roots.error();
    tls.pem_root_certs = std::move(*roots);
  }
  tls.pem_private_key = present.private_key_pem;
  tls.pem_cert_chain = present.certificates_pem;
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(k_max_answer_size_bytes);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);  // the connection goes with the channel
  return grpc::CreateCustomChannel(server.grpc, grpc::SslCredentials(tls), arguments);
}

bool is_refusal(grpc::StatusCode code) {
  switch (code) {
    case grpc::StatusCode::INVALID_ARGUMENT:
    case grpc::StatusCode::UNAUTHENTICATED:
    case grpc::StatusCode::PERMISSION_DENIED:
    case grpc::StatusCode::NOT_FOUND:
    case grpc::StatusCode::FAILED_PRECONDITION:
    case grpc::StatusCode::UNIMPLEMENTED:
      return true;
    default:
      return false;
  }
}

// `retry-after-s` of the trailing metadata (enrollment.proto).
Duration retry_after(const grpc::ClientContext& context) {
  const auto& trailing = context.GetServerTrailingMetadata();
  const auto found = trailing.find("retry-after-s");
  if (found == trailing.end()) return Duration{0};
  std::uint32_t seconds = 0;
  const auto& text = found->second;
  if (std::from_chars(text.data(), text.data() + text.size(), seconds).ec != std::errc{}) return Duration{0};
  return std::chrono::seconds{seconds};
}

}  // namespace

Result<RenewalAnswer, RenewalFailure> ask_renewal(const EnrollmentServer& server,
                                                  const KeyAndCertificate& present, const Bytes& csr_der,
                                                  std::chrono::milliseconds timeout, std::stop_token stop) {
  const auto channel = open_channel(server, present);
  if (!channel) return RenewalFailure{channel.error().reason};
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + timeout);
  const std::stop_callback cancel(stop, [&context] { context.TryCancel(); });
  v1::RenewRequest request;
  request.set_csr(std::string(text_of(csr_der)));
  v1::RenewResponse response;
  const auto status = v1::Enrollment::NewStub(*channel)->Renew(&context, request, &response);
  if (!status.ok())
    return RenewalFailure{server.grpc + ": " + status.error_message(), is_refusal(status.error_code()),
                          retry_after(context)};
  RenewalAnswer answer;
  for (const std::string& der : response.certificate().chain())
    answer.chain_der.emplace_back(copy_of(view_of(der)));
  answer.configuration = SharedBytes(copy_of(view_of(response.certificate().configuration())));
  return answer;
}

}  // namespace ringway::services
