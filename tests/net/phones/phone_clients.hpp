// Phones and browsers that are not ours: sockets of UDP, streams of TCP and TLS, and WebSocket byte by byte
// over one of them, one blocking call at a time (with a time limit). They can do what they should not.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "net/phones/phone_transports.hpp"
#include "tests/net/raw_client.hpp"

namespace ringway::net::phones::test {

class UdpClient {
 public:
  explicit UdpClient(const wire::IpAddressPort& to,
                     const std::string& from = {});  // connected: hears nobody else
  ~UdpClient();
  UdpClient(const UdpClient&) = delete;
  UdpClient& operator=(const UdpClient&) = delete;

  void send(const std::string& text) const;
  std::optional<std::string> receive() const;
  std::uint16_t port() const;

 private:
  int descriptor_ = -1;
};

class StreamClient {
 public:
  virtual ~StreamClient() = default;
  virtual void send(const std::string& text) = 0;
  virtual std::optional<std::string> read(std::size_t size_bytes) = 0;  // exactly so many
  virtual bool ended() = 0;  // true when the other side ends it; what comes before is dropped
};
// TCP, or TLS with the handshake done.
std::unique_ptr<StreamClient> connect_stream(Transport transport, const wire::IpAddressPort& to);

class WebSocketClient {
 public:
  explicit WebSocketClient(std::unique_ptr<StreamClient> stream) : stream_(std::move(stream)) {}

  static std::string request(const std::string& more_fields = "Sec-WebSocket-Protocol: sip\r\n",
                             const std::string& path = "/");
  // Status line and header of the answer, up to the empty line; empty when there is none.
  std::string ask(const std::string& request);
  bool open() { return ask(request()).starts_with("HTTP/1.1 101 "); }

  static constexpr int k_continued = 0, k_text = 1, k_binary = 2, k_close = 8, k_ping = 9, k_pong = 10;
  struct Frame {
    int opcode = 0;
    bool last = true;
    std::string payload;
    int close_code() const {
      return payload.size() < 2
                 ? 0
                 : static_cast<unsigned char>(payload[0]) << 8 | static_cast<unsigned char>(payload[1]);
    }
  };
  // As it goes over the wire.
  static std::string frame(const Frame& frame, bool masked = true);
  void send(const Frame& one) { stream_->send(frame(one)); }
  std::optional<Frame> receive();
  StreamClient& stream() { return *stream_; }

 private:
  std::unique_ptr<StreamClient> stream_;
};
// Open, or the test has failed.
std::unique_ptr<WebSocketClient> connect_websocket(Transport transport, const wire::IpAddressPort& to);

}  // namespace ringway::net::phones::test
