#include "services/enrolld/operate/server_access.hpp"

#include <CLI/CLI.hpp>

#include <chrono>

#include "reload/config/utc_time.hpp"
#include "services/enroll_client/enrollment_channel.hpp"
#include "services/enrolld/folder/files.hpp"
#include "services/options/shell_words.hpp"

namespace ringway::enrolld {

namespace {

OperatorExit exit_code_of(grpc::StatusCode code) {
  switch (code) {
    case grpc::StatusCode::INVALID_ARGUMENT:
      return k_operator_usage;
    case grpc::StatusCode::NOT_FOUND:
      return k_operator_not_found;
    case grpc::StatusCode::UNAVAILABLE:
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      return k_operator_unreachable;
    case grpc::StatusCode::PERMISSION_DENIED:
    case grpc::StatusCode::UNAUTHENTICATED:
    case grpc::StatusCode::RESOURCE_EXHAUSTED:
    case grpc::StatusCode::FAILED_PRECONDITION:
      return k_operator_refused;
    default:
      return k_operator_failed;
  }
}

}  // namespace

void ServerAccess::add_options(CLI::App& command) {
  const std::string group = "The server";
  command.add_option("--state", state, "Its state folder on this machine, with operator.sock")
      ->envname("RINGWAY_ENROLLD_STATE")
      ->type_name("DIR")
      ->capture_default_str()
      ->group(group);
  command.add_option("--server", server, "Or its gRPC address, from elsewhere; with --cert and --key")
      ->envname("RINGWAY_ENROLLD_SERVER")
      ->type_name("HOST:PORT")
      ->group(group);
  command
      .add_option("--ca", ca_file,
                  "The CA of its certificate, PEM; those that the system trusts if not given")
      ->type_name("FILE")
      ->group(group);
  command.add_option("--cert", certificate_file, "The operator's certificate, and its chain, PEM")
      ->type_name("FILE")
      ->group(group);
  command.add_option("--key", key_file, "Its private key, PEM")->type_name("FILE")->group(group);
  command.add_option("--timeout", timeout_s, "How long to wait for the answer")
      ->check(CLI::Range(0.001, 3600.0))
      ->type_name("SECONDS")
      ->capture_default_str()
      ->group(group);
  command.add_flag("--json", json, "Print one JSON document instead of text, also for errors");
}

std::string ServerAccess::command_text(std::vector<std::string> command) const {
  if (server.empty() && state != k_usual_state) command.insert(command.end(), {"--state", state});
  for (const auto& [option, given] : {std::pair{"--server", &server},
                                      {"--ca", &ca_file},
                                      {"--cert", &certificate_file},
                                      {"--key", &key_file}}) {
    if (!given->empty()) command.insert(command.end(), {option, *given});
  }
  return services::command_text(command);
}

std::shared_ptr<grpc::Channel> ServerAccess::channel() const {
  services::EnrollmentEndpoint endpoint{address(), ca_file, "", ""};
  std::string wrong;
  if (server.empty() && !(ca_file + certificate_file + key_file).empty()) {
    wrong = "--ca, --cert and --key are for --server";
  } else if (!server.empty() && (certificate_file.empty() || key_file.empty())) {
    wrong = "--server wants an operator's certificate: --cert and --key";
  }
  for (const auto& [path, into] : {std::pair{&certificate_file, &endpoint.client_certificates_pem},
                                   {&key_file, &endpoint.client_key_pem}}) {
    if (path->empty() || !wrong.empty()) continue;
    auto text = read_file(*path);
    if (text) *into = std::move(*text);
    if (!text) wrong = text.error().reason;
  }
  if (wrong.empty()) {
    auto opened = services::open_enrollment_channel(endpoint);
    if (opened) return std::move(*opened);
    wrong = opened.error().reason;
  }
  fail(k_operator_usage, wrong);
  return nullptr;
}

void ServerAccess::prepare(grpc::ClientContext& context) const {
  const auto timeout = std::chrono::duration<double>(timeout_s);
  context.set_deadline(std::chrono::system_clock::now() +
                       std::chrono::duration_cast<std::chrono::system_clock::duration>(timeout));
}

void ServerAccess::print(const OutputJson& document) const {
  out << document.dump(-1, ' ', false, OutputJson::error_handler_t::replace) << '\n';
}

int ServerAccess::fail(const grpc::Status& status, const grpc::ClientContext& context) const {
  std::string reason = services::reason_of(status, address());
  if (server.empty() && status.error_code() == grpc::StatusCode::UNAVAILABLE)
    reason += "; is ringway-enrolld serve running with --state " + state + ", and as you?";
  if (!server.empty() && status.error_code() == grpc::StatusCode::UNAVAILABLE)
    reason += ca_file.empty()
                  ? "; if its certificate comes from a CA of your own: --ca FILE"
                  : "; does its certificate come from --ca " + ca_file + ", and is it for that name?";
  if (const auto wait = services::retry_after(context); wait.count() > 0)
    reason += " (again in " + std::to_string(wait.count() / 1000) + " s)";
  return fail(exit_code_of(status.error_code()), reason);
}

int ServerAccess::fail(OperatorExit code, const std::string& reason) const {
  if (json) {
    static constexpr const char* k_names[] = {"OK",        "UNKNOWN",     "INVALID_ARGUMENT",
                                              "NOT_FOUND", "UNAVAILABLE", "FAILED_PRECONDITION"};
    print({{"error", {{"code", k_names[code]}, {"message", reason}}}});
  } else {
    err << "ringway-enrolld: " << printable(reason) << '\n';
  }
  return code;
}

std::string time_text(std::uint64_t ms) { return ms == 0 ? "never" : config::write_utc(ms); }

std::string printable(const std::string& text) {
  static constexpr char k_digits[] = "0123456789abcdef";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7F) {
      out += c;
    } else {
      out += {'\\', 'x', k_digits[byte >> 4U], k_digits[byte & 15U]};
    }
  }
  return out;
}

}  // namespace ringway::enrolld
