// One HTTPS request with an answer of bounded size in bounded time: libcurl, verified certificates, no
// redirects.
#pragma once

#include <chrono>
#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

#include "reload/result.hpp"

namespace ringway::services {

struct HttpsSettings {
  std::string ca_file;  // PEM; empty: the authorities that the system trusts
  std::string ca_hint;  // said when nobody known vouches for the server: which option names its CA
  // Shown when the server asks, both or none (PEM).
  std::string client_key_pem;
  std::string client_certificates_pem;
  bool use_environment_proxy = true;  // https_proxy, no_proxy
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::milliseconds timeout{30'000};  // of the whole request
  std::stop_token stop;                       // ends it early
};

struct FormPart {
  std::string name;
  std::string value;
  std::string content_type;  // empty: none is said
};

struct HttpsRequest {
  std::string url;  // https only
  // What the server's certificate must be for; empty: the host of the URL.
  std::string server_name;
  // Where to connect to; empty: where the URL says.
  std::string connect_host;
  std::uint16_t connect_port = 0;
  std::vector<std::string> headers;  // "Name: value"
  std::vector<FormPart> form;        // with parts it is a POST of multipart/form-data
  std::size_t max_answer_size_bytes = 65536;
};

struct HttpsAnswer {
  long status = 0;
  std::string content_type;
  std::string body;
};

// Waits; not for a thread that others wait for.
Result<HttpsAnswer> ask_https(const HttpsSettings& settings, const HttpsRequest& request);

}  // namespace ringway::services
