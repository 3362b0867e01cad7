// A server with a real certificate on a port of its own, and curl to ask it.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "services/enrolld/authority/x509_builder.hpp"
#include "services/enrolld/http/server.hpp"

namespace ringway::enrolld_http {

struct Credentials {
  std::string key_pem;
  std::string certificate_pem;
  SharedBytes certificate_der;
};
// Self-signed, for this DNS name.
Credentials self_signed(const std::string& dns_name);

// Listens on a free port of 127.0.0.1, as `credentials`.
ServerSettings local_settings(const Credentials& credentials);

struct Asked {
  std::string url_path = "/";
  std::string method{};  // empty: GET, or POST when there is a body
  std::string body{};
  std::vector<std::string> headers{};
  std::string host = "localhost";
  bool tls11 = false;
  Credentials client{};
  std::string trusted_pem{};
};
struct Answered {
  std::string error;  // curl's; empty when an answer came
  long status = 0;
  std::string headers;
  std::string body;
};
// A new connection for each call.
Answered ask(const Server& server, const Asked& asked);

bool eventually(const std::function<bool()>& holds, std::chrono::seconds limit = std::chrono::seconds(10));

}  // namespace ringway::enrolld_http
