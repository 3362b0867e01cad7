#include "tests/services/enroll_client/name_server.hpp"

#include <array>
#include <utility>

namespace ringway::services {

namespace {

namespace asio = boost::asio;
constexpr std::size_t k_header_size_bytes = 12;

std::string u16(unsigned value) { return {static_cast<char>(value >> 8), static_cast<char>(value & 255)}; }

std::string labels(const std::string& name) {
  std::string out;
  for (std::size_t at = 0; at < name.size();) {
    const std::size_t end = std::min(name.find('.', at), name.size());
    out += static_cast<char>(end - at) + name.substr(at, end - at);
    at = end + 1;
  }
  return out + '\0';
}

std::string name_in(const std::string& question) {
  std::string name;
  for (std::size_t at = k_header_size_bytes; at < question.size() && question[at] != 0;) {
    const auto size = static_cast<std::size_t>(static_cast<unsigned char>(question[at]));
    name += (name.empty() ? "" : ".") + question.substr(at + 1, size);
    at += size + 1;
  }
  return name;
}

}  // namespace

NameServer::NameServer(std::vector<Record> records, Answer answer)
    : records_(std::move(records)), answer_(answer) {
  socket_.open(asio::ip::udp::v4());
  socket_.bind({asio::ip::address_v4::loopback(), 0});
  thread_ = std::thread([this] { serve(); });
}

NameServer::~NameServer() { end(); }

std::string NameServer::address() const {
  return "127.0.0.1:" + std::to_string(socket_.local_endpoint().port());
}

std::string NameServer::asked() {
  end();
  return asked_;
}

// An empty datagram ends it.
void NameServer::end() {
  if (!thread_.joinable()) return;
  asio::ip::udp::socket to(context_, asio::ip::udp::v4());
  to.send_to(asio::buffer("", 0), socket_.local_endpoint());
  thread_.join();
}

void NameServer::serve() {
  while (true) {
    std::array<char, 1500> bytes{};
    asio::ip::udp::endpoint from;
    const std::size_t size = socket_.receive_from(asio::buffer(bytes), from);
    if (size == 0) return;
    const std::string question(bytes.data(), size);
    asked_ = name_in(question);
    if (answer_ != Answer::silence) socket_.send_to(asio::buffer(answer_to(question)), from);
  }
}

// RFC 1035 §4.1: the question comes back, the answers after it.
std::string NameServer::answer_to(const std::string& question) {
  const unsigned code = answer_ == Answer::no_such_name ? 3 : answer_ == Answer::failure ? 2 : 0;
  const std::size_t question_end = question.find('\0', k_header_size_bytes) + 5;
  std::string message = question.substr(0, 2) + u16(0x8180 | code) + u16(1) +
                        u16(static_cast<unsigned>(records_.size())) + u16(0) + u16(0);
  message += question.substr(k_header_size_bytes, question_end - k_header_size_bytes);
  for (const Record& one : records_) {
    const std::string data = u16(one.priority) + u16(one.weight) + u16(one.port) + labels(one.host);
    message +=
        u16(0xc00c) + u16(33) + u16(1) + u16(0) + u16(60) + u16(static_cast<unsigned>(data.size())) + data;
  }
  return message;
}

}  // namespace ringway::services
