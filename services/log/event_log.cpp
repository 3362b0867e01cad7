#include "services/log/event_log.hpp"

#include <grpc/support/log.h>
#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <ctime>
#include <iomanip>
#include <mutex>
#include <sstream>

namespace ringway::services {
namespace {

std::string now_text() {
  const auto now = std::chrono::system_clock::now();
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count();
  const auto seconds = static_cast<std::time_t>(ms / 1000);
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  std::ostringstream out;
  out << std::put_time(&utc, "%Y-%m-%dT%H:%M:%S") << '.' << std::setw(3) << std::setfill('0') << ms % 1000
      << 'Z';
  return out.str();
}

std::string dumped(const EventLog::Fields& value) {
  return value.dump(-1, ' ', false, EventLog::Fields::error_handler_t::replace);
}

// gRPC's logging is a function without an argument of ours; it lives as long as the process.
EventLog* g_log_of_grpc = nullptr;

void log_of_grpc(gpr_log_func_args* message) {
  if (message->severity == GPR_LOG_SEVERITY_ERROR && g_log_of_grpc != nullptr) {
    g_log_of_grpc->warn("", "gRPC", {{"message", message->message}});
  }
}

class EventSink : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit EventSink(EventLog& log) : log_(log) {}

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    const std::string_view peer(message.logger_name.data(), message.logger_name.size());
    log_.write(message.level, peer, {message.payload.data(), message.payload.size()},
               EventLog::Fields::object());
  }
  void flush_() override {}

 private:
  EventLog& log_;
};

}  // namespace

EventLog::EventLog(const std::string& level, bool json)
    : logger_(std::make_shared<spdlog::logger>("ringway", std::make_shared<spdlog::sinks::stderr_sink_mt>())),
      json_(json) {
  logger_->set_level(spdlog::level::from_str(level));
  logger_->set_formatter(std::make_unique<spdlog::pattern_formatter>("%v", spdlog::pattern_time_type::utc));
  logger_->flush_on(spdlog::level::trace);
}

void EventLog::debug(std::string_view peer, std::string_view event, const Fields& fields) {
  write(spdlog::level::debug, peer, event, fields);
}
void EventLog::info(std::string_view peer, std::string_view event, const Fields& fields) {
  write(spdlog::level::info, peer, event, fields);
}
void EventLog::warn(std::string_view peer, std::string_view event, const Fields& fields) {
  write(spdlog::level::warn, peer, event, fields);
}
void EventLog::error(std::string_view peer, std::string_view event, const Fields& fields) {
  write(spdlog::level::err, peer, event, fields);
}

void EventLog::adopt_grpc() {
  g_log_of_grpc = this;
  gpr_set_log_function(log_of_grpc);
}

void EventLog::adopt_spdlog() {
  auto logger = std::make_shared<spdlog::logger>("", std::make_shared<EventSink>(*this));
  logger->set_level(logger_->level());
  spdlog::set_default_logger(std::move(logger));
}

void EventLog::write(int level, std::string_view peer, std::string_view event, const Fields& fields) {
  const auto at = static_cast<spdlog::level::level_enum>(level);
  if (!logger_->should_log(at)) return;
  const auto level_name = spdlog::level::to_string_view(at);
  const std::string name(level_name.data(), level_name.size());
  if (json_) {
    Fields line{{"time", now_text()}, {"level", name}};
    if (!peer.empty()) line["peer"] = peer;
    line["event"] = event;
    for (const auto& [key, value] : fields.items()) line[key] = value;
    logger_->log(at, spdlog::string_view_t(dumped(line)));
    return;
  }
  std::string line =
      now_text() + " " + name + (peer.empty() ? "" : " " + std::string(peer)) + ": " + std::string(event);
  for (const auto& [key, value] : fields.items()) line += " " + key + "=" + dumped(value);
  logger_->log(at, spdlog::string_view_t(line));
}

}  // namespace ringway::services
