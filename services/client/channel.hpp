// The way to a peer's API, as command line and tests take it: "unix:/run/ringway/api.sock" or "host:port",
// with TLS or, on loopback, without.
#pragma once

#include <grpcpp/channel.h>

#include <memory>
#include <string>
#include <string_view>

#include "reload/result.hpp"

namespace ringway::services {

struct ClientSettings {
  std::string api;  // "unix:PATH" or "host:port"
  // PEM files. With a CA the connection is TLS; certificate and key are then shown to the server.
  std::string ca_file;
  std::string certificate_file;
  std::string key_file;
  std::string server_name;  // what the server's certificate must say, when that is not the host of `api`
};

// Does not connect yet; the first call does. Fails when the settings do not fit together or a file cannot be
// read.
Result<std::shared_ptr<grpc::Channel>> open_channel(const ClientSettings& settings);

// "127.0.0.1", "[::1]", "localhost" with a port.
bool is_loopback_endpoint(std::string_view api);
Result<std::string> read_file(const std::string& path);

}  // namespace ringway::services
