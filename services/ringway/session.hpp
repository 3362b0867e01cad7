// What every command shares: the global options, the streams, the way to the API, and how a failed call is
// told.
#pragma once

#include <grpcpp/client_context.h>
#include <grpcpp/support/status.h>

#include <chrono>
#include <istream>
#include <memory>
#include <ostream>
#include <string>

#include "services/client/channel.hpp"
#include "services/decode/json.hpp"
#include "services/ringway/app.hpp"

namespace ringway::services {

inline constexpr const char* k_default_api = "unix:/var/lib/ringway/api.sock";

struct Session {
  ClientSettings client{
      .api = k_default_api, .ca_file = {}, .certificate_file = {}, .key_file = {}, .server_name = {}};
  double timeout_s = 20;
  bool json = false;
  std::istream& in;
  std::ostream& out;
  std::ostream& err;

  // Nothing when the settings are wrong; that has been told then.
  std::shared_ptr<grpc::Channel> channel() const;
  std::unique_ptr<grpc::ClientContext> context() const;

  // One JSON document on a line of its own.
  void print(const Json& document) const {
    out << document.dump(-1, ' ', false, Json::error_handler_t::replace) << '\n';
  }
  // Tells what went wrong, to people on `err` or as {"error": {…}} on `out`, and says what to exit with.
  int fail(const grpc::Status& status, const grpc::ClientContext& context) const;
  int fail(ExitCode code, const std::string& message) const;
  // The same of a stream that broke while it was read; errno says why.
  int fail_reading(const std::string& what) const;
};

ExitCode exit_code_of(grpc::StatusCode code);

bool is_utf8(const std::string& bytes);
// Bytes as JSON: {"value": text} when they are UTF-8, else {"value_base64": …}.
void add_value(Json& to, const std::string& bytes);
// "1h 5m", "3d 2h", "12s".
std::string duration_text(std::uint64_t seconds);
// "2026-11-21T01:24:00Z".
std::string time_text(std::uint64_t ms);
// Text as it may be shown in a terminal: control characters and what is not UTF-8 are escaped.
std::string printable(const std::string& bytes);

}  // namespace ringway::services
