// A name server on UDP that answers as it is told: with anything, or not at all.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <thread>

namespace ringway::net::dns::test {

class OddServer {
 public:
  using Reply = std::function<std::optional<std::string>(const std::string& question)>;
  explicit OddServer(Reply reply = [](const std::string&) { return std::nullopt; });  // silent
  ~OddServer();
  OddServer(const OddServer&) = delete;
  OddServer& operator=(const OddServer&) = delete;

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  int questions() const { return questions_; }

 private:
  void serve();
  Reply reply_;
  int socket_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<int> questions_{0};
  std::atomic<bool> is_ending_{false};
  std::thread thread_;
};

}  // namespace ringway::net::dns::test
