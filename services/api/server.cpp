#include "services/api/server.hpp"

#include <grpc/grpc_security_constants.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <grpcpp/server_posix.h>
#include <grpcpp/support/channel_arguments.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <mutex>
#include <utility>

#include "services/api/address.hpp"
#include "services/api/directory_service.hpp"
#include "services/api/overlay_service.hpp"
#include "services/api/services_service.hpp"
#include "services/api/user_socket.hpp"
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
  if (settings.policy && settings.listen && !settings.tls) {
    return Failure{"without TLS the API cannot tell its callers apart, as its policy wants it to"};
  }
  if (settings.listen && !settings.tls && !is_loopback(*settings.listen)) {
    return Failure{"the API without TLS is for loopback addresses only, not " + to_text(*settings.listen)};
  }
  return Done{};
}

// A gRPC server with the services of the peer behind one gate. One peer may have several: whoever comes over
// the unix socket is told apart by the server that his connection is given to.
class Front {
 public:
  Front(std::shared_ptr<actors::Peer> peer, LeaveHook leave, StatusHook add_to_status, Gate::Settings gate)
      : gate_(std::move(gate)),
        overlay_(peer, gate_),
        directory_(peer, gate_),
        services_(peer, gate_),
        peer_(std::move(peer), std::move(leave), gate_, std::move(add_to_status)) {}
  ~Front() { stop(std::chrono::milliseconds{0}); }
  Front(const Front&) = delete;
  Front& operator=(const Front&) = delete;

  bool start(grpc::ServerBuilder& builder, const grpc::ResourceQuota& memory) {
    configure(builder);
    builder.SetResourceQuota(memory);
    server_ = builder.BuildAndStart();
    return server_ != nullptr;
  }
  bool start(const grpc::ResourceQuota& memory) {
    grpc::ServerBuilder builder;
    return start(builder, memory);
  }

  void set_serving(bool serving) {
    auto* health = server_->GetHealthCheckService();
    if (health == nullptr) return;
    health->SetServingStatus(serving);
    health->SetServingStatus(v1::Overlay::service_full_name(), serving);
    health->SetServingStatus(v1::Directory::service_full_name(), serving);
    health->SetServingStatus(v1::Services::service_full_name(), serving);
    health->SetServingStatus(v1::Peer::service_full_name(), true);
  }

  void stop(std::chrono::milliseconds grace) {
    if (!server_) return;
    server_->Shutdown(std::chrono::system_clock::now() + grace);
    server_->Wait();
    server_.reset();
  }

  grpc::Server& server() { return *server_; }

 private:
  void configure(grpc::ServerBuilder& builder) {
    builder.RegisterService(&overlay_);
    builder.RegisterService(&directory_);
    builder.RegisterService(&services_);
    builder.RegisterService(&peer_);
    builder.SetMaxReceiveMessageSize(k_max_request_bytes);
    builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, k_max_calls_per_connection);
    // Two programs on one port would each get some of the calls.
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  }

  Gate gate_;
  OverlayService overlay_;
  DirectoryService directory_;
  ServicesService services_;
  PeerService peer_;
  std::unique_ptr<grpc::Server> server_;
};

class Server final : public ApiServer {
 public:
  Server(std::shared_ptr<actors::Peer> peer, LeaveHook leave, const ApiSettings& settings)
      : peer_(std::move(peer)),
        leave_(std::move(leave)),
        add_to_status_(settings.add_to_status),
        gate_{.own_user = settings.user, .policy = settings.policy, .refusals = refusals_},
        main_(peer_, leave_, add_to_status_, gate_) {
    memory_.Resize(k_max_api_memory_bytes);
  }
  ~Server() override { stop(std::chrono::milliseconds{0}); }

