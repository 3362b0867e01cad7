// The gRPC server of one peer: a unix socket with file permissions, TLS with client certificates on TCP, or
// plain TCP on loopback. Serves Overlay, Peer, health and reflection.
#pragma once

#include <grpcpp/channel.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/peer.hpp"
#include "reload/result.hpp"
#include "services/api/gate.hpp"
#include "services/api/peer_service.hpp"

namespace ringway::services {

inline constexpr int k_max_request_bytes = 8 << 20;
inline constexpr std::size_t k_max_api_memory_bytes = 256U << 20;  // of one server's buffers
inline constexpr int k_max_calls_per_connection = 4096;

struct ApiTls {
  std::string certificate_chain_pem;
  std::string private_key_pem;
  std::string client_roots_pem;  // callers show a certificate that chains to one of these
};
struct ApiSettings {
  std::string socket_path;  // empty: no unix socket
  unsigned socket_mode = 0600;
  std::optional<wire::IpAddressPort> listen;  // TCP; port 0: any free one
  std::optional<ApiTls> tls;                  // without it TCP is plain, and only for loopback
  StatusHook add_to_status;
  std::string user;  // the peer's own
  // Which client may do what; null: everybody may do everything as the peer's own user. Takes TLS on TCP.
  std::shared_ptr<const ApiPolicy> policy;
};

class ApiServer {
 public:
  // Serves at once. With neither socket nor TCP it can be reached through in_process_channel() only.
  static Result<std::unique_ptr<ApiServer>> start(const ApiSettings& settings,
                                                  std::shared_ptr<actors::Peer> peer, LeaveHook leave);
  virtual ~ApiServer() = default;

  // What clients connect to: "unix:/run/…/api.sock", "127.0.0.1:7084".
  virtual std::vector<std::string> endpoints() const = 0;
  // What the health service says (of the server as a whole, and of ringway.v1.Overlay).
  virtual void set_serving(bool serving) = 0;
  // Refuses new calls, gives those under way `grace` to finish, then cancels them. Returns when all are over.
  virtual void stop(std::chrono::milliseconds grace) = 0;
  virtual std::shared_ptr<grpc::Channel> in_process_channel() = 0;
  virtual Refusals::Count refusals() const = 0;
};

}  // namespace ringway::services
