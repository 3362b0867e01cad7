#include "services/client/channel.hpp"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <utility>
#include <vector>

#include "services/client/advice.hpp"

namespace ringway::services {
namespace {

// A batch of gets may answer much more than gRPC's four MiB.
constexpr int k_max_answer_bytes = 64 << 20;

bool is_unix(std::string_view api) { return api.starts_with("unix:"); }

// Without a CA there is no TLS: who shows a certificate must not find out that the call went in plain text.
Outcome<> check(const ClientSettings& settings) {
  const bool wants_tls =
      !settings.certificate_file.empty() || !settings.key_file.empty() || !settings.server_name.empty();
  if (!wants_tls || !settings.ca_file.empty()) return Done{};
  return Failure{"--api-cert, --api-key and --api-server-name are for TLS: give --api-ca too"};
}

Result<std::shared_ptr<grpc::ChannelCredentials>> tls_credentials(const ClientSettings& settings) {
  if (settings.certificate_file.empty() != settings.key_file.empty()) {
    return Failure{"--api-cert and --api-key go together"};
  }
  grpc::SslCredentialsOptions options;
  for (const auto& [path, into] : {std::pair{&settings.ca_file, &options.pem_root_certs},
                                   std::pair{&settings.certificate_file, &options.pem_cert_chain},
                                   std::pair{&settings.key_file, &options.pem_private_key}}) {
    if (path->empty()) continue;
    auto text = read_file(*path);
    if (!text) return text.error();
    *into = std::move(*text);
  }
  return grpc::SslCredentials(options);
}

}  // namespace

bool is_loopback_endpoint(std::string_view api) {
  const std::string_view host = api.substr(0, api.rfind(':'));
  return host.starts_with("127.") || host == "[::1]" || host == "localhost";
}

Result<std::string> read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  if (in) text << in.rdbuf();
  if (!in || text.fail()) return Failure{"cannot read " + path + ": " + std::strerror(errno)};
  return text.str();
}

Result<std::shared_ptr<grpc::Channel>> open_channel(const ClientSettings& settings) {
  if (auto wrong = check(settings); !wrong) return wrong.error();
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(k_max_answer_bytes);
  auto credentials = grpc::InsecureChannelCredentials();
  if (is_unix(settings.api)) {
    // gRPC would name the server after the escaped path.
    arguments.SetString(GRPC_ARG_DEFAULT_AUTHORITY, "localhost");
  } else if (!settings.ca_file.empty()) {
    auto tls = tls_credentials(settings);
    if (!tls) return tls.error();
    credentials = std::move(*tls);
    if (!settings.server_name.empty()) arguments.SetSslTargetNameOverride(settings.server_name);
  } else if (!is_loopback_endpoint(settings.api)) {
    return Failure{"the API at " + settings.api + " needs TLS: give --api-ca, --api-cert and --api-key"};
  }
  std::vector<std::unique_ptr<grpc::experimental::ClientInterceptorFactoryInterface>> interceptors;
  interceptors.push_back(advice_for(settings.api));
  return grpc::experimental::CreateCustomChannelWithInterceptors(settings.api, credentials, arguments,
                                                                 std::move(interceptors));
}

}  // namespace ringway::services
