// A counterpart of the proofs: a Python script that prints one JSON object a line, the first with its port,
// and ends when its standard input is closed. Reading has a deadline.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace ringway::enrolld {

class PythonServer {
 public:
  // `script` lies beside this header.
  PythonServer(const std::string& script, const std::vector<std::string>& arguments);
  ~PythonServer();
  PythonServer(const PythonServer&) = delete;
  PythonServer& operator=(const PythonServer&) = delete;

  std::uint16_t port() const { return port_; }
  // The next event of this name; others are skipped. Null, and a failure of the test, after 20 s.
  nlohmann::json next(const std::string& event);
  // All that has been said within the time.
  std::vector<nlohmann::json> all(std::chrono::milliseconds within);

 private:
  // False at the deadline, or when the server has ended.
  bool next_line(std::chrono::steady_clock::time_point deadline, std::string& line);

  pid_t process_ = -1;
  int input_ = -1;   // the server's
  int output_ = -1;  // the server's
  std::string unread_;
  std::uint16_t port_ = 0;
};

}  // namespace ringway::enrolld
