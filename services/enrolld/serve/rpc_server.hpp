// One gRPC server of ringway.v1.Enrollment: at the operators' unix socket, or at an address with TLS.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "reload/result.hpp"
#include "reload/wire/bodies.hpp"
#include "services/enrolld/serve/desk.hpp"

namespace ringway::enrolld {

inline constexpr int k_max_rpc_request_bytes = 65'536;
inline constexpr std::size_t k_max_rpc_memory_bytes = 64U << 20;
inline constexpr int k_max_rpc_calls_per_connection = 100;

struct RpcTls {
  std::string certificates_pem;  // the server's own, then its chain
  std::string private_key_pem;

  bool operator==(const RpcTls&) const = default;
};
// gRPC itself says no more than that it cannot listen.
Outcome<> check_pair(const RpcTls& tls);

class RpcServer {
 public:
  virtual ~RpcServer() = default;
  // The socket is its owner's only.
  static Result<std::unique_ptr<RpcServer>> at_socket(Desk& desk, const std::string& overlay_name,
                                                      const std::string& path);
  // Clients are asked for a certificate and may have none: who vouches for it is the desk's to check.
  static Result<std::unique_ptr<RpcServer>> at_address(Desk& desk, const std::string& overlay_name,
                                                       const wire::IpAddressPort& address, const RpcTls& tls);

  virtual std::uint16_t port() const = 0;  // that the system chose; 0 for a socket
  // Refuses new calls, gives those under way `grace` to finish, then cancels them. Returns when all are over.
  virtual void stop(std::chrono::milliseconds grace) = 0;
};

}  // namespace ringway::enrolld