  Outcome<> serve(const ApiSettings& settings) {
    if (!settings.socket_path.empty() && somebody_serves(settings.socket_path)) {
      return Failure{"another process serves the API's socket " + settings.socket_path +
                     ": stop it, or give another path with --api-socket"};
    }
    grpc::ServerBuilder builder;
    int port = 0;
    const std::string socket = "unix:" + settings.socket_path;
    const bool by_user = settings.policy != nullptr && !settings.socket_path.empty();
    if (!settings.socket_path.empty() && !by_user)
      builder.AddListeningPort(socket, grpc::InsecureServerCredentials());
    if (settings.listen) {
      const auto credentials =
          settings.tls ? credentials_of(*settings.tls) : grpc::InsecureServerCredentials();
      builder.AddListeningPort(to_text(*settings.listen), credentials, &port);
    }
    bool started = false;
    {
      const PrivateFiles guard;
      started = main_.start(builder, memory_);
    }
    if (!started || (settings.listen && port == 0)) return Failure{cannot_listen(settings)};
    if (by_user) {
      if (auto failed = serve_by_user(settings); !failed) return failed;
    }
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
    main_.set_serving(serving);
    for (auto& [uid, front] : fronts_) front->set_serving(serving);
    if (strangers_) strangers_->set_serving(serving);
  }

  void stop(std::chrono::milliseconds grace) override {
    socket_.reset();
    const auto end = std::chrono::steady_clock::now() + grace;
    const auto stop_one = [&end](Front& front) {
      const auto left = end - std::chrono::steady_clock::now();
      front.stop(std::max(std::chrono::duration_cast<std::chrono::milliseconds>(left),
                          std::chrono::milliseconds{0}));
    };
    stop_one(main_);
    for (auto& [uid, front] : fronts_) stop_one(*front);
    if (strangers_) stop_one(*strangers_);
  }

  std::shared_ptr<grpc::Channel> in_process_channel() override {
    grpc::ChannelArguments arguments;
    arguments.SetMaxReceiveMessageSize(-1);
    return main_.server().InProcessChannel(arguments);
  }

  Refusals::Count refusals() const override { return refusals_->count(); }

 private:
  // A server for each user that the policy names, and one for all the others: they are told why they are
  // refused.
  Outcome<> serve_by_user(const ApiSettings& settings) {
    for (const ::uid_t uid : settings.policy->socket_users()) {
      Gate::Settings gate = gate_;
      gate.socket_user = uid;
      auto& front = fronts_[uid] = std::make_unique<Front>(peer_, leave_, add_to_status_, std::move(gate));
      if (!front->start(memory_)) return Failure{cannot_listen(settings)};
    }
    strangers_ = std::make_unique<Front>(peer_, leave_, add_to_status_, gate_);
    if (!strangers_->start(memory_)) return Failure{cannot_listen(settings)};
    auto socket = UserSocket::listen(settings.socket_path, [this](int connection, ::uid_t uid) {
      const auto found = fronts_.find(uid);
      Front& front = found == fronts_.end() ? *strangers_ : *found->second;
      grpc::AddInsecureChannelFromFd(&front.server(), connection);
    });
    if (!socket) return socket.error();
    socket_ = std::move(*socket);
    return Done{};
  }

  static std::string cannot_listen(const ApiSettings& settings) {
    std::string where = settings.socket_path.empty() ? "" : "unix:" + settings.socket_path;
    if (settings.listen) where += (where.empty() ? "" : " and ") + to_text(*settings.listen);
    return "the API cannot listen on " + where +
           ": is the address taken, the folder not writable, or a key and certificate not a pair?";
  }

  std::shared_ptr<actors::Peer> peer_;
  LeaveHook leave_;
  StatusHook add_to_status_;
  std::shared_ptr<Refusals> refusals_ = std::make_shared<Refusals>();
  Gate::Settings gate_;
  grpc::ResourceQuota memory_{"api"};  // of all of them together
  Front main_;                         // TCP, and the socket when nobody needs to be told apart there
  std::map<::uid_t, std::unique_ptr<Front>> fronts_;
  std::unique_ptr<Front> strangers_;
  std::unique_ptr<UserSocket> socket_;  // last, so that it goes first
  std::vector<std::string> endpoints_;
};

}  // namespace

Result<std::unique_ptr<ApiServer>> ApiServer::start(const ApiSettings& settings,
                                                    std::shared_ptr<actors::Peer> peer, LeaveHook leave) {
  if (auto wrong = check(settings); !wrong) return wrong.error();
  prepare_grpc();
  auto server = std::make_unique<Server>(std::move(peer), std::move(leave), settings);
  if (auto failed = server->serve(settings); !failed) return failed.error();
  return std::unique_ptr<ApiServer>(std::move(server));
}

}  // namespace ringway::services
