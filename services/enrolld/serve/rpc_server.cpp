#include "services/enrolld/serve/rpc_server.hpp"

#include <grpc/grpc_security_constants.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sys/stat.h>

#include <utility>

#include "reload/link/link_id.hpp"
#include "services/enrolld/serve/enrollment_service.hpp"
#include "services/rpc/listening.hpp"

namespace ringway::enrolld {
namespace {

// gRPC 1.51 has no bound on the number of connections (docs/security.md): none is kept for nothing, or for
// long.
constexpr int k_handshake_ms = 10'000;  // TLS and HTTP/2; gRPC's own is two minutes
constexpr int k_idle_ms = 60'000;       // a connection without calls is closed
constexpr int k_age_ms = 600'000;       // and any: clients make another one without being told
constexpr int k_age_grace_ms = 60'000;  // for the calls on it

template <auto Free>
struct Freed {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};
using BioPtr = std::unique_ptr<BIO, Freed<&BIO_free>>;
using X509Ptr = std::unique_ptr<X509, Freed<&X509_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Freed<&EVP_PKEY_free>>;
int no_passphrase(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*context*/) { return 0; }

class Server final : public RpcServer {
 public:
  Server(Desk& desk, Door door, const std::string& overlay_name) : service_(desk, door, overlay_name) {}
  ~Server() override { stop(std::chrono::milliseconds{0}); }

  bool listen(const std::string& where, const std::shared_ptr<grpc::ServerCredentials>& credentials) {
    grpc::ServerBuilder builder;
    builder.RegisterService(&service_);
    builder.SetMaxReceiveMessageSize(k_max_rpc_request_bytes);
    builder.SetResourceQuota(grpc::ResourceQuota("enrolment").Resize(k_max_rpc_memory_bytes));
    builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, k_max_rpc_calls_per_connection);
    builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, k_handshake_ms);
    builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS, k_idle_ms);
    builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_MS, k_age_ms);
    builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS, k_age_grace_ms);
    // Two programs on one port would each get some of the calls.
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    builder.AddListeningPort(where, credentials, &port_);
    server_ = builder.BuildAndStart();
    return server_ != nullptr && port_ != 0;
  }

  std::uint16_t port() const override { return static_cast<std::uint16_t>(port_); }

  void stop(std::chrono::milliseconds grace) override {
    if (!server_) return;
    server_->Shutdown(std::chrono::system_clock::now() + grace);
    server_->Wait();
    server_.reset();
  }

 private:
  EnrollmentService service_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace

Outcome<> check_pair(const RpcTls& tls) {
  const auto& [certificates, key_pem] = tls;
  const BioPtr certificate_in(BIO_new_mem_buf(certificates.data(), static_cast<int>(certificates.size())));
  const BioPtr key_in(BIO_new_mem_buf(key_pem.data(), static_cast<int>(key_pem.size())));
  const X509Ptr certificate(PEM_read_bio_X509(certificate_in.get(), nullptr, &no_passphrase, nullptr));
  const KeyPtr key(PEM_read_bio_PrivateKey(key_in.get(), nullptr, &no_passphrase, nullptr));
  const bool fit = certificate && key && X509_check_private_key(certificate.get(), key.get()) == 1;
  ERR_clear_error();
  if (!certificate) return Failure{"there is no certificate in PEM"};
  if (!key) return Failure{"there is no key in PEM, without a passphrase"};
  if (!fit) return Failure{"certificate and key are not a pair"};
  return Done{};
}

Result<std::unique_ptr<RpcServer>> RpcServer::at_socket(Desk& desk, const std::string& overlay_name,
                                                        const std::string& path) {
  if (path.size() > services::k_max_socket_path_bytes)
    return Failure{"the path of the operators' socket is longer than " +
                   std::to_string(services::k_max_socket_path_bytes) +
                   " bytes; choose a shorter --state folder: " + path};
  if (services::somebody_serves(path))
    return Failure{"another server uses " + path + ": stop it, or give another folder with --state"};
  services::prepare_grpc();
  auto server = std::make_unique<Server>(desk, Door::operators_socket, overlay_name);
  bool listens = false;
  {
    const services::PrivateFiles guard;
    listens = server->listen("unix:" + path, grpc::InsecureServerCredentials());
  }
  if (!listens || ::chmod(path.c_str(), S_IRUSR | S_IWUSR) != 0)
    return Failure{"cannot listen at " + path + ": is the folder writable?"};
  return std::unique_ptr<RpcServer>(std::move(server));
}

Result<std::unique_ptr<RpcServer>> RpcServer::at_address(Desk& desk, const std::string& overlay_name,
                                                         const wire::IpAddressPort& address,
                                                         const RpcTls& tls) {
  services::prepare_grpc();
  grpc::SslServerCredentialsOptions options(GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_BUT_DONT_VERIFY);
  options.pem_key_cert_pairs.push_back({tls.private_key_pem, tls.certificates_pem});
  auto server = std::make_unique<Server>(desk, Door::network, overlay_name);
  if (!server->listen(link::to_text(address), grpc::SslServerCredentials(options)))
    return Failure{"gRPC cannot listen at " + link::to_text(address) +
                   ": is the address taken, or are certificate and key not a pair?"};
  return std::unique_ptr<RpcServer>(std::move(server));
}

}  // namespace ringway::enrolld
