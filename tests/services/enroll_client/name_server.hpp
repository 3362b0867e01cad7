// A DNS server on a port of its own that answers every question with the SRV records it was given.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

namespace ringway::services {

class NameServer {
 public:
  struct Record {
    unsigned priority = 0;
    unsigned weight = 0;
    std::uint16_t port = 0;
    std::string host;  // empty: the root, "there is no such service"
  };
  enum class Answer { records, no_such_name, failure, silence };
  explicit NameServer(std::vector<Record> records, Answer answer = Answer::records);
  ~NameServer();
  NameServer(const NameServer&) = delete;
  NameServer& operator=(const NameServer&) = delete;

  std::string address() const;  // "127.0.0.1:port"
  std::string asked();          // the name in the last question, after the server has ended
  void end();

 private:
  void serve();
  std::string answer_to(const std::string& question);
  std::vector<Record> records_;
  Answer answer_;
  std::string asked_;
  boost::asio::io_context context_;
  boost::asio::ip::udp::socket socket_{context_};
  std::thread thread_;
};

}  // namespace ringway::services
