// An HTTPS server for strangers: TLS 1.2 and newer, HTTP/1.1, everything bounded in size, number and time.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "reload/result.hpp"
#include "reload/wire/bodies.hpp"
#include "services/enrolld/http/message.hpp"

namespace ringway::enrolld_http {

struct ServerCredentials {
  std::string private_key_pem;
  std::string certificates_pem;  // the server's own, then its chain
};

struct ServerSettings {
  wire::IpAddressPort listen;
  ServerCredentials credentials;
  std::size_t threads = 1;

  // Ask clients for a certificate. Browsers let the user choose one, and only among those that the
  // authorities named here issued (PEM); with none named, among all.
  bool ask_for_client_certificate = false;
  std::string client_authorities_pem;

  std::size_t max_connections = 1024;
  std::size_t max_connections_per_address = 64;  // an IPv6 /64 is one address
  std::uint32_t max_header_size_bytes = 16384;   // with the request line
  std::uint64_t max_body_size_bytes = 65536;
  std::size_t max_requests_per_connection = 1000;

  std::chrono::milliseconds handshake_timeout{10'000};
  std::chrono::milliseconds idle_timeout{30'000};     // until a request begins
  std::chrono::milliseconds request_timeout{20'000};  // from its first byte to its last
  std::chrono::milliseconds handler_timeout{60'000};
  std::chrono::milliseconds answer_timeout{30'000};  // until the answer is sent
};

// How often since the start.
struct ServerCounters {
  std::atomic<std::uint64_t> connections{0};
  std::atomic<std::uint64_t> refused_too_many{0};
  std::atomic<std::uint64_t> refused_too_many_of_address{0};
  std::atomic<std::uint64_t> handshakes_failed{0};
  std::atomic<std::uint64_t> requests{0};
  std::atomic<std::uint64_t> requests_malformed{0};
  std::atomic<std::uint64_t> requests_too_large{0};
  std::atomic<std::uint64_t> requests_too_slow{0};
  std::atomic<std::uint64_t> handlers_too_slow{0};
};

class Server {
 public:
  static Result<std::unique_ptr<Server>> start(ServerSettings settings, Handler handler);
  ~Server();  // stops at once
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  const wire::IpAddressPort& address() const;  // with the port that the system chose
  const ServerCounters& counters() const;
  std::size_t connections() const;  // now
  // For connections from now on; the old ones stay when it fails.
  Outcome<> use_credentials(const ServerCredentials& credentials);
  // No new connections and requests; those under way are answered, for at most `grace`. Not to be called on a
  // thread of the server.
  void stop(std::chrono::milliseconds grace);

 private:
  class Parts;
  explicit Server(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace ringway::enrolld_http
