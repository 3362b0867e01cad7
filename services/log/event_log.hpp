// The log of a program: events with named fields, as text for people or as one JSON object on each line. On
// standard error. No secrets: keys, values and their contents never come here.
#pragma once

#include <spdlog/common.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace spdlog {
class logger;
}

namespace ringway::services {

class EventLog {
 public:
  using Fields = nlohmann::ordered_json;
  // One line of it, made by whoever has no log to write to.
  struct Event {
    std::string name;
    Fields fields;
    int level = spdlog::level::info;
  };

  EventLog(const std::string& level, bool json);
  // Which of the process's peers; may be empty: the process itself.
  void debug(std::string_view peer, std::string_view event, const Fields& fields = Fields::object());
  void info(std::string_view peer, std::string_view event, const Fields& fields = Fields::object());
  void warn(std::string_view peer, std::string_view event, const Fields& fields = Fields::object());
  void error(std::string_view peer, std::string_view event, const Fields& fields = Fields::object());
  // Takes over gRPC's own messages (errors only).
  void adopt_grpc();
  // What the peers say through spdlog becomes events, too; the logger's name is the peer's.
  void adopt_spdlog();
  void write(std::string_view peer, const Event& event) {
    write(event.level, peer, event.name, event.fields);
  }
  // `level` is spdlog's.
  void write(int level, std::string_view peer, std::string_view event, const Fields& fields);

 private:
  std::shared_ptr<spdlog::logger> logger_;
  bool json_;
};

}  // namespace ringway::services
