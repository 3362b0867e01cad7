#include "services/api/server.hpp"

#include <grpc/grpc_security_constants.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <grpcpp/support/channel_arguments.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "services/api/address.hpp"
#include "services/api/overlay_service.hpp"
#include "services/rpc/listening.hpp"

namespace ringway::services {
namespace {

std::shared_ptr<grpc::ServerCredentials> credentials_of(const ApiTls& tls) {
  grpc::SslServerCredentialsOptions options(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  options.pem_root_certs = tls.client_roots_pem;
  options.pem_key_cert_pairs.push_back({tls.private_key_pem, tls.certificate_chain_pem});
  return grpc::SslServerCredentials(options);
}

Outcome<> check(const ApiSettings& settings) {
  if (settings.socket_path.size() > k_max_socket_path_bytes) {
    return Failure{"the path of the API's socket is longer than " + std::to_string(k_max_socket_path_bytes) +
                   " bytes; choose a shorter one: " + settings.socket_path};
  }
  if (settings.listen && !settings.tls && !is_loopback(*settings.listen)) {
    return Failure{"the API without TLS is for loopback addresses only, not " + to_text(*settings.listen)};
  }
  return Done{};
}

class Server final : public ApiServer {
 public:
  Server(std::shared_ptr<actors::Peer> peer, LeaveHook leave, StatusHook add_to_status)
      : overlay_(peer), peer_(std::move(peer), std::move(leave), std::move(add_to_status)) {}
  ~Server() override { stop(std::chrono::milliseconds{0}); }

  Outcome<> serve(const ApiSettings& settings) {
    if (!settings.socket_path.empty() && somebody_serves(settings.socket_path)) {
      return Failure{"another process serves the API's socket " + settings.socket_path +
                     ": stop it, or give another path with --api-socket"};
    }
    grpc::ServerBuilder builder;
    configure(builder);
    int port = 0;
    const std::string socket = "unix:" + settings.socket_path;
    if (!settings.socket_path.empty()) builder.AddListeningPort(socket, grpc::InsecureServerCredentials());
    if (settings.listen) {
      const auto credentials =
          settings.tls ? credentials_of(*settings.tls) : grpc::InsecureServerCredentials();
      builder.AddListeningPort(to_text(*settings.listen), credentials, &port);
    }
    {
      const PrivateFiles guard;
      server_ = builder.BuildAndStart();
    }
    if (!server_ || (settings.listen && port == 0)) return Failure{cannot_listen(settings)};
    set_serving(false);
    if (!settings.socket_path.empty()) {
      if (::chmod(settings.socket_path.c_str(), settings.socket_mode) != 0) {
        return Failure{"cannot set the mode of " + settings.socket_path + ": " + std::strerror(errno)};
      }
      endpoints_.push_back(socket);
    }
    if (settings.listen) {
      wire::IpAddressPort bound = *settings.listen;
      bound.port = static_cast<std::uint16_t>(port);
      endpoints_.push_back(to_text(bound));
    }
    return Done{};
  }

  std::vector<std::string> endpoints() const override { return endpoints_; }

  void set_serving(bool serving) override {
    auto* health = server_->GetHealthCheckService();
    if (health == nullptr) return;
    health->SetServingStatus(serving);
    health->SetServingStatus(v1::Overlay::service_full_name(), serving);
    health->SetServingStatus(v1::Peer::service_full_name(), true);
  }

  void stop(std::chrono::milliseconds grace) override {
    if (!server_) return;
    server_->Shutdown(std::chrono::system_clock::now() + grace);
    server_->Wait();
    server_.reset();
  }

  std::shared_ptr<grpc::Channel> in_process_channel() override {
    grpc::ChannelArguments arguments;
    arguments.SetMaxReceiveMessageSize(-1);
    return server_->InProcessChannel(arguments);
  }

 private:
  void configure(grpc::ServerBuilder& builder) {
    builder.RegisterService(&overlay_);
    builder.RegisterService(&peer_);
    builder.SetMaxReceiveMessageSize(k_max_request_bytes);
    builder.SetResourceQuota(grpc::ResourceQuota("api").Resize(k_max_api_memory_bytes));
    builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, k_max_calls_per_connection);
    // Two programs on one port would each get some of the calls.
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  }

  static std::string cannot_listen(const ApiSettings& settings) {
    std::string where = settings.socket_path.empty() ? "" : "unix:" + settings.socket_path;
    if (settings.listen) where += (where.empty() ? "" : " and ") + to_text(*settings.listen);
    return "the API cannot listen on " + where +
           ": is the address taken, the folder not writable, or a key and certificate not a pair?";
  }

  OverlayService overlay_;
  PeerService peer_;
  std::vector<std::string> endpoints_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace

Result<std::unique_ptr<ApiServer>> ApiServer::start(const ApiSettings& settings,
                                                    std::shared_ptr<actors::Peer> peer, LeaveHook leave) {
  if (auto wrong = check(settings); !wrong) return wrong.error();
  prepare_grpc();
  auto server = std::make_unique<Server>(std::move(peer), std::move(leave), settings.add_to_status);
  if (auto failed = server->serve(settings); !failed) return failed.error();
  return std::unique_ptr<ApiServer>(std::move(server));
}

}  // namespace ringway::services
