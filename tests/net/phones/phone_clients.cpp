#include "tests/net/phones/phone_clients.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <boost/asio/ip/udp.hpp>
#include <cerrno>
#include <utility>

#include "net/sockets.hpp"

namespace ringway::net::phones::test {

namespace {

constexpr timeval k_time_limit{.tv_sec = 20, .tv_usec = 0};

class TcpClient : public StreamClient {
 public:
  explicit TcpClient(const wire::IpAddressPort& to) : socket_(to) {}
  void send(const std::string& text) override {
    // A connection that the other side has closed may refuse it; the test looks at what comes back.
    for (std::size_t sent = 0; sent < text.size();) {
      const auto size = ::send(socket_.descriptor(), text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
      if (size <= 0) return;
      sent += static_cast<std::size_t>(size);
    }
  }
  std::optional<std::string> read(std::size_t size_bytes) override {
    std::string text(size_bytes, '\0');
    if (::recv(socket_.descriptor(), text.data(), size_bytes, MSG_WAITALL) !=
        static_cast<ssize_t>(size_bytes))
      return std::nullopt;
    return text;
  }
  bool ended() override { return socket_.read_to_end().has_value(); }

 private:
  net::test::RawSocket socket_;
};

class TlsClient : public StreamClient {
 public:
  explicit TlsClient(const wire::IpAddressPort& to) : client_(to, {}) { EXPECT_TRUE(client_.connect()); }
  void send(const std::string& text) override { client_.send(view_of(text)); }
  std::optional<std::string> read(std::size_t size_bytes) override {
    const auto bytes = client_.read(size_bytes);
    if (!bytes) return std::nullopt;
    return std::string(text_of(*bytes));
  }
  bool ended() override { return client_.ended(); }

 private:
  net::test::RawTlsClient client_;
};

}  // namespace

// ---- UDP

UdpClient::UdpClient(const wire::IpAddressPort& to, const std::string& from) {
  using Endpoint = boost::asio::ip::udp::endpoint;
  const auto tcp = to_endpoint(to);
  const Endpoint there(tcp.address(), tcp.port());
  descriptor_ = ::socket(there.protocol().family(), SOCK_DGRAM, 0);
  if (!from.empty()) {
    const Endpoint here(boost::asio::ip::make_address(from), 0);
    EXPECT_EQ(::bind(descriptor_, here.data(), static_cast<socklen_t>(here.size())), 0);
  }
  EXPECT_EQ(::connect(descriptor_, there.data(), static_cast<socklen_t>(there.size())), 0);
  ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &k_time_limit, sizeof k_time_limit);
}

UdpClient::~UdpClient() { ::close(descriptor_); }

void UdpClient::send(const std::string& text) const {
  EXPECT_EQ(::send(descriptor_, text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
}

std::optional<std::string> UdpClient::receive() const {
  std::string text(k_max_message_bytes, '\0');
  const auto size = ::recv(descriptor_, text.data(), text.size(), 0);
  if (size < 0) return std::nullopt;
  text.resize(static_cast<std::size_t>(size));
  return text;
}

std::uint16_t UdpClient::port() const {
  boost::asio::ip::udp::endpoint here;
  auto size = static_cast<socklen_t>(here.capacity());
  EXPECT_EQ(::getsockname(descriptor_, here.data(), &size), 0);
  here.resize(size);
  return here.port();
}

// ---- streams

std::unique_ptr<StreamClient> connect_stream(Transport transport, const wire::IpAddressPort& to) {
  if (transport == Transport::tls || transport == Transport::wss) return std::make_unique<TlsClient>(to);
  return std::make_unique<TcpClient>(to);
}

// ---- WebSocket (RFC 6455)

std::string WebSocketClient::request(const std::string& more_fields, const std::string& path) {
  return "GET " + path +
         " HTTP/1.1\r\nHost: phones.example.org\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
         "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
         more_fields + "\r\n";
}

std::string WebSocketClient::ask(const std::string& request) {
  stream_->send(request);
  std::string head;
  while (!head.ends_with("\r\n\r\n")) {
    const auto next = stream_->read(1);
    if (!next) return {};
    head += *next;
  }
  return head;
}

std::string WebSocketClient::frame(const Frame& frame, bool masked) {
  constexpr std::array<char, 4> k_mask{0x37, 0x21, 0x5a, 0x3d};
  const std::size_t size = frame.payload.size();
  std::string out;
  out += static_cast<char>((frame.last ? 0x80 : 0) | frame.opcode);
  const int mask_bit = masked ? 0x80 : 0;
  if (size < 126) {
    out += static_cast<char>(mask_bit | static_cast<int>(size));
  } else if (size <= 0xffff) {
    out += static_cast<char>(mask_bit | 126);
    for (const int shift : {8, 0}) out += static_cast<char>(size >> shift);
  } else {
    out += static_cast<char>(mask_bit | 127);
    for (int shift = 56; shift >= 0; shift -= 8) out += static_cast<char>(size >> shift);
  }
  if (!masked) return out + frame.payload;
  out.append(k_mask.begin(), k_mask.end());
  for (std::size_t i = 0; i < size; ++i) out += static_cast<char>(frame.payload[i] ^ k_mask[i % 4]);
  return out;
}

std::optional<WebSocketClient::Frame> WebSocketClient::receive() {
  const auto number = [](const std::string& bytes) {
    std::size_t value = 0;
    for (const char byte : bytes) value = value << 8 | static_cast<unsigned char>(byte);
    return value;
  };
  const auto head = stream_->read(2);
  if (!head) return std::nullopt;
  Frame frame{.opcode = (*head)[0] & 0x0f, .last = ((*head)[0] & 0x80) != 0, .payload = {}};
  EXPECT_EQ((*head)[1] & 0x80, 0) << "a server does not mask";
  std::size_t size = static_cast<unsigned char>((*head)[1]) & 0x7f;
  if (size >= 126) {
    const auto more = stream_->read(size == 126 ? 2 : 8);
    if (!more) return std::nullopt;
    size = number(*more);
  }
  if (size == 0) return frame;
  auto payload = stream_->read(size);
  if (!payload) return std::nullopt;
  frame.payload = *std::move(payload);
  return frame;
}

std::unique_ptr<WebSocketClient> connect_websocket(Transport transport, const wire::IpAddressPort& to) {
  auto client = std::make_unique<WebSocketClient>(connect_stream(transport, to));
  EXPECT_TRUE(client->open());
  return client;
}

}  // namespace ringway::net::phones::test
