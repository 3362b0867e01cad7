// The way to the server that an operator's command is for, and how what it says is printed.
#pragma once

#include <google/protobuf/message.h>
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/support/status.h>

#include <CLI/App.hpp>

#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>
#include <string>
#include <vector>

#include "services/enrolld/operate/operator_commands.hpp"

namespace ringway::enrolld {

using OutputJson = nlohmann::ordered_json;

inline constexpr const char* k_usual_state = "/var/lib/ringway-enrolld";

struct ServerAccess {
  ServerAccess(std::ostream& to, std::ostream& errors_to) : out(to), err(errors_to) {}

  std::string state = k_usual_state;
  std::string server;  // empty: the socket in the state folder
  std::string ca_file, certificate_file, key_file;
  double timeout_s = 20;
  bool json = false;
  std::ostream& out;
  std::ostream& err;

  void add_options(CLI::App& command);
  std::string address() const { return server.empty() ? "unix:" + state + "/operator.sock" : server; }

  // Another command to the same server, as it may be typed into a shell.
  std::string command_text(std::vector<std::string> command) const;

  // Nothing when the options are wrong; that has been told then.
  std::shared_ptr<grpc::Channel> channel() const;
  void prepare(grpc::ClientContext& context) const;

  // One JSON document on a line of its own.
  void print(const OutputJson& document) const;
  // What to exit with.
  int fail(const grpc::Status& status, const grpc::ClientContext& context) const;
  int fail(OperatorExit code, const std::string& reason) const;
};

// "2026-11-21T01:24:00Z"; "never" for 0.
std::string time_text(std::uint64_t ms);
// Text as it may be shown in a terminal: control characters are escaped.
std::string printable(const std::string& text);

}  // namespace ringway::enrolld
