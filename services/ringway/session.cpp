#include "services/ringway/session.hpp"

#include <openssl/evp.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <iomanip>
#include <sstream>

namespace ringway::services {
namespace {

const char* code_name(grpc::StatusCode code) {
  static constexpr std::array k_names{
      "OK",        "CANCELLED",      "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
      "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
      "ABORTED",   "OUT_OF_RANGE",   "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
      "DATA_LOSS", "UNAUTHENTICATED"};
  const auto index = static_cast<std::size_t>(code);
  return index < k_names.size() ? k_names[index] : "UNKNOWN";
}

std::string base64(const std::string& bytes) {
  std::string out(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  const int written =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                      reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  out.resize(static_cast<std::size_t>(written));
  return out;
}

}  // namespace

std::shared_ptr<grpc::Channel> Session::channel() const {
  auto opened = open_channel(client);
  if (opened) return *opened;
  fail(k_exit_usage, opened.error().reason);
  return nullptr;
}

std::unique_ptr<grpc::ClientContext> Session::context() const {
  auto context = std::make_unique<grpc::ClientContext>();
  const auto timeout = std::chrono::duration<double>(timeout_s);
  context->set_deadline(std::chrono::system_clock::now() +
                        std::chrono::duration_cast<std::chrono::system_clock::duration>(timeout));
  return context;
}

int Session::fail(const grpc::Status& status, const grpc::ClientContext& context) const {
  std::string message = status.error_message();
  if (status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED && message == "Deadline Exceeded") {
    message = "no answer from " + client.api + " in time (see --timeout)";
  }
  const ExitCode code = exit_code_of(status.error_code());
  if (!json) {
    err << "ringway: " << printable(message) << '\n';
    return code;
  }
  Json error{{"code", code_name(status.error_code())}, {"message", message}};
  const auto& trailing = context.GetServerTrailingMetadata();
  if (const auto found = trailing.find("ringway-generation"); found != trailing.end()) {
    error["generation"] = std::stoull(std::string(found->second.data(), found->second.size()));
  }
  print({{"error", std::move(error)}});
  return code;
}

int Session::fail(ExitCode code, const std::string& message) const {
  if (json) {
    const char* name = code == k_exit_usage         ? "INVALID_ARGUMENT"
                       : code == k_exit_not_found   ? "NOT_FOUND"
                       : code == k_exit_unreachable ? "UNAVAILABLE"
                       : code == k_exit_refused     ? "FAILED_PRECONDITION"
                       : code == k_exit_stopped     ? "CANCELLED"
                                                    : "UNKNOWN";
    print({{"error", {{"code", name}, {"message", message}}}});
  } else {
    err << "ringway: " << printable(message) << '\n';
  }
  return code;
}

int Session::fail_reading(const std::string& what) const {
  const int reason = errno;
  return fail(k_exit_failed,
              "cannot read " + what + (reason == 0 ? "" : ": " + std::string(std::strerror(reason))));
}

ExitCode exit_code_of(grpc::StatusCode code) {
  switch (code) {
    case grpc::StatusCode::OK:
      return k_exit_ok;
    case grpc::StatusCode::INVALID_ARGUMENT:
      return k_exit_usage;
    case grpc::StatusCode::NOT_FOUND:
      return k_exit_not_found;
    case grpc::StatusCode::UNAVAILABLE:
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      return k_exit_unreachable;
    case grpc::StatusCode::PERMISSION_DENIED:
    case grpc::StatusCode::UNAUTHENTICATED:
    case grpc::StatusCode::ABORTED:
    case grpc::StatusCode::RESOURCE_EXHAUSTED:
    case grpc::StatusCode::FAILED_PRECONDITION:
      return k_exit_refused;
    default:
      return k_exit_failed;
  }
}

bool is_utf8(const std::string& bytes) { return text_or_hex(view_of(bytes)).is_string(); }

void add_value(Json& to, const std::string& bytes) {
  if (is_utf8(bytes)) {
    to["value"] = bytes;
  } else {
    to["value_base64"] = base64(bytes);
  }
}

std::string duration_text(std::uint64_t seconds) {
  const auto two = [](std::uint64_t large, const char* first, std::uint64_t small, const char* second) {
    std::string text = std::to_string(large) + first;
    return small == 0 ? text : text + " " + std::to_string(small) + second;
  };
  if (seconds < 60) return std::to_string(seconds) + "s";
  if (seconds < 3600) return two(seconds / 60, "m", seconds % 60, "s");
  if (seconds < 86400) return two(seconds / 3600, "h", seconds % 3600 / 60, "m");
  return two(seconds / 86400, "d", seconds % 86400 / 3600, "h");
}

std::string time_text(std::uint64_t ms) {
  const auto seconds = static_cast<std::time_t>(ms / 1000);
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  std::ostringstream text;
  text << std::put_time(&utc, "%Y-%m-%dT%H:%M:%SZ");
  return text.str();
}

std::string printable(const std::string& bytes) {
  const bool text = is_utf8(bytes);
  std::ostringstream out;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F || (byte >= 0x80 && !text)) {
      out << "\\x" << std::hex << std::setw(2) << std::setfill('0') << static_cast<unsigned>(byte);
    } else {
      out << c;
    }
  }
  return out.str();
}

}  // namespace ringway::services
